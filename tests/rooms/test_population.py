"""A class from its votes: planted tastes are found, and the head is the one that the method ridge would train."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from scpo.metrics.intervals import FEWEST_UNITS
from scpo.rooms.population import class_population, fitted, nearest_country
from scpo.rooms.questions import Questions

from fakes import demo_questions, planted_votes

DEMO = demo_questions()


@pytest.mark.parametrize("country", DEMO.countries)
def test_a_class_with_a_countrys_taste_is_nearest_to_that_country(country):
    found = class_population(DEMO, planted_votes(DEMO, country, 100))
    assert nearest_country(found.served, found.nearest) == country
    nearest = found.nearest.set_index("country")
    assert nearest.loc[country, "share"] > 0.9 and nearest["similarity"].idxmax() == country
    served = found.served.set_index("model")
    turned = ((DEMO.own[DEMO.countries.index(country)] > 0) != (DEMO.base > 0)).sum()
    assert served.loc[country, "change_low"] > 0 or turned < 5  # a country that is nearly the global model


def test_a_class_with_the_global_taste_is_served_best_by_the_global_model():
    found = class_population(DEMO, planted_votes(DEMO, "global", 40))
    assert found.served.set_index("model")["accuracy"].idxmax() in ("global", "class")
    assert not (found.served["change_low"] > 0).any() and found.path["length"].iloc[-1] < 0.5


def test_few_voters_have_no_interval_and_one_voter_is_enough_for_a_table():
    for voters in (1, 3, FEWEST_UNITS - 1):
        found = class_population(DEMO, planted_votes(DEMO, "Galune", voters))
        assert found.served["low"].isna().all() and found.served["units"].eq(voters).all()
        assert found.path["low"].isna().all() and len(found.halves) == (3 if voters > 3 else 0)
    assert class_population(DEMO, planted_votes(DEMO, "Galune", FEWEST_UNITS)).served["low"].notna().all()


def test_voters_who_stopped_early_count_for_what_they_chose():
    votes = planted_votes(DEMO, "Cindara", 20)
    part = votes.groupby("voter").head(7)
    found = class_population(DEMO, part)
    assert (found.voters, found.votes) == (20, 140) and found.served["n"].eq(140).all()


def test_halves_of_a_class_of_one_taste_agree_more_often_than_half_a_class_and_a_model_of_another_taste():
    halves = class_population(DEMO, planted_votes(DEMO, "Cindara", 40)).halves.set_index("with")
    assert halves.loc["half", "mean"] > halves.loc["global", "mean"] + 3
    assert (halves["low"] <= halves["mean"]).all() and (halves["high"] <= len(DEMO)).all()


def test_the_head_by_inner_products_is_that_of_ridge_in_the_features_themselves():
    rng = np.random.default_rng(0)
    difference, start = rng.normal(size=(6, 9)), rng.normal(size=9)
    asked = Questions(
        *[tuple("abcdef")] * 3, ("X",), difference @ start, np.zeros((1, 6)), difference @ difference.T, "", True
    )
    left, right = rng.integers(0, 5, (2, 6)).astype(float)
    total = (left + right).sum()
    for pull in (10.0, 0.3, 0.01):

        def cost(theta, pull=pull):
            margin = difference @ theta
            loss = left @ np.logaddexp(0, -margin) + right @ np.logaddexp(0, margin)
            return loss / total + pull / 2 * ((theta - start) ** 2).sum()

        there = minimize(cost, start, options={"gtol": 1e-9}).x
        weights = fitted(asked, left[None], right[None], np.array([pull]))[0]
        assert start + weights @ difference == pytest.approx(there, abs=1e-5)


def test_an_infinite_pull_and_a_head_without_votes_are_the_global_model():
    none, some = np.zeros((1, len(DEMO))), np.ones((1, len(DEMO)))
    assert not fitted(DEMO, some, none, np.array([np.inf])).any()
    assert not fitted(DEMO, none, none, np.array([1.0])).any()


def test_votes_of_one_voter_for_one_answer_only_end_in_a_finite_head():
    votes = pd.DataFrame({"voter": "a", "pair": np.arange(len(DEMO)), "left": True})
    found = class_population(DEMO, pd.concat([votes.assign(voter=n) for n in range(12)]))
    assert np.isfinite(found.path["length"]).all() and found.served["accuracy"].notna().all()
