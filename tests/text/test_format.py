"""Numbers as a reader sees them."""

import pytest

from scpo.format import brackets, counted, fixed, percent, points, rounded_down, signed, span

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("show", [fixed, signed, percent, points])
@pytest.mark.parametrize("value", [None, NAN, INF, -INF])
def test_what_is_not_known_is_a_dash(show, value):
    assert show(value) == "-"


@pytest.mark.parametrize("value", [0.0, -0.0, 0.0004, -0.0004])
def test_what_rounds_to_zero_has_no_sign(value):
    assert (points(value), signed(100 * value), fixed(100 * value)) == ("0.0", "0.0", "0.0")
    assert percent(value) == "0.0 %"


def test_other_numbers_have_theirs_and_thousands_their_commas():
    assert (points(0.0494), points(-0.06), signed(0.126, 2)) == ("+4.9", "-6.0", "+0.13")
    assert fixed(12345.678) == "12,345.7" and percent(0.6543) == "65.4 %"


@pytest.mark.parametrize("low, high", [(NAN, NAN), (None, None), (0.0, INF)])
def test_an_interval_that_is_not_there_is_said(low, high):
    assert span(low, high).startswith("no interval") and brackets(low, high) == "-"


def test_an_interval_has_both_ends():
    assert span(0.031, 0.0688) == "95 %: 3.1 to 6.9" and brackets(-0.0001, 0.02) == "[0.0, +2.0]"


def test_nouns_follow_their_numbers():
    assert [counted(1, what) for what in ("country", "user", "pair")] == ["1 country", "1 user", "1 pair"]
    assert counted(0, "country") == "0 countries" and counted(1622.7, "pair") == "1,623 pairs"
    assert counted(2, "person") == "2 people" and counted(NAN, "pair") == "- pairs"


@pytest.mark.parametrize("fraction, told", [(0.0, "0 %"), (0.29, "29 %"), (0.999, "99 %"), (1.0, "100 %")])
def test_only_what_has_ended_is_done_to_100_percent(fraction, told):
    assert rounded_down(fraction) == told
