"""How time and memory grow with pairs, countries and heads: the exponent e of n**e, fitted on log-log axes.

It is fitted over all sizes, and for time again over the upper half of them, where what every run costs anyhow hides
less, and where tables that no longer fit the processor's cache show.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from scpo.bench import Row, memory, row, seconds
from scpo.bench.inputs import scored_table
from scpo.bench.library import RandomPairs, metrics_of
from scpo.data.pairing import scored_pairs

PAIRS = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
COUNTRIES = (7, 14, 28, 56, 130)
HEADS = (10, 30, 100, 300, 1_000, 3_000, 10_000)
LINEAR = 1.1  # an exponent up to this is linear, within what timings and allocators tell
SMALL = 1 << 23  # bytes; less cannot be told from what the allocator keeps at hand


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The slope of log cost over log size, by least squares."""
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


def curve(words: str, sizes: Sequence[int], work_of: Callable[[int], Callable[[], object]]) -> Iterator[Row]:
    """Rows of one curve: the exponents of time and of memory; their names have both at the largest size."""
    spent, taken = [], []
    for size in sizes:
        work = work_of(size)
        taken.append(max(memory(work), SMALL))
        spent.append(seconds(work, repeat=3 if size <= sizes[-2] else 1))
    ends, half = f"{words}, {sizes[0]:,} to {sizes[-1]:,}", len(sizes) // 2
    yield row(
        f"{ends}: exponent of time (upper half {exponent(sizes[half:], spent[half:]):.2f}, to {spent[-1]:.2g} s)",
        exponent(sizes, spent),
        "",
        LINEAR,
        at_most=True,
    )
    told = [(n, taken_) for n, taken_ in zip(sizes, taken, strict=True) if taken_ > SMALL]
    yield row(
        f"{ends}: exponent of memory (to {taken[-1] / 1e6:.0f} MB)",
        exponent(*zip(*told, strict=True)) if len(told) > 1 else 0.0,
        "",
        LINEAR,
        at_most=True,
    )


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
    from scpo.bench.whole_runs import run_of_table

    table = scored_table(8_000, 52_000, people=10 * countries, countries=countries)
    return run_of_table(space / f"{countries}-countries", table, seeds=1, steps=50, budgets=())
