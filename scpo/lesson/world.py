"""The demo world as the lesson sees it: each pair is a difference along the planted axes.

An answer is a point with one level per axis (warmth, directness, ..., helpfulness), a taste is a
weight per axis, and a reward is their product. So the reward models of the lesson have eleven
numbers and need no encoder. What is lost is the hard part, reading a text; what stays is all that
the lesson is about: whose choices a model is trained on, and how.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from scpo.config import PRISM_SIZED, DataConfig
from scpo.data import demo
from scpo.data.demo_answers import AXIS_NAMES
from scpo.data.preferences import TEST, TRAIN, VALIDATION, Preferences
from scpo.errors import ConfigError
from scpo.lesson.bradley_terry import fit

HELPFUL = AXIS_NAMES.index("helpfulness")  # the axis that every planted taste shares: common ground


@dataclass(frozen=True, eq=False)
class World:
    """Pairs of the demo world in columns; shared by all sessions, never altered, and equal to itself alone.

    difference    (n, axes): planted levels of the chosen minus those of the rejected answer
    population    (n,) int: whose pair, a row of `taste`; `unit` (n,) int: which person's
    split         (n,) of str: train, validation, test, by person
    taste         planted taste per population (rows, the reference first) and axis
    global_taste  (axes,): fitted to the reference's training pairs; nothing planted is read for it
    margin        (n,): what the global model thinks of each pair
    """

    difference: np.ndarray
    population: np.ndarray
    unit: np.ndarray
    split: np.ndarray
    taste: pd.DataFrame
    global_taste: np.ndarray
    margin: np.ndarray
    pairs: Preferences

    @property
    def countries(self) -> tuple[str, ...]:
        """The countries to steer to, without the reference."""
        return demo.COUNTRIES

    def of(self, country: str, *splits: str) -> np.ndarray:
        """Rows of a country's pairs, of these splits or all. Raises `ConfigError` for an unknown country."""
        if country not in self.taste.index:
            raise ConfigError(f"The demo world has no country {country!r}; it has {', '.join(self.taste.index)}.")
        here = self.population == self.taste.index.get_loc(country)
        return np.flatnonzero(here & np.isin(self.split, splits) if splits else here)

    def train(self, country: str) -> np.ndarray:
        """Rows of a country's training pairs."""
        return self.of(country, TRAIN)

    def held_out(self, country: str) -> np.ndarray:
        """Rows of the pairs of people who are never trained on."""
        return self.of(country, VALIDATION, TEST)

    def against_own_taste(self, rows: np.ndarray, country: str) -> np.ndarray:
        """True where a person chose what their own country's planted taste likes less, (rows,) bool."""
        return self.difference[rows] @ self.taste.loc[country].to_numpy() < 0


@lru_cache(maxsize=1)
def world() -> World:
    """The lesson's world: the demo world of the default seed at PRISM's size; the same numbers for everyone."""
    return build(demo.load(DataConfig("demo", demo_world=PRISM_SIZED)))


def build(pairs: Preferences) -> World:
    """The demo world as numbers, and its global model."""
    assert pairs.truth is not None, "the demo world has planted tastes"
    level = pairs.texts[[f"axis_{name}" for name in AXIS_NAMES]].to_numpy(np.float64)
    difference = level[pairs.pairs["chosen"].to_numpy()] - level[pairs.pairs["rejected"].to_numpy()]
    population = pairs.truth.index.get_indexer(pd.Index(pairs.pairs["country"].astype("str")))
    split = pairs.split_of_pairs().astype(str)
    common = fit(difference[(population == 0) & (split == TRAIN)])
    unit = pairs.pairs["unit"].to_numpy()
    arrays = (difference, population, unit, split, common, margin := difference @ common)
    for array in arrays:
        array.flags.writeable = False
    return World(difference, population, unit, split, pairs.truth, common, margin, pairs)
