"""People or pairs: accuracy over the number of people whose training pairs a model gets, and when it is ahead.

People are drawn first, and each brings all their pairs; the curves over pairs draw pairs of everybody. Two questions
follow. How many people does a method need until it is ahead of the global model, which needs none of them, or of one
model for all countries? And are pairs of few people worth less than as many pairs of everybody?
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from scpo.methods import METHODS
from scpo.metrics.accuracy import ENDLESS, FULL, MEAN, NOT_REACHED, TIE, TOO_LARGE, MethodResult, ResampledOutcomes
from scpo.metrics.efficiency import monotone, pairs_to_reach
from scpo.metrics.rulers import GLOBAL, POOLED

AT_THE_FEWEST = "at the fewest that were tried"
CURVE = [
    *"country method people pairs trained accuracy low high gain gain_low gain_high".split(),
    *"pooled pooled_low pooled_high spread spread_low spread_high seeds n units".split(),
]
NEEDED = ["country", "method", "against", "people", "low", "high", "note", "share_reached", "clear_from", "units"]


def people_curve(resampled: ResampledOutcomes, people: Sequence[int], everybody: Mapping[str, float]) -> pd.DataFrame:
    """Accuracy over people, per country and for the mean over countries.

    people     that were drawn, rising: the heads of level -1, -2, ...
    everybody  country -> its training people (or questions), who are there at the largest budget
    Columns CURVE: people, pairs (that they gave, on average); gain: over the global model; pooled: minus one model for
    all countries with all pairs; spread: minus the same method with as many pairs of everybody, read off the curve over
    pairs. These three have paired intervals, and are NaN where there is nothing to compare with.
    """
    rows: list[dict] = []
    for country in [MEAN, *resampled.countries]:
        all_ = float(np.mean(list(everybody.values()))) if country == MEAN else float(everybody[country])
        base = resampled.result(country, GLOBAL)
        rows.append(_row(resampled, country, GLOBAL, 0, base))
        for method in [m for m in resampled.methods if resampled.top[m] > 0 or _has_people(resampled, m)]:
            for at, n in enumerate(people):
                rows.append(_row(resampled, country, method, n, resampled.result(country, method, -1 - at)))
            rows.append(_row(resampled, country, method, all_, resampled.result(country, method)))
    return pd.DataFrame(rows, columns=CURVE)


def _has_people(resampled: ResampledOutcomes, method: str) -> bool:
    return (method, -1) in resampled.results[resampled.countries[0]]


def _row(resampled: ResampledOutcomes, country: str, method: str, people: float, result: MethodResult) -> dict:
    size = resampled.size(country, FULL)
    row = {"country": country, "method": method, "people": people, "pairs": result.pairs, "trained": result.trained}
    row |= {"accuracy": result.value[FULL], "seeds": result.seeds, "n": size.pairs, "units": size.units}
    row["low"], row["high"] = resampled.interval(country, FULL, result.draws[FULL])
    own = np.append(result.value[FULL], result.draws[FULL])
    for name, other in {
        "gain": _of(resampled, country, GLOBAL),
        "pooled": None if METHODS[method].one_for_all else _of(resampled, country, POOLED),
        "spread": _at_pairs(resampled, country, method, result.pairs),
    }.items():
        minus = np.full(len(own), np.nan) if other is None else own - other
        row[name] = minus[0]
        row[f"{name}_low"], row[f"{name}_high"] = resampled.interval(country, FULL, minus[1:])
    return row


def _of(resampled: ResampledOutcomes, country: str, method: str) -> np.ndarray | None:
    """Accuracy with all pairs as it was measured, and in each resample, (1 + R,)."""
    if method not in resampled.methods:
        return None
    result = resampled.result(country, method)
    return np.append(result.value[FULL], result.draws[FULL])


def _at_pairs(resampled: ResampledOutcomes, country: str, method: str, pairs: float) -> np.ndarray | None:
    """The same with so many pairs of everybody, read between budgets on a log axis; None outside of them."""
    results = [resampled.result(country, method, level) for level in range(resampled.top[method] + 1)]
    budgets = [result.pairs for result in results]
    if len(budgets) < 2 or not budgets[0] <= pairs < budgets[-1]:
        return None
    after = int(np.searchsorted(budgets, pairs, side="right"))
    part = np.log(pairs / budgets[after - 1]) / np.log(budgets[after] / budgets[after - 1])
    before, then = (np.append(results[at].value[FULL], results[at].draws[FULL]) for at in (after - 1, after))
    return (1 - part) * before + part * then


def people_needed(resampled: ResampledOutcomes, curve: pd.DataFrame, people: Sequence[int]) -> pd.DataFrame:
    """With how many people each method is ahead of the global model, and of one model for all countries.

    curve  as of `people_curve`. Curves are made to rise and read between numbers of people on a log axis, as
    `efficiency_table` reads those over pairs; in an interval a resample in which the method is never ahead is endless.
    Columns NEEDED: note (a bound, or that it is not reached), share_reached (of resamples), clear_from (the fewest
    people from which on every gain that was measured is more than chance; NaN where there are none).
    """
    rows = []
    for country in [MEAN, *resampled.countries]:
        mine = curve[curve["country"] == country]
        for method in [m for m in dict.fromkeys(mine["method"]) if m != GLOBAL]:
            points = mine[mine["method"] == method]
            levels = [*range(-1, -1 - len(people), -1), None]
            results = [resampled.result(country, method, level) for level in levels]
            reached = np.array([np.append(r.value[FULL], r.draws[FULL]) for r in results])
            for against, column in ((GLOBAL, "gain"), (POOLED, "pooled")):
                base = None if against == POOLED and METHODS[method].one_for_all else _of(resampled, country, against)
                if base is not None:
                    numbers = _needed(resampled, country, points["people"].to_numpy(float), reached, base)
                    clear = _clear_from(points["people"].to_numpy(float), points[f"{column}_low"].to_numpy(float))
                    about = {"country": country, "method": method, "against": against, "clear_from": clear}
                    rows.append(about | numbers | {"units": resampled.size(country, FULL).units})
    return pd.DataFrame(rows, columns=NEEDED)


def _needed(
    resampled: ResampledOutcomes, country: str, people: np.ndarray, reached: np.ndarray, base: np.ndarray
) -> dict:
    """People at which a curve (P, 1 + R) over people (P,) is ahead of base (1 + R,), with an interval."""
    needed = pairs_to_reach(people, monotone(reached), base + TIE)
    draws = np.nan_to_num(needed[1:], nan=ENDLESS)
    low, high = resampled.interval(country, FULL, draws, ratio=True)
    note = NOT_REACHED if np.isnan(needed[0]) else AT_THE_FEWEST if needed[0] <= people[0] else ""
    told = not np.isnan(low) and low < TOO_LARGE
    return {
        "people": float(needed[0]),
        "low": low if told else np.nan,
        "high": high if told and high < TOO_LARGE else np.nan,
        "note": note,
        "share_reached": float(np.isfinite(needed[1:]).mean()),
    }


def _clear_from(people: np.ndarray, low: np.ndarray) -> float:
    """The fewest people from which on every lower end is above 0; NaN where the last one is not."""
    clear = low > 0
    first = len(clear) - int(np.argmin(clear[::-1])) if not clear.all() else 0
    return float(people[first]) if first < len(people) else np.nan
