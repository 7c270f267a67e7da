"""The world map: pairs per country as colour, every country where a reader sees it. Knows nothing of Streamlit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from scpo.charts.colours import LAND, PAGE, SEQUENCE, TEXT
from scpo.charts.places import PLACES
from scpo.charts.style import finish, plain
from scpo.format import counted
from scpo.table_rows import rows_of

MOST_TICKS = 9


def world_map(counts: pd.DataFrame, unit: str) -> go.Figure:
    """Pairs per country on a world map: a shape, and a dot where the shape is missing or too small to be seen.

    counts   country, iso3 (None = on no map, left out), pairs, units; several rows may be of one country
    unit     what the units are: user, question
    """
    rows = _on_map(counts, unit)
    low, high, ticks = _scale(rows["pairs"])
    dots = rows[rows["iso3"].isin(PLACES)].sort_values("pairs")  # the most pairs on top
    look = {"hovertemplate": "%{text}<extra></extra>"}
    figure = go.Figure(
        go.Choropleth(
            locations=rows["iso3"],
            z=np.log10(rows["pairs"]),
            text=rows["told"],
            coloraxis="coloraxis",
            marker={"line": {"width": 0.4, "color": PAGE}},
            **look,
        )
    )
    figure.add_scattergeo(
        lat=[PLACES[code][0] for code in dots["iso3"]],
        lon=[PLACES[code][1] for code in dots["iso3"]],
        text=dots["told"],
        mode="markers",
        showlegend=False,
        **look,
        marker={
            "color": np.log10(dots["pairs"]),
            "coloraxis": "coloraxis",
            "size": 9,
            "line": {"width": 1, "color": PAGE},
        },
    )
    figure.update_geos(
        projection_type="natural earth",
        projection_rotation_lon=11,
        showframe=False,
        bgcolor="rgba(0,0,0,0)",
        showland=True,
        landcolor=LAND,
        showcoastlines=False,
        showlakes=False,
    )
    figure.update_layout(coloraxis={"colorscale": SEQUENCE, "cmin": low, "cmax": high, "colorbar": _colour_bar(ticks)})
    return finish(figure, simulated=False, height=480)


def _colour_bar(ticks: list[float]) -> dict:
    """The bar of colours below the map, with numbers of pairs beside it; the colours are of powers of ten."""
    return {
        "title": {"text": "pairs", "side": "top", "font": {"color": TEXT}},
        "tickfont": {"color": TEXT},
        "tickvals": np.log10(ticks),
        "ticktext": [f"{tick:,.10g}" for tick in ticks],
        "orientation": "h",
        "thickness": 12,
        "len": 0.9,
        "y": 0,
        "yanchor": "top",
    }


def _on_map(counts: pd.DataFrame, unit: str) -> pd.DataFrame:
    """One row per country of the map, with its pairs and what they are made of: iso3, pairs, told."""
    found = []
    for code, rows in counts[counts["pairs"] > 0].dropna(subset="iso3").groupby("iso3", sort=False):
        pairs = int(rows["pairs"].sum())
        told = [f"{plain(r.country)}: {counted(r.pairs, 'pair')}, {counted(r.units, unit)}" for r in rows_of(rows)]
        if len(told) > 1:
            told = [f"<b>{code}: {counted(pairs, 'pair')} under {len(told)} names</b>", *told]
        found.append({"iso3": code, "pairs": pairs, "told": "<br>".join(told)})
    return pd.DataFrame(found, columns=["iso3", "pairs", "told"]).astype({"pairs": float})


def _scale(pairs: pd.Series) -> tuple[float, float, list[float]]:
    """Both ends of the colours, as powers of ten, and the numbers beside them: 1, 2 and 5 of each power of ten.

    The ends are such numbers too. Equal counts are one colour, the strongest, with their own number.
    """
    if not len(pairs):
        return 0.0, 1.0, [1, 10]
    least, most = pairs.min(), pairs.max()
    if least == most:
        return np.log10(most) - 1, np.log10(most), [most]
    powers = range(int(np.floor(np.log10(least))), int(np.ceil(np.log10(most))) + 1)
    steps = [step * 10.0**power for power in powers for step in (1, 2, 5)]
    low = max(step for step in steps if step <= least)
    high = min(step for step in steps if step >= most)
    ticks = [step for step in steps if low <= step <= high]
    if len(ticks) > MOST_TICKS:
        ticks = [tick for tick in ticks if np.log10(tick) == round(np.log10(tick))]
    return np.log10(low), np.log10(high), ticks
