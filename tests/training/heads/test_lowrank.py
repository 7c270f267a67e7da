"""Few directions that all countries share: the point that it is, what is chosen, and where it must win."""

import numpy as np
import pytest
import torch
from planted import D, accuracy, assert_may_be_stopped, flipped, plan_of, planted

from scpo.progress import Progress
from scpo.training.heads import lowrank
from scpo.training.heads.lowrank import SETTINGS, fitted_shifts, train_lowrank
from scpo.training.heads.ridge import train_ridge
from scpo.training.heads.train import train_countries

EXACT = {"maxiter": 5000, "maxfun": 50000, "ftol": 1e-15, "gtol": 1e-9}


def mixed_shifts(countries, directions=2, size=1.0, seed=4):
    """Countries that differ in a few directions alone."""
    rng = np.random.default_rng(seed)
    return size * rng.normal(size=(countries, directions)) @ rng.normal(size=(directions, D))


def test_it_wins_over_ridge_and_full_where_countries_differ_in_few_directions():
    problem = planted(mixed_shifts(12), train=40, validation=40, test=600, lr=0.02)
    theta = train_lowrank(problem, plan_of(problem, "lowrank")).theta
    ridge = train_ridge(problem, plan_of(problem, "ridge")).theta
    full = train_countries(problem, plan_of(problem, "full"), Progress()).theta
    assert accuracy(problem, theta) > max(accuracy(problem, ridge), accuracy(problem, full)) + 0.01


def test_with_every_rank_it_is_the_least_of_the_loss_and_a_pull_on_the_nuclear_norm():
    """There no direction has a slope above the pull, and along the shifts it is the pull (Fazel 2002)."""
    problem, pull = planted(mixed_shifts(4), train=60), 0.05
    plan = plan_of(problem, "lowrank")
    loss = lowrank._loss(problem, plan, range(4))
    start = torch.stack(list(problem.start.values())).double()
    shift = fitted_shifts(loss, start, 4, pull, EXACT)
    slope = torch.autograd.functional.jacobian(loss, start + shift)
    assert float(torch.linalg.matrix_norm(slope, 2)) == pytest.approx(pull, rel=1e-3)
    nuclear = torch.linalg.matrix_norm(shift, "nuc")
    assert nuclear > 1 and float((slope * shift).sum()) == pytest.approx(-pull * float(nuclear), rel=1e-3)


def test_shifts_have_the_rank_that_is_asked_for():
    problem = planted(mixed_shifts(5), train=60)
    loss = lowrank._loss(problem, plan_of(problem, "lowrank"), range(5))
    start = torch.stack(list(problem.start.values())).double()
    for rank in (1, 2, 4):
        assert torch.linalg.matrix_rank(fitted_shifts(loss, start, rank, 0.01), rtol=1e-6) == rank


def test_rank_and_pull_are_chosen_on_validation_and_never_on_test():
    problem = planted(mixed_shifts(3))
    plan = plan_of(problem, "lowrank")
    theta = train_lowrank(problem, plan).theta
    assert torch.equal(train_lowrank(flipped(problem, "test"), plan).theta, theta)
    assert not torch.equal(train_lowrank(flipped(problem, "validation"), plan).theta, theta)


def test_without_validation_pairs_the_global_model_stays():
    problem = planted(mixed_shifts(2), validation=0)
    theta = train_lowrank(problem, plan_of(problem, "lowrank")).theta
    assert torch.equal(theta, torch.stack(list(problem.start.values())))


def test_seeds_agree_where_all_pairs_are_used_and_budgets_hold():
    problem = planted(mixed_shifts(2), seeds=2)
    plan = plan_of(problem, "lowrank", budgets=(10,))
    theta = train_lowrank(problem, plan).theta
    full, few = ((plan.table["level"] == level).to_numpy() for level in (1, 0))
    for rows, same in ((full, True), (few, False)):
        first, second = (
            theta[rows & (plan.table["seed"] == 0).to_numpy()],
            theta[rows & (plan.table["seed"] == 1).to_numpy()],
        )
        assert torch.equal(first, second) == same


def test_an_mlp_moves_too():
    problem = planted(mixed_shifts(2, size=2.0), train=200, hidden=3)
    theta = train_lowrank(problem, plan_of(problem, "lowrank")).theta
    start = torch.stack(list(problem.start.values()))
    assert accuracy(problem, theta) > accuracy(problem, start) + 0.1


def test_progress_is_told_at_every_setting_and_may_stop_the_work():
    problem, told = planted(mixed_shifts(2)), []
    train_lowrank(problem, plan_of(problem, "lowrank"), lambda done, total: told.append((done, total)))
    assert len(told) == len(SETTINGS) and all(total == len(SETTINGS) for _, total in told)
    assert_may_be_stopped(train_lowrank, problem, plan_of(problem, "lowrank"))
