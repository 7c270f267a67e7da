"""The look that all charts share: size, legend, the label of simulated data, marks, ticks. Knows no data.

Text on a figure must be readable on light and dark pages, and a name from a file must stay text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from scpo.charts.colours import INK, METHOD, ON_PAPER, PLACE, QUIET, SYMBOL, TEXT
from scpo.format import TOO_FEW, signed, span
from scpo.grouping import called
from scpo.methods import METHODS, named
from scpo.metrics.accuracy import MEAN

Values = Sequence | np.ndarray | pd.Series | pd.Index  # what plotly takes along an axis
SIMULATED = "Simulated data: nothing here is measured from real people"

LINES = tuple(
    PLACE[name] for name in ("blue", "orange", "green", "purple", "sky", "vermilion", "brown", "grey")
)  # one per line of a chart that has neither methods nor an order
DASHES = ("solid", "dash", "dot", "dashdot")
AXIS: dict[str, Any] = {"tickfont": {"color": TEXT}, "title": {"font": {"color": TEXT}}}
COLOUR = re.compile(r"(#0000\d\d)([0-9A-F]{2})?")
JUDGES = ("hexagram", "hourglass", "bowtie", "star-square", "star-triangle-up", "hexagon")  # brought from outside
EDGE = 0.75  # px: the line at the end of a band


def finish(figure: go.Figure, simulated: bool, height: int = 420) -> go.Figure:
    """Size, margins, legend, and the label of simulated data inside the figure."""
    figure.update_layout(
        height=height + 40 * simulated,
        margin={"l": 10, "r": 10, "t": 40 + 40 * simulated, "b": 10},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0},
        hoverlabel={"align": "left", "font": {"color": TEXT}},
        font={"color": TEXT},
    )
    figure.update_xaxes(AXIS)
    figure.update_yaxes(AXIS)
    if simulated:
        figure.update_layout(
            title={"text": SIMULATED, "font": {"size": 12, "weight": 400}, "x": 0, "y": 0.99, "yanchor": "top"}
        )
    return figure


def noted(figure: go.Figure, note: str) -> go.Figure:
    """Words above a figure, beside those that say that it is simulated."""
    if note:
        known = figure.layout.title.text
        text = f"<b>{note}</b>" + (f"<br>{known}" if known else "")
        height = figure.layout.height + 20
        figure.update_layout(  # the upper of two lines would stand above the figure's edge
            title={"text": text, "font": {"size": 12, "weight": 400}, "x": 0, "y": 1 - 18 / height, "yanchor": "top"},
            margin_t=figure.layout.margin.t + 20,
            height=height,
        )
    return figure


def on_paper(figure: go.Figure) -> go.Figure:
    """The figure on white, outside the app, with the colours that the browser puts in within it."""
    return go.Figure(_coloured(labelled(figure).update_layout(template="plotly_white").to_plotly_json()))


def labelled(figure: go.Figure) -> go.Figure:
    """The figure with the names of methods as people read them in its legend."""
    for trace in figure.data:
        if trace.name in METHODS:
            trace.name = named(trace.name)
    return figure


def _coloured(value: object) -> object:
    if isinstance(value, dict):
        return {name: _coloured(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_coloured(part) for part in value]
    if not isinstance(value, str) or not (place := COLOUR.fullmatch(value)):
        return value
    return ON_PAPER.get(place[1], place[1]) + (place[2] or "")


def band(colour: str) -> dict:
    """How the area of 95 % intervals around a line looks: pale, with edges that show."""
    return {
        "fill": "toself",
        "fillcolor": f"{colour}1F",
        "line": {"color": colour, "width": EDGE, "dash": "dot"},
        "mode": "lines",
        "showlegend": False,
        "hoverinfo": "skip",
    }


def plain(text: object) -> str:
    """A name in a figure: plotly reads some HTML, so that nothing of a name may look like a tag."""
    return html.escape(called(str(text)), quote=False)


def row_axis(
    figure: go.Figure, names: Sequence[str], notes: Sequence[str] | None = None, of_methods: bool = False
) -> None:
    """Rows of a chart by name, from the bottom, with a note under each; the mean stands out.

    The kind of the axis is said, since plotly guesses it from the first trace, which may be empty.
    of_methods   the names are those of methods, and shown as people read them; a country's name stays what it is
    """
    words = [named(name) if of_methods else name for name in names]
    shown = [f"<b>{MEAN}</b>" if name == MEAN else plain(name) for name in words]
    labels = [
        name + (f"<br>{note}" if note else "") for name, note in zip(shown, notes or [""] * len(shown), strict=True)
    ]
    figure.update_yaxes(
        type="category",
        tickmode="array",
        tickvals=list(names),
        ticktext=labels,
        categoryorder="array",
        categoryarray=list(names),
    )


def marker(method: str, size: int, among: Sequence[str] = ()) -> dict:
    """The mark of a method, the same in every chart; of a judge from outside by its place among those shown."""
    judges = [name for name in among if name not in METHOD]
    place = judges.index(method) if method in judges else 0
    colour, symbol = METHOD.get(method, TEXT), SYMBOL.get(method, JUDGES[place % len(JUDGES)])
    return {"color": colour, "symbol": symbol, "size": size, "line": {"width": 1.5, "color": colour}}


def spans(low: pd.Series, high: pd.Series) -> list[str]:
    """Intervals in words, for hover texts."""
    return [span(a, b, "no interval: too few") for a, b in zip(low.astype(float), high.astype(float), strict=True)]


def method_marks() -> dict[str, tuple[str, str]]:
    """Method -> colour and symbol."""
    return {method: (METHOD[method], SYMBOL[method]) for method in METHOD}


def whisker(value: Values, low: pd.Series, high: pd.Series, colour: str) -> dict:
    """The error bar of a 95 % interval around values, all in the unit of the axis."""
    return {"array": high - value, "arrayminus": value - low, "color": colour, "thickness": 1.5, "width": 0}


def dots(
    x: Values,
    y: Values,
    hover: str | Sequence[str],
    mark: dict,
    ends: tuple[pd.Series, pd.Series] | None = None,
    **more,
) -> dict:
    """A trace of marks in rows, with whiskers to the ends of their 95 % intervals, if there are any.

    x       values, in the unit of the axis; y: the row of each; hover: what each says; mark: the look
    ends    the lower and the upper ends, as series like x
    """
    trace = {"type": "scatter", "mode": "markers", "x": x, "y": y, "hovertext": hover, "hoverinfo": "text"}
    whiskers = {"error_x": whisker(x, ends[0], ends[1], mark["color"])} if ends else {}
    return {**trace, "marker": mark, **whiskers, **more}


def ring(colour: str, symbol: str) -> dict:
    """A mark with a line around it, so that a hollow one and a full one are of a size."""
    return {"color": colour, "symbol": symbol, "size": 11, "line": {"width": 2, "color": colour}}


def side_by_side(group: str) -> dict:
    """What a trace of marks needs to have a place of its own in each row; the layout says scattermode="group"."""
    return {"orientation": "h", "offsetgroup": group}


def cells(
    z: np.ndarray,
    x: Values,
    y: Values,
    text: Values | None,
    *,
    scale: list,
    ends: tuple[float, float],
    **more,
) -> dict:
    """A trace of a heat map with a number in each cell; without text, the cells are too many for numbers.

    ends    the values that have the first and the last colour of the scale
    """
    trace = {"type": "heatmap", "z": z, "x": x, "y": y, "colorscale": scale, "zmin": ends[0], "zmax": ends[1]}
    numbers = {"text": text, "texttemplate": None if text is None else "%{text}", "textfont": {"color": INK}}
    return {**trace, **numbers, **more}


def no_interval(figure: go.Figure, rows: pd.DataFrame) -> go.Figure:
    """Words above a figure none of whose rows has an interval (column low), where they lie on no row of it."""
    return noted(figure, TOO_FEW if len(rows) and rows["low"].isna().all() else "")


def rules(figure: go.Figure, lines: Iterable[tuple[str, float, float, str]], at: float | None = None) -> None:
    """Horizontal lines in rows of a chart: row, from, to, colour; and a dashed upright one at a value.

    Drawn in one go: plotly looks at all shapes again for each that is added.
    """
    shapes = [
        {
            "type": "line",
            "x0": x0,
            "x1": x1,
            "y0": row,
            "y1": row,
            "layer": "between",
            "line": {"color": colour, "width": 2},
        }
        for row, x0, x1, colour in lines
    ]
    if at is not None:
        shapes.append(dashed(at, QUIET))
    figure.update_layout(shapes=shapes)


def dashed(at: float, colour: str) -> dict:
    """A dashed line across a figure, from its foot to its head, at x = at."""
    line = {"color": colour, "dash": "dash", "width": 2}
    return {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "paper", "line": line}


def signed_texts(values: np.ndarray) -> np.ndarray:
    """Numbers with two digits and their sign, for a hover text: plotly's own format writes +0.00 and -0.00."""
    return np.vectorize(lambda value: signed(value, 2), otypes=[object])(values)


def log_ticks(low: float, high: float) -> dict:
    """Ticks of a log axis at 1, 2 and 5 of each power of ten, as whole numbers: 50, 100, 200, ..., 1,000."""
    powers = range(int(np.floor(np.log10(low))) - 1, int(np.ceil(np.log10(high))) + 1)
    ticks = [m * 10.0**p for p in powers for m in (1, 2, 5)]
    within = [t for t in ticks if low * 0.7 <= t <= high * 1.4]
    if len(within) < 3:  # the ends themselves, where few whole numbers lie between them
        within = sorted({round(low), *within, round(high)} - {0})
    return {"type": "log", "tickmode": "array", "tickvals": within, "ticktext": [f"{t:,.10g}" for t in within]}


def reach(values: Iterable[float], *, beside: float = 0.05) -> list[float]:
    """A range of an axis around numbers, with room beside them; shapes do not stretch an axis by themselves."""
    known = [v for v in values if np.isfinite(v)] or [0.0, 1.0]
    room = beside * max(max(known) - min(known), 1.0)
    return [min(known) - room, max(known) + room]
