"""Sets of ranks: worked cases, and how often all true ranks lie in them on planted people."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scpo.metrics.accuracy import MEAN, ResampledOutcomes
from scpo.metrics.outcomes import count_outcomes
from scpo.metrics.paired import paired_table
from scpo.metrics.ranks import classes, rank_sets


def paired(*rows, subset="full", country=MEAN):
    table = pd.DataFrame(rows, columns=["method", "against", "difference", "p"])
    return table.assign(subset=subset, country=country, low=table["difference"] - 0.01, high=table["difference"] + 0.01)


def sets(table):
    return {row.method: (row.best, row.worst) for row in rank_sets(table).itertuples()}


def test_by_hand():
    """a is ahead of c and of d, b of d; the rest is open: a 1 to 2, b 1 to 3, c 2 to 4, d 3 to 4."""
    rows = [("a", "b", 0.1, 0.9), ("a", "c", 0.2, 0.001), ("a", "d", 0.3, 0.001)]
    rows += [("b", "c", 0.1, 0.2), ("b", "d", 0.2, 0.002), ("c", "d", 0.1, 0.3)]
    assert sets(paired(*rows)) == {"a": (1, 2), "b": (1, 3), "c": (2, 4), "d": (3, 4)}
    backwards = [(b, a, -difference, p) for a, b, difference, p in rows]
    assert sets(paired(*backwards)) == sets(paired(*rows, *backwards)) == sets(paired(*rows))


def test_classes_by_hand():
    """The same four: a and b, b and c, c and d are not told apart, and no other two are: three classes."""
    rows = [("a", "b", 0.1, 0.9), ("a", "c", 0.2, 0.001), ("a", "d", 0.3, 0.001)]
    rows += [("b", "c", 0.1, 0.2), ("b", "d", 0.2, 0.002), ("c", "d", 0.1, 0.3)]
    table = rank_sets(paired(*rows)).set_index("method")["classes"]
    assert table.to_dict() == {"a": "A", "b": "A B", "c": "B C", "d": "C"}
    assert set(rank_sets(paired(("a", "b", 0.1, 0.9), ("b", "c", 0.1, 0.9)))["classes"]) == {"A"}
    assert classes([], []) == {} and classes(["a"], []) == {"a": "A"}


@given(st.sets(st.sampled_from(list(itertools.combinations("abcdef", 2)))))
def test_two_methods_share_a_class_exactly_where_no_test_tells_them_apart(pairs):
    apart = {frozenset(pair) for pair in pairs}
    letters = {method: set(of.split()) for method, of in classes("abcdef", apart).items()}
    assert all(letters.values())
    for one, other in itertools.combinations("abcdef", 2):
        assert bool(letters[one] & letters[other]) == (frozenset((one, other)) not in apart)


def test_the_correction_is_over_all_pairs_of_methods():
    """p = 0.02 would do alone; over three comparisons 0.06 does not."""
    assert sets(paired(("a", "b", 0.1, 0.02))) == {"a": (1, 1), "b": (2, 2)}
    three = paired(("a", "b", 0.1, 0.02), ("a", "c", 0.1, 0.9), ("b", "c", 0.0, 0.9))
    assert set(sets(three).values()) == {(1, 3)} and rank_sets(three)["comparisons"].tolist() == [3, 3, 3]


def test_what_is_not_tested_is_open_and_nothing_is_no_row():
    assert sets(paired(("a", "b", 0.4, np.nan))) == {"a": (1, 2), "b": (1, 2)}
    assert not len(rank_sets(paired()))


def world(rng, accuracies, people=60, pairs=20):
    """Outcomes of methods whose true accuracy is planted, on the same pairs of the same people."""
    unit = np.repeat(np.arange(people), pairs)
    chance = rng.uniform(size=len(unit))
    heads = pd.DataFrame({"method": list(accuracies), "seed": 0, "level": 0, "pairs": 100, "trained": 100, "step": 1})
    margins = np.stack(
        [np.where(chance + 0.3 * rng.uniform(-1, 1, len(unit)) < a, 1.0, -1.0) for a in accuracies.values()]
    )
    outcomes = count_outcomes("A", heads, margins, margins[0], unit)
    return ResampledOutcomes([outcomes], shared_units=False)


@pytest.mark.parametrize(
    "accuracies", [{"full": 0.6, "scpo": 0.6, "shared": 0.6}, {"full": 0.55, "scpo": 0.6, "shared": 0.7}]
)
def test_true_ranks_lie_in_the_sets_of_nearly_all_worlds(accuracies):
    """Of 20 worlds at most 3 may miss: with a chance of 95 % for each, four misses have a chance below 2 %."""
    true = np.array(list(accuracies.values()))
    missed = 0
    for number in range(20):
        found = rank_sets(paired_table(world(np.random.default_rng(number), accuracies))).set_index("method")
        lowest = [1 + (true > a).sum() for a in true]
        highest = [(true >= a).sum() for a in true]
        missed += any(
            found.loc[m, "best"] > high or found.loc[m, "worst"] < low
            for m, low, high in zip(accuracies, lowest, highest, strict=True)
        )
    assert missed <= 3


def test_methods_of_which_nothing_is_known_are_in_no_class():
    table = rank_sets(paired(("a", "b", 0.1, np.nan), ("b", "c", 0.1, np.nan)))
    assert (table["comparisons"] == 0).all() and (table["classes"] == "").all()


def test_many_methods_of_which_none_is_told_apart_are_one_class_at_once():
    """Without a pivot every subset of them is looked at: 3 s for twenty, twice as long for each one more."""
    names = [f"m{k}" for k in range(60)]
    assert set(classes(names, set()).values()) == {"A"}
