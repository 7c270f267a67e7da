"""Data efficiency in words: how many times fewer pairs than full, or why nobody can say."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from scpo.format import TOO_FEW, fixed, known, percent, points, signed
from scpo.grouping import worded
from scpo.methods import METHODS, named
from scpo.metrics.accuracy import AT_LEAST, AT_MOST, BOTH_AT_ONCE, MEAN, NO_GAIN, NO_PAIRS, NO_RATIO, UNCLEAR
from scpo.metrics.accuracy import TOO_FEW as TOO_FEW_TO_TELL
from scpo.metrics.intervals import FEWEST_FOR_RATIOS

PAIRS = {"labelled": "labelled pairs", "trained": "pairs trained on"}  # two ways to count the pairs of a ratio
BOUNDS = {AT_LEAST: "at least ", AT_MOST: "at most "}
OF_FULL = (NO_GAIN, UNCLEAR, TOO_FEW_TO_TELL)  # reasons that hold for every method
ALL = "fine-tuning on all pairs"  # the method full, within a sentence
NOTHING_GAINED = f"{ALL} gains nothing over the global model, so there is nothing to be efficient at"


def row_of(table: pd.DataFrame, country: str, method: str, reading: str) -> pd.Series | None:
    """The row of the summary table `efficiency`; None where the run has none."""
    if not len(table):
        return None
    found = table[(table["country"] == country) & (table["method"] == method) & (table["reading"] == reading)]
    return found.iloc[0] if len(found) else None


def why_no_row(method: str) -> str:
    """Why a run has no ratio of a method at all."""
    if method == "full":
        return f"needs another trained method beside {ALL}"
    return f"needs {ALL}, another trained method, and at least one budget below all pairs; this run lacks one of them"


def why_no_ratio(row) -> str:
    """Why there is no ratio, as the end of a sentence; '' where there is one."""
    reasons = {
        NO_GAIN: NOTHING_GAINED,
        UNCLEAR: f"what {ALL} gains over the global model may be chance, so the ratio could be anything",
        TOO_FEW_TO_TELL: f"a ratio needs at least {FEWEST_FOR_RATIOS} people or questions in the test",
        NO_PAIRS: f"{named(row['method'])} trained on no pair (the filter kept none)",
        BOTH_AT_ONCE: f"{ALL} and {named(row['method'])} both get to {percent(row['target'])} with the fewest "
        "pairs that were tried, so how many times fewer one needs is not known",
    }
    if not known(row["target"]):
        return f"no accuracy of {ALL} is known"
    if row["note"] in reasons:
        return reasons[row["note"]]
    if row["reached"]:
        return ""
    share = row["share_reached"]
    often = f"; in {percent(share)} of resamples it does" if known(share) else ""
    often = "; it does in none of the resamples" if share == 0 else often
    return f"{named(row['method'])} does not get to the {percent(row['target'])} that {ALL} ends with{often}"


def verdict_of(row) -> str:
    """The ratio, or in two words that there is none: 2.80 times, at least 2.80 times, no ratio, not reached."""
    if row["reached"]:
        return f"{BOUNDS.get(row['note'], '')}{fixed(row['ratio'], 2)} times"
    return "no ratio" if row["note"] in NO_RATIO else "not reached"


def spread_of(row) -> str:
    """The interval of a ratio, or why there is none; a resample in which the target is not reached is a ratio 0."""
    if not known(row["low"]):
        lost = 1 - row.get("share_gain", 1.0)
        return (
            TOO_FEW
            if not lost > 0
            else (
                f"no interval: in {percent(lost)} of resamples {ALL} gains nothing over the global model, and there "
                "the ratio could be anything"
            )
        )
    missed = 1 - row["share_reached"]
    often = f" (not reached in {percent(missed)} of resamples)" if missed > 0 else ""
    return f"{interval_of(row['low'], row['high'])}{often}"


def interval_of(low: float, high: float) -> str:
    """The interval of a ratio; an end at 0 lies among the resamples that do not reach the target."""
    ends = (fixed(end, 2) if end > 0 else "not reached" for end in (low, high))
    return f"95 %: {' to '.join(ends)}"


def efficiency_figure(table: pd.DataFrame, method: str, reading: str = "trained", country: str = MEAN):
    """How many times fewer pairs than full: label, value, and the note with interval."""
    label, row = f"Data efficiency against {ALL}", row_of(table, country, method, reading)
    if row is None:
        return label, "-", why_no_row(method)
    none = why_no_ratio(row)
    if none:
        return label, verdict_of(row), none
    return (
        label,
        verdict_of(row),
        (
            f"{PAIRS[reading]} for {percent(row['target'])}: {ALL} {row['pairs_full']:,.0f}, {named(method)} "
            f"{row['pairs_method']:,.0f}, {more(row['ratio'])}; {spread_of(row)}"
        ),
    )


def efficiency_sentence(table: pd.DataFrame, country: str, method: str, reading: str) -> str:
    """How many pairs a method needs for the accuracy that `full` ends with."""
    row = row_of(table, country, method, reading)
    if row is None:
        return f"**{named(method)}**: no ratio; it {why_no_row(method)}."
    none = why_no_ratio(row)
    if none:
        return f"**{named(method)}** ({PAIRS[reading]}): {verdict_of(row)}, since {none}."
    return (
        f"**{named(method)}**: to reach {percent(row['target'])}, {ALL} needs {row['pairs_full']:,.0f} "
        f"{PAIRS[reading]} and {named(method)} {row['pairs_method']:,.0f}: {verdict_of(row)} as efficient "
        f"({more(row['ratio'])}); {spread_of(row)}.{_whose(method)}"
    )


def efficiency_sentences(table: pd.DataFrame, country: str, methods: Sequence[str], reading: str) -> list[str]:
    """One for each method; where the same keeps all of them from having a ratio, that is said once."""
    rows = [row_of(table, country, method, reading) for method in methods]
    if len(rows) > 1 and all(row is not None and row["note"] in OF_FULL for row in rows):
        return [f"No method has a ratio of {PAIRS[reading]} here, since {why_no_ratio(rows[0])}."]
    return [efficiency_sentence(table, country, method, reading) for method in methods]


def no_ratio_anywhere(table: pd.DataFrame, method: str, reading: str, others: Sequence[str]) -> str:
    """Why a method has a ratio in no country, and which of the others have one on average."""
    row = row_of(table, MEAN, method, reading)
    with_one = [named(m) for m in others if (found := row_of(table, MEAN, m, reading)) is not None and found["reached"]]
    instead = f" Methods that have one on average: {', '.join(with_one)}." if with_one else ""
    return f"No ratio in any {worded('country')}. On average over {worded('countries')}: {why_no_ratio(row)}.{instead}"


def efficiency_lines(table: pd.DataFrame) -> list[str]:
    """The ratios of the mean over countries as lines of text."""
    rows = table[table["country"] == MEAN] if len(table) else table
    if not len(rows):
        return []
    if rows["note"].iloc[0] in OF_FULL:
        return [f"Data efficiency: no ratio, since {why_no_ratio(rows.iloc[0])}."]
    lines = [f"Pairs needed for the accuracy that {ALL} ends with (a ratio of 2.8 is 180 % more efficient):"]
    width = max(8, rows["method"].str.len().max()) + 1
    for row in rows.to_dict("records"):
        none = why_no_ratio(row)
        lines.append(f"  {row['method']:<{width}}{row['reading']:<10}{verdict_of(row)}; {none or spread_of(row)}")
    return lines


def kept_sentence(table: pd.DataFrame, country: str, method: str) -> str:
    """How many pairs there were per pair that a filter kept, of the summary table `curve`; '' without a filter."""
    rows = table[(table["country"] == country) & (table["method"] == method)]
    pairs, trained = rows.sort_values("pairs").iloc[-1][["pairs", "trained"]]
    if not 0 < trained < pairs:
        return ""
    return (
        f"**{named(method)}**: the filter kept {trained:,.0f} of {pairs:,.0f} pairs, that is "
        f"{fixed(pairs / trained, 2)} pairs per pair kept. This is a property of the filter and says nothing of "
        "accuracy."
    )


def per_pair_sentence(table: pd.DataFrame, country: str, method: str) -> str:
    """What each pair brought a method, and how that compares with `full`."""
    row = table[(table["country"] == country) & (table["method"] == method)].iloc[0]
    if not row["trained"]:
        return f"**{named(method)}**: trained on no pair, so there is no gain per pair."
    told = (
        f"**{named(method)}**: {points(row['gain'])} points with {row['trained']:,.0f} pairs, "
        f"{signed(100 * row['per_100'], 2)} per 100 ({per_100_span(row)})"
    )
    if method == "full":
        return told + "."
    if not known(row["ratio"]):
        return told + f"; no ratio, since what {ALL} gains may be chance here, or the people are too few."
    return (
        f"{told}; {fixed(row['ratio'], 2)} times as much per pair as {ALL} ({more(row['ratio'])}; "
        f"95 %: {fixed(row['ratio_low'], 2)} to {fixed(row['ratio_high'], 2)}).{_whose(method)}"
    )


def per_100_span(row: pd.Series) -> str:
    """The interval of a gain per 100 pairs, which is of tenths of a point, with two decimals; or why there is none."""
    low, high = row["low"], row["high"]
    return f"95 %: {fixed(100 * low, 2)} to {fixed(100 * high, 2)}" if known(low) and known(high) else TOO_FEW


def more(ratio: float) -> str:
    """A ratio as 'more', as papers say it: 2.8 -> +180 %."""
    return f"{signed(100 * (ratio - 1), 0)} %"


def _whose(method: str) -> str:
    """What the count of pairs leaves out."""
    if not METHODS[method].borrows:
        return ""
    return worded(
        " Only the country's own pairs are counted; what to expect of the country, it learns from the pairs of the "
        "others."
    )
