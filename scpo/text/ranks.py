"""Which methods are ahead, in words: gains with the ranks that tests leave open, classes, and whose pairs they see."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from scpo.format import counted, points, span
from scpo.grouping import worded
from scpo.methods import METHODS, named
from scpo.metrics.accuracy import MEAN
from scpo.table_rows import row_of, rows_of


def league_line(gains: pd.DataFrame, sets: pd.DataFrame) -> str:
    """Which methods are ahead on average: each one's gain over the global model with its interval, and its rank.

    gains   country, method, difference, low, high: the rows of the mean are told, the best first
    sets    as of `scpo.metrics.ranks.rank_sets`: the ranks that tests leave open
    """
    mean = gains[gains["country"] == MEAN].sort_values("difference", ascending=False, kind="stable")
    if not len(mean):
        return ""
    tested = sets[sets["comparisons"] > 0].set_index("method") if len(sets) else sets
    told = []
    for row in rows_of(mean):
        rank = row_of(tested, row.method) if row.method in tested.index else None
        place = "" if rank is None else f"; rank {_from_to(rank['best'], rank['worst'])}"
        told.append(f"**{named(row.method)} {points(row.difference)}** ({span(row.low, row.high)}{place})")
    return f"Points gained over the global model, mean of all {worded('countries')}: {', '.join(told)}."


def _from_to(best: object, worst: object) -> str:
    return f"{best}" if best == worst else f"{best} to {worst}"


def class_line(sets: pd.DataFrame) -> str:
    """The classes of methods that no test tells apart; nothing where there is one class, or no test.

    sets   as of `scpo.metrics.ranks.rank_sets`
    """
    if not len(sets) or not sets["comparisons"].iloc[0] or sets["classes"].nunique() == 1:
        return ""
    letters = list(dict.fromkeys(letter for row in sets["classes"] for letter in row.split()))
    told = [
        f"{letter}: {', '.join(named(row.method) for row in rows_of(sets) if letter in row.classes.split())}"
        for letter in letters
    ]
    return f"Classes of methods that no test tells apart (a method may be in several): {'; '.join(told)}."


def information_line(methods: Sequence[str]) -> str:
    """Whose pairs the trained ones of these methods see; nothing where it is the same of all."""
    trained = [m for m in methods if m in METHODS and METHODS[m].trains]
    own, every = ([named(m) for m in trained if METHODS[m].sees == whose] for whose in ("own", "all"))
    if not own or not every:
        return ""
    alone = worded("Two kinds of methods, by the pairs that they see: the country's own alone")
    return f"{alone} ({', '.join(own)}); {worded('those of all countries')} ({', '.join(every)})."


def rank_line(sets: pd.DataFrame, what: str) -> str:
    """Which ranks the tests of all pairs of methods leave open; methods with the same ranks share a class.

    sets   as of `scpo.metrics.ranks.rank_sets`; what: the pairs that are meant, as "all test pairs"
    """
    if not len(sets) or not sets["comparisons"].iloc[0]:
        return ""
    tests = f"by paired tests of every two methods on {what} (Holm over {counted(sets['comparisons'].iloc[0], 'test')})"
    if (sets["best"] == 1).all():
        return f"Nothing is decided between these {len(sets)} methods {tests}: any of them may be the best."
    classes = [
        f"{', '.join(map(named, rows['method']))} ({_from_to(best, worst)})"
        for (best, worst), rows in sets.groupby(["best", "worst"], sort=False)
    ]
    return f"Ranks that are open, {tests}: {'; '.join(classes)}."
