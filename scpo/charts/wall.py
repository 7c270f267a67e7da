"""A chart made readable from the back of a room."""

import plotly.graph_objects as go

from scpo.charts.style import SIMULATED

THICKEST = 10  # px, of an enlarged line


def enlarge(figure: go.Figure) -> go.Figure:
    """The same figure for a wall: large type, thick lines, big marks; the label of simulated data stays."""
    below = {  # in two lines: a narrow screen has no room for one
        "text": SIMULATED.replace("here ", "here<br>"),
        "font": {"size": 20, "weight": 400},
        "x": 0,
        "y": 0,
        "yanchor": "bottom",
        "pad": {"b": 70},  # plotly puts the first line below where the last belongs
        "yref": "container",
        "automargin": True,
    }
    figure.update_layout(
        height=None,
        font_size=22,
        legend_font_size=22,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        title=below,
        hoverlabel_font_size=20,
    )
    figure.update_xaxes(title_font_size=24, tickfont_size=20)
    figure.update_yaxes(title_font_size=24, tickfont_size=20)
    figure.update_annotations(font_size=24)
    for trace in figure.select_traces(selector={"type": "scatter"}):
        trace.line.width, size = min(1.8 * (trace.line.width or 2), THICKEST), trace.marker.size
        trace.marker.size = 1.6 * size if size else None
    return figure
