"""Intervals from resampling whole users or questions, never pairs.

Pairs of one person are alike; resampling them one by one gives intervals that cover far less than
the 95 % they say (`scpo.study.interval_coverage` measures it). One resample of units is shared by every head,
subset and budget, so that differences between methods are paired.

With few units the plain percentile interval is too narrow and lies askew. Four known corrections mend that:

* drawing n of n units understates the variance by (n - 1) / n, so n - 1 are drawn (Rao and Wu 1988, J. Am. Stat.
  Assoc. 83, section 2);
* the normal quantile ignores that the variance is estimated, so the percentiles are those which a t distribution puts
  there (the expanded percentile interval; Hesterberg 2015, Am. Statistician 69, section 3.3);
* its degrees of freedom are those of the effective number of units (sum of pairs)^2 / sum of pairs^2 (Kish 1965): ten
  people of whom one left most of the pairs say less than ten alike;
* near 0 % and 100 % draws are skewed, and the percentiles move by as much as in the bias-corrected and accelerated
  interval with both constants taken from the skewness of the draws (Efron 1987, J. Am. Stat. Assoc. 82, section 3).
  Of few units the skewness is mostly noise, of standard deviation sqrt(6) / n, so that much of it is taken away.

Figures from folds vary more than their units say (`outcomes.fold_variance`): fewer units are drawn.

The best and the worst of several countries are picked by their own numbers. No interval holds for them as it does for
one country (a percentile interval of a gap never holds 0, however alike countries are), so `largest` gives one that
holds whichever they are, with at least the level that is said (Tukey's range, studentised by draws).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri, stdtrit

from scpo.metrics.outcomes import Outcomes, fold_variance, ratio

RESAMPLES = 2000
ALPHA = 0.05  # what two-sided tests and intervals are held to
LEVEL = 1 - ALPHA
FEWEST_UNITS = 8  # with fewer people or questions an interval does not hold what it says, and none is given
FEWEST_FOR_PARTS = 20  # the same for shares of a part of the pairs, often near 0 % or 100 %
FEWEST_FOR_RATIOS = 50  # the same for what divides by the gain of `full`, or stands on it: ratios of pairs and of gains
FEWEST_OF_FOLDS = 12  # the least for anything of folds, whose models are chosen on few people too
FEWEST = (FEWEST_UNITS, FEWEST_FOR_PARTS, FEWEST_FOR_PARTS)  # by subset: full, distinct, consensus


def fewest_units(folds: int) -> np.ndarray:
    """How many people or questions an interval takes, by subset; folds: of how many the figures are, 0 = none."""
    return np.maximum(FEWEST, FEWEST_OF_FOLDS if folds else 0)


def resample_units(outcomes: list[Outcomes], shared: bool, seed: int = 0) -> list[np.ndarray]:
    """How often each resample draws each unit: one (R, U) array per country.

    shared  True if countries answer the same units (survey questions): then one resample of all
            questions serves every country, and their accuracies move together as they should.
            False if each unit belongs to one country (people).
    """
    if not shared:
        return [_times_drawn(len(o.units), [seed, place], o.folds) for place, o in enumerate(outcomes)]
    everything = np.unique(np.concatenate([o.units for o in outcomes]))
    drawn = _times_drawn(len(everything), [seed], outcomes[0].folds)
    return [drawn[:, np.searchsorted(everything, o.units)] for o in outcomes]


def _times_drawn(units: int, seed: list[int], folds: int = 0) -> np.ndarray:
    """Draw one unit fewer than there are, with replacement, RESAMPLES times: (R, U) counts.

    Of folds fewer, so that draws vary by as much more as `outcomes.fold_variance` says.
    """
    size = max(round((units - 1) / fold_variance(folds)), 1)
    drawn = np.random.default_rng(seed).integers(0, units, (RESAMPLES, size), dtype=np.int32)
    drawn += np.arange(RESAMPLES, dtype=np.int32)[:, None] * units
    return np.bincount(drawn.ravel(), minlength=RESAMPLES * units).reshape(RESAMPLES, units).astype(np.float32)


def accuracy_draws(outcomes: Outcomes, drawn: np.ndarray) -> np.ndarray:
    """Accuracy of every head and subset in every resample: (H, S, R), NaN where nothing was drawn."""
    return ratio(outcomes.wins @ drawn.T, outcomes.counts @ drawn.T)


def interval(
    draws: np.ndarray,
    units: ArrayLike | None = None,
    effective: ArrayLike | None = None,
    skewed: bool = True,
    fewest: ArrayLike = FEWEST_UNITS,
) -> tuple[np.ndarray, np.ndarray]:
    """The interval described above over the last axis: (..., R) -> low (...), high (...).

    units       how many people or questions stand behind each, broadcast to (...); below `fewest` the interval is
                NaN rather than a false certainty. None = many.
    effective   how many units with equally many pairs they are worth; None = as many as units
    skewed      False leaves the skewness of the draws alone, which says nothing of ratios that may be infinite
    """
    units = np.broadcast_to(np.inf if units is None else np.asarray(units, np.float64), draws.shape[:-1])
    effective = np.broadcast_to(units if effective is None else np.asarray(effective, np.float64), units.shape)
    ordered = np.sort(np.asarray(draws, np.float64), axis=-1)  # NaN last
    known = (~np.isnan(ordered)).sum(-1)
    z = reach(effective)
    bend = _skewness(ordered, effective) / 6 if skewed else np.zeros(units.shape)
    told = (known > 0) & (units >= fewest)
    ends = [
        _quantile(ordered, known, ndtr(bend + (bend + side) / np.maximum(1 - bend * (bend + side), 0.1)))
        for side in (-z, z)
    ]
    return np.where(told, ends[0], np.nan), np.where(told, ends[1], np.nan)


def reach(effective: ArrayLike) -> np.ndarray:
    """How many standard errors an interval reaches to either side: 1.96 of many units, more of few."""
    return -stdtrit(np.clip(np.asarray(effective) - 1, 1, 1e9), (1 - LEVEL) / 2)


def _skewness(ordered: np.ndarray, effective: np.ndarray) -> np.ndarray:
    """Skewness of sorted draws (..., R), NaN last, less what is expected of noise, (...)."""
    known = np.maximum((~np.isnan(ordered)).sum(-1), 1)
    from_mean = np.nan_to_num(ordered - (np.nansum(ordered, -1) / known)[..., None])
    square = from_mean * from_mean
    variance, third = square.sum(-1) / known, np.einsum("...r,...r->...", square, from_mean) / known
    skewness = np.divide(third, variance**1.5, out=np.zeros(variance.shape), where=variance > 1e-12)
    noise = np.divide(6 / np.maximum(effective, 1) ** 2, skewness**2, out=np.ones(variance.shape), where=skewness != 0)
    return skewness * np.maximum(1 - noise, 0)


def _quantile(ordered: np.ndarray, known: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Quantiles (...) at levels (...) of sorted draws (..., R), of which the first `known` are numbers."""
    at = level * np.maximum(known - 1, 0)
    below = np.floor(at).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(known - 1, 0))
    low, high = (np.take_along_axis(ordered, place[..., None], -1)[..., 0] for place in (below, above))
    return low + (at - below) * (high - low)


def largest(values: np.ndarray, draws: np.ndarray) -> tuple[float, float]:
    """An interval for the largest of K true values, whichever it is: values (K,), draws (K, R) -> low, high.

    All K intervals value +- q error hold at once with the chance LEVEL, so that the largest true value lies between
    the largest of their lower and the largest of their upper ends.
    """
    noise = draws - draws.mean(-1, keepdims=True)
    error = noise.std(-1)
    apart = np.divide(np.abs(noise), error[:, None], out=np.zeros_like(noise), where=error[:, None] > 0)
    half = np.quantile(apart.max(0), LEVEL) * error
    return float((values - half).max()), float((values + half).max())


def gap_and_lowest(
    values: np.ndarray, draws: np.ndarray, units: ArrayLike, effective: ArrayLike, fewest: int = FEWEST_UNITS
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Intervals for max - min and for min of the true values of C countries or groups.

    values, units, effective (C,), draws (C, R); NaN where one of them has fewer than `fewest` units
    """
    if (np.asarray(units) < fewest).any() or np.isnan(draws).any():
        return (np.nan, np.nan), (np.nan, np.nan)
    tail = (1 - LEVEL) / 2
    wider = reach(np.asarray(effective)) / -ndtri(tail)
    draws = values[:, None] + wider[:, None] * (draws - draws.mean(-1, keepdims=True))
    low, high = largest(-values, -draws)
    if len(values) < 2:
        return (0.0, 0.0), (-high, -low)
    first, second = np.triu_indices(len(values), 1)
    sign = np.where(values[first] >= values[second], 1.0, -1.0)
    least, most = largest(sign * (values[first] - values[second]), sign[:, None] * (draws[first] - draws[second]))
    return (max(least, 0.0), most), (-high, -low)


def fieller(
    part: float, whole: float, part_draws: np.ndarray, whole_draws: np.ndarray, errors: float
) -> tuple[float, float]:
    """An interval for part / whole, both with errors (Fieller 1954, J. R. Stat. Soc. B 16, 175-185).

    All ratios q for which part - q whole is within `errors` standard errors of 0; those come from draws (R,) of both.
    NaN where the whole is not above 0 by so many: the ratio could be anything.
    """
    (v_part, both), (_, v_whole) = np.cov(part_draws, whole_draws) * errors**2
    square = whole**2 - v_whole
    if whole <= 0 or square <= 0:
        return np.nan, np.nan
    middle = part * whole - both
    half = np.sqrt(max(middle**2 - square * (part**2 - v_part), 0.0))
    return float((middle - half) / square), float((middle + half) / square)
