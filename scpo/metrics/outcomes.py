"""What heads said on the test pairs of one country, counted per user or question.

A head is right on a pair if its reward margin is above 0, strictly: a tie is wrong, and
counted. Counting per user first makes every later resampling a matrix product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from scpo.errors import ScpoError

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
    Raises `ScpoError` on a NaN margin: it is neither right nor wrong.
    """
    if np.isnan(margins).any() or np.isnan(global_margin).any():
        raise ScpoError(f"{country}: a reward is not a number, so training diverged. Lower lr or steps and run again.")
    order = np.argsort(unit, kind="stable")
    units, first = np.unique(unit[order], return_index=True)
    sorted_margin, known = margins[:, order], global_margin[order]
    subsets = np.stack([np.ones(len(unit), bool), known < 0, known > 0])

    def per_unit(right: np.ndarray) -> np.ndarray:
        return np.add.reduceat(right, first, axis=-1, dtype=np.float32)

    wins = np.stack([per_unit((sorted_margin > 0) & subset) for subset in subsets], axis=1)
    ties = np.stack([((sorted_margin == 0) & subset).sum(1) for subset in subsets], axis=1)
    return Outcomes(country, heads, units, wins, per_unit(subsets), ties)


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part / whole with NaN where the whole is 0: no data is not zero."""
    return np.divide(part, whole, out=np.full(np.broadcast(part, whole).shape, np.nan), where=whole > 0)
