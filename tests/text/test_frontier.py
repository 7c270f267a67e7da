"""Who is on the edge, in sentences."""

import pandas as pd

from scpo.metrics.accuracy import MEAN
from scpo.text.frontier import edge_lines

NONE = float("nan")
EDGE = [
    "method",
    "by",
    "step",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    "consensus",
    "consensus_low",
    "consensus_high",
]


def table(*rows):
    return pd.DataFrame([(MEAN, *row) for row in rows], columns=["country", "method", "step", "accuracy", "consensus"])


def test_the_edge_and_who_is_behind_it_with_intervals_and_chance():
    points = table(
        ("full", 0.0, 0.6, 1.0), ("full", 1.0, 0.65, 0.9), ("shared", 0.5, 0.66, 0.95), ("shared", 1.0, 0.7, 0.92)
    )
    rows = [
        ("full", "shared", 1.0, 0.05, 0.01, 0.09, 0.02, 0.01, 0.03),
        ("scpo", "scpo", 0.5, 0.01, -0.01, 0.03, 0.02, 0.01, 0.03),
        ("shared", "", NONE, NONE, NONE, NONE, NONE, NONE, NONE),
    ]
    first, full, scpo = edge_lines(points, pd.DataFrame(rows, columns=EDGE))
    assert "made of Shared prior (ours) (strength 0.50 to 1.00)" in first and first.endswith(
        "1, Shared prior (ours) is on it."
    )
    assert "behind Shared prior (ours) at strength 1.00, which is right 5.0 points more often (95 %:" in full
    assert "5.0 points more often (95 %: 1.0 to 9.0)" in full
    assert "keeps 2.0 points more of the consensus" in full and full.endswith("both are more than chance.")
    assert "behind itself at strength 0.50" in scpo and scpo.endswith("that may be chance.")
    assert edge_lines(points, pd.DataFrame(rows, columns=EDGE), ["full", "shared"]) == [first, full]
    none_on_it, *_ = edge_lines(points, pd.DataFrame(rows[:1], columns=EDGE))
    assert none_on_it.endswith("no method is on it.") and edge_lines(points, pd.DataFrame(columns=EDGE)) == []
