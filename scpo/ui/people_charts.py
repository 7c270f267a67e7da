"""Charts with one row per method, group or country: opinion alignment, gain per pair, accuracy by survey column, and
where the chance in a difference comes from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from scpo.metrics.alignment import ALL, OTHERS, UNIFORM
from scpo.shown import counted, fixed, percent, points
from scpo.ui.colours import METHOD, PLACE, QUIET
from scpo.ui.figure import finish, marker, no_interval, plain, reach, row_axis, rules, span, whisker

BASELINES = {UNIFORM: "line-ns-open", ALL: "hexagram-open", OTHERS: "star-open"}


def alignment_chart(table: pd.DataFrame, country: str, methods: Sequence[str], simulated: bool) -> go.Figure:
    """Opinion alignment with one country (or the mean), one row per method and per baseline, with 95 % intervals.

    table   the summary table `alignment`
    """
    rows = _of_methods(table, country, [*methods, *BASELINES])
    told = [f"{questions:.0f} questions" for questions in rows["questions"]]
    title = "opinion alignment, %:<br>1 - Jensen-Shannon distance<br>(line: 95 % interval)"
    return _method_dots(rows, "alignment", "%", told, title, simulated)


def per_pair_chart(table: pd.DataFrame, country: str, methods: Sequence[str], simulated: bool) -> go.Figure:
    """Accuracy gained per 100 pairs trained on, one row per method, with 95 % intervals.

    table   the summary table `per_pair`
    """
    rows = _of_methods(table, country, methods)
    told = [f"{points(gain)} points with {counted(trained, 'pair')}" for gain, trained in
            zip(rows["gain"].astype(float), rows["trained"], strict=True)]  # fmt: skip
    title = "points of accuracy over global gained<br>per 100 pairs trained on<br>(line: 95 % interval)"
    figure = _method_dots(rows, "per_100", "points", told, title, simulated)
    ends = rows[["per_100", "low", "high"]].astype(float).to_numpy().ravel()
    figure.update_xaxes(range=reach([0, *(100 * ends)]))
    rules(figure, [], at=0)
    return figure


def _of_methods(table: pd.DataFrame, country: str, names: Sequence[str]) -> pd.DataFrame:
    """Rows of one country by method, from the bottom."""
    rows = table[(table["country"] == country) & table["method"].isin(names)].set_index("method")
    return rows.loc[[n for n in names if n in rows.index][::-1]].astype({"low": float, "high": float})


def _method_dots(
    rows: pd.DataFrame, value: str, unit: str, told: Sequence[str], title: str, simulated: bool
) -> go.Figure:
    """One row per method: a value with low and high, 0..1, drawn in percent; told: what each hover text ends with."""
    figure = go.Figure()
    for (name, row), more in zip(rows.iterrows(), told, strict=True):
        colour = METHOD.get(name, QUIET)
        x, low, high = (100 * pd.Series([row[c]]).astype(float) for c in (value, "low", "high"))
        mark = marker(name, 11) if name in METHOD else {"symbol": BASELINES[name], "size": 12, "color": colour}
        interval = span(*(pd.Series([row[c]]) for c in ("low", "high")))[0]
        figure.add_scatter(
            x=x, y=[name], mode="markers", marker=mark, error_x=whisker(x, low, high, colour), hoverinfo="text",
            hovertext=f"{name}: {fixed(x[0])} {unit}<br>{interval}<br>{more}",
        )  # fmt: skip
    row_axis(figure, list(rows.index))
    figure.update_xaxes(title=title)
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
            f"{plain(group)}, {method}: {percent(value)}<br>{told}<br>{counted(units, unit)}, {counted(n, 'pair')}"
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
    row_axis(figure, order, [counted(n, unit) for n in people])
    figure.update_layout(scattermode="group", legend_traceorder="reversed", showlegend=True)
    ends = reach([*(100 * part["low"]), *(100 * part["high"]), *(100 * part["accuracy"])])
    figure.update_xaxes(title="accuracy on the group's test pairs, %<br>(line: 95 % interval)", range=ends)
    return no_interval(finish(figure, simulated, height=110 + len(order) * max(40, 14 * len(methods))), part)


def variance_chart(table: pd.DataFrame, unit: str, simulated: bool) -> go.Figure:
    """What a paired difference would be by chance, per country: from people, from seeds; and what would be found.

    table   country, unit_se, seed_sd, detectable (differences of accuracy, NaN = not known), units
    """
    rows = table.iloc[::-1]
    figure = go.Figure()
    for column, name, colour, symbol in (
        ("unit_se", f"standard error from {unit}s", PLACE["blue"], "circle"),
        ("seed_sd", "standard deviation over seeds", PLACE["orange"], "line-ns-open"),
        ("detectable", "smallest difference that would be found", PLACE["green"], "diamond-open"),
    ):
        value = 100 * rows[column].astype(float)
        hover = [f"{plain(c)}, {name}: {fixed(v, 2)} points<br>{counted(n, unit)}" for c, v, n in
                 zip(rows["country"], value, rows["units"], strict=True)]  # fmt: skip
        figure.add_scatter(
            x=value, y=rows["country"], name=name, mode="markers", hovertext=hover, hoverinfo="text",
            marker={"color": colour, "symbol": symbol, "size": 11, "line": {"width": 2, "color": colour}},
        )  # fmt: skip
    few = ["too few for a test" if pd.isna(error) else counted(n, unit) for error, n in
           zip(rows["unit_se"], rows["units"], strict=True)]  # fmt: skip
    row_axis(figure, rows["country"].tolist(), few)
    known = 100 * rows[["unit_se", "seed_sd", "detectable"]].astype(float)
    figure.update_layout(showlegend=True)
    figure.update_xaxes(title="points of accuracy", range=[0, 1.1 * max(np.nanmax(known.to_numpy(), initial=1.0), 1.0)])
    return finish(figure, simulated, height=170 + 44 * len(rows))
