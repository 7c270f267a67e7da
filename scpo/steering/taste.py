"""What moves a country's reward: planted axes in the demo world, words and simple features elsewhere.

Both are least squares of rewards on what a text has, within prompts: only differences between answers to the same
prompt ever decide a pair. numpy only; rewards come in as arrays. For real data the result is a correlation: a
word may stand for what it comes with.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pandas as pd
from scipy.special import ndtri

from scpo.data.preferences import TEST, Preferences
from scpo.errors import ConfigError
from scpo.metrics.intervals import FEWEST_UNITS, LEVEL, RESAMPLES, interval
from scpo.metrics.rewards import Rewards
from scpo.steering.mixing import GLOBAL

WORD = re.compile(r"[^\W\d_][^\W\d_'’]+")
FEWEST_TEXTS, MOST_WORDS, MOST_TEXTS = 20, 300, 20_000
RIDGE = 1.0  # keeps words apart that nearly always come together
FEATURES = {"(a question mark)": "?", "(an exclamation mark)": "!", "(a line break)": "\n"}
LENGTH, DIGIT = "(twice the length)", "(a digit)"
AXIS, OWN = "axis_", "country"


def tastes(data: Preferences, rewards: np.ndarray, planted: np.ndarray) -> dict[str, np.ndarray]:
    """Taste of M models per planted axis, learned against planted, over the texts of the test pairs.

    rewards (M, texts); planted (M, A), the taste that each model is held against
    A reward has no unit of its own, so the learned taste is scaled to the planted one as well as it can be: what
    is compared is its direction. Intervals come from resampling prompts. Returns learned, low, high, error
    (M, A) in units of the planted taste, cosine, cosine_low, cosine_high (M,), and the numbers texts, prompts.
    """
    names = axes(data)
    pairs = data.pairs[data.split_of_pairs() == TEST]
    texts = np.unique(pairs[["chosen", "rejected"]].to_numpy())
    prompt = np.unique(data.texts["prompt"].cat.codes.to_numpy()[texts], return_inverse=True)[1]
    levels = data.texts[[AXIS + name for name in names]].to_numpy(np.float64)[texts]
    x, y = within(levels, prompt), within(rewards[:, texts].T.astype(np.float64), prompt)
    prompts = prompt.max() + 1
    gram, cross = np.zeros((prompts, x.shape[1], x.shape[1])), np.zeros((prompts, x.shape[1], y.shape[1]))
    for at in range(prompts):
        mine = prompt == at
        gram[at], cross[at] = x[mine].T @ x[mine], x[mine].T @ y[mine]
    draws = prompt_draws(prompts)
    fit = _solve(gram.sum(0)[None], cross.sum(0)[None])[0].T  # (M, A)
    again = _solve(np.tensordot(draws, gram, 1), np.tensordot(draws, cross, 1)).transpose(2, 1, 0)  # (M, A, R)
    learned = scaled(fit[..., None], planted)[..., 0]
    low, high = interval(scaled(again, planted), prompts)
    cosine_low, cosine_high = interval(cosine(again, planted), prompts)
    return {
        "learned": learned,
        "low": low,
        "high": high,
        "error": learned - planted,
        "cosine": cosine(fit[..., None], planted)[:, 0],
        "cosine_low": cosine_low,
        "cosine_high": cosine_high,
        "texts": len(texts),
        "prompts": int(prompts),
    }


def _truth(data: Preferences) -> pd.DataFrame:
    """The planted tastes. Raises `ConfigError` for data of real people, whose tastes nobody planted."""
    if data.truth is None:
        raise ConfigError(f"{data.card.title} has no planted taste; the demo world has.")
    return data.truth


def prompt_draws(prompts: int) -> np.ndarray:
    """How often each prompt is drawn in every resample, (RESAMPLES, prompts) float64."""
    draws = np.random.default_rng(0).multinomial(max(prompts - 1, 1), np.full(prompts, 1 / prompts), RESAMPLES)
    return draws.astype(np.float64)


def axes(data: Preferences) -> list[str]:
    """Names of the planted axes, in the order of the planted truth."""
    return list(_truth(data).columns)


def _solve(gram: np.ndarray, cross: np.ndarray) -> np.ndarray:
    """Least squares from normal equations, (R, A, A), (R, A, M) -> (R, A, M); an axis that never varies gets 0."""
    return np.linalg.pinv(gram, rcond=1e-9, hermitian=True) @ cross


def cosine(found: np.ndarray, planted: np.ndarray) -> np.ndarray:
    """Cosine of tastes (M, A, R) with the planted ones (M, A) -> (M, R); NaN for a taste of nothing."""
    size = np.linalg.norm(found, axis=1) * np.linalg.norm(planted, axis=1)[:, None]
    return np.divide((found * planted[..., None]).sum(1), size, out=np.full(size.shape, np.nan), where=size > 0)


def scaled(found: np.ndarray, planted: np.ndarray) -> np.ndarray:
    """Tastes (M, A, R), each times the number, 0 or more, that brings it nearest to the planted one (M, A)."""
    square = (found**2).sum(1)
    dot = (found * planted[..., None]).sum(1)
    return found * np.divide(dot, square, out=np.zeros_like(dot), where=square > 0).clip(0)[:, None]


def within(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    """(n, k) values minus the mean of their group, group (n,) int."""
    size = np.bincount(group)
    mean = np.stack([np.bincount(group, column) / np.maximum(size, 1) for column in values.T], axis=1)
    return values - mean[group]


def taste_table(data: Preferences, rewards: Rewards, alpha: float) -> pd.DataFrame:
    """Planted and learned taste per country and axis, with the cosine of the whole, for the demo world.

    Columns country, model (`global`, or `country` for r_alpha), axis, planted, learned, low, high, error, cosine,
    cosine_low, cosine_high, texts, prompts.
    """
    countries, names = rewards.countries, axes(data)
    planted = _truth(data).loc[list(countries)].to_numpy(np.float64)
    found = tastes(data, np.concatenate([rewards.base, rewards.at(alpha)]), np.concatenate([planted, planted]))
    frames = []
    for at, country in enumerate([*countries, *countries]):
        frames.append(
            pd.DataFrame(
                {
                    "country": country,
                    "model": GLOBAL if at < len(countries) else OWN,
                    "axis": names,
                    "planted": planted[at % len(countries)],
                    **{name: found[name][at] for name in ("learned", "low", "high", "error")},
                    **{name: found[name][at] for name in ("cosine", "cosine_low", "cosine_high")},
                    **{name: found[name] for name in ("texts", "prompts")},
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def word_table(data: Preferences, rewards: Rewards, country: str) -> tuple[pd.DataFrame, int]:
    """Which words and features go with a higher reward by a country's model than by the global model.

    The table has term, effect (reward, other terms held equal), low, high, texts (that have it), clear (the
    interval leaves 0 out), the largest effect first; and how many texts were looked at. A term that fewer than
    FEWEST_TEXTS texts have, or that all but so few have, is left out. Intervals hold for all terms at once
    (Bonferroni), with errors that may be alike within a prompt.
    """
    place, texts = rewards.countries.index(country), _sampled(data)
    difference = rewards.own[place].mean(0) - rewards.base[place]
    prompt = np.unique(data.texts["prompt"].cat.codes.to_numpy()[texts], return_inverse=True)[1]
    names, x = terms(data.texts["response"].to_numpy()[texts])
    columns = ["term", "effect", "low", "high", "texts", "clear"]
    if not names:
        return pd.DataFrame(columns=columns), len(texts)
    centred, y = within(x, prompt), within(difference[texts, None].astype(np.float64), prompt)[:, 0]
    inverse = np.linalg.inv(centred.T @ centred + RIDGE * np.eye(len(names)))
    effect = inverse @ (centred.T @ y)
    score = centred * (y - centred @ effect)[:, None]
    by_prompt = np.stack([np.bincount(prompt, column) for column in score.T], axis=1)  # (prompts, terms)
    spread = np.sqrt(((by_prompt @ inverse) ** 2).sum(0)) * ndtri(1 - (1 - LEVEL) / (2 * len(names)))
    if prompt.max() + 1 < FEWEST_UNITS:
        spread = np.full(len(names), np.nan)
    low, high = effect - spread, effect + spread
    count = [len(texts) if name == LENGTH else int(n) for name, n in zip(names, (x > 0).sum(0), strict=True)]
    table = pd.DataFrame(dict(zip(columns, (names, effect, low, high, count, (low > 0) | (high < 0)), strict=True)))
    return table.sort_values("effect", ascending=False, ignore_index=True), len(texts)


def _sampled(data: Preferences) -> np.ndarray:
    """Rows of texts of prompts that have two answers or more; of very many, those of some prompts, always the same."""
    code = data.texts["prompt"].cat.codes.to_numpy()
    size = np.bincount(code)
    order = np.random.default_rng(0).permutation(len(size))
    order = order[size[order] > 1]
    taken = np.zeros(len(size), bool)
    taken[order[: max(int(np.searchsorted(np.cumsum(size[order]), MOST_TEXTS, "right")), 1)]] = True
    return np.flatnonzero(taken[code])


def terms(responses: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Names of the words and features that are common enough, and which text has them, (n, terms).

    The length counts in doublings of the number of characters, everything else as there or not there.
    """
    has = [set(map(str.lower, WORD.findall(text))) for text in responses]
    counts, most = Counter(word for words in has for word in words), len(responses) - FEWEST_TEXTS
    common = sorted((w for w, n in counts.items() if FEWEST_TEXTS <= n <= most), key=lambda w: (-counts[w], w))
    place = {word: at for at, word in enumerate(sorted(common[:MOST_WORDS]))}
    x = np.zeros((len(responses), len(place)))
    for row, words in enumerate(has):
        x[row, [place[word] for word in words if word in place]] = 1
    extra = {name: np.array([sign in text for text in responses], float) for name, sign in FEATURES.items()}
    extra[DIGIT] = np.array([any(c.isdigit() for c in text) for text in responses], float)
    extra = {name: column for name, column in extra.items() if FEWEST_TEXTS <= column.sum() <= most}
    length = np.log2([max(len(text), 1) for text in responses])
    if len(responses) >= FEWEST_TEXTS and np.ptp(length) > 0:
        extra[LENGTH] = length
    return [*place, *extra], np.column_stack([x, *extra.values()])
