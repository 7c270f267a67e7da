"""How many pairs a method needs: curves over pairs, ratios, gain per pair."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from scpo.charts.accuracy import ARROWS
from scpo.charts.alignment import method_dots, of_methods
from scpo.charts.colours import METHOD, QUIET, SYMBOL
from scpo.charts.style import (
    band,
    dots,
    finish,
    log_ticks,
    no_interval,
    plain,
    reach,
    row_axis,
    rules,
    spans,
)
from scpo.format import counted, known, percent, points
from scpo.methods import named
from scpo.metrics.accuracy import BOTH_AT_ONCE, NO_GAIN, NO_PAIRS, TOO_FEW, UNCLEAR
from scpo.table_rows import rows_of
from scpo.text.efficiency import ALL, PAIRS, spread_of, verdict_of, why_no_ratio

READINGS = {  # column of the table, title of the axis
    "labelled": ("pairs", "labelled pairs available"),
    "trained": ("trained", "pairs trained on, after the filter"),
    "people": ("people", "training people (or questions),<br>each with all their pairs"),
}


def curve_chart(table: pd.DataFrame, country: str, methods: list[str], reading: str, simulated: bool) -> go.Figure:
    """Accuracy over the number of training pairs, or of people, log axis, with 95 % bands.

    reading     `labelled`: pairs that were available; `trained`: pairs left after the filter; `people`: table is as of
                `scpo.metrics.people.people_curve`
    """
    column, words = READINGS[reading]
    figure = go.Figure()
    rows = table[table["country"] == country].astype({"low": float, "high": float})
    for method in methods:
        line = rows[rows["method"] == method].sort_values(column)
        if method == "global" and len(line):
            _flat(
                figure,
                100 * line["accuracy"].iloc[0],
                rows.loc[(rows[column] > 0) & rows["method"].isin(methods), column],
            )
        line = line[line[column] > 0]
        if not len(line):
            continue
        colour = METHOD[method]
        if line["low"].notna().all():
            figure.add_scatter(
                x=[*line[column], *line[column][::-1]],
                y=100 * np.array([*line["high"], *line["low"][::-1]]),
                **band(colour),
            )
        hover = [
            f"{named(method)}, {_so_many(row, column)}: {percent(row.accuracy)}<br>{told}<br>mean of "
            f"{counted(row.seeds, 'seed')}, n = {counted(row.n, 'test pair')}"
            for row, told in zip(rows_of(line), spans(line["low"], line["high"]), strict=True)
        ]
        figure.add_scatter(
            x=line[column],
            y=100 * line["accuracy"],
            name=method,
            mode="lines+markers",
            hovertext=hover,
            hoverinfo="text",
            line={"color": colour, "width": 2.5},
            marker={"symbol": SYMBOL[method], "size": 8},
        )
    seen = rows.loc[rows["method"].isin(methods) & (rows[column] > 0), column]
    ticks = log_ticks(seen.min(), seen.max()) if len(seen) else {"type": "log"}
    figure.update_xaxes(title=f"{words} (log axis)", **ticks)
    figure.update_yaxes(title="accuracy, % (band: 95 %)")
    figure.update_layout(showlegend=True)
    return no_interval(finish(figure, simulated, height=460), rows)


def _so_many(row, column: str) -> str:
    """What a point of a curve was trained on."""
    if column != "people":
        return counted(getattr(row, column), "pair")
    return f"{row.people:,.0f} people or questions with {counted(row.pairs, 'pair')}"


def _flat(figure: go.Figure, accuracy: float, pairs: pd.Series) -> None:
    """The global model as a line over all numbers of pairs, on none of which it trains."""
    figure.add_scatter(
        x=[pairs.min(), pairs.max()] if len(pairs) else [1, 10],
        y=[accuracy] * 2,
        name="global",
        mode="lines",
        line={"color": METHOD["global"], "dash": "dash", "width": 2},
        hovertemplate="global model, no training: %{y:.1f} %<extra></extra>",
    )


def ratio_chart(table: pd.DataFrame, method: str, simulated: bool) -> go.Figure:
    """How many times fewer pairs a method needs than `full`, per country, on a log axis; or `not reached`.

    table   the summary table `efficiency`, of one method and reading: country, ratio, low, high, ...
    """
    numbers = ("ratio", "low", "high", "pairs_full", "pairs_method", "share_reached")
    rows = table.iloc[::-1].astype(dict.fromkeys(numbers, float))
    names = rows["country"].tolist()
    finite = [v for v in (*rows["ratio"], *rows["low"], *rows["high"]) if np.isfinite(v) and v > 0]
    kind = PAIRS[rows["reading"].iloc[0]]
    left, right = min([0.5, *finite]) / 1.3, max([2.0, *finite]) * 1.3
    figure = go.Figure()
    # A resample that never gets there counts as ratio 0: its line leaves the chart on the left.
    lines = [(r.country, max(r.low, left), r.high, QUIET) for r in rows_of(rows)]
    rules(figure, [line for line in lines if line[2] > 0], at=1)
    at = rows[rows["reached"].astype(bool)]
    hover = [
        f"{plain(r['country'])}: {verdict_of(r)} as efficient<br>{ALL} {r['pairs_full']:,.0f} pairs, "
        f"{named(method)} {r['pairs_method']:,.0f}, for {percent(r['target'])}<br>{spread_of(r)}"
        for r in at.to_dict("records")
    ]
    mark = {
        "size": 12,
        "color": METHOD[method],
        "symbol": [ARROWS.get(note, "circle") for note in at["note"]],
    }
    figure.add_trace(dots(at["ratio"], at["country"], hover, mark, showlegend=False))
    figure.add_trace(_missed(rows[~rows["reached"].astype(bool)], left))
    figure.update_xaxes(
        **log_ticks(left, right),
        range=[np.log10(left), np.log10(right)],
        title=f"{kind} that<br>{ALL} needs /<br>{kind} that<br>{named(method)} needs<br>"
        "(line: 95 % interval; log axis)",
    )
    row_axis(figure, names, [_ratio_note(row) for row in rows.to_dict("records")])
    return finish(figure, simulated, height=150 + 44 * len(rows))


def _missed(rows: pd.DataFrame, left: float) -> dict:
    """Crosses on the left edge of the chart, in the rows of those that never get to the target."""
    hover = [f"{plain(r['country'])}: {verdict_of(r)}<br>{why_no_ratio(r)}" for r in rows.to_dict("records")]
    mark = {"symbol": "x-thin-open", "size": 9, "color": QUIET, "line": {"width": 2}}
    return dots([left] * len(rows), rows["country"], hover, mark, showlegend=False, cliponaxis=False)


def _ratio_note(row: dict) -> str:
    """What stands under the name of a row of ratios: why there is none, or no interval."""
    short = {
        NO_GAIN: "fine-tuning gains nothing",
        UNCLEAR: "gain of fine-tuning unclear",
        TOO_FEW: "too few in the test",
        NO_PAIRS: "no pair to train on",
        BOTH_AT_ONCE: "both at once",
    }
    if row["note"] in short:
        return f"no ratio: {short[row['note']]}"
    if not row["reached"]:
        return verdict_of(row)
    return "" if known(row["low"]) else "no interval"


def per_pair_chart(table: pd.DataFrame, country: str, methods: Sequence[str], simulated: bool) -> go.Figure:
    """Accuracy gained per 100 pairs trained on, one row per method, with 95 % intervals.

    table   the summary table `per_pair`
    """
    rows = of_methods(table, country, methods)
    told = [
        f"{points(gain)} points with {counted(trained, 'pair')}"
        for gain, trained in zip(rows["gain"].astype(float), rows["trained"], strict=True)
    ]
    title = "points of accuracy gained<br>over the global model<br>per 100 pairs trained on<br>(line: 95 % interval)"
    figure = method_dots(rows, "per_100", "points", told, title, simulated)
    ends = rows[["per_100", "low", "high"]].astype(float).to_numpy().ravel()
    figure.update_xaxes(range=reach([0, *(100 * ends)]))
    rules(figure, [], at=0)
    return figure
