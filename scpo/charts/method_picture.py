"""The method in one picture: what the filter and the weight do to a pair."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from scpo.charts.colours import DROPPED, KEPT
from scpo.charts.style import finish
from scpo.selection import p_global, pair_weights


def margin_at(tau: float) -> float:
    """The margin of the global model at which the probability of the choice is tau."""
    return np.inf if tau >= 1 else float(np.log(tau / (1 - tau)))


def method_picture(tau: float, beta: float) -> go.Figure:
    """What the filter and the weight do to a pair, over the global model's margin."""
    margin = np.linspace(-5, 3, 321)
    cut = min(margin_at(tau), 3.0)
    figure = go.Figure()
    figure.add_vrect(x0=cut, x1=3, fillcolor=f"{DROPPED}2E", line_width=0)
    figure.add_annotation(x=(cut + 3) / 2, y=0.5, text="dropped:<br>the global<br>model agrees", showarrow=False)
    for name, value, dash, colour in (
        ("probability the global model gives the choice", p_global(margin), "dot", DROPPED),
        ("weight of the pair in training", np.where(margin < cut, pair_weights(margin, beta), np.nan), "solid", KEPT),
    ):
        figure.add_scatter(
            x=margin,
            y=value,
            name=name,
            mode="lines",
            line={"dash": dash, "color": colour, "width": 3},
            hovertemplate="margin %{x:.2f}: %{y:.2f}<extra>" + name + "</extra>",
        )
    figure.update_xaxes(title="margin of the global model:<br>reward of the chosen minus of the rejected answer")
    figure.update_yaxes(title="probability, weight", range=[0, 1.05])
    return finish(figure, simulated=False, height=340)
