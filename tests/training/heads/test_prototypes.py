"""Countries as mixtures of a few tastes: the point that it is, what is chosen, and where it must win."""

import numpy as np
import torch
from planted import D, accuracy, assert_may_be_stopped, flipped, plan_of, planted

from scpo.progress import Progress
from scpo.training.heads.fitted_together import mean_losses
from scpo.training.heads.lowrank import train_lowrank
from scpo.training.heads.prototypes import SETTINGS, clusters, fitted_mixture, train_prototypes
from scpo.training.heads.ridge import mean_loss
from scpo.training.heads.train import train_countries

EXACT = {"maxiter": 5000, "maxfun": 50000, "ftol": 1e-15, "gtol": 1e-7}


def mixtures(countries, tastes=3, size=1.0, seed=4):
    """Shifts of countries that are mixtures of a few tastes, most of each one of them."""
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.full(tastes, 0.4), countries) @ (size * rng.normal(size=(tastes, D)))


def parts_of(problem, method="prototypes"):
    """The mean losses of the countries, and the size (C, p) of their shifts."""
    plan = plan_of(problem, method)
    heads = np.arange(len(problem.rows))
    return mean_losses(problem, plan, heads), (len(heads), problem.shape.size)


def test_it_wins_over_lowrank_full_and_pooled_where_countries_are_mixtures_of_two_tastes_and_have_few_pairs():
    problem = planted(mixtures(16, 2, 1.5), train=10, validation=40, test=300, lr=0.02)
    mine = accuracy(problem, train_prototypes(problem, plan_of(problem, "prototypes")).theta)
    others = [train_countries(problem, plan_of(problem, m), Progress()).theta for m in ("full", "pooled")]
    others.append(train_lowrank(problem, plan_of(problem, "lowrank")).theta)
    assert mine > max(accuracy(problem, theta) for theta in others) + 0.01


def test_a_mixture_is_where_no_weight_and_no_prototype_can_be_bettered():
    """The slow twin is the loss by autograd in double precision: at the best point of a simplex all weights that are
    not 0 have one slope and the others a steeper one, and prototypes have none."""
    problem, pull = planted(mixtures(5), train=60), 0.05
    losses, size = parts_of(problem)
    weights, prototypes = (torch.from_numpy(part) for part in fitted_mixture(losses, size, 3, pull, EXACT))
    assert torch.allclose(weights.sum(1), torch.ones(5).double()) and float(weights.min()) >= 0
    pools = plan_of(problem, "prototypes").pools
    start = torch.stack(list(problem.start.values())).double()

    def loss(weights, prototypes):
        theta = start + weights @ prototypes
        of_pairs = torch.stack([mean_loss(problem, pool)(theta[c]) for c, pool in enumerate(pools)]).sum()
        return of_pairs + pull / 2 * ((weights @ prototypes) ** 2).sum()

    of_weights, of_prototypes = torch.autograd.functional.jacobian(loss, (weights, prototypes))
    assert float(of_prototypes.abs().max()) < 2e-4
    least = of_weights.amin(1, keepdim=True)
    assert float((weights * (of_weights - least)).max()) < 2e-4


def test_one_prototype_is_one_model_for_all_countries_pulled_to_the_global_one():
    problem = planted(mixtures(4), train=60)
    losses, size = parts_of(problem)
    weights, prototypes = fitted_mixture(losses, size, 1, 0.1)
    assert np.array_equal(weights, np.ones((4, 1))) and prototypes.shape == (1, D)


def test_countries_of_the_same_taste_share_a_prototype():
    two = np.random.default_rng(1).normal(size=(2, D)) * 2
    problem = planted(two[[0, 1, 0, 1]], train=200)
    losses, size = parts_of(problem)
    weights, _ = fitted_mixture(losses, size, 2, 0.01)
    assert np.abs(weights[[0, 1]] - weights[[2, 3]]).max() < 0.2
    assert np.abs(weights[0] - weights[1]).max() > 0.6


def test_clusters_put_rows_of_one_direction_together_whatever_their_length():
    rows = np.array([[1.0, 0], [0, 2], [3, 0.1], [0.1, 1], [-1, 0]])
    found = clusters(rows, 3)
    assert found[0] == found[2] and found[1] == found[3] and len(set(found)) == 3
    assert clusters(np.zeros((3, 2)), 2).tolist() == [0, 0, 0], "countries without a pull are all alike"


def test_number_and_pull_are_chosen_on_validation_and_never_on_test():
    problem = planted(mixtures(3))
    plan = plan_of(problem, "prototypes")
    theta = train_prototypes(problem, plan).theta
    assert torch.equal(train_prototypes(flipped(problem, "test"), plan).theta, theta)
    assert not torch.equal(train_prototypes(flipped(problem, "validation"), plan).theta, theta)


def test_without_validation_pairs_the_global_model_stays():
    problem = planted(mixtures(2), validation=0)
    theta = train_prototypes(problem, plan_of(problem, "prototypes")).theta
    assert torch.equal(theta, torch.stack(list(problem.start.values())))


def test_an_mlp_moves_too():
    problem = planted(mixtures(2, 2, size=3.0), train=60, validation=60, test=200, hidden=2)
    losses, size = parts_of(problem)
    weights, prototypes = fitted_mixture(losses, size, 2, 0.01)
    start = torch.stack(list(problem.start.values()))
    theta = start + torch.from_numpy(weights @ prototypes).float()
    assert accuracy(problem, theta) > accuracy(problem, start) + 0.1


def test_progress_is_told_at_every_setting_and_may_stop_the_work():
    problem, told = planted(mixtures(2)), []
    train_prototypes(problem, plan_of(problem, "prototypes"), lambda done, total: told.append((done, total)))
    assert len(told) == len(SETTINGS) and all(total == len(SETTINGS) for _, total in told)
    assert_may_be_stopped(train_prototypes, problem, plan_of(problem, "prototypes"))
