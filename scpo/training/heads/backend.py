"""The first back end: heads on a frozen encoder, all of them trained at once.

data -> features -> global head -> one head per country, method, seed, budget
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable

import numpy as np
import safetensors.torch
import torch

from scpo.config import ExperimentConfig
from scpo.data.preferences import Preferences
from scpo.methods import METHODS
from scpo.plan import HeadPlan, Rows, pair_margins, plan_heads
from scpo.progress import Progress
from scpo.training.backend import BackendResult
from scpo.training.checkpoint import Checkpoint
from scpo.training.encoder_reading import read_data, reading_table, tell_unread
from scpo.training.encoders import Encoder
from scpo.training.heads import ray_cluster
from scpo.training.heads.features import Features, cache_folder, embed_texts
from scpo.training.heads.global_model import load_global, train_global
from scpo.training.heads.interpolated import train_interpolated
from scpo.training.heads.lowrank import train_lowrank
from scpo.training.heads.pooled_full import train_pooled_full
from scpo.training.heads.problem import HeadProblem
from scpo.training.heads.prototypes import train_prototypes
from scpo.training.heads.ridge import train_ridge
from scpo.training.heads.robust import train_robust
from scpo.training.heads.shared import train_shared
from scpo.training.heads.stacked import HeadShape
from scpo.training.heads.train import TrainedHeads
from scpo.training.memory import give_back

TRAINERS: dict[str, Callable[..., TrainedHeads]] = {  # of heads that are fitted at once, by `Method.training`
    "shared": train_shared,
    "ridge": train_ridge,
    "interpolated": train_interpolated,
    "lowrank": train_lowrank,
    "prototypes": train_prototypes,
    "robust": train_robust,
    "pooled_full": train_pooled_full,
}


def train_heads(
    encoder: Encoder,
    config: ExperimentConfig,
    data: Preferences,
    rows: dict[str, Rows],
    budgets: tuple[int, ...],
    progress: Progress,
    checkpoint: Checkpoint,
) -> BackendResult:
    """Embed the texts, train or load the global head, then every head of the plan."""
    give_back()
    reading = reading_table(data, read_data(data, encoder.reader, cache_folder() / "read", encoder.key))
    if progress.is_first:
        tell_unread(reading)
    features, globals_ = global_heads(config, data, encoder, progress)
    problem = problem_of(config, data, rows, features, globals_)
    rewards, plan, trained = train_plan(problem, budgets, progress, checkpoint)

    def score(texts: np.ndarray):
        phi = torch.from_numpy(features.of(texts))
        return lambda heads: problem.shape.rewards(trained.theta[torch.from_numpy(heads)], phi).numpy()

    weights = head_bytes(problem, encoder.key, globals_, plan, trained)
    steps = (trained.step, trained.eval_steps, trained.path)
    second = second_rewards(problem) if config.second_global else None
    return BackendResult(plan, rewards, score, *steps, weights, reading, trained.share, second)


def problem_of(
    config: ExperimentConfig, data: Preferences, rows: dict[str, Rows], features: Features, globals_: torch.Tensor
) -> HeadProblem:
    """The problem whose countries begin at global heads, (1 or C, p)."""
    start = {country: globals_[min(place, len(globals_) - 1)] for place, country in enumerate(rows)}
    return HeadProblem(config, data, rows, features, HeadShape(features.width, config.hidden), start)


def train_plan(
    problem: HeadProblem, budgets: tuple[int, ...], progress: Progress, checkpoint: Checkpoint | None = None
) -> tuple[dict[str, np.ndarray], HeadPlan, TrainedHeads]:
    """Every head of an experiment: rewards by the global model, the plan, and the trained heads of the plan.

    On the cluster of `SCPO_RAY_ADDRESS`, if there is one; what is fitted at once, here.
    """
    rewards = global_rewards(problem)
    give_back()
    plan = plan_heads(problem.config, problem.rows, pair_margins(problem.data, rewards), budgets)
    if checkpoint is None:
        return rewards, plan, _train(problem, plan, progress, None)
    whole = checkpoint.narrowed(b"trained", *(theta.numpy().tobytes() for theta in problem.start.values()))
    saved = whole.load()
    trained = (
        TrainedHeads.from_tensors(saved[1], problem.config) if saved else _train(problem, plan, progress, checkpoint)
    )
    if not saved:
        whole.save_now(problem.config.steps, trained.tensors())
    progress.report("share", 1, 1)
    return rewards, plan, trained


def _train(
    problem: HeadProblem, plan: HeadPlan, progress: Progress, checkpoint: Checkpoint | None = None
) -> TrainedHeads:
    """Every head of a plan, each kind by its own trainer."""
    training = np.array([METHODS[method].training for method in plan.table["method"]])
    by_steps = np.flatnonzero(training == "steps")
    train_by_steps = ray_cluster.trainer()
    parts, places = [train_by_steps(problem, plan.take(by_steps), progress, checkpoint)], [by_steps]
    costs = {METHODS[name].training: METHODS[name].cost for name in problem.config.fitted}
    whole, before = sum(costs.values()), 0.0
    for kind, cost in costs.items():

        def on_progress(done: int, total: int, before: float = before, cost: float = cost) -> None:
            progress.report("share", round(1000 * (before + cost * done / total)), round(1000 * whole))

        before += cost
        give_back()
        places.append(np.flatnonzero(training == kind))
        parts.append(TRAINERS[kind](problem, plan.take(places[-1]), on_progress))
    progress.report("share", 1, 1)
    return TrainedHeads.join(parts, places)


def global_heads(config: ExperimentConfig, data: Preferences, encoder: Encoder, progress: Progress):
    """Features of all texts, and the global heads (1 or C, p) of the kind and scale that are asked for."""
    features = embed_texts(
        data.texts, encoder, cache_folder(), lambda done, total: progress.report("embed", done, total)
    )
    progress.report("embed", 1, 1)
    shape = HeadShape(features.width, config.hidden)
    if config.global_model in ("reference", "others"):
        half = 0 if config.second_global else None
        globals_ = train_global(
            data, features, shape, config.global_model, lambda done, total: progress.report("global", done, total), half
        )
    else:
        globals_, mean = load_global(config.global_model, encoder.key, config)
        features = dataclasses.replace(features, prompt_mean=mean)
    progress.report("global", 1, 1)
    return features, shape.scaled(globals_, config.global_scale)


def second_rewards(problem: HeadProblem) -> dict[str, np.ndarray]:
    """The same as `global_rewards` by a second global model, trained on the half of the people that the first has not
    seen."""
    config, data = problem.config, problem.data
    second = train_global(data, problem.features, problem.shape, config.global_model, half=1)
    return global_rewards(problem_of(config, data, problem.rows, problem.features, second))


def global_rewards(problem: HeadProblem) -> dict[str, np.ndarray]:
    """Per country, the reward of every text by its global model, (texts,) float32.

    Computed in slices that keep memory flat.
    """
    theta, model = torch.unique(torch.stack(list(problem.start.values())), dim=0, return_inverse=True)
    texts = len(problem.data.texts)
    rewards, slice_ = np.empty((len(theta), texts), np.float32), 16_384
    for first in range(0, texts, slice_):
        part = slice(first, first + slice_)
        rewards[:, part] = problem.shape.rewards(theta, torch.from_numpy(problem.features.of(part))).numpy()
    by_model = list(rewards)  # countries of one model share its array
    return {country: by_model[int(model[place])] for place, country in enumerate(problem.start)}


def head_bytes(
    problem: HeadProblem, encoder_key: str, globals_: torch.Tensor, plan: HeadPlan, trained: TrainedHeads
) -> bytes:
    """heads.safetensors: global and trained heads; a header says which head is which."""
    about = {
        "encoder": problem.config.encoder,
        "encoder_key": encoder_key,
        "hidden": problem.config.hidden,
        "heads": plan.table.assign(step=trained.step).to_dict("records"),
    }
    tensors = {
        "global": globals_.contiguous(),
        "heads": trained.theta.contiguous(),
        "prompt_mean": torch.from_numpy(np.ascontiguousarray(problem.features.prompt_mean)),
    }
    return safetensors.torch.save(tensors, metadata={"about": json.dumps(about)})
