"""The second back end: whole reward models, fine-tuned one after another.

    data -> starting model (an encoder gets a head first) -> its rewards -> one model per country, method, seed, budget

Every model that is done is kept in `models/` of the run folder, so that a killed run goes on with the model it was at,
from that model's last whole checkpoint, to the same weights.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from scpo.config import ExperimentConfig
from scpo.data.preferences import Preferences
from scpo.data.scores import texts_of
from scpo.errors import ConfigError, InputError
from scpo.grouping import worded
from scpo.methods import METHODS
from scpo.plan import HeadPlan, Rows, pair_margins, plan_heads, reference_rows
from scpo.progress import EncodingProgress, Progress
from scpo.runs.files import tensor_bytes
from scpo.training.backend import BackendResult
from scpo.training.checkpoint import Checkpoint
from scpo.training.device import device
from scpo.training.encoder_reading import tell_unread
from scpo.training.encoders import Encoder
from scpo.training.finetune.dataset import Texts
from scpo.training.finetune.formats import InputFormat, longest_input
from scpo.training.finetune.loading import StartingModel, load_model
from scpo.training.finetune.model_progress import ProgressOfModels
from scpo.training.finetune.reading import reading_of
from scpo.training.finetune.saved import weights_hash
from scpo.training.finetune.scoring import score
from scpo.training.finetune.train_model import Task, train_one
from scpo.training.finetune.trained_model import TrainedModel
from scpo.training.heads.backend import global_heads
from scpo.training.heads.features import cache_folder
from scpo.training.reward_model import assemble

EVALUATIONS = 4  # on the way of one model, evenly spaced


def fine_tune(
    start: StartingModel,
    config: ExperimentConfig,
    data: Preferences,
    rows: dict[str, Rows],
    budgets: tuple[int, ...],
    progress: Progress,
    checkpoint: Checkpoint,
) -> BackendResult:
    """Score every text with the starting model, then fine-tune it once per row of the plan."""
    borrowing = [m for m in config.methods if METHODS[m].borrows]
    if config.finetune.lora and borrowing:
        raise ConfigError(
            f"method {borrowing[0]!r} with LoRA is not there: {worded('a country')}'s adapters would lie on the common "
            "model's. Leave out the method, or train all weights (`lora` 0)."
        )
    folder, key, whole = checkpoint.folder / "models", checkpoint.key, config.finetune
    folder.mkdir(exist_ok=True)
    progress.report("embed", 0, 1)
    if start.encoder:
        start = _with_head(start, start.encoder, config, data, folder / "global", progress)
    model = load_model(start.folder, start.tokenizer)
    longest = longest_input(whole.max_length, start.tokenizer, model.config)
    reading = reading_of(data, start.tokenizer, longest, whole.as_published)
    tell_unread(reading)
    reward = _rewards(model, InputFormat(start.tokenizer, longest), data, rows, progress)
    del model  # each training loads its own
    rewards = dict.fromkeys(rows, reward)
    margin = pair_margins(data, rewards)
    _check_distinct(config, rows, margin)

    plan = plan_heads(config, rows, margin, budgets)
    eval_steps = (0, *sorted({-(-config.steps * part // EVALUATIONS) for part in range(1, EVALUATIONS + 1)}))
    texts = Texts(data, InputFormat(start.tokenizer, longest, whole.as_published))
    twins = _twins(plan)
    all_models = ProgressOfModels(progress, plan, config, twins)
    train = functools.partial(train_one, config=config, texts=texts, eval_steps=eval_steps, key=key)
    training = _Training(train, start, reward, data, rows, plan, margin, folder, all_models)
    models: list[TrainedModel] = []
    for k, twin in enumerate(twins):
        models.append(models[twin] if twin < k else training.model(k))
    all_models.done()
    table = np.stack([model.rewards for model in models]) if models else np.empty((0, len(reward)), np.float32)

    def score_kept(texts: np.ndarray):
        return lambda models: table[models][:, texts]

    step, path = np.array([m.step for m in models], np.int64), np.array([m.path for m in models])
    weights = _model_bytes(start, plan, models, reward, table, folder.parent)
    return BackendResult(plan, rewards, score_kept, step, eval_steps, path, weights, reading)


@dataclasses.dataclass(frozen=True)
class _Training:
    """Trains one model of the plan after another, each from `start`, whose rewards are `reward` (texts,).

    train   `train_one`, with what is the same for every model
    margin  (pairs,) of the global model by country; folder: where the models of the run lie
    """

    train: Callable[..., TrainedModel]
    start: StartingModel
    reward: np.ndarray
    data: Preferences
    rows: dict[str, Rows]
    plan: HeadPlan
    margin: dict[str, np.ndarray]
    folder: Path
    progress: ProgressOfModels

    def model(self, k: int) -> TrainedModel:
        """The k-th model, begun at the countries' common one where its method borrows from all."""
        task = _task(self.data, self.rows, self.plan, k)
        begin, reward = self._common(k) if METHODS[task.method].borrows else (self.start, self.reward)
        trained = self.train(
            begin,
            task=task,
            folder=self.folder / f"{k:04d}",
            margin=self._margin(k),
            reward=reward,
            report=lambda step, accuracy=None: self.progress.of(k, step, accuracy),
        )
        stayed = trained.folder is None and begin is not self.start
        return dataclasses.replace(trained, folder=begin.folder) if stayed else trained

    def _common(self, k: int) -> tuple[StartingModel, np.ndarray]:
        """The model that all countries share, which the k-th begins at, and its rewards (texts,)."""
        seed, budget_index = self.plan.table.loc[k, ["seed", "level"]]
        trained = self.train(
            self.start,
            task=_common_task(self.data, self.rows, self.plan, k),
            folder=self.folder / f"common-{seed}-{budget_index}",
            margin=self._margin(k),
            reward=self.reward,
            report=lambda step, accuracy=None: self.progress.common(k, step),
        )
        start = self.start
        moved = StartingModel(start.name, trained.folder, start.tokenizer) if trained.folder else start
        return moved, trained.rewards

    def _margin(self, k: int) -> np.ndarray:
        return self.margin[self.plan.table["country"][k]]


def _with_head(
    start: StartingModel,
    encoder: Encoder,
    config: ExperimentConfig,
    data: Preferences,
    place: Path,
    progress: Progress,
) -> StartingModel:
    """The encoder with a head trained on the reference countries, kept as a model folder."""
    features, heads = global_heads(config, data, encoder, EncodingProgress(progress))
    model, tokenizer = assemble(start.folder, heads[0], config.hidden, torch.from_numpy(features.prompt_mean))
    partial = place.with_name(f".{place.name}")
    shutil.rmtree(partial, ignore_errors=True)
    model.save_pretrained(partial)
    tokenizer.save_pretrained(partial)
    shutil.rmtree(place, ignore_errors=True)
    partial.rename(place)
    return StartingModel(start.name, place, tokenizer)


def _rewards(model, inputs: InputFormat, data: Preferences, rows: dict[str, Rows], progress: Progress):
    """Rewards (texts,) by the starting model of every text that is asked for, NaN elsewhere."""
    wanted = [part for here in rows.values() for part in (here.train, here.validation, here.test)]
    texts = texts_of(data, np.concatenate([*wanted, reference_rows(data)]))
    model.to(device())
    table, reward = data.texts.iloc[texts], np.full(len(data.texts), np.nan, np.float32)
    reward[texts] = score(
        model,
        inputs,
        list(zip(table["prompt"].astype(object), table["response"], strict=True)),
        cache=cache_folder() / "rewards",
        on_progress=lambda done, total: progress.report("global", done, total),
    )
    progress.report("global", 1, 1)
    return reward


def _check_distinct(config: ExperimentConfig, rows: dict[str, Rows], margin: dict[str, np.ndarray]) -> None:
    """Raise `InputError` for countries in whose training pairs the starting model is never wrong."""
    if not any(METHODS[m].filters for m in config.methods):
        return
    never_wrong = [country for country, part in rows.items() if not (margin[country][part.train] < 0).any()]
    if never_wrong:
        raise InputError(
            f"no training pair of {', '.join(never_wrong)} is distinct: the starting model prefers the chosen "
            f"answer in all of them, and there is nothing to steer. Leave out these {worded('countries')}, or bring "
            "more pairs."
        )


def _twins(plan: HeadPlan) -> list[int]:
    """For each model the first that is trained on the very same: a pooled one serves all countries."""
    first: dict[tuple, int] = {}
    twins = []
    for k, pool in enumerate(plan.pools):
        same = METHODS[plan.table["method"][k]].one_for_all, pool.rows.tobytes(), pool.weight.tobytes(), pool.seed
        twins.append(first.setdefault(same, k) if same[0] else k)
    return twins


def _task(data: Preferences, rows: dict[str, Rows], plan: HeadPlan, k: int) -> Task:
    """The k-th model of the plan; those with all pairs are asked for the test pairs of every country too, and for
    their own validation questions, on which a temperature is chosen."""
    record, pool = plan.table.iloc[k], plan.pools[k]
    for_all, top = METHODS[record["method"]].one_for_all, record["level"] == plan.table["level"].max()
    own = rows[record["country"]]
    members = list(rows.values()) if for_all else [own]
    everyone = [part.test for part in rows.values()] if for_all or top else [own.test]
    more = [reference_rows(data), *([own.validation] if data.card.unit == "question" else [])] if top else []
    scored = texts_of(data, np.concatenate([*everyone, *more]))
    validation = np.concatenate([part.validation for part in members])
    return Task(record["method"], int(record["seed"]), pool.rows, pool.weight, validation, own.test, scored, bool(top))


def _common_task(data: Preferences, rows: dict[str, Rows], plan: HeadPlan, k: int) -> Task:
    """What all countries share, of the k-th model's seed and budget: one model of everybody's pairs, that each
    country's own begins at. It is asked for every text that may be asked of them."""
    mine = plan.table.iloc[k]
    same = (plan.table[["method", "seed", "level"]] == mine[["method", "seed", "level"]]).all(axis=1)
    pools = [plan.pools[k] for k in np.flatnonzero(same)]
    validation, test = (
        np.concatenate([getattr(part, split) for part in rows.values()]) for split in ("validation", "test")
    )
    train = np.concatenate([pool.rows for pool in pools])
    scored = texts_of(data, np.concatenate([train, validation, test, reference_rows(data)]))
    weight = np.concatenate([pool.weight for pool in pools])
    return Task("pooled", int(mine["seed"]), train, weight, validation, test, scored, keep=True)


def _model_bytes(
    start: StartingModel,
    plan: HeadPlan,
    models: list[TrainedModel],
    reward: np.ndarray,
    table: np.ndarray,
    folder: Path,
) -> bytes:
    """models.safetensors: rewards of all texts by the starting model and by each model; a header says where each lies,
    with the hash of its weights."""
    is_own = start.folder.is_relative_to(folder)
    places = [str(model.folder.relative_to(folder)) if model.folder else None for model in models]
    hashes = [weights_hash(model.folder) if model.folder else None for model in models]
    listed = plan.table.assign(step=[model.step for model in models], folder=pd.Series(places), hash=pd.Series(hashes))
    about = {
        "start": str(start.folder.relative_to(folder)) if is_own else start.name,
        "start_hash": weights_hash(start.folder),
        "models": listed.to_dict("records"),
    }
    return tensor_bytes({"global": reward, "models": table}, {"about": json.dumps(about)})
