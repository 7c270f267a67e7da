"""The method `prototypes`: a country is a mixture of a few prototype tastes that all countries share.

    theta_c = theta_global + w_c P        w_c (count,), none below 0, their sum 1; P (count, p)
    minimise  sum over countries of: the mean over its pairs of -w log sigmoid(margin under theta_c)
              + (pull / 2) |w_c P|^2

all countries of a seed and budget together, as PAL does for people (https://arxiv.org/abs/2406.08469); on frozen
vectors a prototype is a head. Weights are the softmax of free numbers. L-BFGS begins with countries put together by the
way in which their pairs pull them away from the global model, a prototype for each such cluster. It is `lowrank` with
weights that are shares: one prototype is one model for all, as many as there are countries leave each its own.

The number of prototypes and the pull are one choice for all countries, by the validation pairs of all; the global model
alone is a choice too, and of equals the fewer prototypes and the stronger pull are kept.
"""

from __future__ import annotations

import itertools

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import softmax

from scpo.plan import HeadPlan
from scpo.training.heads.fitted_together import Fit, Losses, OnProgress, fitted_together, mean_losses
from scpo.training.heads.problem import HeadProblem
from scpo.training.heads.train import TrainedHeads
from scpo.training.threads import one_thread

COUNTS, PULLS = (1, 2, 4, 8), (1.0, 0.3, 0.1, 0.03)
SETTINGS = tuple(itertools.product(COUNTS, PULLS))
LBFGS = {"maxiter": 100, "ftol": 1e-5, "gtol": 1e-6}
OWN = 2.0  # the free number of a country's own cluster where the search begins; the others are 0
ROUNDS = 20  # of clustering, at most


@one_thread()
def train_prototypes(
    problem: HeadProblem, plan: HeadPlan, on_progress: OnProgress = lambda done, total: None
) -> TrainedHeads:
    """The heads of a plan whose rows are all of the method `prototypes`; `on_progress` is called often, may raise."""

    def fit(heads: np.ndarray) -> Fit:
        losses, size = mean_losses(problem, plan, heads), (len(heads), problem.shape.size)

        def shifts(setting: tuple) -> torch.Tensor:
            weights, prototypes = fitted_mixture(losses, size, *setting)
            return torch.from_numpy(weights @ prototypes)

        return shifts

    return fitted_together(problem, plan, SETTINGS, fit, on_progress)


def fitted_mixture(
    losses: Losses, size: tuple[int, int], count: int, pull: float, options: dict | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (C, count), the sum of each row 1, and prototypes (count, p), as shifts from the global model.

    size  (C, p): countries, and parameters of a head
    """
    countries, width = size
    count = min(count, countries)
    way = -losses(np.zeros(size))[1]
    own = np.eye(count)[clusters(way, count)]
    first = own.T @ way / np.maximum(own.sum(0), 1)[:, None]

    def parts(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        free, prototypes = np.split(values, [countries * count])
        return softmax(free.reshape(countries, count), axis=1), prototypes.reshape(count, width)

    def cost(values: np.ndarray) -> tuple[float, np.ndarray]:
        weights, prototypes = parts(values)
        shift = weights @ prototypes
        loss, down = losses(shift)
        down = down + pull * shift
        of_weights = down @ prototypes.T
        of_free = weights * (of_weights - (weights * of_weights).sum(1, keepdims=True))
        total = loss.sum() + pull / 2 * (shift * shift).sum()
        return float(total), np.concatenate([of_free.ravel(), (weights.T @ down).ravel()])

    begin = np.concatenate([OWN * own.ravel(), first.ravel()])
    return parts(minimize(cost, begin, jac=True, method="L-BFGS-B", options=options or LBFGS).x)


def clusters(rows: np.ndarray, count: int) -> np.ndarray:
    """The cluster of each row by its direction, (n,) int: k-means, begun at the longest row and then at the row that is
    furthest from those before it, so that no chance is in it."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = rows / np.maximum(length, 1e-12)
    centres = rows[[int(length.argmax())]]
    while len(centres) < count:
        far = _squares(rows, centres).min(1)
        centres = np.vstack([centres, rows[int(far.argmax())]])
    for _ in range(ROUNDS):
        cluster = _squares(rows, centres).argmin(1)
        moved = np.array([rows[cluster == k].mean(0) if (cluster == k).any() else centres[k] for k in range(count)])
        if np.array_equal(moved, centres):
            break
        centres = moved
    return cluster


def _squares(rows: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Squared distances, (n, count)."""
    return ((rows[:, None] - centres[None]) ** 2).sum(2)
