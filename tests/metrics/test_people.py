"""People or pairs: planted people who differ, the curve against its slow twin, and when a method is ahead."""

import numpy as np
import pandas as pd
import pytest

from scpo.config import ExperimentConfig
from scpo.metrics.accuracy import FULL, MEAN, NOT_REACHED, ResampledOutcomes
from scpo.metrics.outcomes import count_outcomes
from scpo.metrics.people import AT_THE_FEWEST, CURVE, NEEDED, people_curve, people_needed
from scpo.plan import Rows, plan_heads
from scpo.text.people import needed_sentence, people_lines, per_person_sentence, worth_sentence

PEOPLE, BUDGETS, SEEDS = (1, 2, 5, 10, 20), (10, 25, 50, 100, 200), 6


def planted(differ, people=40, each=25, tested=60, width=6):
    """Outcomes of one model per plan's pool, each the mean direction of its choices; people of a country share a taste,
    and each has one of their own beside it, `differ` times as large. A pair asks for a direction."""
    rng = np.random.default_rng(0)
    rows, outcomes = {}, []
    asked, unit = [], []
    for k, country in enumerate("AB"):
        taste = rng.normal(size=width)
        of_person = taste / np.linalg.norm(taste) + differ * rng.normal(size=(people + tested, width)) / width**0.5
        who = np.repeat(np.arange(people + tested), each)
        direction = rng.normal(size=(len(who), width))
        says = (direction * of_person[who]).sum(1) + 0.5 * rng.normal(size=len(who)) > 0
        asked.append(np.where(says[:, None], direction, -direction))  # chosen minus rejected
        unit.append(who + k * 1000)
        first = k * len(who)
        here = np.arange(first, first + len(who))
        train, test = here[who < people], here[who >= people]
        rows[country] = Rows(train, test[:0], test, unit[k][who < people])
    asked, unit = np.concatenate(asked), np.concatenate(unit)
    config = ExperimentConfig(methods=("global", "full"), seeds=SEEDS, budgets=BUDGETS, people=PEOPLE)
    margin = {country: np.zeros(len(asked)) for country in rows}
    plan = plan_heads(config, rows, margin, BUDGETS)
    base = rng.normal(size=width)
    for country, part in rows.items():
        mine = plan.table["country"] == country
        heads = plan.table[mine].drop(columns="country").assign(step=1)
        learned = np.stack([asked[plan.pools[k].rows].mean(0) for k in np.flatnonzero(mine)])
        heads = pd.concat([heads, pd.DataFrame([dict.fromkeys(heads, 0) | {"method": "global"}])], ignore_index=True)
        margins = np.vstack([learned, base[None]]) @ asked[part.test].T
        outcomes.append(count_outcomes(country, heads, margins, margins[-1], unit[part.test]))
    return ResampledOutcomes(outcomes, False)


@pytest.fixture(scope="module")
def differing():
    return planted(2.0)


@pytest.fixture(scope="module")
def curve(differing):
    return people_curve(differing, PEOPLE, {"A": 40.0, "B": 40.0})


def row(table, **wanted):
    return table[np.logical_and.reduce([table[name] == value for name, value in wanted.items()])].iloc[0]


def test_pairs_of_few_people_are_worth_less_than_as_many_of_everybody_where_people_differ(curve):
    """Five pairs of ten of everybody's are another five people's; those of one person tell of one taste."""
    assert list(curve.columns) == CURVE
    for n in (1, 2, 5):
        few = row(curve, country=MEAN, method="full", people=n)
        assert few["pairs"] == 25 * n and few["spread"] < 0 and few["spread_high"] < 0
    one, five = (row(curve, country=MEAN, method="full", people=n)["spread"] for n in (1, 5))
    assert one < five


def test_where_people_are_alike_it_hardly_matters_whose_pairs_they_are(curve):
    alike = people_curve(planted(0.0), PEOPLE, {"A": 40.0, "B": 40.0})
    for n in (1, 2, 5):
        differ = row(curve, country=MEAN, method="full", people=n)["spread"]
        assert abs(row(alike, country=MEAN, method="full", people=n)["spread"]) < 0.02 < -differ


def test_a_point_is_the_accuracy_of_its_models_and_the_last_is_that_of_all_pairs(differing, curve):
    for country in "AB":
        o = differing.outcomes[country]
        for at, n in enumerate(PEOPLE):
            heads = np.flatnonzero((o.heads["method"] == "full") & (o.heads["level"] == -1 - at))
            assert len(heads) == SEEDS
            wanted = o.accuracy()[heads, FULL].mean()
            assert row(curve, country=country, method="full", people=n)["accuracy"] == pytest.approx(wanted)
    last = row(curve, country="A", method="full", people=40)
    assert last["accuracy"] == differing.result("A", "full").value[FULL] and last["pairs"] == 1000
    gain = differing.result("A", "full").value[FULL] - differing.result("A", "global").value[FULL]
    assert last["gain"] == pytest.approx(gain) and np.isnan(last["spread"]) and np.isnan(last["pooled"])
    flat = row(curve, country="A", method="global")
    assert flat["people"] == 0 and flat["gain"] == 0


def test_as_many_pairs_of_everybody_is_read_between_budgets_on_a_log_axis(differing, curve):
    """With 125 pairs of five people, between the budgets of 100 and 200."""
    at = [differing.result("A", "full", level).value[FULL] for level in (3, 4)]
    part = np.log(125 / 100) / np.log(2)
    five = row(curve, country="A", method="full", people=5)
    assert five["spread"] == pytest.approx(five["accuracy"] - (at[0] + part * (at[1] - at[0])))


def flat_outcomes(accuracy, base, units=80, each=25):
    """One country whose heads are right on these shares of every person's pairs."""
    n, rng = units * each, np.random.default_rng(1)
    levels = [*range(-1, -1 - len(accuracy) + 1, -1), 0]
    heads = [("full", level, 9) for level in levels] + [("global", 0, 0), ("pooled", 0, 9)]
    shares = [*accuracy, base, 0.7]
    margins = np.stack([np.where(rng.permutation(n) < share * n, 1.0, -1.0) for share in shares])
    table = pd.DataFrame(heads, columns=["method", "level", "pairs"]).assign(seed=0, trained=9, step=1)
    return ResampledOutcomes([count_outcomes("A", table, margins, margins[-2], np.arange(n) % units)], False)


def needed_of(accuracy, base, people=(1, 2, 5)):
    resampled = flat_outcomes(accuracy, base)
    curve = people_curve(resampled, people, {"A": 20.0})
    needed = people_needed(resampled, curve, people)
    assert list(needed.columns) == NEEDED
    return needed.set_index(["country", "method", "against"]).loc["A"]


def test_a_method_is_ahead_where_its_curve_passes_the_other_on_a_log_axis():
    needed = needed_of((0.5, 0.6, 0.8, 0.85), 0.65)
    ahead = needed.loc[("full", "global")]
    assert ahead["people"] == pytest.approx(np.exp(np.log(2) + 0.25 * np.log(5 / 2)), rel=1e-3)
    assert 1.5 < ahead["low"] < ahead["people"] < ahead["high"] < 4 and ahead["note"] == ""
    assert ahead["clear_from"] == 5 and ahead["share_reached"] == 1
    assert needed.loc[("full", "pooled"), "people"] == pytest.approx(np.exp(np.log(2) + 0.5 * np.log(2.5)), rel=1e-3)
    assert ("pooled", "pooled") not in needed.index


def test_one_that_is_ahead_at_once_and_one_that_never_is_say_so():
    at_once, never = needed_of((0.7, 0.75, 0.8, 0.8), 0.5), needed_of((0.5, 0.5, 0.5, 0.5), 0.8)
    first, last = at_once.loc[("full", "global")], never.loc[("full", "global")]
    assert first["people"] == 1 and first["note"] == AT_THE_FEWEST and first["clear_from"] == 1
    assert np.isnan(last["people"]) and last["note"] == NOT_REACHED and np.isnan(last["clear_from"])
    assert np.isnan(last["low"]) and np.isnan(last["high"]) and last["share_reached"] == 0


def test_sentences_say_how_many_with_an_interval_and_what_few_people_cost(differing, curve):
    needed = people_needed(differing, curve, PEOPLE)
    told = needed_sentence(needed, MEAN, "full", "user")
    assert "of the global model" in told and "95 %:" in told and "by more than chance from" in told
    assert "of one model" not in told  # this run has none
    worth = worth_sentence(curve, MEAN, "full", "user")
    assert "with the 25 pairs of 1 person (95 %:" in worth and "against as many pairs of everybody" in worth
    assert per_person_sentence(curve, MEAN, "question") == "A question gives 25.0 training pairs on average."
    assert people_lines(needed, "question")[0] == "Over questions, each with all their pairs:"
    assert people_lines(pd.DataFrame(), "user") == []
    values = [MEAN, "full", "global", *[np.nan] * 3, NOT_REACHED, 0.1, np.nan, 9]
    never = pd.DataFrame([values], columns=NEEDED)
    assert "is not ahead of the global model with any number of people" in needed_sentence(never, MEAN, "full", "user")


def test_both_ends_that_round_to_the_same_whole_number_are_written_alike():
    row = {"country": MEAN, "method": "full", "against": "global", "people": 2.0, "low": 2.0, "high": 2.0003}
    about = row | {"note": AT_THE_FEWEST, "share_reached": 1.0, "clear_from": 5.0, "units": 60}
    assert "(95 %: 2 to 2), by more than chance from 5 people on" in needed_sentence(
        pd.DataFrame([about]), MEAN, "full", "user"
    )
