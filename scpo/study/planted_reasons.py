"""Do shares of sentences find the true reasons? In the demo world these are known: the planted phrases.

A run's models are asked about answers of the test pairs. A sentence is a planted reason of a country if it has a phrase
of one of the country's `STRONGEST` shifts of taste away from the reference population; what it should bring is the
level of the phrase times that shift. Four ways point at sentences: shares (`scpo.steering.reasons`) of what steering
changed, the effects of words (`scpo.steering.taste`), the encoder's attention, and chance. Of each:

    precision   of the k sentences of an answer that it points at most, k being the number of planted reasons: the part
                that are planted
    auc         how often a planted reason is pointed at more than another sentence of its answer (ties count half)
    sign        how often a planted reason is given the planted sign; attention has none

Intervals resample prompts.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from scpo import data as sources
from scpo import runs
from scpo.data.demo import REFERENCE
from scpo.data.demo_answers import phrase_levels
from scpo.data.preferences import TEST, Preferences
from scpo.data.scores import texts_of
from scpo.errors import ConfigError
from scpo.metrics.accuracy import MEAN
from scpo.metrics.intervals import interval
from scpo.metrics.outcomes import ratio
from scpo.metrics.rewards import Rewards
from scpo.steering.reasons import Shortened
from scpo.steering.taste import WORD, prompt_draws, word_table

STRONGEST = 3  # axes of a country's taste whose phrases are its planted reasons
MEASURES = ("precision", "auc", "sign")
SHARES, WORDS, ATTENTION, CHANCE = "shares", "words", "attention", "chance"


def planted_reasons(folder: Path, method: str, answers: int) -> pd.DataFrame:
    """How well each way points at the planted reasons, for a finished run of heads in the demo world.

    Columns country (the mean over countries last), way, measure, value, low, high, answers, prompts.
    Raises `ConfigError` for a run that has no planted truth or no heads, `RunFolderError` if its data changed.
    """
    from scpo.training.attention import sentence_attention
    from scpo.training.heads import saved

    result = runs.read(folder)
    data = sources.load_unchanged(result.config.data, result.card["content_hash"])
    if data.truth is None or result.config.finetune.model:
        raise ConfigError(f"{folder} is no run of heads in the demo world, where alone the true reasons are known.")
    if data.folds is not None:
        raise ConfigError(f"{folder} tests by folds: its models know every answer. Name a run without folds.")
    models = saved.load_models(folder, result.config, result.card["countries"])
    rows = _answers(data, answers)
    texts, prompts = data.texts["response"].to_numpy()[rows], data.texts["prompt"].to_numpy()[rows]
    forms = [Shortened.of(text) for text in texts]
    trials = pd.DataFrame(
        {
            "prompt": pd.Categorical(np.repeat(prompts, [len(form.present) for form in forms])),
            "response": [text for form in forms for text in form.texts],
        }
    )
    rewards = saved.reward_texts(models, trials, method, keep=False)
    of_data = saved.reward_texts(models, data.texts, method)
    attention = sentence_attention(models.encoder, texts, [form.sentences for form in forms])
    levels = [phrase_levels(form.sentences) for form in forms]
    prompt = np.unique(prompts, return_inverse=True)[1]
    counts = []
    for place, country in enumerate(rewards.countries):
        shift = (data.truth.loc[country] - data.truth.loc[REFERENCE]).to_numpy()
        planted = [level @ np.where(_strongest(shift), shift, 0) for level in levels]
        pointed = {
            SHARES: _shares(forms, rewards, place),
            WORDS: _words(forms, data, of_data, country),
            ATTENTION: attention,
            CHANCE: None,
        }
        counts.append({way: _counted(planted, scores) for way, scores in pointed.items()})
    return _table(rewards.countries, counts, prompt)


def _answers(data: Preferences, most: int) -> np.ndarray:
    """Rows of some answers of the test pairs, (n,), always the same ones of the same data."""
    rows = texts_of(data, np.flatnonzero(data.split_of_pairs() == TEST))
    return np.sort(np.random.default_rng(0).permutation(rows)[:most])


def _strongest(shift: np.ndarray) -> np.ndarray:
    """(axes,) bool: the axes that a taste is shifted most along."""
    return np.isin(np.arange(len(shift)), np.argsort(-np.abs(shift), kind="stable")[:STRONGEST])


def _shares(forms: Sequence[Shortened], rewards: Rewards, place: int) -> list[np.ndarray]:
    """Each sentence's share in the country's reward minus the global model's."""
    change = rewards.at(1.0)[place].astype(np.float64) - rewards.base[place]
    ends = np.cumsum([len(form.present) for form in forms])[:-1]
    return [form.shares(part[None])[0][0] for form, part in zip(forms, np.split(change, ends), strict=True)]


def _words(forms: Sequence[Shortened], data: Preferences, rewards: Rewards, country: str) -> list[np.ndarray]:
    """The sum of the effects of each sentence's words."""
    table, _ = word_table(data, rewards, country)
    effect = dict(zip(table["term"], table["effect"], strict=True))
    return [
        np.array([sum(effect.get(word, 0.0) for word in set(map(str.lower, WORD.findall(part)))) for part in parts])
        for parts in (form.sentences for form in forms)
    ]


def _counted(planted: Sequence[np.ndarray], scores: Sequence[np.ndarray] | None) -> np.ndarray:
    """(answers, measures, 2): what each answer adds to the numerator and the denominator of each measure.

    scores   of every sentence of every answer; None for a way that points at random, of which it is the expectation
    """
    counts = np.zeros((len(planted), len(MEASURES), 2))
    for at, effect in enumerate(planted):
        reason = effect != 0
        k, n = int(reason.sum()), len(reason)
        if not 0 < k < n:  # nothing can be told apart
            continue
        if scores is None:
            hits, above, same = k * k / n, k * (n - k) / 2, k / 2
        else:
            size = np.abs(scores[at])
            top = np.argsort(-size, kind="stable")[:k]
            hits = reason[top].sum()
            above = (size[reason][:, None] > size[~reason]).sum() + (size[reason][:, None] == size[~reason]).sum() / 2
            same = (np.sign(scores[at][reason]) == np.sign(effect[reason])).sum()
        counts[at] = (hits, k), (above, k * (n - k)), (same, k)
    return counts


def _table(countries: Sequence[str], counts: Sequence[dict[str, np.ndarray]], prompt: np.ndarray) -> pd.DataFrame:
    """Values and intervals from the counts of answers, resampled by prompt (answers,)."""
    prompts = int(prompt.max()) + 1
    drawn = prompt_draws(prompts)
    by_prompt = np.eye(prompts)[prompt]  # (answers, prompts)
    records = []
    for way in counts[0]:
        sums = np.stack([np.einsum("ap,amk->mkp", by_prompt, count[way]) for count in counts])  # (C, measures, 2, P)
        values = ratio(*np.moveaxis(sums.sum(-1), -1, 0))
        draws = ratio(*np.moveaxis(sums @ drawn.T, -2, 0))
        values = np.concatenate([values, values.mean(0, keepdims=True)])
        draws = np.concatenate([draws, draws.mean(0, keepdims=True)])
        low, high = interval(draws, prompts)
        used = [int((count[way][:, 0, 1] > 0).sum()) for count in counts]
        for place, country in enumerate([*countries, MEAN]):
            for m, measure in enumerate(MEASURES):
                if way == ATTENTION and measure == "sign":
                    continue
                answers = used[place] if place < len(used) else sum(used)
                numbers = values[place, m], low[place, m], high[place, m], answers, prompts
                records.append((country, way, measure, *numbers))
    return pd.DataFrame(records, columns=["country", "way", "measure", "value", "low", "high", "answers", "prompts"])
