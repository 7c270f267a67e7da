"""Charts of what people answered and who they are: opinion alignment, and accuracy by survey column."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from scpo.metrics.alignment import OTHERS, UNIFORM
from scpo.ui.colours import METHOD
from scpo.ui.figure import QUIET, finish, marker, no_interval, plain, reach, row_axis, span, whisker

BASELINES = {UNIFORM: "line-ns-open", OTHERS: "star-open"}


def alignment_chart(table: pd.DataFrame, country: str, methods: Sequence[str], simulated: bool) -> go.Figure:
    """Opinion alignment with one country (or the mean), one row per method and per baseline, with 95 % intervals.

    table   the summary table `alignment`
    """
    names = [*methods, UNIFORM, OTHERS]
    rows = table[(table["country"] == country) & table["method"].isin(names)].set_index("method")
    rows = rows.loc[[n for n in names if n in rows.index][::-1]].astype({"low": float, "high": float})
    figure = go.Figure()
    for name, row in rows.iterrows():
        colour = METHOD.get(name, QUIET)
        value, low, high = (100 * pd.Series([row[c]]).astype(float) for c in ("alignment", "low", "high"))
        mark = marker(name, 11) if name in METHOD else {"symbol": BASELINES[name], "size": 12, "color": colour}
        told = span(*(pd.Series([row[c]]) for c in ("low", "high")))[0]
        figure.add_scatter(
            x=value, y=[name], mode="markers", marker=mark, error_x=whisker(value, low, high, colour), hoverinfo="text",
            hovertext=f"{name}: {value[0]:.1f} %<br>{told}<br>{row['questions']:.0f} questions",
        )  # fmt: skip
    row_axis(figure, list(rows.index))
    figure.update_xaxes(title="opinion alignment: 1 - Jensen-Shannon distance, %<br>(line: 95 % interval)")
    figure.update_layout(showlegend=False)
    return no_interval(finish(figure, simulated, height=110 + 34 * len(rows)), rows)


def groups_chart(
    table: pd.DataFrame, column: str, country: str, methods: Sequence[str], unit: str, simulated: bool
) -> go.Figure:
    """Accuracy of each group of one survey column, one mark per method, with 95 % intervals.

    table   the summary table `groups`
    """
    part = table[(table["column"] == column) & (table["country"] == country) & table["method"].isin(methods)]
    part = part.astype({"accuracy": float, "low": float, "high": float})
    order = list(dict.fromkeys(part["group"]))[::-1]
    figure = go.Figure()
    for method in methods[::-1]:
        rows = part[part["method"] == method].set_index("group").reindex(order)
        hover = [
            f"{plain(group)}, {method}: {100 * value:.1f} %<br>{told}<br>{units:.0f} {unit}s, {n:.0f} pairs"
            for group, value, told, units, n in zip(
                rows.index, rows["accuracy"], span(rows["low"], rows["high"]), rows["units"], rows["n"], strict=True
            )
        ]
        figure.add_scatter(
            x=100 * rows["accuracy"], y=rows.index, name=method, mode="markers", orientation="h", offsetgroup=method,
            marker=marker(method, 10), hovertext=hover, hoverinfo="text",
            error_x=whisker(*(100 * rows[c] for c in ("accuracy", "low", "high")), METHOD[method]),
        )  # fmt: skip
    people = part.drop_duplicates("group").set_index("group")["units"].reindex(order)
    row_axis(figure, order, [f"{n:.0f} {unit}s" for n in people])
    figure.update_layout(scattermode="group", legend_traceorder="reversed", showlegend=True)
    ends = reach([*(100 * part["low"]), *(100 * part["high"]), *(100 * part["accuracy"])])
    figure.update_xaxes(title="accuracy on the group's test pairs, %<br>(line: 95 % interval)", range=ends)
    return no_interval(finish(figure, simulated, height=110 + len(order) * max(40, 14 * len(methods))), part)
