"""Which methods keep which rank: the ranks that the paired tests leave open.

Every pair of methods is tested on the same test pairs (`scpo.metrics.paired`), with Holm's correction over all pairs of
methods. A method's best open rank is one more than the methods that are ahead of it by a test, its worst the number of
methods less those that it is ahead of. With a chance of 95 % all true ranks lie in these sets at once (Mogstad, Romano,
Shaikh and Wilhelm 2024, Inference for ranks, Review of Economic Studies 91, https://doi.org/10.1093/restud/rdad006).
"""

from __future__ import annotations

import string
from collections.abc import Collection, Sequence

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
    Columns method, best, worst (1 is the highest accuracy); classes, as of `classes`, "" where nothing was tested;
    comparisons, how many tests the correction is over.
    """
    rows = paired[(paired["subset"] == subset) & (paired["country"] == country)]
    methods = list(dict.fromkeys([*rows["method"], *rows["against"]]))
    pairs = pd.Series([frozenset(pair) for pair in zip(rows["method"], rows["against"], strict=True)], rows.index)
    once = rows[~pairs.duplicated()]
    corrected = holm(once["p"].to_numpy(float))
    above, below, apart = dict.fromkeys(methods, 0), dict.fromkeys(methods, 0), set()
    for row, p in zip(rows_of(once), corrected, strict=True):
        sign = 0 if np.isnan(p) else decided(row.difference, row.low, row.high, p)
        if sign:
            better, worse = (row.method, row.against) if sign > 0 else (row.against, row.method)
            above[worse] += 1
            below[better] += 1
            apart.add(frozenset((better, worse)))
    records = [(m, 1 + above[m], len(methods) - below[m], int((~np.isnan(corrected)).sum())) for m in methods]
    table = pd.DataFrame(records, columns=["method", "best", "worst", "comparisons"])
    table = table.sort_values(["best", "worst"], kind="stable", ignore_index=True)
    letters = classes(list(table["method"]), apart) if table["comparisons"].any() else {}
    return table.assign(classes=[letters.get(method, "") for method in table["method"]])


def classes(methods: Sequence[str], apart: Collection[frozenset[str]]) -> dict[str, str]:
    """The classes of each method as letters: two methods share a letter if, and only if, no test tells them apart.

    A class is a largest group of methods of which no two are told apart (the compact letter display of Piepho 2004, J.
    Comput. Graph. Stat. 13, 456-466). A method that stands between two classes is in both.
    methods   in the order in which classes are lettered: that of the first of their methods
    apart     pairs of methods that a test tells apart
    """
    groups: list[frozenset[str]] = []
    alike = {m: frozenset(n for n in methods if n != m and frozenset((m, n)) not in apart) for m in methods}
    _grow(frozenset(), frozenset(methods), frozenset(), alike, groups)
    place = {method: at for at, method in enumerate(methods)}
    groups.sort(key=lambda group: sorted(place[m] for m in group))
    letters = [string.ascii_uppercase[at % 26] + "'" * (at // 26) for at in range(len(groups))]
    return {m: " ".join(x for x, group in zip(letters, groups, strict=True) if m in group) for m in methods}


def _grow(
    group: frozenset[str],
    may_join: frozenset[str],
    before: frozenset[str],
    alike: dict[str, frozenset[str]],
    groups: list[frozenset[str]],
) -> None:
    """Add to `groups` every largest group that holds this one and no method of `before` (Bron and Kerbosch 1973).

    A group that lacks the pivot has a method that is told apart from it: only from those others are groups grown, so
    that many methods of which none is told apart take no time (Tomita, Tanaka and Takahashi 2006).
    """
    if not may_join and not before:
        groups.append(group)
    pivot = max(may_join | before, key=lambda m: len(alike[m] & may_join), default="")
    for method in may_join - alike.get(pivot, frozenset()):
        _grow(group | {method}, may_join & alike[method], before & alike[method], alike, groups)
        may_join, before = may_join - {method}, before | {method}
