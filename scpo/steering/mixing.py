"""Rewards of countries, weaker, stronger and mixed, and what that does on the test pairs.

    r_alpha = r_g + alpha (r_c - r_g)                     alpha 0: the global model, 1: the country's, beyond: more so
    r_mix   = sum_c w_c (r_g + alpha (r_c - r_g))         weights w_c sum to 1

Both are sums of rewards, so they hold for every kind of head; for linear heads they are the same as sums of
weights, so that a mixture is one head again. Every seed is a model of its own: what is measured is the mean over
seeds, as everywhere. numpy only; where rewards come from is the business of `scpo.training.heads.saved`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from scpo.data.preferences import TEST, Preferences
from scpo.errors import InputError
from scpo.metrics.accuracy import MEAN, ResampledOutcomes
from scpo.metrics.outcomes import SUBSETS, count_outcomes
from scpo.metrics.rewards import STEPS, Rewards, steered

ALPHAS = STEPS
FEWEST_ANSWERS, MOST_ANSWERS, LONGEST = 2, 4, 4000  # typed texts: how many answers, and characters of each text
GLOBAL = "global"
AS_METHOD = "full"  # a name that `ResampledOutcomes` knows; each value measured here takes the place of a budget of it


def typed_faults(prompt: str, answers: Sequence[str]) -> tuple[list[str], list[str]]:
    """What keeps typed texts from being scored: faults of the prompt, and those of the answers."""
    prompt_faults, answer_faults = [], []
    if not prompt.strip():
        prompt_faults.append("the prompt is empty")
    if not FEWEST_ANSWERS <= len(answers) <= MOST_ANSWERS:
        given = "1 answer" if len(answers) == 1 else f"{len(answers)} answers"
        answer_faults.append(f"{given}; needed: {FEWEST_ANSWERS} to {MOST_ANSWERS}")
    if len(prompt) > LONGEST:
        prompt_faults.append(_too_long("the prompt", prompt))
    answer_faults += [_too_long(f"answer {letter(at)}", text) for at, text in enumerate(answers) if len(text) > LONGEST]
    return prompt_faults, answer_faults


def _too_long(name: str, text: str) -> str:
    return f"{name} has {len(text):,} characters; at most {LONGEST:,} are read"


def check_typed(prompt: str, answers: Sequence[str]) -> None:
    """Raise `InputError` with all that is wrong with typed texts."""
    wrong = sum(typed_faults(prompt, answers), [])
    if wrong:
        raise InputError(f"These texts cannot be scored: {'; '.join(wrong)}.")


def letter(at: int) -> str:
    """A, B, C, ... for answers."""
    return chr(ord("A") + at)


def answer_table(rewards: Rewards, alpha: float) -> pd.DataFrame:
    """Reward and rank of each answer (the texts of `rewards`) by the global model and every country's.

    Columns model, answer (A, B, ...), reward (minus the model's mean over these answers, since only differences
    within one prompt mean anything), rank (1 = best; equal rewards share the better rank), agree (seeds that
    give it this rank), seeds. With several global models, `global` is their mean.
    """
    by_seed = steered(rewards.base[:, None], rewards.own, alpha)
    models = [(GLOBAL, rewards.base.mean(0)[None]), *zip(rewards.countries, by_seed, strict=True)]
    frames = []
    for name, values in models:
        mean = values.mean(0)
        rank, each = ranks(mean), np.stack([ranks(one) for one in values])
        frames.append(
            pd.DataFrame(
                {
                    "model": name,
                    "answer": [letter(at) for at in range(len(mean))],
                    "reward": mean - mean.mean(),
                    "rank": rank,
                    "agree": (each == rank).sum(0),
                    "seeds": len(values),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def ranks(rewards: np.ndarray) -> np.ndarray:
    """(n,) rewards to ranks from 1, the highest reward first."""
    return 1 + (rewards[None, :] > rewards[:, None]).sum(1)


def alpha_table(data: Preferences, rewards: Rewards, alphas: Sequence[float] = ALPHAS) -> pd.DataFrame:
    """Accuracy of each country's r_alpha on its own test pairs, and the mean over countries.

    Columns country, alpha, subset, accuracy, low, high, change, change_low, change_high (against the alpha nearest
    to 1, paired), n, units, seeds. At alpha 1 the accuracies are those of the run.
    """

    def margins(place: int, base: np.ndarray, own: np.ndarray) -> np.ndarray:
        return np.stack([steered(base[place], own[place], alpha) for alpha in alphas])

    whole = int(np.argmin(np.abs(np.asarray(alphas) - 1)))
    return _measured(data, rewards, margins, "alpha", alphas, whole)


def mixture_table(
    data: Preferences, rewards: Rewards, weights: Sequence[Sequence[float]], alpha: float
) -> pd.DataFrame:
    """Accuracy of mixtures of countries on the test pairs of every country, and the mean over countries.

    weights (W, C), each row sums to 1. Columns as of `alpha_table`, with `mixture` (the row of weights) for alpha,
    and the change against the first row.
    """
    shares = np.asarray(weights, np.float32)

    def margins(place: int, base: np.ndarray, own: np.ndarray) -> np.ndarray:
        return np.einsum("wc,csn->wsn", shares, steered(base[:, None], own, alpha))

    return _measured(data, rewards, margins, "mixture", range(len(shares)), 0)


def _measured(
    data: Preferences, rewards: Rewards, margins: Callable, name: str, values: Sequence, against: int
) -> pd.DataFrame:
    """Accuracy at each value, on the test pairs of each country, by the measures of every other page.

    margins(place, base (C, n), own (C, S, n)) -> (values, S, n) on the test pairs of the place-th country
    """
    seeds, outcomes = rewards.own.shape[1], []
    budget_index, seed = np.divmod(np.arange(len(values) * seeds), seeds)
    heads = pd.DataFrame({"method": AS_METHOD, "seed": seed, "level": budget_index, "pairs": 0, "trained": 0})
    for place, country in enumerate(rewards.countries):
        rows = data.of(country, TEST)
        chosen, rejected = (data.pairs[side].to_numpy()[rows] for side in ("chosen", "rejected"))
        base, own = (r[..., chosen] - r[..., rejected] for r in (rewards.base, rewards.own))
        found = margins(place, base, own).reshape(len(heads), -1)
        outcomes.append(count_outcomes(country, heads, found, base[place], data.pairs["unit"].to_numpy()[rows]))
    resampled = ResampledOutcomes(outcomes, data.card.unit == "question")
    records = [
        {"country": country, name: value, **row}
        for country in (MEAN, *rewards.countries)
        for at, value in enumerate(values)
        for row in _subsets(resampled, country, at, against)
    ]
    return pd.DataFrame(records).assign(seeds=seeds)


def _subsets(resampled: ResampledOutcomes, country: str, at: int, against: int):
    """Accuracy at one value on each subset, and its paired difference to that at another value."""
    result, other = (resampled.result(country, AS_METHOD, budget_index) for budget_index in (at, against))
    for s, subset in enumerate(SUBSETS):
        n, units, _ = resampled.size(country, s)
        low, high = resampled.interval(country, s, result.draws[s])
        change_low, change_high = resampled.interval(country, s, result.draws[s] - other.draws[s])
        yield {
            "subset": subset,
            "accuracy": result.value[s],
            "low": low,
            "high": high,
            "change": result.value[s] - other.value[s],
            "change_low": change_low,
            "change_high": change_high,
            "n": n,
            "units": units,
        }


def simplex(parts: int) -> np.ndarray:
    """Every way to share 1 among three in steps of 1/parts, (n, 3)."""
    return np.array([(a, b, parts - a - b) for a in range(parts + 1) for b in range(parts + 1 - a)]) / parts


def line(parts: int) -> np.ndarray:
    """Every way to share 1 between two in steps of 1/parts, the first's share from 1 to 0, (parts + 1, 2)."""
    share = np.arange(parts + 1) / parts
    return np.column_stack([1 - share, share])
