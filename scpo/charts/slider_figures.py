"""Figures for charts that follow a slider: made at once from plain dicts (1 ms) at every move of it.

Adding to a figure bit by bit costs ten times that.
"""

from __future__ import annotations

from functools import cache

import pandas as pd
import plotly.graph_objects as go

from scpo.charts.colours import METHOD, QUIET
from scpo.charts.style import AXIS, dashed, finish

CUT = METHOD["scpo"]


def cut_line(at: float, words: str, left: bool, above: bool = False) -> dict:
    """A dashed line across the figure at x = at, with its name at its upper end: left or right of it."""
    note = {
        "x": at,
        "y": 1,
        "yref": "paper",
        "text": words,
        "showarrow": False,
        "xanchor": "right" if left else "left",
        "xshift": -4 if left else 4,
        "yanchor": "bottom" if above else "top",
    }
    return {"shapes": [dashed(at, CUT)], "annotations": [note]}


def beside_own(line: dict, at: float, own: float) -> dict:
    """The same with a dotted line where the run's own setting is, if that is elsewhere.

    line   of `cut_line`, or none
    """
    if at == own:
        return line
    was = {**dashed(own, QUIET), "line": {"color": QUIET, "width": 2, "dash": "dot"}}
    note = cut_line(own, "this run", left=own < at)["annotations"][0] | {"y": 0.92}
    return {
        "shapes": [*line.get("shapes", []), was],
        "annotations": [*line.get("annotations", []), note],
    }


def axis(title: str, **more) -> dict:
    """An axis with a title, in the look of all charts; more: anything else that plotly says of an axis."""
    return {**AXIS, "title": {**AXIS["title"], "text": title}, **more}


def row_names(table: pd.DataFrame) -> dict:
    """An axis of names, one row for each."""
    return {**AXIS, "range": [-0.6, len(table) - 0.4]}


@cache
def _look(simulated: bool) -> dict:
    """The layout that all charts of the app share, as a plain dict; its height is 100 and the label's."""
    layout = finish(go.Figure(), simulated, height=100).to_plotly_json()["layout"]
    return {name: value for name, value in layout.items() if name != "template"}


def in_one_go(traces: list[dict], simulated: bool, height: int, **layout) -> go.Figure:
    """A figure of traces as plain dicts, in the look of all charts; height: px, the label of simulated data apart."""
    look = _look(simulated)
    return go.Figure(traces, {**look, "height": look["height"] - 100 + height, **layout})
