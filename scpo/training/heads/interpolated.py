"""The method `interpolated`: a point between the global model and the model that `full` ends with.

    theta = theta_global + share * (theta_end - theta_global)

theta_end is the country's head after the last step of training on all its pairs, every weight 1, by the very batches of
`full`. The share is chosen on the country's validation pairs, by the rule that chooses the step of other methods; of
equals the smaller one. After Wortsman et al. 2022 (WiSE-FT, https://arxiv.org/abs/2109.01903), who interpolate the
weights of fine-tuned networks; of linear heads it is the rewards that are mixed so.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from scpo.plan import HeadPlan
from scpo.training.heads.held_out import validation_score
from scpo.training.heads.problem import HeadProblem
from scpo.training.heads.train import TrainedHeads
from scpo.training.threads import one_thread

SHARES = tuple(tenth / 10 for tenth in range(11))  # of the way, from the global model's own place


@one_thread()
def train_interpolated(
    problem: HeadProblem, plan: HeadPlan, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> TrainedHeads:
    """The heads of a plan whose rows are all of the method `interpolated`; `on_progress` is called often, may raise."""
    country = plan.table["country"]
    start = torch.stack([problem.start[c] for c in country])
    heads = problem.heads(start, plan.pools)
    heads.advance(problem.config.steps, on_progress)
    points = torch.stack([torch.lerp(start, heads.theta, share) for share in SHARES])  # (shares, K, p)
    theta = start.clone()
    validation, chosen = problem.held_out("validation"), np.empty(len(country))
    for k, name in enumerate(country):
        best = validation_score([validation[name].margins(points[:, k])]).numpy().argmax()  # the first of equals
        theta[k], chosen[k] = points[best, k], SHARES[best]
    return TrainedHeads.fitted(problem, plan, theta, chosen)
