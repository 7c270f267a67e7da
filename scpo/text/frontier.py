"""Who is on the edge of accuracy and consensus kept, in sentences.

What tables and code call a step is the strength of steering to a reader, as on the pages Overview and Steer.
"""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from scpo.format import fixed, span
from scpo.grouping import worded
from scpo.methods import named
from scpo.metrics.accuracy import MEAN
from scpo.metrics.frontier import on_edge
from scpo.table_rows import rows_of


def edge_lines(frontier: pd.DataFrame, edge: pd.DataFrame, shown: Collection[str] = ()) -> list[str]:
    """What the edge is made of, which methods are on it as they are, and who is ahead of each of the others.

    frontier, edge   as of `scpo.metrics.frontier`; the mean over countries
    shown            the methods of which it is told who is ahead; all, where none is given
    """
    if not len(edge):
        return []
    mean = frontier[(frontier["country"] == MEAN) & (frontier["step"] > 0)]
    made_of = mean[on_edge(mean["accuracy"].to_numpy(float), mean["consensus"].to_numpy(float))]
    parts = [f"{named(str(method))} ({_steps(rows['step'])})" for method, rows in made_of.groupby("method", sort=False)]
    on_it = [named(row.method) for row in rows_of(edge) if not row.by]
    first = f"The edge, on average over the {worded('countries')}, is made of {', '.join(parts)}; at strength 1, "
    first += f"{', '.join(on_it)} {'is' if len(on_it) == 1 else 'are'} on it." if on_it else "no method is on it."
    return [first, *(_behind(row) for row in rows_of(edge) if row.by and (not shown or row.method in shown))]


def _steps(steps: pd.Series) -> str:
    low, high = steps.min(), steps.max()
    return f"strength {fixed(low, 2)}" + ("" if low == high else f" to {fixed(high, 2)}")


def _behind(row) -> str:
    """One method that is not on the edge, and the point that is ahead of it in both."""
    clear = row.accuracy_low > 0 and row.consensus_low > 0
    who = "itself" if row.by == row.method else named(row.by)
    point, more, kept = f"{who} at strength {fixed(row.step, 2)}", fixed(100 * row.accuracy), fixed(100 * row.consensus)
    return (
        f"**{named(row.method)}** is behind {point}, which is right {more} points more often "
        f"({span(row.accuracy_low, row.accuracy_high)}) and keeps {kept} points more of the consensus "
        f"({span(row.consensus_low, row.consensus_high)}); "
        f"{'both are more than chance' if clear else 'that may be chance'}."
    )
