"""Heads of all countries by common settings: the losses that they are fitted to, and which setting is kept."""

import numpy as np
import pytest
import torch
from planted import D, plan_of, planted, small_shifts

from scpo.training.heads.fitted_together import fitted_together, mean_losses
from scpo.training.heads.ridge import mean_loss


@pytest.mark.parametrize("hidden", [0, 3])
def test_losses_and_slopes_are_those_of_autograd(hidden):
    problem = planted(small_shifts(1.0, 3), train=40, hidden=hidden)
    plan = plan_of(problem, "lowrank")
    shift = np.random.default_rng(2).normal(size=(3, problem.shape.size))
    loss, down = mean_losses(problem, plan, np.arange(3))(shift)
    for c, (pool, start) in enumerate(zip(plan.pools, problem.start.values(), strict=True)):
        theta = start.double() + torch.from_numpy(shift[c])
        of_pairs = mean_loss(problem, pool)
        assert loss[c] == pytest.approx(float(of_pairs(theta)), rel=1e-5)
        slow = torch.autograd.functional.jacobian(of_pairs, theta)
        assert np.allclose(down[c], slow, atol=1e-5)


def test_a_country_without_pairs_has_no_loss_and_no_slope():
    problem = planted(small_shifts(1.0, 2), train=0)
    loss, down = mean_losses(problem, plan_of(problem, "lowrank"), np.arange(2))(np.ones((2, D)))
    assert not loss.any() and not down.any()


def test_the_best_setting_is_kept_for_all_countries_and_of_equals_the_first():
    truth = np.tile(3 * np.random.default_rng(3).normal(size=D), (2, 1))
    problem = planted(truth, train=20)
    settings = ((-1.0,), (1.0,), (2.0,), (2.0,))

    def fit(heads):
        return lambda setting: setting[0] * torch.from_numpy(truth)

    plan = plan_of(problem, "lowrank")
    start = torch.stack(list(problem.start.values()))
    theta = fitted_together(problem, plan, settings, fit, lambda done, total: None).theta
    assert torch.allclose(theta, start + torch.from_numpy(truth).float(), atol=1e-5) or torch.allclose(
        theta, start + 2 * torch.from_numpy(truth).float(), atol=1e-5
    )

    def all_alike(margins):
        return torch.zeros(len(margins[0]))

    alike = fitted_together(problem, plan, settings, fit, lambda done, total: None, all_alike).theta
    assert torch.equal(alike, start), "the global model is the first choice"
