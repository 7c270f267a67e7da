"""Charts of what a country's model likes: its taste beside the planted one, and the words that it rewards.

Each a function from a tidy frame to a plotly figure. Knows nothing of Streamlit or files.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from scpo.charts.colours import AROUND_ZERO, METHOD, PLACE, QUIET
from scpo.charts.style import cells, dots, finish, plain, reach, ring, row_axis, rules, signed_texts
from scpo.format import counted, fixed, signed
from scpo.steering.mixing import GLOBAL

PER_AXIS = ["axis", "planted", "learned", "low", "high", "error"]  # columns that a row per model has not
MOST_NUMBERS = 10  # columns, above which the numbers of a heat map no longer fit into its cells
WORDS_SHOWN = 12  # words shown at either end


def cosine_chart(table: pd.DataFrame, simulated: bool = True) -> go.Figure:
    """Cosine of learned and planted taste per country: the global model's, and the country's own, joined by a line.

    table   country, model, cosine, cosine_low, cosine_high, prompts, one row per country and model
    """
    order = list(table["country"].unique())[::-1]
    figure = go.Figure()
    wide = table.pivot(index="country", columns="model", values="cosine").loc[order]
    for model, name, colour, symbol in (
        (GLOBAL, "global model", METHOD["global"], "circle-open"),
        ("country", "steered", METHOD["scpo"], "circle"),
    ):
        rows = table[table["model"] == model].set_index("country").loc[order]
        hover = [
            f"{plain(c)}, {name}: cosine {fixed(v, 2)}<br>95 %: {fixed(a, 2)} to {fixed(b, 2)}, {counted(p, 'prompt')}"
            for c, v, a, b, p in zip(
                order, rows["cosine"], rows["cosine_low"], rows["cosine_high"], rows["prompts"], strict=True
            )
        ]
        ends = rows["cosine_low"], rows["cosine_high"]
        figure.add_trace(dots(rows["cosine"], order, hover, ring(colour, symbol), ends, name=name))
    row_axis(figure, order)
    rules(figure, zip(order, wide[GLOBAL], wide["country"], [QUIET] * len(order), strict=True))
    figure.update_xaxes(
        title="cosine with the planted taste<br>(line: 95 % interval)", range=reach([0, 1, *table["cosine_low"]])
    )
    return finish(figure, simulated, height=110 + 34 * len(order))


def axes_chart(table: pd.DataFrame, simulated: bool = True) -> go.Figure:
    """Planted and learned taste of one country per axis.

    table   model, axis, planted, learned, low, high of one country
    """
    own = table[table["model"] == "country"].iloc[::-1]
    usual = table[table["model"] == GLOBAL].iloc[::-1]
    order = list(own["axis"])
    figure = go.Figure()
    for name, rows, column, colour, symbol in (
        ("global model", usual, "learned", METHOD["global"], "circle-open"),
        ("steered, 95 %", own, "learned", METHOD["scpo"], "circle"),
        ("planted", own, "planted", PLACE["blue"], "diamond"),
    ):
        hover = [f"{axis}, {name}: {signed(v, 2)}" for axis, v in zip(order, rows[column], strict=True)]
        mark = ring(colour, symbol)
        ends = (rows["low"], rows["high"]) if symbol == "circle" else None
        figure.add_trace(dots(rows[column], order, hover, mark, ends, name=name))
    row_axis(figure, order)
    figure.add_vline(x=0, line={"color": QUIET, "dash": "dash", "width": 1})
    figure.update_xaxes(title="taste for more of it, in units of the planted taste")
    return finish(figure, simulated, height=110 + 30 * len(order))


def errors_chart(table: pd.DataFrame, simulated: bool = True) -> go.Figure:
    """Error of the learned taste per axis (rows) and country (columns): learned minus planted."""
    wide = table[table["model"] == "country"].pivot(index="axis", columns="country", values="error")
    wide = wide.loc[table["axis"].unique()[::-1], table["country"].unique()]
    z, top = wide.to_numpy(), float(np.abs(wide.to_numpy()).max()) or 1.0
    fits = wide.shape[1] <= MOST_NUMBERS
    figure = go.Figure(
        cells(
            z,
            [plain(c) for c in wide.columns],
            list(wide.index),
            [[signed(v) for v in row] for row in z] if fits else None,
            scale=AROUND_ZERO,
            ends=(-top, top),
            xgap=1,
            ygap=1,
            textfont_size=12,
            showscale=not fits,
            customdata=signed_texts(z),
            hovertemplate="%{y} in %{x}: %{customdata}<extra></extra>",
            hoverongaps=False,
        )
    )
    figure.update_yaxes(type="category")
    return finish(figure, simulated, height=110 + 30 * len(wide))


def words_chart(table: pd.DataFrame, country: str, simulated: bool) -> go.Figure:
    """The words and features with the largest effects either way, with intervals and the number of texts.

    table   term, effect, low, high, texts, the largest effect first
    """
    most = [table[table["effect"] > 0].head(WORDS_SHOWN), table[table["effect"] < 0].tail(WORDS_SHOWN)]
    rows = pd.concat(most).iloc[::-1]
    figure = go.Figure()
    hover = [
        f"{plain(t)}: {signed(e, 2)}<br>95 %: {signed(a, 2)} to {signed(b, 2)}<br>{counted(n, 'text')}"
        for t, e, a, b, n in zip(rows["term"], rows["effect"], rows["low"], rows["high"], rows["texts"], strict=True)
    ]
    names, ends = list(rows["term"]), (rows["low"], rows["high"])
    mark = {"color": METHOD["scpo"], "size": 9}
    figure.add_trace(dots(rows["effect"], names, hover, mark, ends, showlegend=False))
    row_axis(figure, names)
    labels = [f"{plain(t)} (n = {n:,})" for t, n in zip(rows["term"], rows["texts"], strict=True)]
    figure.update_yaxes(ticktext=labels)
    figure.add_vline(x=0, line={"color": QUIET, "dash": "dash", "width": 1})
    figure.update_xaxes(title=f"reward in {plain(country)} minus global<br>(line: 95 % interval, all words at once)")
    return finish(figure, simulated, height=110 + 24 * max(len(rows), 4))
