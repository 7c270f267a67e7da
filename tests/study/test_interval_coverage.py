"""Coverage of the intervals on planted people; `python -m scpo study coverage` counts over more worlds and people."""

import numpy as np
import pytest

from scpo.study import interval_coverage
from scpo.study.interval_coverage import ACCURACY, DISTINCT, GAIN, KEPT, SPANS, coverage_table, planted

WORLDS = 50


@pytest.fixture(scope="module")
def table():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(interval_coverage, "TRUTH_FROM", 40_000)  # which tells an accuracy to 0.1 points
        return coverage_table(worlds=WORLDS, people=(30,), seed=1).set_index(["measure", "interval"])


def test_an_interval_of_one_country_holds_the_truth_in_93_to_97_percent_of_worlds(table):
    """50 worlds of 7 countries tell a coverage to 1.2 points, so each is allowed twice that beyond."""
    ours = table.xs("ours", level="interval").loc[[ACCURACY, GAIN, "gain per pair"]]
    assert (ours["counted"] == 7 * WORLDS).all() and ours["coverage"].between(0.93 - 0.024, 0.97 + 0.024).all(), ours
    ratios = table.xs("ours", level="interval").loc[["efficiency ratio", "ratio of gains per pair"], "counted"]
    assert (ratios == 0).all()  # 30 people are too few for a ratio
    parts = table.xs("ours", level="interval").loc[[DISTINCT, KEPT]]  # not in a world where too few have such pairs
    assert (parts["counted"] > 5 * WORLDS).all() and parts["coverage"].between(0.93 - 0.03, 0.97 + 0.03).all(), parts


def test_intervals_of_means_hold_it_as_often(table):
    """50 worlds tell one coverage to 3 points, and the mean of several to about 2."""
    means = table.loc[[(f"mean {name}", "ours") for name in SPANS], "coverage"]
    assert (means >= 0.86).all() and 0.91 <= means.mean() <= 0.99, means


def test_intervals_of_the_gap_and_the_worst_country_hold_it_at_least_as_often(table):
    names = [f"{what}, countries {how}" for what in ("gap", "worst country") for how in ("alike", "differ")]
    found = table.xs("ours", level="interval")["coverage"].loc[names]
    assert (found >= 0.88).all() and found.mean() >= 0.95, found


def test_counting_pairs_as_people_is_found_out(table):
    """The check can fail: intervals over pairs hold the truth far less often."""
    assert table.loc[(ACCURACY, "pairs"), "coverage"] < 0.86 and table.loc[(GAIN, "pairs"), "coverage"] < 0.92


def test_a_percentile_interval_of_the_gap_is_found_out():
    """Of seven countries that are alike, none of its lower ends is 0, so that it never holds the truth."""
    rng = np.random.default_rng(0)
    alike = [planted(rng, 30, str(at)) for at in range(7)]
    resampled = interval_coverage.ResampledOutcomes(alike, shared_units=False)
    draws = [resampled.result(country, "scpo").draws[0] for country in resampled.countries]
    assert np.quantile(np.ptp(draws, axis=0), 0.025) > 0.03


def test_planted_outcomes_are_outcomes():
    found = planted(np.random.default_rng(0), 3000)
    assert (found.wins <= found.counts).all() and (found.counts[0] == found.counts[1] + found.counts[2]).all()
    assert (found.wins[0, 1] == 0).all() and np.array_equal(found.wins[0, 2], found.counts[2])
    assert (np.diff(found.accuracy()[1:5, 0]) > 0).all() and found.accuracy()[5, 0] > found.accuracy()[1, 0]
