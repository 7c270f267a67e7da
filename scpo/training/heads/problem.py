"""What every training of heads is given: settings, pairs, vectors of their texts, and where each country begins."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import torch

from scpo.config import ExperimentConfig
from scpo.data.preferences import Preferences
from scpo.plan import Pool, Rows
from scpo.training.heads.features import Features
from scpo.training.heads.held_out import HeldOut
from scpo.training.heads.stacked import Heads, HeadShape


@dataclass(frozen=True)
class HeadProblem:
    """rows: of the pair table, by country and split; start: the global model that a country's heads begin at, (p,)."""

    config: ExperimentConfig
    data: Preferences
    rows: dict[str, Rows]
    features: Features
    shape: HeadShape
    start: dict[str, torch.Tensor]

    @property
    def sides(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the text table, (pairs,) each: what was chosen, what was rejected."""
        return self.data.pairs["chosen"].to_numpy(), self.data.pairs["rejected"].to_numpy()

    def heads(self, theta: torch.Tensor, pools: Sequence[Pool]) -> Heads:
        """Heads (K, p) at the beginning of their steps on their pools, by the settings of the experiment."""
        of, (chosen, rejected), config = self.features.of, self.sides, self.config
        steps, batch_size, lr = config.steps, config.batch_size, config.lr
        return Heads(self.shape, theta, pools, of, chosen, rejected, steps=steps, batch_size=batch_size, lr=lr)

    def held_out(self, split: Literal["validation", "test"]) -> dict[str, HeldOut]:
        """Each country's pairs of a split, ready to be judged on."""
        return {
            country: HeldOut(self.data, self.features, self.shape, getattr(part, split))
            for country, part in self.rows.items()
        }

    def scaled(self, factor: float) -> HeadProblem:
        """The same, begun at global models whose rewards are multiplied by a factor."""
        start = {country: self.shape.scaled(theta[None], factor)[0] for country, theta in self.start.items()}
        return dataclasses.replace(self, start=start)

    def of_countries(self, countries: Iterable[str]) -> HeadProblem:
        """The same for these countries alone."""
        return dataclasses.replace(self, rows={country: self.rows[country] for country in countries})

    def without_texts(self) -> HeadProblem:
        """The numbers that a training reads: no text and no person's name is in it."""
        pairs = self.data.pairs[["chosen", "rejected", "unit"]]
        bare = dataclasses.replace(self.data, texts=pd.DataFrame(), units=pd.DataFrame(), truth=None, pairs=pairs)
        return dataclasses.replace(self, data=bare)
