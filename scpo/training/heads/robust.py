"""The method `robust`: one model for all countries, in which those that it serves worst count more.

    minimise over theta, and maximise over weights q_c (none below 0, their sum 1):
        sum of q_c L_c(theta)  -  sum of q_c log(C q_c) / sharpness  +  (pull / 2) |theta - theta_global|^2

L_c is the mean over the pairs of country c of -w log sigmoid(margin). That is group DRO (Sagawa et al. 2020,
https://arxiv.org/abs/1911.08731; of rewards MaxMin-RLHF, https://arxiv.org/abs/2402.08925) with a pull to equal
weights: sharpness 0 weighs all countries alike, an infinite one has the worst alone. Exponentiated gradient on q
settles at q_c in proportion to exp(sharpness L_c), under which the maximum over q is

    log of the mean over countries of exp(sharpness L_c(theta)), divided by sharpness,

smooth and, of linear heads, convex, so that L-BFGS finds theta at once. Sharpness and pull are chosen on validation
pairs by the country that is worst off there: the setting whose largest mean log loss is least. The global model is a
choice too, and of equals the lower sharpness and the stronger pull are kept.
"""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax
from torch.nn.functional import softplus

from scpo.plan import HeadPlan
from scpo.training.heads.fitted_together import Fit, Losses, OnProgress, fitted_together, mean_losses
from scpo.training.heads.problem import HeadProblem
from scpo.training.heads.train import TrainedHeads
from scpo.training.threads import one_thread

SHARPNESS, PULLS = (3.0, 10.0, 100.0), (1.0, 0.3, 0.1, 0.03)
SETTINGS = tuple(itertools.product(SHARPNESS, PULLS))
LBFGS = {"maxiter": 100, "ftol": 1e-6, "gtol": 1e-6}


@one_thread()
def train_robust(
    problem: HeadProblem, plan: HeadPlan, on_progress: OnProgress = lambda done, total: None
) -> TrainedHeads:
    """The heads of a plan whose rows are all of the method `robust`; `on_progress` is called often and may raise."""
    own = by_country(problem, plan)

    def fit(heads: np.ndarray) -> Fit:
        losses, size = mean_losses(problem, own, heads), (len(heads), problem.shape.size)
        return lambda setting: torch.from_numpy(fitted_shift(losses, size, *setting)).expand(size)

    return fitted_together(problem, own, SETTINGS, fit, on_progress, best_for_the_worst)


def by_country(problem: HeadProblem, plan: HeadPlan) -> HeadPlan:
    """The plan with each country's own pairs alone in its pools, which hold the pairs of all."""
    pools = []
    for country, pool in zip(plan.table["country"], plan.pools, strict=True):
        here = np.isin(pool.rows, problem.rows[country].train)
        pools.append(dataclasses.replace(pool, rows=pool.rows[here], weight=pool.weight[here]))
    return HeadPlan(plan.table, pools)


def fitted_shift(
    losses: Losses, size: tuple[int, int], sharpness: float, pull: float, options: dict | None = None
) -> np.ndarray:
    """The shift of the one model from the global one, (p,); size: (C, p), countries and parameters of a head."""
    countries, width = size

    def cost(shift: np.ndarray) -> tuple[float, np.ndarray]:
        loss, down = losses(np.broadcast_to(shift, size))
        worst = (logsumexp(sharpness * loss) - np.log(countries)) / sharpness
        return float(worst + pull / 2 * shift @ shift), softmax(sharpness * loss) @ down + pull * shift

    return minimize(cost, np.zeros(width), jac=True, method="L-BFGS-B", options=options or LBFGS).x


def best_for_the_worst(margins: list[torch.Tensor]) -> torch.Tensor:
    """How good settings are, (settings,), from margins (settings, n) per country: less the largest mean log loss."""
    losses = [softplus(-of_country.double()).mean(1) for of_country in margins if of_country.shape[1]]
    return -torch.stack(losses).amax(0) if losses else torch.zeros(len(margins[0]), dtype=torch.float64)
