"""The method `ridge`: a country's head fitted to all its pairs, and pulled back to the global model.

The head of a country is where

    mean over its pairs of -w log sigmoid(margin under theta)  +  (lambda / 2) |theta - theta_global|^2

is least: ridge regression to a prior mean, which for fine-tuned networks is L2-SP (Li, Grandvalet and Davoine 2018,
https://arxiv.org/abs/1802.01483). For a linear head the sum is convex and has one such point. L-BFGS finds it in double
precision, over all pairs at once, from the strongest pull to the weakest, each begun where the last ended; an MLP stays
in the minimum that this way leads to.

Of the pulls of a fixed list the one that does best on the country's validation pairs is kept, by the rule that chooses
the step of other methods; of equals the stronger. An infinite pull, which is the global model itself, is on the list.
Coordinates of phi are of the order of 1 whatever the encoder, so that one list serves all.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from scipy.optimize import minimize

from scpo.methods import PULLS
from scpo.plan import HeadPlan, Pool
from scpo.threads import Counter
from scpo.training.heads.held_out import validation_score
from scpo.training.heads.problem import HeadProblem
from scpo.training.heads.train import TrainedHeads
from scpo.training.loss import pair_losses
from scpo.training.threads import one_thread, spread

LBFGS = {"maxiter": 500, "ftol": 1e-12, "gtol": 1e-7}


@one_thread()
def train_ridge(
    problem: HeadProblem, plan: HeadPlan, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> TrainedHeads:
    """The heads of a plan whose rows are all of the method `ridge`; `on_progress` is called often and may raise."""
    validation, theta = problem.held_out("validation"), torch.empty(len(plan.pools), problem.shape.size)
    alike: dict[tuple[str, bytes], list[int]] = {}  # seeds agree where all pairs are used
    for k, (country, pool) in enumerate(zip(plan.table["country"], plan.pools, strict=True)):
        alike.setdefault((country, np.sort(pool.rows).tobytes()), []).append(k)
    counter = Counter(lambda done: on_progress(done, len(alike) * len(PULLS)))

    def fit(same: list[int]) -> None:
        country = plan.table["country"].iloc[same[0]]
        heads = pulled_heads(problem, country, plan.pools[same[0]], lambda done: counter.step())
        score = validation_score([validation[country].margins(heads)])
        theta[same] = heads[int(score.numpy().argmax())]  # the first of equals

    spread(fit, alike.values())
    return TrainedHeads.fitted(problem, plan, theta)


def pulled_heads(
    problem: HeadProblem, country: str, pool: Pool, on_progress: Callable[[int], None] = lambda done: None
) -> torch.Tensor:
    """The head of a country under every pull, (PULLS, p), fitted to the pairs of a pool."""
    start = problem.start[country].double()
    if not len(pool.rows):
        return start.float().repeat(len(PULLS), 1)
    of_pairs = mean_loss(problem, pool)

    def cost(shift: np.ndarray, pull: float) -> tuple[float, np.ndarray]:
        moved = torch.from_numpy(shift).requires_grad_()
        loss = of_pairs(start + moved) + pull / 2 * moved @ moved
        loss.backward()
        return loss.item(), moved.grad.numpy()

    shift, heads = np.zeros(len(start)), []
    for done, pull in enumerate(PULLS):
        on_progress(done)
        if np.isfinite(pull):
            shift = minimize(cost, shift, (pull,), jac=True, method="L-BFGS-B", options=LBFGS).x
        heads.append(start + torch.from_numpy(shift))
    return torch.stack(heads).float()


def mean_loss(problem: HeadProblem, pool: Pool) -> Callable[[torch.Tensor], torch.Tensor]:
    """theta (p,) -> the weighted Bradley-Terry loss of a pool's pairs, their mean, in double precision."""
    order = np.argsort(pool.rows)
    margins, weight = margins_of(problem, pool.rows[order]), torch.from_numpy(pool.weight[order]).double()
    return lambda theta: pair_losses(margins(theta), weight).mean()


def margins_of(problem: HeadProblem, rows: np.ndarray) -> Callable[[torch.Tensor], torch.Tensor]:
    """theta (p,) -> r(chosen) - r(rejected) of pairs, (n,), in double precision."""
    shape, (chosen, rejected) = problem.shape, problem.sides
    texts, place = np.unique(np.stack([chosen[rows], rejected[rows]]), return_inverse=True)
    phi, (left, right) = torch.from_numpy(problem.features.of(texts)).double(), place.reshape(2, -1)
    if not shape.hidden:
        difference = phi[left] - phi[right]
        return lambda theta: difference @ theta

    def margins(theta: torch.Tensor) -> torch.Tensor:
        reward = shape.rewards(theta[None], phi)[0]
        return reward[left] - reward[right]

    return margins
