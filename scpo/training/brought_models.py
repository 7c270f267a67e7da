"""Reward models that a run puts beside its methods as they are: asked before anything is trained, judged at its end.

A model that cannot be read so ends a run while nothing is lost. Rewards are kept on disk by weights and token ids
(`scpo.training.finetune.score_model`), so that a run that is resumed asks none of them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scpo.config import ExperimentConfig
from scpo.config.judge_names import named_models, told_by_name
from scpo.data.preferences import Preferences
from scpo.judging import Brought, judge_beside
from scpo.plan import reference_rows, tested_rows
from scpo.progress import Progress
from scpo.runs import read_json
from scpo.runs.judges import write_judge
from scpo.runs.outcomes import read_outcomes

PARTS = 1000  # of a model's work, as progress counts it


def rewards_of_models(config: ExperimentConfig, data: Preferences, progress: Progress) -> list[Brought]:
    """Of each score model its name, the rewards (texts,) of all test pairs' texts, NaN elsewhere, and what is kept
    about them.

    Raises `ConfigError` for what is no reward model of one label, with the reason and the name of the model.
    """
    models = named_models(config.score_models)
    if not models:
        return []
    from scpo.training.finetune.score_model import check_tokenizer, rewards_by_model

    rows = np.concatenate([tested_rows(data), reference_rows(data)])
    for name, model in models.items():  # each is looked at before any is put to work
        with told_by_name(name):
            check_tokenizer(model)
    asked = []
    for at, (name, model) in enumerate(models.items()):

        def tell(done: int, total: int, at: int = at) -> None:
            progress.report("score", PARTS * at + PARTS * done // total, PARTS * len(models))

        with told_by_name(name):
            asked.append((name, *rewards_by_model(model, data, rows, config.finetune.max_length, tell)))
        tell(1, 1)
    return asked


def judge_at_the_end(folder: Path, data: Preferences, asked: Sequence[Brought], unread: Sequence[str]) -> None:
    """Put each score model beside the run whose outcomes are written in this folder, in place of an earlier attempt's.

    unread  countries whose texts the run's models cannot read
    """
    if not asked:
        return
    card, outcomes = read_json(folder / "data.json"), read_outcomes(folder)
    for name, rewards, about in asked:
        write_judge(folder, judge_beside(card, outcomes, data, name, rewards, about, unread), replace=True)
