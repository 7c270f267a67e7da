"""The method `shared`: what all countries have in common and what is each one's own, learnt together.

The head of country c is theta_c = theta_g + s + u_c: the global model, a shift that all countries share, a shift of its
own. Both shifts have normal priors around 0, so that each country is pulled towards what the others say, and all of
them towards the global model (hierarchical shrinkage). Found is the most probable shift, exactly, from all pairs:

    minimise  sum over countries and pairs of -w log sigmoid(margin under theta_c)
              + |s|^2 / (2 shared^2) + sum over c of |u_c|^2 / (2 own^2)

How strong the pulls should be is not known. Heads are fitted for every strength of a grid and averaged, each weighing
what its log likelihood on the validation pairs says (at the scale of rewards that suits it best). An average has no
lucky pick among settings that the validation pairs cannot tell apart. The weights w are the square root of SCPO's, and
nothing is filtered out: docs/beyond.md has what led here, and what failed. Knows nothing of files.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import minimize
from torch.nn.functional import softplus

from scpo.config import ExperimentConfig
from scpo.data.preferences import Preferences
from scpo.training.evaluation import HeldOut, subset_accuracy
from scpo.training.features import Features
from scpo.training.heads import HeadShape, Pool
from scpo.training.plan import HeadPlan, Rows, marks_for
from scpo.training.steering import Steered

SHARED = "shared"
# Prior standard deviations of what a shift does to the margin of an average pair, in units of reward
STRENGTHS = tuple(itertools.product((3.5, 1.2, 0.4), (2.0, 1.2, 0.7)))  # of the shared shift, of the own one
# Pairs of one user or question are alike, and the model is not the truth: so many observations is one of them worth
TRUST = 0.5
SCALES = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)  # of rewards; weights shrink them, which must not count against a setting
ITERATIONS = 60  # of L-BFGS at most


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
        return (self.weight * softplus(reward[self.rejected] - reward[self.chosen])).sum()


Loss = Callable[[np.ndarray], tuple[float, np.ndarray]]  # shifts (C, p) of all countries -> of their pairs, gradient


def fit(
    loss: Loss, size: tuple[int, int], shared: float, own: float, before: np.ndarray | None = None,
    precision: float = 1e-5,
) -> np.ndarray:  # fmt: skip
    """The most probable shifts (1 + C, p) float64: s, then each country's u_c.

    size         (C, p)
    shared, own  prior standard deviations of a parameter; before: shifts to begin at, zeros if None
    precision    a step that lowers the loss, a log probability, by less than this share of it is the last
    Solved in units of the priors, in which no direction is much steeper than another.
    """
    spread = np.full((1 + size[0], 1), own)
    spread[0] = shared

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        shift = flat.reshape(-1, size[1]) * spread
        value, down = loss(shift[0] + shift[1:])
        return value + 0.5 * flat @ flat, (np.vstack([down.sum(0), down]) * spread).ravel() + flat

    first = np.zeros((len(spread), size[1])) if before is None else before / spread
    options = {"maxiter": ITERATIONS, "ftol": precision, "gtol": 1e-4}
    found = minimize(objective, first.ravel(), jac=True, method="L-BFGS-B", options=options).x
    return found.reshape(first.shape) * spread


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


def average_of_strengths(
    shape: HeadShape, members: Sequence[Member], log_loss: Callable[[torch.Tensor], np.ndarray], units: int,
    strengths: Sequence[tuple[float, float]] = STRENGTHS, trust: float = TRUST,
    pause: Callable[[float], None] = lambda share: None,
) -> torch.Tensor:  # fmt: skip
    """Heads of all countries, (C, p): the average over strengths.

    log_loss     of heads (K, C, p) on the countries' validation pairs, mean over pairs, each at its best scale: (K,)
    units        number of users or questions that these pairs come from
    trust        observations that one of them is worth: 0 = every strength alike, inf = the likeliest alone
    An MLP's settings are not averaged, since rewards are not linear in its parameters; the likeliest is taken.
    """
    start, scale = torch.stack([member.start for member in members]), _length(members)
    loss = any_heads(shape, members) if shape.hidden else linear_heads(members)
    heads, shift = [], None
    for at, (shared, own) in enumerate(strengths):
        pause(at / len(strengths))
        shift = fit(loss, tuple(start.shape), shared / scale, own / scale, shift)
        heads.append(start + torch.from_numpy((shift[0] + shift[1:]).astype(np.float32)))
    heads = torch.stack(heads)
    losses = log_loss(heads)
    gap = losses - losses.min()
    alone = shape.hidden or np.isinf(trust)
    share = (gap == 0).astype(np.float64) if alone else np.exp(-gap * units * trust)
    return torch.einsum("k,kcp->cp", torch.from_numpy(share / share.sum()).float(), heads)


def _length(members: Sequence[Member]) -> float:
    """Root mean square length of phi(chosen) - phi(rejected) over all pairs; 1 if there are none."""
    squares = [((m.phi[m.chosen] - m.phi[m.rejected]) ** 2).sum(1) for m in members if len(m.chosen)]
    return float(torch.cat(squares).mean().sqrt()) or 1.0 if squares else 1.0


def train_shared(
    config: ExperimentConfig, data: Preferences, features: Features, shape: HeadShape, start: dict[str, torch.Tensor],
    rows: dict[str, Rows], plan: HeadPlan, pause: Callable[[float], None] = lambda share: None, **how,
) -> Steered:  # fmt: skip
    """The heads of a plan that has the method `shared` alone, all countries of a seed and budget together.

    how   strengths and trust, as of `average_of_strengths`
    There is no path along training: `path` is NaN but for the last mark, and the kept step is the last.
    """
    sides = [data.pairs[side].to_numpy() for side in ("chosen", "rejected")]
    validation = {c: HeldOut(data, features, shape, part.validation) for c, part in rows.items()}
    units = len(np.unique(np.concatenate([held.unit for held in validation.values()])))

    def log_loss(heads: torch.Tensor) -> np.ndarray:
        margins = torch.cat([validation[c].margins(heads[:, k]) for k, c in enumerate(rows)], dim=1).double()
        if not margins.shape[1]:
            return np.zeros(len(heads))
        return torch.stack([softplus(-margins * by).mean(1) for by in SCALES]).amin(0).numpy()

    theta, known = torch.empty(len(plan.pools), shape.size), {}
    groups = list(plan.table.groupby(["seed", "level"], sort=False).indices.values())
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # products this small, between steps of scipy, are ten times slower in two threads
    try:
        for at, places in enumerate(groups):
            pools = [plan.pools[k] for k in places]
            same = b"".join(np.sort(pool.rows).tobytes() for pool in pools)  # at the last level seeds have the same
            if same not in known:
                members = [Member.of(pool, start[c], features.of, *sides) for pool, c in zip(pools, rows, strict=True)]
                known[same] = average_of_strengths(
                    shape, members, log_loss, units, pause=lambda share, at=at: pause((at + share) / len(groups)), **how
                )
            theta[torch.from_numpy(np.array(places))] = known[same]
    finally:
        torch.set_num_threads(threads)
    marks = (0, *marks_for(config.steps))
    path = np.full((len(theta), len(marks), 3), np.nan)
    for country, part in rows.items():
        mine, test = np.array(plan.table["country"] == country), HeldOut(data, features, shape, part.test)
        path[mine, -1] = subset_accuracy(test.margins(theta[mine]), test.margins(start[country][None])[0])
    return Steered(theta, np.full(len(theta), config.steps), marks, path)
