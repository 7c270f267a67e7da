"""A pull to the global model: the point that it is, the pull that is chosen, and where it must win."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from planted import D, accuracy, assert_may_be_stopped, flipped, plan_of, planted, small_shifts

from scpo import DataConfig, ExperimentConfig, run
from scpo.errors import Stopped
from scpo.progress import Progress
from scpo.training import checkpoint
from scpo.training.heads.ridge import PULLS, pulled_heads, train_ridge
from scpo.training.heads.train import train_countries
from scpo.training.loss import weighted_bradley_terry

from fakes import run_apart, scored_rows

FINITE = PULLS[1:]


def test_a_head_is_where_the_loss_and_the_pull_together_are_least():
    """The slow twin is Newton's method on the project's loss, with every derivative by autograd."""
    problem = planted([np.ones(D)], train=40)
    (pool,) = plan_of(problem, "ridge").pools
    pool = dataclasses.replace(pool, weight=np.random.default_rng(1).uniform(0.1, 1, 40).astype(np.float32))
    heads, start = pulled_heads(problem, "country 0", pool), problem.start["country 0"].double()
    chosen, rejected = (torch.from_numpy(problem.features.of(side[pool.rows])).double() for side in problem.sides)
    weight = torch.from_numpy(pool.weight).double()
    assert torch.equal(heads[0], problem.start["country 0"]), "an infinite pull is the global model"
    theta = start.clone()
    for pull, head in zip(FINITE, heads[1:], strict=True):

        def cost(theta, pull=pull):
            apart = theta - start
            return weighted_bradley_terry(chosen @ theta, rejected @ theta, weight) + pull / 2 * apart @ apart

        for _ in range(20):
            slope = torch.autograd.functional.jacobian(cost, theta)
            theta = theta - torch.linalg.solve(torch.autograd.functional.hessian(cost, theta), slope)
        assert torch.allclose(head.double(), theta, atol=1e-6), pull


def test_it_wins_over_a_fit_without_a_pull_where_the_truth_is_near_and_keeps_up_with_the_best_step_of_full():
    """An early step is a pull of its own, so that the two are near each other."""
    problem = planted(small_shifts(0.15), lr=0.02)
    plan = plan_of(problem, "ridge")
    ridge = accuracy(problem, train_ridge(problem, plan).theta)
    loose = [pulled_heads(problem, c, pool)[-1] for c, pool in zip(problem.rows, plan.pools, strict=True)]
    full = train_countries(problem, plan_of(problem, "full"), Progress())
    assert ridge > accuracy(problem, torch.stack(loose)) + 0.03 and ridge > accuracy(problem, full.theta) - 0.005


def test_it_wins_over_full_where_the_steps_end_before_the_pairs_have_said_all():
    problem = planted(small_shifts(0.5), train=100)
    ridge, full = train_ridge(problem, plan_of(problem, "ridge")), plan_of(problem, "full")
    assert accuracy(problem, ridge.theta) > accuracy(problem, train_countries(problem, full, Progress()).theta) + 0.01


def test_both_ends_of_the_list_are_chosen_where_they_are_right():
    """Nothing of a country's own: the global model itself. Another taste altogether, and many pairs: the weakest."""
    same, other = np.zeros(D), 4 * np.random.default_rng(3).normal(size=D)
    problem = planted([same, other], train=1200, validation=1500)
    pools = plan_of(problem, "ridge").pools
    far = pulled_heads(problem, "country 1", pools[1])
    ridge = train_ridge(problem, plan_of(problem, "ridge"))
    places = [int((far == ridge.theta[1]).all(1).nonzero()[0])]
    assert PULLS[places[0]] == min(PULLS)
    few = planted([same], train=8, validation=1500)
    assert torch.equal(train_ridge(few, plan_of(few, "ridge")).theta[0], few.start["country 0"])


def test_of_pulls_that_do_equally_well_the_strongest_is_kept():
    problem = planted([np.ones(D)], validation=0)
    assert torch.equal(train_ridge(problem, plan_of(problem, "ridge")).theta[0], problem.start["country 0"])


def test_a_weaker_pull_goes_further_and_a_country_without_pairs_stays():
    problem = planted([np.ones(D)])
    (pool,) = plan_of(problem, "ridge").pools
    away = (pulled_heads(problem, "country 0", pool) - problem.start["country 0"]).norm(dim=1)
    assert away[0] == 0 and (away.diff() > 0).all()
    nothing = dataclasses.replace(pool, rows=pool.rows[:0], weight=pool.weight[:0])
    assert (pulled_heads(problem, "country 0", nothing) == problem.start["country 0"]).all()


def test_the_pull_is_chosen_on_validation_and_never_on_test():
    problem = planted(small_shifts(1.0, 2))
    plan = plan_of(problem, "ridge")
    theta = train_ridge(problem, plan).theta
    assert torch.equal(train_ridge(flipped(problem, "test"), plan).theta, theta)
    assert not torch.equal(train_ridge(flipped(problem, "validation"), plan).theta, theta)


def test_seeds_agree_where_all_pairs_are_used_and_budgets_hold():
    problem = planted(small_shifts(1.0, 1), seeds=2)
    plan = plan_of(problem, "ridge", budgets=(10,))
    theta = train_ridge(problem, plan).theta
    assert plan.table["pairs"].tolist() == [10, 60, 10, 60]
    assert torch.equal(theta[1], theta[3]) and not torch.equal(theta[0], theta[2])


def test_an_mlp_is_pulled_too():
    problem = planted([2 * np.ones(D)], train=200, hidden=4)
    (pool,) = plan_of(problem, "ridge").pools
    start, heads = problem.start["country 0"], pulled_heads(problem, "country 0", pool)
    chosen, rejected = (torch.from_numpy(problem.features.of(side[pool.rows])) for side in problem.sides)

    def loss(theta):
        rewards = (problem.shape.rewards(theta[None], phi)[0] for phi in (chosen, rejected))
        return weighted_bradley_terry(*rewards, torch.from_numpy(pool.weight))

    losses = torch.stack([loss(theta) for theta in heads])
    assert (losses.diff() < 1e-5).all() and losses[-1] < 0.6 * losses[0]
    assert (heads - start).norm(dim=1).argmax() == len(PULLS) - 1


def test_progress_is_told_at_every_pull_and_may_stop_the_work():
    problem, told = planted(small_shifts(0.25, 2)), []
    train_ridge(problem, plan_of(problem, "ridge"), lambda done, total: told.append((done, total)))
    assert told == [(done, 2 * len(PULLS)) for done in range(2 * len(PULLS))]
    assert_may_be_stopped(train_ridge, problem, plan_of(problem, "ridge"))


@pytest.fixture(scope="module")
def config(tmp_path_factory, tiny_encoder):
    path = tmp_path_factory.mktemp("data") / "rows.csv"
    scored_rows(40).to_csv(path, index=False)
    data = DataConfig("file", (str(path),), test_share=0.3)
    methods = ("global", "full", "shared", "ridge")
    return ExperimentConfig(data, methods, seeds=2, steps=4, budgets=(20,), encoder=str(tiny_encoder))


@pytest.fixture(scope="module")
def finished(config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ridge")
    return run_apart(config, folder)


def test_a_run_has_it_beside_the_others(finished):
    mine = finished.metrics[finished.metrics["method"] == "ridge"]
    assert set(mine["pairs"]) >= {20} and mine["accuracy"].between(0, 1).all() and set(mine["seed"]) == {0, 1}
    assert "ridge" in set(finished.tables["paired"]["method"]) and "ridge" not in set(finished.tables["path"]["method"])


def test_a_run_that_was_stopped_goes_on_from_its_checkpoint_to_the_same_bytes(config, finished, tmp_path, monkeypatch):
    stages = []
    monkeypatch.setattr(checkpoint, "SECONDS", 0)
    with pytest.raises(Stopped):
        run(
            config,
            tmp_path / "run",
            on_progress=lambda entry: stages.append(entry["stage"]),
            should_stop=lambda: "share" in stages,
        )
    assert list((tmp_path / "run").glob("checkpoint-*"))
    again = run(config, tmp_path / "run")
    for name in ("metrics.json", "summary.json", "heads.safetensors"):
        assert (again.folder / name).read_bytes() == (finished.folder / name).read_bytes(), name


def test_the_rows_of_the_other_methods_are_the_same_without_it(config, finished, tmp_path):
    without = run(dataclasses.replace(config, methods=config.methods[:-1]), tmp_path / "without").metrics
    rest = finished.metrics[finished.metrics["method"] != "ridge"].reset_index(drop=True)
    pd.testing.assert_frame_equal(rest, without)
