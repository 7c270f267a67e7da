"""Budgets: those asked for, or some spaced evenly on a log axis."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scpo.errors import ConfigError
from scpo.plan import budgets_below


@pytest.mark.parametrize(
    "pairs, wanted",
    [(3, (1, 2)), (60, (15, 19, 26, 34, 45)), (1148, (50, 93, 170, 320, 610)), (99_999, (50, 220, 1000, 4700, 21000))],
)
def test_automatic_budgets_are_evenly_spaced_on_a_log_axis_and_have_two_digits(pairs, wanted):
    assert budgets_below((), "B", pairs) == wanted


def test_those_asked_for_are_sorted_once_each_and_all_pairs_is_no_budget():
    assert budgets_below((200, 20, 20, 219), "B", 219) == (20, 200)


def test_one_beyond_the_data_is_refused_by_name():
    with pytest.raises(ConfigError, match=r"budgets \[220\] are beyond the data: B has 219 training pairs"):
        budgets_below((20, 220), "B", 219)


@given(st.integers(2, 10**7), st.lists(st.integers(1, 10**6), max_size=5))
def test_budgets_rise_from_one_pair_on_and_stay_below_all_pairs(pairs, asked):
    for wanted in ((), tuple(b for b in asked if b <= pairs)):
        budgets = budgets_below(wanted, "B", pairs)
        assert list(budgets) == sorted(set(budgets)) and all(0 < b < pairs for b in budgets)
        assert not wanted or set(budgets) == set(wanted) - {pairs}
