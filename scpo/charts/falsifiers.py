"""What a group's own model has before the others' models: with groups as they are, shuffled, and made equal."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from scpo.charts.style import dots, finish, marker, reach, row_axis, rules, side_by_side, spans
from scpo.format import counted, points
from scpo.methods import named
from scpo.runs.falsifiers import AS_IT_IS, EQUAL, OTHERS, SHUFFLED
from scpo.table_rows import rows_of

ROWS = {AS_IT_IS: "as they are", SHUFFLED: "shuffled", EQUAL: "made equal"}


def falsifiers_chart(table: pd.DataFrame, unit: str, simulated: bool) -> go.Figure:
    """A row per draw of each alteration, a mark per method; only the first row may lie beside 0.

    table   as of `scpo.runs.falsifiers.read_falsifiers`
    """
    rows = table[(table["quantity"] == OTHERS) & table["kind"].isin(ROWS)]
    names = [f"{ROWS[r.kind]}{'' if r.kind == AS_IT_IS else f', {r.draw + 1}'}" for r in rows_of(rows)]
    rows = rows.assign(row=names)
    order, traces = list(dict.fromkeys(names))[::-1], []
    for method in list(dict.fromkeys(rows["method"]))[::-1]:
        mine = rows[rows["method"] == method].set_index("row").reindex(order)
        value, low, high = (100 * mine[c].astype(float) for c in ("difference", "low", "high"))
        hover = [
            f"{named(method)}, groups {name}: {points(d)} points<br>{told}<br>{counted(n, 'pair')} of "
            f"{counted(units, unit)}"
            for name, d, told, n, units in zip(
                order, mine["difference"], spans(mine["low"], mine["high"]), mine["pairs"], mine["units"], strict=True
            )
        ]
        traces.append(dots(value, order, hover, marker(method, 11), (low, high), name=method, **side_by_side(method)))
    figure = go.Figure(traces)
    rules(figure, [], at=0)
    figure.update_layout(scattermode="group", legend_traceorder="reversed", showlegend=True)
    figure.update_xaxes(
        title="accuracy of a group's own model minus that of<br>the other groups' models on its pairs, points<br>"
        "(mean over groups; line: 95 % interval)",
        range=reach([0, *(100 * rows[["difference", "low", "high"]].astype(float)).to_numpy().ravel()]),
    )
    row_axis(figure, order)
    return finish(figure, simulated, height=130 + max(14 * rows["method"].nunique(), 34) * len(order))
