"""Intervals from resampling whole users or questions, never pairs.

Pairs of one person are alike; resampling them one by one gives intervals that cover 67 %
where they say 95 %. One resample of units is shared by every head, subset and budget, so
that differences between methods are paired.
"""

from __future__ import annotations

import numpy as np

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
    """Draw as many units as there are, with replacement, RESAMPLES times: (R, U) counts."""
    drawn = np.random.default_rng(seed).integers(0, units, (RESAMPLES, units), dtype=np.int32)
    drawn += np.arange(RESAMPLES, dtype=np.int32)[:, None] * units
    return np.bincount(drawn.ravel(), minlength=RESAMPLES * units).reshape(RESAMPLES, units).astype(np.float32)


def accuracy_draws(outcomes: Outcomes, drawn: np.ndarray) -> np.ndarray:
    """Accuracy of every head and subset in every resample: (H, S, R), NaN where nothing was drawn."""
    return ratio(outcomes.wins @ drawn.T, outcomes.counts @ drawn.T)


def interval(draws: np.ndarray, units: np.ndarray | int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Percentile interval over the last axis: (..., R) -> low (...), high (...).

    units   how many people or questions stand behind each; below FEWEST_UNITS the interval is
            NaN rather than a false certainty.
    """
    tail = (1 - LEVEL) / 2
    empty = np.isnan(draws).all(-1)
    safe = np.where(empty[..., None], 0.0, draws)
    low, high = np.nanquantile(safe, [tail, 1 - tail], axis=-1)
    hide = empty if units is None else empty | (np.asarray(units) < FEWEST_UNITS)
    return np.where(hide, np.nan, low), np.where(hide, np.nan, high)
