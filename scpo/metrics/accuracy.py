"""All tables of a run from the outcomes of its heads: the records of metrics.json and summary.json.

Every number carries its n and an interval; means over countries weigh countries equally.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from scpo.methods import METHODS
from scpo.metrics.intervals import FEWEST_FOR_RATIOS, accuracy_draws, fewest_units, interval, resample_units
from scpo.metrics.outcomes import SUBSETS, Outcomes, Size, size_of

MEAN = "mean"
FULL, DISTINCT, CONSENSUS = range(len(SUBSETS))
TIE = 1e-9  # accuracies closer than this are equal
ENDLESS, TOO_LARGE = 1e15, 1e9  # a ratio of pairs that has no bound; what no ratio of pairs can be
# Notes of an efficiency row: what its ratio is a bound of, or why there is none.
AT_LEAST = "at least: reached at the smallest budget"
AT_MOST = "at most: full is there at the smallest budget"
NOT_REACHED = "not reached"
NO_GAIN = "no ratio: full gains nothing over the global model"
UNCLEAR = "no ratio: the gain of full may be chance"
TOO_FEW = "no ratio: too few people or questions"
NO_PAIRS = "no ratio: trained on no pair"
BOTH_AT_ONCE = "no ratio: both are there at the smallest budget"
NO_RATIO = (NO_GAIN, UNCLEAR, TOO_FEW, NO_PAIRS, BOTH_AT_ONCE)


@dataclass(frozen=True)
class MethodResult:
    """Heads of one country, method and budget, averaged over seeds.

    value (S,), draws (S, R) accuracies; pairs, trained: labelled pairs, mean pairs kept.
    """

    value: np.ndarray
    draws: np.ndarray
    pairs: float
    trained: float
    seeds: int
    ties: np.ndarray


class ResampledOutcomes:
    """Outcomes of all countries with one shared set of resamples."""

    def __init__(self, outcomes: list[Outcomes], shared_units: bool):
        self.outcomes = {o.country: o for o in outcomes}
        drawn = resample_units(outcomes, shared_units)
        self.drawn = {o.country: d for o, d in zip(outcomes, drawn, strict=True)}
        self.results = {o.country: self._results(o) for o in outcomes}
        self.countries = list(self.outcomes)
        parts = {MEAN: outcomes, **{o.country: [o] for o in outcomes}}
        self.sizes = {c: [size_of(part, s, shared_units) for s in range(len(SUBSETS))] for c, part in parts.items()}
        self.fewest = fewest_units(outcomes[0].folds)
        first = outcomes[0].heads
        here = dict.fromkeys(first["method"])
        self.methods = [*(m for m in METHODS if m in here), *(m for m in here if m not in METHODS)]
        self.top = {m: int(first.loc[first["method"] == m, "level"].max()) for m in self.methods}
        self._means: dict[tuple[str, int], MethodResult] = {}

    def _results(self, o: Outcomes) -> dict[tuple[str, int], MethodResult]:
        results: dict[tuple[str, int], MethodResult] = {}
        value, draws = o.accuracy(), accuracy_draws(o, self.drawn[o.country])
        for (method, _), rows in o.heads.groupby(["method", "level"], sort=False):
            at = rows.index.to_numpy()
            results[str(method), int(rows["level"].iloc[0])] = MethodResult(
                value[at].mean(0),
                draws[at].mean(0),
                rows["pairs"].mean(),
                rows["trained"].mean(),
                rows["seed"].nunique(),
                o.ties[at].sum(0),
            )
        return results

    def result(self, country: str, method: str, budget_index: int | None = None) -> MethodResult:
        """Of one country, or the mean over countries (country = MEAN); budget_index None: the largest budget."""
        budget_index = self.top[method] if budget_index is None else budget_index
        if country != MEAN:
            return self.results[country][method, budget_index]
        if (method, budget_index) not in self._means:
            self._means[method, budget_index] = self._mean(method, budget_index)
        return self._means[method, budget_index]

    def _mean(self, method: str, budget_index: int) -> MethodResult:
        parts = [self.results[c][method, budget_index] for c in self.countries]
        return MethodResult(
            nan_mean([p.value for p in parts]),
            nan_mean([p.draws for p in parts]),
            float(np.mean([p.pairs for p in parts])),
            float(np.mean([p.trained for p in parts])),
            parts[0].seeds,
            np.sum([p.ties for p in parts], axis=0),
        )

    def size(self, country: str, subset: int) -> Size:
        """What stands behind a number about one country and subset, or about all countries for MEAN."""
        return self.sizes[country][subset]

    def interval(self, country: str, subset: int, draws: np.ndarray, ratio: bool = False) -> tuple[float, float]:
        """Interval of draws (R,) of a number about one country, or the mean, and subset; see `intervals.interval`."""
        _, units, effective = self.size(country, subset)
        low, high = interval(draws, units, effective, not ratio, FEWEST_FOR_RATIOS if ratio else self.fewest[subset])
        return float(low), float(high)


def nan_mean(parts: list[np.ndarray]) -> np.ndarray:
    """Mean over countries that have data; NaN where none has."""
    stack = np.stack(parts)
    known = ~np.isnan(stack)
    count = known.sum(0)
    total = np.where(known, stack, 0).sum(0)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def metric_records(dataset: str, resampled: ResampledOutcomes) -> pd.DataFrame:
    """metrics.json: one row per country, head and subset."""
    tables = []
    for country, every in resampled.outcomes.items():
        o = every.pick((every.heads["level"] >= 0).to_numpy())  # those of some people are in a table of their own
        value, units = o.accuracy(), (o.counts > 0).sum(-1)
        draws = accuracy_draws(o, resampled.drawn[country])  # made again: kept, they would be most of the memory
        low, high = interval(draws, units[None], o.effective()[None], fewest=resampled.fewest)
        for s, subset in enumerate(SUBSETS):
            table = o.heads[["method", "seed", "pairs", "step"]].copy()
            table.insert(0, "country", country)
            table.insert(0, "dataset", dataset)
            table["subset"], table["accuracy"] = subset, value[:, s]
            table["low"], table["high"] = low[:, s], high[:, s]
            table["n"], table["ties"] = int(o.counts[s].sum()), o.ties[:, s]
            tables.append(table)
    return pd.concat(tables, ignore_index=True)


def accuracy_table(resampled: ResampledOutcomes, against: str = "global") -> pd.DataFrame:
    """Accuracy and paired gain over the global model, or over another method, at the largest budget."""
    rows = []
    for country in [MEAN, *resampled.countries]:
        base = resampled.result(country, against)
        for method in resampled.methods:
            result = resampled.result(country, method)
            for s, subset in enumerate(SUBSETS):
                n, units, _ = resampled.size(country, s)
                low, high = resampled.interval(country, s, result.draws[s])
                gain_low, gain_high = resampled.interval(country, s, result.draws[s] - base.draws[s])
                rows.append(
                    {
                        "country": country,
                        "method": method,
                        "subset": subset,
                        "pairs": result.pairs,
                        "accuracy": result.value[s],
                        "low": low,
                        "high": high,
                        "gain": result.value[s] - base.value[s],
                        "gain_low": gain_low,
                        "gain_high": gain_high,
                        "n": n,
                        "units": units,
                        "ties": result.ties[s],
                        "seeds": result.seeds,
                    }
                )
    return pd.DataFrame(rows)


def worst_served_first(accuracy: pd.DataFrame) -> list[str]:
    """The countries of a table of accuracies, by how well the global model serves them; as they come without it."""
    rows = accuracy[(accuracy["subset"] == "full") & (accuracy["country"] != MEAN)]
    served = rows[rows["method"] == "global"].set_index("country")["accuracy"].astype(float)
    found = dict.fromkeys(accuracy.loc[accuracy["country"] != MEAN, "country"])
    return sorted(found, key=lambda country: served.get(country, np.inf))


def curve_table(resampled: ResampledOutcomes) -> pd.DataFrame:
    """Accuracy over the number of pairs, per country and averaged."""
    rows = []
    for country in [MEAN, *resampled.countries]:
        n = resampled.size(country, FULL).pairs
        for method in resampled.methods:
            for budget_index in range(resampled.top[method] + 1):
                result = resampled.result(country, method, budget_index)
                low, high = resampled.interval(country, FULL, result.draws[FULL])
                rows.append(
                    {
                        "country": country,
                        "method": method,
                        "pairs": result.pairs,
                        "trained": result.trained,
                        "accuracy": result.value[FULL],
                        "low": low,
                        "high": high,
                        "seeds": result.seeds,
                        "n": n,
                    }
                )
    return pd.DataFrame(rows)
