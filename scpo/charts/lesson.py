"""Charts of the lesson: each a function from what a step computed to a plotly figure.

The same look as every chart of the app, and the label of simulated data inside the figure.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from scpo.charts.colours import DROPPED, KEPT, METHOD, PLACE, QUIET, SYMBOL
from scpo.charts.style import DASHES, finish, log_ticks
from scpo.lesson.steps import Seen
from scpo.methods import named
from scpo.selection import pair_weights

OWN, AGAINST, CUT, CURVE = (PLACE[name] for name in ("green", "vermilion", "vermilion", "orange"))


def average_chart(seen: Seen) -> go.Figure:
    """What each population gets from the average taste, and would get from its own."""
    rows, loudest = seen.table.iloc[::-1], seen.facts["loudest"]
    names = [f"<b>{c}</b>" if c == loudest else c for c in rows["country"]]
    figure = go.Figure()
    between = np.stack([rows["average_taste"], rows["own_taste"], np.full(len(rows), np.nan)], axis=1).ravel()
    figure.add_scatter(
        x=100 * between,
        y=np.repeat(np.array(names, object), 3),
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
        line={"color": QUIET, "width": 2},
    )
    kinds = (("average taste", "average_taste", KEPT, "circle"), ("own taste", "own_taste", OWN, "diamond"))
    for name, column, colour, symbol in kinds:
        figure.add_scatter(
            x=100 * rows[column],
            y=names,
            name=name,
            mode="markers",
            customdata=rows["pairs"],
            marker={"color": colour, "symbol": symbol, "size": 12},
            hovertemplate=f"%{{y}}, {name}: %{{x:.1f}} % of %{{customdata:,}} pairs<extra></extra>",
        )
    figure.update_xaxes(title="pairs on which the taste prefers<br>what the person chose, %", range=[48, 95])
    return finish(figure, simulated=True, height=80 + 36 * len(rows))


def choice_chart(seen: Seen) -> go.Figure:
    """The probability of A over the difference of rewards: where the model stands, and where a step takes it."""
    table, facts = seen.table, seen.facts
    figure = go.Figure()
    figure.add_scatter(
        x=table["reward_difference"],
        y=100 * table["probability_of_A"],
        name="probability of A",
        mode="lines",
        line={"color": KEPT, "width": 3},
        hovertemplate="difference %{x:.1f}: %{y:.0f} %<extra></extra>",
    )
    spots = (
        ("now", facts["difference"], facts["p"], DROPPED, "circle"),
        (f"after a step: {facts['chosen']} was chosen", facts["after"], facts["p_after"], CUT, "diamond"),
    )
    for name, x, y, colour, symbol in spots:
        figure.add_scatter(
            x=[x],
            y=[y],
            name=name,
            mode="markers",
            marker={"color": colour, "size": 15, "symbol": symbol},
            hovertemplate=f"{name}<br>difference %{{x:.2f}}: A has %{{y:.1f}} %<extra></extra>",
        )
    figure.update_xaxes(title="reward of A minus reward of B", range=[-7, 7])
    figure.update_yaxes(title="probability that A is preferred, %", range=[-4, 104])
    return finish(figure, simulated=True, height=380)


def filter_chart(seen: Seen) -> go.Figure:
    """Pairs over the probability that the global model gives to the choice, cut at tau."""
    figure = _histogram(seen.table)
    tau = seen.facts["tau"]
    figure.add_vline(x=tau, line={"color": CUT, "dash": "dash", "width": 2})
    place = {"yref": "paper", "xanchor": "left", "yanchor": "top", "xshift": 4}
    figure.add_annotation(x=tau, y=1, text=f"τ = {tau:.2f}", showarrow=False, **place)
    figure.update_xaxes(title="probability that the global model<br>gives to the person's choice", range=[0, 1])
    return finish(figure, simulated=True, height=400)


def weight_chart(seen: Seen) -> go.Figure:
    """Pairs over the margin of the global model, with the weight of those that are kept."""
    table, tau = seen.table, seen.facts["tau"]
    figure = _histogram(table)
    margin = np.linspace(table["low"].iloc[0], np.log(tau / (1 - tau)), 200)
    figure.add_scatter(
        x=margin,
        y=pair_weights(margin, seen.facts["beta"]),
        yaxis="y2",
        mode="lines",
        name=f"weight, β = {seen.facts['beta']:g}",
        line={"color": CURVE, "width": 4},
        hovertemplate="margin %{x:.2f}: weight %{y:.2f}<extra></extra>",
    )
    figure.update_layout(
        yaxis2={
            "title": {"text": "weight"},
            "overlaying": "y",
            "side": "right",
            "range": [0, 1.1],
            "showgrid": False,
            "tickvals": [0, 0.5, 1],
        }
    )
    figure.update_xaxes(
        title="margin: reward of the chosen minus<br>of the rejected answer (outermost: all beyond)",
        range=[table["low"].iloc[0], table["high"].iloc[-1]],
    )
    return finish(figure, simulated=True, height=400)


def _histogram(table: pd.DataFrame) -> go.Figure:
    """Stacked bars: kept pairs in line with the country's own taste, kept ones against it, dropped ones."""
    figure = go.Figure()
    kinds = (
        ("kept", "kept_with_own_taste", KEPT, ""),
        ("kept, against the country's own taste", "kept_against_own_taste", AGAINST, "x"),
        ("dropped", "dropped", DROPPED, "/"),
    )
    for name, column, colour, pattern in kinds:
        figure.add_bar(
            x=(table["low"] + table["high"]) / 2,
            y=table[column],
            width=table["high"] - table["low"],
            name=name,
            marker={"color": colour, "line": {"width": 0}, "pattern": {"shape": pattern, "fillmode": "overlay"}},
            customdata=table[["low", "high"]],
            hovertemplate=f"%{{customdata[0]:.2f}} to %{{customdata[1]:.2f}}: %{{y:,}} pairs {name}<extra></extra>",
        )
    figure.update_layout(barmode="stack", bargap=0)
    figure.update_yaxes(title="training pairs")
    return figure


def collapse_chart(seen: Seen) -> go.Figure:
    """Both halves of the trade-off over training steps, one line per method: what is kept, what is learned."""
    facts = seen.facts
    figure = make_subplots(
        cols=2,
        shared_yaxes=True,
        horizontal_spacing=0.06,
    )
    for (name, rows), dash in zip(seen.table.groupby("method", sort=False), DASHES, strict=False):
        method = str(name)
        for col, (part, n) in enumerate((("consensus", "n_consensus"), ("distinct", "n_distinct")), 1):
            figure.add_scatter(
                row=1,
                col=col,
                x=rows["step"],
                y=100 * rows[part],
                name=method,
                showlegend=col == 1,
                mode="lines+markers",
                line={"color": METHOD[method], "width": 3, "dash": dash},
                marker={"symbol": SYMBOL[method], "size": 8},
                hovertemplate=f"{named(method)}, step %{{x:,}}: %{{y:.1f}} % of {facts[n]:,} pairs<extra></extra>",
            )
    figure.update_xaxes(**log_ticks(1, 300), range=[-0.05, np.log10(330)])
    figure.update_xaxes(title="training steps<br><b>kept</b>: global was right", col=1)
    figure.update_xaxes(title="training steps<br><b>learned</b>: global was wrong", col=2)
    figure.update_yaxes(title="right, %", range=[0, 104], col=1)
    return finish(figure, simulated=True, height=420)


def efficiency_chart(seen: Seen) -> go.Figure:
    """Accuracy over pairs of two methods and many seeds, and where each reaches the target."""
    facts = seen.facts
    figure = go.Figure()
    for name, rows in seen.table.groupby("method", sort=False):
        method = str(name)
        seeds = rows.filter(like="seed_").drop(columns="seed_mean")
        figure.add_scatter(
            x=np.repeat(rows["pairs"], seeds.shape[1]),
            y=100 * seeds.to_numpy().ravel(),
            mode="markers",
            showlegend=False,
            marker={"color": METHOD[method], "symbol": f"{SYMBOL[method]}-open", "size": 6},
            hovertemplate=f"{named(method)}, one seed, %{{x:,.0f}} pairs: %{{y:.1f}} %<extra></extra>",
        )
        figure.add_scatter(
            x=rows["pairs"],
            y=100 * rows["accuracy"],
            name=method,
            mode="lines",
            line={"color": METHOD[method], "width": 3, "dash": "solid" if method == "full" else "dot"},
            hovertemplate=f"{named(method)}, mean of {facts['seeds']}, %{{x:,.0f}} pairs: %{{y:.1f}} % of "
            f"{facts['n']:,} test pairs<extra></extra>",
        )
        if np.isfinite(facts[method]):
            figure.add_scatter(
                x=[facts[method]] * 2,
                y=[facts["target"], 100 * seen.table["accuracy"].min() - 2],
                showlegend=False,
                mode="lines",
                line={"color": METHOD[method], "width": 2},
                hoverinfo="skip",
            )
    figure.add_hline(y=facts["target"], line={"color": QUIET, "dash": "dash", "width": 2})
    figure.add_annotation(
        x=0,
        xref="paper",
        y=facts["target"],
        xanchor="left",
        yanchor="bottom",
        showarrow=False,
        text=f"target {facts['target']:.1f} %",
    )
    pairs = seen.table["pairs"]
    figure.update_xaxes(title=f"{facts['reading']} pairs (log axis)", **log_ticks(pairs.min(), pairs.max()))
    figure.update_yaxes(title="accuracy on test pairs, %")
    return finish(figure, simulated=True, height=420)


def people_chart(seen: Seen) -> go.Figure:
    """Every person of a country as a dot, and the interval around the mean of those asked."""
    table, facts = seen.table, seen.facts
    high = _pile(table["accuracy"].to_numpy())
    figure = go.Figure()
    for name, of, colour, symbol in (
        ("not asked", ~table["asked"], DROPPED, "circle-open"),
        ("asked", table["asked"], KEPT, "circle"),
    ):
        figure.add_scatter(
            x=100 * table.loc[of, "accuracy"],
            y=high[of.to_numpy()],
            name=name,
            mode="markers",
            marker={"color": colour, "symbol": symbol, "size": 9, "line": {"width": 1.5, "color": colour}},
            cliponaxis=False,  # the highest pile is whole on a low wall too
            customdata=table.loc[of, ["person", "pairs"]],
            hovertemplate="%{customdata[0]}: %{x:.0f} % of %{customdata[1]} choices<extra></extra>",
        )
    kinds = (
        ("mean of those asked, 95 % over people", -1.5, "low", "high", CUT, "diamond"),
        ("95 % over pairs (usually too narrow)", -3.0, "low_pairs", "high_pairs", CURVE, "square"),
    )
    for name, y, low, above, colour, symbol in kinds:
        figure.add_scatter(
            x=[facts["estimate"]],
            y=[y],
            name=name,
            mode="markers",
            marker={"color": colour, "size": 12, "symbol": symbol},
            error_x={
                "array": [facts[above] - facts["estimate"]],
                "arrayminus": [facts["estimate"] - facts[low]],
                "color": colour,
                "thickness": 3,
                "width": 6,
            },
            hovertemplate=f"{name}: {facts[low]:.1f} to {facts[above]:.1f} %, {facts['asked']} people, {facts['n']:,} "
            "choices<extra></extra>",
        )
    figure.update_xaxes(title="choices that the country's own taste gets right, %", range=[38, 102])
    figure.update_yaxes(title="people", range=[-4, high.max() + 1], tickvals=[])
    return finish(figure, simulated=True, height=440)


def _pile(values: np.ndarray, bins: int = 40) -> np.ndarray:
    """Heights at which dots of nearly the same value stand on top of each other: 0, 1, 2, ..."""
    place = np.digitize(values, np.linspace(0, 1, bins))
    return np.array([(place[:at] == own).sum() for at, own in enumerate(place)])
