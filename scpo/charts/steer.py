"""Charts of the Steer page: each a function from a tidy frame to a plotly figure.

Knows nothing of Streamlit or files. Accuracies come in 0..1 and are drawn in percent.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from scpo.charts.colours import AROUND_ZERO, INK, METHOD, PLACE, QUIET, SEQUENCE, TEXT
from scpo.charts.style import MEAN, band, finish, plain, reach, row_axis, span, whisker
from scpo.format import counted, fixed, percent, signed
from scpo.steering.mixing import GLOBAL

KINDS = {  # subset -> colour, symbol, dash: no two differ in colour alone
    "full": (PLACE["blue"], "circle", "solid"),
    "distinct": (PLACE["vermilion"], "diamond", "dash"),
    "consensus": (PLACE["green"], "square", "dot"),
}
MOST_NUMBERS = 10  # columns, above which the numbers of a heat map no longer fit into its cells
WORDS_SHOWN = 12  # words shown at either end


def answers_chart(table: pd.DataFrame, simulated: bool) -> go.Figure:
    """Rank and reward of each answer (columns) by each model (rows, the global one on top).

    table   model, answer, reward, rank, agree, seeds
    """
    models, letters = list(table["model"].unique()), list(table["answer"].unique())
    shape = (len(models), len(letters))
    reward, rank, agree, seeds = (
        table[c].to_numpy().reshape(shape)[::-1] for c in ("reward", "rank", "agree", "seeds")
    )
    usual = rank[-1]
    moved = np.where(rank < usual, " ▲", np.where(rank > usual, " ▼", ""))
    text = [
        [f"<b>{r}{m}</b><br>{signed(v, 2)}" for r, m, v in zip(*row, strict=True)]
        for row in zip(rank, moved, reward, strict=True)
    ]
    top = float(np.abs(reward).max()) or 1.0
    figure = go.Figure(
        go.Heatmap(
            z=reward,
            x=[f"answer {a}" for a in letters],
            y=[_name(m) for m in models[::-1]],
            colorscale=AROUND_ZERO,
            zmin=-top,
            zmax=top,
            xgap=2,
            ygap=2,
            text=text,
            texttemplate="%{text}",
            textfont={"color": INK, "size": 13},
            customdata=np.stack([rank, agree, seeds, _signed(reward)], axis=-1),
            showscale=False,
            hoverongaps=False,
            hovertemplate="%{y}, %{x}: rank %{customdata[0]}, in %{customdata[1]} of %{customdata[2]} seeds<br>"
            "%{customdata[3]} against the mean of these answers<extra></extra>",
        )
    )
    figure.update_xaxes(side="top", showgrid=False)
    figure.update_yaxes(type="category")
    finish(figure, simulated, height=70 + 46 * len(models))
    return figure.update_layout(margin_t=50 + 30 * simulated)


def _signed(values: np.ndarray) -> np.ndarray:
    """Numbers with two digits and their sign, for a hover text: plotly's own format writes +0.00 and -0.00."""
    return np.vectorize(lambda value: signed(value, 2), otypes=[object])(values)


def _name(model: str) -> str:
    return "<b>global model</b>" if model == GLOBAL else plain(model)


def strength_chart(table: pd.DataFrame, alpha: float, simulated: bool) -> go.Figure:
    """Accuracy of one country's r_alpha over alpha, per kind of pair, with 95 % bands.

    table   alpha, subset, accuracy, low, high, n, units of one country, or of the mean
    """
    figure = go.Figure()
    for subset, (colour, _, dash) in KINDS.items():
        rows = table[table["subset"] == subset]
        _band(
            figure, rows["alpha"], rows, f"{subset} pairs (n = {rows['n'].iloc[0]:,.0f})", colour, dash, "α = %{x:.2f}"
        )
    figure.add_vline(x=1, line={"color": QUIET, "dash": "dash", "width": 1})
    figure.add_vline(x=alpha, line={"color": QUIET, "width": 3})
    figure.update_xaxes(
        title="strength α (0: global model, 1: the country's own;<br>thick line: chosen)", range=[-0.02, 1.52]
    )
    figure.update_yaxes(title="accuracy on test pairs, %", range=[-2, 102])
    return finish(figure, simulated, height=420)


def _band(figure: go.Figure, x: pd.Series, rows: pd.DataFrame, name: str, colour: str, dash: str, where: str) -> None:
    """A line with its 95 % band."""
    figure.add_scatter(
        x=np.concatenate([x, x[::-1]]), y=100 * np.concatenate([rows["low"], rows["high"][::-1]]), **band(colour)
    )
    figure.add_scatter(
        x=x,
        y=100 * rows["accuracy"],
        name=name,
        mode="lines",
        line={"color": colour, "dash": dash, "width": 3},
        customdata=span(rows["low"], rows["high"]),
        hovertemplate=f"{name}, {where}: %{{y:.1f}} %<br>%{{customdata}}<extra></extra>",
    )


def countries_chart(table: pd.DataFrame, unit: str, simulated: bool) -> go.Figure:
    """Accuracy per country and kind of pair of one setting, with 95 % intervals.

    table   country, subset, accuracy, low, high, n, units
    """
    order = list(table["country"].unique())[::-1]
    figure, notes = go.Figure(), []
    for at, (subset, (colour, symbol, _)) in enumerate(KINDS.items()):
        rows = table[table["subset"] == subset].set_index("country").loc[order]
        hover = [
            f"{plain(c)}, {subset}: {percent(a)}<br>{s}<br>{counted(n, 'pair')} of {counted(u, unit)}"
            for c, a, s, n, u in zip(
                order, rows["accuracy"], span(rows["low"], rows["high"]), rows["n"], rows["units"], strict=True
            )
        ]
        value, low, high = (100 * rows[c] for c in ("accuracy", "low", "high"))
        figure.add_scatter(
            x=value,
            y=order,
            name=f"{subset} pairs",
            mode="markers",
            orientation="h",
            offsetgroup=str(at),
            marker={"color": colour, "symbol": symbol, "size": 10},
            error_x=whisker(value, low, high, colour),
            hovertext=hover,
            hoverinfo="text",
        )
        notes = [f"n = {n:,.0f}" for n in rows["n"]] if subset == "full" else notes
    row_axis(figure, order, notes)
    figure.update_layout(scattermode="group", showlegend=True)
    figure.update_xaxes(title="accuracy on test pairs, %<br>(line: 95 % interval; n: all test pairs)", range=[-2, 102])
    return finish(figure, simulated, height=110 + 46 * len(order))


def shares_chart(
    table: pd.DataFrame, share: Sequence[float], pair: Sequence[str], chosen: float, subset: str, simulated: bool
) -> go.Figure:
    """Accuracy on the test pairs of two countries over the share of the second in the mixture.

    table   country, mixture (a place in `share`), accuracy, low, high, n of one subset
    """
    figure = go.Figure()
    for country, colour, dash in zip(pair, (PLACE["blue"], PLACE["vermilion"]), ("solid", "dash"), strict=True):
        rows = table[table["country"] == country]
        x = pd.Series(100 * np.asarray(share)[rows["mixture"].to_numpy()])
        name = f"test pairs of {plain(country)} (n = {rows['n'].iloc[0]:,.0f})"
        _band(figure, x, rows, name, colour, dash, f"{plain(pair[1])} %{{x:.0f}} %")
    figure.add_vline(x=100 * chosen, line={"color": QUIET, "width": 3})
    figure.update_xaxes(title=f"share of {plain(pair[1])}, the rest {plain(pair[0])}, %<br>(thick line: chosen)")
    figure.update_yaxes(title=f"accuracy on {subset} test pairs, %")
    return finish(figure, simulated, height=400)


def triangle_chart(
    table: pd.DataFrame, grid: np.ndarray, corners: Sequence[str], chosen: Sequence[float], where: str, simulated: bool
) -> go.Figure:
    """Accuracy of every mixture of three countries, as the colour of a point in a triangle.

    table   accuracy, low, high, n, one row per point, in the order of `grid` (points, 3)
    """
    names = [plain(c) for c in corners]
    words = [", ".join(f"{c} {100 * s:.0f} %" for c, s in zip(names, point, strict=True)) for point in grid]
    bare = {"showticklabels": False, "showgrid": False, "linecolor": QUIET}
    titles = ("", f"<b>{names[1]}</b>", f"<b>{names[2]}</b>")  # plotly's title at the top would lie on the point there
    axes = {
        f"{letter}axis": {"title": {"text": title, "font": {"color": TEXT}}, **bare}
        for letter, title in zip("abc", titles, strict=True)
    }
    figure = go.Figure(
        go.Scatterternary(
            a=grid[:, 0],
            b=grid[:, 1],
            c=grid[:, 2],
            mode="markers+text",
            showlegend=False,
            cliponaxis=False,
            text=[f"<b>{names[0]}</b>" if point[0] == 1 else "" for point in grid],
            textposition="top center",
            textfont={"color": TEXT, "size": 14},
            marker={
                "color": 100 * table["accuracy"],
                "colorscale": SEQUENCE,
                "size": 19,
                "symbol": "hexagon2",
                "colorbar": {"title": {"text": "%"}, "thickness": 12},
            },
            hovertext=[
                f"{w}<br>{plain(where)}: {percent(a)}<br>{s}"
                for w, a, s in zip(words, table["accuracy"], span(table["low"], table["high"]), strict=True)
            ],
            hoverinfo="text",
        )
    )
    for size, width, colour in ((26, 5, "#000000"), (26, 2, "#FFFFFF")):  # a ring that shows on every colour
        figure.add_scatterternary(
            a=[chosen[0]],
            b=[chosen[1]],
            c=[chosen[2]],
            mode="markers",
            hoverinfo="skip",
            showlegend=False,
            marker={"size": size, "symbol": "circle-open", "line": {"width": width}, "color": colour},
            cliponaxis=False,
        )
    figure.update_layout(ternary={"bgcolor": "rgba(0,0,0,0)", "sum": 1, **axes})
    finish(figure, simulated, height=430)
    return figure.update_layout(margin={"l": 40, "r": 10, "b": 50, "t": 60 + 30 * simulated})


PER_AXIS = ["axis", "planted", "learned", "low", "high", "error"]  # columns that a row per model has not


def cosine_chart(table: pd.DataFrame, simulated: bool = True) -> go.Figure:
    """Cosine of learned and planted taste per country: the global model's, and the country's own, joined by a line.

    table   country, model, cosine, cosine_low, cosine_high, prompts, one row per country and model
    """
    order = list(table["country"].unique())[::-1]
    figure = go.Figure()
    wide = table.pivot(index="country", columns="model", values="cosine").loc[order]
    for country, row in wide.iterrows():
        figure.add_scatter(
            x=row,
            y=[country, country],
            mode="lines",
            line={"color": QUIET, "width": 2},
            hoverinfo="skip",
            showlegend=False,
        )
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
        figure.add_scatter(
            x=rows["cosine"],
            y=order,
            name=name,
            mode="markers",
            hovertext=hover,
            hoverinfo="text",
            marker={"color": colour, "symbol": symbol, "size": 11, "line": {"width": 2, "color": colour}},
            error_x=whisker(rows["cosine"], rows["cosine_low"], rows["cosine_high"], colour),
        )
    row_axis(figure, order)
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
        error = whisker(rows["learned"], rows["low"], rows["high"], colour) if symbol == "circle" else None
        figure.add_scatter(
            x=rows[column],
            y=order,
            name=name,
            mode="markers",
            hovertext=hover,
            hoverinfo="text",
            error_x=error,
            marker={"color": colour, "symbol": symbol, "size": 11, "line": {"width": 2, "color": colour}},
        )
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
        go.Heatmap(
            z=z,
            x=[plain(c) for c in wide.columns],
            y=list(wide.index),
            colorscale=AROUND_ZERO,
            zmin=-top,
            zmax=top,
            xgap=1,
            ygap=1,
            text=[[signed(v) for v in row] for row in z] if fits else None,
            texttemplate="%{text}" if fits else None,
            textfont={"color": INK, "size": 12},
            showscale=not fits,
            customdata=_signed(z),
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
    ends = pd.concat([table[table["effect"] > 0].head(WORDS_SHOWN), table[table["effect"] < 0].tail(WORDS_SHOWN)])
    rows = ends.iloc[::-1]
    figure = go.Figure()
    hover = [
        f"{plain(t)}: {signed(e, 2)}<br>95 %: {signed(a, 2)} to {signed(b, 2)}<br>{counted(n, 'text')}"
        for t, e, a, b, n in zip(rows["term"], rows["effect"], rows["low"], rows["high"], rows["texts"], strict=True)
    ]
    figure.add_scatter(
        x=rows["effect"],
        y=list(rows["term"]),
        mode="markers",
        showlegend=False,
        hovertext=hover,
        hoverinfo="text",
        marker={"color": METHOD["scpo"], "size": 9},
        error_x=whisker(rows["effect"], rows["low"], rows["high"], METHOD["scpo"]),
    )
    row_axis(figure, list(rows["term"]))
    labels = [f"{plain(t)} (n = {n:,})" for t, n in zip(rows["term"], rows["texts"], strict=True)]
    figure.update_yaxes(ticktext=labels)
    figure.add_vline(x=0, line={"color": QUIET, "dash": "dash", "width": 1})
    figure.update_xaxes(title=f"reward in {plain(country)} minus global<br>(line: 95 % interval, all words at once)")
    return finish(figure, simulated, height=110 + 24 * max(len(rows), 4))


def of_mean(country: str) -> str:
    """A country in a heading, or the mean over countries."""
    return "mean over countries" if country == MEAN else country
