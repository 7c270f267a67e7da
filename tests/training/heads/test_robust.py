"""One model in which the worst served count more: the point that it is, what is chosen, and where it must win."""

import numpy as np
import pytest
import torch
from planted import D, assert_may_be_stopped, flipped, plan_of, planted

from scpo.progress import Progress
from scpo.training.heads.fitted_together import mean_losses
from scpo.training.heads.ridge import mean_loss
from scpo.training.heads.robust import SETTINGS, best_for_the_worst, by_country, fitted_shift, train_robust
from scpo.training.heads.train import train_countries

EXACT = {"maxiter": 5000, "maxfun": 50000, "ftol": 1e-15, "gtol": 1e-8}


def one_against_many(many=5, size=1.5):
    """Countries of one taste, and a last one of a taste apart."""
    tastes = size * np.random.default_rng(5).normal(size=(2, D))
    return [tastes[0]] * many + [tastes[1]]


def each_accuracy(problem, theta):
    tests = problem.held_out("test").values()
    return [float((test.margins(head[None]) > 0).double().mean()) for test, head in zip(tests, theta, strict=True)]


def pooled_of(problem):
    return train_countries(problem, plan_of(problem, "pooled"), Progress()).theta


def test_it_serves_the_worst_country_better_than_the_pooled_model_does():
    problem = planted(one_against_many(), train=120, lr=0.02)
    robust = each_accuracy(problem, train_robust(problem, plan_of(problem, "robust")).theta)
    pooled = each_accuracy(problem, pooled_of(problem))
    assert min(robust) > min(pooled) + 0.05 and min(pooled) == pooled[-1]


def test_one_model_serves_all_countries():
    problem = planted(one_against_many(2))
    theta = train_robust(problem, plan_of(problem, "robust")).theta
    assert torch.equal(theta, theta[:1].expand_as(theta))


def test_exponentiated_gradient_on_the_weights_of_countries_comes_to_the_same_model():
    """The slow twin: weights move towards what is in proportion to exp(sharpness x loss), theta against its slope."""
    problem, sharpness, pull = planted(one_against_many(3), train=60), 5.0, 0.1
    plan = by_country(problem, plan_of(problem, "robust"))
    size = (len(plan.pools), D)
    found = fitted_shift(mean_losses(problem, plan, np.arange(size[0])), size, sharpness, pull, EXACT)
    losses = [mean_loss(problem, pool) for pool in plan.pools]
    start = problem.start["country 0"].double()
    shift, q = torch.zeros(D).double(), torch.full((size[0],), 1 / size[0]).double()
    for _ in range(600):
        at = shift.clone().requires_grad_()
        each = torch.stack([loss(start + at) for loss in losses])
        (down,) = torch.autograd.grad(q @ each, at)
        shift = shift - 0.3 * (down + pull * shift)
        q = q**0.9 * (0.1 * sharpness * each.detach()).exp()
        q = q / q.sum()
    assert np.allclose(found, shift.numpy(), atol=1e-4)
    assert q[-1] > 1 / size[0], "the country apart counts more"


def test_each_country_has_its_own_pairs_of_the_pool_of_all():
    problem = planted(one_against_many(2))
    plan = plan_of(problem, "robust", budgets=(10,))
    for country, pool, own in zip(plan.table["country"], plan.pools, by_country(problem, plan).pools, strict=True):
        assert len(pool.rows) == 3 * len(own.rows) and np.isin(own.rows, problem.rows[country].train).all()


def test_settings_are_judged_by_the_country_that_is_worst_off():
    margins = [torch.tensor([[5.0, 5.0], [1.0, 1.0]]), torch.tensor([[-1.0], [1.0]]), torch.empty(2, 0)]
    score = best_for_the_worst(margins)
    assert score.argmax() == 1 and score[1] == pytest.approx(-np.log1p(np.exp(-1)))
    assert best_for_the_worst([torch.empty(2, 0)]).tolist() == [0, 0]


def test_sharpness_and_pull_are_chosen_on_validation_and_never_on_test():
    problem = planted(np.ones((2, D)))
    plan = plan_of(problem, "robust")
    theta = train_robust(problem, plan).theta
    assert torch.equal(train_robust(flipped(problem, "test"), plan).theta, theta)
    assert not torch.equal(train_robust(flipped(problem, "validation"), plan).theta, theta)


def test_without_validation_pairs_the_global_model_stays():
    problem = planted(one_against_many(1), validation=0)
    theta = train_robust(problem, plan_of(problem, "robust")).theta
    assert torch.equal(theta, torch.stack(list(problem.start.values())))


def test_progress_is_told_at_every_setting_and_may_stop_the_work():
    problem, told = planted(one_against_many(1)), []
    train_robust(problem, plan_of(problem, "robust"), lambda done, total: told.append((done, total)))
    assert len(told) == len(SETTINGS) and all(total == len(SETTINGS) for _, total in told)
    assert_may_be_stopped(train_robust, problem, plan_of(problem, "robust"))
