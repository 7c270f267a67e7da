"""What countries share and what is their own: the exact solution, its limits, and the average over strengths."""

import numpy as np
import pytest
import torch

from scpo import DataConfig, ExperimentConfig, run
from scpo.errors import ConfigError
from scpo.training import shared as module
from scpo.training.heads import HeadShape, Pool
from scpo.training.shared import Member, average_of_strengths

D = 6
NOTHING = 0.01  # a prior standard deviation that lets next to nothing move


def fit(shape, members, shared, own, before=None):
    return module.fit(module.any_heads(shape, members), (len(members), shape.size), shared, own, before, 1e-9)


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
    return [member(rng, n, rng.normal(size=D), torch.from_numpy(rng.normal(size=D).astype(np.float32)))
            for n in (40, 25, 60)]  # fmt: skip


def test_every_shift_is_what_its_pairs_pull_times_its_prior_variance(members):
    """Where the gradient is 0: u_c = own^2 g_c and s = shared^2 sum of g_c, g_c the pull of c's pairs at theta_c."""
    shift = fit(HeadShape(D), members, shared=0.5, own=0.8)
    pulls = [pull_of_pairs(one, one.start.double().numpy() + shift[0] + shift[1 + c]) for c, one in enumerate(members)]
    assert np.abs(shift[1:] - 0.64 * np.array(pulls)).max() < 2e-3
    assert np.abs(shift[0] - 0.25 * np.sum(pulls, axis=0)).max() < 2e-3
    assert np.abs(shift).max() > 0.1  # it did move


def test_where_it_begins_changes_nothing(members):
    before = np.random.default_rng(1).normal(size=(4, D))
    one, other = (fit(HeadShape(D), members, 0.5, 0.8, begin) for begin in (None, before))
    assert np.abs(one - other).max() < 2e-3


def test_no_pull_to_others_is_every_country_alone_and_nothing_own_is_one_model(members):
    shape = HeadShape(D)
    together = fit(shape, members, shared=NOTHING, own=0.8)
    alone = [fit(shape, [one], shared=NOTHING, own=0.8)[1] for one in members]
    assert np.abs(together[1:] - alone).max() < 0.01 and np.abs(together[0]).max() < 0.01
    one_model = fit(shape, members, shared=0.5, own=NOTHING)
    assert np.abs(one_model[1:]).max() < 0.01 < 0.1 < np.abs(one_model[0]).max()


def test_a_country_without_pairs_gets_what_the_others_share(members):
    nothing = Member.of(Pool(np.zeros(0, np.int64), np.zeros(0, np.float32), (0,)), torch.ones(D),
                        lambda texts: np.zeros((len(texts), D), np.float32), np.zeros(0, np.int64),
                        np.zeros(0, np.int64))  # fmt: skip
    shift = fit(HeadShape(D), [*members, nothing], 0.5, 0.8)
    assert np.abs(shift[-1]).max() < 1e-3 < np.abs(shift[0]).max()


def test_few_pairs_learn_more_where_countries_share_their_taste():
    """Planted: eight countries of the same taste. Five pairs each come nearer to it together than alone."""
    rng, taste = np.random.default_rng(2), np.array([1.0, -1, 0.5, 0, 2, -0.5])
    members = [member(rng, 5, taste) for _ in range(8)]
    shape, cosine = HeadShape(D), lambda theta: theta @ taste / np.linalg.norm(theta) / np.linalg.norm(taste)
    together = fit(shape, members, 1.0, 0.3)
    alone = fit(shape, members, NOTHING, 1.0)
    near, far = (np.mean([cosine(shift[0] + own) for own in shift[1:]]) for shift in (together, alone))
    assert near > 0.9 and near > far + 0.1


@pytest.mark.parametrize("hidden", [0, 3])
def test_the_gradient_by_hand_is_the_one_of_autograd(hidden):
    """Of linear heads; and of an MLP the general way's is that of differences."""
    rng, shape = np.random.default_rng(4), HeadShape(D, hidden)
    members = [member(rng, n, rng.normal(size=D), torch.randn(shape.size) / 2) for n in (40, 1, 25)]
    shift = rng.normal(size=(3, shape.size))
    loss, down = module.any_heads(shape, members)(shift)
    assert down.shape == (3, shape.size) and np.abs(down).max() > 1
    if not hidden:
        few_texts = [with_pairs_three_times(one) for one in members]
        assert all(len(one.chosen) <= len(one.phi) for one in members) and len(few_texts[0].chosen) > len(
            few_texts[0].phi
        )
        for factor, same in ((1, members), (3, few_texts)):
            fast = module.linear_heads(same)(shift)
            assert fast[0] == pytest.approx(factor * loss, rel=1e-6)
            assert np.abs(fast[1] - factor * down).max() < 1e-3
    along = rng.normal(size=shift.shape)
    ahead, behind = (module.any_heads(shape, members)(shift + step * along)[0] for step in (1e-3, -1e-3))
    assert (ahead - behind) / 2e-3 == pytest.approx((down * along).sum(), rel=0.02)


def test_an_average_weighs_strengths_by_their_likelihood(members):
    shape, strengths, losses = HeadShape(D), [(0.5, 0.8), (0.1, 0.8)], np.array([0.60, 0.62])
    seen = []

    def log_loss(heads):
        seen.append(heads)
        return losses

    mean = average_of_strengths(shape, members, log_loss, units=100, strengths=strengths, trust=0.5)
    share = 1 / (1 + np.exp(-0.02 * 100 * 0.5))  # 100 units, half trusted
    first, second = seen[0]
    assert torch.allclose(mean, share * first + (1 - share) * second, atol=1e-6)
    assert (first - second).abs().max() > 0.1
    for trust, expected in ((0.0, (first + second) / 2), (np.inf, first)):
        again = average_of_strengths(shape, members, log_loss, units=100, strengths=strengths, trust=trust)
        assert torch.allclose(again, expected, atol=1e-5)


def test_an_mlp_moves_too_and_takes_the_likeliest_strength():
    rng, shape = np.random.default_rng(3), HeadShape(D, hidden=4)
    members = [member(rng, 30, rng.normal(size=D), shape.fresh(0)) for _ in range(2)]
    before = sum(float(one.loss(shape, one.start)) for one in members)
    seen = []
    theta = average_of_strengths(shape, members, lambda heads: seen.append(heads) or -np.arange(len(heads)), 10)
    assert sum(float(one.loss(shape, theta[c])) for c, one in enumerate(members)) < 0.95 * before
    assert torch.equal(theta, seen[0][-1])


@pytest.fixture(scope="module")
def finished(tiny_encoder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shared")
    config = ExperimentConfig(DataConfig("demo"), ("global", "full", "scpo", "shared"), seeds=2, steps=4, budgets=(20,),
                              encoder=str(tiny_encoder))  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCPO_WORKSPACE", str(folder))
        return run(config, folder / "run")


def test_a_run_has_it_like_any_other_method(finished):
    mine = finished.metrics[finished.metrics["method"] == "shared"]
    assert set(mine["pairs"]) >= {20} and mine["accuracy"].between(0, 1).all() and set(mine["seed"]) == {0, 1}
    for name in ("accuracy", "paired", "bias", "transfer", "curve", "efficiency", "per_pair"):
        assert "shared" in set(finished.tables[name]["method"]), name


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
    with pytest.raises(ConfigError, match="--lora 0"):
        fine_tune(None, config, None, {}, (), None, None)
