"""How often do 95 % intervals hold the truth? Counted on planted people, of whom the truth is known.

People differ in how often a model is right about them and in how many pairs they left; two models judge the same
pairs. The truth is what an endless number of such people would give. Per number of people, measure and kind of
interval: in how many of many worlds the interval holds it.

    pairs        every pair counted as a person of its own (what a bootstrap over rows says)
    percentile   scipy's bootstrap over people
    BCa          scipy's bias-corrected and accelerated bootstrap over people (Efron 1987)
    ours         `scpo.metrics.bootstrap`
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import scipy.stats

from scpo.metrics.bootstrap import FEWEST_UNITS, LEVEL, accuracy_draws, interval, resample_units
from scpo.metrics.outcomes import Outcomes
from scpo.metrics.summary import nan_mean

PEOPLE = (8, 20, 50, 200)
COUNTRIES = 7
TRUTH_FROM = 1_000_000  # people
HEADS = pd.DataFrame({"method": ["global", "scpo"], "seed": 0, "level": 0})
ACCURACY, GAIN, DISTINCT = "accuracy", "gain over global", "distinct accuracy"


def coverage_table(worlds: int = 1000, people: tuple[int, ...] = PEOPLE, seed: int = 0) -> pd.DataFrame:
    """Columns people, measure, interval, coverage, width (mean), worlds.

    The mean over 7 countries, with so many people in each, is measured with our intervals alone.
    """
    truth = {name: float(value) for name, value in _estimates(planted(np.random.default_rng(seed), TRUTH_FROM)).items()}
    rows = []
    for n in people:
        found: dict[tuple[str, str], list[tuple[float, float]]] = {}
        for world in range(worlds):
            rng = np.random.default_rng([seed, n, world])
            countries = [planted(rng, n, str(at)) for at in range(COUNTRIES)]
            for name, spans in _intervals(countries).items():
                found.setdefault(name, []).append(spans)
        for (measure, kind), spans in found.items():
            low, high = np.array(spans).T
            true = truth[measure.removeprefix("mean ")]
            told = ~np.isnan(low)
            rows.append({
                "people": n, "measure": measure, "interval": kind,
                "coverage": float(((low <= true) & (true <= high))[told].mean()),
                "width": float((high - low)[told].mean()), "worlds": int(told.sum()),
            })  # fmt: skip
    return pd.DataFrame(rows)


def planted(rng: np.random.Generator, people: int, name: str = "") -> Outcomes:
    """Outcomes of two models, `global` and `scpo`, on people who differ in taste and in their number of pairs."""
    pairs = 1 + rng.poisson(rng.gamma(2.0, 3.0, people))
    person = np.repeat(np.arange(people), pairs)
    taste = rng.normal(0.5, 0.7, people)
    steered = taste + rng.normal(0.2, 0.5, people)
    noise, own = rng.normal(size=(2, len(person)))
    right = np.stack([taste[person] + noise > 0, steered[person] + 0.8 * noise + 0.6 * own > 0])
    subsets = np.stack([np.ones(len(person), bool), ~right[0], right[0]])

    def per_person(mask: np.ndarray) -> np.ndarray:
        return np.bincount(person, mask, people)

    wins = np.array([[per_person(model & subset) for subset in subsets] for model in right])
    counts = np.array([per_person(subset) for subset in subsets])
    return Outcomes(name, HEADS, np.arange(people), wins, counts, np.zeros((2, 3), int))


def _estimates(o: Outcomes) -> dict[str, np.ndarray]:
    value = o.accuracy()
    return {ACCURACY: value[1, 0], GAIN: value[1, 0] - value[0, 0], DISTINCT: value[1, 1]}


def _intervals(countries: list[Outcomes]) -> dict[tuple[str, str], tuple[float, float]]:
    """(measure, kind) -> low, high; of the first country, and of the mean over all."""
    first, found = countries[0], {}
    all_draws = [_of_draws(accuracy_draws(o, d)) for o, d in
                 zip(countries, resample_units(countries, shared=False), strict=True)]  # fmt: skip
    units = {ACCURACY: 0, GAIN: 0, DISTINCT: 1}
    for name, subset in units.items():
        sizes = [int((o.counts[subset] > 0).sum()) for o in countries]
        parts = [draws[name] for draws in all_draws]
        found[name, "ours"] = tuple(map(float, interval(parts[0], sizes[0])))
        found[f"mean {name}", "ours"] = tuple(map(float, interval(nan_mean(parts), sum(sizes))))
    for name, won, of in (
        (ACCURACY, first.wins[1, 0], first.counts[0]),
        (GAIN, first.wins[1, 0] - first.wins[0, 0], first.counts[0]),
        (DISTINCT, first.wins[1, 1], first.counts[1]),
    ):
        here = of > 0
        if here.sum() < FEWEST_UNITS:  # none of them is counted in a world in which ours is not given
            found |= {(name, kind): (np.nan, np.nan) for kind in ("pairs", "percentile", "BCa")}
            continue
        found[name, "pairs"] = _pairs_apart(name, first, won.sum(), of.sum())
        for kind in ("percentile", "BCa"):
            found[name, kind] = _scipys(won[here], of[here], kind)
    return found


def _of_draws(draws: np.ndarray) -> dict[str, np.ndarray]:
    return {ACCURACY: draws[1, 0], GAIN: draws[1, 0] - draws[0, 0], DISTINCT: draws[1, 1]}


def _pairs_apart(name: str, o: Outcomes, won: float, of: float) -> tuple[float, float]:
    """The normal interval of a mean over pairs that are taken to be independent."""
    mean = won / of
    changed = abs(o.wins[1] - o.wins[0])[0].sum() / of if name == GAIN else mean  # E[x^2] of x in -1, 0, 1
    half = scipy.stats.norm.ppf((1 + LEVEL) / 2) * np.sqrt(max(changed - mean**2, 0) / of)
    return float(mean - half), float(mean + half)


def _scipys(won: np.ndarray, of: np.ndarray, kind: str) -> tuple[float, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of samples that are all alike
        found = scipy.stats.bootstrap(
            (won, of), lambda w, c, axis=-1: w.sum(axis) / c.sum(axis), paired=True, method=kind,
            confidence_level=LEVEL, n_resamples=1000, rng=np.random.default_rng(0),
        ).confidence_interval  # fmt: skip
    return float(found.low), float(found.high)
