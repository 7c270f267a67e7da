"""Charts of accuracy: per country and method, per seed, as differences, and where the chance in them comes from.

Knows nothing of Streamlit or files. Accuracies come in 0..1 and are drawn in percent or points; a row
whose interval is missing says so beside its name, since too few people are no certainty.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from scpo.charts.colours import METHOD, PLACE, QUIET
from scpo.charts.style import (
    MEAN,
    dots,
    finish,
    marker,
    plain,
    reach,
    ring,
    row_axis,
    rules,
    side_by_side,
    spans,
)
from scpo.format import counted, fixed, known, percent, points
from scpo.grouping import worded
from scpo.methods import named
from scpo.metrics.accuracy import AT_LEAST, AT_MOST, worst_served_first
from scpo.table_rows import rows_of
from scpo.text.measures import which_pairs
from scpo.text.results import fewest, is_clear

FULL = "full"
ARROWS = {AT_LEAST: "triangle-right", AT_MOST: "triangle-left"}  # a ratio that is a bound


def accuracy_chart(
    table: pd.DataFrame,
    methods: list[str],
    unit: str,
    simulated: bool,
    subset: str = FULL,
    published: pd.DataFrame | None = None,
) -> go.Figure:
    """Accuracy per country and method at the largest budget, with 95 % intervals; who is served worst stands first.

    table       the summary table `accuracy`
    published   the authors' figures for the same quantity: country, method, accuracy
    """
    part = table[(table["subset"] == subset) & table["method"].isin(methods)]
    part = part.astype({"accuracy": float, "low": float, "high": float})
    order = [c for c in worst_served_first(table) if c in set(part["country"])][::-1] + [MEAN]
    figure = go.Figure()
    for method in methods[::-1]:
        rows = part[part["method"] == method].set_index("country").reindex(order)
        hover = [
            f"{plain(country)}, {named(method)}: {percent(value)}<br>{told}<br>{counted(units, unit)}, "
            f"{counted(n, 'pair')}, {counted(seeds, 'seed')}"
            for country, value, told, units, n, seeds in zip(
                rows.index,
                rows["accuracy"],
                spans(rows["low"], rows["high"]),
                rows["units"],
                rows["n"],
                rows["seeds"],
                strict=True,
            )
        ]
        value, low, high = (100 * rows[c] for c in ("accuracy", "low", "high"))
        more = {"name": method, **side_by_side(method)}
        figure.add_trace(dots(value, rows.index, hover, marker(method, 10, methods), (low, high), **more))
    theirs = published if published is not None else pd.DataFrame(columns=["country", "method", "accuracy"])
    figure.add_traces(_published(theirs))
    ends = [*part["low"], *part["high"], *part["accuracy"], *theirs["accuracy"].astype(float)]
    finite = 100 * np.array([end for end in ends if known(end)] or [0.0, 1.0])
    low, high = finite.min(), finite.max()
    figure.update_layout(scattermode="group", legend_traceorder="reversed", xaxis_range=[low - 2, high + 2])
    part_of = "" if subset == FULL else f", {which_pairs(subset).lower()}"
    figure.update_xaxes(title=f"accuracy on the {worded('country')}'s test pairs{part_of}, %<br>{_rule(subset, unit)}")
    _name_rows(figure, order, part.drop_duplicates("country").set_index("country"), unit)
    return finish(figure, simulated, height=110 + len(order) * max(44, 14 * (len(methods) + len(theirs))))


def _published(theirs: pd.DataFrame) -> list[dict]:
    """The authors' figures, one mark each. theirs: country, method, accuracy."""
    traces = []
    for row in rows_of(theirs):
        name = f"published by the authors: {named(row.method)}"
        told = f"{name}: {100 * row.accuracy:.2f} %<br>theirs, not of this run; no interval is published"
        mark = {"symbol": "star-diamond-open", "size": 13, "color": METHOD[row.method], "line": {"width": 2}}
        traces.append(dots([100 * row.accuracy], [row.country], told, mark, name=name, **side_by_side(name)))
    return traces


def _name_rows(
    figure: go.Figure, order: Sequence[str], rows: pd.DataFrame, unit: str, of_methods: bool = False
) -> None:
    """Names along the y axis; one whose interval is missing says of how few. rows: low, units, by name."""
    rows = rows.reindex(list(order)).astype({"low": float, "units": float})
    row_axis(
        figure,
        order,
        [
            f"no interval: {counted(units, unit)}" if np.isnan(low) else ""
            for low, units in zip(rows["low"], rows["units"].fillna(0), strict=True)
        ],
        of_methods,
    )


def _rule(subset: str, unit: str) -> str:
    """What the line of a row is, and how many people or questions it takes."""
    return f"(line: 95 % interval, from {fewest(subset)} {unit}s on)"


def seeds_chart(table: pd.DataFrame, methods: list[str], unit: str, simulated: bool) -> go.Figure:
    """Each seed's accuracy as a thin mark per country and method, beside the mean over seeds.

    table   country, method, seed, accuracy, low, high, n, at the largest budget; the mean over
            countries is among the countries
    """
    order = [c for c in table["country"].unique() if c != MEAN][::-1] + [MEAN]
    figure = go.Figure()
    for method in methods[::-1]:
        rows = table[table["method"] == method]
        known = [
            worded("mean of the countries") if c == MEAN else told
            for c, told in zip(rows["country"], spans(rows["low"], rows["high"]), strict=True)
        ]
        hover = [
            f"{plain(c)}, {named(method)}, seed {seed}: {percent(value)}<br>{told}<br>{n:,} pairs"
            for c, seed, value, told, n in zip(
                rows["country"], rows["seed"], rows["accuracy"], known, rows["n"], strict=True
            )
        ]
        colour = METHOD[method]
        mark = {"symbol": "line-ns-open", "size": 13, "color": colour, "line": {"width": 2.5, "color": colour}}
        more = {"name": method, **side_by_side(method)}
        figure.add_trace(dots(100 * rows["accuracy"], rows["country"], hover, mark, **more))
    figure.update_layout(scattermode="group", legend_traceorder="reversed", showlegend=True)
    figure.update_xaxes(title="accuracy of each seed's model, %", range=reach(100 * table["accuracy"]))
    few = table[table["country"] != MEAN].groupby("country")["low"].apply(lambda c: c.isna().all())
    row_axis(figure, order, ["no interval: too few" if few.get(c, False) else "" for c in order])
    return finish(figure, simulated, height=110 + len(order) * max(44, 14 * len(methods)))


def difference_chart(
    table: pd.DataFrame,
    by: str,
    marks: dict[str, tuple[str, str]],
    words: str,
    unit: str,
    simulated: bool,
    row: int = 36,
) -> go.Figure:
    """Paired differences in accuracy, one row each, with 95 % intervals; filled where they are clear.

    table   `by`, difference, low, high, p_holm (NaN without a test), units, pairs, note (what it tells)
    by      the column that names the rows: country or against; drawn from the top
    marks   row name -> colour and symbol, of methods; countries are grey. words: what is subtracted from what
    row     height of one, px
    """
    rows = table.iloc[::-1]
    names, low = rows[by].tolist(), rows["low"].astype(float)
    of_methods = by == "against"
    value, high, p = (rows[c].astype(float) for c in ("difference", "high", "p_holm"))
    clear = is_clear(rows).to_numpy()
    colours = [marks.get(name, (QUIET, ""))[0] for name in names]
    symbols = [marks.get(name, (QUIET, "circle"))[1].removesuffix("-open") for name in names]
    shown = [named(name) for name in names] if of_methods else names
    numbers = zip(shown, value, spans(low, high), p, rows["units"], rows["pairs"], rows["note"], strict=True)
    hover = [
        f"{plain(name)}: {points(d)} points<br>{told}<br>{_chance(chance)}{counted(units, unit)}, "
        f"{counted(pairs, 'pair')}<br>{note}"
        for name, d, told, chance, units, pairs, note in numbers
    ]
    figure = go.Figure()
    lines = zip(names, 100 * low, 100 * high, colours, strict=True)
    rules(figure, [line for line in lines if not np.isnan(line[1])], at=0)
    for mine, tail, word in ((clear, "", "clear"), (~clear, "-open", "may be chance")):
        at = np.flatnonzero(mine)
        colour = [colours[i] for i in at]
        mark = {"size": 11, "color": colour, "symbol": [symbols[i] + tail for i in at]}
        mark["line"] = {"width": 2, "color": colour}
        x, y, told = 100 * value.to_numpy()[at], [names[i] for i in at], [hover[i] for i in at]
        figure.add_trace(dots(x, y, told, mark, name=word, showlegend=False))
        in_legend = {"size": 10, "color": QUIET, "symbol": "circle" + tail, "line": {"width": 2, "color": QUIET}}
        figure.add_scatter(x=[None], y=[None], mode="markers", name=word, marker=in_legend)
    ends = reach([0, *100 * value, *100 * low, *100 * high])
    subset = rows["subset"].iloc[0] if len(rows) else FULL
    words = words.replace(" minus ", "<br>minus ")  # in one line it is wider than half a page
    figure.update_xaxes(title=f"{words}, points<br>{_rule(subset, unit)}", range=ends)
    _name_rows(figure, names, rows.set_index(by), unit, of_methods)
    return finish(figure, simulated, height=130 + max((row if low.notna().all() else max(row, 44)) * len(rows), 60))


def _chance(p: float) -> str:
    return "" if np.isnan(p) else f"p = {p:.3g} after Holm's correction<br>"


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
        hover = [
            f"{plain(c)}, {name}: {fixed(v, 2)} points<br>{counted(n, unit)}"
            for c, v, n in zip(rows["country"], value, rows["units"], strict=True)
        ]
        mark = ring(colour, symbol)
        figure.add_trace(dots(value, rows["country"], hover, mark, name=name))
    few = [
        "too few for a test" if pd.isna(error) else counted(n, unit)
        for error, n in zip(rows["unit_se"], rows["units"], strict=True)
    ]
    row_axis(figure, rows["country"].tolist(), few)
    known = 100 * rows[["unit_se", "seed_sd", "detectable"]].astype(float)
    figure.update_layout(showlegend=True)
    ends = reach([0.0, 1.0, *known.to_numpy().ravel()])  # from below 0: a mark on the edge would be cut in half
    figure.update_xaxes(title="points of accuracy", range=ends)
    return finish(figure, simulated, height=170 + 44 * len(rows))
