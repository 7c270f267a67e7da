"""What an experiment will cost: its countries' pairs, its heads, and the seconds of each stage."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from scpo import data
from scpo.budgets import budgets_below
from scpo.config import ExperimentConfig
from scpo.data import FEWEST
from scpo.data.preferences import Preferences
from scpo.errors import ConfigError
from scpo.jobs.store import Job
from scpo.progress import expected_seconds


@dataclass(frozen=True)
class Sizes:
    """What an estimate needs of a data set. counts: the table of `data.counts`; characters: of all its texts."""

    counts: pd.DataFrame
    characters: int
    countries: tuple[str, ...]
    reference: tuple[str, ...]
    unit: str
    simulated: bool

    @classmethod
    def of(cls, pairs: Preferences) -> Sizes:
        prompts = sum(map(len, pairs.texts["prompt"].cat.categories))
        characters = int(pairs.texts["response"].str.len().sum()) + prompts
        card = pairs.card
        return cls(data.counts(pairs), characters, card.countries, card.reference, card.unit, card.simulated)

    def enough(self) -> list[str]:
        """Countries with enough pairs to be steered to."""
        table = self.counts
        return list(table.loc[(table[list(FEWEST)] >= pd.Series(FEWEST)).all(axis=1), "country"])


@dataclass(frozen=True)
class Estimate:
    """table: the countries' people or questions and pairs; heads and how their number comes about; seconds."""

    table: pd.DataFrame
    budgets: tuple[int, ...]
    heads: int
    seconds: dict[str, float]

    @property
    def total(self) -> float:
        return sum(self.seconds.values())


def estimate(config: ExperimentConfig, sizes: Sizes, encoded: bool) -> Estimate:
    """Pairs and time of an experiment, before it starts.

    encoded     True if the texts have been through this encoder before and are in the cache
    Raises `ConfigError` if a budget is beyond the data, or a country is steered to and reference.
    """
    chosen = config.data.countries or tuple(c for c in sizes.countries if c not in config.data.reference)
    both = sorted(set(config.data.countries) & set(config.data.reference))
    if both:
        raise ConfigError(f"{', '.join(both)} cannot be both steered to and reference; name it once.")
    table = sizes.counts[sizes.counts["country"].isin(chosen)].drop(columns="role").reset_index(drop=True)
    if not len(table):
        raise ConfigError("no country is left to steer to; choose one that is not a reference country.")
    usual = sizes.counts["country"] if config.data.dataset == "file" else sizes.reference
    if config.global_model == "reference" and not (config.data.reference or set(usual) - set(chosen)):
        raise ConfigError(
            "no reference country is left to train the global model; leave one out of those to steer to, name another "
            "under More settings, or set the global model to `others`."
        )
    smallest = table.loc[table["train"].idxmin()]
    budgets = budgets_below(config.budgets, smallest["country"], int(smallest["train"]))
    heads = len(table) * len(config.trained) * config.seeds * (len(budgets) + 1)
    seconds = expected_seconds(0 if encoded else sizes.characters, heads, config.steps, config.batch_size)
    return Estimate(table, budgets, heads, seconds)


def was_encoded(config: ExperimentConfig, jobs: list[Job]) -> bool:
    """True if a finished run had the same texts and encoder, so that the cache has their vectors."""

    def texts(of: ExperimentConfig) -> tuple:
        where = of.located().data
        return where.dataset, where.data_files, where.demo_seed, of.encoder, of.precision

    return any(job.state == "done" and texts(job.config) == texts(config) for job in jobs)
