"""Charts of runs: accuracy that grows while one watches, and two runs compared."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from scpo.charts.colours import PLACE, QUIET, SYMBOL, TEXT
from scpo.charts.style import DASHES, LINES, finish, noted, plain, spans
from scpo.format import counted, fixed, points
from scpo.methods import named
from scpo.metrics.frontier import CHOSEN


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
        line = {
            "color": QUIET if many else LINES[at % len(LINES)],
            "width": 1 if many else 2,
            "dash": "solid" if many else DASHES[at % len(DASHES)],
        }
        name = plain(country)
        figure.add_scatter(
            x=wide.index,
            y=100 * wide[country],
            name=name,
            mode="lines+markers",
            line=line,
            marker={"size": 5},
            showlegend=not many,
            hovertemplate=f"{name}, step %{{x:,}}: %{{y:.1f}} %<extra></extra>",
        )
    figure.add_scatter(
        x=wide.index,
        y=100 * wide.mean(axis=1),
        name=f"mean of {wide.shape[1]}",
        mode="lines+markers",
        line={"color": PLACE["vermilion"] if many else QUIET, "width": 4},
        marker={"size": 7},
        hovertemplate="mean, step %{x:,}: %{y:.1f} %<extra></extra>",
    )
    figure.update_xaxes(title="training steps", range=[-0.02 * steps, 1.02 * steps])
    figure.update_yaxes(title="accuracy on test pairs, %")
    return noted(finish(figure, simulated, height=400), note)


def delta_chart(
    table: pd.DataFrame, base: str, order: list[str], note: str, simulated: bool, what: str = "accuracy"
) -> go.Figure:
    """Difference in accuracy to one run, per country, with 95 % intervals; one marker per other run.

    table   run, country, delta, low, high (shares; NaN where there is no interval), n, units
    base    the run that the others are compared to, at 0; order: the countries, from the top
    """
    figure = go.Figure()
    for at, run in enumerate(table["run"].unique()):
        rows = table[table["run"] == run].set_index("country").reindex(order[::-1])
        hover = [
            f"{plain(country)}, {plain(run)}: {points(delta)} points<br>{span}<br>{counted(n, 'pair')}"
            for country, delta, span, n in zip(
                rows.index, rows["delta"], spans(rows["low"], rows["high"]), rows["n"], strict=True
            )
        ]
        colour = LINES[at % len(LINES)]
        figure.add_scatter(
            x=100 * rows["delta"],
            y=[plain(country) for country in rows.index],
            name=plain(run),
            mode="markers",
            orientation="h",
            offsetgroup=str(at),
            marker={"color": colour, "size": 10, "symbol": list(SYMBOL.values())[1 + at % 6]},
            error_x={
                "array": 100 * (rows["high"] - rows["delta"]),
                "arrayminus": 100 * (rows["delta"] - rows["low"]),
                "color": colour,
                "thickness": 1.5,
                "width": 0,
            },
            hovertext=hover,
            hoverinfo="text",
        )
    figure.add_vline(x=0, line={"color": QUIET, "dash": "dash"})
    figure.update_layout(scattermode="group", showlegend=True)
    figure.update_xaxes(title=f"{what} minus that of {plain(base)}, points<br>(line: 95 % interval)")
    return noted(finish(figure, simulated, height=110 + len(order) * max(34, 18 * table["run"].nunique())), note)


def frontiers_chart(table: pd.DataFrame, simulated: bool) -> go.Figure:
    """Accuracy against consensus kept at every step of one method, a curve per run; its own step, 1, is marked.

    table   run, step, accuracy, consensus; shares
    """
    figure = go.Figure()
    for at, (run, rows) in enumerate(table.astype({"accuracy": float, "consensus": float}).groupby("run", sort=False)):
        rows, colour = rows.sort_values("step"), LINES[at % len(LINES)]
        figure.add_scatter(
            x=100 * rows["consensus"],
            y=100 * rows["accuracy"],
            name=plain(run),
            mode="lines+markers",
            line={"color": colour, "width": 2, "dash": DASHES[at % len(DASHES)]},
            marker={"color": colour, "size": [11 if step == CHOSEN else 0 for step in rows["step"]], "opacity": 1},
            hovertext=[f"{plain(run)}, step {fixed(step, 2)}" for step in rows["step"]],
            hovertemplate="%{hovertext}<br>keeps %{x:.1f} %, right on %{y:.1f} %<extra></extra>",
        )
    figure.update_layout(showlegend=True)
    figure.update_xaxes(title="consensus kept, %")
    figure.update_yaxes(title="right on all test pairs, %")
    return finish(figure, simulated, height=380)


def balance_chart(table: pd.DataFrame, method: str, simulated: bool) -> go.Figure:
    """What each method keeps against what it learns, the mean over countries, in each run; up and right is better.

    table   run, method, `consensus kept`, `right where global is wrong`; shares
    """
    figure = go.Figure()
    for at, (run, rows) in enumerate(table.groupby("run", sort=False)):
        colour = LINES[at % len(LINES)]
        figure.add_scatter(
            x=100 * rows["right where global is wrong"],
            y=100 * rows["consensus kept"],
            name=plain(run),
            mode="markers+text",
            text=[named(m) if m == method else "" for m in rows["method"]],
            textposition="top center",
            textfont={"color": TEXT},
            marker={"color": colour, "symbol": [SYMBOL[m] for m in rows["method"]], "size": 11},
            hovertext=[f"{named(m)}, {plain(run)}" for m in rows["method"]],
            hovertemplate="%{hovertext}<br>keeps %{y:.1f} %, learns %{x:.1f} %<extra></extra>",
        )
    figure.update_layout(showlegend=True)
    figure.update_xaxes(title="right where the global model is wrong, %")
    figure.update_yaxes(title="consensus kept, %")
    figure.add_annotation(text="better ↗", x=1, y=1, xref="paper", yref="paper", showarrow=False, font={"color": TEXT})
    return finish(figure, simulated, height=380)
