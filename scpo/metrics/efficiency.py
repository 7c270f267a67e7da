"""Data efficiency: how many pairs a method needs for the accuracy that `full` ends with.

The target is the accuracy that `full` has with all pairs, as it was measured. The curves over pairs are made
monotone (isotonic regression) and read between budgets on a log axis. The ratio is
pairs_full / pairs_method: 2.8 means 2.8 times as efficient, that is 180 % more.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from scpo.methods import UNTRAINED
from scpo.metrics.accuracy import (
    AT_LEAST,
    AT_MOST,
    BOTH_AT_ONCE,
    ENDLESS,
    FULL,
    MEAN,
    NO_GAIN,
    NO_PAIRS,
    NO_RATIO,
    NOT_REACHED,
    TIE,
    TOO_FEW,
    TOO_LARGE,
    UNCLEAR,
    ResampledOutcomes,
)
from scpo.metrics.intervals import FEWEST_FOR_RATIOS, fieller, reach


def monotone(accuracy: np.ndarray) -> np.ndarray:
    """Isotonic regression over the first axis, (B, ...) -> (B, ...), equal weights.

    By the max-min formula: the fit at i is max over a <= i of min over b >= i of mean(a..b).
    """
    size = len(accuracy)
    total = np.concatenate([np.zeros_like(accuracy[:1]), np.cumsum(accuracy, axis=0)])
    fit = np.empty_like(accuracy)
    for i in range(size):
        lows = [np.min([(total[b + 1] - total[a]) / (b + 1 - a) for b in range(i, size)], axis=0) for a in range(i + 1)]
        fit[i] = np.max(lows, axis=0)
    return fit


def pairs_to_reach(pairs: np.ndarray, accuracy: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Pairs at which a monotone curve first reaches a target; NaN where it never does.

    pairs (B,) rising; accuracy (B, ...) rising over B; target (...). At or above the target from
    the first budget on, the answer is that budget: an upper bound.
    """
    reached = accuracy >= target - 1e-9
    first = reached.argmax(0)
    before = np.maximum(first - 1, 0)
    take = lambda at: np.take_along_axis(accuracy, at[None], 0)[0]  # noqa: E731
    rise = take(first) - take(before)
    part = np.divide(target - take(before), rise, out=np.ones_like(rise), where=rise > 0)
    log_pairs = np.log(pairs)
    answer = np.exp(log_pairs[before] + np.clip(part, 0, 1) * (log_pairs[first] - log_pairs[before]))
    return np.where(reached.any(0), answer, np.nan)


def efficiency_ratio(
    pairs_full: np.ndarray, full: np.ndarray, pairs_method: np.ndarray, method: np.ndarray
) -> dict[str, np.ndarray]:
    """Pairs `full` and a method need for the accuracy `full` ends with.

    pairs_* (B,); full, method (B, ...) accuracies (estimate or resamples in the last axis).
    Returns target, pairs_full, pairs_method and ratio, each (...); NaN where not reached.

    The target is no value of the monotone curve: that one never ends below the measured one, so a method ahead of
    `full` could be said to have missed it. `full` itself always reaches it, and whoever ends ahead of it does.
    """
    target = full[-1]
    full, method = monotone(full), monotone(method)
    needed_full = pairs_to_reach(pairs_full, full, target)
    needed = pairs_to_reach(pairs_method, method, target)
    return {
        "target": target,
        "pairs_full": needed_full,
        "pairs_method": needed,
        "ratio": needed_full / needed,
    }


PER_PAIR = [
    "country",
    "method",
    "gain",
    "trained",
    "per_100",
    "low",
    "high",
    "ratio",
    "ratio_low",
    "ratio_high",
    "n",
    "units",
]


def efficiency_table(resampled: ResampledOutcomes) -> pd.DataFrame:
    """Ratio of pairs that `full` and each other trained method need for one accuracy, two readings.

    Given with FEWEST_FOR_RATIOS people or questions or more, where the gain of `full` over the global model is more
    than chance: else there is nothing to be efficient at, and the ratio could be anything.

    Columns country, method, reading, target, pairs_full, pairs_method, ratio, low, high, reached, note (a bound, or
    why there is no ratio), share_gain (of resamples in which `full` gains over the global model), share_reached (of
    those, in which the method gets to the target).
    """
    rows = []
    trained = [m for m in resampled.methods if resampled.top[m] > 0 and m != "full"]
    for country in [MEAN, *resampled.countries] if "full" in resampled.methods else []:
        for method in trained:
            for reading in ("labelled", "trained"):
                rows.append(
                    {
                        "country": country,
                        "method": method,
                        "reading": reading,
                        **_efficiency(resampled, country, method, reading),
                    }
                )
    return pd.DataFrame(rows)


def per_pair_table(resampled: ResampledOutcomes) -> pd.DataFrame:
    """Accuracy gained over the global model per pair trained on, at the largest budget; and its ratio to `full`'s.

    Columns country, method, gain, trained (pairs left after the filter), per_100 (accuracy gained per 100 of them),
    low, high, ratio, ratio_low, ratio_high, n, units. No ratio where `efficiency_table` has none, by the same rule.
    """
    rows = []
    for country in [MEAN, *resampled.countries]:
        n, units, effective = resampled.size(country, FULL)
        base = resampled.result(country, "global")
        of = {}
        for method in [m for m in resampled.methods if m not in UNTRAINED]:
            result = resampled.result(country, method)
            gain = np.append(result.value[FULL] - base.value[FULL], result.draws[FULL] - base.draws[FULL])
            of[method] = gain, gain / result.trained if result.trained else np.full(len(gain), np.nan), result.trained
        for method, (gain, each, trained) in of.items():
            low, high = resampled.interval(country, FULL, 100 * each[1:])
            ratio, ratio_low, ratio_high = np.nan, np.nan, np.nan
            if "full" in of and trained and not _no_gain(resampled, country):
                full = of["full"][1]
                errors = float(reach(effective))
                ratio_low, ratio_high = fieller(each[0], full[0], each[1:], full[1:], errors)
                ratio = np.nan if np.isnan(ratio_low) else each[0] / full[0]
            rows.append(
                {
                    "country": country,
                    "method": method,
                    "gain": gain[0],
                    "trained": trained,
                    "per_100": 100 * each[0],
                    "low": low,
                    "high": high,
                    "ratio": ratio,
                    "ratio_low": ratio_low,
                    "ratio_high": ratio_high,
                    "n": n,
                    "units": units,
                }
            )
    return pd.DataFrame(rows, columns=PER_PAIR)


def _efficiency(resampled: ResampledOutcomes, country: str, method: str, reading: str) -> dict:
    """One row: the ratio, or in `note` why there is none."""
    (full_pairs, *full), (pairs, *other) = (_curve(resampled, country, m, reading) for m in ("full", method))
    gains = full[1][-1] > resampled.result(country, "global").draws[FULL]
    point = efficiency_ratio(full_pairs, full[0], pairs, other[0])
    spread = efficiency_ratio(full_pairs, full[1], pairs, other[1])["ratio"]
    low, high = _ratio_interval(resampled, country, spread, gains)
    trained = resampled.result(country, method).trained
    note = _no_gain(resampled, country) or ("" if trained else NO_PAIRS) or _note(point, full_pairs, pairs)
    if note in NO_RATIO:
        point |= dict.fromkeys(("pairs_full", "pairs_method", "ratio"), np.array(np.nan))
        low = high = np.nan
    return {
        **{name: float(number) for name, number in point.items()},
        "low": low,
        "high": high,
        "reached": bool(np.isfinite(point["ratio"])),
        "note": note,
        "share_gain": float(gains.mean()),
        "share_reached": float(np.isfinite(spread[gains]).mean()) if gains.any() else np.nan,
    }


def _curve(
    resampled: ResampledOutcomes, country: str, name: str, reading: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs (B,), accuracies (B,) and their draws (B, R); budgets of which a method trains on no pair count no pair."""
    results = [resampled.result(country, name, budget_index) for budget_index in range(resampled.top[name] + 1)]
    if reading == "trained":
        results = [result for result in results if result.trained > 0] or results[-1:]
    pairs = np.array([result.pairs if reading == "labelled" else result.trained for result in results])
    return (
        np.maximum(pairs, 1.0),
        np.array([result.value[FULL] for result in results]),
        np.array([result.draws[FULL] for result in results]),
    )


def _no_gain(resampled: ResampledOutcomes, country: str) -> str:
    """Why nobody can be efficient at what `full` gains over the global model; '' where that is more than chance."""
    base, full = resampled.result(country, "global"), resampled.result(country, "full")
    units = resampled.size(country, FULL).units
    if units and not full.value[FULL] - base.value[FULL] > TIE:
        return NO_GAIN
    if units < FEWEST_FOR_RATIOS:
        return TOO_FEW
    gain, draws = full.value[FULL] - base.value[FULL], full.draws[FULL] - base.draws[FULL]
    low, _ = resampled.interval(country, FULL, draws)
    # A gain that is its own measure has a ratio of 1; it has no interval where the gain may be 0 in a normal one.
    errors = float(reach(resampled.size(country, FULL).effective))
    of_itself, _ = fieller(gain, gain, draws, draws, errors)
    return "" if low > 0 and not np.isnan(of_itself) else UNCLEAR


def _note(point: dict, full_pairs: np.ndarray, pairs: np.ndarray) -> str:
    """What a ratio is a bound of: nobody looked below the smallest budget."""
    if not np.isfinite(point["ratio"]):
        return NOT_REACHED
    first_full, first = (
        float(point[name]) <= of[0] * (1 + 1e-9) for name, of in (("pairs_full", full_pairs), ("pairs_method", pairs))
    )
    return BOTH_AT_ONCE if first_full and first else AT_LEAST if first else AT_MOST if first_full else ""


def _ratio_interval(
    resampled: ResampledOutcomes, country: str, spread: np.ndarray, gains: np.ndarray
) -> tuple[float, float]:
    """The interval of a ratio of pairs from its draws (R,), NaN = not reached; gains (R,): where `full` gains.

    A resample in which the method never gets there counts as ratio 0. In one in which `full` gains nothing the ratio
    could be anything, so it counts as 0 for the lower and as endless for the upper end; an endless one is no interval.
    """
    reached = np.nan_to_num(spread, nan=0.0)
    low, _ = resampled.interval(country, FULL, np.where(gains, reached, 0.0), ratio=True)
    _, high = resampled.interval(country, FULL, np.where(gains, reached, ENDLESS), ratio=True)
    return (low, high) if high < TOO_LARGE else (np.nan, np.nan)
