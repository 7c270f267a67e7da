"""Results in plain sentences, each with its n and interval; the same words whichever method wins."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

MEAN = "mean"
MARKUP = re.compile(r"([\\`*_\[\]<>$~|])")


def inert(text: object) -> str:
    """A text of a file or a link, to stand in markdown: no picture, link, formula or tag of it comes alive."""
    return MARKUP.sub(r"\\\1", str(text))


def headline(tables: dict[str, pd.DataFrame], methods: Sequence[str], unit: str) -> list[tuple[str, str, str]]:
    """Three figures of a run: label, value, and the note with interval and n. `-` where there is none."""
    method = "scpo" if "scpo" in methods else next((m for m in methods if m != "global"), "global")
    mean = tables["accuracy"].query("country == @MEAN").set_index(["method", "subset"])
    full = mean.loc[(method, "full")]
    countries = tables["accuracy"]["country"].nunique() - 1
    gain = (
        f"Gain of {method} over the global model", f"{points(full['gain'])} points",
        f"mean of {countries} countries, from {percent(mean.loc[('global', 'full'), 'accuracy'])} to "
        f"{percent(full['accuracy'])}; {span(full['gain_low'], full['gain_high'])}; "
        f"{full['units']} {unit}s, {full['n']} pairs",
    )  # fmt: skip
    kept = mean.loc[(method, "consensus")]
    retention = (
        "Consensus kept", percent(kept["accuracy"]),
        f"of the pairs the global model gets right; {span(kept['low'], kept['high'])}; {kept['n']} pairs",
    )  # fmt: skip
    return [gain, retention, _efficiency_headline(tables["efficiency"], method)]


def _efficiency_headline(table: pd.DataFrame, method: str) -> tuple[str, str, str]:
    label = "Data efficiency against full"
    row = _row(table, MEAN, method, "trained")
    if row is None:
        return label, "-", "this run has no `full` to compare with"
    if not row["reached"]:
        return (
            label,
            "not reached",
            f"{method} did not reach the accuracy that full ends with ({percent(row['target'])})",
        )
    return label, f"{row['ratio']:.2f} times", (
        f"pairs trained on for {percent(row['target'])}: "
        f"full {row['pairs_full']:.0f}, {method} {row['pairs_method']:.0f}; "
        f"{_spread(row)}"
    )  # fmt: skip


def bias_sentence(table: pd.DataFrame, method: str) -> str:
    """Who is served worst by a method, how far countries are apart, and what the reference population loses."""
    rows = table[table["method"] == method].set_index("measure")
    worst, gap = rows.loc["worst country"], rows.loc["gap"]
    words = (
        f"**{method}**: {worst['country']} is served worst, {percent(worst['value'])} "
        f"({span(worst['low'], worst['high'])}; {worst['n']} pairs); between best and worst country lie "
        f"{100 * gap['value']:.1f} points ({span(gap['low'], gap['high'])})"
    )
    if method == "global" or "reference drop" not in rows.index:
        return words + "."
    drop = rows.loc["reference drop"]
    return words + (
        f"; the reference population loses {100 * drop['value']:.1f} points ({span(drop['low'], drop['high'])})."
    )


def efficiency_sentence(table: pd.DataFrame, country: str, method: str, reading: str) -> str:
    """How many pairs a method needs for the accuracy that `full` ends with."""
    row = _row(table, country, method, reading)
    if row is None:
        return f"**{method}**: no ratio; it needs budgets and the method `full` in the same run."
    if not row["reached"]:
        return f"**{method}**: not reached. It does not get to the {percent(row['target'])} that full ends with."
    more = 100 * (row["ratio"] - 1)
    least = "at least " if row["note"] else ""
    return (
        f"**{method}**: {percent(row['target'])} takes full {row['pairs_full']:.0f} pairs and {method} "
        f"{row['pairs_method']:.0f}: {least}{row['ratio']:.2f} times as efficient ({more:+.0f} %); {_spread(row)}."
    )


def _row(table: pd.DataFrame, country: str, method: str, reading: str):
    if not len(table):
        return None
    found = table[(table["country"] == country) & (table["method"] == method) & (table["reading"] == reading)]
    return found.iloc[0] if len(found) else None


def _spread(row: pd.Series) -> str:
    """The interval of a ratio; a resample in which the target is not reached counts as ratio 0."""
    missed = 1 - row["share_reached"]
    often = f", not reached in {100 * missed:.0f} % of resamples" if missed > 0 else ""
    return f"95 %: {row['low']:.2f} to {row['high']:.2f}{often}"


def percent(value: float) -> str:
    """0.6543 -> 65.4 %; no data is a dash."""
    return "-" if value is None or np.isnan(value) else f"{100 * value:.1f} %"


def points(value: float) -> str:
    """A difference of accuracies in points, with its sign."""
    return "-" if value is None or np.isnan(value) else f"{100 * value:+.1f}"


def span(low: float, high: float) -> str:
    """A 95 % interval in percent, or why there is none."""
    if low is None or np.isnan(low):
        return "no interval: too few people or questions"
    return f"95 %: {100 * low:.1f} to {100 * high:.1f}"
