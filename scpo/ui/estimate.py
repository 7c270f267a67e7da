"""What an experiment will cost: its countries' pairs, its heads, and the seconds of each stage."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import psutil

from scpo import data
from scpo.budgets import budgets_below
from scpo.config import ExperimentConfig
from scpo.data.choice import FEWEST, choose, without_global
from scpo.data.preferences import Preferences
from scpo.errors import ConfigError
from scpo.hub import local_folder
from scpo.jobs.store import Job
from scpo.progress import expected_seconds
from scpo.shown import counted
from scpo.training.finetune import cost
from scpo.ui.cache import ran_on
from scpo.ui.live import duration


@dataclass(frozen=True)
class Sizes:
    """What an estimate needs of a data set. counts: the table of `data.counts`; characters: of all its distinct
    strings; texts: how many (prompt, response), with so many characters together."""

    counts: pd.DataFrame
    characters: int
    texts: int
    joined: int
    countries: tuple[str, ...]
    unit: str
    simulated: bool

    @classmethod
    def of(cls, pairs: Preferences) -> Sizes:
        lengths = pairs.texts["prompt"].cat.categories.str.len().to_numpy()
        responses = int(pairs.texts["response"].str.len().sum())
        joined = responses + int(lengths[pairs.texts["prompt"].cat.codes].sum())
        card, characters = pairs.card, responses + int(lengths.sum())
        return cls(
            data.counts(pairs),
            characters,
            len(pairs.texts),
            joined,
            card.countries,
            card.unit,
            card.simulated,
        )

    def enough(self) -> list[str]:
        """Countries with enough pairs to be steered to."""
        table = self.counts
        return list(table.loc[(table[list(FEWEST)] >= pd.Series(FEWEST)).all(axis=1), "country"])

    def too_few(self) -> list[str]:
        """The other countries, each with what it has too few of: `Germany has 0 validation pairs`."""
        found = []
        for row in self.counts[~self.counts["country"].isin(self.enough())].to_dict("records"):
            few = [counted(row[split], f"{split} pair") for split, least in FEWEST.items() if row[split] < least]
            found.append(f"{row['country']} has {' and '.join(few)}")
        return found


@dataclass(frozen=True)
class Estimate:
    """table: the countries' people or questions and pairs; reference: the countries that the global model learns from;
    heads: models to train; seconds per stage, none if the model is not on this machine or its kind cannot be measured
    beforehand; bytes at the height of training whole models, 0 if not known."""

    table: pd.DataFrame
    reference: tuple[str, ...]
    budgets: tuple[int, ...]
    heads: int
    seconds: dict[str, float]
    bytes: float = 0.0

    @property
    def total(self) -> float:
        return sum(self.seconds.values())


def estimate(config: ExperimentConfig, sizes: Sizes, encoded: bool) -> Estimate:
    """Pairs and time of an experiment, before it starts.

    encoded     True if the texts have been through this encoder before and are in the cache
    Raises `ConfigError` if a budget is beyond the data, or the countries cannot be used as the run would refuse them.
    """
    choice = choose(sizes.counts, data.usual(config.data.dataset), config.data)
    missing = without_global(config, list(sizes.counts["country"]), choice.reference)
    problems = choice.problems or ((missing,) if missing else ())
    if problems:
        field = "reference" if not choice.problems or config.data.reference else "countries"
        raise ConfigError(" ".join(f"{problem[0].upper()}{problem[1:]}." for problem in problems), field)
    table = sizes.counts[sizes.counts["country"].isin(choice.countries)].drop(columns="role").reset_index(drop=True)
    smallest = table.loc[table["train"].idxmin()]
    automatic = config.budgets or not config.finetune.model  # every budget is another whole model
    budgets = budgets_below(config.budgets, smallest["country"], int(smallest["train"])) if automatic else ()
    heads = len(table) * len(config.trained) * config.seeds * (len(budgets) + 1)
    if config.finetune.model:
        return Estimate(table, choice.reference, budgets, heads, *_of_whole(config, sizes, table, heads))
    seconds = expected_seconds(
        0 if encoded else sizes.characters, heads, config.steps, config.batch_size,
        int(table["train"].sum()) if "shared" in config.methods else 0, config.seeds * len(budgets),
    )  # fmt: skip
    return Estimate(table, choice.reference, budgets, heads, seconds)


def _of_whole(config: ExperimentConfig, sizes: Sizes, table: pd.DataFrame, models: int) -> tuple[dict, float]:
    """Seconds and bytes of fine-tuning whole models, none if they cannot be told.

    Raises `ScpoError` for a folder that holds no model.
    """
    folder = local_folder(config.finetune.model)
    if folder is None:
        return {}, 0.0
    parts = ["train", "validation", "test"]
    share = float(table[parts].to_numpy().sum() / max(sizes.counts[parts].to_numpy().sum(), 1))
    model, texts, joined = cost.model_of(folder), round(sizes.texts * share), round(sizes.joined * share)
    if model is None:
        return {}, 0.0
    return cost.seconds(config, model, joined, texts, models), cost.memory(config, model, joined, texts)


def was_encoded(config: ExperimentConfig, jobs: list[Job]) -> bool:
    """True if a finished run had the same texts and encoder, so that the cache has their vectors."""

    def texts(of: ExperimentConfig) -> tuple:
        where = of.located().data
        return where.dataset, where.data_files, where.demo_seed, of.encoder, of.precision

    def same(job: Job) -> bool:
        encoder = job.config.encoder == config.encoder and job.config.precision == config.precision
        return texts(job.config) == texts(config) or (encoder and ran_on(job, config.data))

    return any(job.state == "done" and same(job) for job in jobs)


def time_words(config: ExperimentConfig, cost: Estimate) -> str:
    """Where the time goes, and of which machine that is said."""
    if not config.finetune.model:
        encode = cost.seconds["embed"]
        first = f"{duration(encode)} of it to encode the texts, once" if encode else "its texts are encoded already"
        return f"On two idle cores; {first}."
    if not cost.seconds:
        if local_folder(config.finetune.model):
            return "How long a model of this kind takes is told as soon as it trains."
        return "The model is not on this machine: it is fetched from the hub when the run starts, and told then."
    free = psutil.virtual_memory().available
    short = f" **Only {free / 2**30:.1f} GiB are free**: lower the batch size or the longest input."
    return (
        f"On two idle cores; a GPU is used if there is one. Memory: about {cost.bytes / 2**30:.1f} GiB at its height."
        f"{short if cost.bytes > free else ''}"
    )
