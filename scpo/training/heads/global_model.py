"""The global reward model that every country's head starts from.

`reference`: one head trained on the pooled pairs of the reference countries. `others`: for each
evaluated country, a head trained on the pairs of all other countries. Else: the global head of an
earlier run. Pairs of the test split are never seen; the step is chosen by validation log loss,
so that the scale of the rewards, on which tau and beta depend, is calibrated.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import safetensors
import torch
from torch.nn.functional import softplus

from scpo.config import ExperimentConfig
from scpo.data.preferences import TRAIN, VALIDATION, Preferences
from scpo.errors import ConfigError
from scpo.grouping import worded
from scpo.plan import Pool
from scpo.training.heads.features import Features
from scpo.training.heads.stacked import Heads, HeadShape

STEPS, BATCH, LR = 800, 256, 0.001
EVAL_STEPS = (10, 20, 40, 70, 100, 150, 200, 250, 300, 400, 500, 600, 700, 800)


def train_global(
    data: Preferences,
    features: Features,
    shape: HeadShape,
    mode: str,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    half: int | None = None,
) -> torch.Tensor:
    """Global heads (1, p) for mode `reference`, or (countries, p) for mode `others`.

    `on_progress(steps done, steps in all)` is called often and may raise.
    half  0 or 1: of one half of the people (or questions) alone, see `halves`
    """
    country, split = data.pairs["country"].to_numpy(), data.split_of_pairs()
    if mode == "reference":
        members = [np.isin(country, data.card.reference)]
    else:
        members = [country != c for c in data.card.countries]
    if half is not None:
        members = [member & (halves(data) == half) for member in members]
    chosen, rejected = (data.pairs[side].to_numpy() for side in ("chosen", "rejected"))
    pools = [_pool(member & (split == TRAIN), place) for place, member in enumerate(members)]
    start = torch.stack([shape.fresh(0)] * len(pools))
    heads = Heads(shape, start, pools, features.of, chosen, rejected, steps=STEPS, batch_size=BATCH, lr=LR)
    checks = [np.flatnonzero(member & (split == VALIDATION)) for member in members]
    best, best_loss = start.clone(), torch.full((len(pools),), torch.inf)
    for step in EVAL_STEPS:
        heads.advance(step, on_progress)
        for k, rows in enumerate(checks):
            loss = _log_loss(shape, heads.theta[k : k + 1], features, chosen[rows], rejected[rows])
            if loss < best_loss[k]:
                best[k], best_loss[k] = heads.theta[k], loss
    return best


def halves(data: Preferences) -> np.ndarray:
    """Of each pair 0 or 1, by a draw of its person (or question): both have as many of the reference population, and of
    all others, in each split."""
    unit = data.pairs["unit"].to_numpy()
    reference = np.zeros(len(data.units), bool)
    reference[unit[np.isin(data.pairs["country"].to_numpy(), data.card.reference)]] = True
    drawn = data.units.assign(reference=reference).sample(frac=1, random_state=0)
    return (drawn.groupby(["split", "reference"], observed=True).cumcount() % 2).sort_index().to_numpy()[unit]


def _pool(mask: np.ndarray, seed: int) -> Pool:
    rows = np.flatnonzero(mask)
    if not len(rows):
        raise ConfigError(
            worded(
                "the global model has no training pairs: no pairs of the reference countries are left. "
                "Name other reference countries, or use global_model='others'."
            )
        )
    return Pool(rows, np.ones(len(rows), np.float32), (0, seed))


def _log_loss(shape, theta, features: Features, chosen: np.ndarray, rejected: np.ndarray) -> float:
    texts, place = np.unique(np.stack([chosen, rejected]), return_inverse=True)
    rewards = shape.rewards(theta, torch.from_numpy(features.of(texts)))[0]
    left, right = torch.from_numpy(place.reshape(2, -1))
    return float(softplus(rewards[right] - rewards[left]).mean()) if len(chosen) else 0.0


def load_global(path: str, encoder_key: str, config: ExperimentConfig) -> tuple[torch.Tensor, np.ndarray]:
    """The global head (1, p) and prompt mean (d,) of an earlier run's `heads.safetensors`."""
    if not Path(path).is_file():
        raise ConfigError(
            f"global_model is {path!r}; it must be 'reference', 'others', or the heads.safetensors of a run."
        )
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {}).get("about", "{}"))
            heads, mean = file.get_tensor("global"), file.get_tensor("prompt_mean")
    except (safetensors.SafetensorError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read as the weights of a run: {error}.") from error
    if about.get("encoder_key") != encoder_key or about.get("hidden") != config.hidden or len(heads) != 1:
        raise ConfigError(
            f"{path} holds a global head for encoder {about.get('encoder')!r} with hidden={about.get('hidden')} "
            f"and {len(heads)} head(s); needed: one head for encoder {config.encoder!r} with hidden={config.hidden}."
        )
    return heads, mean.numpy()
