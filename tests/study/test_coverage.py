"""Coverage of the intervals on planted people; `python -m scpo study coverage` measures more worlds and people."""

import numpy as np
import pytest

from scpo.study.coverage import coverage_table, planted


@pytest.fixture(scope="module")
def table():
    return coverage_table(worlds=300, people=(30,), seed=1).set_index(["measure", "interval"])["coverage"]


def test_a_95_percent_interval_over_people_holds_the_truth_in_93_to_97_percent_of_worlds(table):
    """300 worlds tell a coverage to 1.3 points, so each is allowed 2.5 beyond; their mean is not."""
    ours = table.xs("ours", level="interval")
    assert len(ours) == 6 and ours.between(0.93 - 0.025, 0.97 + 0.025).all(), ours
    assert 0.93 <= ours.mean() <= 0.97


def test_counting_pairs_as_people_is_found_out(table):
    """The check can fail: intervals over pairs hold the truth far less often."""
    assert table["accuracy", "pairs"] < 0.85 and table["gain over global", "pairs"] < 0.9


def test_planted_outcomes_are_outcomes():
    found = planted(np.random.default_rng(0), 200)
    assert (found.wins <= found.counts).all() and (found.counts[0] == found.counts[1] + found.counts[2]).all()
    assert (found.wins[0, 1] == 0).all() and np.array_equal(found.wins[0, 2], found.counts[2])
    assert found.accuracy()[1, 0] > found.accuracy()[0, 0]
