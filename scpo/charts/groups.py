"""Accuracy by any column of the survey: one row per group of people."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from scpo.charts.style import dots, finish, marker, no_interval, plain, reach, row_axis, side_by_side, spans
from scpo.format import counted, percent
from scpo.methods import named


def groups_chart(
    table: pd.DataFrame, column: str, country: str, methods: Sequence[str], unit: str, simulated: bool
) -> go.Figure:
    """Accuracy of each group of one survey column, one mark per method, with 95 % intervals.

    table   the summary table `groups`
    """
    part = table[(table["column"] == column) & (table["country"] == country) & table["method"].isin(methods)]
    part = part.astype({"accuracy": float, "low": float, "high": float})
    order = list(dict.fromkeys(part["group"]))[::-1]
    methods = [m for m in methods if m in set(part["method"])]  # judges from outside are not counted by group
    figure = go.Figure()
    for method in methods[::-1]:
        rows = part[part["method"] == method].set_index("group").reindex(order)
        hover = [
            f"{plain(group)}, {named(method)}: {percent(value)}<br>{told}<br>"
            f"{counted(units, unit)}, {counted(n, 'pair')}"
            for group, value, told, units, n in zip(
                rows.index, rows["accuracy"], spans(rows["low"], rows["high"]), rows["units"], rows["n"], strict=True
            )
        ]
        value, low, high = (100 * rows[c] for c in ("accuracy", "low", "high"))
        more = {"name": method, **side_by_side(method)}
        figure.add_trace(dots(value, rows.index, hover, marker(method, 10), (low, high), **more))
    people = part.drop_duplicates("group").set_index("group")["units"].reindex(order)
    row_axis(figure, order, [counted(n, unit) for n in people])
    figure.update_layout(scattermode="group", legend_traceorder="reversed", showlegend=True)
    ends = reach([*(100 * part["low"]), *(100 * part["high"]), *(100 * part["accuracy"])])
    figure.update_xaxes(title="accuracy on the group's test pairs, %<br>(line: 95 % interval)", range=ends)
    return no_interval(finish(figure, simulated, height=110 + len(order) * max(40, 14 * len(methods))), part)
