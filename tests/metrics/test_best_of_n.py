"""Best of n: its slow twin draws every n answers; ends that are known; a model that knows the taste gains with n."""

import itertools

import numpy as np
import pytest

from scpo.metrics.accuracy import MEAN
from scpo.metrics.best_of_n import (
    GLOBAL,
    SIZES,
    Candidates,
    best_of_n_table,
    pool_candidates,
    ranks_within,
    weights,
)
from scpo.metrics.intervals import FEWEST_OF_FOLDS


def candidates(rewards, taste, prompts, rng, country="A", people=20, pairs=400, every_pair=False):
    """People who judge pairs of answers to one prompt by a taste (P,); rewards: method -> (P,)."""
    prompt = np.repeat(np.arange(prompts), len(taste) // prompts)
    if every_pair:
        both = [p for p in itertools.combinations(range(len(taste)), 2) if prompt[p[0]] == prompt[p[1]]]
    else:
        size = len(taste) // prompts
        both = [rng.permutation(size)[:2] + size * rng.integers(prompts) for _ in range(pairs)]
    one, other = np.array(both).T
    first = taste[one] > taste[other]
    chosen, rejected = np.where(first, one, other), np.where(first, other, one)
    unit, drawn = np.arange(len(both)) % people, rng.multinomial(people - 1, np.full(people, 1 / people), 500)
    methods = {GLOBAL: np.zeros(len(taste)), **rewards}
    return Candidates(
        country, prompt, np.stack(list(methods.values())), np.array([*methods]), chosen, rejected, unit, drawn
    )


def agreement(table, method, country="A"):
    return table[(table["country"] == country) & (table["method"] == method)].set_index("n")["agreement"]


def test_it_is_what_every_draw_of_n_answers_gives():
    """Seven answers, every pair judged: all sets of n, their pick, and the mean over the others."""
    rng = np.random.default_rng(0)
    taste, reward = rng.normal(size=(2, 7))
    found = agreement(best_of_n_table([candidates({"full": reward}, taste, 1, rng, every_pair=True)], False), "full")
    for n in (2, 3, 4, 6):
        shares = []
        for answers in itertools.combinations(range(7), n):
            pick = max(answers, key=lambda a: reward[a])
            shares.append(np.mean([taste[pick] > taste[a] for a in answers if a != pick]))
        assert found[n] == pytest.approx(np.mean(shares))
    assert found.index.tolist() == [2, 3, 4, 6]  # no prompt has 8 answers


def test_of_two_answers_it_is_the_accuracy_and_ties_are_wrong():
    rng = np.random.default_rng(1)
    taste, reward = rng.normal(size=(2, 60))
    part = candidates({"full": np.round(reward)}, taste, 3, rng)
    right = (part.rewards[1][part.chosen] > part.rewards[1][part.rejected]).mean()
    table = best_of_n_table([part], False)
    assert agreement(table, "full")[2] == pytest.approx(right) and (agreement(table, GLOBAL) == 0).all()


def test_a_perfect_model_is_always_agreed_with_chance_half_of_the_time_and_a_good_one_more_with_n():
    rng = np.random.default_rng(2)
    taste = rng.normal(size=2000)
    good = taste + rng.normal(0, 1, 2000)
    part = candidates({"scpo": taste, "random": rng.normal(size=2000), "full": good}, taste, 100, rng, pairs=6000)
    table = best_of_n_table([part], False)
    assert (agreement(table, "scpo") == 1).all() and agreement(table, "full").index.tolist() == list(SIZES)
    assert np.allclose(agreement(table, "random"), 0.5, atol=0.06)
    rising = agreement(table, "full")
    assert rising[16] > rising[4] + 0.03 > rising[2] + 0.06
    row = table[(table["method"] == "full") & (table["n"] == 16) & (table["country"] == "A")].iloc[0]
    assert row["low"] < row["agreement"] < row["high"] and row["prompts"] == 100 and row["units"] == 20


def test_prompts_with_few_answers_count_as_far_as_these_go():
    """One prompt of 4 answers and one of 2: best of 4 is of the first alone."""
    rng = np.random.default_rng(3)
    prompt = np.array([0, 0, 0, 0, 1, 1])
    part = Candidates(
        "A",
        prompt,
        rng.normal(size=(1, 6)),
        np.array([GLOBAL]),
        np.array([0, 1, 4]),
        np.array([2, 3, 5]),
        np.arange(3),
        np.ones((50, 3)),
    )
    table = best_of_n_table([part], False).query("country == 'A'").set_index("n")
    assert table["pairs"].tolist() == [3, 2, 2] and table["prompts"].tolist() == [2, 1, 1]
    assert table.index.tolist() == [2, 3, 4] and table["low"].isna().all()  # three people are too few


def test_weights_by_hand():
    """Of 4 answers, best of 3: the best is picked in 3 of 4 draws, beside 3 others; the second in 1, beside 2."""
    assert weights(np.array([1, 2, 3]), np.array([4, 4, 4]), 3) == pytest.approx([6 * 3 / 4 / 3, 6 * 1 / 4 / 2, 0])
    assert weights(np.array([1, 3, 5]), np.array([9, 9, 9]), 2) == pytest.approx([1, 1, 1])
    assert weights(np.array([1]), np.array([2]), 3).tolist() == [0]


def test_ranks_are_within_prompts_and_equal_rewards_share_the_better():
    assert ranks_within(np.array([1, 0, 1, 1, 0]), np.array([5.0, 1, 7, 5, 2])).tolist() == [2, 2, 1, 2, 1]


def test_the_mean_is_that_of_the_countries_and_gains_are_paired():
    rng = np.random.default_rng(4)
    parts = [candidates({"full": rng.normal(size=80)}, rng.normal(size=80), 4, rng, c) for c in "AB"]
    table = best_of_n_table(parts, False).set_index(["country", "method", "n"])
    both = (table.loc[("A", "full", 8), "agreement"] + table.loc[("B", "full", 8), "agreement"]) / 2
    row = table.loc[(MEAN, "full", 8)]
    assert row["agreement"] == pytest.approx(both) and row["units"] == 40
    assert (table.xs(GLOBAL, level="method")[["gain", "gain_low", "gain_high"]] == 0).all(axis=None)


def test_folds_are_pooled_pair_by_pair_and_answers_of_one_fold_never_meet_those_of_another():
    rng = np.random.default_rng(5)
    parts = [candidates({"full": rng.normal(size=40)}, rng.normal(size=40), 5, rng, pairs=60) for _ in range(3)]
    both = best_of_n_table([pool_candidates(parts)], False)
    right = [(p.rewards[1][p.chosen] > p.rewards[1][p.rejected]).mean() for p in parts]
    assert agreement(both, "full")[2] == pytest.approx(np.mean(right)) and agreement(both, "full").index.max() == 8
    row = both[(both["country"] == "A") & (both["n"] == 2)].iloc[0]
    assert row["prompts"] == len(set().union(*({(at, c) for c in p.prompt[p.chosen]} for at, p in enumerate(parts))))
    assert pool_candidates(parts[:1]) is parts[0]


def test_an_interval_of_folds_takes_as_many_people_as_any_other_figure_of_folds():
    """Twelve, and it is wider than the same draws give without folds."""
    rng = np.random.default_rng(7)
    for people in (FEWEST_OF_FOLDS - 1, FEWEST_OF_FOLDS):
        part = candidates({"full": rng.normal(size=40)}, rng.normal(size=40), 5, rng, people=people)
        pooled, alone = (best_of_n_table([one], False) for one in (pool_candidates([part, part]), part))
        assert not alone["low"].isna().any()
        assert pooled["low"].isna().all() == (people < FEWEST_OF_FOLDS)
    wide, narrow = ((t["high"] - t["low"])[t["method"] == "full"].mean() for t in (pooled, alone))
    assert wide > narrow


def test_of_shared_questions_the_mean_counts_as_many_as_one_country_has():
    rng = np.random.default_rng(6)
    parts = [candidates({}, rng.normal(size=80), 4, rng, c) for c in "ABC"]
    units = [best_of_n_table(parts, shared).query("country == 'mean'")["units"].tolist() for shared in (True, False)]
    assert set(units[0]) == {20} and set(units[1]) == {60}
