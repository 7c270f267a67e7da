"""What results say in words: ranks that are open."""

import math

import pandas as pd

from scpo.metrics.intervals import FEWEST_OF_FOLDS, FEWEST_UNITS
from scpo.text.ranks import class_line, information_line, league_line, rank_line
from scpo.text.results import measured, needed


def sets(*rows, tests=3):
    return pd.DataFrame(rows, columns=["method", "best", "worst"]).assign(comparisons=tests)


def test_methods_of_one_class_stand_together():
    line = rank_line(sets(("shared", 1, 1), ("full", 2, 3), ("scpo", 2, 3)), "all test pairs")
    assert line == (
        "Ranks that are open, by paired tests of every two methods on all test pairs (Holm over 3 tests): "
        "Shared prior (ours) (1); Fine-tuned on all pairs, SCPO (paper) (2 to 3)."
    )


def test_where_nothing_is_decided_it_is_said_in_one_sentence():
    line = rank_line(sets(("full", 1, 2), ("scpo", 1, 2), tests=1), "distinct test pairs")
    assert line.startswith("Nothing is decided between these 2 methods") and "Holm over 1 test)" in line
    assert rank_line(sets(), "x") == rank_line(sets(("full", 1, 1), tests=0), "x") == ""


def test_a_method_between_two_classes_is_in_both_and_one_class_needs_no_sentence():
    table = sets(("shared", 1, 2), ("full", 1, 3), ("scpo", 2, 3)).assign(classes=["A", "A B", "B"])
    assert class_line(table) == (
        "Classes of methods that no test tells apart (a method may be in several): A: Shared prior (ours), Fine-tuned "
        "on all pairs; B: Fine-tuned on all pairs, SCPO (paper)."
    )
    assert class_line(table.assign(classes="A")) == class_line(table.iloc[:0]) == ""


def test_methods_that_see_all_countries_pairs_are_told_apart_from_those_that_see_the_countrys_own():
    assert information_line(["global", "full", "shared", "pooled", "random"]) == (
        "Two kinds of methods, by the pairs that they see: the country's own alone (Fine-tuned on all pairs); those of "
        "all countries (Shared prior (ours), One model for all countries)."
    )
    assert information_line(["global", "full", "scpo", "brought: mine"]) == information_line(["pooled"]) == ""


def test_the_league_line_has_the_best_first_with_interval_and_rank():
    gains = pd.DataFrame(
        [
            ("mean", "full", 0.05, 0.03, 0.07),
            ("mean", "shared", 0.08, math.nan, math.nan),
            ("A", "full", 0.9, 0.8, 1.0),
        ],
        columns=["country", "method", "difference", "low", "high"],
    )
    line = league_line(gains, sets(("shared", 1, 1), ("full", 2, 3)))
    assert line == (
        "Points gained over the global model, mean of all countries: **Shared prior (ours) +8.0** (no interval: too "
        "few people or questions; rank 1), **Fine-tuned on all pairs +5.0** (95 %: 3.0 to 7.0; rank 2 to 3)."
    )
    assert "rank" not in league_line(gains, sets()) and league_line(gains.iloc[:0], sets()) == ""


def test_a_figure_without_an_interval_is_no_headline():
    label, value, note = measured("Served worst", "64.3 %", (0.6, 0.7), "222 pairs", who="Estovia")
    assert (label, value, note) == ("Served worst: Estovia", "64.3 %", "95 %: 60.0 to 70.0; 222 pairs")
    label, value, note = measured("Served worst", "64.3 %", (math.nan, math.nan), "222 pairs", who="Estovia")
    assert (label, value) == ("Served worst", "-")
    assert note == "measured Estovia, 64.3 %; no interval: too few people or questions; 222 pairs"


def test_how_many_an_interval_takes_is_more_where_enough_for_one_split_have_none():
    rows = pd.DataFrame({"units": [5, 9, 30], "low": [math.nan, 0.1, 0.1]})
    assert needed(rows, "full") == FEWEST_UNITS
    assert needed(rows.assign(low=[math.nan, math.nan, 0.1]), "full") == FEWEST_OF_FOLDS
    assert needed(rows.assign(units=19, low=math.nan), "distinct") == 20
