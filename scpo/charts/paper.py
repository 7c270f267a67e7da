"""What the authors of SCPO published, beside a run's own figures."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from scpo.charts.colours import TEXT
from scpo.charts.style import dots, finish, reach, row_axis, spans
from scpo.format import counted, percent
from scpo.grouping import worded
from scpo.methods import named
from scpo.text.measures import which_pairs
from scpo.text.paper import SOURCE

THEIRS, OURS = f"published ({SOURCE}): PRISM, whole models", "this run"


def beside_chart(table: pd.DataFrame, subset: str, unit: str, simulated: bool) -> go.Figure:
    """Accuracy of each method in the paper (open) and in this run (filled, with 95 % interval), mean over countries.

    table   as of `scpo.text.paper.beside`
    """
    rows = table[table["subset"] == subset].iloc[::-1]
    order = [named(method) for method in rows["method"]]
    value, low, high = (100 * rows[c] for c in ("accuracy", "low", "high"))
    theirs = [f"{name}: {100 * of:.2f} %<br>{THEIRS}" for name, of in zip(order, rows["paper"], strict=True)]
    ours = [
        f"{name}: {percent(of)}<br>{told}<br>{OURS}, {counted(units, unit)}"
        for name, of, told, units in zip(
            order, rows["accuracy"], spans(low / 100, high / 100), rows["units"], strict=True
        )
    ]
    open_mark = {"symbol": "star-diamond-open", "size": 13, "color": TEXT, "line": {"width": 2}}
    mark = {"symbol": "circle", "size": 11, "color": TEXT}
    figure = go.Figure(
        [
            dots(100 * rows["paper"], order, theirs, open_mark, name=THEIRS),
            dots(value, order, ours, mark, (low, high), name=OURS),
        ]
    )
    figure.update_layout(showlegend=True)
    figure.update_xaxes(
        title=f"accuracy, {which_pairs(subset).lower()}, mean over {worded('countries')}, %<br>(line: 95 % interval)",
        range=reach([*(100 * rows["paper"]), *value, *low, *high]),
    )
    row_axis(figure, order)
    return finish(figure, simulated, height=150 + 44 * len(order))
