"""All tables of a run from the outcomes of its heads: the records of metrics.json and summary.json.

Every number carries its n and an interval; means over countries weigh countries equally.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from scpo.methods import METHODS
from scpo.metrics.intervals import FEWEST, FEWEST_FOR_RATIOS, accuracy_draws, interval, resample_units
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
class Group:
    """Heads of one country, method and budget level, averaged over seeds.

    value (S,), draws (S, R) accuracies; pairs, trained: labelled pairs, mean pairs kept.
    """

    value: np.ndarray
    draws: np.ndarray
    pairs: float
    trained: float
    seeds: int
    ties: np.ndarray


class Measures:
    """Outcomes of all countries with one shared set of resamples."""

    def __init__(self, outcomes: list[Outcomes], shared_units: bool):
        self.outcomes = {o.country: o for o in outcomes}
        drawn = resample_units(outcomes, shared_units)
        self.drawn = {o.country: d for o, d in zip(outcomes, drawn, strict=True)}
        self.draws = {o.country: accuracy_draws(o, self.drawn[o.country]) for o in outcomes}
        self.groups = {o.country: self._group(o) for o in outcomes}
        self.countries = list(self.outcomes)
        parts = {MEAN: outcomes, **{o.country: [o] for o in outcomes}}
        self.sizes = {c: [size_of(part, s, shared_units) for s in range(len(SUBSETS))] for c, part in parts.items()}
        first = outcomes[0].heads
        self.methods = [m for m in METHODS if m in set(first["method"])]
        self.top = {m: int(first.loc[first["method"] == m, "level"].max()) for m in self.methods}

    def _group(self, o: Outcomes) -> dict[tuple[str, int], Group]:
        groups, value, draws = {}, o.accuracy(), self.draws[o.country]
        for (method, level), rows in o.heads.groupby(["method", "level"], sort=False):
            at = rows.index.to_numpy()
            groups[method, level] = Group(
                value[at].mean(0),
                draws[at].mean(0),
                rows["pairs"].mean(),
                rows["trained"].mean(),
                rows["seed"].nunique(),
                o.ties[at].sum(0),
            )
        return groups

    def group(self, country: str, method: str, level: int | None = None) -> Group:
        """One country's group, or the mean over countries (country = MEAN); level None = largest."""
        level = self.top[method] if level is None else level
        if country != MEAN:
            return self.groups[country][method, level]
        parts = [self.groups[c][method, level] for c in self.countries]
        return Group(
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
        """Interval of draws (R,) of a number about one country, or the mean, and subset; see `bootstrap.interval`."""
        _, units, effective = self.size(country, subset)
        low, high = interval(draws, units, effective, not ratio, FEWEST_FOR_RATIOS if ratio else FEWEST[subset])
        return float(low), float(high)


def nan_mean(parts: list[np.ndarray]) -> np.ndarray:
    """Mean over countries that have data; NaN where none has."""
    stack = np.stack(parts)
    known = ~np.isnan(stack)
    count = known.sum(0)
    total = np.where(known, stack, 0).sum(0)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def metric_records(dataset: str, measures: Measures) -> pd.DataFrame:
    """metrics.json: one row per country, head and subset."""
    tables = []
    for country, o in measures.outcomes.items():
        value, units = o.accuracy(), (o.counts > 0).sum(-1)
        low, high = interval(measures.draws[country], units[None], o.effective()[None], fewest=np.array(FEWEST))
        for s, subset in enumerate(SUBSETS):
            table = o.heads[["method", "seed", "pairs", "step"]].copy()
            table.insert(0, "country", country)
            table.insert(0, "dataset", dataset)
            table["subset"], table["accuracy"] = subset, value[:, s]
            table["low"], table["high"] = low[:, s], high[:, s]
            table["n"], table["ties"] = int(o.counts[s].sum()), o.ties[:, s]
            tables.append(table)
    return pd.concat(tables, ignore_index=True)


def accuracy_table(measures: Measures) -> pd.DataFrame:
    """Accuracy and paired gain over the global model at the largest budget."""
    rows = []
    for country in [MEAN, *measures.countries]:
        base = measures.group(country, "global")
        for method in measures.methods:
            group = measures.group(country, method)
            for s, subset in enumerate(SUBSETS):
                n, units, _ = measures.size(country, s)
                low, high = measures.interval(country, s, group.draws[s])
                gain_low, gain_high = measures.interval(country, s, group.draws[s] - base.draws[s])
                rows.append(
                    {
                        "country": country,
                        "method": method,
                        "subset": subset,
                        "pairs": group.pairs,
                        "accuracy": group.value[s],
                        "low": low,
                        "high": high,
                        "gain": group.value[s] - base.value[s],
                        "gain_low": gain_low,
                        "gain_high": gain_high,
                        "n": n,
                        "units": units,
                        "ties": group.ties[s],
                        "seeds": group.seeds,
                    }
                )
    return pd.DataFrame(rows)


def curve_table(measures: Measures) -> pd.DataFrame:
    """Accuracy over the number of pairs, per country and averaged."""
    rows = []
    for country in [MEAN, *measures.countries]:
        n = measures.size(country, FULL).pairs
        for method in measures.methods:
            for level in range(measures.top[method] + 1):
                group = measures.group(country, method, level)
                low, high = measures.interval(country, FULL, group.draws[FULL])
                rows.append(
                    {
                        "country": country,
                        "method": method,
                        "pairs": group.pairs,
                        "trained": group.trained,
                        "accuracy": group.value[FULL],
                        "low": low,
                        "high": high,
                        "seeds": group.seeds,
                        "n": n,
                    }
                )
    return pd.DataFrame(rows)
