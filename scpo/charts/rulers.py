"""Consensus kept, or own taste learned, under every ruler."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from scpo.charts.style import dots, finish, marker, reach, row_axis, side_by_side, spans
from scpo.format import counted, percent
from scpo.methods import named
from scpo.text.rulers import in_a_label

TITLES = {
    "consensus retention": "consensus kept, %:<br>right where the ruler is right",
    "distinct accuracy": "own taste learned, %:<br>right where the ruler is wrong",
}


def rulers_chart(table: pd.DataFrame, measure: str, methods: Sequence[str], simulated: bool) -> go.Figure:
    """A row per ruler, the usual one on top, and a mark per method.

    table    as of `scpo.rulers.compared`; measure: of TITLES
    """
    rows = table[(table["measure"] == measure) & table["method"].isin(methods)]
    rows = rows.assign(row=[in_a_label(ruler) for ruler in rows["ruler"]])
    order, traces = list(dict.fromkeys(rows["row"]))[::-1], []
    for method in [m for m in methods if m in set(rows["method"])][::-1]:
        mine = rows[rows["method"] == method].set_index("row").reindex(order)
        value, low, high = (100 * mine[c].astype(float) for c in ("value", "low", "high"))
        hover = [
            f"{named(method)}, by {name}: {percent(v)}<br>{told}<br>{counted(n, 'pair')}"
            for name, v, told, n in zip(order, mine["value"], spans(mine["low"], mine["high"]), mine["n"], strict=True)
        ]
        mark = marker(method, 11, methods)
        traces.append(dots(value, order, hover, mark, (low, high), name=method, **side_by_side(method)))
    figure = go.Figure(traces)
    figure.update_layout(scattermode="group", legend_traceorder="reversed", showlegend=True)
    ends = 100 * rows[["value", "low", "high"]].astype(float).to_numpy().ravel()
    figure.update_xaxes(title=f"{TITLES[measure]}<br>(line: 95 % interval)", range=reach([*ends[ends == ends]]))
    row_axis(figure, order)
    return finish(figure, simulated, height=150 + max(16 * len(methods), 40) * len(order))
