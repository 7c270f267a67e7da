"""The demo world: a simulated set in PRISM's shape, with real sentences and a planted truth.

Seven invented countries and a larger invented reference population score answers that are put
together from phrases along interpretable axes. What is planted is taste and noise, never a
result: a global taste, a shift of it per country, a deviation per user, and a share of users who
only give extreme scores. Everything follows from one seed and from the settings `demo_*`, which
change how much of each is planted: worlds of one seed have the same answers, and those of one number
of people the same draws too. Nothing in it is measured from real people, and no place in it is real.

There are two worlds of each seed, with the same tastes and noise. In `plain` an answer is one thought in two or three
styles, and every population has `demo_test_people` beside those who are learned from, so that what is planted can be
seen. In `prism` an answer has up to ten styles, and a share of the people is the test, as many as in PRISM.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from scpo.config import PRISM_SIZED, DataConfig
from scpo.data.demo_answers import AXIS_NAMES, long_answers, short_answers, with_levels
from scpo.data.pairing import scored_pairs, split_units
from scpo.data.preferences import PARTS, TEST, DataCard, Preferences

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
FIRST_TURNS, LATER_TURNS = 4, 8  # interactions of a user with 4 and with 2 responses
GLOBAL_TASTE, SHIFT = 0.6, (0.8, 1.7)
NOTES = (
    "Simulated: nothing here is measured from real people, and no country in it is real.",
    "Planted are a global taste, a taste per country, noise per user and extreme raters; no method's result is.",
)


def load(config: DataConfig) -> Preferences:
    """The demo world of `config.demo_seed`: about 3,000 distinct texts; 41,000 pairs, or 25,000 at PRISM's size."""
    rng = np.random.default_rng([2606, 18606, config.demo_seed])
    small = config.demo_world == PRISM_SIZED
    answers, levels = long_answers(rng) if small else short_answers(rng)
    taste = _tastes(rng, config.demo_shift)
    users = _users(config)
    rows, extreme = _scores(rng, answers, levels, taste, users, config)
    texts, pairs = scored_pairs(rows)
    size = np.bincount(rows["group"])
    of_size = " of PRISM's size"
    tied = int((size * (size - 1) // 2).sum()) - len(pairs)
    card = DataCard(
        "demo",
        f"Demo world{of_size * small} (simulated), seed {config.demo_seed}",
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
        with_levels(texts, answers, levels),
        pairs,
        users.assign(split=_split(users, config), ratings=np.where(extreme, "extremes only", "graded")),
        card,
        taste,
    )


def _test_people(config: DataConfig) -> int:
    """How many people of each population are tested alone; 0 = a share of all people is the test."""
    return 0 if config.demo_world == PRISM_SIZED else config.demo_test_people


def _users(config: DataConfig) -> pd.DataFrame:
    """Names and countries of all people, the reference first."""
    sizes = {REFERENCE: config.demo_reference_people} | {c: round(n * config.demo_people) for c, n in USERS.items()}
    people = [size + _test_people(config) for size in sizes.values()]
    names = [f"u{n:04d}" for n in range(sum(people))]
    return pd.DataFrame({"name": names, "country": np.repeat(list(sizes), people)})


def _split(users: pd.DataFrame, config: DataConfig) -> pd.Categorical[str]:
    """The split of each person: so many of each population are the test, and of the others a share is validation; or
    shares of all people, as in PRISM."""
    fixed = _test_people(config)
    if not fixed:
        return split_units(len(users), config.split_seed, config.test_share, config.validation_share)
    code, rng = np.zeros(len(users), np.int8), np.random.default_rng(config.split_seed)
    for people in users.groupby("country", sort=False).indices.values():
        order = rng.permutation(people)
        code[order[:fixed]] = PARTS.index(TEST)
        code[order[len(order) - int(np.ceil((len(order) - fixed) * config.validation_share)) :]] = 1
    return pd.Categorical.from_codes(code.tolist(), categories=pd.Index(PARTS))


def _changed(config: DataConfig) -> list[str]:
    """What is planted otherwise than by default, in words."""
    of_plain = {"demo_test_people"} if config.demo_world == PRISM_SIZED else set()
    rare = [f for f in dataclasses.fields(config) if f.name.startswith("demo_") and f.metadata["rare"]]
    knobs = [f for f in rare if f.name not in of_plain]
    found = [
        f"{f.name} {getattr(config, f.name):g} (default {f.default:g})"
        for f in knobs
        if getattr(config, f.name) != f.default
    ]
    return [f"Not the default world: {', '.join(found)}."] if found else []


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
