"""Effects of many columns, one at a time beside controls, with errors of whole groups, corrected for false discovery.

Standard errors come from the sums of whole people (or questions), or of whole prompts where those give larger ones,
held against a t distribution of as few as have the column (Cameron and Miller 2015, J. Hum. Resour. 50, 317-372). The
correction is that of Benjamini and Hochberg 1995, J. R. Stat. Soc. B 57, 289-300.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.special import expit, stdtr

from scpo.metrics.intervals import FEWEST_UNITS, reach

NEWTON_STEPS, LONGEST_STEP = 30, 4.0
LEAST_INFORMATION = 1.0  # that a column has before the controls: that of four choices between equals
CELLS = 4_000_000


@dataclass(frozen=True)
class Effects:
    """Effects of P columns with their standard errors and degrees of freedom, (P,) each; NaN where none can be told."""

    effect: np.ndarray
    error: np.ndarray
    freedom: np.ndarray

    def interval(self) -> tuple[np.ndarray, np.ndarray]:
        """The 95 % interval, NaN with too few groups."""
        half = np.where(self.freedom + 1 >= FEWEST_UNITS, reach(self.freedom + 1) * self.error, np.nan)
        return self.effect - half, self.effect + half

    def p(self) -> np.ndarray:
        """Two-sided, that the effect is 0; 1 where nothing can be told."""
        told = np.nan_to_num(np.abs(self.effect / self.error))
        return np.where(self.freedom + 1 >= FEWEST_UNITS, 2 * stdtr(np.maximum(self.freedom, 1), -told), 1.0)


def numbered(group: np.ndarray) -> np.ndarray:
    """The same groups, (n,) int, counted from 0 without gaps."""
    return np.unique(group, return_inverse=True)[1]


def having(x: sparse.csc_array, group: np.ndarray) -> np.ndarray:
    """How many groups have an entry in each column of x, (P,): how many people have a phrase on one side of a pair."""
    return np.diff(sparse.csc_array(by_group(np.ones(len(group)), group) @ abs(x)).indptr)


def by_group(values: np.ndarray, group: np.ndarray) -> sparse.csr_array:
    """(groups, n): sums of whatever it multiplies, each of the n rows times its value (n,), within the groups."""
    shape = int(group.max(initial=0)) + 1, len(group)
    return sparse.csr_array((values, (group, np.arange(len(group)))), shape=shape)


def effects(
    x: sparse.csc_array, controls: np.ndarray, residual: np.ndarray, weight: np.ndarray, groups: Sequence[np.ndarray]
) -> Effects:
    """Effects of the columns of x (n, P), one at a time, beside controls (n, K): score over information.

    residual   (n,) what the controls leave of the outcome; weight (n,) the information of each pair
    groups     (n,) each; of several groupings the one with the largest error counts
    """
    weighted = controls * weight[:, None]
    cross = (x.T @ weighted).T  # (K, P)
    slope = np.linalg.pinv(controls.T @ weighted) @ cross  # x as the controls explain it
    whole = x.power(2).T @ weight
    left = whole - (slope * cross).sum(0)
    information = np.where((left > 1e-9 * whole) & (whole >= LEAST_INFORMATION), left, np.nan)
    score = x.T @ residual - slope.T @ (controls.T @ residual)
    variance = np.max([_variance(x, slope, controls, residual, group) for group in groups], axis=0)
    error = np.sqrt(variance) / information
    freedom = np.min([having(x, group) for group in groups], axis=0) - 1
    return Effects(score / information, np.where(error > 0, error, np.nan), freedom)


def contrasts(x: sparse.csc_array, controls: np.ndarray, outcome: np.ndarray, groups: Sequence[np.ndarray]) -> Effects:
    """Effects as above of few columns that whole groups share, such as the topic of a prompt: by least squares.

    Errors are of what a column leaves of the outcome (n,), as few groups have it: its own effect would hide in them.
    """
    beyond = x.toarray() - controls @ np.linalg.lstsq(controls, x.toarray())[0]
    information = (beyond**2).sum(0)
    information = np.where(information > 1e-9 * len(x.indices), information, np.nan)
    effect = beyond.T @ outcome / information
    scores = beyond * (outcome[:, None] - beyond * effect)
    counts = np.array([having(x, group) for group in groups])
    sums = np.array([((by_group(np.ones(len(group)), group) @ scores) ** 2).sum(0) for group in groups])
    variance = (sums * counts / np.maximum(counts - 1, 1)).max(0)
    error = np.sqrt(variance) / information
    return Effects(effect, np.where(error > 0, error, np.nan), counts.min(0) - 1)


def _variance(
    x: sparse.csc_array, slope: np.ndarray, controls: np.ndarray, residual: np.ndarray, group: np.ndarray
) -> np.ndarray:
    """Variance of each column's score, (P,), from the sums of whole groups."""
    summed = by_group(residual, group)
    count = summed.shape[0]
    of_controls, step = summed @ controls, max(CELLS // count, 1)
    found = np.full(x.shape[1], np.nan)
    for first in range(0, x.shape[1] if count > 1 else 0, step):
        here = slice(first, first + step)
        sums = (summed @ x[:, here]).toarray() - of_controls @ slope[:, here]
        found[here] = sums.var(0, ddof=1) * count
    return found


def false_discovery(p: np.ndarray) -> np.ndarray:
    """q (n,) of p (n,): of all that are at most as large, the share that is expected to be chance."""
    order = np.argsort(p, kind="stable")
    raised = p[order] * len(p) / np.arange(1, len(p) + 1)
    q = np.empty(len(p))
    q[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1)
    return q


def left_of_change(controls: np.ndarray, change: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What least squares on the controls leaves of the change, (n,), nothing where it is rounding; and weights of 1."""
    left = change - controls @ np.linalg.lstsq(controls, change)[0]
    near = 1e-5 * np.abs(controls[:, 0]).mean() if len(left) else 0.0
    return np.where(np.abs(left) > near, left, 0.0), np.ones(len(change))


def left_of_choices(controls: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a logistic regression on the controls leaves of choices, all of the first answer, (n,), and the information
    of each. It starts from the global model's own margins, and has a little ridge and steps that change no log odds by
    more than `LONGEST_STEP`, so that it ends where the controls tell all choices too."""
    slope = np.eye(1, controls.shape[1])[0]
    for _ in range(NEWTON_STEPS):
        p = expit(controls @ slope)
        curve = (controls * (p * (1 - p))[:, None]).T @ controls + 1e-3 * np.eye(len(slope))
        step = np.linalg.solve(curve, controls.T @ (1 - p) - 1e-3 * slope)
        slope = slope + step * min(1.0, LONGEST_STEP / max(np.abs(controls @ step).max(initial=0.0), 1e-12))
    p = expit(controls @ slope)
    return 1 - p, p * (1 - p)
