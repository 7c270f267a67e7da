"""Margins of the global model on each country's training pairs, and what filter and weight do with them.

A run keeps the rewards in `margins.safetensors`, one row per training pair of its countries, so that
tau and beta can be moved afterwards without any model:

    row                              (n,) int32    row of the data's pair table
    country                          (n,) int16    number of the country in the header's list
    unit                             (n,) int32    its user or question
    chosen_reward, rejected_reward   (n,) float32  by the global model that the country starts from

18 bytes a pair: 1.8 MB for 100,000. Knows nothing of texts, models or pages.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from scpo.grouping import ALL
from scpo.methods import select
from scpo.metrics.intervals import accuracy_draws, interval, resample_units
from scpo.metrics.outcomes import count_outcomes, ratio
from scpo.selection import effective_size, margin, p_global, pair_weights

SPAN = (0.1, 99.9)  # percentiles between which a histogram of margins has its bins


@dataclass(frozen=True)
class Margins:
    """The columns of the file; everything that does not depend on tau or beta is worked out once."""

    countries: tuple[str, ...]
    row: np.ndarray
    country: np.ndarray
    unit: np.ndarray
    chosen_reward: np.ndarray
    rejected_reward: np.ndarray

    @cached_property
    def margin(self) -> np.ndarray:
        """m, (n,) float64: a float32 difference made wider, as in training."""
        return margin(self.chosen_reward, self.rejected_reward).astype(np.float64)

    @cached_property
    def p_global(self) -> np.ndarray:
        """F, the filter value: sigmoid(m), (n,)."""
        return p_global(self.margin)

    @cached_property
    def span(self) -> tuple[float, float]:
        """The range of nearly all margins, so that one odd pair does not flatten a histogram."""
        low, high = np.percentile(self.margin, SPAN)
        return (float(low), float(high)) if low < high else (float(low) - 1, float(high) + 1)

    def of(self, country: str) -> np.ndarray:
        """Places of one country's pairs, or of all, (k,) int64."""
        if country == ALL:
            return np.arange(len(self.row))
        return np.flatnonzero(self.country == self.countries.index(country))


def shares(margins: Margins, keep: np.ndarray, weight: np.ndarray) -> pd.DataFrame:
    """What filter and weight leave of each country's training pairs, and, last, of all of them.

    kept            share of the pairs that stay
    effective       effective sample size (sum w)^2 / sum w^2 of the kept pairs, as a share of all pairs:
                    how many pairs of equal weight would count as much; 0 where none is kept

    keep (n,) bool and weight (n,) come from `scpo.methods.select`. NaN where a country has no pairs.
    """
    size = len(margins.countries)
    pairs, kept = (np.bincount(margins.country, values, size) for values in (None, keep))
    pairs, kept = np.append(pairs, pairs.sum()), np.append(kept, kept.sum())
    used = [weight[keep & (margins.country == number)] for number in range(size)]
    effective = np.array([effective_size(w) for w in (*used, weight[keep])])
    return pd.DataFrame(
        {
            "country": [*margins.countries, ALL],
            "pairs": pairs.astype(int),
            "kept_pairs": kept.astype(int),
            "kept": ratio(kept, pairs),
            "effective_pairs": effective,
            "effective": ratio(effective, pairs),
        }
    )


def disagreement(margins: Margins, shared_units: bool, unread: Collection[str] = ()) -> pd.DataFrame:
    """How often the global model prefers the rejected answer, per country, before any steering.

    `disagree` is the share of training pairs with m < 0; ties (m = 0) do not count and are listed.
    low and high are a 95 % interval from resampling users or questions; NaN where they are too few.
    shared_units: True if countries answer the same questions.
    unread: countries of whose texts too little is read for a share to say anything; theirs is NaN.
    """
    head = pd.DataFrame([{"method": "global", "seed": 0, "level": 0}])
    outcomes = []
    for country in margins.countries:
        at = margins.of(country)
        m = margins.margin[at]
        outcomes.append(count_outcomes(country, head, -m[None], m, margins.unit[at]) if len(at) else None)
    known = [o for o in outcomes if o]
    drawn = dict(zip((o.country for o in known), resample_units(known, shared_units), strict=True))
    records = []
    for country, said in zip(margins.countries, outcomes, strict=True):
        if said is None:
            records.append(
                {
                    "country": country,
                    "disagree": np.nan,
                    "low": np.nan,
                    "high": np.nan,
                    "pairs": 0,
                    "units": 0,
                    "ties": 0,
                }
            )
            continue
        low, high = interval(accuracy_draws(said, drawn[country])[0, 0], len(said.units), said.effective()[0])
        records.append(
            {
                "country": country,
                "disagree": float(said.accuracy()[0, 0]),
                "low": float(low),
                "high": float(high),
                "pairs": int(said.counts[0].sum()),
                "units": len(said.units),
                "ties": int(said.ties[0, 0]),
            }
        )
    table = pd.DataFrame(records)
    table.loc[table["country"].isin(list(unread)), ["disagree", "low", "high"]] = np.nan
    return table


def histogram(values: np.ndarray, keep: np.ndarray, low: float, high: float, bins: int) -> pd.DataFrame:
    """Pairs per bin, kept and dropped; the outermost bins also hold what lies beyond them.

    low, high (bins,) bounds of each bin; kept, dropped (bins,) pairs
    """
    edges = np.linspace(low, high, bins + 1)
    place = np.clip(((values - low) * (bins / (high - low))).astype(np.int64), 0, bins - 1)
    everything, kept = np.bincount(place, minlength=bins), np.bincount(place[keep], minlength=bins)
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "kept": kept, "dropped": everything - kept})


def strips(margins: Margins, bins: int) -> pd.DataFrame:
    """Share of each country's pairs per bin of F: one row per country, one column per bin, rows sum to 1."""
    place = np.minimum((margins.p_global * bins).astype(np.int64), bins - 1)
    flat = np.bincount(margins.country.astype(np.int64) * bins + place, minlength=len(margins.countries) * bins)
    counts = flat.reshape(-1, bins)
    names = [f"{at / bins:.2f} to {(at + 1) / bins:.2f}" for at in range(bins)]
    return pd.DataFrame(ratio(counts, counts.sum(1, keepdims=True)), index=list(margins.countries), columns=names)


def nearest(value: np.ndarray, margin: np.ndarray, targets: Sequence[float]) -> list[int]:
    """For each target the place whose value is nearest, no place twice; fewer if there are fewer places.

    Of equally near ones the one with the margin nearest 0, then the first: the same on every visit.
    """
    found: list[int] = []
    for target in targets[: len(value)]:
        distance = np.abs(value - target)
        distance[found] = np.inf
        equal = np.flatnonzero(distance == distance.min())
        found.append(int(equal[np.abs(margin[equal]).argmin()]))
    return found


BINS, STRIPS = 50, 20


@dataclass(frozen=True)
class Chosen:
    """The pairs under one position of the sliders: keep and weight (n,), and the shares per country."""

    tau: float
    beta: float
    keep: np.ndarray
    weight: np.ndarray
    shares: pd.DataFrame

    @classmethod
    def at(cls, margins: Margins, tau: float, beta: float) -> Chosen:
        """Filter and weight every pair; about 5 ms for 100,000."""
        keep, weight = select("scpo", margins.margin, tau, beta)
        return cls(tau, beta, keep, weight, shares(margins, keep, weight))

    def of(self, country: str) -> pd.Series:
        """The row of one country, or of all."""
        return self.shares[self.shares["country"] == country].iloc[0]


def filter_frame(margins: Margins, at: np.ndarray, now: Chosen) -> pd.DataFrame:
    """Histogram of F over the pairs `at`."""
    return histogram(margins.p_global[at], now.keep[at], 0.0, 1.0, BINS)


def weight_frame(margins: Margins, at: np.ndarray, now: Chosen) -> pd.DataFrame:
    """Histogram of the margin over the pairs `at`, with the weight in the middle of each bin."""
    table = histogram(margins.margin[at], now.keep[at], *margins.span, BINS)
    return table.assign(weight=pair_weights((table["low"] + table["high"]).to_numpy() / 2, now.beta))


def human_score(score: float, unit: str) -> str:
    """What people gave an answer, after a colon: a share for survey questions, nothing where it is not known."""
    if np.isnan(score):
        return ""
    return f": {100 * score:.0f} %" if unit == "question" else f": {score:g}"
