"""Methods side by side: what each gains over the global model, and whom each serves how well."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from scpo.charts.style import MEAN, dots, finish, marker, plain, reach, row_axis, rules, side_by_side, spans
from scpo.format import counted, percent, points
from scpo.grouping import worded
from scpo.methods import named
from scpo.text.results import is_clear

PALE = 0.55  # opacity of what may be chance


def gains_chart(table: pd.DataFrame, methods: Sequence[str], unit: str, simulated: bool) -> go.Figure:
    """Paired gains of several methods over the global model, a row per country; pale where they may be chance.

    table   country, method, difference, low, high, p_holm, units, pairs, note; countries from the top
    """
    order = list(dict.fromkeys(table["country"]))[::-1]
    traces = []
    for method in list(methods)[::-1]:
        rows = table[table["method"] == method].set_index("country").reindex(order)
        clear = is_clear(rows)
        for mine, opacity in ((clear, 1.0), (~clear, PALE)):
            part = rows[mine]
            value, low, high = (100 * part[c].astype(float) for c in ("difference", "low", "high"))
            told = zip(part.index, part["difference"], spans(part["low"], part["high"]), part["note"], strict=True)
            hover = [f"{plain(c)}, {named(method)}: {points(d)} points<br>{s}<br>{note}" for c, d, s, note in told]
            more = {"name": method, "opacity": opacity, "showlegend": opacity == 1.0 or not clear.any()}
            traces.append(
                dots(value, part.index, hover, marker(method, 11, methods), (low, high), **more, **side_by_side(method))
            )
    figure = go.Figure(traces)
    rules(figure, [], at=0)
    tested = table.loc[(table["country"] != MEAN) & table["p_holm"].notna(), "country"].nunique()
    figure.update_layout(scattermode="group", legend_traceorder="reversed", showlegend=True)
    figure.update_xaxes(
        title=f"accuracy minus that of the global model, points<br>({_pale(tested)})",
        range=reach([0, *(100 * table[["difference", "low", "high"]].astype(float)).to_numpy().ravel()]),
    )
    row_axis(figure, order, [_few(table, country, unit) for country in order])
    return finish(figure, simulated, height=130 + max(16 * len(methods), 40) * len(order))


def _pale(tested: int) -> str:
    """What pale marks are; tested: in so many countries."""
    if not tested:
        return "pale: may be chance, too few people<br>or questions to tell"
    over = counted(tested, worded("country"))
    return f"line: 95 % interval; pale: may be chance,<br>p not below 0.05 after Holm's correction<br>over {over}"


def _few(table: pd.DataFrame, country: str, unit: str) -> str:
    """Under a name: that no interval of it is known, and of how few people."""
    mine = table[table["country"] == country]
    return f"no interval: {counted(mine['units'].max(), unit)}" if mine["low"].isna().all() else ""


def served_chart(table: pd.DataFrame, methods: Sequence[str], unit: str, simulated: bool) -> go.Figure:
    """How well every population is served, best first by the global model: a mark per method.

    table   name (of a population), method, accuracy, low, high, n, units; populations from the top
    """
    order = list(dict.fromkeys(table["name"]))[::-1]
    traces = []
    for method in methods:
        rows = table[table["method"] == method].set_index("name").reindex(order)
        value, low, high = (100 * rows[c].astype(float) for c in ("accuracy", "low", "high"))
        hover = [
            f"{plain(name)}, {named(method)}: {percent(a)}<br>{told}<br>{counted(n, 'pair')} of {counted(units, unit)}"
            for name, a, told, n, units in zip(
                order, rows["accuracy"], spans(rows["low"], rows["high"]), rows["n"], rows["units"], strict=True
            )
        ]
        traces.append(dots(value, order, hover, marker(method, 12, methods), name=method))
    figure = go.Figure(traces)
    ends = table.groupby("name")["accuracy"].agg(["min", "max"]).reindex(order) * 100
    rules(figure, [(name, a, b, "#00000933") for name, a, b in zip(order, ends["min"], ends["max"], strict=True)])
    figure.update_layout(showlegend=True)
    known = table["accuracy"].astype(float).to_numpy()
    figure.update_xaxes(
        title=worded(
            "pairs that a model gets right, %<br>(each country's own model;<br>on the reference, the mean of all)"
        ),
        range=reach(100 * known[np.isfinite(known)]),
    )
    row_axis(figure, order)
    return finish(figure, simulated, height=120 + 36 * len(order))
