"""All tables of a run from the outcomes of its heads: the records of metrics.json and summary.json.

Every number carries its n and an interval; means over countries weigh countries equally.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from scpo.config import METHODS, UNTRAINED
from scpo.metrics.bootstrap import FEWEST, FEWEST_FOR_PARTS, accuracy_draws, fieller, interval, reach, resample_units
from scpo.metrics.efficiency import efficiency_ratio
from scpo.metrics.outcomes import SUBSETS, Outcomes, Size, size_of

MEAN = "mean"
FEWEST_FOR_GAINS = 50  # people or questions, for a ratio of two gains
PER_PAIR = ["country", "method", "gain", "trained", "per_100", "low", "high", "ratio", "ratio_low", "ratio_high", "n",
            "units"]  # fmt: skip
FULL, DISTINCT, CONSENSUS = range(len(SUBSETS))


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
                value[at].mean(0), draws[at].mean(0), rows["pairs"].mean(), rows["trained"].mean(),
                rows["seed"].nunique(), o.ties[at].sum(0),
            )  # fmt: skip
        return groups

    def group(self, country: str, method: str, level: int | None = None) -> Group:
        """One country's group, or the mean over countries (country = MEAN); level None = largest."""
        level = self.top[method] if level is None else level
        if country != MEAN:
            return self.groups[country][method, level]
        parts = [self.groups[c][method, level] for c in self.countries]
        return Group(
            nan_mean([p.value for p in parts]), nan_mean([p.draws for p in parts]),
            float(np.mean([p.pairs for p in parts])), float(np.mean([p.trained for p in parts])),
            parts[0].seeds, np.sum([p.ties for p in parts], axis=0),
        )  # fmt: skip

    def size(self, country: str, subset: int) -> Size:
        """What stands behind a number about one country and subset, or about all countries for MEAN."""
        return self.sizes[country][subset]

    def interval(self, country: str, subset: int, draws: np.ndarray, ratio: bool = False) -> tuple[float, float]:
        """Interval of draws (R,) of a number about one country, or the mean, and subset; see `bootstrap.interval`."""
        _, units, effective = self.size(country, subset)
        low, high = interval(draws, units, effective, not ratio, FEWEST_FOR_PARTS if ratio else FEWEST[subset])
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
                rows.append({
                    "country": country, "method": method, "subset": subset, "pairs": group.pairs,
                    "accuracy": group.value[s], "low": low, "high": high,
                    "gain": group.value[s] - base.value[s], "gain_low": gain_low, "gain_high": gain_high,
                    "n": n, "units": units, "ties": group.ties[s], "seeds": group.seeds,
                })  # fmt: skip
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
                rows.append({
                    "country": country, "method": method, "pairs": group.pairs, "trained": group.trained,
                    "accuracy": group.value[FULL], "low": low, "high": high, "seeds": group.seeds, "n": n,
                })  # fmt: skip
    return pd.DataFrame(rows)


def efficiency_table(measures: Measures) -> pd.DataFrame:
    """Ratio of pairs that `full` and each other trained method need for one accuracy, two readings."""
    rows = []
    trained = [m for m in measures.methods if measures.top[m] > 0 and m != "full"]
    for country in [MEAN, *measures.countries] if "full" in measures.methods else []:
        for method in trained:
            for reading in ("labelled", "trained"):
                rows.append({"country": country, "method": method, "reading": reading,
                             **_efficiency(measures, country, method, reading)})  # fmt: skip
    return pd.DataFrame(rows)


def per_pair_table(measures: Measures) -> pd.DataFrame:
    """Accuracy gained over the global model per pair trained on, at the largest budget; and its ratio to `full`'s.

    Columns country, method, gain, trained (pairs left after the filter), per_100 (accuracy gained per 100 of them),
    low, high, ratio, ratio_low, ratio_high, n, units. No ratio where the gain of `full` itself may be chance, since it
    could then be anything, nor with fewer than FEWEST_FOR_GAINS users or questions.
    """
    rows = []
    for country in [MEAN, *measures.countries]:
        n, units, effective = measures.size(country, FULL)
        base = measures.group(country, "global")
        of = {}
        for method in [m for m in measures.methods if m not in UNTRAINED]:
            group = measures.group(country, method)
            gain = np.append(group.value[FULL] - base.value[FULL], group.draws[FULL] - base.draws[FULL])
            of[method] = gain, gain / group.trained if group.trained else np.full(len(gain), np.nan), group.trained
        for method, (gain, each, trained) in of.items():
            low, high = measures.interval(country, FULL, 100 * each[1:])
            ratio, ratio_low, ratio_high = np.nan, np.nan, np.nan
            if "full" in of and units >= FEWEST_FOR_GAINS:
                full = of["full"][1]
                ratio_low, ratio_high = fieller(each[0], full[0], each[1:], full[1:], reach(effective))
                ratio = np.nan if np.isnan(ratio_low) else each[0] / full[0]
            rows.append({
                "country": country, "method": method, "gain": gain[0], "trained": trained, "per_100": 100 * each[0],
                "low": low, "high": high, "ratio": ratio, "ratio_low": ratio_low, "ratio_high": ratio_high,
                "n": n, "units": units,
            })  # fmt: skip
    return pd.DataFrame(rows, columns=PER_PAIR)


def _efficiency(measures: Measures, country: str, method: str, reading: str) -> dict:
    def curve(name: str):
        groups = [measures.group(country, name, level) for level in range(measures.top[name] + 1)]
        pairs = np.array([g.pairs if reading == "labelled" else g.trained for g in groups])
        return (
            np.maximum(pairs, 1e-9),
            np.array([g.value[FULL] for g in groups]),
            np.array([g.draws[FULL] for g in groups]),
        )

    full_pairs, full_value, full_draws = curve("full")
    pairs, value, draws = curve(method)
    point = efficiency_ratio(full_pairs, full_value, pairs, value)
    spread = efficiency_ratio(full_pairs, full_draws, pairs, draws)["ratio"]
    reached = bool(np.isfinite(point["ratio"]))
    # A resample in which the method never gets there counts as needing infinitely many pairs.
    low, high = measures.interval(country, FULL, np.nan_to_num(spread, nan=0.0), ratio=True)
    at_once = reached and float(point["pairs_method"]) <= pairs[0] * (1 + 1e-9)
    note = "" if reached else "not reached"
    return {
        **{name: float(number) for name, number in point.items()}, "low": low, "high": high,
        "reached": reached, "share_reached": float(np.isfinite(spread).mean()),
        "note": "at least: reached at the smallest budget" if at_once else note,
    }  # fmt: skip
