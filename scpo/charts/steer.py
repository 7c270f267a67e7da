"""Charts of the Steer page's answers, strengths and mixtures: each from a tidy frame to a plotly figure.

Knows nothing of Streamlit or files. Accuracies come in 0..1 and are drawn in percent.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from scpo.charts.colours import AROUND_ZERO, PLACE, QUIET, SEQUENCE, TEXT
from scpo.charts.style import MEAN, band, cells, dots, finish, plain, row_axis, side_by_side, signed_texts, spans
from scpo.format import counted, percent, signed
from scpo.grouping import worded
from scpo.steering.mixing import GLOBAL
from scpo.text.measures import which_pairs

KINDS = {  # subset -> colour, symbol, dash: no two differ in colour alone
    "full": (PLACE["blue"], "circle", "solid"),
    "distinct": (PLACE["vermilion"], "diamond", "dash"),
    "consensus": (PLACE["green"], "square", "dot"),
}


def answers_chart(table: pd.DataFrame, simulated: bool, unlike: Sequence[str] = ()) -> go.Figure:
    """Rank and reward of each answer (columns) by each model (rows, the global one on top).

    table    model, answer, reward, rank, agree, seeds
    unlike   letters of answers that are unlike the run's data, which is said at their column
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
        cells(
            reward,
            [f"answer {a}<br>unlike the data" if a in unlike else f"answer {a}" for a in letters],
            [_name(m) for m in models[::-1]],
            text,
            scale=AROUND_ZERO,
            ends=(-top, top),
            xgap=2,
            ygap=2,
            textfont_size=13,
            customdata=np.stack([rank, agree, seeds, signed_texts(reward)], axis=-1),
            showscale=False,
            hoverongaps=False,
            hovertemplate="%{y}, %{x}: rank %{customdata[0]}, in %{customdata[1]} of %{customdata[2]} seeds<br>"
            "%{customdata[3]} against the mean of these answers<extra></extra>",
        )
    )
    figure.update_xaxes(side="top", showgrid=False)
    figure.update_yaxes(type="category")
    finish(figure, simulated, height=70 + 46 * len(models))
    return figure.update_layout(margin_t=50 + 30 * simulated + 20 * bool(unlike))


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
            figure,
            rows["alpha"],
            rows,
            f"{which_pairs(subset)} (n = {rows['n'].iloc[0]:,.0f})",
            colour,
            dash,
            "α = %{x:.2f}",
        )
    figure.add_vline(x=1, line={"color": QUIET, "dash": "dash", "width": 1})
    figure.add_vline(x=alpha, line={"color": QUIET, "width": 3})
    figure.update_xaxes(
        title=worded("strength α (0: global model, 1: the country's own;<br>thick line: chosen)"), range=[-0.02, 1.52]
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
        customdata=spans(rows["low"], rows["high"]),
        hovertemplate=f"{name}, {where}: %{{y:.1f}} %<br>%{{customdata}}<extra></extra>",
    )


def countries_chart(table: pd.DataFrame, unit: str, simulated: bool) -> go.Figure:
    """Accuracy per country and kind of pair of one setting, with 95 % intervals.

    table   country, subset, accuracy, low, high, n, units
    """
    order = list(table["country"].unique())[::-1]
    figure = go.Figure()
    notes: list[str] = []
    for at, (subset, (colour, symbol, _)) in enumerate(KINDS.items()):
        rows = table[table["subset"] == subset].set_index("country").loc[order]
        hover = [
            f"{plain(c)}, {which_pairs(subset)}: {percent(a)}<br>{s}<br>{counted(n, 'pair')} of {counted(u, unit)}"
            for c, a, s, n, u in zip(
                order, rows["accuracy"], spans(rows["low"], rows["high"]), rows["n"], rows["units"], strict=True
            )
        ]
        value, low, high = (100 * rows[c] for c in ("accuracy", "low", "high"))
        mark, more = {"color": colour, "symbol": symbol, "size": 10}, {"name": which_pairs(subset)}
        figure.add_trace(dots(value, order, hover, mark, (low, high), **more, **side_by_side(str(at))))
        notes = [f"n = {n:,.0f}" for n in rows["n"]] if subset == "full" else notes
    row_axis(figure, order, notes)
    figure.update_layout(scattermode="group", showlegend=True)
    figure.update_xaxes(title="accuracy on test pairs, %<br>(line: 95 % interval; n: all test pairs)", range=[-2, 102])
    return finish(figure, simulated, height=110 + 46 * len(order))


def shares_chart(
    table: pd.DataFrame, share: np.ndarray, pair: Sequence[str], chosen: float, subset: str, simulated: bool
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
    figure.update_yaxes(title=f"accuracy on test pairs: {which_pairs(subset).lower()}, %")
    return finish(figure, simulated, height=400)


def triangle_chart(
    table: pd.DataFrame, grid: np.ndarray, corners: Sequence[str], chosen: np.ndarray, where: str, simulated: bool
) -> go.Figure:
    """Accuracy of every mixture of three countries, as the colour of a point in a triangle.

    table   accuracy, low, high, n, one row per point, in the order of `grid` (points, 3)
    """
    names = [plain(c) for c in corners]
    words = [", ".join(f"{c} {100 * s:.0f} %" for c, s in zip(names, point, strict=True)) for point in grid]
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
                "colorbar": {"title": {"text": "%"}, "thickness": 12, "x": 1.12},  # beside the corner's name
            },
            hovertext=[
                f"{w}<br>{plain(where)}: {percent(a)}<br>{s}"
                for w, a, s in zip(words, table["accuracy"], spans(table["low"], table["high"]), strict=True)
            ],
            hoverinfo="text",
        )
    )
    figure.add_traces(_ring(chosen))
    figure.update_layout(ternary={"bgcolor": "rgba(0,0,0,0)", "sum": 1, **_sides(names)})
    finish(figure, simulated, height=430)
    return figure.update_layout(margin={"l": 40, "r": 10, "b": 50, "t": 60 + 30 * simulated})


def _ring(chosen: np.ndarray) -> list[go.Scatterternary]:
    """A ring around the chosen point, white on black, so that it shows on every colour."""
    return [
        go.Scatterternary(
            a=[chosen[0]],
            b=[chosen[1]],
            c=[chosen[2]],
            mode="markers",
            hoverinfo="skip",
            showlegend=False,
            marker={"size": 26, "symbol": "circle-open", "line": {"width": width}, "color": colour},
            cliponaxis=False,
        )
        for width, colour in ((5, "#000000"), (2, "#FFFFFF"))
    ]


def _sides(names: Sequence[str]) -> dict:
    """The axes of a triangle: bare, with a name at both lower corners; at the top it would lie on the point there."""
    bare = {"showticklabels": False, "showgrid": False, "linecolor": QUIET}
    titles = ("", f"<b>{names[1]}</b>", f"<b>{names[2]}</b>")
    return {
        f"{letter}axis": {"title": {"text": title, "font": {"color": TEXT}}, **bare}
        for letter, title in zip("abc", titles, strict=True)
    }


def of_mean(country: str) -> str:
    """A country in a heading, or the mean over countries."""
    return worded("mean over countries") if country == MEAN else country
