"""The picture of the lesson's step Why: what training changed in each sentence's share, and what was planted."""

from __future__ import annotations

import plotly.graph_objects as go

from scpo.charts.colours import KEPT, PLACE, QUIET
from scpo.charts.style import dots, finish, ring, row_axis, rules
from scpo.format import shortened, signed
from scpo.lesson.steps import Seen

BEGINNING = 30  # characters of a sentence at its row


def true_reasons_chart(seen: Seen) -> go.Figure:
    """A row per sentence: a dot for what was learned, a diamond for what was planted."""
    rows, figure = seen.table.iloc[::-1], go.Figure()
    names = [shortened(text, BEGINNING) for text in rows["sentence"]]
    for column, label, colour, symbol in (
        ("planted", "planted", PLACE["green"], "diamond-open"),
        ("learned", "learned", KEPT, "circle"),
    ):
        hover = [f"{name}<br>{label}: {signed(value, 2)}" for name, value in zip(names, rows[column], strict=True)]
        figure.add_trace(dots(rows[column], names, hover, ring(colour, symbol), name=label))
    row_axis(figure, names)
    rules(figure, zip(names, rows["learned"], rows["planted"], [QUIET] * len(names), strict=True), at=0)
    figure.update_xaxes(title="what steering changes in the share<br>of the sentence, in log odds")
    return finish(figure, simulated=True, height=110 + 36 * len(names))
