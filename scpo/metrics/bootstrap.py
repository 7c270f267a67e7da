"""Intervals from resampling whole users or questions, never pairs.

Pairs of one person are alike; resampling them one by one gives intervals that cover far less than
the 95 % they say (`scpo.study.coverage` measures it). One resample of units is shared by every head,
subset and budget, so that differences between methods are paired.

With few units the plain percentile interval is too narrow, for two reasons, and both are mended:
drawing n of n units understates the variance by (n - 1) / n, so n - 1 are drawn (Rao and Wu 1988,
J. Am. Stat. Assoc. 83, section 2); and the normal quantile ignores that the variance is estimated, so
the percentiles are those which a t distribution with n - 1 degrees of freedom puts there (the expanded
percentile interval; Hesterberg 2015, Am. Statistician 69, section 3.3).
"""

from __future__ import annotations

import numpy as np
from scipy.stats import norm, t

from scpo.metrics.outcomes import Outcomes, ratio

RESAMPLES = 2000
LEVEL = 0.95
FEWEST_UNITS = 5  # below this many people or questions no interval is given


def resample_units(outcomes: list[Outcomes], shared: bool, seed: int = 0) -> list[np.ndarray]:
    """How often each resample draws each unit: one (R, U) array per country.

    shared  True if countries answer the same units (survey questions): then one resample of all
            questions serves every country, and their accuracies move together as they should.
            False if each unit belongs to one country (people).
    """
    if not shared:
        return [_times_drawn(len(o.units), [seed, place]) for place, o in enumerate(outcomes)]
    everything = np.unique(np.concatenate([o.units for o in outcomes]))
    drawn = _times_drawn(len(everything), [seed])
    return [drawn[:, np.searchsorted(everything, o.units)] for o in outcomes]


def _times_drawn(units: int, seed: list[int]) -> np.ndarray:
    """Draw one unit fewer than there are, with replacement, RESAMPLES times: (R, U) counts."""
    drawn = np.random.default_rng(seed).integers(0, units, (RESAMPLES, max(units - 1, 1)), dtype=np.int32)
    drawn += np.arange(RESAMPLES, dtype=np.int32)[:, None] * units
    return np.bincount(drawn.ravel(), minlength=RESAMPLES * units).reshape(RESAMPLES, units).astype(np.float32)


def accuracy_draws(outcomes: Outcomes, drawn: np.ndarray) -> np.ndarray:
    """Accuracy of every head and subset in every resample: (H, S, R), NaN where nothing was drawn."""
    return ratio(outcomes.wins @ drawn.T, outcomes.counts @ drawn.T)


def interval(draws: np.ndarray, units: np.ndarray | int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Expanded percentile interval over the last axis: (..., R) -> low (...), high (...).

    units   how many people or questions stand behind each, broadcast to (...); below FEWEST_UNITS the
            interval is NaN rather than a false certainty. None = many.
    """
    units = np.broadcast_to(np.inf if units is None else np.asarray(units, np.float64), draws.shape[:-1])
    told = ~np.isnan(draws).all(-1) & (units >= FEWEST_UNITS)
    low, high = np.full(told.shape, np.nan), np.full(told.shape, np.nan)
    for size in np.unique(units[told]):
        here, tail = told & (units == size), (1 - LEVEL) / 2
        tail = norm.cdf(t.ppf(tail, size - 1)) if np.isfinite(size) else tail
        low[here], high[here] = np.nanquantile(draws[here], [tail, 1 - tail], axis=-1)
    return low, high
