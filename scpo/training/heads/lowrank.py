"""The method `lowrank`: countries differ in a few directions that all of them share, each by weights of its own.

    theta_c = theta_global + w_c B        w_c (rank,), B (rank, p)
    minimise  sum over countries of the mean over their pairs of -w log sigmoid(margin under theta_c)
              + (pull / 2) (|w|^2 + |B|^2)

all countries of a seed and budget together, whichever sign a weight has, as LoRe (https://arxiv.org/abs/2504.14439) and
PReF (https://arxiv.org/abs/2503.06358) do for people. The pull is one on the nuclear norm of all shifts w B (Srebro,
Rennie and Jaakkola 2004, Maximum-margin matrix factorization). L-BFGS begins at the best shift of each rank along the
gradient. Rank and pull are one choice for all countries, by the validation pairs of all; the global model alone is a
choice too, and of equals the lower rank and the stronger pull are kept.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

import numpy as np
import torch
from scipy.optimize import minimize

from scpo.plan import HeadPlan
from scpo.training.heads.fitted_together import Fit, OnProgress, fitted_together
from scpo.training.heads.problem import HeadProblem
from scpo.training.heads.ridge import mean_loss
from scpo.training.heads.train import TrainedHeads
from scpo.training.threads import one_thread

RANKS, PULLS = (1, 2, 4), (1.0, 0.3, 0.1, 0.03)
SETTINGS = tuple(itertools.product(RANKS, PULLS))
LBFGS = {"maxiter": 100, "ftol": 1e-5, "gtol": 1e-6}
Loss = Callable[[torch.Tensor], torch.Tensor]  # heads (C, p) of all countries -> the sum of their mean losses


@one_thread()
def train_lowrank(
    problem: HeadProblem, plan: HeadPlan, on_progress: OnProgress = lambda done, total: None
) -> TrainedHeads:
    """The heads of a plan whose rows are all of the method `lowrank`; `on_progress` is called often and may raise."""
    start = torch.stack([problem.start[c] for c in problem.rows]).double()

    def fit(heads: np.ndarray) -> Fit:
        loss = _loss(problem, plan, heads)
        return lambda setting: fitted_shifts(loss, start, *setting)

    return fitted_together(problem, plan, SETTINGS, fit, on_progress)


def fitted_shifts(loss: Loss, start: torch.Tensor, rank: int, pull: float, options: dict | None = None) -> torch.Tensor:
    """The shifts of all countries, (C, p) float64, of at most this rank."""
    slope = torch.autograd.functional.jacobian(loss, start)
    left, size, right = torch.linalg.svd(-slope, full_matrices=False)
    rank = min(rank, len(size))
    root = size[:rank].sqrt()
    first = torch.cat([(left[:, :rank] * root).ravel(), (root[:, None] * right[:rank]).ravel()])

    def parts(flat: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        weights, directions = flat.split([len(start) * rank, rank * start.shape[1]])
        return weights.view(-1, rank), directions.view(rank, -1)

    def cost(values: np.ndarray) -> tuple[float, np.ndarray]:
        flat = torch.from_numpy(values).requires_grad_()
        weights, directions = parts(flat)
        total = loss(start + weights @ directions) + pull / 2 * flat @ flat
        total.backward()
        return total.item(), flat.grad.numpy()

    best = minimize(cost, first.numpy(), jac=True, method="L-BFGS-B", options=options or LBFGS).x
    weights, directions = parts(torch.from_numpy(best))
    return weights @ directions


def _loss(problem: HeadProblem, plan: HeadPlan, heads: Iterable[int]) -> Loss:
    """Of the countries' pools, in the order of the problem's countries; a country without pairs adds nothing."""
    terms = []
    for place, k in enumerate(heads):
        if len(plan.pools[k].rows):
            terms.append((place, mean_loss(problem, plan.pools[k])))

    def loss(theta: torch.Tensor) -> torch.Tensor:
        each = [of_country(theta[place]) for place, of_country in terms]
        return torch.stack(each).sum() if each else 0 * theta.sum()

    return loss
