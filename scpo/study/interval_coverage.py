"""How often do 95 % intervals hold the truth? Counted on planted people, of whom the truth is known.

People differ in how often a model is right about them and in how many pairs they left; all models judge the same
pairs. Seven countries differ in how hard they are; `scpo` needs half the pairs of `full` for the same accuracy. The
truth is what an endless number of such people would give. The tables are those that a run shows, made from the same
functions. Counted per number of people in each country, measure and kind of interval: in how many of many worlds the
interval holds the truth; over all countries, where the measure is of one country.

    pairs        every pair counted as a person of its own (what a bootstrap over rows says)
    percentile   scipy's bootstrap over people
    BCa          scipy's bias-corrected and accelerated bootstrap over people (Efron 1987)
    ours         `scpo.metrics.intervals`

The first three are counted in one country, for comparison.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd
import scipy.stats

from scpo.metrics.accuracy import MEAN, ResampledOutcomes, accuracy_table, curve_table
from scpo.metrics.bias import bias_table
from scpo.metrics.efficiency import efficiency_ratio, efficiency_table, per_pair_table
from scpo.metrics.intervals import FEWEST, FEWEST_FOR_PARTS, FEWEST_UNITS, LEVEL
from scpo.metrics.outcomes import Outcomes

PEOPLE = (FEWEST_UNITS, FEWEST_FOR_PARTS, 50, 200)
COUNTRIES = 7
HARDNESS = np.linspace(-0.25, 0.25, COUNTRIES)  # in standard deviations of the noise in one pair
BUDGETS = (50, 100, 200, 400)
TRUTH_FROM = 300_000  # people per country
ACCURACY, GAIN, DISTINCT, KEPT = "accuracy", "gain over global", "distinct accuracy", "consensus kept"
SPANS = {  # measure -> table, subset or reading, columns of its value, low and high
    ACCURACY: ("accuracy", "full", "accuracy", "low", "high"),
    GAIN: ("accuracy", "full", "gain", "gain_low", "gain_high"),
    DISTINCT: ("accuracy", "distinct", "accuracy", "low", "high"),
    KEPT: ("accuracy", "consensus", "accuracy", "low", "high"),
    "efficiency ratio": ("efficiency", "labelled", "ratio", "low", "high"),
    "gain per pair": ("per_pair", None, "per_100", "low", "high"),
    "ratio of gains per pair": ("per_pair", None, "ratio", "ratio_low", "ratio_high"),
}
Found = Iterator[tuple[str, str, float, float, float]]  # measure, kind of interval, truth, low, high


def heads() -> pd.DataFrame:
    """The models that are planted: global, and full and scpo after each budget; strength is what they learned."""
    rows = [("global", 0, 0, 0, 0, 0.0)]
    for method, ahead in (("full", 0.0), ("scpo", 0.8)):
        rows += [(method, 0, at, pairs, pairs, 0.06 * (at + 1 + ahead)) for at, pairs in enumerate(BUDGETS)]
    return pd.DataFrame(rows, columns=["method", "seed", "level", "pairs", "trained", "strength"])


def planted(rng: np.random.Generator, people: int, name: str = "", hardness: float = 0.0) -> Outcomes:
    """Outcomes of all heads on people who differ in taste and in their number of pairs."""
    table = heads()
    pairs = 1 + rng.poisson(rng.gamma(2.0, 3.0, people))
    person = np.repeat(np.arange(people), pairs)
    taste, own = rng.normal(0.5 - hardness, 0.7, people), rng.normal(1, 1.5, people)
    noise, drift = rng.normal(size=(2, len(person)))
    margins = taste[person] + noise + table["strength"].to_numpy()[:, None] * (own[person] + 1.5 * drift)
    right = margins > 0
    subsets = np.stack([np.ones(len(person), bool), ~right[0], right[0]])

    def per_person(mask: np.ndarray) -> np.ndarray:
        return np.bincount(person, mask, people)

    wins = np.array([[per_person(model & subset) for subset in subsets] for model in right])
    counts = np.array([per_person(subset) for subset in subsets])
    return Outcomes(name, table, np.arange(people), wins, counts, np.zeros((len(table), 3), int))


def coverage_table(worlds: int = 1000, people: tuple[int, ...] = PEOPLE, seed: int = 0) -> pd.DataFrame:
    """Columns people, measure, interval, coverage, width (mean), counted (intervals that were given)."""
    apart, alike = (_truth(seed, hardness) for hardness in (HARDNESS, 0 * HARDNESS))
    rows = []
    for n in people:
        found: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
        for world in range(worlds):
            rng = np.random.default_rng([seed, n, world])
            countries = [planted(rng, n, str(at), hard) for at, hard in enumerate(HARDNESS)]
            for measure, kind, true_value, low_end, high_end in (
                *_ours(countries, apart),
                *_others(countries[0], apart),
                *_between(rng, n, alike),
            ):
                found.setdefault((measure, kind), []).append((true_value, low_end, high_end))
        for (measure, kind), numbers in found.items():
            true, low, high = np.array(numbers).T
            told = ~np.isnan(low)
            rows.append(
                {
                    "people": n,
                    "measure": measure,
                    "interval": kind,
                    "coverage": float(((low <= true) & (true <= high))[told].mean()) if told.any() else np.nan,
                    "width": float((high - low)[told].mean()) if told.any() else np.nan,
                    "counted": int(told.sum()),
                }
            )
    return pd.DataFrame(rows)


def _tables(countries: list[Outcomes]) -> dict[str, pd.DataFrame]:
    resampled = ResampledOutcomes(countries, shared_units=False)
    return {
        "accuracy": accuracy_table(resampled),
        "efficiency": efficiency_table(resampled),
        "curve": curve_table(resampled),
        "per_pair": per_pair_table(resampled),
        "bias": bias_table(resampled, None),
    }


def _truth(seed: int, hardness: np.ndarray) -> dict[str, pd.DataFrame]:
    """The same tables with so many people that they are taken as one, who needs no interval."""
    countries = []
    for at, hard in enumerate(hardness):
        o = planted(np.random.default_rng([seed, at]), TRUTH_FROM, str(at), float(hard))
        wins, counts = (part.sum(-1, keepdims=True) for part in (o.wins, o.counts))
        countries.append(Outcomes(o.country, o.heads, np.zeros(1, int), wins, counts, o.ties))
    tables = _tables(countries)
    each = tables["per_pair"].set_index(["country", "method"])["per_100"].unstack()
    ratio = (each["scpo"] / each["full"]).reindex(tables["per_pair"]["country"]).to_numpy()
    pairs = [_ratio_of_pairs(curve) for _, curve in tables["curve"].groupby("country", sort=False) for _ in range(2)]
    return tables | {
        "per_pair": tables["per_pair"].assign(ratio=ratio),
        "efficiency": tables["efficiency"].assign(ratio=pairs),
    }


def _ratio_of_pairs(curve: pd.DataFrame) -> float:
    """The ratio of one country, or the mean, whatever stands against showing it; the curve counts labelled pairs."""
    full, scpo = (curve[curve["method"] == method] for method in ("full", "scpo"))
    return float(efficiency_ratio(*(of[c].to_numpy() for of in (full, scpo) for c in ("pairs", "accuracy")))["ratio"])


def _ours(countries: list[Outcomes], truth: dict[str, pd.DataFrame]) -> Found:
    """Every interval of the tables of a run, of `scpo`."""
    tables = _tables(countries)
    for measure, (name, kind, value, low, high) in SPANS.items():
        table, true = tables[name], truth[name]
        mine = table["method"] == "scpo"
        if kind:
            mine &= table["subset" if name == "accuracy" else "reading"] == kind
        for at in np.flatnonzero(mine):
            row, word = table.iloc[at], "mean " if table["country"].iloc[at] == MEAN else ""
            yield word + measure, "ours", true[value].iloc[at], row[low], row[high]
    yield from _of_bias(tables["bias"], truth["bias"], ", countries differ")


def _between(rng: np.random.Generator, people: int, truth: dict[str, pd.DataFrame]) -> Found:
    """Gap and worst country where all countries are alike."""
    countries = [planted(rng, people, str(at)) for at in range(COUNTRIES)]
    last = [o.pick(((o.heads["pairs"] == BUDGETS[-1]) | (o.heads["method"] == "global")).to_numpy()) for o in countries]
    yield from _of_bias(
        bias_table(ResampledOutcomes(last, shared_units=False), None), truth["bias"], ", countries alike"
    )


def _of_bias(table: pd.DataFrame, truth: pd.DataFrame, word: str) -> Found:
    for at in np.flatnonzero((table["method"] == "scpo") & table["measure"].isin(["gap", "worst country"])):
        row = table.iloc[at]
        yield row["measure"] + word, "ours", truth["value"].iloc[at], row["low"], row["high"]


def _others(first: Outcomes, truth: dict[str, pd.DataFrame]) -> Found:
    """Intervals over pairs, and scipy's over people, of one country."""
    true = truth["accuracy"].query("country == '0' and method == 'scpo'").set_index("subset")
    for measure, subset, column in (
        (ACCURACY, 0, "accuracy"),
        (GAIN, 0, "gain"),
        (DISTINCT, 1, "accuracy"),
        (KEPT, 2, "accuracy"),
    ):
        won, of = first.wins[-1, subset], first.counts[subset]
        won = won - first.wins[0, 0] if measure == GAIN else won
        is_true, here = true[column].iloc[subset], of > 0
        if here.sum() < FEWEST[subset]:
            continue
        changed = np.abs(won).sum() / of.sum()  # mean of x^2 of x in -1, 0, 1, nearly: a person's pairs may cancel
        mean = won.sum() / of.sum()
        half = scipy.stats.norm.ppf((1 + LEVEL) / 2) * np.sqrt(max(changed - mean**2, 0) / of.sum())
        yield measure, "pairs", is_true, mean - half, mean + half
        for kind in ("percentile", "BCa"):
            yield measure, kind, is_true, *_scipys(won[here], of[here], kind)


def _scipys(won: np.ndarray, of: np.ndarray, kind: str) -> tuple[float, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of samples that are all alike
        found = scipy.stats.bootstrap(
            (won, of),
            lambda w, c, axis=-1: w.sum(axis) / c.sum(axis),
            paired=True,
            method=kind,
            confidence_level=LEVEL,
            n_resamples=1000,
            rng=np.random.default_rng(0),
        ).confidence_interval
    return float(found.low), float(found.high)
