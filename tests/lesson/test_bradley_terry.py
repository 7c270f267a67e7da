"""The lesson's Bradley-Terry in numpy is the loss that everything else trains with."""

import numpy as np
import pytest
import torch

from scpo.lesson.bradley_terry import accuracy, descend, fit, push
from scpo.training.loss import pair_losses, weighted_bradley_terry


@pytest.fixture
def pairs():
    rng = np.random.default_rng(0)
    return rng.normal(size=(30, 4)), rng.uniform(0, 1, (30, 3)) * (rng.uniform(size=(30, 3)) > 0.3)


def test_a_step_of_descent_is_one_against_the_gradient_of_the_loss(pairs):
    difference, weight = pairs
    start, rate = np.array([0.5, -1.0, 0.0, 2.0]), 0.3
    after = descend(difference, weight, start, np.array([1, 2]), rate)[0]
    for model in range(3):
        kept = weight[:, model] > 0
        taste = torch.tensor(start, requires_grad=True)
        margin = torch.from_numpy(difference[kept]) @ taste
        weighted_bradley_terry(margin, torch.zeros_like(margin), torch.from_numpy(weight[kept, model])).backward()
        assert after[:, model] == pytest.approx(start - rate * taste.grad.numpy())


def test_a_push_is_the_slope_of_the_loss_of_one_pair():
    margin = torch.tensor([-3.0, 0.0, 2.0], dtype=torch.float64, requires_grad=True)
    pair_losses(margin, torch.ones(3, dtype=torch.float64)).sum().backward()
    assert push(margin.detach().numpy()) == pytest.approx(-margin.grad.numpy())


def test_the_likeliest_taste_is_where_the_loss_and_its_pull_to_zero_are_flat(pairs):
    difference, _ = pairs
    taste = torch.tensor(fit(difference, ridge=1.0, rounds=20), requires_grad=True)
    margin = torch.from_numpy(difference) @ taste
    loss = len(difference) * weighted_bradley_terry(margin, torch.zeros_like(margin), torch.ones_like(margin))
    (loss + 0.5 * (taste**2).sum()).backward()
    assert np.abs(taste.grad.numpy()).max() < 1e-9
    assert 0.5 < accuracy(difference, taste.detach().numpy()) <= 1
