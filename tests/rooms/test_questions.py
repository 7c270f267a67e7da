"""Which pairs a room asks, and that they are kept as they are."""

import itertools

import numpy as np
import pytest

from scpo import data
from scpo.config import DataConfig
from scpo.errors import InputError
from scpo.metrics.rewards import Rewards
from scpo.rooms.questions import ASKED, LONG, Questions, chosen_pairs, questions

from fakes import demo_questions


@pytest.fixture(scope="module")
def world():
    """The demo world, with rewards by the planted tastes."""
    pairs = data.load(DataConfig("demo"))
    levels = pairs.texts.filter(like="axis_").to_numpy()
    planted = (pairs.truth.to_numpy() @ levels.T).astype(np.float32)
    own = planted[1:, None]
    return pairs, Rewards(pairs.card.countries, np.repeat(planted[:1], len(own), 0), own)


def apart(base, own):
    p = 1 / (1 + np.exp(-np.vstack([base, own])))
    return [((p[a] - p[b]) ** 2).sum() for a, b in itertools.combinations(range(len(p)), 2)]


def test_the_pairs_asked_tell_every_two_models_further_apart_than_pairs_at_random(world):
    pairs, rewards = world
    left, right = chosen_pairs(pairs, rewards)
    asked = questions(pairs, rewards, left, right, np.eye(ASKED))
    rng, rows = np.random.default_rng(0), pairs.pairs[["chosen", "rejected"]].to_numpy()
    one, other = rows[rng.permutation(len(rows))[:ASKED]].T
    base, own = rewards.base[0], rewards.own.mean(1)
    at_random = apart(base[one] - base[other], own[:, one] - own[:, other])
    assert min(apart(asked.base, asked.own)) > 2 * min(at_random)


def test_no_answer_is_asked_twice_each_is_of_the_same_prompt_and_short(world):
    pairs, rewards = world
    left, right = chosen_pairs(pairs, rewards)
    texts = pairs.texts.iloc[np.r_[left, right]]
    assert len(set(texts.index)) == 2 * ASKED and texts["response"].str.len().max() <= LONG
    prompt = pairs.texts["prompt"].astype(str).to_numpy()
    assert (prompt[left] == prompt[right]).all() and len(set(prompt[left])) == ASKED
    assert (texts["axis_helpfulness"] > 0).all(), "none of the answers evades its question"


def test_a_run_with_too_few_pairs_is_told_what_is_missing(world):
    pairs, rewards = world
    with pytest.raises(InputError, match="a room asks 99,999|a room asks 99999"):
        chosen_pairs(pairs, rewards, 99_999)


def test_models_that_agree_on_every_pair_are_told_so(world):
    pairs, rewards = world
    same = Rewards(rewards.countries, rewards.base, np.repeat(rewards.base[:, None], 2, 1))
    with pytest.raises(InputError, match="All models agree on every pair"):
        chosen_pairs(pairs, same)


def test_what_is_kept_of_a_room_comes_back_as_it_was():
    asked = demo_questions()
    again = Questions.from_json(asked.as_json())
    assert again.prompts == asked.prompts and again.countries == asked.countries and again.simulated
    for name in ("base", "own", "gram"):
        assert (getattr(again, name) == getattr(asked, name)).all()
    assert len(asked) == ASKED and np.allclose(asked.gram, asked.gram.T)
