"""Rewards of heads on held-out pairs: validation for the choice of the step, test for the measures.

Torch in, numpy out. Knows nothing of files or tables of results.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn.functional import softplus

from scpo.data.preferences import Preferences
from scpo.metrics.outcomes import subset_masks
from scpo.training.heads.features import Features
from scpo.training.heads.stacked import HeadShape


class HeldOut:
    """Some pairs whose rewards are asked for again and again; phi of their texts is kept.

    rows    (n,) rows of the pair table
    """

    def __init__(self, data: Preferences, features: Features, shape: HeadShape, rows: np.ndarray):
        self.rows, self.shape = rows, shape
        sides = np.stack([data.pairs["chosen"].to_numpy()[rows], data.pairs["rejected"].to_numpy()[rows]])
        texts, place = np.unique(sides, return_inverse=True)
        self._phi = torch.from_numpy(features.of(texts))
        self._chosen, self._rejected = torch.from_numpy(place.reshape(2, -1))
        self.unit = data.pairs["unit"].to_numpy()[rows]

    def margins(self, theta: torch.Tensor) -> torch.Tensor:
        """r(chosen) - r(rejected) under K heads, (K, p) -> (K, n)."""
        rewards = self.shape.rewards(theta, self._phi)
        return rewards[:, self._chosen] - rewards[:, self._rejected]


def validation_score(margins: list[torch.Tensor]) -> torch.Tensor:
    """How good heads are on validation pairs, (K,) from (K, n) parts: accuracy, then lower log loss."""
    joined = torch.cat(margins, dim=1)
    if not joined.shape[1]:
        return torch.zeros(len(joined), dtype=torch.float64)
    accuracy = (joined > 0).double().mean(1)
    return accuracy - 1e-6 * softplus(-joined).double().mean(1).clamp(max=1e3)


def subset_accuracy(margins: torch.Tensor, global_margin: torch.Tensor) -> np.ndarray:
    """Accuracy on all pairs, on distinct (m < 0) and on consensus (m > 0) pairs: (K, n) -> (K, 3)."""
    right = (margins > 0).double()
    parts = torch.from_numpy(subset_masks(global_margin.numpy()))
    return torch.stack([right[:, part].mean(1) for part in parts], dim=1).numpy()


def longer_margin(data: Preferences, rows: np.ndarray) -> np.ndarray:
    """Margin of the trivial 'longer answer wins': difference of lengths in characters, (n,)."""
    length = data.texts["response"].str.len().to_numpy()
    return (length[data.pairs["chosen"].to_numpy()[rows]] - length[data.pairs["rejected"].to_numpy()[rows]]).astype(
        np.float32
    )


def coin_margin(n: int, seed: tuple[int, ...]) -> np.ndarray:
    """Margin of a coin, (n,) of -1 or 1."""
    return np.random.default_rng(seed).choice(np.array([-1, 1], np.float32), size=n)
