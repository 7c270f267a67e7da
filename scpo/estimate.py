"""What an experiment will cost: its countries' pairs, its heads, and the seconds of each stage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from scpo import data, finetune_cost
from scpo.config import ExperimentConfig
from scpo.config.judge_names import named_models, told_by_name
from scpo.data.choice import FEWEST, choose, without_global
from scpo.data.preferences import PARTS, Preferences
from scpo.errors import ConfigError
from scpo.format import counted
from scpo.hub import local_folder, model_folder, must_be_fetched, reward_model_folder
from scpo.methods import METHODS
from scpo.plan import budgets_below, tested_rows
from scpo.progress import OF_TRAINING

ONCE = 0.2  # seconds that training takes however many heads there are


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
    smallest = table.iloc[int(table["train"].argmin())]
    automatic = config.budgets or not config.finetune.model  # every budget is another whole model
    budgets = budgets_below(config.budgets, smallest["country"], int(smallest["train"])) if automatic else ()
    subsets, folds = _subsets(config, budgets), config.data.folds
    heads = len(table) * len(config.trained) * (config.seeds + subsets)
    check_score_models(config)
    tested = float(table["test"].sum() / max(sizes.counts[list(PARTS)].to_numpy().sum(), 1))
    score = finetune_cost.scoring_seconds(config, round(sizes.joined * tested), round(sizes.texts * tested))
    if config.finetune.model:
        whole, height = _of_whole(config, sizes, table, heads)
        return Estimate(table, choice.reference, budgets, heads, whole | {"score": score} if whole else {}, height)
    seconds = expected_seconds(
        0 if encoded else sizes.characters,
        heads,
        config.steps,
        config.batch_size,
        round(table["train"].sum() * fit_cost(config)),
        subsets,
        len(table),
        len(table) * (sizes.unit == "question"),
    )
    if folds > 1:
        heads, seconds = (folds + 1) * heads, of_folds(seconds, folds + 1)
    return Estimate(table, choice.reference, budgets, heads, seconds | {"score": score})


def seconds_by_method(config: ExperimentConfig, cost: Estimate) -> dict[str, float]:
    """Of the time of training, what each trained method takes, in seconds; none where the time is not known.

    cost   of `estimate`
    """
    if not cost.seconds or not config.trained:
        return {}
    heads, trainings = cost.heads / len(config.trained), config.data.folds + 1 if config.data.folds > 1 else 1
    if config.finetune.model:
        return dict.fromkeys(config.trained, cost.seconds["train"] / len(config.trained))
    pairs, subsets, found = int(cost.table["train"].sum()), _subsets(config, cost.budgets), {}
    for method in config.trained:
        fitted = round(pairs * METHODS[method].cost) if METHODS[method].is_fitted else 0
        alone = expected_seconds(0, round(heads), config.steps, config.batch_size, fitted, subsets)
        found[method] = alone["train"] - ONCE + trainings * alone["share"]
    return found


def _subsets(config: ExperimentConfig, budgets: tuple[int, ...]) -> int:
    """How many parts of a country's pairs a method is trained on beside all of them, those of every seed counted."""
    return config.seeds * (len(budgets) + len(set(config.people)))


def check_score_models(config: ExperimentConfig) -> None:
    """Raise `ConfigError` for a score model that is seen from here to be none; one of the hub is not fetched."""
    for name, model in named_models(config.score_models).items():
        if not must_be_fetched(model):
            with told_by_name(name):
                reward_model_folder(model)


def _of_whole(config: ExperimentConfig, sizes: Sizes, table: pd.DataFrame, models: int) -> tuple[dict, float]:
    """Seconds and bytes of fine-tuning whole models, none if they cannot be told.

    Raises `ScpoError` for a folder that holds no model.
    """
    folder = local_folder(config.finetune.model)
    if folder is None:
        return {}, 0.0
    parts = ["train", "validation", "test"]
    share = float(table[parts].to_numpy().sum() / max(sizes.counts[parts].to_numpy().sum(), 1))
    model, texts, joined = finetune_cost.model_of(folder), round(sizes.texts * share), round(sizes.joined * share)
    if model is None:
        return {}, 0.0
    return finetune_cost.seconds(config, model, joined, texts, models), finetune_cost.memory(
        config, model, joined, texts
    )


def expected_of_run(config: ExperimentConfig, data: Preferences, budgets: int) -> dict[str, float]:
    """Expected seconds of the stages; none for a model whose work cannot be told beforehand."""
    needed, score = sizes(config, data, budgets), _expected_scoring(config, data)
    if not config.finetune.model:
        return expected_seconds(**needed) | score
    steered = np.flatnonzero(data.pairs["country"].isin(data.card.countries))
    characters, texts = _written(data, steered)
    model = finetune_cost.model_of(model_folder(config.finetune.model))
    whole = finetune_cost.seconds(config, model, characters, texts, needed["heads"]) if model else {}
    return whole | score


def _expected_scoring(config: ExperimentConfig, data: Preferences) -> dict[str, float]:
    """Expected seconds in which score models give their rewards, of an experiment that has some."""
    if not config.score_models:
        return {}
    characters, texts = _written(data, tested_rows(data))
    return {"score": finetune_cost.scoring_seconds(config, characters, texts)}


def _written(data: Preferences, rows: np.ndarray) -> tuple[int, int]:
    """Characters of the (prompt, response) of these pairs, and how many these are."""
    mine = data.texts.iloc[np.unique(data.pairs[["chosen", "rejected"]].to_numpy()[rows])]
    return int(mine["response"].str.len().sum() + mine["prompt"].astype(object).str.len().sum()), len(mine)


def of_folds(seconds: dict[str, float], trainings: int) -> dict[str, float]:
    """The same of so many trainings, which are told as one stage."""
    together = trainings * sum(seconds.get(stage, 0.0) for stage in OF_TRAINING)
    return seconds | dict.fromkeys(OF_TRAINING, 0.0) | {"train": together}


def sizes(config: ExperimentConfig, data: Preferences, budgets: int) -> dict[str, int]:
    """What the time of an experiment depends on, for `expected_seconds`."""
    strings = [*data.texts["response"].unique(), *data.texts["prompt"].cat.categories]
    heads = len(data.card.countries) * len(config.trained) * config.seeds * (budgets + 1)
    characters = sum(map(len, strings))
    steered = int(data.pairs["country"].isin(data.card.countries).sum())
    return {
        "characters": characters,
        "heads": heads,
        "steps": config.steps,
        "batch_size": config.batch_size,
        "fitted": round(steered * fit_cost(config)),
        "subsets": config.seeds * budgets,
        "countries": len(data.card.countries),
        "aligned": len(data.card.countries) * (data.card.unit == "question"),
    }


def fit_cost(config: ExperimentConfig) -> float:
    """Of the methods that are fitted at once, in times of that of `shared`."""
    return sum(METHODS[method].cost for method in config.fitted)


def expected_seconds(
    characters: int,
    heads: int,
    steps: int,
    batch_size: int,
    fitted: int = 0,
    subsets: int = 0,
    countries: int = 7,
    aligned: int = 0,
) -> dict[str, float]:
    """Expected seconds of the stages on 2 cores, from sizes alone.

    characters  of all distinct prompts and responses, 0 if they are in the cache
    heads       countries x trained methods x seeds x (budgets + 1)
    fitted      training pairs of all countries x the cost of what is fitted at once; subsets: seeds x budgets of them
    aligned     countries whose answers are also held against the shares that a survey found
    """
    return {
        "embed": characters / 4.5 / 25_000,
        "global": 0.2,
        "train": 3e-10 * heads * steps * batch_size * 768 + ONCE,
        "share": 2.8e-5 * fitted * (1 + 0.15 * subsets),
        "measure": 0.5 + 0.16 * countries + 0.06 * aligned,
    }
