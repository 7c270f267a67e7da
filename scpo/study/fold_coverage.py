"""How often do 95 % intervals from folds hold the truth? Counted on planted people, with models that are trained.

`scpo.study.interval_coverage` takes models as given. With folds that would leave out what could go wrong: the people
who test one fold train the others, so that folds are not independent. So here heads are trained, as a run trains them:
from a global head, by steps, the step chosen on validation people, anew for every fold. The intervals are those of a
run's table, from the same functions. Two truths are known, since people can be made without end:

    models of the folds   the mean accuracy of the folds' models, which the pooled accuracy estimates
    model of all pairs    that of the model that is trained on all pairs, which a run of folds keeps
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from scpo.config import DataConfig
from scpo.data.folds import CODE, dealt
from scpo.data.preferences import TEST, TRAIN, VALIDATION, DataCard, Preferences
from scpo.metrics.accuracy import ResampledOutcomes, accuracy_table
from scpo.metrics.intervals import FEWEST_OF_FOLDS
from scpo.metrics.outcomes import Outcomes, count_outcomes
from scpo.metrics.pooling import pool_outcomes
from scpo.plan import eval_steps_for

PEOPLE = (10, FEWEST_OF_FOLDS, 20, 50)
FOLDS = 5
WIDTH = 12  # features of a pair
SHIFT, OWN, NOISE = 1.2, 0.6, 1.0  # of a country's taste from the global one; of a person's from that; in each choice
STEPS, RATE = 120, 0.3
TRUTH_FROM = 10_000  # people who were never asked, one pair each
OF_FOLDS, OF_ALL = "models of the folds", "model of all pairs"


@dataclass(frozen=True)
class Asked:
    """People and what they chose: unit (n,), and features of chosen minus rejected, (n, WIDTH)."""

    unit: np.ndarray
    pairs: np.ndarray


def asked(rng: np.random.Generator, taste: np.ndarray, pairs_of: np.ndarray) -> Asked:
    """Choices of people who left so many pairs each, (people,)."""
    unit = np.repeat(np.arange(len(pairs_of)), pairs_of)
    own = taste + OWN / np.sqrt(WIDTH) * rng.normal(size=(len(pairs_of), WIDTH))
    difference = rng.normal(size=(len(unit), WIDTH))
    value = (own[unit] * difference).sum(1) + NOISE * rng.normal(size=len(unit))
    return Asked(unit, difference * np.where(value > 0, 1.0, -1.0)[:, None])


def trained_heads(start: np.ndarray, pairs: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Heads of F splits, (F, WIDTH), each at its best validation step; parts (F, n): the part of each pair."""
    train, validation = (parts == CODE[part] for part in (TRAIN, VALIDATION))
    theta = np.repeat(start[None], len(parts), axis=0)
    best, best_score = theta.copy(), np.full(len(parts), -np.inf)
    share = train / train.sum(1, keepdims=True)
    scored = (0, *eval_steps_for(STEPS))
    for step in range(STEPS + 1):
        margins = theta @ pairs.T
        if step in scored:
            score = ((margins > 0) & validation).sum(1) / np.maximum(validation.sum(1), 1)
            score = score + 1e-6 * (np.log(expit(margins)) * validation).sum(1) / np.maximum(validation.sum(1), 1)
            better = score > best_score
            best[better], best_score[better] = theta[better], score[better]
        theta = theta + RATE * (share * expit(-margins)) @ pairs
    return best


def pooled_world(rng: np.random.Generator, people: int) -> tuple[Outcomes, dict[str, tuple[float, float]]]:
    """Outcomes of all folds of one planted country, and accuracy and gain as they truly are, by whose models."""
    start = rng.normal(size=WIDTH) / np.sqrt(WIDTH)
    taste = start + SHIFT / np.sqrt(WIDTH) * rng.normal(size=WIDTH)
    world = asked(rng, taste, 1 + rng.poisson(rng.gamma(2.0, 3.0, people)))
    splits = dealt(_preferences(world, people), DataConfig(folds=FOLDS, split_seed=int(rng.integers(2**31)))).folds
    assert splits is not None
    parts = splits[:, world.unit]
    heads = trained_heads(start, world.pairs, parts)
    outcomes, rows = [], []
    table = pd.DataFrame({"method": ["global", "full"], "seed": 0, "level": 0, "pairs": 0, "trained": 0})
    for head, part in zip(heads[1:], parts[1:], strict=True):
        rows.append(np.flatnonzero(part == CODE[TEST]))
        margins = np.stack([start, head]) @ world.pairs[rows[-1]].T
        outcomes.append(count_outcomes("planted", table, margins, margins[0], world.unit[rows[-1]]))
    fresh = asked(rng, taste, np.ones(TRUTH_FROM, np.int64)).pairs
    right, known = (fresh @ heads.T > 0).mean(0), float((fresh @ start > 0).mean())
    weight = np.array([len(r) for r in rows]) / len(world.unit)
    truth = {OF_FOLDS: float(right[1:] @ weight), OF_ALL: float(right[0])}
    return pool_outcomes(outcomes, rows), {name: (value, value - known) for name, value in truth.items()}


def _preferences(world: Asked, people: int) -> Preferences:
    pairs = pd.DataFrame({"unit": world.unit, "country": pd.Categorical(["planted"] * len(world.unit))})
    card = DataCard("file", "planted", True, "user", "", "", (), ("planted",))
    return Preferences(pd.DataFrame(), pairs, pd.DataFrame({"name": range(people)}), card)


def fold_coverage_table(worlds: int = 1000, people: tuple[int, ...] = PEOPLE, seed: int = 0) -> pd.DataFrame:
    """Columns people, measure, truth, coverage, width (mean), bias (of the figure, mean), counted."""
    rows = []
    for n in people:
        found = list(_intervals(worlds, n, seed))
        table = pd.DataFrame(found, columns=["measure", "truth", "value", "low", "high", "true"])
        for (measure, truth), part in table.groupby(["measure", "truth"], sort=False):
            told = part[part["low"].notna()]
            holds = (told["low"] <= told["true"]) & (told["true"] <= told["high"])
            width, bias = (told["high"] - told["low"]).mean(), (part["value"] - part["true"]).mean()
            rows.append(
                (n, measure, truth, holds.mean() if len(told) else np.nan, float(width), float(bias), len(told))
            )
    return pd.DataFrame(rows, columns=["people", "measure", "truth", "coverage", "width", "bias", "counted"])


def _intervals(worlds: int, people: int, seed: int) -> Iterator[tuple]:
    for world in range(worlds):
        outcomes, truth = pooled_world(np.random.default_rng([seed, people, world]), people)
        table = accuracy_table(ResampledOutcomes([outcomes], shared_units=False))
        row = table[(table["country"] == "planted") & (table["method"] == "full") & (table["subset"] == "full")].iloc[0]
        for name, (accuracy, gain) in truth.items():
            yield "accuracy", name, row["accuracy"], row["low"], row["high"], accuracy
            yield "gain over global", name, row["gain"], row["gain_low"], row["gain_high"], gain
