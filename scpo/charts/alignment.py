"""How close rewards come to a country's survey answers, per method."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from scpo.charts.colours import METHOD, QUIET
from scpo.charts.style import dots, finish, marker, no_interval, row_axis, spans
from scpo.format import fixed
from scpo.grouping import AVERAGE, OTHERS, called
from scpo.metrics.alignment import UNIFORM
from scpo.table_rows import row_of

BASELINES = {UNIFORM: "line-ns-open", AVERAGE: "hexagram-open", OTHERS: "star-open"}


def alignment_chart(table: pd.DataFrame, country: str, methods: Sequence[str], simulated: bool) -> go.Figure:
    """Opinion alignment with one country (or the mean), one row per method and per baseline, with 95 % intervals.

    table   the summary table `alignment`
    """
    rows = of_methods(table, country, [*methods, *BASELINES])
    told = [f"{questions:.0f} questions" for questions in rows["questions"]]
    title = "opinion alignment, %:<br>1 - Jensen-Shannon distance<br>(line: 95 % interval)"
    return method_dots(rows, "alignment", "%", told, title, simulated)


def of_methods(table: pd.DataFrame, country: str, names: Sequence[str]) -> pd.DataFrame:
    """Rows of one country by method, from the bottom."""
    rows = table[(table["country"] == country) & table["method"].isin(names)].set_index("method")
    return rows.loc[[n for n in names if n in rows.index][::-1]].astype({"low": float, "high": float})


def method_dots(
    rows: pd.DataFrame, value: str, unit: str, told: Sequence[str], title: str, simulated: bool
) -> go.Figure:
    """One row per method: a value with low and high, 0..1, drawn in percent; told: what each hover text ends with."""
    figure = go.Figure()
    for name, more in zip(rows.index, told, strict=True):
        row = row_of(rows, name)
        x, low, high = (100 * pd.Series([row[c]]).astype(float) for c in (value, "low", "high"))
        mark = marker(name, 11) if name in METHOD else {"symbol": BASELINES[name], "size": 12, "color": QUIET}
        interval = spans(*(pd.Series([row[c]]) for c in ("low", "high")))[0]
        hover = f"{called(name)}: {fixed(x[0])} {unit}<br>{interval}<br>{more}"
        figure.add_trace(dots(x, [name], hover, mark, (low, high)))
    row_axis(figure, list(rows.index), of_methods=True)
    figure.update_xaxes(title=title)
    figure.update_layout(showlegend=False)
    return no_interval(finish(figure, simulated, height=110 + 34 * len(rows)), rows)
