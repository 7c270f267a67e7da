"""A finished run's models put to texts: strength, mixtures, typed answers, and what moves a reward."""

import dataclasses
import json
import shutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scpo import ExperimentConfig, data, run, runs
from scpo.data.preferences import TEST
from scpo.errors import InputError, RunFolderError
from scpo.metrics.rewards import Rewards, steered
from scpo.steering.mixing import (
    ALPHAS,
    GLOBAL,
    LONGEST,
    alpha_table,
    answer_table,
    check_typed,
    line,
    mixture_table,
    ranks,
    simplex,
)
from scpo.steering.taste import FEWEST_TEXTS, LENGTH, cosine, scaled, taste_table, tastes, terms, within, word_table
from scpo.training.heads import saved

SAME = ("accuracy", "low", "high", "n", "units")


@pytest.fixture(scope="module")
def own_cache(demo_run):
    """Vectors are looked for where the run left them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCPO_WORKSPACE", str(demo_run.parent))
        yield demo_run.parent


@pytest.fixture(scope="module", params=[0, 3], ids=["linear", "mlp"])
def result(request, demo_run, own_cache, tiny_encoder):
    """A finished run with linear heads, and one with a hidden layer."""
    if not request.param:
        return runs.read(demo_run)
    config = ExperimentConfig(
        runs.read(demo_run).config.data,
        seeds=2,
        steps=8,
        budgets=(50,),
        methods=("global", "scpo"),
        encoder=str(tiny_encoder),
        hidden=request.param,
    )
    return run(config, own_cache / "mlp")


@pytest.fixture(scope="module")
def pairs(demo_run):
    return data.load(runs.read(demo_run).config.data)


def models_of(result):
    return saved.load_models(result.folder, result.config, result.card["countries"])


@pytest.fixture(scope="module")
def rewards(result, pairs):
    return saved.reward_texts(models_of(result), pairs.texts, "scpo")


def accuracies(pairs, rewards, country, values):
    """Accuracy on a country's test pairs the slow way: one seed and one pair after the other; values (S, T)."""
    rows = pairs.of(country, TEST)
    right = [[seed[c] > seed[r] for c, r in pairs.pairs[["chosen", "rejected"]].to_numpy()[rows]] for seed in values]
    return float(np.mean(right))


# rewards


def test_at_strength_one_and_zero_the_figures_are_those_of_the_run(result, pairs, rewards):
    table = alpha_table(pairs, rewards, (0.0, 1.0)).set_index(["country", "subset", "alpha"])
    of_run = result.tables["accuracy"].set_index(["country", "subset", "method"])
    for country in ("mean", *rewards.countries):
        for alpha, method in ((0.0, "global"), (1.0, "scpo")):
            here, there = table.loc[(country, "full", alpha)], of_run.loc[(country, "full", method)]
            assert [here[c] for c in SAME] == pytest.approx([there[c] for c in SAME], nan_ok=True), (country, method)
        for subset in ("distinct", "consensus"):
            here, there = table.loc[(country, subset, 1.0)], of_run.loc[(country, subset, "scpo")]
            assert here["accuracy"] == pytest.approx(there["accuracy"]), (country, subset)


def test_the_frontier_of_a_run_is_what_every_strength_measures(result, pairs, rewards):
    """The run counts from margins; here the rewards of every text are mixed, for linear heads and for MLPs alike."""
    keys = ["country", "alpha"]
    table = alpha_table(pairs, rewards).pivot(index=keys, columns="subset", values="accuracy").sort_index()
    frontier = result.tables["frontier"].query("method == 'scpo'").rename(columns={"step": "alpha"}).set_index(keys)
    for name, subset in (("accuracy", "full"), ("consensus", "consensus"), ("distinct", "distinct")):
        of_run = frontier[name].astype(float).sort_index()
        assert of_run.index.equals(table.index) and np.allclose(of_run, table[subset], atol=0.01, equal_nan=True)


def test_the_change_is_paired_and_nothing_at_the_run_s_own_strength(pairs, rewards):
    table = alpha_table(pairs, rewards, (0.5, 1.0, 1.4))
    own = table[table["alpha"] == 1.0]
    assert (own[["change", "change_low", "change_high"]].fillna(0) == 0).all(axis=None)
    wide = table.pivot(index=["country", "subset"], columns="alpha", values="accuracy")
    beyond = table[table["alpha"] == 1.4].set_index(["country", "subset"])["change"]
    assert np.allclose(beyond, (wide[1.4] - wide[1.0]).loc[beyond.index])


def test_accuracy_at_a_strength_is_that_of_the_slow_way(pairs, rewards):
    table = alpha_table(pairs, rewards, (0.35, 1.0)).set_index(["country", "subset", "alpha"])["accuracy"]
    for place, country in enumerate(rewards.countries[:3]):
        values = 0.65 * rewards.base[place] + 0.35 * rewards.own[place]
        assert table[country, "full", 0.35] == pytest.approx(accuracies(pairs, rewards, country, values), abs=0.01)


def test_strengths_end_in_the_models_themselves_to_the_last_digit():
    base, own = np.random.default_rng(0).normal(size=(2, 50)).astype(np.float32)
    assert (steered(base, own, 0.0) == base).all() and (steered(base, own, 1.0) == own).all()
    assert ALPHAS[0] == 0 and 1.0 in ALPHAS and ALPHAS[-1] == 1.5


def test_typed_texts_get_the_rewards_that_the_run_s_own_texts_have(result, pairs, rewards):
    prompt = pairs.texts["prompt"].iloc[0]
    rows = np.flatnonzero(pairs.texts["prompt"] == prompt)[:4]
    typed = saved.reward_typed(models_of(result), prompt, list(pairs.texts["response"].iloc[rows]), "scpo")
    assert np.allclose(typed.base, rewards.base[:, rows], atol=1e-4)
    assert np.allclose(typed.own, rewards.own[:, :, rows], atol=1e-4)


def test_equal_answers_share_their_reward_and_rank(result):
    typed = saved.reward_typed(models_of(result), "What?", ["yes please", "no", "yes please"], "scpo")
    table = answer_table(typed, 1.0).pivot(index="model", columns="answer")
    for column in ("reward", "rank", "agree"):
        assert (table[column]["A"] == table[column]["C"]).all()
    assert not (table["rank"]["A"] == table["rank"]["B"]).any()


def test_a_method_that_trained_no_model_is_refused_by_name(result):
    with pytest.raises(InputError, match="no models of 'global'"):
        models_of(result).of("global")


@pytest.mark.parametrize(
    "prompt, answers, words",
    [
        (" ", ["a", "b"], "the prompt is empty"),
        ("p", ["a"], "1 answer; needed: 2 to 4"),
        ("p", list("abcde"), "5 answers"),
        ("p", ["a", "x" * (LONGEST + 1)], "answer B has 4,001 characters"),
    ],
)
def test_typed_texts_that_cannot_be_scored_are_refused(prompt, answers, words):
    with pytest.raises(InputError, match=words):
        check_typed(prompt, answers)


def test_all_that_is_wrong_with_typed_texts_is_told_at_once():
    with pytest.raises(InputError) as caught:
        check_typed("", ["a"])
    assert "empty" in str(caught.value) and "1 answer;" in str(caught.value)


# files


@pytest.fixture
def copied(demo_run, tmp_path, own_cache):
    return shutil.copytree(demo_run, tmp_path / "copy")


def test_changed_weights_are_refused(copied):
    path = copied / "heads.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    result = runs.read(copied)
    with pytest.raises(RunFolderError, match="was changed after the run finished"):
        models_of(result)


def test_missing_weights_are_explained(copied):
    (copied / "heads.safetensors").unlink()
    with pytest.raises(RunFolderError, match="is missing"):
        saved.load_models(copied, ExperimentConfig(), ("Alvoria",))


def test_an_encoder_whose_files_changed_is_refused(copied, tmp_path, tiny_encoder):
    result = runs.read(copied)
    other = shutil.copytree(tiny_encoder, tmp_path / "encoder")
    settings = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps({**settings, "changed": True}))
    with pytest.raises(RunFolderError, match="not the one that this run used"):
        saved.load_models(copied, dataclasses.replace(result.config, encoder=str(other)), result.card["countries"])


# mixtures


def test_a_mixture_of_one_country_is_that_country(pairs, rewards):
    c = len(rewards.countries)
    mixed = mixture_table(pairs, rewards, np.eye(c), 0.7)
    alone = alpha_table(pairs, rewards, (0.7, 1.0))
    alone = alone[alone["alpha"] == 0.7].set_index(["country", "subset"])
    for place, country in enumerate(rewards.countries):
        rows = mixed[(mixed["mixture"] == place) & (mixed["country"] == country)].set_index("subset")
        assert rows["accuracy"].to_dict() == pytest.approx(alone.loc[country]["accuracy"].to_dict(), nan_ok=True)


def test_a_mixture_is_measured_on_everybody_as_the_slow_way_measures_it(pairs, rewards):
    shares = np.zeros(len(rewards.countries))
    shares[[0, 2, 5]] = 0.5, 0.3, 0.2
    table = mixture_table(pairs, rewards, [shares], 0.8).set_index(["country", "subset"])["accuracy"]
    values = sum(w * (0.2 * rewards.base[c] + 0.8 * rewards.own[c]) for c, w in enumerate(shares))
    for country in rewards.countries:
        assert table[country, "full"] == pytest.approx(accuracies(pairs, rewards, country, values), abs=0.01)
    assert table["mean", "full"] == pytest.approx(np.mean([table[c, "full"] for c in rewards.countries]))


def test_linear_heads_mix_by_their_weights_to_the_same_rewards(demo_run, pairs, own_cache):
    models = models_of(runs.read(demo_run))
    heads, shares = models.of("scpo"), np.array([0.5, 0.5, 0, 0, 0, 0, 0], np.float32)
    import torch

    one = torch.einsum("c,csp->sp", torch.from_numpy(shares), heads)
    single = dataclasses.replace(
        models,
        countries=("mix",),
        heads=pd.DataFrame({"country": "mix", "method": "scpo", "seed": range(len(one))}),
        theta=one,
        start=models.start[:1],
    )
    by_weights = saved.reward_texts(single, pairs.texts, "scpo").own[0]
    by_rewards = np.einsum("c,cst->st", shares, saved.reward_texts(models, pairs.texts, "scpo").own)
    assert np.allclose(by_weights, by_rewards, atol=1e-4)


@pytest.mark.parametrize("grid, points", [(simplex(10), 66), (line(20), 21)])
def test_grids_hold_every_mixture_once_and_shares_sum_to_one(grid, points):
    assert len(np.unique(grid, axis=0)) == len(grid) == points
    assert (grid >= 0).all() and np.allclose(grid.sum(1), 1) and grid.max() == 1


# answers


def test_answers_are_ranked_per_model_and_rewards_centred():
    base = np.array([[3.0, 1.0, 2.0], [3.0, 1.0, 2.0]])
    own = np.array([[[0.0, 5.0, 1.0], [2.0, 1.0, 0.0]], [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0]]])
    table = answer_table(Rewards(("A", "B"), base, own), 1.0)
    rank = table.pivot(index="model", columns="answer", values="rank")
    assert rank.loc[GLOBAL].tolist() == [1, 3, 2] and rank.loc["A"].tolist() == [2, 1, 3]
    assert rank.loc["B"].tolist() == [1, 1, 3]
    assert np.allclose(table.groupby("model")["reward"].sum(), 0)
    assert table[table["model"] == "A"]["agree"].tolist() == [0, 1, 1]  # of two seeds
    at_zero = answer_table(Rewards(("A", "B"), base, own), 0.0)
    assert at_zero.pivot(index="model", columns="answer", values="rank").loc["A"].tolist() == [1, 3, 2]


def test_equal_rewards_share_the_better_rank():
    assert ranks(np.array([2.0, 5.0, 2.0, 1.0])).tolist() == [2, 1, 2, 4]


# tastes


def test_a_planted_taste_is_recovered_whatever_a_prompt_adds(pairs):
    planted = np.random.default_rng(0).normal(size=(2, pairs.truth.shape[1]))
    levels = pairs.texts[[f"axis_{name}" for name in pairs.truth.columns]].to_numpy(float)
    own_level = np.random.default_rng(1).normal(size=len(pairs.texts["prompt"].cat.categories))
    rewards = np.stack([3 * levels @ planted[0], -levels @ planted[1]]) + own_level[pairs.texts["prompt"].cat.codes]
    found = tastes(pairs, rewards, planted)
    assert np.allclose(found["cosine"], [1, -1]) and np.allclose(found["learned"][0], planted[0])
    assert np.allclose(found["learned"][1], 0)  # scaled by nothing rather than turned round
    assert np.allclose(found["error"], found["learned"] - planted)
    assert np.allclose(found["cosine_low"], [1, -1]) and np.allclose(found["cosine_high"], [1, -1])


def test_noise_has_an_interval_that_holds_the_truth(pairs):
    planted = pairs.truth.to_numpy(float)[:1]
    levels = pairs.texts[[f"axis_{name}" for name in pairs.truth.columns]].to_numpy(float)
    noise = np.random.default_rng(3).normal(size=len(levels))
    found = tastes(pairs, (levels @ planted[0] + 0.5 * noise)[None], planted)
    inside = (found["low"] <= planted) & (planted <= found["high"])
    assert inside.mean() > 0.7 and found["cosine_low"][0] < found["cosine"][0] < found["cosine_high"][0] < 1


def test_a_taste_of_nothing_has_no_direction():
    assert np.isnan(cosine(np.zeros((1, 3, 1)), np.ones((1, 3)))).all()
    assert (scaled(np.zeros((1, 3, 1)), np.ones((1, 3))) == 0).all()


def test_the_table_of_tastes_has_both_models_of_every_country(pairs, rewards):
    table = taste_table(pairs, rewards, 1.0)
    assert len(table) == 2 * len(rewards.countries) * pairs.truth.shape[1] and set(table["model"]) == {
        GLOBAL,
        "country",
    }
    assert (table["cosine"].abs() <= 1 + 1e-9).all()
    zero = taste_table(pairs, rewards, 0.0).pivot_table(index="country", columns="model", values="cosine")
    assert np.allclose(zero["country"], zero[GLOBAL])


def test_values_within_groups_have_no_mean():
    x = np.array([[1.0], [3.0], [10.0]])
    assert within(x, np.array([0, 0, 1])).ravel().tolist() == [-1, 1, 0]


def texts_with(pairs, words, n=400):
    """Data of n texts over n/4 prompts; text k has the words that words(rng) gives it."""
    rng = np.random.default_rng(0)
    has = [words(rng) for _ in range(n)]
    texts = pd.DataFrame(
        {
            "prompt": pd.Categorical([f"p{k // 4}" for k in range(n)]),
            "response": [" ".join(["filler", *sorted(w)]) for w in has],
        }
    )
    return dataclasses.replace(pairs, texts=texts), has


def test_the_word_that_moves_the_reward_is_found_and_others_are_not(pairs):
    own_data, has = texts_with(pairs, lambda rng: {w for w in ("bold", "mild", "calm") if rng.random() < 0.5})
    noise = np.random.default_rng(1).normal(scale=0.2, size=len(has))
    base = np.random.default_rng(2).normal(size=(1, len(has)))
    own = base + 0.5 * np.array(["bold" in w for w in has]) + noise
    table, looked_at = word_table(own_data, Rewards(("A",), base, own[:, None]), "A")
    assert looked_at == len(has) and table["term"].iloc[0] == "bold" and "filler" not in set(table["term"])
    row = table.set_index("term").loc["bold"]
    assert row["effect"] == pytest.approx(0.5, abs=0.1) and row["clear"] and row["low"] < row["effect"] < row["high"]
    assert row["texts"] == sum("bold" in w for w in has)
    assert not table.set_index("term").loc[["mild", "calm"], "clear"].any()


def test_words_too_rare_or_in_nearly_every_text_are_left_out_and_text_is_only_text():
    few, many = FEWEST_TEXTS - 1, 100
    responses = np.array(["<b>rare</b> common 1"] * few + ["common"] * (many - few) + ["=other!"] * FEWEST_TEXTS)
    names, x = terms(responses)
    assert "rare" not in names and {"common", "other", LENGTH, "(an exclamation mark)"} <= set(names)
    assert x.shape == (len(responses), len(names)) and x[:, names.index("common")].sum() == many


def test_no_common_word_gives_an_empty_table(pairs):
    own_data, has = texts_with(pairs, lambda rng: set(), n=8)
    zeros = np.zeros((1, len(has)))
    table, looked_at = word_table(own_data, Rewards(("A",), zeros, zeros[:, None]), "A")
    assert len(table) == 0 and looked_at == 8


@given(
    hnp.arrays(np.float32, st.tuples(st.just(2), st.integers(1, 9)), elements=st.floats(-100, 100, width=32)),
    st.floats(-2, 2),
)
def test_steering_is_a_straight_line_from_the_global_model_through_the_countrys(rewards, alpha):
    """r_g + alpha (r_c - r_g), of which a margin is the same line between the two margins."""
    base, own = rewards
    assert steered(base, own, alpha) == pytest.approx(base + alpha * (own - base), abs=1e-3)
    assert (steered(base, own, 0.0) == base).all() and (steered(base, own, 1.0) == own).all()
