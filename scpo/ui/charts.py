"""Charts: each a function from a tidy frame to a plotly figure. Knows nothing of Streamlit or files.

Accuracies come in 0..1 and are drawn in percent. Every point's hover text has its n and interval,
and a figure of simulated data says so inside itself, so that an exported picture does too.
"""

from __future__ import annotations

import html

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from scpo.selection import p_global, pair_weights
from scpo.ui.colours import DROPPED, KEPT, METHOD, SEQUENCE, SYMBOL

SIMULATED = "Simulated data: nothing here is measured from real people"
MEAN = "mean"
LINES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C6D31", "#7F8A96")  # one per country
DASHES = ("solid", "dash", "dot", "dashdot")


def _finish(figure: go.Figure, simulated: bool, height: int = 420) -> go.Figure:
    figure.update_layout(
        height=height + 40 * simulated, margin={"l": 10, "r": 10, "t": 40 + 40 * simulated, "b": 10},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0}, hoverlabel={"align": "left"},
    )  # fmt: skip
    if simulated:
        figure.update_layout(
            title={"text": SIMULATED, "font": {"size": 12, "weight": 400}, "x": 0, "y": 0.99, "yanchor": "top"}
        )
    return figure


def _marker(method: str, size: int) -> dict:
    colour = METHOD[method]
    return {"color": colour, "symbol": SYMBOL[method], "size": size, "line": {"width": 1.5, "color": colour}}


def _span(low: pd.Series, high: pd.Series) -> list[str]:
    return ["no interval: too few" if np.isnan(a) else f"95 %: {100 * a:.1f} to {100 * b:.1f}"
            for a, b in zip(low.astype(float), high.astype(float), strict=True)]  # fmt: skip


def method_picture(tau: float, beta: float) -> go.Figure:
    """What the filter and the weight do to a pair, over the global model's margin."""
    margin = np.linspace(-5, 3, 321)
    cut = float(np.log(tau / (1 - tau))) if tau < 1 else 3.0
    figure = go.Figure()
    figure.add_vrect(x0=cut, x1=3, fillcolor=DROPPED, opacity=0.18, line_width=0)
    figure.add_annotation(x=(cut + 3) / 2, y=0.5, text="dropped:<br>the global<br>model agrees", showarrow=False)
    for name, value, dash, colour in (
        ("probability the global model gives the choice", p_global(margin), "dot", DROPPED),
        ("weight of the pair in training", np.where(margin < cut, pair_weights(margin, beta), np.nan), "solid", KEPT),
    ):
        figure.add_scatter(
            x=margin, y=value, name=name, mode="lines", line={"dash": dash, "color": colour, "width": 3},
            hovertemplate="margin %{x:.2f}: %{y:.2f}<extra>" + name + "</extra>",
        )  # fmt: skip
    figure.update_xaxes(title="margin of the global model:<br>reward of the chosen minus of the rejected answer")
    figure.update_yaxes(title="probability, weight", range=[0, 1.05])
    return _finish(figure, simulated=False, height=340)


def accuracy_chart(table: pd.DataFrame, methods: list[str], unit: str, simulated: bool) -> go.Figure:
    """Accuracy per country and method at the largest budget, with 95 % intervals.

    table   the summary table `accuracy`
    """
    full = table[(table["subset"] == "full") & table["method"].isin(methods)]
    order = [c for c in full["country"].unique() if c != MEAN][::-1] + [MEAN]
    figure = go.Figure()
    for method in methods[::-1]:
        rows = full[full["method"] == method].set_index("country").reindex(order)
        hover = [
            f"{country}, {method}: {100 * value:.1f} %<br>{span}<br>{units} {unit}s, {n} pairs, {seeds} seed(s)"
            for country, value, span, units, n, seeds in zip(
                rows.index, rows["accuracy"], _span(rows["low"], rows["high"]), rows["units"], rows["n"], rows["seeds"],
                strict=True,
            )
        ]  # fmt: skip
        figure.add_scatter(
            x=100 * rows["accuracy"], y=rows.index, name=method, mode="markers", orientation="h", offsetgroup=method,
            marker=_marker(method, 10),
            error_x={
                "array": 100 * (rows["high"] - rows["accuracy"]), "arrayminus": 100 * (rows["accuracy"] - rows["low"]),
                "color": METHOD[method], "thickness": 1.5, "width": 0,
            },
            hovertext=hover, hoverinfo="text",
        )  # fmt: skip
    low, high = 100 * full["low"].fillna(full["accuracy"]).min(), 100 * full["high"].fillna(full["accuracy"]).max()
    figure.update_layout(scattermode="group", legend_traceorder="reversed", xaxis_range=[low - 2, high + 2])
    figure.update_xaxes(title="accuracy on the country's test pairs, %<br>(line: 95 % interval)")
    return _finish(figure, simulated, height=90 + len(order) * max(34, 14 * len(methods)))


def transfer_chart(table: pd.DataFrame, method: str, simulated: bool) -> go.Figure:
    """Heat map A[i, j]: accuracy of the model of country i (row) on the test pairs of country j (column)."""
    rows = table[table["method"] == method]
    wide = rows.pivot(index="model", columns="on", values="accuracy")
    size = rows.pivot(index="model", columns="on", values="n")
    order = list(dict.fromkeys(rows["model"]))
    others = [c for c in dict.fromkeys(rows["on"]) if c not in order]
    wide, size = (frame.reindex(index=order[::-1], columns=order + others) for frame in (wide, size))
    figure = go.Figure(go.Heatmap(
        z=100 * wide.to_numpy(), x=wide.columns, y=wide.index, colorscale=SEQUENCE, customdata=size.to_numpy(),
        texttemplate="%{z:.0f}", colorbar={"title": "%", "thickness": 12},
        hovertemplate="model of %{y} on pairs of %{x}: %{z:.1f} %<br>%{customdata} pairs<extra></extra>",
    ))  # fmt: skip
    figure.update_xaxes(title="test pairs of", tickangle=-40)
    figure.update_yaxes(title="model of")
    return _finish(figure, simulated, height=460)


def plane_chart(accuracy: pd.DataFrame, path: pd.DataFrame, methods: list[str], simulated: bool) -> go.Figure:
    """Consensus kept against distinct taste learned, mean over countries; lines show the way in training."""
    mean = accuracy[accuracy["country"] == MEAN].pivot(index="method", columns="subset", values="accuracy")
    figure = go.Figure()
    for method in [m for m in methods if m in mean.index]:
        told = "distinct %{x:.1f} %, consensus %{y:.1f} %<extra></extra>"
        way = path[(path["country"] == MEAN) & (path["method"] == method)]
        way = way.pivot(index="seen", columns="subset", values="accuracy").sort_index()
        if len(way) and method != "scratch":
            figure.add_scatter(
                x=100 * way["distinct"], y=100 * way["consensus"], mode="lines", showlegend=False, opacity=0.6,
                line={"color": METHOD[method], "width": 1.5}, customdata=way.index,
                hovertemplate=f"{method} after %{{customdata}} pairs: {told}",
            )  # fmt: skip
        figure.add_scatter(
            x=[100 * mean.loc[method, "distinct"]], y=[100 * mean.loc[method, "consensus"]], name=method,
            mode="markers",
            marker=_marker(method, 13),
            hovertemplate=f"{method}, chosen step: {told}",
        )  # fmt: skip
    figure.update_xaxes(title="distinct accuracy, %:<br>right where the global model is wrong")
    figure.update_yaxes(title="consensus retention, %:<br>right where it is right")
    return _finish(figure, simulated, height=460)


def curve_chart(table: pd.DataFrame, country: str, methods: list[str], reading: str, simulated: bool) -> go.Figure:
    """Accuracy over the number of training pairs, log axis, with 95 % bands.

    reading     `labelled`: pairs that were available; `trained`: pairs left after the filter
    """
    column = {"labelled": "pairs", "trained": "trained"}[reading]
    figure = go.Figure()
    rows = table[table["country"] == country]
    for method in methods:
        line = rows[rows["method"] == method].sort_values(column)
        if method == "global" and len(line):
            figure.add_hline(
                y=100 * line["accuracy"].iloc[0], line={"color": METHOD[method], "dash": "dash"},
                annotation_text="global model, no training", annotation_position="bottom right",
            )  # fmt: skip
        if not len(line) or line[column].max() <= 0:
            continue
        colour = METHOD[method]
        figure.add_scatter(
            x=[*line[column], *line[column][::-1]], y=100 * np.array([*line["high"], *line["low"][::-1]]),
            fill="toself", fillcolor=colour, opacity=0.13, line_width=0, mode="lines", showlegend=False,
            hoverinfo="skip",
        )  # fmt: skip
        hover = [f"{method}, {x:.0f} pairs: {100 * a:.1f} %<br>{span}<br>mean of {s} seed(s), n = {n} test pairs"
                 for x, a, span, s, n in zip(line[column], line["accuracy"], _span(line["low"], line["high"]),
                                             line["seeds"], line["n"], strict=True)]  # fmt: skip
        figure.add_scatter(
            x=line[column], y=100 * line["accuracy"], name=method, mode="lines+markers", hovertext=hover,
            hoverinfo="text", line={"color": colour, "width": 2.5}, marker={"symbol": SYMBOL[method], "size": 8},
        )  # fmt: skip
    words = {"labelled": "labelled pairs available", "trained": "pairs trained on, after the filter"}[reading]
    figure.update_xaxes(type="log", title=f"{words} (log axis)")
    figure.update_yaxes(title="accuracy, % (band: 95 %)")
    return _finish(figure, simulated, height=460)


def world_map(counts: pd.DataFrame) -> go.Figure:
    """Pairs per country on a world map; `counts` has country, iso3, pairs, units."""
    figure = go.Figure(go.Choropleth(
        locations=counts["iso3"], z=np.log10(counts["pairs"]), colorscale=SEQUENCE, marker_line_width=0.4,
        text=[f"{c}: {p} pairs, {u} people or questions" for c, p, u in
              zip(counts["country"], counts["pairs"], counts["units"], strict=True)],
        hovertemplate="%{text}<extra></extra>",
        colorbar={"title": "pairs", "tickvals": [0, 1, 2, 3, 4, 5], "thickness": 12,
                  "ticktext": ["1", "10", "100", "1,000", "10,000", "100,000"]},
    ))  # fmt: skip
    figure.update_geos(
        projection_type="natural earth", projection_rotation_lon=11, showframe=False, bgcolor="rgba(0,0,0,0)",
        showland=True, landcolor="rgba(127,138,150,0.25)", showcoastlines=False,
    )  # fmt: skip
    return _finish(figure, simulated=False, height=430)


def country_bars(counts: pd.DataFrame, simulated: bool) -> go.Figure:
    """Pairs per country and split, as bars; for worlds that are on no map."""
    rows = counts.iloc[::-1]
    figure = go.Figure()
    for split, colour in (("train", "#0072B2"), ("validation", "#E69F00"), ("test", "#009E73")):
        figure.add_bar(
            x=rows[split], y=rows["country"], name=split, orientation="h", marker_color=colour,
            hovertemplate="%{y}, " + split + ": %{x} pairs<extra></extra>",
        )  # fmt: skip
    figure.update_layout(barmode="stack")
    figure.update_xaxes(title="preference pairs")
    return _finish(figure, simulated, height=80 + 34 * len(rows))


def growing_chart(table: pd.DataFrame, steps: int, note: str, simulated: bool) -> go.Figure:
    """Test accuracy over training steps, one line per country, as far as a run has come.

    table   step, country, accuracy of one method
    steps   of the whole training: the axis shows how much is still to come
    note    stands above the figure, such as that the run is partial; may be empty
    """
    wide = table.pivot(index="step", columns="country", values="accuracy")[list(table["country"].unique())]
    many = wide.shape[1] > len(LINES)
    figure = go.Figure()
    for at, country in enumerate(wide):
        line = {"color": "#7F8A96" if many else LINES[at % len(LINES)], "width": 1 if many else 2,
                "dash": "solid" if many else DASHES[at % len(DASHES)]}  # fmt: skip
        name = plain(country)
        figure.add_scatter(
            x=wide.index, y=100 * wide[country], name=name, mode="lines+markers", line=line, marker={"size": 5},
            showlegend=not many, opacity=0.5 if many else 1.0,
            hovertemplate=f"{name}, step %{{x:,}}: %{{y:.1f}} %<extra></extra>",
        )  # fmt: skip
    figure.add_scatter(
        x=wide.index, y=100 * wide.mean(axis=1), name=f"mean of {wide.shape[1]}", mode="lines+markers",
        line={"color": "#D55E00" if many else "#7F8A96", "width": 4}, marker={"size": 7},
        hovertemplate="mean, step %{x:,}: %{y:.1f} %<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title="training steps", range=[-0.02 * steps, 1.02 * steps])
    figure.update_yaxes(title="accuracy on test pairs, %")
    return _noted(_finish(figure, simulated, height=400), note)


def delta_chart(table: pd.DataFrame, base: str, order: list[str], note: str, simulated: bool) -> go.Figure:
    """Difference in accuracy to one run, per country, with 95 % intervals; one marker per other run.

    table   run, country, delta, low, high (shares; NaN where there is no interval), n, units
    base    the run that the others are compared to, at 0; order: the countries, from the top
    """
    figure = go.Figure()
    for at, run in enumerate(table["run"].unique()):
        rows = table[table["run"] == run].set_index("country").reindex(order[::-1])
        hover = [f"{plain(country)}, {plain(run)}: {100 * delta:+.1f} points<br>{span}<br>{n:.0f} pairs"
                 for country, delta, span, n in
                 zip(rows.index, rows["delta"], _span(rows["low"], rows["high"]), rows["n"], strict=True)]  # fmt: skip
        colour = LINES[at % len(LINES)]
        figure.add_scatter(
            x=100 * rows["delta"], y=[plain(country) for country in rows.index], name=plain(run), mode="markers",
            orientation="h", offsetgroup=str(at),
            marker={"color": colour, "size": 10, "symbol": list(SYMBOL.values())[1 + at % 6]},
            error_x={"array": 100 * (rows["high"] - rows["delta"]), "arrayminus": 100 * (rows["delta"] - rows["low"]),
                     "color": colour, "thickness": 1.5, "width": 0},
            hovertext=hover, hoverinfo="text",
        )  # fmt: skip
    figure.add_vline(x=0, line={"color": "#7F8A96", "dash": "dash"})
    figure.update_layout(scattermode="group", showlegend=True)
    figure.update_xaxes(title=f"accuracy minus that of {plain(base)}, points<br>(line: 95 % interval)")
    return _noted(_finish(figure, simulated, height=110 + len(order) * max(34, 18 * table["run"].nunique())), note)


def plain(text: str) -> str:
    """A name in a figure: plotly reads some HTML, so that nothing of a name may look like a tag."""
    return html.escape(str(text), quote=False)


def _noted(figure: go.Figure, note: str) -> go.Figure:
    """Words above a figure, beside those that say that it is simulated."""
    if note:
        known = figure.layout.title.text
        text = f"<b>{note}</b>" + (f"<br>{known}" if known else "")
        figure.update_layout(
            title={"text": text, "font": {"size": 12, "weight": 400}, "x": 0, "y": 0.99, "yanchor": "top"},
            margin_t=figure.layout.margin.t + 30, height=figure.layout.height + 30,
        )  # fmt: skip
    return figure
