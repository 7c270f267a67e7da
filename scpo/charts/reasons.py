"""Chart of what each sentence of two answers adds to their rewards: a tidy frame in, a plotly figure out."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from scpo.charts.colours import METHOD, QUIET
from scpo.charts.style import dots, finish, plain, reach, ring, row_axis, rules
from scpo.format import shortened, signed
from scpo.steering.mixing import letter
from scpo.table_rows import rows_of

BEGINNING = 34  # characters of a sentence at its row


def reasons_chart(shares: pd.DataFrame, country: str, simulated: bool) -> go.Figure:
    """Share of every sentence in the reward by the global model (hollow) and by the country's (full), joined by a line.

    shares   answer, sentence, text, global_share, country_share, change
    """
    rows = shares.iloc[::-1]
    names = [f"{letter(int(row.answer))}{row.sentence} {shortened(row.text, BEGINNING)}" for row in rows_of(rows)]
    figure = go.Figure()
    for column, label, colour, symbol in (
        ("global_share", "global model", METHOD["global"], "circle-open"),
        ("country_share", f"{plain(country)}'s model", METHOD["scpo"], "circle"),
    ):
        hover = [
            f"{plain(name)}<br>{label}: {signed(getattr(row, column), 2)}<br>change {signed(row.change, 2)}"
            for name, row in zip(names, rows_of(rows), strict=True)
        ]
        figure.add_trace(dots(rows[column], names, hover, ring(colour, symbol), name=label))
    row_axis(figure, names)
    rules(figure, zip(names, rows["global_share"], rows["country_share"], [QUIET] * len(names), strict=True))
    values = [0, *shares["global_share"], *shares["country_share"]]
    figure.update_xaxes(title="share of the reward", range=reach(values), zeroline=True, zerolinecolor=QUIET)
    return finish(figure, simulated, height=120 + 30 * len(names))
