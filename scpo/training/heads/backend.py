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
from scpo.plan import HeadPlan, Rows, pair_margins, plan_heads
from scpo.progress import Progress
from scpo.training.backend import Trained
from scpo.training.checkpoint import Checkpoint
from scpo.training.encoder_reading import read_data, reading_table, tell_unread
from scpo.training.encoders import Encoder
from scpo.training.heads.features import Features, cache_folder, embed_texts
from scpo.training.heads.global_model import STEPS, load_global, train_global
from scpo.training.heads.shared import train_shared
from scpo.training.heads.stacked import HeadShape
from scpo.training.heads.train import Steered


def train_heads(
    encoder: Encoder,
    train: Callable[..., Steered],
    config: ExperimentConfig,
    data: Preferences,
    rows: dict[str, Rows],
    budgets: tuple[int, ...],
    progress: Progress,
    checkpoint: Checkpoint,
) -> Trained:
    """Embed the texts, train or load the global head, then every head of the plan by `train`."""
    reading = reading_table(data, read_data(data, encoder.reader, cache_folder() / "read", encoder.key))
    tell_unread(reading)
    features, globals_ = global_heads(config, data, encoder, progress)
    rewards, plan, steered = steer_heads(train, config, data, features, globals_, rows, budgets, progress, checkpoint)
    shape = HeadShape(features.width, config.hidden)

    def score(texts: np.ndarray):
        phi = torch.from_numpy(features.of(texts))
        return lambda heads: shape.rewards(steered.theta[torch.from_numpy(heads)], phi).numpy()

    weights = head_bytes(config, encoder.key, features, globals_, plan, steered)
    return Trained(plan, rewards, score, steered.step, steered.marks, steered.path, weights, reading)


def steer_heads(
    train: Callable[..., Steered],
    config: ExperimentConfig,
    data: Preferences,
    features: Features,
    globals_: torch.Tensor,
    rows: dict[str, Rows],
    budgets: tuple[int, ...],
    progress: Progress,
    checkpoint: Checkpoint | None = None,
) -> tuple[dict[str, np.ndarray], HeadPlan, Steered]:
    """Every head of the plan from the global heads (1 or C, p): rewards by the global model, the plan, the heads."""
    shape = HeadShape(features.width, config.hidden)
    start = {c: globals_[min(place, len(globals_) - 1)] for place, c in enumerate(rows)}
    rewards = global_rewards(len(data.texts), features, shape, start)
    plan = plan_heads(config, rows, pair_margins(data, rewards), budgets)
    is_shared = (plan.table["method"] == "shared").to_numpy()
    places = [np.flatnonzero(~is_shared), np.flatnonzero(is_shared)]
    by_steps, together = (plan.take(place) for place in places)
    steered = Steered.join(
        [
            train(config, data, features, shape, start, rows, by_steps, progress, checkpoint),
            train_shared(
                config,
                data,
                features,
                shape,
                start,
                rows,
                together,
                lambda share: progress.report("share", round(1000 * share), 1000),
            ),
        ],
        places,
    )
    progress.report("share", 1, 1)
    return rewards, plan, steered


def global_heads(config: ExperimentConfig, data: Preferences, encoder: Encoder, progress: Progress):
    """Features of all texts, and the global heads (1 or C, p) of the kind and scale that are asked for."""
    features = embed_texts(
        data.texts, encoder, cache_folder(), lambda done, total: progress.report("embed", done, total)
    )
    progress.report("embed", 1, 1)
    shape = HeadShape(features.width, config.hidden)
    if config.global_model in ("reference", "others"):
        globals_ = train_global(
            data, features, shape, config.global_model, lambda step: progress.report("global", step, STEPS)
        )
    else:
        globals_, mean = load_global(config.global_model, encoder.key, config)
        features = dataclasses.replace(features, prompt_mean=mean)
    progress.report("global", 1, 1)
    return features, shape.scaled(globals_, config.global_scale)


def global_rewards(
    texts: int, features: Features, shape: HeadShape, start: dict[str, torch.Tensor]
) -> dict[str, np.ndarray]:
    """Per country, the reward of every text by its global model, (texts,) float32.

    Computed in slices that keep memory flat.
    """
    theta, place = torch.unique(torch.stack(list(start.values())), dim=0, return_inverse=True)
    rewards, slice_ = np.empty((len(theta), texts), np.float32), 16_384
    for first in range(0, texts, slice_):
        part = slice(first, first + slice_)
        rewards[:, part] = shape.rewards(theta, torch.from_numpy(features.of(part))).numpy()
    by_model = list(rewards)  # countries of one model share its array
    return {country: by_model[int(place[at])] for at, country in enumerate(start)}


def head_bytes(config, encoder_key: str, features: Features, globals_, plan, steered) -> bytes:
    """heads.safetensors: global and trained heads; a header says which head is which."""
    about = {
        "encoder": config.encoder,
        "encoder_key": encoder_key,
        "hidden": config.hidden,
        "heads": plan.table.assign(step=steered.step).to_dict("records"),
    }
    tensors = {
        "global": globals_.contiguous(),
        "heads": steered.theta.contiguous(),
        "prompt_mean": torch.from_numpy(np.ascontiguousarray(features.prompt_mean)),
    }
    return safetensors.torch.save(tensors, metadata={"about": json.dumps(about)})
