"""Effects of phrases against plain regressions, the corrections against statsmodels, and worlds in which nothing is."""

import dataclasses

import numpy as np
import pytest
from scipy import sparse
from statsmodels.stats.multitest import multipletests

from scpo.config import DataConfig
from scpo.data.demo import load
from scpo.metrics.intervals import ALPHA
from scpo.metrics.rewards import Rewards
from scpo.steering import phrase_effects
from scpo.steering.phrase_effects import (
    RIGHT,
    Effects,
    effects,
    false_discovery,
    findings,
    in_context,
    phrase_table,
    with_examples,
)
from scpo.steering.phrases import Presence
from scpo.steering.taste import AXIS, LENGTH


def drawn(rng, pairs=300, phrases=40):
    """Phrases of pairs, two controls, and which of 40 people each pair is of."""
    x = sparse.csc_array(rng.choice([-1.0, 0, 1], (pairs, phrases), p=[0.15, 0.7, 0.15]))
    return x, rng.normal(size=(pairs, 2)), rng.integers(0, 40, pairs)


def left_of(controls, outcome):
    return phrase_effects._left_of_change(controls, outcome)


def test_an_effect_is_the_coefficient_of_a_regression_with_the_controls():
    rng = np.random.default_rng(0)
    x, controls, person = drawn(rng)
    outcome = controls @ [0.5, -0.2] + 0.3 * x.toarray()[:, 0] + rng.normal(size=300)
    found = effects(x, controls, *left_of(controls, outcome), [person])
    for column in range(3):
        beside = np.column_stack([x.toarray()[:, column], controls])
        assert found.effect[column] == pytest.approx(np.linalg.lstsq(beside, outcome)[0][0])
    low, high = found.interval()
    assert low[0] < 0.3 < high[0] and found.p()[0] < 1e-3


def test_of_two_groupings_the_larger_error_counts():
    rng = np.random.default_rng(1)
    x, controls, person = drawn(rng)
    left = left_of(controls, rng.normal(size=300) + rng.normal(size=40)[person])
    alone = [effects(x, controls, *left, [group]).error for group in (person, np.arange(300))]
    both = effects(x, controls, *left, [person, np.arange(300)])
    assert both.error == pytest.approx(np.max(alone, axis=0))


def test_the_correction_is_that_of_statsmodels():
    p = np.random.default_rng(2).uniform(size=50) ** 3
    assert false_discovery(p) == pytest.approx(multipletests(p, method="fdr_bh")[1])
    assert false_discovery(np.empty(0)).shape == (0,)


def test_worlds_in_which_models_differ_by_chance_have_findings_as_seldom_as_is_said():
    """People differ, phrases do nothing: with 200 worlds a rate of 5 % stays below 9 % but once in a hundred times."""
    found = 0
    for world in range(200):
        rng = np.random.default_rng([7, world])
        x, controls, person = drawn(rng)
        # Every person has another liking for every phrase, so that the pairs of one are alike; the mean of it is 0.
        own = 0.5 * rng.normal(size=(40, x.shape[1]))
        outcome = (x.toarray() * own[person]).sum(1) + controls @ [0.3, 0.1] + rng.normal(size=300)
        p = effects(x, controls, *left_of(controls, outcome), [person]).p()
        found += bool((false_discovery(p) <= ALPHA).any())
    assert found <= 0.09 * 200


@pytest.fixture(scope="module")
def demo():
    data = load(DataConfig("demo", demo_reference_people=60))
    return data, Presence.of(data)


def planted(data, tastes):
    """Rewards of models that have these tastes, (C, axes), from the reference's."""
    levels = data.texts[[AXIS + name for name in data.truth.columns]].to_numpy(np.float32)
    base = levels @ data.truth.iloc[0].to_numpy(np.float32)
    own = levels @ np.asarray(tastes, np.float32).T
    return Rewards(data.card.countries[: len(tastes)], np.tile(base, (len(tastes), 1)), own.T[:, None])


@pytest.mark.parametrize("times", [1, 3])
def test_a_country_that_is_the_global_model_or_only_surer_has_no_phrase(demo, times):
    data, presence = demo
    table = phrase_table(data, planted(data, [times * data.truth.iloc[0]] * 2), presence)
    assert len(table) == 2 * (len(presence.phrases) + 1) and not table["clear"].any() and (table["q"] == 1).all()
    assert not len(findings(table, presence))


def test_shuffled_changes_of_rewards_find_next_to_nothing(demo):
    """What moves the country's model is dealt out anew among the answers to each prompt."""
    data, presence = demo
    rewards = planted(data, data.truth.iloc[1:4])
    rng, prompt = np.random.default_rng(0), data.texts["prompt"].cat.codes.to_numpy()
    order, dealt = np.lexsort((rng.uniform(size=len(prompt)), prompt)), np.argsort(prompt, kind="stable")
    change = rewards.own - rewards.base[:, None]
    shuffled = np.empty_like(change)
    shuffled[..., dealt] = change[..., order]
    table = phrase_table(data, Rewards(rewards.countries, rewards.base, rewards.base[:, None] + shuffled), presence)
    right = phrase_table(data, rewards, presence)
    assert table["clear"].mean() < 0.01 < 0.1 < right["clear"].mean()


def test_models_of_the_planted_tastes_find_what_is_planted(demo):
    data, presence = demo
    table = phrase_table(data, planted(data, data.truth.iloc[1:3]), presence)
    assert (table.loc[table["clear"], "planted"] == RIGHT).all()
    found = findings(table, presence)
    assert 0 < len(found) < table["clear"].sum() and found["effect"].abs().is_monotonic_decreasing
    known = found[found["people"].notna()]
    assert (known["people"] * known["effect"] > 0).mean() > 0.75  # held-out people of the world have these tastes


def test_a_phrase_is_shown_in_answers_to_different_prompts_that_have_it(demo):
    data, presence = demo
    rewards = planted(data, data.truth.iloc[1:2])
    found = findings(phrase_table(data, rewards, presence), presence).head(5)
    for row in with_examples(data, rewards, presence, found).to_dict("records"):
        first, second = (row[f"example_{at}"] for at in (1, 2))
        assert first != second and all(f"«{row['phrase']}»" in text.lower() for text in (first, second))
    assert in_context(data, rewards, presence, rewards.countries[0], LENGTH) == []


def test_of_real_people_nobody_knows_what_is_planted(demo):
    data, presence = demo
    table = phrase_table(dataclasses.replace(data, truth=None), planted(data, data.truth.iloc[1:2]), presence)
    assert table["planted"].isna().all()


def test_few_people_or_nothing_left_tell_nothing():
    told = Effects(np.array([1.0, 1.0]), np.array([0.1, np.nan]), np.array([3, 50]))
    assert told.p().tolist() == [1, 1] and np.isnan(told.interval()).all()
    nobody = [np.empty(0, int)]
    none = effects(sparse.csc_array((0, 2)), np.empty((0, 2)), np.empty(0), np.empty(0), nobody)
    assert np.isnan(none.effect).all() and none.p().tolist() == [1, 1]
