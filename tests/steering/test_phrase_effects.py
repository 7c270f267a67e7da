"""What tells countries apart where it is planted, and worlds in which nothing is."""

import dataclasses

import numpy as np
import pytest

from scpo.config import DataConfig
from scpo.data.demo import load
from scpo.metrics.rewards import Rewards
from scpo.steering.phrase_effects import RIGHT, findings, in_context, phrase_table, with_examples
from scpo.steering.presence import Presence
from scpo.steering.taste import AXIS, LENGTH


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
