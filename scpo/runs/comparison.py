"""One run against another, on the test pairs that both have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from scpo.metrics.accuracy import FULL, MEAN, nan_mean
from scpo.metrics.intervals import fewest_units, interval, resample_units
from scpo.metrics.outcomes import Outcomes, ratio, size_of
from scpo.runs.outcomes import RunOutcomes


def differences(
    base: RunOutcomes, other: RunOutcomes, methods: Sequence[str], shared: bool, subset: int = FULL
) -> pd.DataFrame:
    """The accuracy of `other` minus that of `base` on the same test pairs, by method; intervals are paired.

    Each run's global model says which of the pairs are in a subset; the people that are drawn again are the same.

    methods  those to look at; one that a run does not have is left out
    shared   True if countries answer the same questions

    Columns country, method, base, other (accuracies), delta, low, high, n, units. Countries are those that both
    runs tested on the same pairs; their mean is there if these are all countries of both runs.
    """
    same = [c for c in base.test if base.test[c] == other.test.get(c)]
    parts = [base.outcomes[c] for c in same]
    columns = ["country", "method", "base", "other", "delta", "low", "high", "n", "units"]
    if not same:
        return pd.DataFrame(columns=columns)
    drawn = resample_units(parts, shared)
    rows = []
    for method in [m for m in methods if all((t.outcomes[same[0]].heads["method"] == m).any() for t in (base, other))]:
        found = []
        for country, times in zip(same, drawn, strict=True):
            counts = [t.outcomes[country].counts[subset] for t in (base, other)]
            right = [_mean_wins(t.outcomes[country], method, subset) for t in (base, other)]
            a, b = (ratio(r.sum(), n.sum()) for r, n in zip(right, counts, strict=True))
            before, after = (ratio(times @ r, times @ n) for r, n in zip(right, counts, strict=True))
            found.append((a, b, after - before))
        if set(same) == set(base.test) == set(other.test):
            a, b, draws = (nan_mean([np.asarray(f[at]) for f in found]) for at in range(3))
            rows.append((MEAN, method, a, b, draws, size_of(parts, subset, shared)))
        rows += [(o.country, method, *f, size_of([o], subset, shared)) for o, f in zip(parts, found, strict=True)]
    records = []
    for country, method, a, b, draws, (n, units, effective) in rows:
        low, high = interval(draws, units, effective, fewest=fewest_units(parts[0].folds)[FULL])
        records.append((country, method, float(a), float(b), float(b - a), float(low), float(high), n, units))
    return pd.DataFrame(records, columns=columns)


def _mean_wins(outcomes: Outcomes, method: str, subset: int) -> np.ndarray:
    """Right answers on a subset of the test pairs per unit, mean over seeds, (U,)."""
    return outcomes.wins[np.flatnonzero(outcomes.heads["method"] == method), subset].mean(0).astype(np.float64)
