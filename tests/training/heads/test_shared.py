"""A country among the others: the exact solution, its limits, what it may know, and the average over strengths."""

import dataclasses

import numpy as np
import pytest
import torch

from scpo import DataConfig, ExperimentConfig, run
from scpo.errors import ConfigError
from scpo.plan import Pool
from scpo.training.heads import pair_loss
from scpo.training.heads import shifts as shifts_module
from scpo.training.heads.pair_loss import Member
from scpo.training.heads.shared import average_of_strengths
from scpo.training.heads.shifts import Others, directions, own_root, shifts
from scpo.training.heads.stacked import HeadShape

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


def test_an_average_weighs_strengths_by_their_likelihood(members):
    shape, strengths, losses = HeadShape(D), [(0.5, 0.8), (0.1, 0.2)], np.array([0.60, 0.62])
    others = directions(shape, members, ALIKE)
    seen = []

    def log_loss(heads):
        seen.append(heads)
        return losses

    def average(**how):
        return average_of_strengths(shape, members, ALIKE, others, log_loss, units=100, strengths=strengths, **how)

    mean = average(observations_per_unit=0.5, shrinkage=1.0)
    share = 1 / (1 + np.exp(-0.02 * 100 * 0.5))  # 100 units, half trusted
    first, second = seen[0]
    assert torch.allclose(mean, share * first + (1 - share) * second, atol=1e-6)
    assert (first - second).abs().max() > 0.1
    for per_unit, expected in ((0.0, (first + second) / 2), (np.inf, first)):
        assert torch.allclose(average(observations_per_unit=per_unit, shrinkage=1.0), expected, atol=1e-5)
    start = torch.stack([one.start for one in members])
    assert torch.allclose(average(observations_per_unit=0.5), (start + mean) / 2, atol=1e-6), "half of it by default"


def test_an_mlp_moves_too_and_takes_the_likeliest_strength():
    rng, shape = np.random.default_rng(3), HeadShape(D, hidden=4)
    members = [member(rng, 30, rng.normal(size=D), shape.fresh(0)) for _ in range(2)]
    before = sum(float(one.loss(shape, one.start)) for one in members)
    seen = []
    others = directions(shape, members, ALIKE)
    theta = average_of_strengths(
        shape,
        members,
        own_root(shape, members),
        others,
        lambda heads: seen.append(heads) or np.arange(len(heads)),
        10,
        shrinkage=1.0,
    )
    assert sum(float(one.loss(shape, theta[c])) for c, one in enumerate(members)) < 0.95 * before
    assert torch.equal(theta, seen[0][0])


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
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCPO_WORKSPACE", str(folder))
        return run(config, folder / "run")


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
