"""The answers of the demo world: phrases put together along the planted axes, and where a text has them.

An answer of the world `prism` has a phrase for every axis on which it is not neutral: half a dozen sentences or more.
One of the world `plain` is the same answer with two or three of its styles alone, at most one of each of
`PLACES_OF_STYLE`, so that it reads as one thought: how it begins, the answer itself, what it rests on, how it ends.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from scpo.data.demo_phrases import AXES, EVASIVE, PLACES, TOPICS

ORDER = (
    "warmth",
    "formality",
    "directness",
    "core",
    "hedging",
    "length",
    "collective",
    "deference",
    "locality",
    "humour",
    "optimism",
)
AXIS_NAMES = (*(name for name in ORDER if name != "core"), "helpfulness")
PLACES_OF_STYLE = (OPENING, GROUND, END) = (
    ("warmth", "formality", "directness"),
    ("length", "collective", "deference", "locality"),
    ("hedging", "humour", "optimism"),
)
NOT_EVASIVE = {("directness", 1), ("hedging", -1)}  # "This always works." of an answer that says nothing
SHORT_ORDER = (*OPENING, "core", *GROUND, *END)
ANSWERS_PER_PROMPT = 63


Drawn = tuple[str, dict[str, list[str]]]  # a prompt, and the sentences of an answer to it by what they are there for


def long_answers(rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    """Every answer with all its styles: a table of prompt and response, and levels (answers, axes) in -1, 0, 1."""
    drawn, levels = _drawn(rng)
    return _distinct([(prompt, " ".join(sum(parts.values(), []))) for prompt, parts in drawn], levels)


def short_answers(rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    """The same answers with two or three of their styles each, as `long_answers` returns them.

    It leaves the generator in the same state, so that the tastes that are drawn next are the same too.
    """
    (which,), (drawn, levels) = rng.spawn(1), _drawn(rng)
    rows = []
    for (prompt, parts), level in zip(drawn, levels, strict=True):
        styles = _styles(which, dict(zip(AXIS_NAMES, level, strict=True)))
        level[:-1] *= np.isin(AXIS_NAMES[:-1], styles)
        rows.append((prompt, " ".join(parts[slot][0] for slot in SHORT_ORDER if slot in ("core", *styles))))
    return _distinct(rows, levels)


def _styles(rng: np.random.Generator, level: dict[str, float]) -> list[str]:
    """The styles that a short answer keeps: of each place one at most, two or three in all where it has so many."""
    unsaid = {("length", -1)} if level["helpfulness"] > 0 else {("length", -1), *NOT_EVASIVE}
    has = {name for name in level if level[name] and (name, level[name]) not in unsaid}
    styles = [here[rng.integers(len(here))] for place in PLACES_OF_STYLE if (here := sorted(has & set(place)))]
    if len(styles) == len(PLACES_OF_STYLE) and rng.uniform() < 0.5:
        styles.pop(rng.integers(len(styles)))
    return styles


def _drawn(rng: np.random.Generator) -> tuple[list[Drawn], np.ndarray]:
    """What every answer can have, in the order in which it is said, and its levels."""
    prompts = [(topic, prompt) for topic, part in TOPICS.items() for prompt in part["prompts"]]
    n = len(prompts) * ANSWERS_PER_PROMPT
    levels = rng.choice([-1, 0, 1], size=(n, len(AXIS_NAMES)), p=[0.27, 0.46, 0.27]).astype(np.float32)
    levels[:, -1] = rng.choice([-1, 1], size=n, p=[0.3, 0.7])  # helpfulness: an evasive core or a useful one
    drawn = []
    for at in range(n):
        topic, prompt = prompts[at // ANSWERS_PER_PROMPT]
        level = dict(zip(AXIS_NAMES, levels[at], strict=True))
        drawn.append((prompt, {slot: _sentences(rng, slot, level, TOPICS[topic], prompt) for slot in ORDER}))
    return drawn, levels


def _sentences(rng: np.random.Generator, slot: str, level: dict[str, float], topic: dict, prompt: str) -> list[str]:
    """What an answer says in one of its slots."""
    if slot == "core":
        cores = topic["prompts"][prompt] if level["helpfulness"] > 0 else EVASIVE
        return [cores[rng.integers(len(cores))]]
    if slot == "length":
        count = {-1: 0, 0: 1, 1: 3}[int(level[slot])]
        return [topic["more"][i] for i in sorted(rng.permutation(len(topic["more"]))[:count])]
    if not level[slot]:
        return []
    bank = AXES[slot][int(level[slot] > 0)]
    return [bank[rng.integers(len(bank))].replace("{place}", PLACES[rng.integers(len(PLACES))])]


def _distinct(rows: list[tuple[str, str]], levels: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    table = pd.DataFrame(rows, columns=["prompt", "response"])
    fresh = ~table.duplicated().to_numpy()
    return table[fresh].reset_index(drop=True), levels[fresh]


def with_levels(texts: pd.DataFrame, answers: pd.DataFrame, levels: np.ndarray) -> pd.DataFrame:
    """The planted level of each axis beside each text, in columns `axis_<name>`."""
    at = pd.MultiIndex.from_frame(answers).get_indexer(pd.MultiIndex.from_frame(texts.astype("str")))
    return texts.assign(**{f"axis_{name}": levels[at, place] for place, name in enumerate(AXIS_NAMES)})


def phrase_levels(sentences: Sequence[str]) -> np.ndarray:
    """Which planted phrases sentences have: the sum of their levels per axis of `AXIS_NAMES`, (n, axes) in -1, 0, 1.

    Axes without phrases of their own, length and helpfulness, are 0.
    """
    levels = np.zeros((len(sentences), len(AXIS_NAMES)))
    for row, sentence in enumerate(sentences):
        for axis, level, phrase in _phrases():
            if phrase.search(sentence):
                levels[row, AXIS_NAMES.index(axis)] += level
    return levels


@functools.cache
def _phrases() -> list[tuple[str, int, re.Pattern]]:
    """Axis, level and form of every planted phrase; a place may be any."""
    place = "(?:" + "|".join(map(re.escape, PLACES)) + ")"
    return [
        (axis, level, re.compile(re.escape(phrase).replace(re.escape("{place}"), place)))
        for axis, banks in AXES.items()
        for level, bank in zip((-1, 1), banks, strict=True)
        for phrase in bank
    ]
