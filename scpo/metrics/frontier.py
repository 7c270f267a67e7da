"""Accuracy against consensus kept, of every trained method at every step from the global model to its own and beyond.

    m_s = m_global + s (m_own - m_global)        s = 0: the global model, s = 1: the model that the method chose

Margins of test pairs are linear in s for every kind of model, since it is rewards that are mixed; of linear heads it is
their weights too, so that each step is one head again. Nothing is trained, and no text is scored again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from scpo.metrics.accuracy import CONSENSUS, FULL, MEAN, ResampledOutcomes, nan_mean
from scpo.metrics.outcomes import SUBSETS, Outcomes, count_outcomes, ratio, subset_masks
from scpo.metrics.rewards import STEPS, steered
from scpo.table_rows import rows_of

CHOSEN = 1.0
TIE = 1e-9  # shares closer than this are equal
Point = tuple[str, float]  # a method, and its step


@dataclass(frozen=True)
class HeldOutMargins:
    """Margins on one country's n test pairs: base (n,) of the global model, own (K, n) of its models with all pairs.

    method (K,) names the method of each model; several seeds of one method follow each other. unit (n,): who judged.
    folds: of how many they are, 0 = none. ruler (n,): above 0 for the pairs of the consensus, None = the global model's
    """

    country: str
    unit: np.ndarray
    base: np.ndarray
    own: np.ndarray
    method: np.ndarray
    folds: int = 0
    ruler: np.ndarray | None = None

    @property
    def known(self) -> np.ndarray:
        """What the ruler says of each pair, (n,): above 0 where it is right."""
        return self.base if self.ruler is None else self.ruler

    def at(self, method: str, step: float) -> np.ndarray:
        """Margins of a method's models at a step, (seeds, n)."""
        return steered(self.base, self.own[self.method == method], step)


def frontier_table(parts: Sequence[HeldOutMargins], steps: Sequence[float] = STEPS) -> pd.DataFrame:
    """Accuracy, consensus kept and own taste learned at each step, per country and for the mean over countries.

    Columns country, method, step, accuracy, consensus, distinct (shares, means over seeds; NaN of no pair), n.
    """
    methods = list(dict.fromkeys(m for part in parts for m in part.method))
    values = np.stack([[_accuracies(part, method, steps) for method in methods] for part in parts])  # (C, M, steps, S)
    values = np.concatenate([nan_mean(list(values))[None], values])
    names, sizes = [MEAN, *(part.country for part in parts)], [len(part.base) for part in parts]
    keys = pd.MultiIndex.from_product([names, methods, steps], names=["country", "method", "step"])
    table = pd.DataFrame(values.reshape(-1, len(SUBSETS)), keys, columns=["accuracy", "distinct", "consensus"])
    n = np.repeat([sum(sizes), *sizes], len(methods) * len(steps))
    return table.reset_index().assign(n=n)[["country", "method", "step", "accuracy", "consensus", "distinct", "n"]]


def _accuracies(part: HeldOutMargins, method: str, steps: Sequence[float]) -> np.ndarray:
    """On each of SUBSETS at each step, mean over seeds: (steps, S)."""
    subsets = subset_masks(part.known).astype(np.float32)
    right = np.stack([(part.at(method, step) > 0).mean(0) for step in steps]).astype(np.float32)  # (steps, n)
    return ratio(right @ subsets.T, subsets.sum(1))


def on_edge(accuracy: np.ndarray, consensus: np.ndarray) -> np.ndarray:
    """Which points (n,) no other beats by more accuracy or more consensus kept, at no less of the other."""
    more = accuracy[:, None] > accuracy + TIE, consensus[:, None] > consensus + TIE
    beaten = (more[0] & ~more[1].T) | (more[1] & ~more[0].T)
    return beaten.sum(0) == 0


def edge_table(parts: Sequence[HeldOutMargins], frontier: pd.DataFrame, shared_units: bool) -> pd.DataFrame:
    """Where the model that each method chose stands: on the edge, or behind a point of some method; the mean.

    frontier    as of `frontier_table`; the global model itself, step 0, beats nobody here
    Columns method, by, step: the point that is ahead in both by the most (in the smaller of the two), "" on the edge;
    accuracy, consensus: by how much, with low and high of each; NaN on the edge. Intervals are paired; the point was
    picked on these very pairs, so that they flatter it.
    """
    mean = frontier[(frontier["country"] == MEAN) & (frontier["step"] > 0)].reset_index(drop=True)
    ahead = {str(row.method): _ahead(mean, row) for row in rows_of(mean[mean["step"] == CHOSEN])}
    needed = dict.fromkeys([*((method, CHOSEN) for method in ahead), *filter(None, ahead.values())])
    resampled = ResampledOutcomes([_outcomes_at(part, needed) for part in parts], shared_units)
    rows = [
        (method, *_lead(resampled, point, (method, CHOSEN))) if point else (method, "", *[np.nan] * 7)
        for method, point in ahead.items()
    ]
    numbers = [f"{what}{end}" for what in ("accuracy", "consensus") for end in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=["method", "by", "step", *numbers])


def _ahead(points: pd.DataFrame, of) -> Point | None:
    """The point that is ahead of one in accuracy and consensus kept, by the most in the smaller of the two."""
    by = np.minimum(points["accuracy"] - of.accuracy, points["consensus"] - of.consensus).to_numpy(float)
    best = int(np.nanargmax(by)) if np.isfinite(by).any() else 0
    if not by[best] > TIE:
        return None
    return str(points["method"].iloc[best]), float(points["step"].iloc[best])


def _outcomes_at(part: HeldOutMargins, points: Iterable[Point]) -> Outcomes:
    """Outcomes of points, each under a name of its own."""
    margins = {point: part.at(*point) for point in points}
    heads = [{"method": str(point), "seed": seed} for point, m in margins.items() for seed in range(len(m))]
    table = pd.DataFrame(heads).assign(level=0, pairs=0, trained=0)
    counted = count_outcomes(part.country, table, np.concatenate(list(margins.values())), part.known, part.unit)
    return replace(counted, folds=part.folds)


def _lead(resampled: ResampledOutcomes, point: Point, behind: Point) -> tuple:
    """by, step, and by how much a point is ahead of another in accuracy and in consensus kept, with intervals."""
    ours, theirs = (resampled.result(MEAN, str(which)) for which in (point, behind))
    numbers: list[float] = []
    for subset in (FULL, CONSENSUS):
        ends = resampled.interval(MEAN, subset, ours.draws[subset] - theirs.draws[subset])
        numbers += [float(ours.value[subset] - theirs.value[subset]), *ends]
    return (*point, *numbers)
