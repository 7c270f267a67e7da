"""Charts: each a function from a tidy frame to a plotly figure. Knows nothing of Streamlit or files.

Accuracies come in 0..1 and are drawn in percent. Every point's hover text has its n and interval,
and a figure of simulated data says so inside itself, so that an exported picture does too. Charts of
results lie in files of their own and are named here too.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from scpo.selection import p_global, pair_weights
from scpo.shown import counted, points
from scpo.ui.bias_charts import plane_chart, spread_chart, transfer_chart
from scpo.ui.colours import DROPPED, KEPT, PLACE, QUIET, SYMBOL
from scpo.ui.figure import DASHES, LINES, MEAN, SIMULATED, finish, noted, plain, span
from scpo.ui.people_charts import alignment_chart, groups_chart, per_pair_chart, variance_chart
from scpo.ui.result_charts import accuracy_chart, curve_chart, difference_chart, ratio_chart, seeds_chart
from scpo.ui.world_map import world_map

__all__ = [
    "DASHES", "LINES", "MEAN", "SIMULATED", "accuracy_chart", "alignment_chart", "country_bars", "curve_chart",
    "delta_chart", "difference_chart", "groups_chart", "growing_chart", "method_picture", "per_pair_chart", "plain",
    "plane_chart", "ratio_chart", "seeds_chart", "spread_chart", "transfer_chart", "variance_chart", "world_map",
]  # fmt: skip


def method_picture(tau: float, beta: float) -> go.Figure:
    """What the filter and the weight do to a pair, over the global model's margin."""
    margin = np.linspace(-5, 3, 321)
    cut = float(np.log(tau / (1 - tau))) if tau < 1 else 3.0
    figure = go.Figure()
    figure.add_vrect(x0=cut, x1=3, fillcolor=f"{DROPPED}2E", line_width=0)
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
    return finish(figure, simulated=False, height=340)


def country_bars(counts: pd.DataFrame, simulated: bool) -> go.Figure:
    """Pairs per country and split, as bars; for worlds that are on no map."""
    rows = counts.iloc[::-1]
    figure = go.Figure()
    for split, colour in (("train", PLACE["blue"]), ("validation", PLACE["orange"]), ("test", PLACE["green"])):
        figure.add_bar(
            x=rows[split], y=rows["country"], name=split, orientation="h", marker_color=colour,
            hovertemplate="%{y}, " + split + ": %{x} pairs<extra></extra>",
        )  # fmt: skip
    figure.update_layout(barmode="stack")
    figure.update_xaxes(title="preference pairs")
    return finish(figure, simulated, height=80 + 34 * len(rows))


def growing_chart(table: pd.DataFrame, steps: int, note: str, simulated: bool) -> go.Figure:
    """Test accuracy over training steps, one line per country, as far as a run has come.

    table   step, country, accuracy of one method
    steps   how far the axis goes; that of the whole training shows how much is still to come
    note    stands above the figure, such as that the run is partial; may be empty
    """
    wide = table.pivot(index="step", columns="country", values="accuracy")[list(table["country"].unique())]
    many = wide.shape[1] > len(LINES)
    figure = go.Figure()
    for at, country in enumerate(wide):
        line = {"color": QUIET if many else LINES[at % len(LINES)], "width": 1 if many else 2,
                "dash": "solid" if many else DASHES[at % len(DASHES)]}  # fmt: skip
        name = plain(country)
        figure.add_scatter(
            x=wide.index, y=100 * wide[country], name=name, mode="lines+markers", line=line, marker={"size": 5},
            showlegend=not many,
            hovertemplate=f"{name}, step %{{x:,}}: %{{y:.1f}} %<extra></extra>",
        )  # fmt: skip
    figure.add_scatter(
        x=wide.index, y=100 * wide.mean(axis=1), name=f"mean of {wide.shape[1]}", mode="lines+markers",
        line={"color": PLACE["vermilion"] if many else QUIET, "width": 4}, marker={"size": 7},
        hovertemplate="mean, step %{x:,}: %{y:.1f} %<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title="training steps", range=[-0.02 * steps, 1.02 * steps])
    figure.update_yaxes(title="accuracy on test pairs, %")
    return noted(finish(figure, simulated, height=400), note)


def delta_chart(table: pd.DataFrame, base: str, order: list[str], note: str, simulated: bool) -> go.Figure:
    """Difference in accuracy to one run, per country, with 95 % intervals; one marker per other run.

    table   run, country, delta, low, high (shares; NaN where there is no interval), n, units
    base    the run that the others are compared to, at 0; order: the countries, from the top
    """
    figure = go.Figure()
    for at, run in enumerate(table["run"].unique()):
        rows = table[table["run"] == run].set_index("country").reindex(order[::-1])
        hover = [f"{plain(country)}, {plain(run)}: {points(delta)} points<br>{span}<br>{counted(n, 'pair')}"
                 for country, delta, span, n in
                 zip(rows.index, rows["delta"], span(rows["low"], rows["high"]), rows["n"], strict=True)]  # fmt: skip
        colour = LINES[at % len(LINES)]
        figure.add_scatter(
            x=100 * rows["delta"], y=[plain(country) for country in rows.index], name=plain(run), mode="markers",
            orientation="h", offsetgroup=str(at),
            marker={"color": colour, "size": 10, "symbol": list(SYMBOL.values())[1 + at % 6]},
            error_x={"array": 100 * (rows["high"] - rows["delta"]), "arrayminus": 100 * (rows["delta"] - rows["low"]),
                     "color": colour, "thickness": 1.5, "width": 0},
            hovertext=hover, hoverinfo="text",
        )  # fmt: skip
    figure.add_vline(x=0, line={"color": QUIET, "dash": "dash"})
    figure.update_layout(scattermode="group", showlegend=True)
    figure.update_xaxes(title=f"accuracy minus that of {plain(base)}, points<br>(line: 95 % interval)")
    return noted(finish(figure, simulated, height=110 + len(order) * max(34, 18 * table["run"].nunique())), note)
