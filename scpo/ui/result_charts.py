"""Charts of accuracy and of data efficiency: each a function from a tidy frame to a plotly figure.

Knows nothing of Streamlit or files. Accuracies come in 0..1 and are drawn in percent or points; a row
whose interval is missing says so beside its name, since too few people are no certainty.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from scpo.metrics.summary import AT_LEAST, AT_MOST, BOTH_AT_ONCE, NO_GAIN, NO_PAIRS, TOO_FEW, UNCLEAR
from scpo.shown import counted, known, percent, points
from scpo.ui.colours import METHOD, QUIET, SYMBOL
from scpo.ui.efficiency_words import PAIRS, spread_of, verdict_of, why_no_ratio
from scpo.ui.figure import (
    MEAN,
    band,
    finish,
    log_ticks,
    marker,
    no_interval,
    plain,
    reach,
    row_axis,
    rules,
    span,
    whisker,
)
from scpo.ui.words import fewest

FULL, ALPHA = "full", 0.05
ARROWS = {AT_LEAST: "triangle-right", AT_MOST: "triangle-left"}  # a ratio that is a bound
READINGS = {  # column of the table, title of the axis
    "labelled": ("pairs", "labelled pairs available"), "trained": ("trained", "pairs trained on, after the filter"),
}  # fmt: skip


def accuracy_chart(
    table: pd.DataFrame, methods: list[str], unit: str, simulated: bool, subset: str = FULL,
    published: pd.DataFrame | None = None,
) -> go.Figure:  # fmt: skip
    """Accuracy per country and method at the largest budget, with 95 % intervals.

    table       the summary table `accuracy`
    published   the authors' figures for the same quantity: country, method, accuracy
    """
    part = table[(table["subset"] == subset) & table["method"].isin(methods)]
    part = part.astype({"accuracy": float, "low": float, "high": float})
    order = [c for c in part["country"].unique() if c != MEAN][::-1] + [MEAN]
    figure = go.Figure()
    for method in methods[::-1]:
        rows = part[part["method"] == method].set_index("country").reindex(order)
        hover = [
            f"{plain(country)}, {method}: {percent(value)}<br>{told}<br>{counted(units, unit)}, {counted(n, 'pair')}, "
            f"{counted(seeds, 'seed')}"
            for country, value, told, units, n, seeds in zip(
                rows.index, rows["accuracy"], span(rows["low"], rows["high"]), rows["units"], rows["n"], rows["seeds"],
                strict=True,
            )
        ]  # fmt: skip
        figure.add_scatter(
            x=100 * rows["accuracy"], y=rows.index, name=method, mode="markers", orientation="h", offsetgroup=method,
            marker=marker(method, 10), hovertext=hover, hoverinfo="text",
            error_x=whisker(*(100 * rows[c] for c in ("accuracy", "low", "high")), METHOD[method]),
        )  # fmt: skip
    theirs = published if published is not None else pd.DataFrame(columns=["country", "method", "accuracy"])
    for row in theirs.itertuples():
        name = f"published by the authors: {row.method}"
        figure.add_scatter(
            x=[100 * row.accuracy], y=[row.country], name=name, mode="markers", orientation="h", offsetgroup=name,
            marker={"symbol": "star-diamond-open", "size": 13, "color": METHOD[row.method], "line": {"width": 2}},
            hovertext=f"{name}: {100 * row.accuracy:.2f} %<br>theirs, not of this run; no interval is published",
            hoverinfo="text",
        )  # fmt: skip
    ends = [*part["low"], *part["high"], *part["accuracy"], *theirs["accuracy"].astype(float)]
    finite = 100 * np.array([end for end in ends if known(end)] or [0.0, 1.0])
    low, high = finite.min(), finite.max()
    figure.update_layout(scattermode="group", legend_traceorder="reversed", xaxis_range=[low - 2, high + 2])
    figure.update_xaxes(title=f"accuracy on the country's {'' if subset == FULL else subset + ' '}test pairs, %<br>"
                        f"{_rule(subset, unit)}")  # fmt: skip
    _name_rows(figure, order, part.drop_duplicates("country").set_index("country"), unit)
    return finish(figure, simulated, height=110 + len(order) * max(44, 14 * (len(methods) + len(theirs))))


def _name_rows(figure: go.Figure, order: Sequence[str], rows: pd.DataFrame, unit: str) -> None:
    """Names along the y axis; one whose interval is missing says of how few. rows: low, units, by name."""
    rows = rows.reindex(order).astype({"low": float, "units": float})
    row_axis(figure, order, [f"no interval: {counted(units, unit)}" if np.isnan(low) else "" for low, units in
                             zip(rows["low"], rows["units"].fillna(0), strict=True)])  # fmt: skip


def _rule(subset: str, unit: str) -> str:
    """What the line of a row is, and how many people or questions it takes."""
    return f"(line: 95 % interval, from {fewest(subset)} {unit}s on)"


def seeds_chart(table: pd.DataFrame, methods: list[str], unit: str, simulated: bool) -> go.Figure:
    """Each seed's accuracy as a thin mark per country and method, beside the mean over seeds.

    table   country, method, seed, accuracy, low, high, n, at the largest budget; the mean over
            countries is among the countries
    """
    order = [c for c in table["country"].unique() if c != MEAN][::-1] + [MEAN]
    figure = go.Figure()
    for method in methods[::-1]:
        rows = table[table["method"] == method]
        known = ["mean of the countries" if c == MEAN else told
                 for c, told in zip(rows["country"], span(rows["low"], rows["high"]), strict=True)]  # fmt: skip
        hover = [f"{plain(c)}, {method}, seed {seed}: {percent(value)}<br>{told}<br>{n:,} pairs"
                 for c, seed, value, told, n in
                 zip(rows["country"], rows["seed"], rows["accuracy"], known, rows["n"], strict=True)]  # fmt: skip
        colour = METHOD[method]
        figure.add_scatter(
            x=100 * rows["accuracy"], y=rows["country"], name=method, mode="markers", orientation="h",
            offsetgroup=method, hovertext=hover, hoverinfo="text",
            marker={"symbol": "line-ns-open", "size": 13, "color": colour, "line": {"width": 2.5, "color": colour}},
        )  # fmt: skip
    figure.update_layout(scattermode="group", legend_traceorder="reversed", showlegend=True)
    figure.update_xaxes(title="accuracy of each seed's model, %", range=reach(100 * table["accuracy"]))
    few = table[table["country"] != MEAN].groupby("country")["low"].apply(lambda c: c.isna().all())
    row_axis(figure, order, ["no interval: too few" if few.get(c, False) else "" for c in order])
    return finish(figure, simulated, height=110 + len(order) * max(44, 14 * len(methods)))


def difference_chart(
    table: pd.DataFrame, by: str, marks: dict[str, tuple[str, str]], words: str, unit: str, simulated: bool,
    row: int = 36,
) -> go.Figure:  # fmt: skip
    """Paired differences in accuracy, one row each, with 95 % intervals; filled where they are clear.

    table   `by`, difference, low, high, p_holm (NaN without a test), units, pairs, note (what it tells)
    by      the column that names the rows: country or against; drawn from the top
    marks   row name -> colour and symbol; words: what is subtracted from what; row: height of one, px
    """
    rows = table.iloc[::-1]
    names, low = rows[by].tolist(), rows["low"].astype(float)
    value, high, p = (rows[c].astype(float) for c in ("difference", "high", "p_holm"))
    clear = ((p < ALPHA) | (p.isna() & ((low > 0) | (high < 0)))).to_numpy()
    colours = [marks.get(name, (QUIET, ""))[0] for name in names]
    symbols = [marks.get(name, ("", "circle"))[1].removesuffix("-open") for name in names]
    numbers = zip(names, value, span(low, high), p, rows["units"], rows["pairs"], rows["note"], strict=True)
    hover = [f"{plain(name)}: {points(d)} points<br>{told}<br>{_chance(chance)}{counted(units, unit)}, "
             f"{counted(pairs, 'pair')}<br>{note}"
             for name, d, told, chance, units, pairs, note in numbers]  # fmt: skip
    figure = go.Figure()
    spans = zip(names, 100 * low, 100 * high, colours, strict=True)
    rules(figure, [line for line in spans if not np.isnan(line[1])], at=0)
    for shown, tail, word in ((clear, "", "clear"), (~clear, "-open", "may be chance")):
        at = np.flatnonzero(shown)
        figure.add_scatter(
            x=100 * value.to_numpy()[at], y=[names[i] for i in at], mode="markers", name=word, showlegend=False,
            hovertext=[hover[i] for i in at], hoverinfo="text",
            marker={"size": 11, "color": [colours[i] for i in at], "symbol": [symbols[i] + tail for i in at],
                    "line": {"width": 2, "color": [colours[i] for i in at]}},
        )  # fmt: skip
        figure.add_scatter(
            x=[None], y=[None], mode="markers", name=word,
            marker={"size": 10, "color": QUIET, "symbol": "circle" + tail, "line": {"width": 2, "color": QUIET}},
        )  # fmt: skip
    ends = reach([0, *100 * value, *100 * low, *100 * high])
    subset = rows["subset"].iloc[0] if len(rows) else FULL
    figure.update_xaxes(title=f"{words}, points<br>{_rule(subset, unit)}", range=ends)
    _name_rows(figure, names, rows.set_index(by), unit)
    return finish(figure, simulated, height=130 + max((row if low.notna().all() else max(row, 44)) * len(rows), 60))


def _chance(p: float) -> str:
    return "" if np.isnan(p) else f"p = {p:.3g} after Holm's correction<br>"


def curve_chart(table: pd.DataFrame, country: str, methods: list[str], reading: str, simulated: bool) -> go.Figure:
    """Accuracy over the number of training pairs, log axis, with 95 % bands.

    reading     `labelled`: pairs that were available; `trained`: pairs left after the filter
    """
    column, words = READINGS[reading]
    figure = go.Figure()
    rows = table[table["country"] == country].astype({"low": float, "high": float})
    for method in methods:
        line = rows[rows["method"] == method].sort_values(column)
        if method == "global" and len(line):
            _flat(figure, 100 * line["accuracy"].iloc[0], rows.loc[rows[column] > 0, column])
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
        hover = [f"{method}, {counted(x, 'pair')}: {percent(a)}<br>{told}<br>mean of {counted(s, 'seed')}, "
                 f"n = {counted(n, 'test pair')}"
                 for x, a, told, s, n in zip(line[column], line["accuracy"], span(line["low"], line["high"]),
                                             line["seeds"], line["n"], strict=True)]  # fmt: skip
        figure.add_scatter(
            x=line[column], y=100 * line["accuracy"], name=method, mode="lines+markers", hovertext=hover,
            hoverinfo="text", line={"color": colour, "width": 2.5}, marker={"symbol": SYMBOL[method], "size": 8},
        )  # fmt: skip
    seen = rows.loc[rows["method"].isin(methods) & (rows[column] > 0), column]
    ticks = log_ticks(seen.min(), seen.max()) if len(seen) else {"type": "log"}
    figure.update_xaxes(title=f"{words} (log axis)", **ticks)
    figure.update_yaxes(title="accuracy, % (band: 95 %)")
    figure.update_layout(showlegend=True)
    return no_interval(finish(figure, simulated, height=460), rows)


def _flat(figure: go.Figure, accuracy: float, pairs: pd.Series) -> None:
    """The global model as a line over all numbers of pairs, on none of which it trains."""
    figure.add_scatter(
        x=[pairs.min(), pairs.max()] if len(pairs) else [1, 10], y=[accuracy] * 2, name="global", mode="lines",
        line={"color": METHOD["global"], "dash": "dash", "width": 2},
        hovertemplate="global model, no training: %{y:.1f} %<extra></extra>",
    )  # fmt: skip


def ratio_chart(table: pd.DataFrame, method: str, marks: dict[str, tuple[str, str]], simulated: bool) -> go.Figure:
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
    spans = [(r.country, max(r.low, left), r.high, marks.get(r.country, (QUIET, ""))[0]) for r in rows.itertuples()]
    rules(figure, [line for line in spans if line[2] > 0], at=1)
    at = rows[rows["reached"].astype(bool)]
    hover = [f"{plain(r['country'])}: {verdict_of(r)} as efficient<br>full {r['pairs_full']:,.0f} pairs, {method} "
             f"{r['pairs_method']:,.0f}, for {percent(r['target'])}<br>{spread_of(r)}"
             for r in at.to_dict("records")]  # fmt: skip
    figure.add_scatter(
        x=at["ratio"], y=at["country"], mode="markers", hovertext=hover, hoverinfo="text", showlegend=False,
        marker={"size": 12, "color": [marks.get(c, (QUIET, ""))[0] for c in at["country"]],
                "symbol": [ARROWS.get(note) or marks.get(c, ("", "circle"))[1]
                           for c, note in zip(at["country"], at["note"], strict=True)]},
    )  # fmt: skip
    missed = rows[~rows["reached"].astype(bool)]
    figure.add_scatter(
        x=[left] * len(missed), y=missed["country"], mode="markers", hoverinfo="text", showlegend=False,
        cliponaxis=False,
        hovertext=[f"{plain(r['country'])}: {verdict_of(r)}<br>{why_no_ratio(r)}" for r in missed.to_dict("records")],
        marker={"symbol": "x-thin-open", "size": 9, "color": QUIET, "line": {"width": 2}},
    )  # fmt: skip
    figure.update_xaxes(
        **log_ticks(left, right), range=[np.log10(left), np.log10(right)],
        title=f"{kind} that full needs /<br>{kind} that {method} needs<br>(line: 95 % interval; log axis)",
    )  # fmt: skip
    row_axis(figure, names, [_ratio_note(row) for row in rows.to_dict("records")])
    return finish(figure, simulated, height=150 + 44 * len(rows))


def _ratio_note(row: dict) -> str:
    """What stands under the name of a row of ratios: why there is none, or no interval."""
    short = {NO_GAIN: "full gains nothing", UNCLEAR: "gain of full unclear", TOO_FEW: "too few in the test",
             NO_PAIRS: "no pair to train on", BOTH_AT_ONCE: "both at once"}  # fmt: skip
    if row["note"] in short:
        return f"no ratio: {short[row['note']]}"
    if not row["reached"]:
        return verdict_of(row)
    return "" if known(row["low"]) else "no interval"
