"""A class as one more population: which model predicts its choices, and where its own head turns."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from scpo.charts.colours import PLACE, QUIET, TEXT
from scpo.charts.style import band, dots, finish, no_interval, plain, ring, row_axis, rules, spans
from scpo.format import percent, signed
from scpo.table_rows import rows_of

LABELS = {"global": "global model", "class": "the class's own head"}
LARGE = 16  # px of the type, which a projector shows
HIGHLIGHTED = 3  # countries whose line has a colour
COLOURS = (PLACE["blue"], PLACE["orange"], PLACE["green"])


def served_chart(served: pd.DataFrame, simulated: bool) -> go.Figure:
    """A row per model, the best first: the share of the class's choices that it is right about, with its interval.

    served   `ClassPopulation.served`
    """
    rows = served.sort_values("accuracy", ascending=False, kind="stable").iloc[::-1].reset_index(drop=True)
    figure = go.Figure()
    kinds = (("global", "circle-open", TEXT), ("class", "star", PLACE["orange"]), ("", "circle", PLACE["blue"]))
    for kind, symbol, colour in kinds:
        part = rows[rows["model"] == kind] if kind else rows[~rows["model"].isin(LABELS)]
        hover = [
            f"{plain(LABELS.get(r.model, r.model))}: {percent(r.accuracy)}<br>{interval}"
            for r, interval in zip(rows_of(part), spans(part["low"], part["high"]), strict=True)
        ]
        mark = ring(colour, symbol) | {"size": 13}
        ends = (100 * part["low"].astype(float), 100 * part["high"].astype(float))
        figure.add_trace(dots(100 * part["accuracy"], part["model"], hover, mark, ends, showlegend=False))
    row_axis(figure, list(rows["model"]))
    figure.update_yaxes(ticktext=[plain(LABELS.get(model, model)) for model in rows["model"]])
    figure.update_xaxes(title_text="choices of the class that the model is right about, %")
    rules(figure, [], at=50)
    return no_interval(_large(finish(figure, simulated, 120 + 34 * len(rows))), rows)


def path_chart(path: pd.DataFrame, simulated: bool) -> go.Figure:
    """Similarity of the class's shift with each country's as voters come in, the nearest in colour with its interval.

    path   `ClassPopulation.path`
    """
    last = path[path["voters"] == path["voters"].max()].sort_values("similarity", ascending=False)
    coloured = dict(zip(last["country"].iloc[:HIGHLIGHTED], COLOURS, strict=False))
    figure = go.Figure()
    for country in reversed(list(last["country"])):
        rows = path[(path["country"] == country) & path["similarity"].notna()]
        colour = coloured.get(country, QUIET)
        known = rows[rows["low"].notna()]
        if country == last["country"].iloc[0] and len(known):
            x = [*known["voters"], *known["voters"][::-1]]
            figure.add_trace({"type": "scatter", "x": x, "y": [*known["high"], *known["low"][::-1]], **band(colour)})
        hover = [f"{plain(country)}: {signed(r.similarity, 2)} after {r.voters} voters" for r in rows_of(rows)]
        line = {"type": "scatter", "mode": "lines+markers", "x": rows["voters"], "y": rows["similarity"]}
        look = {"line": {"color": colour, "width": 2}, "marker": {"color": colour, "size": 6}, "name": plain(country)}
        figure.add_trace({**line, **look, "hovertext": hover, "hoverinfo": "text", "showlegend": country in coloured})
    figure.update_xaxes(title_text="voters", rangemode="tozero")
    figure.update_yaxes(title_text="turned like the country: 1, against it: -1", range=[-1.05, 1.05])
    figure.update_layout(legend_traceorder="reversed")
    return _large(finish(figure, simulated, 420))


def _large(figure: go.Figure) -> go.Figure:
    """The same figure in larger type."""
    for axes in (figure.update_xaxes, figure.update_yaxes):
        axes(tickfont_size=LARGE, title_font_size=LARGE)
    return figure.update_layout(legend_font_size=LARGE)
