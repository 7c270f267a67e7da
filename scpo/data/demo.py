"""The demo world: a simulated set in PRISM's shape, with real sentences and a planted truth.

Seven invented countries and a larger invented reference population score answers that are put
together from phrases along interpretable axes. What is planted is taste and noise, never a
result: a global taste, a shift of it per country, a deviation per user, and a share of users who
only give extreme scores. Everything follows from one seed and from the settings `demo_*`, which
change how much of each is planted: worlds of one seed have the same answers, and those of one number
of people the same draws too. Nothing in it is measured from real people, and no place in it is real.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from scpo.config import DataConfig
from scpo.data.demo_phrases import AXES, EVASIVE, PLACES, TOPICS
from scpo.data.pairing import scored_pairs, split_units
from scpo.data.preferences import DataCard, Preferences

REFERENCE = "Meridia"
USERS = {
    "Alvoria": 86,
    "Bresland": 77,
    "Cindara": 72,
    "Dolvane": 67,
    "Estovia": 65,
    "Farrowind": 61,
    "Galune": 54,
}
COUNTRIES = tuple(USERS)
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
ANSWERS_PER_PROMPT = 63
FIRST_TURNS, LATER_TURNS = 4, 8  # interactions of a user with 4 and with 2 responses
GLOBAL_TASTE, SHIFT = 0.6, (0.8, 1.7)
NOTES = (
    "Simulated: nothing here is measured from real people, and no country in it is real.",
    "Planted are a global taste, a taste per country, noise per user and extreme raters; no method's result is.",
)


def load(config: DataConfig) -> Preferences:
    """The demo world of `config.demo_seed`, about 3,000 distinct texts and 20,000 pairs."""
    rng = np.random.default_rng([2606, 18606, config.demo_seed])
    answers, levels = _answers(rng)
    taste = _tastes(rng, config.demo_shift)
    users = _users(config)
    rows, extreme = _scores(rng, answers, levels, taste, users, config)
    texts, pairs = scored_pairs(rows)
    split = split_units(len(users), config.split_seed, config.test_share, config.validation_share)
    size = np.bincount(rows["group"])
    tied = int((size * (size - 1) // 2).sum()) - len(pairs)
    card = DataCard(
        "demo",
        f"Demo world (simulated), seed {config.demo_seed}",
        True,
        "user",
        f"simulated by scpo.data.demo, seed {config.demo_seed}",
        "Apache-2.0, part of this software",
        (REFERENCE,),
        COUNTRIES,
        {"pairs of equal scores": tied},
        (*NOTES, *_changed(config)),
    )
    return Preferences(
        _with_levels(texts, answers, levels),
        pairs,
        users.assign(split=split, ratings=np.where(extreme, "extremes only", "graded")),
        card,
        taste,
    )


def _users(config: DataConfig) -> pd.DataFrame:
    """Names and countries of all people, the reference first."""
    sizes = {REFERENCE: config.demo_reference_people} | {c: round(n * config.demo_people) for c, n in USERS.items()}
    names = [f"u{n:04d}" for n in range(sum(sizes.values()))]
    return pd.DataFrame({"name": names, "country": np.repeat(list(sizes), list(sizes.values()))})


def _changed(config: DataConfig) -> list[str]:
    """What is planted otherwise than by default, in words."""
    knobs = [f for f in dataclasses.fields(config) if f.name.startswith("demo_") and f.metadata["rare"]]
    found = [
        f"{f.name} {getattr(config, f.name):g} (default {f.default:g})"
        for f in knobs
        if getattr(config, f.name) != f.default
    ]
    return [f"Not the default world: {', '.join(found)}."] if found else []


def _answers(rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    """Every answer of the world: a table of prompt and response, and levels (answers, axes) in -1..1."""
    prompts = [(topic, prompt) for topic, part in TOPICS.items() for prompt in part["prompts"]]
    n = len(prompts) * ANSWERS_PER_PROMPT
    levels = rng.choice([-1, 0, 1], size=(n, len(AXIS_NAMES)), p=[0.27, 0.46, 0.27]).astype(np.float32)
    levels[:, -1] = rng.choice([-1, 1], size=n, p=[0.3, 0.7])  # helpfulness: an evasive core or a useful one
    rows = []
    for at in range(n):
        topic, prompt = prompts[at // ANSWERS_PER_PROMPT]
        rows.append((prompt, _answer(rng, TOPICS[topic], prompt, dict(zip(AXIS_NAMES, levels[at], strict=True)))))
    table = pd.DataFrame(rows, columns=["prompt", "response"])
    fresh = ~table.duplicated().to_numpy()
    return table[fresh].reset_index(drop=True), levels[fresh]


def _answer(rng: np.random.Generator, topic: dict, prompt: str, level: dict[str, float]) -> str:
    parts = []
    for slot in ORDER:
        if slot == "core":
            cores = topic["prompts"][prompt] if level["helpfulness"] > 0 else EVASIVE
            parts.append(cores[rng.integers(len(cores))])
        elif slot == "length":
            count = {-1: 0, 0: 1, 1: 3}[int(level[slot])]
            parts += [topic["more"][i] for i in sorted(rng.permutation(len(topic["more"]))[:count])]
        elif level[slot]:
            bank = AXES[slot][int(level[slot] > 0)]
            parts.append(bank[rng.integers(len(bank))].replace("{place}", PLACES[rng.integers(len(PLACES))]))
    return " ".join(parts)


def _tastes(rng: np.random.Generator, size: float) -> pd.DataFrame:
    """Planted taste per population (rows, the reference first) and axis: the global taste plus a shift.

    Shifts differ in size from country to country, and the last two countries share most of theirs.
    Nobody's taste for helpful answers is shifted: that is common ground.
    """
    axes = len(AXIS_NAMES)
    common = GLOBAL_TASTE * rng.choice([-1, 1], axes) * rng.uniform(0.5, 1.5, axes)
    common[-1] = 1.0
    shift = rng.normal(size=(len(COUNTRIES), axes))
    shift[-1] = shift[-2] + 0.5 * shift[-1]
    shift[:, -1] = 0
    free = np.where(np.arange(axes) < axes - 1, common, 0.0)  # the global taste without the common ground
    shift -= np.outer(shift @ free / (free @ free), free)
    shift /= np.linalg.norm(shift, axis=1, keepdims=True)
    shift *= rng.permutation(np.linalg.norm(common) * np.linspace(*SHIFT, len(COUNTRIES)))[:, None]
    planted = np.vstack([common, common + size * shift])
    return pd.DataFrame(planted, index=pd.Index([REFERENCE, *COUNTRIES], name="population"), columns=list(AXIS_NAMES))


def _scores(
    rng, answers: pd.DataFrame, levels: np.ndarray, taste: pd.DataFrame, users: pd.DataFrame, config: DataConfig
):
    """Scored responses, 1 to 100, and which users (n,) only give extreme scores: each user meets some prompts, each
    with 4 or 2 of its answers."""
    of_prompt = [np.asarray(rows) for rows in answers.groupby("prompt", sort=False).indices.values()]
    sizes = np.array([4] * FIRST_TURNS + [2] * LATER_TURNS)
    user = np.repeat(np.arange(len(users)), sizes.sum())
    group = np.repeat(np.arange(len(users) * len(sizes)), np.tile(sizes, len(users)))
    met = np.concatenate([rng.permutation(len(of_prompt))[: len(sizes)] for _ in range(len(users))])
    shown = [
        of_prompt[p][rng.permutation(len(of_prompt[p]))[:s]]
        for p, s in zip(met, np.tile(sizes, len(users)), strict=True)
    ]
    answer = np.concatenate(shown)
    own = taste.loc[users["country"]].to_numpy() + config.demo_user_noise * rng.normal(
        size=(len(users), levels.shape[1])
    )
    utility = (levels[answer] * own[user]).sum(1) + config.demo_score_noise * rng.normal(size=len(answer))
    habit, spread = rng.normal(58, 10, len(users)), rng.uniform(8, 16, len(users))
    score = habit[user] + spread[user] * utility
    extreme = rng.uniform(size=len(users)) < config.demo_extreme_raters
    score = np.where(extreme[user], np.where(utility > 0, 98, 3) + 2 * rng.normal(size=len(answer)), score)
    scored = pd.DataFrame(
        {
            "prompt": answers["prompt"].to_numpy()[answer],
            "response": answers["response"].to_numpy()[answer],
            "score": np.clip(np.rint(score), 1, 100),
            "country": users["country"].to_numpy()[user],
            "unit": user,
            "group": group,
        }
    )
    return scored, extreme


def _with_levels(texts: pd.DataFrame, answers: pd.DataFrame, levels: np.ndarray) -> pd.DataFrame:
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
