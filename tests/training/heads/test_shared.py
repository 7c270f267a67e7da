"""A country among the others: the exact solution, its limits, what it may know, and how much of it is taken."""

import dataclasses

import numpy as np
import pytest
import torch
from planted import D as WIDTH
from planted import accuracy, flipped, plan_of, planted, small_shifts

from scpo import DataConfig, ExperimentConfig
from scpo.errors import ConfigError
from scpo.plan import Pool
from scpo.progress import Progress
from scpo.training.heads import pair_loss
from scpo.training.heads import shifts as shifts_module
from scpo.training.heads.pair_loss import Member
from scpo.training.heads.ridge import PULLS, pulled_heads, train_ridge
from scpo.training.heads.shared import STEPS, Rule, common_step, train_shared
from scpo.training.heads.shifts import Others, directions, own_root, pulled, shifts
from scpo.training.heads.stacked import HeadShape
from scpo.training.heads.train import train_countries

from fakes import run_apart

D = 6
NOTHING = 0.01  # a prior standard deviation that lets next to nothing move


ALIKE = np.array(1.0)  # a root of a prior under which all parameters are pulled alike


def fit(shape, members, own_sd, others=None, mix_sd=0.0, before=None, root=ALIKE):
    """Shifts (C, p), solved to the last digits."""
    others = others or Others.none((len(members), shape.size))
    loss = pair_loss.any_heads(shape, members)
    found = shifts_module.fit(loss, (len(members), shape.size), root, own_sd, others, mix_sd, before, 1e-10)
    return shifts(found, root, own_sd, others, mix_sd)


def member(rng, n, taste, start=None):
    phi = rng.normal(size=(2 * n, D)).astype(np.float32)
    margin = (phi[:n] - phi[n:]) @ taste + rng.logistic(size=n)
    left, right = np.where(margin > 0, [np.arange(n), np.arange(n, 2 * n)], [np.arange(n, 2 * n), np.arange(n)])
    weight = rng.uniform(0.2, 1, n).astype(np.float32)
    return Member(*map(torch.from_numpy, (phi, left, right, weight)), start if start is not None else torch.zeros(D))


def with_pairs_three_times(one: Member) -> Member:
    return Member(one.phi, *(torch.cat([values] * 3) for values in (one.chosen, one.rejected, one.weight)), one.start)


def pull_of_pairs(one: Member, theta: np.ndarray) -> np.ndarray:
    """-gradient of the loss of a linear head, by hand: sum of w sigmoid(-m) x."""
    x = (one.phi[one.chosen] - one.phi[one.rejected]).double().numpy()
    return x.T @ (one.weight.double().numpy() / (1 + np.exp(x @ theta)))


@pytest.fixture
def members():
    rng = np.random.default_rng(0)
    return [
        member(rng, n, rng.normal(size=D), torch.from_numpy(rng.normal(size=D).astype(np.float32)))
        for n in (40, 25, 60)
    ]


def test_every_shift_is_what_its_pairs_pull_times_its_prior_covariance(members):
    """Where the gradient is 0, the shift of c is (own_sd^2 R R' + mix_sd^2 sum over the others of s^2 d d') g: g the
    pull of its pairs there, d the others' shifts, s their scale."""
    root = own_root(HeadShape(D), members) * 4
    others = directions(HeadShape(D), members, root, 1e-10)
    found = fit(HeadShape(D), members, 0.3, others, mix_sd=0.8, root=root)
    for c, one in enumerate(members):
        d = others.shift * others.scale[c][:, None]
        covariance = 0.09 * root @ root.T + 0.64 * d.T @ d
        assert np.abs(found[c] - covariance @ pull_of_pairs(one, one.start.double().numpy() + found[c])).max() < 2e-3
    assert np.abs(found).max() > 0.1  # it did move


def test_where_it_begins_changes_nothing(members):
    others = directions(HeadShape(D), members, ALIKE)
    before = np.random.default_rng(1).normal(size=(3, 6 + D))
    one, other = (fit(HeadShape(D), members, 0.3, others, 0.8, begin) for begin in (None, before))
    assert np.abs(one - other).max() < 2e-3


def test_without_others_every_country_is_alone_and_without_an_own_part_it_is_a_mix_of_the_others(members):
    shape, others = HeadShape(D), directions(HeadShape(D), members, ALIKE)
    alone = [fit(shape, [one], 0.8)[0] for one in members]
    assert np.abs(fit(shape, members, 0.8, others, mix_sd=0.0) - alone).max() < 2e-3
    mix = fit(shape, members, NOTHING, others, mix_sd=0.8)
    for c, shift in enumerate(mix):
        beside = np.delete(others.shift[:3], c, 0)
        left = shift - beside.T @ np.linalg.lstsq(beside.T, shift, rcond=None)[0]
        assert np.linalg.norm(left) < 0.02 < 0.1 < np.linalg.norm(shift)


def test_directions_are_the_others_and_their_mean_at_scales_that_margins_are_measured_in(members):
    root = own_root(HeadShape(D), members)
    others = directions(HeadShape(D), members, root, 1e-10)
    alone = fit(HeadShape(D), members, shifts_module.ALONE, root=root)
    assert np.abs(others.shift[:3] - alone).max() < 1e-2
    apart = torch.cat([one.phi[one.chosen] - one.phi[one.rejected] for one in members]).double().numpy()
    for c in range(3):
        assert others.shift[3 + c] == pytest.approx(np.delete(others.shift[:3], c, 0).mean(0))
        moved = (apart @ (others.shift * others.scale[c][:, None]).T) ** 2
        assert moved[:, c].max() == moved[:, np.delete([3, 4, 5], c)].max() == 0, "never its own, nor another's mean"
        assert moved[:, :3].sum(1).mean() == pytest.approx(shifts_module.BESIDE**2, rel=1e-4)
        assert moved[:, 3 + c].mean() == pytest.approx(shifts_module.COMMON**2, rel=1e-4)


def test_a_country_without_pairs_stays_and_is_no_direction(members):
    nothing = Member.of(
        Pool(np.zeros(0, np.int64), np.zeros(0, np.float32), (0,)),
        torch.ones(D),
        lambda texts: np.zeros((len(texts), D), np.float32),
        np.zeros(0, np.int64),
        np.zeros(0, np.int64),
    )
    shape, everyone = HeadShape(D), [*members, nothing]
    others = directions(shape, everyone, ALIKE)
    found = fit(shape, everyone, 0.8, others, mix_sd=1.0)
    assert np.abs(found[-1]).max() < 1e-3 and np.abs(others.shift[3]).max() < 1e-6
    assert np.abs(found[:3] - fit(shape, members, 0.8, directions(shape, members, ALIKE), mix_sd=1.0)).max() < 2e-2
    one = [nothing]
    assert np.isfinite(fit(shape, one, 0.8, directions(shape, one, ALIKE), mix_sd=1.0)).all()


def test_a_country_never_sees_more_of_its_own_pairs_than_its_budget():
    """What it has beyond them is a direction for the others, and not for itself."""
    rng, shape = np.random.default_rng(5), HeadShape(D)
    few, rest = ([member(rng, n, rng.normal(size=D)) for _ in range(3)] for n in (5, 80))
    first = fit(shape, few, 0.3, directions(shape, rest, ALIKE), mix_sd=0.8)
    again = fit(shape, few, 0.3, directions(shape, [member(rng, 80, rng.normal(size=D)), *rest[1:]], ALIKE), mix_sd=0.8)
    # the scale of the directions is that of all pairs, so that it may move a little
    assert np.abs(first[0] - again[0]).max() < 0.1 * np.abs(first[0]).max()
    assert np.abs(first[1:] - again[1:]).max() > 0.2 * np.abs(first[1:]).max()


def test_few_pairs_are_enough_to_place_a_country_among_the_others():
    """Planted: tastes are mixes of two directions out of six. Five pairs come nearer to one with the others' shifts."""
    rng, axes = np.random.default_rng(2), np.array([[1.0, -1, 0.5, 0, 2, -0.5], [0, 1.5, 1, -1, 0, 1]])
    tastes = rng.normal(size=(8, 2)) @ axes
    shape, cosine = HeadShape(D), lambda a, b: a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    others = directions(shape, [member(rng, 300, taste) for taste in tastes], ALIKE)
    few = [member(rng, 5, taste) for taste in tastes]
    near, far = fit(shape, few, 0.1, others, mix_sd=2.0), fit(shape, few, 1.0)
    mean = lambda found: np.mean([cosine(one, taste) for one, taste in zip(found, tastes, strict=True)])  # noqa: E731
    assert mean(near) > 0.85 and mean(near) > mean(far) + 0.1


@pytest.mark.parametrize("hidden", [0, 3])
def test_the_gradient_by_hand_is_the_one_of_autograd(hidden):
    """Of linear heads; and of an MLP the general way's is that of differences."""
    rng, shape = np.random.default_rng(4), HeadShape(D, hidden)
    members = [member(rng, n, rng.normal(size=D), torch.randn(shape.size) / 2) for n in (40, 1, 25)]
    shift = rng.normal(size=(3, shape.size))
    loss, down = pair_loss.any_heads(shape, members)(shift)
    assert down.shape == (3, shape.size) and np.abs(down).max() > 1
    if not hidden:
        few_texts = [with_pairs_three_times(one) for one in members]
        assert all(len(one.chosen) <= len(one.phi) for one in members) and len(few_texts[0].chosen) > len(
            few_texts[0].phi
        )
        for factor, same in ((1, members), (3, few_texts)):
            fast = pair_loss.linear_heads(same)(shift)
            assert fast[0] == pytest.approx(factor * loss, rel=1e-6)
            assert np.abs(fast[1] - factor * down).max() < 1e-3
    along = rng.normal(size=shift.shape)
    ahead, behind = (pair_loss.any_heads(shape, members)(shift + step * along)[0] for step in (1e-3, -1e-3))
    assert (ahead - behind) / 2e-3 == pytest.approx((down * along).sum(), rel=0.02)


def test_the_shift_that_own_pairs_ask_for_is_ridge_at_that_pull():
    problem = planted(small_shifts(0.5), train=40)
    pools = plan_of(problem, "shared").pools
    members = [
        Member.of(pool, start, problem.features.of, *problem.sides)
        for pool, start in zip(pools, problem.start.values(), strict=True)
    ]
    place = PULLS.index(3.0)
    for c, (country, pool) in enumerate(zip(problem.rows, pools, strict=True)):
        ridge = (pulled_heads(problem, country, pool)[place] - problem.start[country]).numpy()
        assert np.abs(pulled(problem.shape, members, 3.0, 1e-12)[c] - ridge).max() < 1e-3 < np.abs(ridge).max()


def test_a_shift_is_the_mean_of_what_is_expected_among_others_and_of_what_own_pairs_ask_for(members):
    shape, root = HeadShape(D), own_root(HeadShape(D), members)
    others = directions(shape, members, root)
    among, own = (Rule(alone=alone).shift(shape, members, root, others) for alone in (0.0, 1.0))
    assert torch.allclose(Rule().shift(shape, members, root, others), (among + own) / 2, atol=1e-6)
    assert np.abs(own.numpy() - pulled(shape, members, Rule.pull)).max() < 1e-6
    sd = Rule.size / 2**0.5
    assert np.abs(among.numpy() - fit(shape, members, sd, others, sd, root=root)).max() < 0.05 * among.abs().max()
    assert (among - own).abs().max() > 0.1


class Validation:
    """Pairs of one country, whose margin under a head (1,) is head * slope + level."""

    def __init__(self, slope, level=0.0):
        self.slope, self.level = torch.tensor(slope), level

    def margins(self, heads):
        return heads * self.slope + self.level


def test_one_step_for_all_countries_makes_the_log_loss_of_all_their_validation_pairs_least():
    rng = np.random.default_rng(7)
    slopes = [rng.normal(0.5, 1, size=n).astype(np.float32) for n in (30, 5, 12)]
    start, shift = torch.zeros(3, 1), torch.tensor([[1.0], [2.0], [0.5]])
    loss = [
        sum(np.log1p(np.exp(-step * float(size) * slope)).sum() for slope, size in zip(slopes, shift, strict=True))
        for step in STEPS
    ]
    found = common_step(start, shift, [Validation(slope) for slope in slopes])
    assert found.tolist() == [STEPS[int(np.argmin(loss))]] * 3 and 0 < found[0] < STEPS[-1]


def test_without_validation_pairs_the_global_model_is_kept():
    nothing = [Validation(np.zeros(0, np.float32))] * 2
    assert common_step(torch.zeros(2, 1), torch.ones(2, 1), nothing).tolist() == [0, 0]


def test_the_step_follows_what_validation_pairs_say_and_never_what_test_pairs_say():
    problem = planted(small_shifts(0.5))
    plan = plan_of(problem, "shared")
    trained, against = train_shared(problem, plan), train_shared(flipped(problem, "validation"), plan)
    assert trained.share[0] >= 0.5 and len(set(trained.share)) == 1
    assert set(against.share) == {0.0} and torch.equal(against.theta, torch.stack(list(problem.start.values())))
    assert torch.equal(train_shared(flipped(problem, "test"), plan).theta, trained.theta)


def test_a_small_step_is_taken_where_countries_are_as_the_global_model_and_a_large_one_where_they_are_far():
    near, far = (planted(small_shifts(size), train=40) for size in (0.02, 2.0))
    small, large = (train_shared(problem, plan_of(problem, "shared")).share[0] for problem in (near, far))
    assert small < 0.3 and large >= 1


def test_it_wins_over_full_and_ridge_where_countries_differ_in_directions_that_they_share():
    """Planted: the shifts of 14 countries are mixes of two directions out of 20; most pairs are the others'."""
    rng = np.random.default_rng(11)
    problem = planted(0.7 * rng.normal(size=(14, 2)) @ rng.normal(size=(2, WIDTH)), train=200, budgets=(20,))
    plans = {method: plan_of(problem, method, budgets=(20,)) for method in ("shared", "full", "ridge")}
    few = {method: plan.take(np.flatnonzero(plan.table["level"] == 0)) for method, plan in plans.items()}
    shared = train_shared(problem, plans["shared"]).theta[
        torch.from_numpy(plans["shared"].table["level"].to_numpy() == 0)
    ]
    full = train_countries(problem, few["full"], Progress()).theta
    ridge = train_ridge(problem, few["ridge"]).theta
    assert accuracy(problem, shared) > max(accuracy(problem, full), accuracy(problem, ridge)) + 0.02


def test_an_mlp_moves_too():
    rng, shape = np.random.default_rng(3), HeadShape(D, hidden=4)
    members = [member(rng, 30, rng.normal(size=D), shape.fresh(0)) for _ in range(2)]
    before = sum(float(one.loss(shape, one.start)) for one in members)
    root = own_root(shape, members)
    shift = Rule().shift(shape, members, root, directions(shape, members, root))
    assert sum(float(one.loss(shape, one.start + shift[c])) for c, one in enumerate(members)) < 0.95 * before


def test_the_root_of_an_own_part_is_the_power_of_the_second_moment_and_moves_margins_by_one(members):
    apart = torch.cat([one.phi[one.chosen] - one.phi[one.rejected] for one in members]).double().numpy()
    apart[:, 0] *= 3
    stretched = torch.tensor([3.0] + [1.0] * (D - 1))
    wide = [dataclasses.replace(one, phi=one.phi * stretched) for one in members]
    moment = apart.T @ apart / len(apart)
    for prior_power in (-0.5, -0.25, 0.0):
        root = own_root(HeadShape(D), wide, prior_power)
        values, vectors = np.linalg.eigh(moment)
        power = (vectors * values**prior_power) @ vectors.T
        assert root == pytest.approx(power * (root[0, 0] / power[0, 0]), rel=1e-4, abs=1e-6)
        assert ((apart @ root) ** 2).sum(1).mean() == pytest.approx(1, rel=1e-4)
    assert own_root(HeadShape(D, hidden=3), wide) == pytest.approx((apart**2).sum(1).mean() ** -0.5, rel=1e-4)


@pytest.fixture(scope="module")
def finished(tiny_encoder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shared")
    config = ExperimentConfig(
        DataConfig("demo"),
        ("global", "full", "scpo", "shared"),
        seeds=2,
        steps=4,
        budgets=(20,),
        encoder=str(tiny_encoder),
    )
    return run_apart(config, folder)


def test_a_run_has_it_like_any_other_method(finished):
    mine = finished.metrics[finished.metrics["method"] == "shared"]
    assert set(mine["pairs"]) >= {20} and mine["accuracy"].between(0, 1).all() and set(mine["seed"]) == {0, 1}
    for name in ("accuracy", "paired", "bias", "transfer", "curve", "efficiency", "per_pair"):
        assert "shared" in set(finished.tables[name]["method"]), name


def test_a_run_tells_the_share_of_the_way_of_its_models_alone(finished):
    shares = finished.tables["shares"]
    assert set(shares["method"]) == {"shared"} and shares["share"].between(0, 1.5).all()
    mine = finished.metrics[(finished.metrics["method"] == "shared") & (finished.metrics["subset"] == "full")]
    assert len(shares) == len(mine) and set(shares["pairs"]) == set(mine["pairs"])


def test_seeds_agree_where_all_pairs_are_used_and_differ_where_subsets_do(finished):
    mine = finished.metrics[(finished.metrics["method"] == "shared") & (finished.metrics["subset"] == "full")]
    wide = mine.assign(few=mine["pairs"] == 20).pivot(index=["country", "few"], columns="seed", values="accuracy")
    few = wide.index.get_level_values("few")
    assert (wide[0] == wide[1])[~few].all() and (wide[0] != wide[1])[few].any()


def test_it_has_no_curve_along_steps(finished):
    assert set(finished.tables["path"]["method"]) == {"full", "scpo"}


def test_adapters_on_a_common_model_are_refused():
    from scpo.config import FinetuneConfig
    from scpo.training.finetune.backend import fine_tune

    config = ExperimentConfig(methods=("shared",), finetune=FinetuneConfig("model", lora=4))
    with pytest.raises(ConfigError, match="`lora` 0"):
        fine_tune(None, config, None, {}, (), None, None)
