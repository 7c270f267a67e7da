"""Bias between countries: what a steered model keeps of the common taste, and who is served worst.

Reads as follows: consensus retention near 1 means that a country's model still agrees where
everyone agrees; distinct accuracy is what it learned of the country's own taste; a large gap
or a low worst country means that some people are served less well than others.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from scpo.metrics.accuracy import CONSENSUS, DISTINCT, FULL, MEAN, ResampledOutcomes, nan_mean
from scpo.metrics.intervals import gap_and_lowest
from scpo.metrics.outcomes import Outcomes, Size

REFERENCE = "reference population"  # as the table of transfer has it


def bias_table(resampled: ResampledOutcomes, reference: ResampledOutcomes | None) -> pd.DataFrame:
    """One row per method and measure, at the largest budget.

    reference   outcomes of every country's model on the reference population's test pairs, one
                `Outcomes` per model country; None if there is no reference population. Without the method
                `global`, such as of a judge from outside, nothing is said of what that population loses
    """
    rows = []
    for method in resampled.methods:
        mean = resampled.result(MEAN, method)
        for name, subset in (("consensus retention", CONSENSUS), ("distinct accuracy", DISTINCT)):
            span = resampled.interval(MEAN, subset, mean.draws[subset])
            rows.append(_row(method, name, mean.value[subset], span, resampled.size(MEAN, subset)))
        rows += _between_countries(resampled, method)
        if reference is not None and method in reference.methods:
            rows += _on_reference(reference, method)
    return pd.DataFrame(rows)


def _row(method: str, measure: str, value: float, span: tuple[float, float], size: Size, country=None) -> dict:
    return {
        "method": method,
        "measure": measure,
        "value": float(value),
        "low": span[0],
        "high": span[1],
        "country": country,
        "n": size.pairs,
        "units": size.units,
    }


def _between_countries(resampled: ResampledOutcomes, method: str) -> list[dict]:
    known = [c for c in resampled.countries if resampled.size(c, FULL).pairs]
    if not known:
        return [
            _row(method, name, np.nan, (np.nan, np.nan), resampled.size(MEAN, FULL), "-")
            for name in ("gap", "worst country")
        ]
    value = np.array([resampled.result(c, method).value[FULL] for c in known])
    draws = np.array([resampled.result(c, method).draws[FULL] for c in known])
    worst = known[int(np.nanargmin(value))]
    sizes = [resampled.size(c, FULL) for c in known]
    units, effective = [s.units for s in sizes], [s.effective for s in sizes]
    gap, lowest = gap_and_lowest(value, draws, units, effective, resampled.fewest[FULL])
    return [
        _row(method, "gap", value.max() - value.min(), gap, resampled.size(MEAN, FULL)),
        _row(method, "worst country", value.min(), lowest, resampled.size(worst, FULL), worst),
    ]


def _on_reference(reference: ResampledOutcomes, method: str) -> list[dict]:
    result, at = reference.result(MEAN, method), reference.countries[0]  # all are on the same pairs
    size = reference.size(at, FULL)
    span = reference.interval(at, FULL, result.draws[FULL])
    rows = [_row(method, "reference accuracy", result.value[FULL], span, size)]
    if "global" in reference.methods:
        base = reference.result(MEAN, "global")
        drop, lost = base.value[FULL] - result.value[FULL], base.draws[FULL] - result.draws[FULL]
        rows.append(_row(method, "reference drop", drop, reference.interval(at, FULL, lost), size))
    return rows


def transfer_table(crossed: dict[tuple[str, str], Outcomes]) -> pd.DataFrame:
    """A[i, j]: accuracy of the model of country i on the test pairs of country j, mean over seeds.

    crossed     (model country, test country) -> outcomes of that country's heads
    """
    rows = []
    for (model, on), outcomes in crossed.items():
        value = outcomes.accuracy()[:, FULL]
        for method, at in outcomes.heads.groupby("method", sort=False).indices.items():
            rows.append(
                {
                    "method": method,
                    "model": model,
                    "on": on,
                    "accuracy": float(nan_mean(list(value[at]))),
                    "n": int(outcomes.counts[FULL].sum()),
                    "units": len(outcomes.units),
                }
            )
    return pd.DataFrame(rows, columns=["method", "model", "on", "accuracy", "n", "units"])
