"""The method `shared`: how far, and which way, a country is from the global model, learnt from all countries' pairs.

    theta_c = theta_g + step * (s_c + r_c) / 2

Two estimates of a country's shift are averaged: their errors differ, so that the mean is nearer than either.

s_c, the shift that is expected among others: a mix of the directions D_c in which the other countries differ from the
global model, and a part of the country's own, both with normal priors around 0, so that few pairs of a country are
enough to place it among the others (hierarchical shrinkage, with a covariance learnt from other tasks). D_c are the
shifts of the others, each fitted to all training pairs of that country alone; a budget limits the pairs of country c.

    s_c = a_c D_c + R u_c
    minimise  sum over pairs of c of -w log sigmoid(margin under theta_g + s_c)
              + |a_c|^2 / (2 mix_sd^2) + |u_c|^2 / (2 own_sd^2)

R makes the pull on the own part one between a pull on parameters and a pull on rewards: R R' is the inverse root of the
second moment of phi(chosen) - phi(rejected), so that a step in a direction in which texts differ much costs more.

r_c, the shift that its own pairs alone ask for under a pull on parameters, the method `ridge` at one strong pull.

step, how much of this is taken, is one number for all countries of a seed and budget: of STEPS the one that makes the
log loss on the validation pairs of all countries least. Shrinking a model towards the one that it began at is what
Wortsman et al. do (https://arxiv.org/abs/2109.01903). w is 1 but in the study of other rules. docs/beyond.md has what
led here, and what failed. Knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import softplus

from scpo.plan import HeadPlan
from scpo.threads import Counter
from scpo.training.heads.held_out import HeldOut
from scpo.training.heads.pair_loss import Member, loss_of
from scpo.training.heads.problem import HeadProblem
from scpo.training.heads.shifts import PRIOR_POWER, Others, directions, fit, own_root, pulled, shifts
from scpo.training.heads.stacked import HeadShape
from scpo.training.heads.train import TrainedHeads
from scpo.training.memory import give_back
from scpo.training.threads import one_thread, spread

STEPS = tuple(tenth / 10 for tenth in range(16))  # of the mean of both shifts
PRIOR = 4  # seeds and budgets that take as long as the prior does


def common_step(start: torch.Tensor, shift: torch.Tensor, validation: Sequence[HeldOut]) -> np.ndarray:
    """How much of their shifts (C, p) countries take, (C,), all alike: what makes the log loss on the validation pairs
    of all countries least; without such pairs the global model is kept."""
    loss = softplus(-margins_at(start, shift, validation)).sum(1)
    return np.full(len(start), STEPS[int(loss.argmin())])


def margins_at(start: torch.Tensor, shift: torch.Tensor, validation: Sequence[HeldOut]) -> torch.Tensor:
    """Margins of the pairs of all countries, one country after another, at each of STEPS: (STEPS, n) float64."""
    heads = torch.stack([start + step * shift for step in STEPS])
    return torch.cat([held_out.margins(heads[:, c]) for c, held_out in enumerate(validation)], dim=1).double()


@dataclass(frozen=True)
class Rule:
    """What can be otherwise in the study of other rules.

    size         prior standard deviation of what s does to the margin of an average pair, in units of reward; half of
                 its variance is the country's own
    pull         on r, lambda of `scpo.training.heads.ridge`
    alone        share of r in the mean of both
    prior_power  of R, as of `own_root`
    equal        the others' shifts are learnt from as many pairs as the country itself has, not from all of theirs
    choose       says how much of the mean is taken
    """

    size: float = 2.0
    pull: float = 10.0
    alone: float = 0.5
    prior_power: float = PRIOR_POWER
    equal: bool = False
    choose: Callable[[torch.Tensor, torch.Tensor, Sequence[HeldOut]], np.ndarray] = common_step

    def shift(self, shape: HeadShape, members: Sequence[Member], root: np.ndarray, others: Others) -> torch.Tensor:
        """The mean of s and r of all countries, (C, p)."""
        sd = self.size * 0.5**0.5
        standard = fit(loss_of(shape, members), (len(members), shape.size), root, sd, others, sd)
        among = shifts(standard, root, sd, others, sd)
        mean = (1 - self.alone) * among + self.alone * pulled(shape, members, self.pull)
        return torch.from_numpy(mean.astype(np.float32))


@one_thread()
def train_shared(
    problem: HeadProblem,
    plan: HeadPlan,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    rule: Rule = Rule(),
) -> TrainedHeads:
    """The heads of a plan that has the method `shared` alone, all countries of a seed and budget together."""
    shape, phi, sides = problem.shape, problem.features.of, problem.sides
    start = torch.stack([problem.start[c] for c in problem.rows])
    validation = list(problem.held_out("validation").values())

    def members_of(heads: np.ndarray) -> list[Member]:
        return [Member.of(plan.pools[k], begin, phi, *sides) for k, begin in zip(heads, start, strict=True)]

    theta, step = torch.empty(len(plan.pools), shape.size), np.empty(len(plan.pools))
    alike = plan.alike()
    if not alike:
        return TrainedHeads.fitted(problem, plan, theta, step)
    counter = Counter(lambda done: on_progress(done, PRIOR + len(alike)))
    counter.step(PRIOR)
    everybody = members_of(max((same[0] for same in alike), key=lambda heads: plan.table["level"].iloc[heads[0]]))
    root = own_root(shape, everybody, rule.prior_power)
    others = directions(shape, everybody, root)
    give_back()

    def fit_group(same: list[np.ndarray]) -> None:
        counter.step()
        members = members_of(same[0])
        shift = rule.shift(shape, members, root, directions(shape, members, root) if rule.equal else others)
        taken = rule.choose(start, shift, validation)
        for heads in same:
            step[heads] = taken
            theta[torch.from_numpy(heads)] = start + torch.from_numpy(taken).float()[:, None] * shift

    spread(fit_group, alike)
    return TrainedHeads.fitted(problem, plan, theta, step)
