"""Results in plain sentences, each with its n and interval; the same words whichever method wins."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from scpo.metrics.alignment import ALL, BASELINES, OTHERS, UNIFORM
from scpo.metrics.groups import FEWEST_SHOWN

MEAN = "mean"
PAIRS = {"labelled": "labelled pairs", "trained": "pairs trained on"}  # two ways to count the pairs of a ratio
ALPHA = 0.05
MARKUP = re.compile(r"([\\`*\[\]<>$~|]|(?<![^\W_])_|_(?![^\W_]))")  # an underscore inside a word marks up nothing


def inert(text: object) -> str:
    """A text of a file or a link, to stand in markdown: no picture, link, formula or tag of it comes alive."""
    return MARKUP.sub(r"\\\1", str(text))


def counted(n: int, one: str, several: str = "") -> str:
    """A number and its noun: 1 seed, 1,200 pairs."""
    return f"{n:,} {one if n == 1 else several or one + 's'}"


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
    return [gain, retention, efficiency_figure(tables["efficiency"], method)]


def efficiency_figure(table: pd.DataFrame, method: str, reading: str = "trained", country: str = MEAN):
    """How many times fewer pairs than full: label, value, and the note with interval."""
    label = "Data efficiency against full"
    row = _row(table, country, method, reading)
    if row is None:
        return label, "-", "needs `full` and at least one budget below all pairs, which this run has not"
    if not row["reached"]:
        return (
            label,
            "not reached",
            f"{method} did not reach the accuracy that full ends with ({percent(row['target'])}); {_share(row)}",
        )
    return label, f"{row['ratio']:.2f} times", (
        f"{PAIRS[reading]} for {percent(row['target'])}: "
        f"full {row['pairs_full']:.0f}, {method} {row['pairs_method']:.0f}, "
        f"{100 * (row['ratio'] - 1):+.0f} %; {_spread(row)}"
    )  # fmt: skip


def bias_sentence(table: pd.DataFrame, method: str) -> str:
    """Who is served worst by a method, how far countries are apart, and what the reference population loses."""
    rows = table[table["method"] == method].set_index("measure")
    worst, gap = rows.loc["worst country"], rows.loc["gap"]
    words = (
        f"**{method}**: {inert(worst['country'])} is served worst, {percent(worst['value'])} "
        f"({span(worst['low'], worst['high'])}; {worst['n']} pairs); between best and worst country lie "
        f"{100 * gap['value']:.1f} points ({span(gap['low'], gap['high'])}; {by_chance(gap['low'])})"
    )
    if method == "global" or "reference drop" not in rows.index:
        return words + "."
    drop = rows.loc["reference drop"]
    return words + (
        f"; the reference population loses {100 * drop['value']:.1f} points ({span(drop['low'], drop['high'])}; "
        f"{drop['n']} pairs)."
    )


def efficiency_sentence(table: pd.DataFrame, country: str, method: str, reading: str) -> str:
    """How many pairs a method needs for the accuracy that `full` ends with."""
    row = _row(table, country, method, reading)
    if row is None:
        return f"**{method}**: no ratio; it needs budgets and the method `full` in the same run."
    if not row["reached"]:
        return (
            f"**{method}** ({PAIRS[reading]}): not reached. It does not get to the {percent(row['target'])} that full "
            f"ends with; {_share(row)}."
        )
    more = 100 * (row["ratio"] - 1)
    least = "at least " if row["note"] else ""
    return (
        f"**{method}**: {percent(row['target'])} takes full {row['pairs_full']:.0f} {PAIRS[reading]} and {method} "
        f"{row['pairs_method']:.0f}: {least}{row['ratio']:.2f} times as efficient ({more:+.0f} %); {_spread(row)}."
        f"{_whose(method)}"
    )


def per_pair_sentence(table: pd.DataFrame, country: str, method: str) -> str:
    """What each pair brought a method, and how that compares with `full`."""
    row = table[(table["country"] == country) & (table["method"] == method)].iloc[0]
    told = (
        f"**{method}**: {points(row['gain'])} points with {row['trained']:,.0f} pairs, {points(row['per_100'])} per "
        f"100 ({span(row['low'], row['high'])})"
    )
    if method == "full":
        return told + "."
    if pd.isna(row["ratio"]):
        return told + "; no ratio, since the gain of full itself may be chance here, or the people are too few."
    return (
        f"{told}; {row['ratio']:.2f} times the gain per pair trained on of full ({100 * (row['ratio'] - 1):+.0f} %; "
        f"95 %: {row['ratio_low']:.2f} to {row['ratio_high']:.2f}).{_whose(method)}"
    )


def _whose(method: str) -> str:
    """What the count of pairs leaves out."""
    if method != "shared":
        return ""
    return " Counted are a country's own pairs; what it expects of the country, it learns from the pairs of the others."


def verdict(row, unit: str) -> str:
    """What a paired difference tells: higher, lower, or how large it would have to be to be found.

    row     difference, low, high, p_holm, units, detectable (NaN where the run has none)
    """
    if np.isnan(row.low):
        return f"no interval: {row.units} {unit}(s) are too few"
    if np.isnan(row.p_holm):
        return "the interval excludes 0" if row.low > 0 or row.high < 0 else "the interval includes 0"
    if row.p_holm < ALPHA:
        return "higher" if row.difference > 0 else "lower"
    if np.isnan(row.detectable):
        return "no difference found"
    who = "people" if unit == "user" else f"{unit}s"
    return (
        f"too few {who} to tell: with {row.units} {unit}s only differences above {100 * row.detectable:.1f} points "
        "would be found"
    )


def difference_sentence(row, unit: str) -> str:
    """One paired difference with its interval, n, test and what it tells; row as for `verdict`, with its note."""
    chance = "" if np.isnan(row.p_holm) else f", p = {row.p_holm:.3g} after Holm's correction"
    return (
        f"**{inert(row.country)}**: {points(row.difference)} points ({span(row.low, row.high)}; {row.units} {unit}s, "
        f"{row.pairs} pairs{chance}): {row.note}.{_variance(row, unit)}"
    )


def _variance(row, unit: str) -> str:
    """Both sources of variance of a difference, apart; '' where a run has neither."""
    if np.isnan(getattr(row, "unit_se", np.nan)):
        return ""
    seeds = "" if np.isnan(row.seed_sd) else f", standard deviation over seeds {100 * row.seed_sd:.1f} points"
    return f" Standard error from {unit}s {100 * row.unit_se:.1f} points{seeds}."


def told_apart(rows: pd.DataFrame, method: str, against: str) -> str:
    """In how many countries a method differs from a baseline, and which way.

    rows    country, difference, low, p_holm, one row per country, without the mean
    """
    tested = rows[rows["p_holm"].notna()]
    clear = tested[tested["p_holm"] < ALPHA].sort_values("difference", ascending=False)
    up, down = clear[clear["difference"] > 0], clear[clear["difference"] < 0]
    words = f"Of {len(tested)} countries, {method} is told apart from {against} in {len(clear)} after Holm's correction"
    for name, part in (("higher", up), ("lower", down)):
        if len(part):
            listed = ", ".join(f"{inert(r.country)} ({points(r.difference)})" for r in part.itertuples())
            words += f"; {name} in {listed}"
    return words + "."


def too_few(rows: pd.DataFrame) -> str:
    """The countries whose differences may be there and be missed; '' if none. rows: country, note (of `verdict`)."""
    names = [inert(row.country) for row in rows.itertuples() if "too few" in row.note]
    return f"Too few people or questions to tell, which is not 'no difference': {', '.join(names)}." if names else ""


def runaway_sentence(path: pd.DataFrame, country: str, methods: Sequence[str]) -> str:
    """Where each method's training ends, past the chosen step: what it keeps of the consensus; '' without paths."""
    rows = path[(path["country"] == country) & (path["subset"] == "consensus")] if len(path) else path
    known = [m for m in methods if len(rows) and (rows["method"] == m).any()]
    ends = [rows[rows["method"] == m].sort_values("seen").iloc[-1] for m in known]
    if not ends:
        return ""
    told = ", ".join(f"{end['method']} {percent(end['accuracy'])}" for end in ends)
    return f"At the very end of training ({ends[0]['seen']:,} pairs seen) the consensus kept is: {told}."


def group_sentence(row) -> str:
    """The gap between groups of people under one method; row: method, gap, low, high, best, worst, groups, hidden."""
    few = f"; {row.hidden} group(s) of fewer than {FEWEST_SHOWN} people are not shown" if row.hidden else ""
    return (
        f"**{row.method}**: {points(row.gap).lstrip('+')} points between {inert(row.best)} (best served) and "
        f"{inert(row.worst)} (worst), {span(row.low, row.high)}, of {row.groups} groups{few}; {by_chance(row.low)}."
    )


def by_chance(low: float) -> str:
    """What the interval of a gap says of chance: also of groups or countries that are alike, one is measured best."""
    if pd.isna(low):
        return "some gap is there by chance alone"
    return "chance alone may make as much" if low <= 0 else "more than chance alone makes"


def alignment_sentence(table: pd.DataFrame, country: str) -> str:
    """The best method of a country by opinion alignment, its gain, and what the other countries' average reaches."""
    rows = table[table["country"] == country].set_index("method").astype({"alignment": float})
    models = rows.drop(index=[name for name in BASELINES if name in rows.index])
    best = models["alignment"].idxmax()
    told = f"**{best}** is nearest to the answers with {percent(models.loc[best, 'alignment'])}"
    if best != "global":
        row = models.loc[best]
        told += f", {points(row['gain'])} points against global ({span(row['gain_low'], row['gain_high'])})"
    told += f"; every option alike reaches {percent(rows['alignment'].get(UNIFORM, np.nan))}"
    for name, who in ((ALL, "all countries"), (OTHERS, "the other countries")):
        reached = rows["alignment"].get(name, np.nan)
        told += "" if np.isnan(reached) else f"; what {who} answered on average reaches {percent(reached)}"
    return told + "."


def _row(table: pd.DataFrame, country: str, method: str, reading: str):
    if not len(table):
        return None
    found = table[(table["country"] == country) & (table["method"] == method) & (table["reading"] == reading)]
    return found.iloc[0] if len(found) else None


def _spread(row: pd.Series) -> str:
    """The interval of a ratio; a resample in which the target is not reached counts as ratio 0."""
    if pd.isna(row["low"]):
        return "no interval: too few people or questions"
    missed = 1 - row["share_reached"]
    often = f", not reached in {100 * missed:.0f} % of resamples" if missed > 0 else ""
    return f"95 %: {row['low']:.2f} to {row['high']:.2f}{often}"


def _share(row: pd.Series) -> str:
    """How sure `not reached` is."""
    return f"in {100 * row['share_reached']:.0f} % of resamples it does"


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
