"""Survey questions on which a country's model differs most from the global one, and whether its people answered so.

A model's rewards become shares of the options by softmax(reward / T), T as in `scpo.metrics.alignment`, so that a model
that is merely surer differs by nothing. What is told apart from luck is the luck of training: a change of a share has a
t interval over seeds, and p is corrected for false discovery over all options of all test questions and countries.
The country's own answers to a test question are seen by no model: they say whether the change is right.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import stdtr

from scpo.data.preferences import TEST, VALIDATION, Preferences
from scpo.metrics.alignment import answers_of, fit_temperature, predicted
from scpo.metrics.intervals import ALPHA, reach
from scpo.metrics.rewards import Rewards
from scpo.steering.clustered_regression import false_discovery

FEWEST_SEEDS = 3  # with fewer, training's luck is not known
ROUNDING = 1e-6  # of a share: seeds that differ by no more have trained the same model, and nothing is known of luck
COLUMNS = ["country", "question", "option", "global_share", "share", "change", "low", "high", "people", "nearer"]
COLUMNS += ["moved", "p", "q", "clear"]


def is_survey(data: Preferences) -> bool:
    """True if people chose among the options of questions, so that shares of options are known."""
    scores = data.pairs[["score_chosen", "score_rejected"]].to_numpy()
    return data.card.unit == "question" and bool(len(scores)) and not np.isnan(scores).any()


def question_table(data: Preferences, rewards: Rewards) -> pd.DataFrame:
    """The test questions of every country, one row each for its option that changes most clearly; largest first.

    global_share, share   of the option by the global and by the country's model (mean over seeds); change their
                          difference with its 95 % interval over seeds, NaN with fewer than `FEWEST_SEEDS`, or
                          of a method that trains the same model whatever the seed
    people   what part of the country's people chose it; nearer: the change goes towards that
    moved    half the sum of all changes of the question's options: what part of the answers changes sides
    """
    parts = [_of_country(data, rewards, place) for place in range(len(rewards.countries))]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)
    table["q"] = false_discovery(table["p"].to_numpy(np.float64))
    table["clear"] = table["q"] <= ALPHA
    order = table.assign(size=table["change"].abs()).sort_values(["clear", "size"], ascending=False, kind="stable")
    first = order.drop_duplicates(["country", "question"])
    return first.sort_values("size", ascending=False, kind="stable", ignore_index=True)[COLUMNS]


def _of_country(data: Preferences, rewards: Rewards, place: int) -> pd.DataFrame:
    """Every option of a country's test questions."""
    country = rewards.countries[place]
    test, validation = (answers_of(data.pairs.iloc[data.of(country, split)]) for split in (TEST, VALIDATION))
    models = np.vstack([rewards.base[place], rewards.own[place]]).astype(np.float64)
    if not len(test.unit):
        return pd.DataFrame(columns=COLUMNS)
    known = validation.texts()
    temperature = fit_temperature(validation, known, models[:, known])
    shares = predicted(test, test.texts(), models[:, test.texts()], temperature)  # (1 + S, Q, O)
    there = test.text >= 0
    change = shares[1:] - shares[0]
    mean, seeds = change.mean(0), len(change)
    error = change.std(0, ddof=1) / np.sqrt(seeds) if seeds >= FEWEST_SEEDS else np.zeros(mean.shape)
    error = np.where(error > ROUNDING, error, np.nan)
    half, told = reach(seeds) * error, np.nan_to_num(np.abs(mean) / error)
    rows = test.text[there]
    table = pd.DataFrame(
        {
            "country": country,
            "question": data.texts["prompt"].astype("str").to_numpy()[rows],
            "option": data.texts["response"].to_numpy()[rows],
            "global_share": shares[0][there],
            "share": shares[1:].mean(0)[there],
            "change": mean[there],
            "low": (mean - half)[there],
            "high": (mean + half)[there],
            "people": test.share[there],
            "moved": np.repeat(np.where(there, np.abs(mean), 0).sum(1) / 2, there.sum(1)),
            "p": 2 * stdtr(max(seeds - 1, 1), -told[there]),
        }
    )
    return table.assign(nearer=table["change"] * (table["people"] - table["global_share"]) > 0)
