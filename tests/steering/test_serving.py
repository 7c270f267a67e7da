"""Prices of steering, pairs that a model turns round, planted tastes; and what is said of them."""

import numpy as np
import pandas as pd
import pytest

from scpo import data
from scpo.config import DataConfig
from scpo.data.demo import AXIS_NAMES
from scpo.data.preferences import TEST
from scpo.metrics.bias import REFERENCE
from scpo.metrics.rewards import Rewards
from scpo.steering.serving import ALPHAS, planted_tastes, price_table, reversed_pairs
from scpo.text.serving import serving_sentence
from scpo.text.tastes import taste_sentence, taste_table


@pytest.fixture(scope="module")
def world():
    """The demo world, and rewards that are the planted tastes: of the reference, and of each country."""
    pairs = data.load(DataConfig("demo"))
    levels = pairs.texts[[f"axis_{name}" for name in AXIS_NAMES]].to_numpy(np.float32)
    of = {name: levels @ taste for name, taste in zip(pairs.truth.index, pairs.truth.to_numpy(np.float32), strict=True)}
    countries = pairs.card.countries
    base = np.stack([of[pairs.card.reference[0]]] * len(countries))
    return pairs, Rewards(countries, base, np.stack([of[c] for c in countries])[:, None])


def test_a_price_is_the_accuracy_of_one_countrys_model_on_anothers_people(world):
    pairs, rewards = world
    table = price_table(pairs, rewards).set_index(["country", "alpha", "on"])
    rows = pairs.of("Alvoria", TEST)
    chosen, rejected = (pairs.pairs[side].to_numpy()[rows] for side in ("chosen", "rejected"))
    at = rewards.countries.index("Galune")
    right = (rewards.own[at, 0, chosen] > rewards.own[at, 0, rejected]).mean()
    assert table.loc[("Galune", 1.0, "Alvoria"), "accuracy"] == pytest.approx(right)
    assert table.loc[("Galune", 1.0, "Alvoria"), "n"] == len(rows)


def test_at_strength_0_every_countrys_model_is_the_global_one_and_the_reference_is_among_the_served(world):
    table = price_table(*world)
    start = table[table["alpha"] == 0].groupby("on")["accuracy"].nunique()
    assert set(start) == {1} and REFERENCE in start.index and sorted(table["alpha"].unique()) == list(ALPHAS)


def test_a_pair_is_turned_round_where_the_two_models_disagree_and_people_chose_as_their_own(world):
    pairs, rewards = world
    table = reversed_pairs(pairs, rewards)
    assert list(table["country"]) == list(rewards.countries)
    for row in table.itertuples():
        text = pairs.texts.reset_index(drop=True)
        of = {response: at for at, response in text.loc[text["prompt"] == row.prompt, "response"].items()}
        own, other, place = of[row.own], of[row.other], rewards.countries.index(row.country)
        assert rewards.own[place, 0, own] > rewards.own[place, 0, other]
        assert rewards.base[place, own] < rewards.base[place, other]
        assert pairs.answering()[[own, other]].all(), "a pair of which neither answer evades the question"
    same = Rewards(rewards.countries, rewards.base, rewards.base[:, None])
    assert not len(reversed_pairs(pairs, same))


def test_a_taste_is_told_by_where_it_differs_most_from_the_references(world):
    pairs, _ = world
    tastes = planted_tastes(pairs)
    assert list(tastes) == ["Meridia", *pairs.card.countries] and tastes["Galune"] == dict(pairs.truth.loc["Galune"])
    tastes = {"Galune": {"humour": -2.0, "warmth": -1.0, "hedging": 0.5, "helpfulness": 9.0}}
    tastes["Meridia"] = {"humour": 0.0, "warmth": 0.5, "hedging": -0.1, "helpfulness": 9.0}
    said = taste_sentence(tastes, "Galune", "Meridia")
    assert said == (
        "Galune likes hedging, dislikes humour and warmth (planted). Next to Meridia: more hedging; less humour and "
        "warmth."
    )
    assert taste_sentence(tastes, "Meridia", "Meridia") == "Meridia likes warmth, dislikes hedging (planted)."
    assert taste_sentence({}, "Galune", "Meridia") == ""


def test_each_planted_taste_is_told_in_words_made_from_the_planted_table(world):
    told = taste_table(planted_tastes(world[0])).set_index("population")["planted taste"]
    assert told["Alvoria"] == "likes hedging and humour, dislikes 'we' before 'I' and plain speaking"
    assert len(told) == 8 and all(text.startswith(("likes", "dislikes")) for text in told)


def test_the_sentence_of_the_front_door_says_who_is_served_best_and_worst_and_what_steering_costs():
    table = pd.DataFrame({"on": ["R", "A", "B"], "name": ["R (reference)", "A", "B"], "accuracy": [0.73, 0.70, 0.56]})
    table["units"] = 20
    said = serving_sentence(table, pd.Series({"R": 0.65, "A": 0.69, "B": 0.69}), "B", "scpo")
    assert said == (
        "The global model serves R (reference) best (73 %) and B worst (56 %). Steering to B by SCPO (paper) lifts it "
        "to 69 % and costs R (reference) 8 points."
    )
    free = serving_sentence(table, pd.Series({"R": 0.74, "A": 0.70, "B": 0.69}), "B", "scpo")
    assert free.endswith("lifts it to 69 % and costs nobody else.")
    worse = serving_sentence(table, pd.Series({"R": 0.72, "A": 0.70, "B": 0.50}), "B", "scpo")
    assert "lowers it to 50 % and costs R (reference) 1 point." in worse


def test_the_cost_in_the_sentence_is_that_between_the_marks_of_the_chart():
    table = pd.DataFrame({"on": ["A", "B"], "name": ["A", "B"], "accuracy": [0.686, 0.56], "units": 9})
    for steered, cost in ((0.634, "6 points"), (0.6855, "less than a point")):  # 69 % to 63 %: by 5.2 points
        said = serving_sentence(table, pd.Series({"A": steered, "B": 0.69}), "B", "scpo")
        assert said.endswith(f"and costs A {cost}.")


def test_the_sentence_speaks_only_of_those_whose_figures_have_an_interval():
    table = pd.DataFrame({"on": ["R", "A", "B", "C"], "accuracy": [0.9, 0.73, 0.7, 0.56], "units": [4, 20, 20, 3]})
    table["name"] = table["on"]
    steered = pd.Series({"R": 0.5, "A": 0.70, "B": 0.72, "C": 0.6})
    assert serving_sentence(table, steered, "B", "scpo") == (
        "The global model serves A best (73 %) and B worst (70 %). Steering to B by SCPO (paper) lifts it to 72 % and "
        "costs A 3 points."
    )
    assert serving_sentence(table, steered, "C", "scpo").endswith("and B worst (70 %).")
    few = serving_sentence(table.assign(units=[4, 20, 3, 3]), steered, "B", "scpo")
    assert few.startswith("Too few people to say whom") and "1 of 4 populations have the 8 people" in few
