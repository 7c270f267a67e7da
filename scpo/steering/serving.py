"""Whom a steered model serves and whom it costs: every country's model at every strength, on everybody's test pairs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from scpo.data.preferences import TEST, Preferences
from scpo.metrics.bias import REFERENCE
from scpo.metrics.rewards import Rewards, steered
from scpo.selection import margin

ALPHAS = tuple(round(0.1 * step, 1) for step in range(11))
MOST = 3  # planted tastes that are told of a country
SHORT = 250  # characters of an answer that two of fit beside each other


def price_table(data: Preferences, rewards: Rewards, alphas: Sequence[float] = ALPHAS) -> pd.DataFrame:
    """Accuracy of each country's r_alpha on the test pairs of every population, the reference among them.

    Columns country (whose model), alpha, on (whose pairs), accuracy (share of pairs, mean over seeds, ties wrong), n.
    """
    populations = {country: data.of(country, TEST) for country in rewards.countries}
    others = [data.of(name, TEST) for name in data.card.reference if name not in populations]
    populations |= {REFERENCE: np.concatenate(others)} if others else {}
    records = []
    for on, rows in populations.items():
        if not len(rows):
            continue
        chosen, rejected = (data.pairs[side].to_numpy()[rows] for side in ("chosen", "rejected"))
        base, own = (part[..., chosen] - part[..., rejected] for part in (rewards.base, rewards.own))
        for place, country in enumerate(rewards.countries):
            for alpha in alphas:
                right = (steered(base[place], own[place], alpha) > 0).mean()
                records.append((country, alpha, on, float(right), len(rows)))
    return pd.DataFrame(records, columns=["country", "alpha", "on", "accuracy", "n"])


def reversed_pairs(data: Preferences, rewards: Rewards) -> pd.DataFrame:
    """For each country a test pair of its own people whose order its model turns round, as they chose.

    The pair that both models are surest about, of those with short answers, none of them evasive, where there is one.
    Columns country, prompt, own (the answer that the country's model and the person prefer), other (the one that the
    global model prefers). A country without such a pair has no row.
    """
    records = []
    for place, country in enumerate(rewards.countries):
        rows = data.of(country, TEST)
        chosen, rejected = (data.pairs[side].to_numpy()[rows] for side in ("chosen", "rejected"))
        base = margin(rewards.base[place, chosen], rewards.base[place, rejected])
        own = rewards.own[place].mean(0)
        wide, own_wide = (max(float(values.std()), 1e-12) for values in (rewards.base[place], own))
        surest = np.minimum(-base / wide, (own[chosen] - own[rejected]) / own_wide)
        short = (data.texts["response"].str.len() <= SHORT).to_numpy()
        for good in (short, short & data.answering()):
            both = good[chosen] & good[rejected]
            surest = np.where(both, surest, -np.inf) if surest[both].max(initial=0.0) > 0 else surest
        if surest.max(initial=0.0) > 0:
            at = int(surest.argmax())
            texts = data.texts.iloc[[chosen[at], rejected[at]]]
            records.append((country, str(texts["prompt"].iloc[0]), *texts["response"]))
    return pd.DataFrame(records, columns=["country", "prompt", "own", "other"])


def planted_tastes(data: Preferences) -> dict[str, dict[str, float]]:
    """The planted taste per population, the reference first, and axis; none for real data."""
    return {} if data.truth is None else {str(name): {**taste} for name, taste in data.truth.T.items()}
