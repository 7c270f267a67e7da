"""Which methods keep which rank: the ranks that the paired tests leave open.

Every pair of methods is tested on the same test pairs (`scpo.metrics.paired`), with Holm's correction over all pairs of
methods. A method's best open rank is one more than the methods that are ahead of it by a test, its worst the number of
methods less those that it is ahead of. With a chance of 95 % all true ranks lie in these sets at once (Mogstad, Romano,
Shaikh and Wilhelm 2024, Inference for ranks, Review of Economic Studies 91, https://doi.org/10.1093/restud/rdad006).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from scpo.metrics.accuracy import MEAN
from scpo.metrics.outcomes import SUBSETS
from scpo.metrics.paired import decided, holm
from scpo.table_rows import rows_of


def rank_sets(paired: pd.DataFrame, subset: str = SUBSETS[0], country: str = MEAN) -> pd.DataFrame:
    """The best and the worst rank that each method may have, those that may be best first.

    paired   as of `paired_table`: method, against, difference, low, high, p; one direction of each pair is enough. Two
             methods without a test, such as two that are not trained, are not told apart.
    Columns method, best, worst (1 is the highest accuracy); comparisons, how many tests the correction is over.
    """
    rows = paired[(paired["subset"] == subset) & (paired["country"] == country)]
    methods = list(dict.fromkeys([*rows["method"], *rows["against"]]))
    pairs = pd.Series([frozenset(pair) for pair in zip(rows["method"], rows["against"], strict=True)], rows.index)
    once = rows[~pairs.duplicated()]
    corrected = holm(once["p"].to_numpy(float))
    above, below = dict.fromkeys(methods, 0), dict.fromkeys(methods, 0)
    for row, p in zip(rows_of(once), corrected, strict=True):
        sign = 0 if np.isnan(p) else decided(row.difference, row.low, row.high, p)
        if sign:
            better, worse = (row.method, row.against) if sign > 0 else (row.against, row.method)
            above[worse] += 1
            below[better] += 1
    records = [(m, 1 + above[m], len(methods) - below[m], int((~np.isnan(corrected)).sum())) for m in methods]
    table = pd.DataFrame(records, columns=["method", "best", "worst", "comparisons"])
    return table.sort_values(["best", "worst"], kind="stable", ignore_index=True)
