"""What heads said on the test pairs of one country, counted per user or question.

A head is right on a pair if its reward margin is above 0, strictly: a tie is wrong, and
counted. Counting per user first makes every later resampling a matrix product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

SUBSETS = ("full", "distinct", "consensus")


@dataclass(frozen=True)
class Outcomes:
    """Right answers of H heads on the test pairs of one country, per unit (user or question).

    heads   H rows: method, seed, level (rank of the budget), pairs, trained, step
    units   (U,) numbers of the units that have test pairs
    wins    (H, S, U) right answers; S subsets as in SUBSETS
    counts  (S, U) pairs
    ties    (H, S)
    """

    country: str
    heads: pd.DataFrame
    units: np.ndarray
    wins: np.ndarray
    counts: np.ndarray
    ties: np.ndarray

    def accuracy(self) -> np.ndarray:
        """(H, S); NaN where a subset is empty."""
        return ratio(self.wins.sum(-1), self.counts.sum(-1))

    def pick(self, mask: np.ndarray) -> Outcomes:
        """The outcomes of some heads, mask (H,) bool."""
        return Outcomes(
            self.country, self.heads[mask].reset_index(drop=True), self.units,
            self.wins[mask], self.counts, self.ties[mask],
        )  # fmt: skip


def tally(
    country: str, heads: pd.DataFrame, margins: np.ndarray, global_margin: np.ndarray, unit: np.ndarray
) -> Outcomes:
    """Count right answers.

    margins (H, n) reward margin of each head on n test pairs; global_margin (n,); unit (n,) int.
    Raises `ValueError` on a NaN margin: it is neither right nor wrong.
    """
    if np.isnan(margins).any() or np.isnan(global_margin).any():
        raise ValueError(f"{country}: a reward margin is NaN; training diverged or a feature is not finite")
    units, place = np.unique(unit, return_inverse=True)
    subsets = np.stack([np.ones(len(unit), bool), global_margin < 0, global_margin > 0])
    member = np.zeros((len(SUBSETS), len(unit), len(units)), dtype=np.float32)
    for s, subset in enumerate(subsets):
        member[s, np.flatnonzero(subset), place[subset]] = 1
    right, tied = (margins > 0).astype(np.float32), (margins == 0).astype(np.float32)
    wins = np.stack([right @ member[s] for s in range(len(SUBSETS))], axis=1)
    ties = tied @ subsets.T.astype(np.float32)
    return Outcomes(country, heads, units, wins, member.sum(1), ties.astype(np.int64))


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part / whole with NaN where the whole is 0: no data is not zero."""
    return np.divide(part, whole, out=np.full(np.broadcast(part, whole).shape, np.nan), where=whole > 0)
