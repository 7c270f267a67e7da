"""Charts of bias: what a steered model keeps, learns and loses. Each a function from a tidy frame to a figure.

Knows nothing of Streamlit or files. Accuracies come in 0..1 and are drawn in percent or points.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from scpo.charts.colours import AROUND_ZERO, METHOD, MORE, QUIET, TEXT
from scpo.charts.style import (
    MEAN,
    cells,
    dots,
    finish,
    marker,
    no_interval,
    plain,
    reach,
    row_axis,
    rules,
    spans,
    whisker,
)
from scpo.format import counted, fixed, percent, signed
from scpo.grouping import worded
from scpo.methods import METHODS, named
from scpo.table_rows import row_of, rows_of
from scpo.text.measures import which_pairs
from scpo.text.rulers import on_an_axis

ACCURACY, CHANGE = "accuracy", "change"
MOST_NUMBERS = 14  # columns, above which the numbers of a heat map no longer fit into its cells
SPREAD = pd.Series({"x": 0.5, "y": 0.1})  # of the width and height of all points: how far apart names need to be
MOST_TIES = 0.01  # of the pairs, for lines of equal accuracy: a pair that the global model ties on is on no axis


def transfer_chart(table: pd.DataFrame, method: str, simulated: bool, reading: str = ACCURACY) -> go.Figure:
    """Heat map A[i, j]: accuracy of the model of country i (row) on the test pairs of country j (column).

    reading     `accuracy`, in percent; or `change`: points above the global model on the same pairs
    The global model has a row of its own, on top.
    Colours span all methods of the table, so that two methods can be compared.
    """
    change = reading == CHANGE
    table = _against_global(table) if change else table.assign(value=100 * table["accuracy"])
    rows = table[table["method"] == method]
    countries, ons = list(dict.fromkeys(rows["model"])), list(dict.fromkeys(rows["on"]))
    across = [c for c in countries if c in ons] + [c for c in ons if c not in countries]
    order = countries
    if method != "global" and (table["method"] == "global").any():
        # It says the same whichever country's row of it is taken.
        start = table[(table["method"] == "global") & (table["model"] == countries[0])]
        rows, order = pd.concat([start.assign(model=named("global")), rows]), [named("global"), *countries]
    wide, size, units = (
        rows.pivot(index="model", columns="on", values=c).reindex(index=order[::-1], columns=across)
        for c in ("value", "n", "units")
    )
    z = wide.to_numpy(float)
    finite = table["value"].dropna()
    top = max(float(finite.abs().max()), 1.0) if len(finite) else 1.0
    low, high = (-top, top) if change else (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 100.0)
    x, y = [plain(c) for c in wide.columns], [plain(c) for c in wide.index]
    fits = len(x) <= MOST_NUMBERS
    figure = go.Figure(
        cells(
            z,
            x,
            y,
            _numbers(z, x, y, change) if fits else None,
            scale=AROUND_ZERO if change else MORE,
            ends=(low, high),
            xgap=int(fits),
            ygap=int(fits),
            textfont_size=13,
            customdata=np.stack([np.vectorize(signed if change else fixed, otypes=[object])(z), size, units], axis=-1),
            colorbar={"title": "points" if change else "%", "thickness": 12},
            hoverongaps=False,
            hovertemplate="model of %{y} on pairs of %{x}: "
            + ("%{customdata[0]} points against the global model" if change else "%{customdata[0]} %")
            + "<br>%{customdata[1]:,} pairs of %{customdata[2]:,} people or questions<extra></extra>",
        )
    )
    figure.update_xaxes(title="test pairs of", tickangle=-40, categoryorder="array", categoryarray=x, showgrid=False)
    figure.update_yaxes(title="model of", categoryorder="array", categoryarray=y, showgrid=False)
    return finish(figure, simulated, height=max(460, 160 + 26 * len(y)))


def _against_global(table: pd.DataFrame) -> pd.DataFrame:
    base = table[table["method"] == "global"].set_index(["model", "on"])["accuracy"].rename("base")
    joined = table.join(base, on=["model", "on"])
    return joined.assign(value=100 * (joined["accuracy"] - joined["base"]))


def _numbers(z: np.ndarray, x: list[str], y: list[str], change: bool) -> list[list[str]]:
    """The number of each cell; that of a country's model on its own pairs is bold."""
    show = signed if change else fixed
    texts = [["" if np.isnan(v) else show(v, 0) for v in row] for row in z]
    return [
        [f"<b>{text}</b>" if model == on else text for text, on in zip(row, x, strict=True)]
        for row, model in zip(texts, y, strict=True)
    ]


def plane_chart(
    accuracy: pd.DataFrame, path: pd.DataFrame, methods: list[str], simulated: bool, country: str = MEAN
) -> go.Figure:
    """Consensus kept against distinct taste learned; lines show the way in training, arrows its end.

    country     one country, or the mean over countries
    """
    rows = accuracy[accuracy["country"] == country].astype({"accuracy": float, "low": float, "high": float})
    at = {str(subset): part.set_index("method") for subset, part in rows.groupby("subset")}
    distinct, kept = at["distinct"], at["consensus"]
    figure = go.Figure()
    here = [m for m in methods if m in kept.index]
    places = 100 * pd.DataFrame({"x": distinct["accuracy"], "y": kept["accuracy"]}).reindex(here)
    for method in here:
        way = path[(path["country"] == country) & (path["method"] == method)] if len(path) else path
        if len(way) and METHODS[method].start == "global":
            _way(figure, way.pivot(index="seen", columns="subset", values="accuracy").sort_index(), method)
        x, y, mark = row_of(distinct, method), row_of(kept, method), marker(method, 13, methods)
        told = [
            f"{name}: {percent(r['accuracy'])} ({spans(*[pd.Series([r[c]]) for c in ('low', 'high')])[0]}; "
            f"{r['n']:,} pairs)"
            for name, r in ((which_pairs("distinct"), x), (which_pairs("consensus"), y))
        ]
        figure.add_scatter(
            x=[100 * x["accuracy"]],
            y=[100 * y["accuracy"]],
            name=method,
            mode="markers+text",
            text=[_label(method, places)],
            textposition=_label_place(method, places),
            textfont={"color": TEXT},
            marker=mark,
            error_x=_cross(x, mark),
            error_y=_cross(y, mark),
            hoverinfo="text",
            hovertext=f"{named(method)}, chosen step<br>" + "<br>".join(told),
        )
    figure.update_xaxes(title=f"own taste learned, %:<br>right where {plain(on_an_axis())} is wrong")
    figure.update_yaxes(title="consensus kept, %:<br>right where it is right")
    figure.update_layout(showlegend=True)
    better = {"x": 1, "y": 1, "xref": "paper", "yref": "paper", "xanchor": "right", "yanchor": "bottom"}
    figure.add_annotation(text="better ↗", showarrow=False, font={"color": TEXT}, **better)
    _equal_accuracy(figure, at)
    return no_interval(finish(figure, simulated, height=520), rows)


def _label_place(method: str, places: pd.DataFrame) -> str:
    """Where a point's name stands: away from the nearest other point, and towards the middle of the chart."""
    own, others = row_of(places, method), places.drop(method).dropna()
    apart = ((others - own) ** 2).sum(axis=1).to_numpy()
    nearest = others.iloc[int(apart.argmin())] if len(others) else own
    up = (own["y"], own["x"]) >= (nearest["y"], nearest["x"])
    left = 2 * own["x"] > places["x"].max()
    return f"{'top' if up else 'bottom'} {'left' if left else 'right'}"


def _label(method: str, places: pd.DataFrame) -> str:
    """A point's name; none where it would run into that of a method before it on a phone: the legend has it too."""
    room = SPREAD * (places.max() - places.min())
    own, side = row_of(places, method), _label_place(method, places)
    for other in places.index[: places.index.get_loc(method)]:
        close = ((own - row_of(places, other)).abs() < room).all()
        if close and _label_place(other, places) == side:
            return ""
    return named(method)


def _equal_accuracy(figure: go.Figure, at: Mapping[str, pd.DataFrame]) -> None:
    """Dashed lines along which the accuracy on all pairs is the same; none for a mean over countries, where what is
    kept and learned does not say it."""
    full, distinct, kept = (at[name]["n"].iloc[0] for name in ("full", "distinct", "consensus"))
    if not kept or distinct + kept < (1 - MOST_TIES) * full or (at["full"]["country"] == MEAN).any():
        return
    share = distinct / (distinct + kept)
    across, up = (_ends(figure, axis) for axis in "xy")  # said, since lines would stretch the axes
    figure.update_xaxes(range=across)
    figure.update_yaxes(range=up)
    for level in range(5, 100, 5):
        y = [(level - share * x) / (1 - share) for x in across]
        line = {"color": QUIET, "dash": "dot", "width": 1}
        figure.add_shape(type="line", x0=across[0], y0=y[0], x1=across[1], y1=y[1], line=line, layer="below")


def _ends(figure: go.Figure, axis: str) -> list[float]:
    """Where an axis begins and ends that has room for all marks with their intervals."""
    found: list[float] = []
    for trace in figure.data:
        value, error = np.asarray(trace[axis], float), trace[f"error_{axis}"]
        found += value.tolist()
        if error.array is not None:
            found += [*(value + np.asarray(error.array, float)), *(value - np.asarray(error.arrayminus, float))]
    return reach(found, beside=0.1)


def _way(figure: go.Figure, way: pd.DataFrame, method: str) -> None:
    """The course of training, to its very end; the arrow says which way it runs."""
    size = np.zeros(len(way))
    size[-1] = 12
    figure.add_scatter(
        x=100 * way["distinct"],
        y=100 * way["consensus"],
        mode="lines+markers",
        showlegend=False,
        line={"color": METHOD[method], "width": 1.5},
        customdata=way.index,
        marker={"symbol": "arrow", "angleref": "previous", "size": size, "color": METHOD[method], "opacity": 1},
        hovertemplate=f"{named(method)} after %{{customdata:,}} pairs: %{{x:.1f}} % where global is wrong, "
        "%{y:.1f} % where it is right"
        "<extra></extra>",
    )


def _cross(row: pd.Series, mark: dict) -> dict:
    value, low, high = (pd.Series([100 * row[c]]) for c in ("accuracy", "low", "high"))
    return {**whisker(value, low, high, mark["color"]), "thickness": 1}


def spread_chart(table: pd.DataFrame, methods: list[str], unit: str, simulated: bool) -> go.Figure:
    """How far countries lie apart under each method: a dot per country, a line from the worst to the best.

    table   the summary table `accuracy`
    Dots have the look of the method, as everywhere; the two at the ends are named.
    """
    rows = table[(table["subset"] == "full") & (table["country"] != MEAN) & table["method"].isin(methods)]
    rows = rows.astype({"accuracy": float, "low": float, "high": float})
    order, traces = methods[::-1], []
    for method in order:
        mine = rows[rows["method"] == method].sort_values("accuracy")
        hover = [
            f"{plain(row.country)}, {named(method)}: {percent(row.accuracy)}<br>{told}<br>{counted(row.units, unit)}, "
            f"{counted(row.n, 'pair')}"
            for row, told in zip(rows_of(mine), spans(mine["low"], mine["high"]), strict=True)
        ]
        mark, names = marker(method, 11, methods), _ends_named(mine)
        trace = dots(100 * mine["accuracy"], [method] * len(mine), hover, mark, showlegend=False, cliponaxis=False)
        traces.append(trace | {"mode": "markers+text", "text": names, "textposition": "top center"})
    figure = go.Figure(traces)
    ends = 100 * rows.groupby("method")["accuracy"].agg(["min", "max"]).reindex(order)
    rules(figure, zip(order, ends["min"], ends["max"], [QUIET] * len(order), strict=True))
    figure.update_xaxes(
        title=worded("accuracy of each country's model<br>on its own test pairs, %<br>(line: worst to best)"),
        range=reach(100 * rows["accuracy"], beside=0.12),
    )
    row_axis(figure, order, of_methods=True)
    return finish(figure, simulated, height=110 + 56 * len(order))


def _ends_named(mine: pd.DataFrame) -> list[str]:
    """The names of the worst and the best served of rows sorted by accuracy, and of those without an interval."""
    few, last = mine["low"].isna().tolist(), len(mine) - 1
    return [
        f"{plain(country)}{' (no interval)' * few[at]}" if few[at] or at in (0, last) else ""
        for at, country in enumerate(mine["country"])
    ]
