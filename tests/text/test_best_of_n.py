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
    assert reach.startswith("n goes to 4: 9 prompts of the test have as many answers, and 75.0 % of the judged pairs")
    assert reach.endswith("are of these; none has 6.")
    assert best_of_n_lines(table, ["scpo"], MEAN) == []
