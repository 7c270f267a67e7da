"""Charts of what tells a country apart, phrases, topics and questions: a tidy frame in, a plotly figure out."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from scpo.charts.colours import METHOD, PLACE, QUIET
from scpo.charts.style import dots, finish, plain, ring, row_axis
from scpo.format import counted, percent, points, shortened, signed
from scpo.steering.phrase_effects import PHRASE, TOPIC
from scpo.table_rows import rows_of

BEGINNING = 44  # characters of a question at its row
HAVE = {PHRASE: "have it on one side", TOPIC: "are on it"}
AXES = {
    PHRASE: "log odds beyond the global model",
    TOPIC: "log odds: how much further than on other topics the model goes,<br>and how far its people go along",
}


def phrases_chart(rows: pd.DataFrame, country: str, simulated: bool, of: str = PHRASE) -> go.Figure:
    """Effect of each phrase, or topic, on the country's model and its held-out people, with intervals, largest on top.

    rows   of one country, of `steering.phrase_effects.findings`
    """
    rows = rows.iloc[::-1]
    names, figure = rows["phrase"].tolist(), go.Figure()
    kinds = (
        ("people", "people_low", "people_high", "its people (held out)", PLACE["green"], "diamond-open"),
        ("effect", "low", "high", f"{plain(country)}'s model", METHOD["scpo"], "circle"),
    )
    for column, low, high, label, colour, symbol in kinds:
        hover = [
            f"{plain(row.phrase)}, {label}: {signed(getattr(row, column), 2)}<br>95 %: {signed(getattr(row, low), 2)} "
            f"to {signed(getattr(row, high), 2)}<br>{counted(row.pairs, 'test pair')} of everybody {HAVE[of]}"
            for row in rows_of(rows)
        ]
        ends = rows[low], rows[high]
        figure.add_trace(dots(rows[column], names, hover, ring(colour, symbol), ends, name=label))
    row_axis(figure, names)
    figure.add_vline(x=0, line={"color": QUIET, "dash": "dash", "width": 1})
    figure.update_xaxes(title=f"{AXES[of]}<br>(line: 95 % interval;<br>none: too few people or questions)")
    return finish(figure, simulated, height=130 + 30 * max(len(rows), 3))


def questions_chart(rows: pd.DataFrame, country: str, simulated: bool) -> go.Figure:
    """Of each question the option that moves most: its share by the global model, the country's and its people."""
    rows = rows.iloc[::-1]
    numbers = range(len(rows), 0, -1)
    names = [f"{at}. {shortened(row.option, BEGINNING)}" for at, row in zip(numbers, rows_of(rows), strict=True)]
    figure = go.Figure()
    kinds = (
        ("global_share", "global model", METHOD["global"], "circle-open"),
        ("share", f"{plain(country)}'s model", METHOD["scpo"], "circle"),
        ("people", "its people", PLACE["green"], "diamond-open"),
    )
    for column, label, colour, symbol in kinds:
        hover = [
            f"{plain(shortened(row.question, 90))}<br>{plain(row.option)}, {label}: {percent(getattr(row, column))}"
            f"<br>change {points(row.change)} points"
            for row in rows_of(rows)
        ]
        figure.add_trace(dots(100 * rows[column], names, hover, ring(colour, symbol), name=label))
    row_axis(figure, names)
    figure.update_xaxes(title="share of the option, %", range=[-3, 103])
    return finish(figure, simulated, height=130 + 30 * max(len(rows), 3))
