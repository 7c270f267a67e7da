"""Best of n in sentences: the largest n, the gain, and how far n goes."""

import pandas as pd

from scpo.metrics.accuracy import MEAN
from scpo.metrics.best_of_n import COLUMNS
from scpo.text.best_of_n import best_of_n_lines

ROWS = [
    (MEAN, "global", 2, 0.6, 0.55, 0.65, 0.0, 0.0, 0.0, 200, 20, 12),
    (MEAN, "full", 2, 0.65, 0.6, 0.7, 0.05, 0.01, 0.09, 200, 20, 12),
    (MEAN, "global", 4, 0.62, 0.55, 0.7, 0.0, 0.0, 0.0, 150, 20, 9),
    (MEAN, "full", 4, 0.7, 0.6, 0.8, 0.08, -0.01, 0.15, 150, 20, 9),
]


def test_each_method_at_the_largest_n_and_what_is_left_there():
    table = pd.DataFrame(ROWS, columns=COLUMNS)
    first, full, reach = best_of_n_lines(table, ["global", "full"], MEAN)
    assert "**Global model**: people prefer its best of 4 to another of the 4 in 62.0 % of cases" in first
    assert "+8.0 points against the global model's (95 %: -1.0 to 15.0); of 2, 65.0 %." in full
    assert reach.startswith("n goes to 4, for 9 prompts of the test with as many answers; 75.0 % of the judged pairs")
    assert reach.endswith("are of these, and no prompt has 6.")
    assert best_of_n_lines(table, ["scpo"], MEAN) == []


def test_the_sentences_stop_where_intervals_do_and_the_last_says_how_far_n_goes():
    none = float("nan")
    few = [(MEAN, m, 12, 0.0, none, none, 0.0, none, none, 4, 1, 1) for m in ("global", "full")]
    first, full, reach = best_of_n_lines(pd.DataFrame(ROWS + few, columns=COLUMNS), ["global", "full"], MEAN)
    assert "best of 4" in first and "best of 4" in full and reach.startswith("n goes to 12, for 1 prompt of the test")
    table = pd.DataFrame(ROWS[:2], columns=COLUMNS).assign(low=none, high=none)
    assert "best of 2" in best_of_n_lines(table, ["full"], MEAN)[0]
