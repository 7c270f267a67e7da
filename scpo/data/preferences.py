"""The one form under every data set: distinct texts, and pairs that refer to them by number.

Knows nothing of where the rows came from, of models, or of training.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

TRAIN, VALIDATION, TEST = PARTS = ("train", "validation", "test")
HELPFUL = "axis_helpfulness"  # column of texts whose answers are planted: below 0, an answer evades its prompt


@dataclass(frozen=True)
class DataCard:
    """What a reader must know about a data set before they believe a number from it."""

    dataset: str
    title: str
    simulated: bool
    unit: str  # what a split and a bootstrap go by: "user", "question" or "prompt"
    source: str  # url, or the names of the user's files
    licence: str
    reference: tuple[str, ...]  # countries whose pairs train the global model
    countries: tuple[str, ...]  # countries to steer to
    dropped: dict[str, int] = field(default_factory=dict)  # reason -> rows left out
    notes: tuple[str, ...] = ()
    split_by: str = ""  # who or what the split goes by, in words: "user (the column `rater_id`)"
    folds: int = 0  # every pair is tested once, in one of so many folds; 0 = one split
    leaks: dict[str, int] = field(default_factory=dict)  # what of the test is in training too, see scpo.data.leaks
    citation: str = ""
    url: str = ""


@dataclass(frozen=True)
class Preferences:
    """Preference pairs in columns.

    texts   one row per distinct (prompt, response): `prompt` (category), `response` (str)
    pairs   `chosen`, `rejected` (int32, rows of texts), `country` (category), `unit` (int32,
            rows of units), `score_chosen`, `score_rejected` (float32: human scores or shares)
    units   one row per user or question: `name` (str), `split` (category: train, validation,
            test), with folds `fold` (from 1: that in which it is tested); further survey columns may follow
    truth   demo only: planted taste, one row per population, one column per axis
    folds   with folds alone, (folds + 1, units) int: a split per row as numbers of PARTS. Row f is that of fold f; row
            0 has no test, for the models that are trained on everything. `split` is then test for all units
    """

    texts: pd.DataFrame
    pairs: pd.DataFrame
    units: pd.DataFrame
    card: DataCard
    truth: pd.DataFrame | None = None
    folds: np.ndarray | None = None

    def split_of_pairs(self) -> np.ndarray:
        """The split of each pair, (n,) of str: that of its user or question."""
        return self.units["split"].to_numpy()[self.pairs["unit"].to_numpy()]

    def answering(self) -> np.ndarray:
        """Which texts answer their prompt, (texts,) bool: all but the demo world's that are planted to evade it."""
        if HELPFUL not in self.texts:
            return np.ones(len(self.texts), bool)
        return self.texts[HELPFUL].to_numpy() >= 0

    def of(self, country: str, split: str) -> np.ndarray:
        """Rows of `pairs` of one country and split, (n,) int64, in the order of the table."""
        here = (self.pairs["country"] == country).to_numpy() & (self.split_of_pairs() == split)
        return np.flatnonzero(here)
