"""Best of n: how often held-out people agree with a model's pick, over the number of answers it picks from."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from scpo.charts.colours import METHOD, QUIET
from scpo.charts.style import MEAN, finish, marker, no_interval, spans, whisker
from scpo.format import counted, percent
from scpo.methods import named

APART = 0.02  # of an answer: curves stand beside each other, so that their intervals can be told apart


def best_of_n_chart(table: pd.DataFrame, methods: Sequence[str], simulated: bool, country: str = MEAN) -> go.Figure:
    """A curve per method with 95 % intervals over n, as far as there are any; a dashed line where chance is.

    table   as of `scpo.metrics.best_of_n.best_of_n_table`
    """
    rows = table[(table["country"] == country) & table["method"].isin(methods)]
    rows = rows.astype({"agreement": float, "low": float, "high": float})
    rows = rows[rows["low"].notna()] if rows["low"].notna().any() else rows
    shown, figure = [m for m in methods if m in set(rows["method"])], go.Figure()
    for at, method in enumerate(shown):
        mine = rows[rows["method"] == method]
        value, low, high = (100 * mine[name] for name in ("agreement", "low", "high"))
        beside = 1 + APART * (at - (len(shown) - 1) / 2)
        ends = whisker(value, low, high, METHOD[method]) | {"thickness": 1}
        told = zip(mine["n"], mine["agreement"], spans(mine["low"], mine["high"]), mine["pairs"], strict=True)
        hover = [f"{named(method)}, best of {n}: {percent(a)}<br>{s}<br>{counted(p, 'pair')}" for n, a, s, p in told]
        figure.add_scatter(
            x=mine["n"] * beside,
            y=value,
            mode="lines+markers",
            name=method,
            marker=marker(method, 10),
            line={"color": METHOD[method], "width": 1.5},
            error_y=ends,
            hoverinfo="text",
            hovertext=hover,
        )
    figure.add_hline(y=50, line={"color": QUIET, "dash": "dash", "width": 2})
    sizes = sorted(set(rows["n"]))
    figure.update_xaxes(
        title="answers that a model picks from", type="log", tickvals=sizes, ticktext=list(map(str, sizes))
    )
    figure.update_yaxes(title="held-out people prefer the pick, %<br>(dashed: by chance)")
    figure.update_layout(showlegend=True)
    return no_interval(finish(figure, simulated, height=460), rows)
