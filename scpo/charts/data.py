"""Who is in a data set that is on no map, such as a simulated one: pairs per country or group and split, as bars."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from scpo.charts.colours import PLACE
from scpo.charts.style import finish, plain


def country_bars(counts: pd.DataFrame, simulated: bool) -> go.Figure:
    """Pairs per country and split, as bars; for worlds that are on no map."""
    rows = counts.iloc[::-1]
    figure = go.Figure()
    for split, colour in (("train", PLACE["blue"]), ("validation", PLACE["orange"]), ("test", PLACE["green"])):
        figure.add_bar(
            x=rows[split],
            y=rows["country"].map(plain),
            name=split,
            orientation="h",
            marker_color=colour,
            hovertemplate="%{y}, " + split + ": %{x} pairs<extra></extra>",
        )
    figure.update_layout(barmode="stack")
    figure.update_xaxes(title="preference pairs", tickformat=",")
    figure.update_yaxes(type="category")  # ages are no numbers here
    return finish(figure, simulated, height=80 + 34 * len(rows))
