"""What a figure of a report is: its heading, its words and its numbers."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from scpo.charts.style import on_paper
from scpo.grouping import worded
from scpo.text.measures import MEASURES


@dataclass(frozen=True)
class Part:
    """One figure of a report: file name, heading, what the measure is, the figure, its words, and its numbers."""

    name: str
    title: str
    measure: str
    figure: go.Figure
    lines: list[str]
    table: pd.DataFrame


def measured_part(
    name: str, title: str, measure: str, figure: go.Figure, lines: list[str], table: pd.DataFrame
) -> Part:
    """A figure of a measure that the pages explain, drawn for paper."""
    return Part(name, worded(title), worded(MEASURES[measure][0]), on_paper(figure), lines, table)
