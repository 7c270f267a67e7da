"""Accuracy against consensus kept: a curve per method over its steps, the chosen one marked, and the edge of all."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from scpo.charts.colours import METHOD, QUIET
from scpo.charts.style import MEAN, dots, finish, marker, plain
from scpo.format import counted, fixed, percent
from scpo.methods import named
from scpo.metrics.frontier import CHOSEN, on_edge
from scpo.table_rows import rows_of
from scpo.text.rulers import on_an_axis

EVERY = 0.25  # steps between two small marks


def frontier_chart(
    table: pd.DataFrame,
    methods: Sequence[str],
    simulated: bool,
    country: str = MEAN,
    shares: pd.DataFrame | None = None,
) -> go.Figure:
    """A curve per method from the global model past its own; a thick pale line joins what no shown method beats.

    table    as of `scpo.metrics.frontier.frontier_table`
    shares   of the way that validation chose, where a run has them
    """
    rows = table[(table["country"] == country) & table["method"].isin(methods)]
    rows = rows.astype({"accuracy": float, "consensus": float})
    figure = go.Figure(_edge(rows))
    for method in [m for m in methods if m in set(rows["method"])]:
        mine = rows[rows["method"] == method].sort_values("step")
        figure.add_scatter(**_curve(mine, method), mode="lines+markers")
        chosen = mine[mine["step"] == CHOSEN]
        hover = [f"{_told(row)}<br>chosen strength, 1{_share(shares, country, method)}" for row in rows_of(chosen)]
        figure.add_trace(_mark(chosen, hover, method))
    start = rows[rows["step"] == 0].head(1)
    hover = [f"{named('global')}: right on {percent(v)}" for v in start["accuracy"]]
    figure.add_trace(_mark(start, hover, "global"))
    figure.update_xaxes(title=f"consensus kept, %:<br>right where {plain(on_an_axis())} is right")
    figure.update_yaxes(title="right on all test pairs, %")
    figure.update_layout(showlegend=True)
    return finish(figure, simulated, height=520)


def _mark(at: pd.DataFrame, hover: list[str], method: str) -> dict:
    return dots(100 * at["consensus"], 100 * at["accuracy"], hover, marker(method, 13), name=method)


def _edge(rows: pd.DataFrame) -> dict:
    best = rows[on_edge(rows["accuracy"].to_numpy(), rows["consensus"].to_numpy())].sort_values("consensus")
    return {
        "type": "scatter",
        "x": 100 * best["consensus"],
        "y": 100 * best["accuracy"],
        "mode": "lines",
        "name": "the edge",
        "line": {"color": f"{QUIET}44", "width": 9},
        "hoverinfo": "skip",
    }


def _curve(mine: pd.DataFrame, method: str) -> dict:
    """A method's line, with a small mark at every quarter of a step."""
    marked = (mine["step"] / EVERY).round(6) % 1 == 0
    return {
        "x": 100 * mine["consensus"],
        "y": 100 * mine["accuracy"],
        "showlegend": False,
        "line": {"color": METHOD[method], "width": 1.5},
        "marker": {"color": METHOD[method], "size": [5 if one else 0 for one in marked], "opacity": 1},
        "hoverinfo": "text",
        "hovertext": [_told(row) for row in rows_of(mine)],
    }


def _told(row) -> str:
    return (
        f"{named(row.method)} at strength {fixed(row.step, 2)}: right on {percent(row.accuracy)}, keeps "
        f"{percent(row.consensus)} of the consensus<br>{counted(row.n, 'pair')}"
    )


def _share(shares: pd.DataFrame | None, country: str, method: str) -> str:
    """How much of the way to what was fitted the chosen step is, of a method that shortens it."""
    if shares is None or not len(shares):
        return ""
    rows = shares[(shares["method"] == method) & ((shares["country"] == country) | (country == MEAN))]
    rows = rows[rows["pairs"] == rows.groupby("country")["pairs"].transform("max")]
    return f": {percent(rows['share'].mean())} of the way to what was fitted" if len(rows) else ""
