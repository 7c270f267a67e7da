"""How much of a run's results hangs on the wording of its prompts: its training, again, with each said otherwise.

The pairs, people, splits and settings stay as they are; every prompt is put into a template, the texts are encoded
again, the global model and every country's models are trained again, one seed and all pairs. Two things are measured on
the same test pairs, mean over countries: the share of them on which a method decides otherwise than with the prompts as
they are, and the difference of its accuracies. Another seed of the training, with the prompts as they are, shows how
much of that training alone would change.

The order of a survey's options changes nothing: a reward model sees one option at a time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from scpo import data as sources
from scpo import runs
from scpo.config import ExperimentConfig
from scpo.data.folds import check_one_split
from scpo.data.preferences import Preferences
from scpo.errors import ConfigError
from scpo.methods import METHODS
from scpo.metrics.accuracy import FULL, MEAN, ResampledOutcomes
from scpo.metrics.outcomes import count_outcomes
from scpo.plan import rows_by_country
from scpo.progress import Progress
from scpo.text.wording import OTHER_SEED
from scpo.training.encoder_reading import readable
from scpo.training.encoders import Encoder, load_encoder
from scpo.training.heads.backend import global_heads, problem_of, train_plan
from scpo.training.threads import one_thread

AS_IT_IS = "as it is"
TEMPLATES = {
    "Question: ... Answer:": "Question: {}\nAnswer:",
    "In your opinion: ...": "In your opinion: {}",
    "Someone asks you: ...": 'Someone asks you: "{}" What do you say?',
    "Think of where you live.": "Think of the people where you live. {}",
}
COLUMNS = ["wording", "method", "accuracy", "changed", "difference", "low", "high", "units", "pairs"]
Margins = dict[str, dict[str, np.ndarray]]  # country -> method -> (n,) margins of its own model on its test pairs


@one_thread()
def wording_table(
    folder: Path,
    methods: Sequence[str] = (),
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> pd.DataFrame:
    """Train a finished run again under every template; columns COLUMNS, shares, mean over countries.

    methods      of the run, trained ones; none = all of them. `global` is always told
    changed      share of the test pairs on which the method decides otherwise than with the prompts as they are
    difference   of accuracies, with its 95 % interval, paired over people or questions
    on_progress  called with the number of trainings done and their total; may raise
    Raises `ConfigError` for fine-tuned models, folds, and methods that the run lacks, `RunFolderError` if its data
    changed.
    """
    result = runs.read(folder)
    config = dataclasses.replace(result.config, methods=_methods(result, methods), budgets=(), people=())
    data = sources.load_unchanged(config.data, result.card["content_hash"])
    encoder, total = load_encoder(config.encoder, config.precision), 2 + len(TEMPLATES)
    wordings = [(AS_IT_IS, data, 0), (OTHER_SEED, data, 1)]
    wordings += [(name, reworded(data, template), 0) for name, template in TEMPLATES.items()]
    said: dict[str, Margins] = {}
    for done, (name, worded, seed) in enumerate(wordings):
        on_progress(done, total)
        said[name] = _trained(worded, dataclasses.replace(config, seeds=seed + 1), encoder, seed)
    on_progress(total, total)
    return _table(data, said, readable(result.tables.get("reading"), data.card.countries))


def reworded(data: Preferences, template: str) -> Preferences:
    """The same pairs with every prompt put into a template."""
    prompt = data.texts["prompt"]
    prompt = prompt.cat.rename_categories([template.format(text) for text in prompt.cat.categories])
    return dataclasses.replace(data, texts=data.texts.assign(prompt=prompt))


def _methods(result: runs.Result, asked: Sequence[str]) -> tuple[str, ...]:
    """The methods to train. Raises `ConfigError` where the run cannot give them."""
    if result.config.finetune.model:
        raise ConfigError("this run fine-tuned whole models, which takes hours to do again; the study takes heads.")
    check_one_split(result.config)
    if not readable(result.tables.get("reading"), result.card["countries"]):
        raise ConfigError("the run reads no country's texts, so that nothing can be measured. Name another run.")
    known = [m for m in result.config.methods if METHODS[m].is_model and m != "global"]
    missing = [m for m in asked if m not in known]
    if not known:
        raise ConfigError("the run has no trained method; the study trains its methods again. Name a run that has one.")
    if missing:
        raise ConfigError(f"the run has no trained method {', '.join(missing)}; it has {', '.join(known)}.")
    return tuple(m for m in known if m in asked or not asked)


def _trained(data: Preferences, config: ExperimentConfig, encoder: Encoder, seed: int) -> Margins:
    """The margins of every method's own models and of the global model on each country's test pairs, of one seed."""
    rows = rows_by_country(data, data.card.countries)
    features, globals_ = global_heads(config, data, encoder, Progress())
    problem = problem_of(config, data, rows, features, globals_)
    _, plan, trained = train_plan(problem, (), Progress())
    found: Margins = {}
    for country, test in problem.held_out("test").items():
        mine = (plan.table["country"] == country) & (plan.table["seed"] == seed)
        heads = torch.cat([problem.start[country][None], trained.theta[torch.from_numpy(np.flatnonzero(mine))]])
        found[country] = dict(
            zip(["global", *plan.table.loc[mine, "method"]], test.margins(heads).numpy(), strict=True)
        )
    return found


def _table(data: Preferences, said: dict[str, Margins], countries: Sequence[str]) -> pd.DataFrame:
    """What each wording changes, against the prompts as they are, mean over these countries."""
    first, unit, outcomes = said[AS_IT_IS], data.pairs["unit"].to_numpy(), []
    tests = {country: part.test for country, part in rows_by_country(data, tuple(countries)).items()}
    named = [(wording, method) for wording in said for method in next(iter(first.values()))]
    columns = {"method": [f"{wording}: {method}" for wording, method in named]}
    heads = pd.DataFrame(columns | dict.fromkeys(("seed", "level", "pairs", "trained"), 0))
    for country, rows in tests.items():
        margins = np.stack([said[wording][country][method] for wording, method in named])
        outcomes.append(count_outcomes(country, heads, margins, first[country]["global"], unit[rows]))
    resampled = ResampledOutcomes(outcomes, data.card.unit == "question")
    size = resampled.size(MEAN, FULL)
    found = []
    for wording, method in named:
        now, before = (resampled.result(MEAN, f"{which}: {method}") for which in (wording, AS_IT_IS))
        low, high = resampled.interval(MEAN, FULL, now.draws[FULL] - before.draws[FULL])
        changed = [np.mean((said[wording][c][method] > 0) != (first[c][method] > 0)) for c in tests]
        value = float(now.value[FULL])
        row = (wording, method, value, float(np.mean(changed)), value - float(before.value[FULL]), low, high)
        found.append((*row, size.units, size.pairs))
    table = pd.DataFrame(found, columns=COLUMNS)
    return table[table["wording"] != AS_IT_IS].reset_index(drop=True)
