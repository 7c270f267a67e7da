"""Heads of all countries fitted together under each of some settings, of which validation pairs choose one for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from scpo.plan import HeadPlan
from scpo.threads import Counter
from scpo.training.heads.held_out import validation_score
from scpo.training.heads.pair_loss import Member, loss_of
from scpo.training.heads.problem import HeadProblem
from scpo.training.heads.train import TrainedHeads
from scpo.training.threads import spread

OnProgress = Callable[[int, int], None]
Losses = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]  # shifts (C, p) -> mean loss (C,), gradients (C, p)
Fit = Callable[[tuple], torch.Tensor]  # a setting -> shifts of all countries from the global model, (C, p)


def fitted_together(
    problem: HeadProblem,
    plan: HeadPlan,
    settings: Sequence[tuple],
    fit: Callable[[np.ndarray], Fit],
    on_progress: OnProgress,
    score: Callable[[list[torch.Tensor]], torch.Tensor] = validation_score,
) -> TrainedHeads:
    """The heads of a plan of one method: of each seed and budget those of the setting that does best.

    fit    given the places of one head per country in the plan, says how shifts follow from a setting
    score  how good settings are, (settings,), by the margins (settings, n) of each country's validation pairs
    The global model alone is the first choice, and of equals the first is kept.
    """
    validation, theta = problem.held_out("validation"), torch.empty(len(plan.pools), problem.shape.size)
    start = torch.stack([problem.start[c] for c in problem.rows]).double()
    alike = plan.alike()
    counter = Counter(lambda done: on_progress(done, len(alike) * len(settings)))

    def fit_group(same: list[np.ndarray]) -> None:
        of_setting, candidates = fit(same[0]), [start]
        for setting in settings:
            counter.step()
            candidates.append(start + of_setting(setting))
        heads = torch.stack(candidates).float()  # (1 + settings, C, p)
        found = score([held_out.margins(heads[:, c]) for c, held_out in enumerate(validation.values())])
        for places in same:
            theta[torch.from_numpy(places)] = heads[int(found.numpy().argmax())]  # the first of equals

    spread(fit_group, alike)
    return TrainedHeads.fitted(problem, plan, theta)


def mean_losses(problem: HeadProblem, plan: HeadPlan, heads: np.ndarray) -> Losses:
    """Of each country's pool the mean over its pairs of -w log sigmoid(margin); of a country without pairs 0.

    heads  the places of one head per country in the plan, in the order of the problem's countries
    """
    shape, phi, sides = problem.shape, problem.features.of, problem.sides
    pools = [plan.pools[k] for k in heads]
    starts = [problem.start[c] for c in problem.rows]
    of_country = [
        (c, len(pool.rows), loss_of(shape, [Member.of(pool, start, phi, *sides)]))
        for c, (pool, start) in enumerate(zip(pools, starts, strict=True))
        if len(pool.rows)
    ]

    def work(shift: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        loss, down = np.zeros(len(shift)), np.zeros(shift.shape)
        for c, pairs, of_pairs in of_country:
            whole, slope = of_pairs(shift[c : c + 1])
            loss[c], down[c] = whole / pairs, slope[0] / pairs
        return loss, down

    return work
