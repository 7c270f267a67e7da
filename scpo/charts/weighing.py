"""The picture of the lesson's last step: which method wins at which weight on a country's own taste."""

from __future__ import annotations

import plotly.graph_objects as go

from scpo.charts.colours import METHOD, QUIET, SYMBOL
from scpo.charts.style import dashed, finish
from scpo.lesson.steps import Seen
from scpo.lesson.weighing import METHODS
from scpo.methods import named

THICK = 9  # px: where a method wins
LINES, STRIPS = (0.52, 1.0), (0.0, 0.44)  # parts of the height


def weighing_chart(seen: Seen) -> go.Figure:
    """Above, each method's number over the weight, thick where it wins; below, who wins, for every country."""
    facts, figure = seen.facts, go.Figure()
    here = seen.table[seen.table["country"] == facts["country"]].set_index("method")
    for method in METHODS:
        own, common = (100 * float(here.loc[method, name]) for name in ("own_taste", "common_ground"))
        figure.add_scatter(
            x=[0, 100],
            y=[common, own],
            name=named(method),
            mode="lines+markers",
            line={"color": METHOD[method], "width": 2},
            marker={"symbol": SYMBOL[method], "size": 9},
            hovertemplate=f"{named(method)}, weight %{{x}} %: %{{y:.1f}} %<extra></extra>",
        )
        for low, high in [(a, b) for m, a, b in facts["reigns"][facts["country"]] if m == method]:
            ends = [common + (own - common) * at / 100 for at in (low, high)]
            figure.add_scatter(x=[low, high], y=ends, **_thick(method))
    _strips(figure, facts["reigns"], facts["country"])
    figure.update_layout(shapes=[dashed(facts["own"], QUIET)])
    figure.update_layout(
        xaxis={"title": "weight on what my country wants, %<br>(the rest: what everybody shares)", "range": [-2, 102]},
        yaxis={"title": "right, %", "domain": LINES, "range": [0, 104]},
        yaxis2={"domain": STRIPS, "type": "category", "showgrid": False},
    )
    figure.update_xaxes(anchor="y2")
    return finish(figure, simulated=True, height=520)


def _strips(figure: go.Figure, reigns: dict[str, list[tuple[str, int, int]]], country: str) -> None:
    """A row per country, in the colour of the method that wins; the first country on top, the chosen one bold."""
    for name in reversed(reigns):
        row = f"<b>{name}</b>" if name == country else name
        for method, low, high in reigns[name]:
            where = f"{low} to {high} %" if high > low else f"{low} %"
            figure.add_scatter(
                x=[low, high + (high < 100)],
                y=[row, row],
                yaxis="y2",
                hovertemplate=f"{name}, {where}: {named(method)}<extra></extra>",
                **(_thick(method) | {"hoverinfo": None}),
            )


def _thick(method: str) -> dict:
    line = {"color": METHOD[method], "width": THICK}
    return {"mode": "lines", "line": line, "showlegend": False, "hoverinfo": "skip"}
