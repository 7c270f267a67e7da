"""A point between the global model and the end of training: where it lies, and where it must win."""

import numpy as np
import pytest
import torch
from planted import D, accuracy, flipped, plan_of, planted, small_shifts

from scpo.errors import Stopped
from scpo.progress import Progress
from scpo.training.heads.interpolated import SHARES, train_interpolated
from scpo.training.heads.stacked import Heads
from scpo.training.heads.train import train_countries


def end_of_full(problem):
    """Heads (K, p) of `full` after its last step, whatever validation pairs say."""
    config, plan = problem.config, plan_of(problem, "full")
    steps = {"steps": config.steps, "batch_size": config.batch_size, "lr": config.lr}
    start = torch.stack(list(problem.start.values()))
    heads = Heads(problem.shape, start, plan.pools, problem.features.of, *problem.sides, **steps)
    heads.advance(config.steps)
    return heads.theta


def test_every_head_lies_at_a_share_of_the_way_to_the_last_step_of_full():
    problem = planted(small_shifts(1.0), lr=0.02)
    trained, end = train_interpolated(problem, plan_of(problem, "interpolated")), end_of_full(problem)
    theta, shares = trained.theta, []
    for head, there, start in zip(theta, end, problem.start.values(), strict=True):
        way = there - start
        share = float((head - start) @ way / (way @ way))
        assert min(abs(share - each) for each in SHARES) < 1e-5
        assert torch.allclose(head, start + share * way, atol=1e-5)
        shares.append(share)
    assert shares == pytest.approx(list(trained.share), abs=1e-5), "the share is told"
    assert len({round(share, 1) for share in shares}) > 1, "countries choose shares of their own"


def test_where_full_keeps_its_last_step_it_is_the_point_at_the_share_of_one():
    problem = planted([4 * np.random.default_rng(3).normal(size=D)], train=600, validation=600)
    full = train_countries(problem, plan_of(problem, "full"), Progress())
    assert full.step.tolist() == [problem.config.steps] and torch.equal(full.theta, end_of_full(problem))
    assert torch.allclose(train_interpolated(problem, plan_of(problem, "interpolated")).theta, full.theta, atol=1e-6)


def test_it_wins_over_both_ends_where_few_pairs_point_the_right_way_and_too_far():
    problem = planted(small_shifts(0.35), train=60, lr=0.05)
    theta = train_interpolated(problem, plan_of(problem, "interpolated")).theta
    start, end = torch.stack(list(problem.start.values())), end_of_full(problem)
    assert accuracy(problem, theta) > max(accuracy(problem, start), accuracy(problem, end)) + 0.005


def test_of_shares_that_do_equally_well_the_smallest_is_kept():
    problem = planted([np.ones(D)], validation=0)
    theta = train_interpolated(problem, plan_of(problem, "interpolated")).theta
    assert torch.equal(theta[0], problem.start["country 0"])


@pytest.mark.parametrize("hidden", [0, 3])
def test_the_share_is_chosen_on_validation_and_never_on_test(hidden):
    problem = planted(small_shifts(1.0, 2), train=200, hidden=hidden, lr=0.02)
    plan = plan_of(problem, "interpolated")
    theta = train_interpolated(problem, plan).theta
    assert torch.equal(train_interpolated(flipped(problem, "test"), plan).theta, theta)
    assert not torch.equal(train_interpolated(flipped(problem, "validation"), plan).theta, theta)


def test_a_stop_is_heard_while_it_trains():
    problem = planted(small_shifts(0.3, 1))

    def stop(done, total):
        raise Stopped("enough")

    with pytest.raises(Stopped):
        train_interpolated(problem, plan_of(problem, "interpolated"), stop)
