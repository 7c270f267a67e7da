"""Whom does a model serve? Every population, with the global model hollow and the steered one filled."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from scpo.charts.colours import QUIET
from scpo.charts.slider_figures import axis, in_one_go
from scpo.charts.style import dots, marker, plain, reach
from scpo.format import counted, fixed, percent, points
from scpo.methods import named
from scpo.table_rows import rows_of

ROW, LABEL = 40, {"size": 12}


def serving_chart(
    table: pd.DataFrame, steered: pd.Series, country: str, method: str, ends: list[float], unit: str, simulated: bool
) -> go.Figure:
    """A row per population, best served first: the global model hollow, the model steered to one country filled.

    table     on, name, accuracy (of the global model), n, units: of `text.serving.served`
    steered   accuracy of the steered model by population; ends: shares that the axis reaches to, whatever is steered
    """
    rows = table.iloc[::-1]
    after = rows["on"].map(steered).astype(float)
    y = list(range(len(rows)))
    hover = [
        f"{plain(r.name)}: global model {percent(r.accuracy)}, steered to {plain(country)} {percent(now)} "
        f"({points(now - r.accuracy)} points)<br>{counted(r.n, 'pair')} of {counted(r.units, unit)}"
        for r, now in zip(rows_of(rows), after, strict=True)
    ]
    left = (rows["accuracy"] <= after).to_numpy()
    filled = {**marker(method, 13), "symbol": "circle"}
    traces = [
        dots(100 * values, y, hover, mark, name=name, customdata=rows["on"].tolist())
        | {
            "mode": "markers+text",
            "text": [fixed(100 * value, 0) for value in values],
            "textposition": ["middle left" if on_left else "middle right" for on_left in sides],
            "textfont": LABEL,
            "unselected": {"marker": {"opacity": 1}},
        }
        for name, values, mark, sides in (
            ("global model", rows["accuracy"], marker("global", 13), left),
            (f"steered to {plain(country)} by {named(method)}", after, filled, ~left),
        )
    ]
    lines = [
        {"type": "line", "x0": 100 * a, "x1": 100 * b, "y0": at, "y1": at, "layer": "below", "line": {"color": QUIET}}
        for at, (a, b) in enumerate(zip(rows["accuracy"], after, strict=True))
        if np.isfinite(b)
    ]
    bold = {country: "<b>{}</b>"}
    names = [bold.get(r.on, "{}").format(plain(r.name)) for r in rows_of(rows)]
    return in_one_go(
        traces,
        simulated,
        130 + ROW * len(rows),
        shapes=lines,
        showlegend=True,
        clickmode="event+select",
        xaxis=axis("pairs that the model gets right, %", range=reach([100 * end for end in ends], beside=0.12)),
        yaxis=axis("", tickmode="array", tickvals=y, ticktext=names, range=[-0.6, len(rows) - 0.4], showgrid=True),
    )
