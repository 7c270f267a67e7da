"""How time and memory grow with pairs, countries and heads: the exponent e of n**e, fitted on log-log axes.

It is fitted over the upper half of the sizes, where what every run costs anyhow no longer hides the growth.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from scpo.bench import Row, memory, row, seconds
from scpo.bench.made import scored_table
from scpo.bench.parts import RandomPairs, metrics_of
from scpo.data.build import scored_pairs

PAIRS = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
COUNTRIES = (7, 14, 28, 56, 130)
HEADS = (10, 30, 100, 300, 1_000, 3_000, 10_000)
LINEAR = 1.1  # an exponent up to this is linear, within what timings and allocators tell
SMALL = 1 << 23  # bytes; less cannot be told from what the allocator keeps at hand


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The slope of log cost over log size, least squares, over the upper half of the sizes."""
    n, c = np.array(sizes, float), np.array(costs, float)
    half = n >= np.sqrt(n.min() * n.max())
    return float(np.polyfit(np.log(n[half]), np.log(c[half]), 1)[0])


def curve(words: str, sizes: Sequence[int], work_of: Callable[[int], Callable[[], object]]) -> Iterator[Row]:
    """Rows of one curve: the exponents of time and of memory, and both at the largest size in their names."""
    spent, taken = [], []
    for size in sizes:
        work = work_of(size)
        taken.append(max(memory(work), SMALL))
        spent.append(seconds(work, repeat=3 if size <= sizes[-2] else 1))
    ends = f"{words}, {sizes[0]:,} to {sizes[-1]:,}"
    yield row(f"{ends}: exponent of time ({spent[-1]:.2g} s at the end)", exponent(sizes, spent), "", LINEAR, True)
    told = exponent(sizes, taken) if taken[-1] > SMALL else 0.0
    yield row(f"{ends}: exponent of memory ({taken[-1] / 1e6:.0f} MB at the end)", told, "", LINEAR, True)


def bench_scaling() -> Iterator[Row]:
    """All curves."""
    yield from curve("pairs built", PAIRS, lambda n: _building(scored_table(n // 12, n // 2)))
    yield from curve("pairs filtered, weighed, measured", PAIRS, metrics_of)
    yield from curve("heads trained, 100 steps", HEADS, lambda n: _training(RandomPairs(n)))
    with tempfile.TemporaryDirectory() as folder:
        yield from curve("countries of one run, 100,000 pairs", COUNTRIES, lambda n: _whole(Path(folder), n))


def _building(table):
    return lambda: scored_pairs(table)


def _training(pairs: RandomPairs):
    return lambda: pairs.together(100)


def _whole(space: Path, countries: int):
    """A run from its file to its measures on 100,000 pairs of so many countries; its vectors are drawn at random."""
    from scpo.bench.large import run_of_table

    table = scored_table(8_000, 52_000, people=10 * countries, countries=countries)
    return run_of_table(space / f"{countries}-countries", table, seeds=1, steps=50, budgets=())
