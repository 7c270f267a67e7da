"""Best of n: how often held-out people agree with what a model picks out of n answers to one prompt.

Of n answers drawn from those to a prompt the model picks the one that it rewards most. Agreement is how often the
group's held-out people prefer the pick to another of the n: 50 % by chance whatever n is, and for n = 2 the accuracy.

Nobody judged every n answers, and nobody has to: a held-out pair whose better-rewarded answer has rank r of the N to
its prompt stands for the draws in which that answer is picked and the other one is there too. These are

    C(N - r, n - 1) / (N - r)    of    C(N, n)

so that each pair counts by that share, times C(N, 2), which is 1 for every pair if n = 2. Agreement is the share of the
weight that pairs have on which people chose the better-rewarded answer (as in importance sampling; it takes the judged
pairs to be like the others to the same prompt). Answers with one reward share the better rank; a tie is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import gammaln

from scpo.metrics.accuracy import FULL, MEAN, nan_mean
from scpo.metrics.intervals import fewest_units, interval
from scpo.metrics.outcomes import effective_units, fold_variance, ratio

SIZES = (2, 3, 4, 6, 8, 12, 16)
GLOBAL = "global"
COLUMNS = "country method n agreement low high gain gain_low gain_high pairs units prompts".split()


@dataclass(frozen=True)
class Candidates:
    """The answers that a country's models pick from, and what its held-out people said of pairs of them.

    prompt            (P,) int of each answer; rewards (K, P) of each model; method (K,), `global` among them
    chosen, rejected  (n,) places among the answers; unit (n,) place of who judged among the units that `drawn` has
    drawn             (R, U) how often each resample draws each unit
    folds             how many folds they are pooled of, 0 = none
    """

    country: str
    prompt: np.ndarray
    rewards: np.ndarray
    method: np.ndarray
    chosen: np.ndarray
    rejected: np.ndarray
    unit: np.ndarray
    drawn: np.ndarray
    folds: int = 0


def pool_candidates(parts: Sequence[Candidates]) -> Candidates:
    """Those of one country from several folds: a model picks among the answers that its own fold tests."""
    first = parts[0]
    if len(parts) == 1:
        return first
    prompts = np.cumsum([0, *(part.prompt.max(initial=-1) + 1 for part in parts[:-1])])
    answers = np.cumsum([0, *(len(part.prompt) for part in parts[:-1])])
    return Candidates(
        first.country,
        np.concatenate([part.prompt + at for part, at in zip(parts, prompts, strict=True)]),
        np.concatenate([part.rewards for part in parts], axis=1),
        first.method,
        np.concatenate([part.chosen + at for part, at in zip(parts, answers, strict=True)]),
        np.concatenate([part.rejected + at for part, at in zip(parts, answers, strict=True)]),
        np.concatenate([part.unit for part in parts]),
        first.drawn,
        len(parts),
    )


def best_of_n_table(parts: Sequence[Candidates], shared_units: bool, sizes: Sequence[int] = SIZES) -> pd.DataFrame:
    """Agreement and its gain over the global model for each n, per country and for the mean over countries.

    Columns COLUMNS; pairs, units, prompts: what stands behind a number, of prompts with at least n answers. An n that
    no prompt has answers for has no row. Means over seeds; intervals resample units, paired for the gain.
    """
    measured = [_Measured(part, [n for n in sizes if n <= _most(part)]) for part in parts]
    rows: list[dict] = []
    for n in sizes:
        here = [each for each in measured if n in each.sizes]
        if not here:
            continue
        for method in dict.fromkeys(str(m) for m in here[0].part.method):
            pick = [each.result(method, n) for each in here]
            base = [each.result(GLOBAL, n) for each in here]
            mean = _Result.mean(pick, shared_units)
            rows.append(_row(MEAN, method, n, mean, _Result.mean(base, shared_units)))
            rows += [_row(e.part.country, method, n, p, b) for e, p, b in zip(here, pick, base, strict=True)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _most(part: Candidates) -> int:
    """The most answers that a prompt with a judged pair has."""
    return int(np.bincount(part.prompt)[part.prompt[part.chosen]].max(initial=0))


def weights(rank: np.ndarray, size: np.ndarray, n: int) -> np.ndarray:
    """How much a pair counts by the rank of its better-rewarded answer among `size` answers, (...): see above.

    0 where there are fewer than n answers, or the answer is too far down to be the best of n.
    """
    can = (size >= n) & (size - rank >= n - 1)
    below, size = np.where(can, size - rank, n).astype(float), np.where(can, size, n).astype(float)
    log = _choose(below, n - 1) + _choose(size, 2) - _choose(size, n) - np.log(below)
    return np.where(can, np.exp(log), 0.0)


def _choose(of: np.ndarray, n: int) -> np.ndarray:
    """The logarithm of the binomial coefficient."""
    return gammaln(of + 1) - gammaln(n + 1) - gammaln(of - n + 1)


def ranks_within(prompt: np.ndarray, reward: np.ndarray) -> np.ndarray:
    """Ranks from 1 among the answers to each prompt, the highest reward first; equal rewards share the better: (P,)."""
    order = np.lexsort((-reward, prompt))
    p, r = prompt[order], reward[order]
    first_of_prompt = np.r_[True, p[1:] != p[:-1]]
    fresh = first_of_prompt | np.r_[True, r[1:] != r[:-1]]
    place = np.arange(len(p))
    start = np.maximum.accumulate(np.where(first_of_prompt, place, 0))
    alike = np.maximum.accumulate(np.where(fresh, place, 0))
    rank = np.empty(len(p), np.int64)
    rank[order] = 1 + alike - start
    return rank


@dataclass(frozen=True)
class _Result:
    """value, draws (R,) of an agreement, and what stands behind it."""

    value: float
    draws: np.ndarray
    pairs: int
    units: int
    prompts: int
    effective: float
    fewest: int

    @classmethod
    def mean(cls, parts: Sequence[_Result], shared_units: bool) -> _Result:
        """The mean over countries. Of questions that countries share at least as many differ as any one country has."""
        value, draws = nan_mean([np.array(p.value) for p in parts]), nan_mean([p.draws for p in parts])
        together = max if shared_units else sum
        return cls(
            float(value),
            draws,
            sum(p.pairs for p in parts),
            together(p.units for p in parts),
            max(p.prompts for p in parts),
            together(p.effective for p in parts),
            parts[0].fewest,
        )


class _Measured:
    """Weights of a country's pairs for each model and n, summed per unit."""

    def __init__(self, part: Candidates, sizes: Sequence[int]):
        self.part, self.sizes = part, list(sizes)
        self._answers = np.bincount(part.prompt)[part.prompt]
        self._ranks = np.stack([ranks_within(part.prompt, reward) for reward in part.rewards])

    def result(self, method: str, n: int) -> _Result:
        part, at = self.part, np.flatnonzero(self.part.method == method)
        size = self._answers[part.chosen]
        upper = np.minimum(self._ranks[at][:, part.chosen], self._ranks[at][:, part.rejected])  # (seeds, pairs)
        right = part.rewards[at][:, part.chosen] > part.rewards[at][:, part.rejected]
        weight, units = weights(upper, size[None], n), part.drawn.shape[1]
        all_, won = (np.stack([np.bincount(part.unit, w, units) for w in each]) for each in (weight, weight * right))
        draws = ratio(won @ part.drawn.T.astype(float), all_ @ part.drawn.T.astype(float)).mean(0)
        there = size >= n
        return _Result(
            float(ratio(won.sum(1), all_.sum(1)).mean()),
            draws,
            int(there.sum()),
            len(np.unique(part.unit[there])),
            len(np.unique(part.prompt[part.chosen][there])),
            float(effective_units(all_).mean() / np.sqrt(fold_variance(part.folds))),
            int(fewest_units(part.folds)[FULL]),
        )


def _row(country: str, method: str, n: int, result: _Result, base: _Result) -> dict:
    both = np.stack([result.draws, result.draws - base.draws])
    (low, gain_low), (high, gain_high) = interval(both, result.units, result.effective, fewest=result.fewest)
    numbers = (result.value, low, high, result.value - base.value, gain_low, gain_high)
    values = (country, method, n, *(float(v) for v in numbers), result.pairs, result.units, result.prompts)
    return dict(zip(COLUMNS, values, strict=True))
