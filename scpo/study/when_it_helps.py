"""When does SCPO help? Every point of `scpo.study.design`, world by world, through the project's own training.

The texts of a world are encoded once and its global model is trained once per data; only the heads differ from point to
point. Of each head two accuracies are kept: at the step that validation pairs chose, and at the very end of training,
since the choice hides what training does when it goes on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd

from scpo import data as sources
from scpo.config import ExperimentConfig
from scpo.errors import ConfigError
from scpo.metrics.accuracy import MEAN
from scpo.metrics.outcomes import SUBSETS
from scpo.plan import budgets_for, pair_margins, rows_by_country
from scpo.progress import Progress
from scpo.study.design import BASE, points
from scpo.study.folder import ALL, CHOSEN, COLUMNS, END, NUMBERS
from scpo.training.encoders import Encoder
from scpo.training.heads.backend import global_heads, problem_of, train_plan
from scpo.training.heads.problem import HeadProblem
from scpo.training.heads.train import TrainedHeads
from scpo.training.threads import one_thread


@one_thread()
def measure_world(
    start: ExperimentConfig,
    encoder: Encoder,
    quick: bool = False,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> pd.DataFrame:
    """The accuracies of every point of one world, columns as in `scpo.study.folder`.

    start        what `design.first_point` gave
    on_progress  called with the number of points done and their total; may raise

    A row per country on a real survey; in a simulated world only the mean over countries, but of the first point.
    """
    ground, tables = prepare(start, encoder), []
    simulated, of = ground.data.card.simulated, start.data
    fewest = min(len(part.train) for part in ground.rows.values())
    plan = points(start, fewest, quick)
    for done, point in enumerate(plan):
        on_progress(done, len(plan))
        if point.config.data != of:
            ground, of = prepare(point.config, encoder), point.config.data
        table = accuracies(point.config, ground)
        if simulated:
            keys = ["method", "pairs", "when"]
            mean = table.groupby(keys, sort=False, as_index=False)[list(NUMBERS)].mean().assign(country=MEAN)
            table = pd.concat([mean, table]) if point.factor == BASE else mean
        tables.append(table.assign(factor=point.factor, value=point.value, second=point.second))
    on_progress(len(plan), len(plan))
    return pd.concat(tables, ignore_index=True)[COLUMNS]


def prepare(config: ExperimentConfig, encoder: Encoder) -> HeadProblem:
    """Pairs, features and global heads of an experiment, at scale 1. Raises `ScpoError` as a run does."""
    if config.finetune.model:
        raise ConfigError("the study trains heads; fine-tuning whole models is not part of it. Leave out --model.")
    data = sources.load(config.data)
    features, globals_ = global_heads(dataclasses.replace(config, global_scale=1.0), data, encoder, Progress())
    return problem_of(config, data, rows_by_country(data, data.card.countries), features, globals_)


def accuracies(config: ExperimentConfig, ground: HeadProblem) -> pd.DataFrame:
    """Test accuracy of every country, method and budget of one experiment, as a run of these settings has it.

    Columns country, method, pairs, when and `NUMBERS`; mean over seeds. The row of `global` is what all start from.
    """
    rows, budgets = ground.rows, budgets_for(config, ground.rows)
    problem = dataclasses.replace(ground, config=config).scaled(config.global_scale)
    rewards, plan, trained = train_plan(problem, budgets, Progress())
    margin = pair_margins(ground.data, rewards)
    table = plan.table.assign(
        pairs=np.array([*budgets, ALL])[plan.table["level"]],
        disagree=[float((margin[c][rows[c].train] < 0).mean()) for c in plan.table["country"]],
    )
    kept = table["trained"] / plan.table["pairs"]
    found = pd.concat([_of(table.assign(kept=kept), trained, when) for when in (CHOSEN, END)], ignore_index=True)
    mean = found.groupby(["country", "method", "pairs", "when"], sort=False, as_index=False)[list(NUMBERS)].mean()
    return pd.concat([_untouched(table, trained), mean], ignore_index=True)


def _of(table: pd.DataFrame, trained: TrainedHeads, when: str) -> pd.DataFrame:
    last = np.full(len(table), len(trained.eval_steps) - 1)
    at = last if when == END else np.searchsorted(trained.eval_steps, trained.step)
    accuracy = trained.path[np.arange(len(table)), at]  # (K, subsets)
    return table.assign(when=when, step=np.array(trained.eval_steps)[at], **dict(zip(SUBSETS, accuracy.T, strict=True)))


def _untouched(table: pd.DataFrame, trained: TrainedHeads) -> pd.DataFrame:
    """The global model's own accuracies, from where training starts."""
    own = table[table["method"] == "full"].groupby("country", sort=False).head(1)
    accuracy = trained.path[own.index, 0]
    rows = own.assign(method="global", kept=0.0, trained=0, step=0, **dict(zip(SUBSETS, accuracy.T, strict=True)))
    sizes = table["pairs"].unique()
    return pd.concat([rows.assign(pairs=n, when=when) for n in sizes for when in (CHOSEN, END)])[
        ["country", "method", "pairs", "when", *NUMBERS]
    ]
