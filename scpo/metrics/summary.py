"""All tables of a run from the outcomes of its heads: the records of metrics.json and summary.json.

Every number carries its n and an interval; means over countries weigh countries equally.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from scpo.config import METHODS, UNTRAINED
from scpo.metrics.bootstrap import FEWEST, FEWEST_FOR_RATIOS, accuracy_draws, fieller, interval, reach, resample_units
from scpo.metrics.efficiency import efficiency_ratio
from scpo.metrics.outcomes import SUBSETS, Outcomes, Size, size_of

MEAN = "mean"
PER_PAIR = ["country", "method", "gain", "trained", "per_100", "low", "high", "ratio", "ratio_low", "ratio_high", "n",
            "units"]  # fmt: skip
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
    """Ratio of pairs that `full` and each other trained method need for one accuracy, two readings.

    Given with FEWEST_FOR_RATIOS people or questions or more, where the gain of `full` over the global model is more
    than chance: else there is nothing to be efficient at, and the ratio could be anything.

    Columns country, method, reading, target, pairs_full, pairs_method, ratio, low, high, reached, note (a bound, or
    why there is no ratio), share_gain (of resamples in which `full` gains over the global model), share_reached (of
    those, in which the method gets to the target).
    """
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
    low, high, ratio, ratio_low, ratio_high, n, units. No ratio where `efficiency_table` has none, by the same rule.
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
            if "full" in of and trained and not _no_gain(measures, country):
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
    """One row: the ratio, or in `note` why there is none."""
    (full_pairs, *full), (pairs, *other) = (_curve(measures, country, m, reading) for m in ("full", method))
    gains = full[1][-1] > measures.group(country, "global").draws[FULL]
    point = efficiency_ratio(full_pairs, full[0], pairs, other[0])
    spread = efficiency_ratio(full_pairs, full[1], pairs, other[1])["ratio"]
    low, high = _ratio_interval(measures, country, spread, gains)
    trained = measures.group(country, method).trained
    note = _no_gain(measures, country) or ("" if trained else NO_PAIRS) or _note(point, full_pairs, pairs)
    if note in NO_RATIO:
        point = point | dict.fromkeys(("pairs_full", "pairs_method", "ratio"), np.nan)
        low = high = np.nan
    return {
        **{name: float(number) for name, number in point.items()}, "low": low, "high": high,
        "reached": bool(np.isfinite(point["ratio"])), "note": note, "share_gain": float(gains.mean()),
        "share_reached": float(np.isfinite(spread[gains]).mean()) if gains.any() else np.nan,
    }  # fmt: skip


def _curve(measures: Measures, country: str, name: str, reading: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs (B,), accuracies (B,) and their draws (B, R); budgets of which a method trains on no pair count no pair."""
    groups = [measures.group(country, name, level) for level in range(measures.top[name] + 1)]
    if reading == "trained":
        groups = [group for group in groups if group.trained > 0] or groups[-1:]
    pairs = np.array([group.pairs if reading == "labelled" else group.trained for group in groups])
    return (
        np.maximum(pairs, 1.0),
        np.array([group.value[FULL] for group in groups]),
        np.array([group.draws[FULL] for group in groups]),
    )


def _no_gain(measures: Measures, country: str) -> str:
    """Why nobody can be efficient at what `full` gains over the global model; '' where that is more than chance."""
    base, full = measures.group(country, "global"), measures.group(country, "full")
    units = measures.size(country, FULL).units
    if units and not full.value[FULL] - base.value[FULL] > TIE:
        return NO_GAIN
    if units < FEWEST_FOR_RATIOS:
        return TOO_FEW
    gain, draws = full.value[FULL] - base.value[FULL], full.draws[FULL] - base.draws[FULL]
    low, _ = measures.interval(country, FULL, draws)
    # A gain that is its own measure has a ratio of 1; it has no interval where the gain may be 0 in a normal one.
    of_itself, _ = fieller(gain, gain, draws, draws, reach(measures.size(country, FULL).effective))
    return "" if low > 0 and not np.isnan(of_itself) else UNCLEAR


def _note(point: dict, full_pairs: np.ndarray, pairs: np.ndarray) -> str:
    """What a ratio is a bound of: nobody looked below the smallest budget."""
    if not np.isfinite(point["ratio"]):
        return NOT_REACHED
    first_full, first = (
        float(point[name]) <= of[0] * (1 + 1e-9) for name, of in (("pairs_full", full_pairs), ("pairs_method", pairs))
    )
    return BOTH_AT_ONCE if first_full and first else AT_LEAST if first else AT_MOST if first_full else ""


def _ratio_interval(measures: Measures, country: str, spread: np.ndarray, gains: np.ndarray) -> tuple[float, float]:
    """The interval of a ratio of pairs from its draws (R,), NaN = not reached; gains (R,): where `full` gains.

    A resample in which the method never gets there counts as ratio 0. In one in which `full` gains nothing the ratio
    could be anything, so it counts as 0 for the lower and as endless for the upper end; an endless one is no interval.
    """
    reached = np.nan_to_num(spread, nan=0.0)
    low, _ = measures.interval(country, FULL, np.where(gains, reached, 0.0), ratio=True)
    _, high = measures.interval(country, FULL, np.where(gains, reached, ENDLESS), ratio=True)
    return (low, high) if high < TOO_LARGE else (np.nan, np.nan)
