"""What altered groups must show: the verdicts by hand, and the sentences."""

import pytest

from scpo.runs.falsifiers import EQUAL, FLIPPED, SHUFFLED
from scpo.text.falsifiers import Verdict, falsifier_lines, falsifier_table, verdict

from fakes import falsified

NONE = float("nan")


@pytest.mark.parametrize("kind", [SHUFFLED, EQUAL])
def test_an_advantage_of_groups_that_mean_nothing_is_told_only_after_the_correction(kind):
    """p = 0.02 is 0.04 of two tests and 0.06 of three."""
    two = [(kind, 0, "full", "others", 0.02, 0.02), (kind, 1, "full", "others", 0.0, 0.9)]
    assert verdict(falsified(*two), kind) is Verdict.NOT_AS_IT_MUST
    assert verdict(falsified(*two, (kind, 2, "full", "others", 0.0, 0.9)), kind) is Verdict.AS_IT_MUST
    assert verdict(falsified((kind, 0, "full", "others", 0.3, NONE)), kind) is Verdict.OPEN
    worse = falsified((kind, 0, "full", "others", -0.2, 0.001))
    assert verdict(worse, kind) is Verdict.NOT_AS_IT_MUST  # others' models ahead are no less a fault


def test_the_gain_over_the_global_model_need_not_vanish():
    rows = (SHUFFLED, 0, "full", "others", 0.0, 0.9), (SHUFFLED, 0, "full", "global", 0.2, 0.0001)
    assert verdict(falsified(*rows), SHUFFLED) is Verdict.AS_IT_MUST


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([(-0.2, 0.001), (-0.1, 0.01)], Verdict.AS_IT_MUST),
        ([(-0.2, 0.001), (-0.01, 0.6)], Verdict.OPEN),
        ([(-0.2, 0.001), (0.0, 1.0)], Verdict.NOT_AS_IT_MUST),
        ([(-0.2, NONE)], Verdict.OPEN),
    ],
)
def test_a_flipped_group_must_fall(rows, told):
    table = falsified(*((FLIPPED, at, "full", "before", d, p) for at, (d, p) in enumerate(rows)))
    assert verdict(table, FLIPPED) is told


def test_the_sentences_have_the_numbers_and_the_verdicts():
    table = falsified(
        ("as it is", 0, "full", "others", 0.06, 0.001),
        (SHUFFLED, 0, "full", "others", -0.004, 0.5),
        (SHUFFLED, 0, "full", "pooled", -0.02, 0.1),
        (SHUFFLED, 0, "scpo", "pooled", 0.03, 0.1),
        (EQUAL, 0, "full", "others", 0.001, 0.8),
        (FLIPPED, 0, "full", "before", -0.2, 0.001),
        (FLIPPED, 0, "full", "global", -0.15, 0.001),
    )
    as_it_is, shuffled, equal, flipped = falsifier_lines(table)
    assert "+6.0 points" in as_it_is and "of 1 interval 1 leaves 0 out, 1 after" in as_it_is
    assert "-0.4 points; of 1 interval 0 leave 0 out" in shuffled and "must not be ahead" in shuffled
    assert "-2.0 points" in shuffled and "+3.0" not in shuffled  # only what differs from `pooled` in nothing else
    assert "as it must be" in shuffled and "as it must be" in equal
    assert "Galune -20.0 points (-15.0 points against the global model): as it must be" in flipped
    assert falsifier_lines(table.iloc[:0]) == []
    printed = falsifier_table(table)
    assert printed["others"].tolist()[0] == "+6.0 [+0.6, +11.4]" and len(printed) == 5
