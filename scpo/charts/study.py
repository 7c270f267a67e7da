"""Charts of the study "When does SCPO help?": each a function from a tidy frame to a plotly figure.

Knows nothing of Streamlit or files. Differences come in -1..1 and are drawn in points of accuracy.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.colors import sample_colorscale
from plotly.subplots import make_subplots

from scpo.charts.colours import AROUND_ZERO, INK, METHOD, QUIET
from scpo.charts.style import cells, finish, marker, plain, reach, spans
from scpo.format import counted, percent, points, signed
from scpo.methods import named

EACH = {"world": "over simulated worlds", "country": "over countries"}


def along_chart(table: pd.DataFrame, title: str, axis: str, unit: str, simulated: bool) -> go.Figure:
    """One line per method over one factor, with 95 % intervals.

    table   `kept.along`: method, at, estimate, low, high, n
    title   of the factor; axis: of what is measured; unit: what intervals are over
    """
    figure = go.Figure(list(_lines(table, unit)))
    figure.update_xaxes(
        title=plain(title), type="category", categoryorder="array", categoryarray=list(dict.fromkeys(table["at"]))
    )
    figure.update_yaxes(title=f"{axis}<br>(bars: 95 % {EACH[unit]})", zeroline=True, zerolinecolor=QUIET)
    figure.update_layout(showlegend=True)
    return finish(figure, simulated, height=430)


def _lines(table: pd.DataFrame, unit: str, legend: bool = True):
    methods = list(dict.fromkeys(table["method"]))
    for place, method in enumerate(methods):
        rows = table[table["method"] == method]
        value, low, high = (100 * rows[c].astype(float) for c in ("estimate", "low", "high"))
        hover = [
            f"{method}, {at}: {signed(v)}<br>{told}<br>{counted(n, unit)}"
            for at, v, told, n in zip(rows["at"], value, spans(rows["low"], rows["high"]), rows["n"], strict=True)
        ]
        yield go.Scatter(
            x=rows["at"],
            y=value,
            name=method,
            mode="lines+markers",
            marker=marker(method, 8),
            legendgroup=method,
            line={"color": METHOD[method], "width": 2},
            showlegend=legend,
            hovertext=hover,
            hoverinfo="text",
            error_y={
                "array": high - value,
                "arrayminus": value - low,
                "color": METHOD[method],
                "thickness": 1.2,
                "width": 0,
            },
            xaxis="x",
            offsetgroup=str(place),
        )


def every_chart(
    tables: Mapping[str, pd.DataFrame], titles: Mapping[str, str], axis: str, unit: str, simulated: bool
) -> go.Figure:
    """Every factor in a small chart of its own, all on one scale.

    tables   factor -> `kept.along`; titles: factor -> words; axis: of what is measured
    """
    across, high = 2, 200
    down = -(-len(tables) // across)
    figure = make_subplots(
        down,
        across,
        shared_yaxes="all",
        vertical_spacing=0.35 / down,
        horizontal_spacing=0.04,
        subplot_titles=[plain(titles[name]) for name in tables],
        y_title=f"{axis} (bars: 95 % {EACH[unit]})",
    )
    figure.update_annotations(font_size=12)
    for place, table in enumerate(tables.values()):
        at = {"row": place // across + 1, "col": place % across + 1}
        for line in _lines(table, unit, legend=place == 0):
            figure.add_trace(line, **at)
        order = list(dict.fromkeys(table["at"]))
        figure.update_xaxes(type="category", categoryorder="array", categoryarray=order, **at)
    figure.update_yaxes(zeroline=True, zerolinecolor=QUIET)
    figure = finish(figure, simulated, height=120 + high * down)
    return figure.update_layout(showlegend=True, legend_y=1 + 30 / (high * down), margin={"t": 110, "l": 70})


def grid_chart(
    table: pd.DataFrame,
    across: tuple[str, str],
    up: tuple[str, str],
    axis: str,
    unit: str,
    simulated: bool,
    path: pd.DataFrame | None = None,
) -> go.Figure:
    """A difference over two factors, as cells; bold where the interval leaves 0 out.

    table       one method's estimate, low, high, n; across, up: a column of numbers (inf = all) and its title
    path        points (the same two columns) to be joined by a dashed line
    """
    columns, rows = (sorted(table[name].unique()) for name, _ in (across, up))
    wide = {
        c: table.pivot(index=up[0], columns=across[0], values=c).reindex(index=rows, columns=columns).to_numpy(float)
        for c in ("estimate", "low", "high", "n")
    }
    value, clear = 100 * wide["estimate"], (wide["low"] > 0) | (wide["high"] < 0)
    text = [
        [f"<b>{signed(v)}</b>" if c else signed(v) for v, c in zip(*row, strict=True)]
        for row in zip(value, clear, strict=True)
    ]
    most = np.nanmax(np.abs(value), initial=0.1)
    heat = cells(
        value,
        np.arange(len(columns)),
        np.arange(len(rows)),
        text,
        scale=AROUND_ZERO,
        ends=(-most, most),
        xgap=2,
        ygap=2,
        showscale=False,
        textfont_size=11,
        hovertext=_grid_hover(wide, (across[1], columns), (up[1], rows), unit),
        hoverinfo="text",
    )
    figure = go.Figure(heat if path is None else {**heat, "texttemplate": None})
    if path is not None:
        x, y = (np.interp(path[c], at, range(len(at))) for c, at in ((across[0], columns), (up[0], rows)))
        figure.add_scatter(x=x, y=y, mode="lines", hoverinfo="skip", line={"color": INK, "dash": "dash", "width": 2})
        figure.update_layout(annotations=_plates(value, text, most))
    for update, known, (_, title) in ((figure.update_xaxes, columns, across), (figure.update_yaxes, rows, up)):
        update(tickvals=list(range(len(known))), ticktext=list(map(_number, known)), title=title, showgrid=False)
    corner = {"x": 0, "y": 1, "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom"}
    words = f"{axis.replace(' minus ', '<br>minus ')}<br>bold: the 95 % interval {EACH[unit]} leaves 0 out"
    figure.add_annotation(text=words, align="left", showarrow=False, **corner)
    return finish(figure, simulated, height=150 + 42 * len(rows))


def _grid_hover(
    wide: dict[str, np.ndarray], across: tuple[str, list[float]], up: tuple[str, list[float]], unit: str
) -> list[list[str]]:
    """What each cell says. wide: estimate, low, high, n as grids; across, up: a title and its numbers."""
    told = [spans(pd.Series(low), pd.Series(high)) for low, high in zip(wide["low"], wide["high"], strict=True)]
    return [
        [
            f"{up[0]}: {_number(y)}<br>{across[0]}: {_number(x)}<br>{signed(100 * wide['estimate'][i, j])} points<br>"
            f"{told[i][j]}<br>{counted(wide['n'][i, j], unit)}"
            for j, x in enumerate(across[1])
        ]
        for i, y in enumerate(up[1])
    ]


def _plates(value: np.ndarray, text: list[list[str]], most: float) -> list[dict]:
    """The numbers of cells on plates of the cells' own colour, so that a line passes behind them."""
    share = (np.nan_to_num(value) / most + 1) / 2
    colours = sample_colorscale(AROUND_ZERO, share.ravel().clip(0, 1).tolist())
    return [
        {
            "x": at % value.shape[1],
            "y": at // value.shape[1],
            "text": told,
            "showarrow": False,
            "borderpad": 1,
            "bgcolor": colour,
            "font": {"color": INK},
        }
        for at, (told, colour) in enumerate(zip((t for row in text for t in row), colours, strict=True))
    ]


def _number(value: float) -> str:
    return f"{value:,.10g}" if np.isfinite(value) else "all"


def countries_chart(table: pd.DataFrame, method: str, against: str, simulated: bool) -> go.Figure:
    """Where a method is ahead: each country's difference over how often the global model is wrong there.

    table   `kept.by_country`: country, world, disagree, difference
    """
    figure = go.Figure()
    for country, rows in table.groupby("country", sort=False):
        figure.add_scatter(
            x=100 * rows["disagree"],
            y=100 * rows["difference"],
            name=plain(country),
            showlegend=False,
            mode="markers" if simulated else "markers+text",
            text=[plain(country)] * len(rows),
            textposition="top center",
            marker={"color": METHOD[method], "size": 9},
            hoverinfo="text",
            hovertext=[
                f"{plain(country)}: the global model is wrong on {percent(wrong)}, difference {points(ahead)} points"
                for wrong, ahead in zip(rows["disagree"], rows["difference"], strict=True)
            ],
        )
    figure.add_hline(y=0, line={"color": QUIET, "dash": "dash"})
    figure.update_xaxes(
        title="share of the country's training pairs<br>that the global model gets wrong, %",
        range=reach(100 * table["disagree"]),
    )
    figure.update_yaxes(title=f"accuracy of {named(method)}<br>minus that of {named(against)}, points")
    return finish(figure, simulated, height=430)
