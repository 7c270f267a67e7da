"""Judges beside a run and alone: against the run's own numbers, and counted by hand."""

import dataclasses

import numpy as np
import pytest

from scpo import data as sources
from scpo import runs
from scpo.data.preferences import TEST
from scpo.errors import InputError, RunFolderError
from scpo.judging import judge_alone, judge_beside
from scpo.methods import METHODS
from scpo.metrics.accuracy import MEAN
from scpo.runs.outcomes import RunOutcomes, read_outcomes
from scpo.text.judges import judge_differences, judge_sentences, judge_table, scores_told, served_table, with_judges

from fakes import tiny_preferences


@pytest.fixture(scope="module")
def beside(demo_run):
    """A run, its outcomes and its data."""
    result = runs.read(demo_run)
    return result, read_outcomes(demo_run), sources.load(result.config.data)


@pytest.fixture(scope="module")
def own_rewards(beside):
    """The rewards of the run's own global model, (texts,)."""
    from scpo.training.heads import saved

    result, _, data = beside
    models = saved.load_models(result.folder, result.config, result.card["countries"])
    return saved.reward_texts(models, data.texts, "scpo").base[0].astype(np.float64)


def of_run(beside):
    """What a judge is put beside: the run's data card, its outcomes and its data."""
    result, outcomes, data = beside
    return result.card, outcomes, data


def row_of(table, **wanted):
    mask = np.logical_and.reduce([table[name] == value for name, value in wanted.items()])
    assert mask.sum() == 1
    return table[mask].iloc[0]


def test_the_global_models_own_rewards_differ_from_it_by_nothing(beside, own_rewards):
    judge = judge_beside(*of_run(beside), "itself", own_rewards, {})
    table = judge.tables["paired"]
    same = table[table["against"] == "global"]
    assert (same["difference"] == 0).all() and set(table["method"]) == {"brought: itself"}
    kept = row_of(judge.tables["bias"], method="brought: itself", measure="consensus retention")
    assert kept["value"] == 1 and judge.about["countries"]["Galune"][0] == judge.about["countries"]["Galune"][1] > 0


def test_where_every_pair_has_scores_the_methods_have_the_runs_own_numbers(beside, own_rewards):
    result = beside[0]
    table = judge_beside(*of_run(beside), "j", -own_rewards, {}).tables["accuracy"]
    keys = ["country", "method", "subset"]
    ours = table[table["method"] != "brought: j"].set_index(keys)
    theirs = result.tables["accuracy"].set_index(keys)
    for name in ("accuracy", "low", "high", "gain", "gain_low", "gain_high", "n", "units", "ties"):
        assert ours[name].to_numpy(float) == pytest.approx(theirs[name].to_numpy(float), nan_ok=True), name
    mean = row_of(table, country=MEAN, method="brought: j", subset="consensus")
    assert mean["accuracy"] == 0
    shown = with_judges(result, [judge_beside(*of_run(beside), "j", -own_rewards, {})]).tables["accuracy"]
    assert len(shown) == len(result.tables["accuracy"]) + len(table[table["method"] == "brought: j"])


def test_a_judge_ahead_of_every_method_has_the_first_rank_among_all_of_them(beside, own_rewards):
    judge, paired = judge_beside(*of_run(beside), "j", own_rewards, {}), beside[0].tables["paired"]
    ahead = judge.tables["paired"].assign(difference=0.5, low=0.4, high=0.6, p=1e-4, p_holm=1e-4)
    best = dataclasses.replace(judge, tables=judge.tables | {"paired": ahead})
    number = sum(METHODS[name].is_model for name in paired["against"].unique()) + 1
    assert any(f"rank 1 of {number}," in line for line in judge_sentences(best, "user", paired))
    assert any(f"to {number} of {number}," in line for line in judge_sentences(judge, "user", paired))


def test_a_pair_counts_only_where_both_of_its_answers_have_scores(beside):
    _, outcomes, data = beside
    rng = np.random.default_rng(0)
    rewards = np.where(rng.random(len(data.texts)) < 0.3, np.nan, rng.integers(0, 4, len(data.texts)).astype(float))
    judge = judge_beside(*of_run(beside), "holes", rewards, {})
    for country in ("Galune", "Alvoria"):
        right = counted = tied = 0
        for pair in data.pairs.iloc[data.of(country, TEST)].itertuples():
            a, b = rewards[pair.chosen], rewards[pair.rejected]
            if not (np.isnan(a) or np.isnan(b)):
                counted, right, tied = counted + 1, right + (a > b), tied + (a == b)
        row = row_of(judge.tables["accuracy"], country=country, method="brought: holes", subset="full")
        assert (row["n"], row["ties"]) == (counted, tied) and row["accuracy"] == pytest.approx(right / counted)
        assert judge.about["countries"][country] == [counted, len(outcomes.outcomes[country].each.unit)]
        assert 0 < counted < judge.about["countries"][country][1]
    told = " ".join(
        [*judge_sentences(judge, "user", beside[0].tables["paired"]), *scores_told(judge.about | FROM_FILE)]
    )
    assert "which counts as wrong" in told and "have scores for both answers" in told and "Only a part" in told


FROM_FILE = {"texts": 10, "matched": 8, "left_out": {"rows with an empty answer": 2}}


def test_differences_are_paired_on_the_scored_pairs(beside):
    _, outcomes, data = beside
    rewards = np.random.default_rng(1).normal(size=len(data.texts))
    rewards[::7] = np.nan
    judge = judge_beside(*of_run(beside), "j", rewards, {})
    rows = data.pairs.iloc[data.of("Galune", TEST)]
    margin = rewards[rows["chosen"]] - rewards[rows["rejected"]]
    o, scored = outcomes.outcomes["Galune"], ~np.isnan(margin)
    full = o.each.signs[(o.heads["method"] == "full").to_numpy()][:, scored] > 0
    row = row_of(judge.tables["paired"], country="Galune", subset="full", against="full")
    assert row["difference"] == pytest.approx((margin[scored] > 0).mean() - full.mean(), abs=1e-6)
    assert row["low"] < row["difference"] < row["high"] and row["pairs"] == scored.sum()
    assert set(judge_differences(judge, "full", "user")["against"]) == set(o.heads["method"])
    assert judge_table(judge, "user")["country"].tolist() == [MEAN, *outcomes.outcomes]


def test_scores_of_no_test_pair_say_what_must_match(beside):
    with pytest.raises(InputError, match="write-texts"):
        judge_beside(*of_run(beside), "none", np.full(len(beside[2].texts), np.nan), {})


def test_a_country_that_the_run_cannot_read_is_left_out_and_named(beside, own_rewards):
    judge = judge_beside(*of_run(beside), "j", own_rewards, FROM_FILE, unread=["Galune"])
    assert "Galune" not in set(judge.tables["accuracy"]["country"]) and judge.about["unread"] == ["Galune"]
    assert any("cannot read the texts: Galune" in line for line in scores_told(judge.about))


def test_a_run_that_kept_nothing_pair_by_pair_is_to_be_run_again(beside, own_rewards):
    result, outcomes, data = beside
    older = {c: dataclasses.replace(o, each=None) for c, o in outcomes.outcomes.items()}
    with pytest.raises(RunFolderError, match="Run it again"):
        judge_beside(result.card, RunOutcomes(older, outcomes.test), data, "j", own_rewards, {})


def test_two_judges_alone_are_counted_on_every_pair_and_compared():
    data = tiny_preferences(users=90)
    rng = np.random.default_rng(0)
    rewards = {name: rng.normal(size=len(data.texts)) for name in ("first", "second")}
    tables, counted = judge_alone(data, rewards)
    chosen, rejected = (data.pairs[side].to_numpy() for side in ("chosen", "rejected"))
    for country, (n, of) in counted.items():
        here = (data.pairs["country"] == country).to_numpy()
        assert n == of == here.sum()
        right = {name: (each[chosen] > each[rejected])[here].mean() for name, each in rewards.items()}
        for name in rewards:
            assert row_of(tables["accuracy"], country=country, method=name)["accuracy"] == pytest.approx(right[name])
        row = row_of(tables["paired"], country=country, method="second", against="first")
        assert row["difference"] == pytest.approx(right["second"] - right["first"], abs=1e-6)
    table = served_table(tables, "user")
    assert table["country"].tolist() == [MEAN, "Aland", "Borealis", "Cascadia"] and "second minus first" in table


def test_one_judge_alone_needs_no_second():
    data = tiny_preferences(users=40)
    rewards = np.arange(len(data.texts), dtype=float)
    rewards[0] = np.nan
    tables, counted = judge_alone(data, {"it": rewards})
    missing = sum(of - n for n, of in counted.values())
    pairs = data.pairs[["chosen", "rejected"]].to_numpy()
    assert missing == (pairs == 0).any(1).sum() > 0 and len(tables["paired"]) == 0
    with pytest.raises(InputError, match="no pair"):
        judge_alone(data, {"it": rewards * np.nan})
