"""Effects against plain regressions, the corrections against statsmodels, and worlds in which nothing is."""

import numpy as np
import pytest
from scipy import sparse
from statsmodels.stats.multitest import multipletests

from scpo.metrics.intervals import ALPHA
from scpo.steering.clustered_regression import Effects, effects, false_discovery, left_of_change, left_of_choices


def drawn(rng, pairs=300, phrases=40):
    """Phrases of pairs, two controls, and which of 40 people each pair is of."""
    x = sparse.csc_array(rng.choice([-1.0, 0, 1], (pairs, phrases), p=[0.15, 0.7, 0.15]))
    return x, rng.normal(size=(pairs, 2)), rng.integers(0, 40, pairs)


def test_an_effect_is_the_coefficient_of_a_regression_with_the_controls():
    rng = np.random.default_rng(0)
    x, controls, person = drawn(rng)
    outcome = controls @ [0.5, -0.2] + 0.3 * x.toarray()[:, 0] + rng.normal(size=300)
    found = effects(x, controls, *left_of_change(controls, outcome), [person])
    for column in range(3):
        beside = np.column_stack([x.toarray()[:, column], controls])
        assert found.effect[column] == pytest.approx(np.linalg.lstsq(beside, outcome)[0][0])
    low, high = found.interval()
    assert low[0] < 0.3 < high[0] and found.p()[0] < 1e-3


def test_of_two_groupings_the_larger_error_counts():
    rng = np.random.default_rng(1)
    x, controls, person = drawn(rng)
    left = left_of_change(controls, rng.normal(size=300) + rng.normal(size=40)[person])
    alone = [effects(x, controls, *left, [group]).error for group in (person, np.arange(300))]
    both = effects(x, controls, *left, [person, np.arange(300)])
    assert both.error == pytest.approx(np.max(alone, axis=0))


def test_the_correction_is_that_of_statsmodels():
    p = np.random.default_rng(2).uniform(size=50) ** 3
    assert false_discovery(p) == pytest.approx(multipletests(p, method="fdr_bh")[1])
    assert false_discovery(np.empty(0)).shape == (0,)


def test_worlds_in_which_models_differ_by_chance_have_findings_as_seldom_as_is_said():
    """People differ, phrases do nothing: with 200 worlds a rate of 5 % stays below 9 % but once in a hundred times."""
    found = 0
    for world in range(200):
        rng = np.random.default_rng([7, world])
        x, controls, person = drawn(rng)
        # Every person has another liking for every phrase, so that the pairs of one are alike; the mean of it is 0.
        own = 0.5 * rng.normal(size=(40, x.shape[1]))
        outcome = (x.toarray() * own[person]).sum(1) + controls @ [0.3, 0.1] + rng.normal(size=300)
        p = effects(x, controls, *left_of_change(controls, outcome), [person]).p()
        found += bool((false_discovery(p) <= ALPHA).any())
    assert found <= 0.09 * 200


def test_choices_that_the_controls_tell_all_leave_little_and_no_effect_without_measure():
    rng = np.random.default_rng(4)
    controls = np.column_stack([30 * rng.choice([-1.0, 1.0], 60), rng.normal(size=60)])
    controls[:, 1] = 5 * controls[:, 0] + controls[:, 1]
    for told in (controls, np.abs(controls)):
        residual, weight = left_of_choices(told)
        assert np.isfinite(residual).all() and (weight >= 0).all()
        x = sparse.csc_array(rng.choice([-1.0, 1.0], (60, 3)))
        found = effects(x, told, residual, weight, [np.arange(60)]).effect
        assert (np.isnan(found) | (np.abs(found) < 20)).all()


def test_few_people_or_nothing_left_tell_nothing():
    told = Effects(np.array([1.0, 1.0]), np.array([0.1, np.nan]), np.array([3, 50]))
    assert told.p().tolist() == [1, 1] and np.isnan(told.interval()).all()
    nobody = [np.empty(0, int)]
    none = effects(sparse.csc_array((0, 2)), np.empty((0, 2)), np.empty(0), np.empty(0), nobody)
    assert np.isnan(none.effect).all() and none.p().tolist() == [1, 1]
