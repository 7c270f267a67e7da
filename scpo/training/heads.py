"""Reward heads, all trained together: K heads as one stacked tensor (K, p).

A head is linear, r(phi) = phi . theta with p = d, or an MLP with one hidden layer. Every head
has its own pairs, weights and starting point; one Adam step moves all of them. Heads are
worked in blocks that stay in the processor's cache, and the steps between two marks are taken
block by block. The engine knows nothing of countries, methods or texts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

BLOCK = 64  # heads worked at a time: 64 x 16 pairs x 768 floats are 3 MiB, the size of a cache
PRECOMPUTE = 1 << 30  # bytes of pair differences kept ready; beyond that they are made batch by batch
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class HeadShape:
    """The form of a head. width: length d of phi; hidden: width h of an MLP's layer, 0 = linear."""

    width: int
    hidden: int = 0

    @property
    def size(self) -> int:
        """Parameters of one head, p: d, or h*d + h + h."""
        return self.width if not self.hidden else self.hidden * (self.width + 2)

    def fresh(self, seed: int) -> torch.Tensor:
        """A new head (p,): zeros if linear, else a random hidden layer under a zero output layer."""
        theta = torch.zeros(self.size)
        if self.hidden:
            generator = torch.Generator().manual_seed(seed)
            layer = torch.randn(self.hidden * self.width, generator=generator) / self.width**0.5
            theta[: self.hidden * self.width] = layer
        return theta

    def rewards(self, theta: torch.Tensor, phi: torch.Tensor) -> torch.Tensor:
        """Rewards of n texts under K heads: (K, p), (n, d) -> (K, n); or (K, n, d) -> (K, n)."""
        per_head = phi.ndim == 3
        if not self.hidden:
            return torch.einsum("knd,kd->kn", phi, theta) if per_head else theta @ phi.T
        cut = self.hidden * self.width
        layer = theta[:, :cut].reshape(-1, self.hidden, self.width)
        bias, out = theta[:, cut : cut + self.hidden], theta[:, cut + self.hidden :]
        inner = torch.einsum("knd,khd->knh" if per_head else "nd,khd->knh", phi, layer)
        return torch.einsum("knh,kh->kn", torch.tanh(inner + bias[:, None]), out)


@dataclass(frozen=True)
class Pool:
    """The pairs one head trains on: rows (n,) int64 of the pair table, weights (n,), and the seed
    of the order in which it meets them. Pools of one seed and size meet them in the same order."""

    rows: np.ndarray
    weight: np.ndarray
    seed: tuple[int, ...]


def batch_order(pool: Pool, length: int) -> np.ndarray:
    """Positions in the pool in training order, (length,) int32: one shuffle after another."""
    n = len(pool.rows)
    epochs = np.tile(np.arange(n, dtype=np.int32), (-(-length // n), 1))
    return np.random.default_rng(pool.seed).permuted(epochs, axis=1).ravel()[:length]


class Heads:
    """K heads in training. `theta`, `m`, `v` are (K, p); `step` counts Adam steps taken."""

    def __init__(
        self, shape: HeadShape, start: torch.Tensor, pools: Sequence[Pool],
        phi: Callable[[np.ndarray], np.ndarray], chosen: np.ndarray, rejected: np.ndarray,
        *, steps: int, batch_size: int, lr: float,
    ):  # fmt: skip
        """start (K, p); phi(text rows) -> (n, d) float32; chosen, rejected (pairs,) text rows."""
        self.shape, self.lr, self.batch_size, self.steps = shape, lr, batch_size, steps
        self.theta, self.m, self.v = start.clone(), torch.zeros_like(start), torch.zeros_like(start)
        self.step = 0
        self._examples = _Examples(shape, pools, phi, chosen, rejected)
        length = steps * batch_size
        self._rows = np.empty((len(pools), length), dtype=np.int32)
        self._weight = np.zeros((len(pools), length), dtype=np.float32)
        for head, pool in enumerate(pools):
            if len(pool.rows):  # a head without pairs keeps weight 0 and never moves
                order = batch_order(pool, length)
                self._rows[head] = self._examples.place(pool.rows)[order]
                self._weight[head] = pool.weight[order]
            else:
                self._rows[head] = 0

    def advance(self, to_step: int, pause: Callable[[float], None] | None = None) -> None:
        """Train every head up to a step. `pause(share of this work done)` is called often and may raise."""
        state = [self.theta.clone(), self.m.clone(), self.v.clone()]
        for first in range(0, len(self.theta), BLOCK):
            block = slice(first, first + BLOCK)
            part = (first / len(self.theta), min(BLOCK / len(self.theta), 1.0))
            self._train_block(block, [tensor[block] for tensor in state], to_step, part, pause)
        self.theta, self.m, self.v = state  # a pause that raised has left every head at the old step
        self.step = to_step

    def _train_block(self, block: slice, state: list[torch.Tensor], to_step: int, part, pause) -> None:
        theta, m, v = state
        for step in range(self.step + 1, to_step + 1):
            if pause:
                pause(part[0] + part[1] * (step - 1 - self.step) / (to_step - self.step))
            span = slice((step - 1) * self.batch_size, step * self.batch_size)
            rows = torch.from_numpy(self._rows[block, span])
            weight = torch.from_numpy(self._weight[block, span])
            gradient = self._examples.gradient(theta, rows, weight)
            m.mul_(BETA1).add_(gradient, alpha=1 - BETA1)
            v.mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
            scale = v.sqrt().div_((1 - BETA2**step) ** 0.5).add_(EPSILON)
            theta.addcdiv_(m, scale, value=-self.lr / (1 - BETA1**step))


class _Examples:
    """The pairs of all pools, ready to be gathered: differences of phi for a linear head."""

    def __init__(self, shape, pools, phi, chosen, rejected):
        self.shape = shape
        used = [pool.rows for pool in pools if len(pool.rows)]
        self._used = np.unique(np.concatenate(used)) if used else np.zeros(1, np.int64)
        texts, place = np.unique(np.stack([chosen[self._used], rejected[self._used]]), return_inverse=True)
        self._chosen, self._rejected = torch.from_numpy(place.reshape(2, -1))
        self._phi = torch.from_numpy(phi(texts))
        ready = not shape.hidden and len(self._used) * shape.width * 4 <= PRECOMPUTE
        self._difference = self._phi[self._chosen] - self._phi[self._rejected] if ready else None

    def place(self, rows: np.ndarray) -> np.ndarray:
        """Where these rows of the pair table stand among the pairs in use."""
        return np.searchsorted(self._used, rows)

    def gradient(self, theta: torch.Tensor, rows: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """Gradient of each head's weighted Bradley-Terry loss: (k, p), (k, b), (k, b) -> (k, p)."""
        if self.shape.hidden:
            return self._gradient_by_autograd(theta, rows, weight)
        k, b = rows.shape
        flat = rows.reshape(-1)
        if self._difference is not None:
            x = self._difference.index_select(0, flat)
        else:
            x = self._phi.index_select(0, self._chosen[flat]) - self._phi.index_select(0, self._rejected[flat])
        x = x.view(k, b, -1)
        margin = torch.bmm(x, theta[:, :, None])[..., 0]
        # d/dm of -w log sigmoid(m) is -w sigmoid(-m); the mean divides by b
        pull = -(weight * torch.sigmoid(-margin)) / b
        return torch.bmm(pull[:, None], x)[:, 0]

    def _gradient_by_autograd(self, theta, rows, weight):
        theta = theta.detach().requires_grad_()
        chosen = self.shape.rewards(theta, self._phi[self._chosen[rows]])
        rejected = self.shape.rewards(theta, self._phi[self._rejected[rows]])
        loss = -(weight * torch.nn.functional.logsigmoid(chosen - rejected)).mean(1).sum()
        return torch.autograd.grad(loss, theta)[0]
