"""What the countries' pairs say of their heads: the loss of all shifts of the method `shared`, and its gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from scpo.plan import Pool
from scpo.training.heads.stacked import HeadShape
from scpo.training.loss import pair_losses

Loss = Callable[[np.ndarray], tuple[float, np.ndarray]]  # shifts (C, p) of all countries -> of their pairs, gradient


@dataclass(frozen=True)
class Member:
    """One country's pairs: phi (t, d) of its texts; chosen, rejected (n,) rows of them; weight (n,); start (p,)."""

    phi: torch.Tensor
    chosen: torch.Tensor
    rejected: torch.Tensor
    weight: torch.Tensor
    start: torch.Tensor

    @classmethod
    def of(cls, pool: Pool, start: torch.Tensor, phi: Callable, chosen: np.ndarray, rejected: np.ndarray) -> Member:
        """From a pool of rows of the pair table; phi(text rows) -> (n, d); chosen, rejected (pairs,) text rows."""
        texts, place = np.unique(np.stack([chosen[pool.rows], rejected[pool.rows]]), return_inverse=True)
        left, right = torch.from_numpy(place.reshape(2, -1))
        return cls(torch.from_numpy(phi(texts)), left, right, torch.from_numpy(pool.weight), start)

    def loss(self, shape: HeadShape, theta: torch.Tensor) -> torch.Tensor:
        """Sum over its pairs of -w log sigmoid(margin), a scalar, under theta (p,)."""
        reward = shape.rewards(theta[None], self.phi)[0]
        return pair_losses(reward[self.chosen] - reward[self.rejected], self.weight).sum()


def linear_heads(members: Sequence[Member]) -> Loss:
    """The loss of linear heads, by hand.

    Most of the time is spent reading phi, so that it is read by pairs where these are fewer than texts.
    """
    parts = []
    for m in members:
        by_pair = len(m.chosen) <= len(m.phi)
        rows = m.phi[m.chosen] - m.phi[m.rejected] if by_pair else m.phi
        sides = None if by_pair else (m.chosen.numpy(), m.rejected.numpy())
        parts.append((rows, m.start, m.weight.double().numpy(), sides))

    def work(shift: np.ndarray) -> tuple[float, np.ndarray]:
        loss, down = 0.0, np.empty(shift.shape)
        for c, (rows, start, weight, sides) in enumerate(parts):
            margin = rows.mv(start + torch.from_numpy(shift[c].astype(np.float32))).double().numpy()
            if sides:
                margin = margin[sides[0]] - margin[sides[1]]
            cost = np.logaddexp(0, -margin)
            loss += weight @ cost
            push = weight * np.expm1(-cost)  # of the loss by the margin: -w (1 - the probability of what was chosen)
            if sides:
                push = np.bincount(sides[0], push, len(rows)) - np.bincount(sides[1], push, len(rows))
            down[c] = torch.from_numpy(push.astype(np.float32)).matmul(rows).numpy()
        return loss, down

    return work


def any_heads(shape: HeadShape, members: Sequence[Member]) -> Loss:
    """The loss of heads of any shape, by autograd."""
    start = torch.stack([member.start for member in members])

    def work(shift: np.ndarray) -> tuple[float, np.ndarray]:
        theta = (start + torch.from_numpy(shift.astype(np.float32))).requires_grad_()
        loss = sum(member.loss(shape, theta[c]) for c, member in enumerate(members))
        loss.backward()
        return loss.item(), theta.grad.double().numpy()

    return work


def loss_of(shape: HeadShape, members: Sequence[Member]) -> Loss:
    """The loss of heads of this shape, the fast way where there is one."""
    return any_heads(shape, members) if shape.hidden else linear_heads(members)
