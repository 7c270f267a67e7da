"""What so many people can show, held against what a run's own outcomes show afterwards."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from scpo.metrics.accuracy import MEAN
from scpo.metrics.intervals import FEWEST_UNITS
from scpo.planner import USUAL, plan_table, standard_error
from scpo.text.planner import plan_lines, plan_shown

from fakes import tiny_preferences


def test_the_standard_error_is_that_of_simulated_differences_of_people_who_are_alike():
    rng, pairs = np.random.default_rng(0), np.array([5, 40, 10, 20, 25] * 4)
    shift = np.sqrt(USUAL.alike * USUAL.differing) * rng.choice([-1, 1], (4000, len(pairs)))
    chance = np.clip(USUAL.differing / 2 + shift[..., None] / 2 * np.array([1, -1]), 0, 1)
    plus, minus = (rng.binomial(pairs, chance[..., side]) for side in (0, 1))
    seen = ((plus - minus).sum(1) / pairs.sum()).std()
    assert standard_error(pairs) == pytest.approx(seen, rel=0.05)


def test_a_person_with_many_pairs_says_less_than_many_people_with_one_each():
    assert standard_error(np.array([100])) > standard_error(np.ones(100, int)) == np.sqrt(USUAL.differing / 100)
    assert np.isnan(standard_error(np.array([], int)))


def test_as_many_people_as_are_said_to_be_needed_show_the_difference():
    table = plan_table(tiny_preferences(users=120))
    row = table[table["country"] == "Borealis"].iloc[0]
    each = np.full(int(row["needed"]), row["test_pairs"] / row["test_units"])
    level = norm.ppf(1 - 0.05 / 4) + norm.ppf(0.8)  # two countries are steered to
    assert level * standard_error(each) == pytest.approx(0.05, rel=0.1) and row["role"] == "steered to"


def test_the_mean_over_countries_shows_less_than_each_and_the_reference_stands_last():
    table = plan_table(tiny_preferences(users=200))
    assert table["country"].tolist() == [MEAN, "Borealis", "Cascadia", "Aland"]
    assert table["detectable"].iloc[0] < table["detectable"].iloc[1:3].min()
    assert table["test_units"].iloc[0] == table["test_units"].iloc[1:3].sum()
    assert plan_table(tiny_preferences(users=200), countries=["Aland"])["country"].tolist() == ["Aland"]


def test_fewer_people_than_an_interval_takes_see_no_difference_and_are_told_how_many_do():
    data = tiny_preferences(users=40)
    table = plan_table(data)
    few = table[table["country"] == "Borealis"].iloc[0]
    assert few["test_units"] < FEWEST_UNITS <= few["needed"] and np.isnan(few["detectable"])
    assert any("and an interval needs 8" in line for line in plan_lines(table, "user"))
    nobody = dataclasses.replace(data, units=data.units.assign(split=pd.Categorical(["train"] * len(data.units))))
    assert "nothing can be measured" in plan_lines(plan_table(nobody), "user")[0]


def test_the_words_say_people_points_and_how_many_would_do():
    table = plan_table(tiny_preferences(users=120))
    line = next(line for line in plan_lines(table, "user") if line.startswith("Cascadia"))
    row = table[table["country"] == "Cascadia"].iloc[0]
    assert f"{row['test_units']} test people; differences below about {100 * row['detectable']:.0f} points" in line
    assert f"; {row['needed']:.0f} would show 5 points" in line
    assert {"people", "test people", "people for 5 points"} <= set(plan_shown(table, "user").columns)
    assert plan_shown(table, "prompt").columns.is_unique  # prompts are the units then


def test_data_in_which_no_country_is_chosen_is_planned_for_all_of_them():
    data = tiny_preferences(users=120)
    table = plan_table(dataclasses.replace(data, card=dataclasses.replace(data.card, countries=(), reference=())))
    assert table["country"].tolist() == [MEAN, "Aland", "Borealis", "Cascadia"]
