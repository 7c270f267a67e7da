"""Outcomes of the models of several folds as those of one test: each pair by the models that were not trained on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from scpo.metrics.accuracy import FULL, ResampledOutcomes
from scpo.metrics.alignment import Aligned
from scpo.metrics.frontier import HeldOutMargins
from scpo.metrics.outcomes import Outcomes, PairOutcomes, ratio

FOLD_COLUMNS = ["fold", "country", "method", "accuracy", "units", "n"]


def pool_outcomes(parts: Sequence[Outcomes], rows: Sequence[np.ndarray]) -> Outcomes:
    """One country's outcomes of all folds; the same as counting all pairs at once, since no unit is in two folds.

    rows  of the pair table, (n,) per fold: pairs are put in their order
    The heads of a fold are those of the others, trained anew; pairs, trained and step are their means, rounded.
    """
    if len(parts) == 1:
        return parts[0]
    units = np.concatenate([part.units for part in parts])
    order = np.argsort(units, kind="stable")
    wins, counts = (
        np.concatenate([getattr(p, name) for p in parts], axis=-1)[..., order] for name in ("wins", "counts")
    )
    ties = np.sum([part.ties for part in parts], axis=0)
    first = parts[0]
    each = _pair_by_pair(parts, rows)
    return Outcomes(first.country, _mean_heads(parts), units[order], wins, counts, ties, each, len(parts))


def _mean_heads(parts: Sequence[Outcomes]) -> pd.DataFrame:
    numbers = [name for name in ("pairs", "trained", "step") if name in parts[0].heads]
    mean = np.mean([part.heads[numbers].to_numpy(np.float64) for part in parts], axis=0)
    rounded = pd.DataFrame(np.rint(mean).astype(np.int64), columns=numbers)
    return parts[0].heads.assign(**{name: rounded[name] for name in numbers})


def _pair_by_pair(parts: Sequence[Outcomes], rows: Sequence[np.ndarray]) -> PairOutcomes | None:
    each = [part.each for part in parts if part.each is not None]
    if len(each) < len(parts):
        return None
    order = np.argsort(np.concatenate(rows), kind="stable")
    unit, known = (np.concatenate([getattr(e, name) for e in each])[order] for name in ("unit", "known"))
    return PairOutcomes(unit, known, np.concatenate([e.signs for e in each], axis=1)[:, order])


def pool_aligned(parts: Sequence[Aligned]) -> Aligned:
    """One country's opinion alignment of all folds; temperatures, which each fold fits anew, as their means."""
    if len(parts) == 1:
        return parts[0]
    unit = np.concatenate([part.unit for part in parts])
    order = np.argsort(unit, kind="stable")
    values = np.concatenate([part.values for part in parts], axis=1)[:, order]
    return Aligned(unit[order], parts[0].methods, values, np.mean([part.temperature for part in parts], axis=0))


def pool_margins(parts: Sequence[HeldOutMargins], rows: Sequence[np.ndarray]) -> HeldOutMargins:
    """One country's margins of all folds, each pair's by the models of its fold, in the order of the pair table.

    rows  of the pair table, (n,) per fold
    """
    if len(parts) == 1:
        return parts[0]
    order = np.argsort(np.concatenate(rows), kind="stable")
    unit, base = (np.concatenate([getattr(part, name) for part in parts])[order] for name in ("unit", "base"))
    own = np.concatenate([part.own for part in parts], axis=1)[:, order]
    return HeldOutMargins(parts[0].country, unit, base, own, parts[0].method, len(parts))


def fold_table(resampled: ResampledOutcomes, fold: np.ndarray) -> pd.DataFrame:
    """Accuracy of each fold on all its test pairs, at the largest budget, mean over seeds: how much folds differ.

    fold  (units,) of each row of the table of units
    Columns FOLD_COLUMNS. No intervals: a fold has few people, and the figures to be quoted are those of all folds.
    """
    rows = []
    for country, o in resampled.outcomes.items():
        of_unit = fold[o.units]
        for number in np.unique(of_unit):
            here = of_unit == number
            counts = o.counts[FULL, here]
            for method in resampled.methods:
                top = (o.heads["method"] == method) & (o.heads["level"] == resampled.top[method])
                wins = o.wins[np.flatnonzero(top), FULL][:, here].sum(-1).mean()
                value = float(ratio(wins, counts.sum()))
                rows.append((int(number), country, method, value, int((counts > 0).sum()), int(counts.sum())))
    return pd.DataFrame(rows, columns=FOLD_COLUMNS)
