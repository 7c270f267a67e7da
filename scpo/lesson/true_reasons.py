"""The lesson's step Why: what each sentence adds to a country's reward, and whether that is what was planted.

Rewards of the lesson are linear in the planted levels, so what a sentence adds is the level of its phrase times the
taste for it: its Shapley value, without any order to average over. A reason is true if it has the planted sign.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from scpo.data.demo_answers import phrase_levels
from scpo.errors import ConfigError
from scpo.lesson.bradley_terry import shift
from scpo.lesson.steps import Seen
from scpo.lesson.world import World
from scpo.steering.measured_reasons import measured
from scpo.steering.reasons import sentences

PAIRS = (10, 25, 50, 100, 200, 400, 800)  # that a country's model is trained on
DRAWS = 10  # trainings on other pairs, over which the signs are counted
RIDGE = 1.0  # of a country's shift from the global model


def reasons(world: World, country: str, pairs: int) -> Seen:
    """What sentences of one answer change in a country's reward, learned and planted; and how often signs are right.

    pairs   of the country that its model is trained on, one of `PAIRS`
    """
    if pairs not in PAIRS:
        raise ConfigError(f"pairs is {pairs!r}; it must be one of {', '.join(map(str, PAIRS))}.")
    shifts = _learned(world, country, pairs)
    planted = (world.taste.loc[country] - world.taste.iloc[0]).to_numpy()
    parts, levels = _answer(world)
    table = pd.DataFrame({"sentence": parts, "learned": levels @ shifts[0], "planted": levels @ planted})
    right = int((table["learned"] * table["planted"] > 0).sum())
    axes = np.flatnonzero(np.abs(levels).sum(0))
    signs = np.sign(shifts[:, axes]) == np.sign(planted[axes])
    read = {method: measured(method) for method in ("scpo", "shared")}
    return Seen(
        table,
        {
            "country": country,
            "pairs": pairs,
            "right": right,
            "known": len(table),
            "sign": 100 * float(signs.mean()),
            "draws": len(shifts),
            "read_scpo": 100 * read["scpo"]["sign"].value if read["scpo"] else np.nan,
            "read_shared": 100 * read["shared"]["sign"].value if read["shared"] else np.nan,
        },
    )


@lru_cache(maxsize=64)
def _learned(world: World, country: str, pairs: int) -> np.ndarray:
    """Shifts of the country's taste from the global model, (DRAWS, axes), each from other training pairs."""
    rows = world.train(country)
    drawn = [np.random.default_rng([at, 7]).permutation(rows)[:pairs] for at in range(DRAWS)]
    precision = RIDGE * np.eye(len(world.global_taste))
    return np.stack([shift(world.difference[part], world.global_taste, precision) for part in drawn])


@lru_cache(maxsize=1)
def _answer(world: World) -> tuple[list[str], np.ndarray]:
    """Sentences of the answer that has the most planted phrases, and their levels (sentences, axes): always one."""
    texts = world.pairs.texts
    styles = texts.filter(like="axis_").drop(columns=["axis_length", "axis_helpfulness"])
    parts = [part.strip() for part in sentences(str(texts["response"].iloc[int(styles.abs().sum(axis=1).argmax())]))]
    levels = phrase_levels(parts)
    known = np.abs(levels).sum(1) > 0
    return [part for part, has in zip(parts, known, strict=True) if has], levels[known]
