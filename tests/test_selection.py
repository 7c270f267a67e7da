"""The filter and the weight, against cases worked by hand and the published vectors."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scpo import selection
from scpo.errors import ConfigError
from scpo.methods import select

margins = hnp.arrays(np.float64, st.integers(1, 30), elements=st.floats(-1e4, 1e4))


def test_hand_worked_pairs():
    """tau 0.7, beta 1.1. m = ln 3: sigmoid = 3/4, dropped, weight 1. m = 0: 1/2, kept, weight 1.
    m = -1.1 ln 2: weight exp(-ln 2) = 1/2."""
    m = np.array([np.log(3), 0.0, -1.1 * np.log(2)])
    assert selection.p_global(m) == pytest.approx([0.75, 0.5, 1 / (1 + 2**1.1)])
    assert selection.keep_mask(m, 0.7).tolist() == [False, True, True]
    assert selection.pair_weights(m, 1.1) == pytest.approx([1, 1, 0.5])
    assert selection.inverse_weights(m) == pytest.approx([1, 1, 2**1.1])


def test_a_pair_exactly_at_tau_is_dropped():
    assert not selection.keep_mask(np.array([0.0]), 0.5)[0]


def test_margin_is_the_difference_of_rewards():
    assert selection.margin(np.array([1000.0, 1.0]), np.array([-1000.0, 3.0])).tolist() == [2000.0, -2.0]


def test_margin_refuses_shapes_that_would_broadcast():
    with pytest.raises(ConfigError, match="must be \\(n,\\)"):
        selection.margin(np.zeros(3), np.zeros((3, 1)))


def test_rewards_of_a_thousand_do_not_overflow():
    m = np.array([-2000.0, 2000.0])
    assert selection.p_global(m).tolist() == [0.0, 1.0]
    assert selection.pair_weights(m).tolist() == [0.0, 1.0]
    assert np.isfinite(selection.inverse_weights(m)).all()


@pytest.mark.parametrize("tau", [0, -1, 1.01, float("nan")])
def test_tau_outside_its_range_is_refused_by_name(tau):
    with pytest.raises(ConfigError, match="tau"):
        selection.keep_mask(np.zeros(1), tau)


@pytest.mark.parametrize("beta", [0, -1, float("nan")])
def test_beta_outside_its_range_is_refused_by_name(beta):
    with pytest.raises(ConfigError, match="beta"):
        selection.pair_weights(np.zeros(1), beta)


@given(margins)
def test_every_disagreement_is_kept_and_weights_rise_with_the_margin(m):
    weight = selection.pair_weights(m)
    assert selection.keep_mask(m)[m < 0].all()
    assert ((weight >= 0) & (weight <= 1)).all() and (weight[m >= 0] == 1).all()
    assert (np.diff(weight[np.argsort(m)]) >= 0).all()


@given(margins, st.floats(0.01, 1), st.floats(0.01, 1))
def test_a_higher_tau_keeps_no_fewer_pairs(m, a, b):
    low, high = sorted((a, b))
    assert not (selection.keep_mask(m, low) & ~selection.keep_mask(m, high)).any()


@given(margins)
def test_select_combines_filter_and_weight(m):
    keep, weight = select("scpo", m, 0.7, 1.1)
    assert (keep == selection.keep_mask(m, 0.7)).all() and (weight == selection.pair_weights(m, 1.1)).all()
    for method in ("full", "pooled", "scratch"):
        keep, weight = select(method, m, 0.7, 1.1)
        assert keep.all() and (weight == 1).all()
    keep, weight = select("filter", m, 0.7, 1.1)
    assert (keep == selection.keep_mask(m, 0.7)).all() and (weight == 1).all()
    for method in ("weight", "inverse"):
        assert select(method, m, 0.7, 1.1)[0].all()
    assert (select("inverse", m, 0.7, 1.1)[1] == selection.inverse_weights(m)).all()


@pytest.mark.shared_data
@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_published_vectors_are_reproduced(shared_data, dtype, tolerance):
    for case in json.loads((shared_data / "method_vectors.json").read_text()):
        m = selection.margin(np.array(case["global_chosen"], dtype), np.array(case["global_rejected"], dtype))
        assert selection.p_global(m) == pytest.approx(np.array(case["p_global"]), abs=tolerance)
        assert selection.keep_mask(m, case["tau"]).tolist() == case["keep"]
        assert selection.pair_weights(m, case["beta"]) == pytest.approx(np.array(case["weight"]), abs=tolerance)
        assert selection.inverse_weights(m) == pytest.approx(
            np.array(case["inverse_weight"]), rel=tolerance * 10, abs=tolerance
        )


def test_the_effective_size_by_hand():
    """Weights 1, 1/2: (3/2)^2 / (5/4) = 9/5."""
    assert selection.effective_size(np.array([1, 0.5])) == pytest.approx(9 / 5, rel=1e-15)
    assert selection.effective_size(np.zeros(0)) == selection.effective_size(np.zeros(3)) == 0


@given(st.integers(1, 9), st.floats(1e-300, 1e300))
def test_equal_weights_count_as_many_pairs_as_they_are_however_small_or_large(n, w):
    """Squares of 1e-200 vanish and those of 1e200 overflow, in float64."""
    assert selection.effective_size(np.full(n, w)) == pytest.approx(n, rel=1e-12)
