"""A ratio of pairs is given where it means something, and where not, its row says why."""

import json

import numpy as np
import pandas as pd
import pytest

from scpo.metrics.accuracy import (
    AT_LEAST,
    AT_MOST,
    BOTH_AT_ONCE,
    MEAN,
    NO_GAIN,
    NO_PAIRS,
    NOT_REACHED,
    TOO_FEW,
    UNCLEAR,
    ResampledOutcomes,
)
from scpo.metrics.efficiency import efficiency_table, per_pair_table
from scpo.metrics.outcomes import Outcomes
from scpo.text.efficiency import efficiency_figure, efficiency_lines, efficiency_sentence, per_pair_sentence

PAIRS = (50, 100, 200)
EACH = 20  # pairs of a person


def people(of_global, full, scpo, trained=(25, 50, 100), users=60, name="A", noise=0.0):
    """Outcomes of people who each get the same number of pairs right, more or less by chance with noise."""
    rows, rate, rng = [("global", 0, 0, 0, 0, 0)], [of_global], np.random.default_rng(0)
    for method, accuracies, kept in (("full", full, PAIRS), ("scpo", scpo, trained)):
        rows += [(method, 0, at, PAIRS[at], kept[at], 1) for at in range(3)]
        rate += accuracies
    table = pd.DataFrame(rows, columns=["method", "seed", "level", "pairs", "trained", "step"])
    right = np.array(rate)[:, None] * EACH + noise * rng.normal(size=(len(rate), users))
    right = np.clip(np.round(right), 0, EACH)
    counts = np.full(users, EACH)
    subsets = np.stack([counts, counts - right[0], right[0]])
    wins = np.stack([right, np.zeros_like(right), right], axis=1)
    return Outcomes(name, table, np.arange(users), wins, subsets, np.zeros((len(rows), 3), int))


def found(*countries, reading="labelled"):
    table = efficiency_table(ResampledOutcomes(list(countries), shared_units=False))
    return table[(table["country"] == MEAN) & (table["reading"] == reading)].iloc[0]


def everything_said(*countries):
    """All that is said of the ratio in words."""
    resampled = ResampledOutcomes(list(countries), shared_units=False)
    table, each = efficiency_table(resampled), per_pair_table(resampled)
    said = [efficiency_sentence(table, MEAN, "scpo", r) for r in ("labelled", "trained")]
    said += [" ".join(efficiency_figure(table, "scpo", r)) for r in ("labelled", "trained")]
    return "\n".join([*said, *efficiency_lines(table), *(per_pair_sentence(each, MEAN, m) for m in ("full", "scpo"))])


@pytest.mark.parametrize("end", [0.8, 0.75])
def test_where_full_gains_nothing_there_is_no_ratio_and_that_is_said(end):
    row = found(people(0.8, [0.8, 0.8, end], [0.8, 0.85, 0.9]))
    assert row["note"] == NO_GAIN and not row["reached"]
    assert np.isnan(row[["ratio", "low", "high", "pairs_full", "pairs_method"]].to_numpy(float)).all()
    told = everything_said(people(0.8, [0.8, 0.8, end], [0.8, 0.85, 0.9]))
    assert (
        "fine-tuning on all pairs gains nothing over the global model, so there is nothing to be efficient at" in told
    )
    assert "times" not in told and "nan" not in told


def test_a_method_that_is_trained_on_no_pair_has_no_ratio():
    nothing = people(0.6, [0.65, 0.7, 0.75], [0.6, 0.6, 0.6], trained=(0, 0, 0))
    for reading in ("labelled", "trained"):
        row = found(nothing, reading=reading)
        assert row["note"] == NO_PAIRS and np.isnan(row["ratio"]) and np.isnan(row["high"])
    told = everything_said(nothing)
    assert "SCPO (paper) trained on no pair" in told and "times" not in told and "nan" not in told


def test_a_budget_of_which_nothing_is_kept_counts_no_pair():
    row = found(people(0.6, [0.65, 0.7, 0.75], [0.6, 0.7, 0.8], trained=(0, 50, 100)), reading="trained")
    assert 50 < row["pairs_method"] < 100 and row["ratio"] < 4


def test_the_target_is_what_full_ends_with_and_who_ends_ahead_reaches_it():
    """The curve of full falls at its end; made monotone it would stay at the mean of its last two."""
    row = found(people(0.5, [0.6, 0.75, 0.65], [0.55, 0.6, 0.7]))
    assert row["target"] == pytest.approx(0.65) and row["reached"] and row["pairs_full"] < 100
    assert "65.0 %" in everything_said(people(0.5, [0.6, 0.75, 0.65], [0.55, 0.6, 0.7]))


@pytest.mark.parametrize(
    "full, scpo, note",
    [
        ([0.65, 0.7, 0.75], [0.55, 0.6, 0.7], NOT_REACHED),
        ([0.65, 0.7, 0.75], [0.75, 0.8, 0.8], AT_LEAST),
        ([0.75, 0.75, 0.75], [0.6, 0.7, 0.8], AT_MOST),
        ([0.75, 0.75, 0.75], [0.8, 0.8, 0.8], BOTH_AT_ONCE),
    ],
)
def test_a_ratio_that_is_a_bound_says_which(full, scpo, note):
    row = found(people(0.5, full, scpo))
    assert row["note"] == note and np.isnan(row["ratio"]) == (note in (NOT_REACHED, BOTH_AT_ONCE))
    assert (note.split(":")[0] in everything_said(people(0.5, full, scpo))) and row["share_gain"] == 1


def test_where_the_gain_of_full_may_be_chance_there_is_no_ratio_and_the_reason_is_said():
    """Half of the people gain much, the others lose nearly as much: in many resamples there is no gain."""
    uncertain = people(0.6, [0.6, 0.62, 0.64], [0.6, 0.64, 0.68])
    uncertain.wins[3, 0] = uncertain.wins[0, 0] + np.where(np.arange(60) % 2, 6, -5)
    row = found(uncertain)
    assert 0.5 < row["share_gain"] < 0.97 and row["note"] == UNCLEAR
    assert np.isnan(row[["ratio", "low", "high"]].to_numpy(float)).all()
    assert "may be chance, so the ratio could be anything" in everything_said(uncertain)


def test_of_few_people_nobody_can_say_whether_full_gains():
    row = found(people(0.5, [0.6, 0.65, 0.7], [0.65, 0.7, 0.75], users=49))
    assert row["note"] == TOO_FEW and np.isnan(row["ratio"])


def test_a_clear_gain_has_an_interval():
    row = found(people(0.5, [0.6, 0.65, 0.7], [0.65, 0.7, 0.75], noise=1.0))
    assert row["share_gain"] == 1 and row["low"] < row["ratio"] < row["high"]


def test_a_run_of_global_and_full_needs_another_method():
    assert "needs another trained method" in efficiency_figure(pd.DataFrame(), "full")[2]
    assert efficiency_lines(pd.DataFrame()) == []


def test_the_rows_are_json():
    table = efficiency_table(ResampledOutcomes([people(0.8, [0.8] * 3, [0.8] * 3)], shared_units=False))
    json.dumps(table.astype(object).where(table.notna(), None).to_dict("records"), allow_nan=False)


@pytest.mark.parametrize("gain", [0.0, 0.01, 0.02, 0.03, 0.05])
def test_ratios_of_pairs_and_of_gains_per_pair_go_by_one_rule(gain):
    """A gain of full that may be chance for one of the two ratios is so for the other."""
    resampled = ResampledOutcomes(
        [people(0.6, [0.6, 0.6 + gain, 0.6 + gain], [0.6, 0.7, 0.7], noise=2.0)], shared_units=False
    )
    pairs, gains = efficiency_table(resampled), per_pair_table(resampled)
    unclear = pairs.loc[pairs["method"] == "scpo", "note"].isin([NO_GAIN, UNCLEAR, TOO_FEW]).any()
    assert unclear == gains.loc[gains["method"] == "scpo", "ratio"].isna().any()
