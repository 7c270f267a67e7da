"""Rulers: counts against counting pair by pair, votes by hand, and what people of other countries answered."""

import numpy as np
import pandas as pd
import pytest

from scpo.errors import RunFolderError
from scpo.metrics.accuracy import CONSENSUS, DISTINCT
from scpo.metrics.outcomes import SUBSETS, count_outcomes, unmeasured
from scpo.metrics.rulers import ruled, ruled_by_people, vote


def outcomes(margins, known, unit):
    heads = pd.DataFrame({"method": [f"m{k}" for k in range(len(margins))], "seed": 0, "level": 0, "pairs": 9})
    return count_outcomes("A", heads.assign(trained=9, step=1), np.array(margins, float), np.array(known, float), unit)


def test_it_is_what_counting_pair_by_pair_gives():
    rng = np.random.default_rng(0)
    margins, known, signs = rng.normal(size=(3, 90)), rng.normal(size=90), rng.integers(-1, 2, 90).astype(np.int8)
    margins[0, :9] = 0
    unit = rng.permutation(np.arange(90) % 7)
    again = ruled(outcomes(margins, known, unit), signs)
    for head in range(3):
        for subset, member in enumerate([lambda s: True, lambda s: s < 0, lambda s: s > 0]):
            for at, one in enumerate(again.units):
                here = [i for i in range(90) if unit[i] == one and member(signs[i])]
                assert again.counts[subset, at] == len(here)
                assert again.wins[head, subset, at] == sum(margins[head, i] > 0 for i in here)
            ties = sum(margins[head, i] == 0 for i in range(90) if member(signs[i]))
            assert again.ties[head, subset] == ties
    assert len(SUBSETS) == again.wins.shape[1]


def test_the_usual_ruler_gives_the_same_counts():
    rng = np.random.default_rng(1)
    o = outcomes(rng.normal(size=(2, 40)), rng.normal(size=40), np.arange(40) % 5)
    again = ruled(o, o.each.known)
    assert np.array_equal(again.wins, o.wins) and np.array_equal(again.counts, o.counts)


def test_a_pair_that_the_ruler_says_nothing_of_is_in_neither_part():
    again = ruled(outcomes([[1, 1, 1]], [1, -1, 1], np.arange(3)), np.array([0, 0, -1], np.int8))
    assert again.counts.sum(1).tolist() == [3, 1, 0] and again.counts[CONSENSUS].sum() == 0
    assert again.accuracy()[0, DISTINCT] == 1 and np.isnan(again.accuracy()[0, CONSENSUS])


def test_without_what_was_said_pair_by_pair_nobody_else_can_rule():
    o = outcomes([[1, -1]], [1, 1], np.arange(2))
    with pytest.raises(RunFolderError, match="A pair by pair"):
        ruled(unmeasured(o), np.ones(2))
    with pytest.raises(RunFolderError, match="of other pairs"):
        ruled(o, np.ones(3))


def test_a_vote_is_that_of_most_and_none_where_they_are_as_many():
    assert vote(np.array([[1, 1, -1, 0], [1, -1, -1, 1], [-1, 0, -1, 0]])).tolist() == [1, 0, -1, 1]


def test_the_people_of_all_other_countries_rule_each_country_with_one_weight():
    """Texts 0, 1 and 2 are the options of a question; B likes 0 a little better than 1, C clearly the other way."""
    rows = [("A", 0, 1, 0.9, 0.1), ("A", 0, 2, 0.9, 0.0), ("B", 0, 1, 0.55, 0.45), ("C", 1, 0, 0.8, 0.2)]
    rows += [("C", 1, 0, 0.8, 0.2)] * 5 + [("B", 0, 2, 0.55, 0.0)]
    pairs = pd.DataFrame(rows, columns=["country", "chosen", "rejected", "score_chosen", "score_rejected"])
    assert ruled_by_people(pairs, np.array([0, 1]), "A").tolist() == [-1, 1]  # of 0 and 2 only B says anything
    assert ruled_by_people(pairs, np.array([2]), "B").tolist() == [1]  # A outweighs C
    assert ruled_by_people(pairs[pairs["country"] == "A"], np.array([0]), "A").tolist() == [0]
