"""Charts of the Filter and weight page: each a function from a frame to a plotly figure.

The same look and habits as `scpo.charts.data`: units on the axes, n in the hover text, simulated data
labelled inside the figure. They are drawn anew at every move of a slider, so each is made in one go.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from scpo.charts.colours import DROPPED, KEPT, METHOD, SEQUENCE
from scpo.charts.method_picture import margin_at
from scpo.charts.slider_figures import CUT, axis, beside_own, cut_line, in_one_go, row_names
from scpo.charts.style import dots, plain, spans
from scpo.format import counted, fixed, percent
from scpo.grouping import ALL, called, worded
from scpo.metrics.filtering import STRIPS, Chosen, Margins, filter_frame, strips, weight_frame
from scpo.selection import pair_weights

CURVE = METHOD["weight"]


class Picture(NamedTuple):
    """A figure, what it shows in words, and its numbers."""

    figure: go.Figure
    alt: str
    table: pd.DataFrame


HEADROOM = 1.15  # the height of a histogram, as a multiple of its highest bar
BAR = 120  # px: the height of a colour bar that can be read


def pictures(
    kept: Margins, now: Chosen, country: str, disagree: pd.DataFrame, card: dict, own: Chosen | None = None
) -> dict[str, Picture]:
    """Every chart of the page for one position of the sliders.

    country   the one in the two histograms, or all
    own       under the settings of the run, which are dotted where the sliders stand elsewhere
    """
    own = own or now
    at, simulated, row = kept.of(country), card["simulated"], now.of(country)
    lie, weigh, strip = filter_frame(kept, at, now), weight_frame(kept, at, now), strips(kept, STRIPS)
    return {
        "filter": Picture(
            filter_chart(lie, now.tau, simulated, own.tau),
            f"{row['kept_pairs']:,.0f} of {row['pairs']:,.0f} training pairs of {called(country)} have F below "
            f"{now.tau:.2f}.",
            lie,
        ),
        "weight": Picture(
            weight_chart(weigh, now.tau, now.beta, simulated, (own.tau, own.beta)),
            f"Training pairs of {called(country)} over the margin; the weight is 1 from margin 0 on and "
            f"{weigh['weight'].iloc[0]:.2f} at the left end, margin {weigh['low'].iloc[0]:.1f}.",
            weigh,
        ),
        "shares": Picture(
            shares_chart(now.shares, simulated, own.shares),
            f"Share kept and effective share per {worded('country')}; of all pairs {percent(now.of(ALL)['kept'])} are "
            "kept.",
            now.shares,
        ),
        "strips": Picture(
            strips_chart(strip, now.tau, simulated, own.tau),
            f"Histogram of F for every {worded('country')}, as strips, with the cut at {now.tau:.2f}.",
            strip.reset_index(names="country"),
        ),
        "disagreement": Picture(
            disagreement_chart(disagree, card["unit"], simulated),
            worded("How often the global model disagrees with each country, with 95 % intervals."),
            disagree,
        ),
    }


def filter_chart(table: pd.DataFrame, tau: float, simulated: bool, own: float) -> go.Figure:
    """Pairs over F, the global model's probability of the choice, with the cut at tau.

    table   low, high, kept, dropped, one row per bin
    own     tau of the run
    """
    return in_one_go(
        _bars(table, "F"),
        simulated,
        360,
        barmode="stack",
        bargap=0,
        **beside_own(cut_line(tau, f"τ = {tau:.2f}", left=tau > 0.6), tau, own),
        xaxis=axis("F: probability that the global model gives<br>to the answer people chose", range=[0, 1]),
        yaxis=axis("training pairs", range=_above(table)),
    )


def weight_chart(table: pd.DataFrame, tau: float, beta: float, simulated: bool, own: tuple[float, float]) -> go.Figure:
    """The weight over the margin, above the pairs that lie there.

    table   low, high, kept, dropped, weight, one row per bin; the outermost hold what lies beyond
    own     tau and beta of the run
    """
    middle = (table["low"] + table["high"]).to_numpy() / 2
    curve = {
        "type": "scatter",
        "x": middle,
        "y": table["weight"],
        "mode": "lines",
        "name": f"W, weight (β = {beta:.2f})",
        "yaxis": "y2",
        "line": {"color": CURVE, "width": 3},
        "hovertemplate": "margin %{x:.2f}: W = %{y:.2f}<extra></extra>",
    }
    ghost = {
        **curve,
        "y": pair_weights(middle, own[1]),
        "name": f"W in this run (β = {own[1]:.2f})",
        "line": {"color": CURVE, "width": 2, "dash": "dot"},
    }
    low, high = table["low"].iloc[0], table["high"].iloc[-1]
    cut, was = margin_at(tau), margin_at(own[0])
    line = cut_line(cut, f"τ = {tau:.2f}", left=cut > (low + high) / 2) if low <= cut <= high else {}
    return in_one_go(
        [*_bars(table, "margin"), *([ghost] if beta != own[1] else []), curve],
        simulated,
        360,
        barmode="stack",
        bargap=0,
        **(beside_own(line, cut, was) if low <= was <= high else line),
        xaxis=axis(
            "m: reward of the chosen minus of the rejected answer<br>(outermost bars: all beyond)", range=[low, high]
        ),
        yaxis=axis("training pairs", range=_above(table)),
        yaxis2=axis(
            "W, weight",
            overlaying="y",
            side="right",
            range=[0, HEADROOM],
            showgrid=False,
            tickvals=[0, 0.25, 0.5, 0.75, 1],
        ),
    )


def shares_chart(table: pd.DataFrame, simulated: bool, own: pd.DataFrame | None = None) -> go.Figure:
    """Share kept and effective share of each country's training pairs, as dots on one line.

    table   country, pairs, kept_pairs, kept, effective_pairs, effective
    own     the same under the settings of the run, hollow where it differs
    """
    rows, of_run = table.iloc[::-1], (table if own is None else own).iloc[::-1]
    names = np.array([plain(country) for country in rows["country"]], object)
    between = np.stack([rows["effective"], rows["kept"], np.full(len(rows), np.nan)], axis=1).ravel()
    traces = [
        {
            "type": "scatter",
            "x": 100 * between,
            "y": np.repeat(names, 3),
            "mode": "lines",
            "hoverinfo": "skip",
            "showlegend": False,
            "line": {"color": DROPPED, "width": 2},
        }
    ]
    kinds = (
        ("share kept", "kept", KEPT, "circle", "{:,.0f} of {:,} pairs are kept"),
        ("effective share", "effective", CURVE, "diamond", "they count as {:,.0f} of {:,} pairs of equal weight"),
    )
    for name, column, colour, symbol, words in kinds:
        numbers = zip(names, rows[column], rows[f"{column}_pairs"], rows["pairs"], strict=True)
        if (rows[column] - of_run[column]).abs().max() > 0:
            was = [f"{called(c)}: {name} {percent(v)} in this run" for c, v in zip(names, of_run[column], strict=True)]
            mark = {"color": colour, "symbol": f"{symbol}-open", "size": 9}
            traces.append(dots(100 * of_run[column], names, was, mark, name=f"{name} in this run"))
        hover = [
            f"{called(country)}: {name} {percent(value)}<br>" + words.format(part, n)
            for country, value, part, n in numbers
        ]
        traces.append(
            dots(100 * rows[column], names, hover, {"color": colour, "symbol": symbol, "size": 11}, name=name)
        )
    return in_one_go(
        traces,
        simulated,
        90 + 30 * len(rows),
        yaxis=row_names(rows),
        xaxis=axis(worded("of the country's training pairs, %"), range=[-2, 102]),
    )


def strips_chart(table: pd.DataFrame, tau: float, simulated: bool, own: float | None = None) -> go.Figure:
    """Every country's histogram of F at once, as a strip; what lies left of the cut is kept.

    table   share of the country's pairs per bin of F: rows countries, columns bins
    own     tau of the run
    """
    rows, bins = table.iloc[::-1], table.shape[1]
    heat = {
        "type": "heatmap",
        "z": 100 * rows.to_numpy(),
        "x": (np.arange(bins) + 0.5) / bins,
        "zmin": 0,
        "ygap": 3,
        "y": [plain(country) for country in rows.index],
        "colorscale": SEQUENCE,
        "colorbar": {
            "title": {"text": "% of pairs", "side": "right"},
            "thickness": 12,
            "len": 1,
            "ypad": 0,
            "nticks": 5,
        },
        "hovertemplate": "%{y}, F about %{x:.2f}: %{z:.1f} % of its pairs<extra></extra>",
        "hoverongaps": False,
    }
    cut = cut_line(tau, f"τ = {tau:.2f}, kept to the left", left=tau > 0.5, above=True)
    under = {**cut["shapes"][0], "line": {"color": "black", "width": 4}}  # so that the line shows on every colour
    over = {**cut["shapes"][0], "line": {"color": "white", "width": 2, "dash": "dash"}}
    was = {**over, "x0": own, "x1": own, "line": {"color": "white", "width": 2, "dash": "dot"}}
    return in_one_go(
        [heat],
        simulated,
        max(90 + 30 * (len(rows) + 1), BAR + 110),
        **{**cut, "shapes": [under, over, *([was] if own not in (None, tau) else [])]},
        xaxis=axis("F: probability of the chosen answer", range=[0, 1]),
    )


def disagreement_chart(table: pd.DataFrame, unit: str, simulated: bool) -> go.Figure:
    """How often the global model prefers the rejected answer, per country, with 95 % intervals.

    table   country, disagree, low, high, pairs, units, ties; NaN where there is no share, and words stand in its place
    """
    rows = table.sort_values("disagree", ascending=True, kind="stable", na_position="first")
    names = [plain(country) for country in rows["country"]]
    value, low, high = (100 * rows[c].astype(float) for c in ("disagree", "low", "high"))
    numbers = zip(
        names, value, spans(rows["low"], rows["high"]), rows["units"], rows["pairs"], rows["ties"], strict=True
    )
    hover = [
        f"{country}: disagrees on {fixed(share)} %<br>{span}<br>{counted(units, unit)}, {counted(pairs, 'pair')}, "
        f"{counted(ties, 'tie')}"
        for country, share, span, units, pairs, ties in numbers
    ]
    furthest = max(60.0, 2 + float(np.nan_to_num(np.fmax(value, high)).max(initial=0)))
    coin = cut_line(50, "a coin", left=True, above=True)
    coin["annotations"] += [
        {
            "x": 1,
            "y": name,
            "text": "its texts cannot be read" if pairs else "no training pairs",
            "showarrow": False,
            "xanchor": "left",
        }
        for name, share, pairs in zip(names, value, rows["pairs"], strict=True)
        if np.isnan(share)
    ]
    return in_one_go(
        [dots(value, names, hover, {"color": CUT, "size": 11}, (low, high), showlegend=False)],
        simulated,
        110 + 30 * len(rows),
        **coin,
        yaxis={**row_names(rows), "type": "category"},
        xaxis=axis(
            "pairs on which the global model prefers<br>the rejected answer, % (line: 95 % interval)",
            range=[0, furthest],
        ),
    )


def _bars(table: pd.DataFrame, over: str) -> list[dict]:
    """Stacked bars, kept below dropped."""
    middle, width = (table["low"] + table["high"]) / 2, table["high"] - table["low"]
    bounds = np.stack([table["low"], table["high"]], axis=1)
    return [
        {
            "type": "bar",
            "x": middle,
            "y": table[name],
            "width": width,
            "name": name,
            "customdata": bounds,
            "marker": {"color": colour, "line": {"width": 0}, "pattern": {"shape": pattern}},
            "hovertemplate": f"{over} %{{customdata[0]:.2f}} to %{{customdata[1]:.2f}}: %{{y:,}} pairs {name}"
            "<extra></extra>",
        }
        for name, colour, pattern in (("kept", KEPT, ""), ("dropped", DROPPED, "/"))
    ]


def _above(table: pd.DataFrame) -> list[float]:
    """Room above the highest bar, for the name of the cut."""
    return [0.0, HEADROOM * max(float((table["kept"] + table["dropped"]).max()), 1.0)]
