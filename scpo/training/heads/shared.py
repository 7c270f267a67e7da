"""The method `shared`: each country's shift from the global model, expected to be like those of the other countries.

The head of country c is theta_c = theta_g + (a_c D_c + R u_c) / 2: the global model, a mix of the directions D_c in
which the other countries differ from it, and what is the country's own. Mix and own part have normal priors around 0,
so that few pairs of a country are enough to place it among the others, and all are pulled towards the global model
(hierarchical shrinkage, with a covariance learnt from other tasks). D_c are the shifts of the others, each fitted to
all training pairs of that country alone; a budget limits the pairs of country c. The most probable shifts:

    s_c = a_c D_c + R u_c
    minimise  sum over pairs of c of -w log sigmoid(margin under theta_g + s_c)
              + |a_c|^2 / (2 mix_sd^2) + |u_c|^2 / (2 own_sd^2)

R makes the pull on the own part one between a pull on parameters and a pull on rewards: R R' is the inverse root of the
second moment of phi(chosen) - phi(rejected), so that a step in a direction in which texts differ much costs more.

How strong the pulls should be is not known. Heads are fitted for every strength of a list and averaged, each weighing
what its log likelihood on the validation pairs says (at the scale of rewards that suits it best). An average has no
lucky pick among settings that the validation pairs cannot tell apart. Of the shift so found half is taken, as
Wortsman et al. do with fine-tuned models (https://arxiv.org/abs/2109.01903): what the global model knows outvotes a
shift that is unsure, so that the consensus is kept without a filter and without weights: w is 1 but in the study of
other rules. docs/beyond.md has what led here, and what failed. Knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch.nn.functional import softplus

from scpo.plan import HeadPlan
from scpo.threads import Counter
from scpo.training.heads.held_out import HeldOut
from scpo.training.heads.pair_loss import Member, loss_of
from scpo.training.heads.problem import HeadProblem
from scpo.training.heads.shifts import PRIOR_POWER, Others, directions, fit, prior, shifts
from scpo.training.heads.stacked import HeadShape
from scpo.training.heads.train import TrainedHeads
from scpo.training.memory import give_back
from scpo.training.threads import one_thread, spread

# Prior standard deviations of what a shift does to the margin of an average pair, in units of reward: of the whole, and
# the share of its variance that is the country's own; then as (mix_sd, own_sd)
SIZES, OWN_SHARE = (4.0, 2.0, 1.0, 0.5), 0.5
STRENGTHS = tuple((size * (1 - OWN_SHARE) ** 0.5, size * OWN_SHARE**0.5) for size in SIZES)
OBSERVATIONS_PER_UNIT = 2.0  # observations that one user or question is worth, however many pairs: these are alike
SHRINKAGE = 0.5  # factor of a shift
PRIOR = 4  # groups that take as long as the prior does
SCALES = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)  # of rewards, which must not count against a setting


def average_of_strengths(
    shape: HeadShape,
    members: Sequence[Member],
    root: np.ndarray,
    others: Others,
    log_loss: Callable[[torch.Tensor], np.ndarray],
    units: int,
    strengths: Sequence[tuple[float, float]] = STRENGTHS,
    observations_per_unit: float = OBSERVATIONS_PER_UNIT,
    shrinkage: float = SHRINKAGE,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> torch.Tensor:
    """Heads of all countries, (C, p): the average over strengths, (mix_sd, own_sd) each, shrunk to the global model.

    log_loss               of heads (K, C, p) on the countries' validation pairs, mean over pairs, each at its best
                           scale: (K,)
    units                  number of users or questions that these pairs come from
    observations_per_unit  that one of them is worth: 0 = every strength alike, inf = the likeliest alone
    shrinkage              factor of the shift from the global model, 1 = none of it is lost
    An MLP's settings are not averaged, since rewards are not linear in its parameters; the likeliest is taken.
    """
    start = torch.stack([member.start for member in members])
    loss, heads, units_of_prior = loss_of(shape, members), [], None
    for done, (mix_sd, own_sd) in enumerate(strengths):
        on_progress(done, len(strengths))
        units_of_prior = fit(loss, tuple(start.shape), root, own_sd, others, mix_sd, units_of_prior)
        heads.append(start + torch.from_numpy(shifts(units_of_prior, root, own_sd, others, mix_sd).astype(np.float32)))
    heads = torch.stack(heads)
    losses = log_loss(heads)
    gap = losses - losses.min()
    alone = shape.hidden or np.isinf(observations_per_unit)
    share = (gap == 0).astype(np.float64) if alone else np.exp(-gap * units * observations_per_unit)
    mean = torch.einsum("k,kcp->cp", torch.from_numpy(share / share.sum()).float(), heads)
    return start + shrinkage * (mean - start)


@one_thread()
def train_shared(
    problem: HeadProblem,
    plan: HeadPlan,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    *,
    equal: bool = False,
    prior_power: float = PRIOR_POWER,
    **how,
) -> TrainedHeads:
    """The heads of a plan that has the method `shared` alone, all countries of a seed and budget together.

    equal  the others' shifts are learnt from as many pairs as the country itself has, not from all of theirs
    how    strengths, observations_per_unit and shrinkage, as of `average_of_strengths`; prior_power as of `own_root`
    """
    shape, start, phi, sides = problem.shape, problem.start, problem.features.of, problem.sides
    validation = list(problem.held_out("validation").values())
    units = len(np.unique(np.concatenate([held_out.unit for held_out in validation])))

    def members_of(heads: np.ndarray) -> list[Member]:
        return [Member.of(plan.pools[k], start[c], phi, *sides) for k, c in zip(heads, problem.rows, strict=True)]

    theta = torch.empty(len(plan.pools), shape.size)
    alike = plan.alike()
    if not alike:
        return TrainedHeads.fitted(problem, plan, theta)
    of_group = len(how.get("strengths", STRENGTHS))
    counter = Counter(lambda done: on_progress(done, (PRIOR + len(alike)) * of_group))
    counter.step(PRIOR * of_group)
    all_pairs = max((same[0] for same in alike), key=lambda heads: plan.table["level"].iloc[heads[0]])
    root, others = prior(shape, members_of(all_pairs), prior_power)
    give_back()

    def fit_group(heads: np.ndarray) -> torch.Tensor:
        members = members_of(heads)
        known = directions(shape, members, root) if equal else others
        return average_of_strengths(
            shape,
            members,
            root,
            known,
            lambda heads: _log_loss(heads, validation),
            units,
            on_progress=lambda done, total: counter.step(),
            **how,
        )

    for same, found in zip(alike, spread(fit_group, [same[0] for same in alike]), strict=True):
        theta[torch.from_numpy(np.concatenate(same))] = found.repeat(len(same), 1)
    return TrainedHeads.fitted(problem, plan, theta, np.full(len(theta), how.get("shrinkage", SHRINKAGE)))


def _log_loss(heads: torch.Tensor, validation: Sequence[HeldOut]) -> np.ndarray:
    """Of heads (K, C, p) on the validation pairs of C countries, mean over pairs, each at its best scale: (K,)."""
    margins = torch.cat([held.margins(heads[:, k]) for k, held in enumerate(validation)], dim=1).double()
    if not margins.shape[1]:
        return np.zeros(len(heads))
    return torch.stack([softplus(-margins * by).mean(1) for by in SCALES]).amin(0).numpy()
