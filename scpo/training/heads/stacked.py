"""Reward heads, all trained together: K heads as one stacked tensor (K, p).

A head is linear, r(phi) = phi . theta with p = d, or an MLP with one hidden layer. Every head
has its own pairs, weights and starting point; one Adam step moves all of them. Heads that meet
the same pairs in the same order share the reading of each batch. Heads are worked in blocks
that stay in the processor's cache, each block on a thread of its own, and the steps between two
evaluations are taken block by block. The engine knows nothing of countries, methods or texts.
"""

from __future__ import annotations

import functools
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from scpo.plan import Pool
from scpo.threads import Counter
from scpo.training.loss import pair_losses
from scpo.training.threads import one_thread, spread

BLOCK = 64  # heads worked at a time: 64 x 16 pairs x 768 floats are 3 MiB, the size of a cache
PRECOMPUTE = 1 << 30  # bytes of pair differences kept ready; beyond that they are made batch by batch
SLICE = 1024  # pair differences made at a time
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
        self._pools, self._examples = pools, _Examples(shape, pools, phi, chosen, rejected)
        self._twin = twins(pools, start)
        self._blocks = blocks_of(pools, np.unique(self._twin))
        firsts = [alike[0] for heads in self._blocks for alike in heads]
        self._places = {head: self._examples.place(pools[head].rows) for head in firsts}

    @one_thread()
    def advance(self, to_step: int, on_progress: Callable[[int, int], None] = lambda done, total: None) -> None:
        """Train every head up to a step. `on_progress(steps done, steps in all)` is called often, by one thread at a
        time, and may raise: then every head is left at the old step."""
        if to_step <= self.step:
            return
        state = [self.theta.clone(), self.m.clone(), self.v.clone()]
        whole = sum(heads.size for heads in self._blocks)
        counter = Counter(lambda done: on_progress(self.step + round(done / whole), self.steps))

        def train(heads: np.ndarray) -> None:
            flat = torch.from_numpy(heads.ravel())
            own = [tensor[flat] for tensor in state]
            for _ in self._train_block(heads, own, to_step):
                counter.step(heads.size)
            for tensor, part in zip(state, own, strict=True):
                tensor[flat] = part

        spread(train, self._blocks)
        self.theta, self.m, self.v = (tensor[torch.from_numpy(self._twin)] for tensor in state)
        self.step = to_step

    def _train_block(self, heads: np.ndarray, state: list[torch.Tensor], to_step: int) -> Iterator[None]:
        """Train heads (s, g), g of one order each, up to a step; yields before each step. state: of all of them."""
        theta, m, v = state
        all_rows, all_weights = self._batches(heads, to_step)
        for place, step in enumerate(range(self.step + 1, to_step + 1)):
            yield
            gradient = self._examples.gradient(theta.view(*heads.shape, -1), all_rows[place], all_weights[place])
            gradient = gradient.reshape(theta.shape)
            m.mul_(BETA1).add_(gradient, alpha=1 - BETA1)
            v.mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
            scale = v.sqrt().div_((1 - BETA2**step) ** 0.5).add_(EPSILON)
            theta.addcdiv_(m, scale, value=-self.lr / (1 - BETA1**step))

    def _batches(self, heads: np.ndarray, to_step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Pairs of heads (s, g) for the steps to come: rows (steps, s, batch), and weights (steps, s, batch, g)."""
        steps, batch = to_step - self.step, self.batch_size
        begin, end = self.step * batch, to_step * batch
        rows = np.zeros((len(heads), end - begin), np.int32)
        weight = np.zeros((*heads.shape, end - begin), np.float32)
        for place, alike in enumerate(heads):
            pool = self._pools[alike[0]]
            if len(pool.rows):  # a head without pairs keeps weight 0 and never moves
                order = batch_order(pool, begin, end)
                rows[place] = self._places[alike[0]][order]
                weight[place] = [self._pools[head].weight[order] for head in alike]
        by_step = rows.reshape(len(heads), steps, batch).swapaxes(0, 1)
        weight_by_step = weight.reshape(*heads.shape, steps, batch).transpose(2, 0, 3, 1)
        return torch.from_numpy(np.ascontiguousarray(by_step)), torch.from_numpy(np.ascontiguousarray(weight_by_step))


def twins(pools: Sequence[Pool], start: torch.Tensor) -> np.ndarray:
    """For each head the first that is the very same, (K,): of one pool and one start. It alone is trained."""
    first: dict[tuple[int, bytes], int] = {}
    keys = ((id(pool), theta.numpy().tobytes()) for pool, theta in zip(pools, start, strict=True))
    return np.array([first.setdefault(key, head) for head, key in enumerate(keys)], np.int64)


def blocks_of(pools: Sequence[Pool], heads: np.ndarray) -> list[np.ndarray]:
    """Heads (n,) cut into blocks (s, g): the g heads of a row meet the same pairs in the same order, by any weights.

    So a step reads the vectors of a batch once for all of them; most of its time goes to that.
    """
    known: dict[int, bytes] = {}
    alike: dict[tuple, list[int]] = defaultdict(list)
    for head in heads.tolist():
        pool = pools[head]
        if id(pool) not in known:
            known[id(pool)] = hashlib.sha256(pool.rows.tobytes()).digest()
        alike[pool.seed, known[id(pool)]].append(head)
    of_size: dict[int, list[list[int]]] = defaultdict(list)
    for rows in alike.values():
        of_size[len(rows)].append(rows)
    return [
        np.array(rows[first : first + max(BLOCK // size, 1)])
        for size, rows in sorted(of_size.items())
        for first in range(0, len(rows), max(BLOCK // size, 1))
    ]


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
        self._difference = self._ready() if ready else None

    def _ready(self) -> torch.Tensor:
        """The differences of all pairs; made in slices, so that nothing else of that size is in memory."""
        difference = torch.empty(len(self._used), self.shape.width)
        for first in range(0, len(self._used), SLICE):
            part = slice(first, first + SLICE)
            difference[part] = self._phi[self._chosen[part]] - self._phi[self._rejected[part]]
        return difference

    def place(self, rows: np.ndarray) -> np.ndarray:
        """Where these rows of the pair table stand among the pairs in use."""
        return np.searchsorted(self._used, rows)

    def gradient(self, theta: torch.Tensor, rows: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """Gradient of each head's weighted Bradley-Terry loss: (s, g, p), (s, b), (s, b, g) -> (s, g, p)."""
        if self.shape.hidden:
            return self._gradient_by_autograd(theta, rows, weight)
        flat = rows.reshape(-1)
        if self._difference is not None:
            x = self._difference.index_select(0, flat)
        else:
            x = self._phi.index_select(0, self._chosen[flat]) - self._phi.index_select(0, self._rejected[flat])
        x = x.view(*rows.shape, -1)
        margin = torch.bmm(x, theta.transpose(1, 2))
        # d/dm of -w log sigmoid(m) is -w sigmoid(-m); the mean divides by b
        pull = -(weight * torch.sigmoid(-margin)) / rows.shape[1]
        return torch.bmm(pull.transpose(1, 2), x)

    def _gradient_by_autograd(self, theta, rows, weight):
        each = theta.detach().flatten(0, 1).requires_grad_()
        rows, weight = rows.repeat_interleave(theta.shape[1], 0), weight.transpose(1, 2).flatten(0, 1)
        chosen = self.shape.rewards(each, self._phi[self._chosen[rows]])
        rejected = self.shape.rewards(each, self._phi[self._rejected[rows]])
        loss = pair_losses(chosen - rejected, weight).mean(1).sum()
        return torch.autograd.grad(loss, each)[0].view(theta.shape)
