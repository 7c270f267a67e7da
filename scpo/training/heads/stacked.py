"""Reward heads, all trained together: K heads as one stacked tensor (K, p).

A head is linear, r(phi) = phi . theta with p = d, or an MLP with one hidden layer. Every head
has its own pairs, weights and starting point; one Adam step moves all of them. Heads are
worked in blocks that stay in the processor's cache, and the steps between two evaluations are
taken block by block. The engine knows nothing of countries, methods or texts.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from scpo.plan import Pool
from scpo.training.loss import pair_losses

BLOCK = 64  # heads worked at a time: 64 x 16 pairs x 768 floats are 3 MiB, the size of a cache
PRECOMPUTE = 1 << 30  # bytes of pair differences kept ready; beyond that they are made batch by batch
SHUFFLED = 4096  # places of the order of training that are drawn together
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

    def scaled(self, theta: torch.Tensor, factor: float) -> torch.Tensor:
        """The heads (K, p) whose rewards are those of theta (K, p), multiplied by a factor."""
        out = slice(self.hidden * (self.width + 1) if self.hidden else 0, None)
        theta = theta.clone()
        theta[:, out] *= factor
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


def batch_order(pool: Pool, begin: int, end: int) -> np.ndarray:
    """Positions in the pool from place begin to end of its order of training, (end - begin,) int32.

    The order is one shuffle of the pool after another, without end. Shuffles are drawn some
    thousand places at a time, so that any part can be had without what comes before it.
    """
    n = len(pool.rows)
    shuffles = max(SHUFFLED // n, 1)
    size = shuffles * n
    first, last = begin // size, -(-end // size)
    draw = _drawn if n <= SHUFFLED else _drawn.__wrapped__  # long ones are not worth their memory
    drawn = [draw((*pool.seed, k), n, shuffles) for k in range(first, last)]
    return np.concatenate(drawn)[begin - first * size : end - first * size]


@functools.lru_cache(maxsize=1024)
def _drawn(seed: tuple[int, ...], n: int, shuffles: int) -> np.ndarray:
    """So many shuffles of n places, one after another; kept: several methods and evaluations ask for the same."""
    table = np.tile(np.arange(n, dtype=np.int32), (shuffles, 1))
    return np.random.default_rng(seed).permuted(table, axis=1).ravel()


class Heads:
    """K heads in training. `theta`, `m`, `v` are (K, p); `step` counts Adam steps taken."""

    def __init__(
        self,
        shape: HeadShape,
        start: torch.Tensor,
        pools: Sequence[Pool],
        phi: Callable[[np.ndarray], np.ndarray],
        chosen: np.ndarray,
        rejected: np.ndarray,
        *,
        steps: int,
        batch_size: int,
        lr: float,
    ):
        """start (K, p); phi(text rows) -> (n, d) float32; chosen, rejected (pairs,) text rows."""
        self.shape, self.lr, self.batch_size, self.steps = shape, lr, batch_size, steps
        self.theta, self.m, self.v = start.clone(), torch.zeros_like(start), torch.zeros_like(start)
        self.step = 0
        self._examples = _Examples(shape, pools, phi, chosen, rejected)
        places = {id(pool): self._examples.place(pool.rows) for pool in {id(pool): pool for pool in pools}.values()}
        self._pools, self._places = pools, [places[id(pool)] for pool in pools]  # heads of one pool share both

    def advance(self, to_step: int, on_progress: Callable[[int, int], None] = lambda done, total: None) -> None:
        """Train every head up to a step. `on_progress(steps done, steps in all)` is called often and may raise."""
        state = [self.theta.clone(), self.m.clone(), self.v.clone()]
        if to_step <= self.step:
            return
        heads, steps = len(self.theta), to_step - self.step
        for first in range(0, heads, BLOCK):
            block = slice(first, min(first + BLOCK, heads))
            for step in self._train_block(block, [tensor[block] for tensor in state], to_step):
                on_progress(self.step + round((first * steps + (block.stop - first) * step) / heads), self.steps)
        self.theta, self.m, self.v = state  # a report that raised has left every head at the old step
        self.step = to_step

    def _train_block(self, block: slice, state: list[torch.Tensor], to_step: int) -> Iterator[int]:
        """Train some heads up to a step; yields how many steps are done before each is taken."""
        theta, m, v = state
        all_rows, all_weights = self._batches(block, to_step)
        for step in range(self.step + 1, to_step + 1):
            place = step - self.step - 1
            yield place
            gradient = self._examples.gradient(theta, all_rows[place], all_weights[place])
            m.mul_(BETA1).add_(gradient, alpha=1 - BETA1)
            v.mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
            scale = v.sqrt().div_((1 - BETA2**step) ** 0.5).add_(EPSILON)
            theta.addcdiv_(m, scale, value=-self.lr / (1 - BETA1**step))

    def _batches(self, block: slice, to_step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Rows and weights of the block's pairs for the steps to come, (steps, k, batch) each."""
        begin, end = self.step * self.batch_size, to_step * self.batch_size
        pools = self._pools[block]
        rows, weight = np.zeros((len(pools), end - begin), np.int32), np.zeros((len(pools), end - begin), np.float32)
        for head, pool in enumerate(pools):
            if len(pool.rows):  # a head without pairs keeps weight 0 and never moves
                order = batch_order(pool, begin, end)
                rows[head], weight[head] = self._places[block][head][order], pool.weight[order]
        shape = (len(pools), to_step - self.step, self.batch_size)
        by_step = (np.ascontiguousarray(values.reshape(shape).swapaxes(0, 1)) for values in (rows, weight))
        return tuple(torch.from_numpy(values) for values in by_step)


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
        loss = pair_losses(chosen - rejected, weight).mean(1).sum()
        return torch.autograd.grad(loss, theta)[0]
