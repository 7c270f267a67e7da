"""Right answers of heads on the test pairs of one country, counted per user or question.

A head is right on a pair if its reward margin is above 0, strictly: a tie is wrong, and
counted. Counting per user first makes every later resampling a matrix product.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import log_expit

from scpo.errors import ScpoError

SUBSETS = ("full", "distinct", "consensus")


class Size(NamedTuple):
    """What stands behind a number: test pairs, users or questions, and how many alike ones these are worth."""

    pairs: int
    units: int
    effective: float


@dataclass(frozen=True)
class PairOutcomes:
    """What H heads said on each of the n test pairs of one country, in the order of the pairs.

    unit    (n,) user or question
    known   (n,) int8: 1 where the global model is right, -1 where it is wrong, 0 where it ties
    signs   (H, n) int8: the same of each head
    """

    unit: np.ndarray
    known: np.ndarray
    signs: np.ndarray


@dataclass(frozen=True)
class Outcomes:
    """Right answers of H heads on the test pairs of one country, per unit (user or question).

    heads   H rows: method, seed, level (rank of the budget), pairs, trained, step
    units   (U,) numbers of the units that have test pairs
    wins    (H, S, U) right answers; S subsets as in SUBSETS
    counts  (S, U) pairs
    ties    (H, S)
    each    the same pair by pair, where that is known
    folds   how many folds they are pooled of, 0 = none: what was said on one fold's pairs then depends on the others'
    """

    country: str
    heads: pd.DataFrame
    units: np.ndarray
    wins: np.ndarray
    counts: np.ndarray
    ties: np.ndarray
    each: PairOutcomes | None = None
    folds: int = 0

    def accuracy(self) -> np.ndarray:
        """(H, S); NaN where a subset is empty."""
        return ratio(self.wins.sum(-1), self.counts.sum(-1))

    def effective(self) -> np.ndarray:
        """How many units with equally many pairs the units are worth (Kish), (S,); 0 where a subset is empty.

        Of folds they are worth less: what is drawn of them says less of how much figures vary.
        """
        return effective_units(self.counts) / np.sqrt(fold_variance(self.folds))

    def pick(self, mask: np.ndarray) -> Outcomes:
        """The outcomes of some heads, mask (H,) bool."""
        return Outcomes(
            self.country,
            self.heads[mask].reset_index(drop=True),
            self.units,
            self.wins[mask],
            self.counts,
            self.ties[mask],
            self.each and replace(self.each, signs=self.each.signs[mask]),
            self.folds,
        )


def unmeasured(o: Outcomes) -> Outcomes:
    """The same as if nobody had been asked: no pair counts, so that every number made of it is NaN."""
    return Outcomes(o.country, o.heads, o.units, 0 * o.wins, 0 * o.counts, 0 * o.ties, None, o.folds)


def count_outcomes(
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
    subsets = subset_masks(known)

    def per_unit(right: np.ndarray) -> np.ndarray:
        return np.add.reduceat(right, first, axis=-1, dtype=np.float32)

    wins = np.stack([per_unit((sorted_margin > 0) & subset) for subset in subsets], axis=1)
    ties = np.stack([((sorted_margin == 0) & subset).sum(1) for subset in subsets], axis=1)
    each = PairOutcomes(unit, *(np.sign(m).astype(np.int8) for m in (global_margin, margins)))
    return Outcomes(country, heads, units, wins, per_unit(subsets), ties, each)


def subset_masks(global_margin: np.ndarray) -> np.ndarray:
    """Which pairs are in each of SUBSETS, (S, n) bool: all, those the global model gets wrong, those it gets right.

    global_margin  (n,) of the global model; a tie is in neither of the two parts
    """
    return np.stack([np.ones(len(global_margin), bool), global_margin < 0, global_margin > 0])


def size_of(outcomes: list[Outcomes], subset: int, shared: bool) -> Size:
    """Of one subset of some countries together; shared: a question that several of them answered is one unit."""
    pairs = [o.counts[subset].astype(np.float64) for o in outcomes]
    total = int(sum(p.sum() for p in pairs))
    if shared:
        place = np.unique(np.concatenate([o.units for o in outcomes]), return_inverse=True)[1]
        pairs = [np.bincount(place, np.concatenate(pairs))]
    effective = float(sum(map(effective_units, pairs)) / np.sqrt(fold_variance(outcomes[0].folds)))
    return Size(total, int(sum((p > 0).sum() for p in pairs)), effective)


def effective_units(pairs: np.ndarray) -> np.ndarray:
    """(sum of pairs)^2 / sum of pairs^2 over the last axis, (..., U) -> (...); 0 where there are none."""
    pairs = pairs.astype(np.float64)
    return np.nan_to_num(ratio(pairs.sum(-1) ** 2, (pairs**2).sum(-1)))


def fold_variance(folds: int) -> float:
    """How many times the variance over units is that of a figure from so many folds; 1 without folds.

    Who tests one fold trains the others, and other people would have trained other models, which units that are drawn
    again do not say: 1 + folds x test / training (Nadeau and Bengio 2003, Machine Learning 52, 239-281).
    """
    return 1 + folds / (folds - 1) if folds else 1.0


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part / whole with NaN where the whole is 0: no data is not zero."""
    return np.divide(part, whole, out=np.full(np.broadcast(part, whole).shape, np.nan), where=whole > 0)


def subset_metrics(margins: np.ndarray, known: np.ndarray | None) -> dict[str, float]:
    """accuracy, loss and n of `full`, and of `distinct` (known < 0) and `consensus` (known > 0).

    margins (n,) of the model, known (n,) of the starting model, None if it is not known. `accuracy` and `loss` without
    a prefix are those of all pairs. A tie counts as wrong; a subset without pairs has NaN. `score` orders steps as
    `scpo.training.heads.held_out.validation_score` does.
    """
    if known is None:
        parts = {"": np.ones(len(margins), bool)}
    else:
        parts = dict(zip(("", "distinct_", "consensus_"), subset_masks(known), strict=True))
    found: dict[str, float] = {}
    for name, part in parts.items():
        here = margins[part].astype(np.float64)
        found |= {
            f"{name}accuracy": float((here > 0).mean()) if len(here) else float("nan"),
            f"{name}loss": float(-log_expit(here).mean()) if len(here) else float("nan"),
            f"{name}n": len(here),
        }
    if len(margins):  # by which the best step is chosen: accuracy, then the lower loss
        found["score"] = found["accuracy"] - 1e-6 * min(found["loss"], 1e3)
    return found
