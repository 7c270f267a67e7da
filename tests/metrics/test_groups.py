"""Accuracy by survey column against counting by hand and against fairlearn."""

import numpy as np
import pandas as pd
import pytest

from scpo.metrics.accuracy import ResampledOutcomes
from scpo.metrics.groups import EVERYBODY, FEWEST_SHOWN, group_tables, survey_columns
from scpo.metrics.intervals import FEWEST_UNITS
from scpo.metrics.outcomes import count_outcomes

HEADS = ["method", "seed", "level", "pairs", "trained", "step"]


@pytest.fixture
def world():
    """Two countries of 30 and 24 people; everybody over 40 is served worse. Rights per pair beside it."""
    rng, age = np.random.default_rng(3), np.array(["over 40", "under 40"] * 27, object)
    age[[0, 30]] = None, "rare"
    units = pd.DataFrame(
        {
            "name": [f"u{n}" for n in range(54)],
            "split": "test",
            "age": age,
            "essay": [f"text {n}" for n in range(54)],
        }
    )
    outcomes, rights = [], []
    for country, people in (("A", range(30)), ("B", range(30, 54))):
        unit = np.repeat(people, 8)
        chance = np.where(age[unit] == "over 40", 0.4, 0.8)
        margins = np.where(rng.random((2, len(unit))) < [np.full(len(unit), 0.5), chance], 1.0, -1.0)
        rows = pd.DataFrame([("global", 0, 0, 0, 0, 0), ("scpo", 0, 0, 9, 9, 1)], columns=HEADS)
        outcomes.append(count_outcomes(country, rows, margins, margins[0], unit))
        rights.append(pd.DataFrame({"country": country, "age": age[unit], "right": margins[1] > 0}))
    return ResampledOutcomes(outcomes, shared_units=False), units, pd.concat(rights)


def test_groups_agree_with_counting_and_with_fairlearn(world):
    from fairlearn.metrics import MetricFrame

    resampled, units, rights = world
    groups, gaps = group_tables(resampled, units)
    for country in ("A", "B", EVERYBODY):
        here = rights[rights["age"].isin(["over 40", "under 40"])]
        here = here if country == EVERYBODY else here[here["country"] == country]
        frame = MetricFrame(
            metrics=lambda t, p: float(np.mean(t == p)),
            y_true=np.ones(len(here), bool),
            y_pred=here["right"],
            sensitive_features=here["age"],
        )
        mine = groups[(groups["country"] == country) & (groups["method"] == "scpo")].set_index("group")
        assert mine["accuracy"].to_dict() == pytest.approx(frame.by_group.to_dict())
        assert (mine["low"] < mine["accuracy"]).all() and (mine["accuracy"] < mine["high"]).all()
        gap = gaps[(gaps["country"] == country) & (gaps["method"] == "scpo")].iloc[0]
        assert gap["gap"] == pytest.approx(frame.difference(method="between_groups"))
        assert (gap["best"], gap["worst"]) == ("under 40", "over 40") and gap["low"] <= gap["gap"] <= gap["high"]


def test_a_group_of_few_people_is_counted_and_not_shown(world):
    groups, gaps = group_tables(*world[:2])
    assert set(groups["group"]) == {"over 40", "under 40"} and (groups["units"] >= FEWEST_SHOWN).all()
    assert gaps.set_index(["country", "method"]).loc[("B", "scpo"), "hidden"] == 1
    assert gaps.set_index(["country", "method"]).loc[("A", "scpo"), "hidden"] == 0


def test_a_group_that_is_shown_with_too_few_people_for_an_interval_has_none_and_no_gap_has(world):
    resampled, units, _ = world
    rare = np.flatnonzero(units["age"] == "over 40")[:FEWEST_SHOWN]
    groups, gaps = group_tables(resampled, units.assign(age=units["age"].where(~units.index.isin(rare), "rare")))
    few = groups[groups["group"] == "rare"]
    assert len(few) and (few["units"] < FEWEST_UNITS).all() and few[["low", "high"]].isna().all(axis=None)
    assert few["accuracy"].notna().all() and gaps.set_index("country").loc[EVERYBODY, "low"].isna().all()
    assert groups[groups["units"] >= FEWEST_UNITS]["low"].notna().all()


def test_texts_names_and_columns_of_one_answer_are_no_groups(world):
    _, units, _ = world
    assert survey_columns(units.assign(same="x", numbers=np.arange(54))) == ["age"]


def test_without_survey_columns_the_tables_are_empty_and_have_their_columns(world):
    groups, gaps = group_tables(world[0], world[1][["name", "split"]])
    assert len(groups) == len(gaps) == 0 and "accuracy" in groups and "gap" in gaps
