"""Results in plain sentences, each with its n and interval; the same words whichever method wins."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
import pandas as pd

from scpo.format import TOO_FEW, counted, fixed, inert, known, people, percent, points, span
from scpo.grouping import AVERAGE, OTHERS, worded
from scpo.methods import main_of, named, spoken
from scpo.metrics.accuracy import MEAN
from scpo.metrics.alignment import BASELINES, UNIFORM
from scpo.metrics.groups import FEWEST_SHOWN
from scpo.metrics.intervals import ALPHA, FEWEST, FEWEST_OF_FOLDS
from scpo.metrics.outcomes import SUBSETS
from scpo.table_rows import row_of, rows_of
from scpo.text.efficiency import efficiency_figure


def measured(
    label: str,
    value: str,
    ends: tuple[float, float],
    note: str,
    *,
    before: str = "",
    none: str = TOO_FEW,
    who: str = "",
) -> tuple[str, str, str]:
    """A figure of a page: label, value, note. One without an interval is no headline: its value stands in the note.

    ends   low and high of the interval; before, note: what stands before and after it; none: why there is none
    who    whose value it is, part of the label where the figure is one
    """
    before = f"{before}; " if before else ""
    if known(ends[0]) and known(ends[1]):
        return label + (f": {who}" if who else ""), value, f"{before}{span(*ends)}; {note}"
    return label, "-", f"{before}measured {f'{who}, ' if who else ''}{value}; {none}; {note}"


def headline(tables: dict[str, pd.DataFrame], methods: Sequence[str], unit: str) -> list[tuple[str, str, str]]:
    """Three figures of a run: label, value, and the note with interval and n. `-` where there is none."""
    method = main_of(methods) or "global"
    accuracy = tables["accuracy"]
    mean = accuracy[accuracy["country"] == MEAN].set_index(["method", "subset"])
    full = row_of(mean, (method, "full"))
    base = row_of(mean, ("global", "full"))
    countries = tables["accuracy"]["country"].nunique() - 1
    gain = measured(
        f"Gain of {named(method)} over the global model",
        f"{points(full['gain'])} points",
        (full["gain_low"], full["gain_high"]),
        f"{counted(full['units'], unit)}, {counted(full['n'], 'pair')}",
        before=f"mean of {counted(countries, worded('country'))}, from {percent(base['accuracy'])} to "
        f"{percent(full['accuracy'])}",
    )
    kept = row_of(mean, (method, "consensus"))
    retention = measured(
        "Consensus kept",
        percent(kept["accuracy"]),
        (kept["low"], kept["high"]),
        counted(kept["n"], "pair"),
        before="of the pairs the global model gets right",
    )
    return [gain, retention, efficiency_figure(tables["efficiency"], method)]


NO_GAP = "a gap needs two countries"


def bias_sentence(table: pd.DataFrame, method: str, few: str = TOO_FEW) -> str:
    """Who is served worst by a method, how far countries are apart, and what the reference population loses.

    few   why there is no interval, where there is none
    """
    rows = table[table["method"] == method].set_index("measure")
    worst, gap = row_of(rows, "worst country"), row_of(rows, "gap")
    size = f"({span(worst['low'], worst['high'], few)}; {counted(worst['n'], 'pair')})"
    words = f"**{named(method)}**: {inert(worst['country'])} is served worst, {percent(worst['value'])} {size}; "
    words += (
        f"the best and the worst served {worded('country')} are {fixed(100 * gap['value'])} points apart "
        f"({span(gap['low'], gap['high'], few)}; {by_chance(gap['low'])})"
    )
    if worst["n"] == gap["n"]:
        words = f"**{named(method)}**: {percent(worst['value'])} in {inert(worst['country'])} {size}; {worded(NO_GAP)}"
    if method == "global" or "reference drop" not in rows.index:
        return words + "."
    drop = row_of(rows, "reference drop")
    return words + (
        f"; the reference population loses {fixed(100 * drop['value'])} points ({span(drop['low'], drop['high'])}; "
        f"{counted(drop['n'], 'pair')})."
    )


def fewest(subset: str) -> int:
    """People or questions that an interval takes, on all test pairs or on a part of them."""
    return FEWEST[SUBSETS.index(subset)]


def needed(rows: pd.DataFrame, subset: str) -> int:
    """The same of these rows, with low and units: of folds an interval takes more, and rows with `fewest` have none."""
    least, without = fewest(subset), rows.loc[rows["low"].isna(), "units"]
    return max(least, FEWEST_OF_FOLDS) if (without >= least).any() else least


class Finding(StrEnum):
    """What a paired difference tells."""

    HIGHER = "higher"
    LOWER = "lower"
    NO_INTERVAL = "no interval"
    EXCLUDES_ZERO = "the interval excludes 0"
    INCLUDES_ZERO = "the interval includes 0"
    NOTHING_FOUND = "no difference found"
    TOO_FEW = "too few"


def with_findings(table: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Paired differences with what each tells: `finding`, a `Finding`, and `note`, the same in words.

    table   subset, difference, low, high, p_holm, units, detectable (NaN where the run has none)
    """
    findings = [_finding(row) for row in rows_of(table)]
    notes = [_note(finding, row, unit) for finding, row in zip(findings, rows_of(table), strict=True)]
    return table.assign(finding=pd.Series(findings, table.index, object), note=pd.Series(notes, table.index, object))


def _finding(row) -> Finding:
    if np.isnan(row.low):
        return Finding.NO_INTERVAL
    if np.isnan(row.p_holm):
        return Finding.EXCLUDES_ZERO if row.low > 0 or row.high < 0 else Finding.INCLUDES_ZERO
    if row.p_holm < ALPHA:
        return Finding.HIGHER if row.difference > 0 else Finding.LOWER
    return Finding.NOTHING_FOUND if np.isnan(row.detectable) else Finding.TOO_FEW


def _note(finding: Finding, row, unit: str) -> str:
    """A finding in words; of one that is missed for want of people, how large it would have to be to be found."""
    if finding is Finding.NO_INTERVAL:
        takes = fewest(row.subset) if row.units < fewest(row.subset) else FEWEST_OF_FOLDS
        return f"no interval: {counted(row.units, unit)}, and one needs {takes}"
    if finding is not Finding.TOO_FEW:
        return finding.value
    return (
        f"too few {people(unit)} to tell: with {counted(row.units, unit)} only differences above "
        f"{fixed(100 * row.detectable)} points would be found"
    )


def difference_sentence(row, unit: str) -> str:
    """One paired difference with its interval, n, test and what it tells; row as of `with_findings`."""
    chance = "" if np.isnan(row.p_holm) else f", p = {row.p_holm:.3g} after Holm's correction"
    return (
        f"**{inert(row.country)}**: {points(row.difference)} points ({span(row.low, row.high)}; "
        f"{counted(row.units, unit)}, {counted(row.pairs, 'pair')}{chance}): {row.note}.{_variance(row, unit)}"
    )


def _variance(row, unit: str) -> str:
    """Both sources of variance of a difference, apart; '' where a run has neither."""
    if np.isnan(getattr(row, "unit_se", np.nan)):
        return ""
    seeds = "" if np.isnan(row.seed_sd) else f", standard deviation over seeds {fixed(100 * row.seed_sd)} points"
    return f" Standard error from {unit}s {fixed(100 * row.unit_se)} points{seeds}."


def is_clear(rows: pd.DataFrame) -> pd.Series:
    """Whether each difference is more than chance: by its test, or where it has none by its interval; (rows,) bool."""
    p, low, high = (rows[c].astype(float) for c in ("p_holm", "low", "high"))
    return (p < ALPHA) | (p.isna() & ((low > 0) | (high < 0)))


def told_apart(rows: pd.DataFrame, method: str, against: str, unit: str) -> str:
    """In how many countries a method differs from a baseline, and which way.

    rows    country, subset, difference, low, p_holm, one row per country, without the mean
    """
    tested = rows[rows["p_holm"].notna()]
    takes = f"{needed(rows, rows['subset'].iloc[0])} {unit}s" if len(rows) else ""
    if not len(tested):
        pair = f"{named(method)} from {spoken(against)}"
        return f"No {worded('country')} has enough {unit}s in the test to tell {pair}: an interval needs {takes}."
    clear = tested[tested["p_holm"] < ALPHA].sort_values("difference", ascending=False)
    up, down = clear[clear["difference"] > 0], clear[clear["difference"] < 0]
    of = counted(len(tested), worded("country"))
    known = "" if len(tested) == len(rows) else f" with at least {takes} in the test"
    where = f"in {len(clear)}" if len(clear) else "in none"
    pair = f"{named(method)} is clearly different from {spoken(against)}"
    words = f"Of {of}{known}, {pair} {where} after Holm's correction"
    for name, part in (("higher", up), ("lower", down)):
        if len(part):
            listed = ", ".join(f"{inert(r.country)} ({points(r.difference)})" for r in rows_of(part))
            words += f"; {name} in {listed}"
    return words + "."


def too_few(rows: pd.DataFrame, unit: str) -> str:
    """The countries whose differences may be there and be missed, and those without an interval; '' if none.

    rows    as of `with_findings`, and country
    """
    found = []
    missed, without = (
        [inert(country) for country in rows.loc[rows["finding"] == finding, "country"]]
        for finding in (Finding.TOO_FEW, Finding.NO_INTERVAL)
    )
    if missed:
        found.append(f"Too few {people(unit)} to tell, which is not 'no difference': {', '.join(missed)}.")
    if without and len(without) < len(rows):
        takes = needed(rows, rows["subset"].iloc[0])
        found.append(f"No interval, for fewer than {takes} {unit}s: {', '.join(without)}.")
    return " ".join(found)


def runaway_sentence(path: pd.DataFrame, country: str, methods: Sequence[str]) -> str:
    """Where each method's training ends, past the chosen step: what it keeps of the consensus; '' without paths."""
    rows = path[(path["country"] == country) & (path["subset"] == "consensus")] if len(path) else path
    known = [m for m in methods if len(rows) and (rows["method"] == m).any()]
    ends = [rows[rows["method"] == m].sort_values("seen").iloc[-1] for m in known]
    if not ends:
        return ""
    told = ", ".join(f"{named(end['method'])} {percent(end['accuracy'])}" for end in ends)
    return f"At the very end of training ({ends[0]['seen']:,} pairs seen) the consensus kept is: {told}."


def group_sentence(row) -> str:
    """The gap between groups of people under one method; row: method, gap, low, high, best, worst, groups, hidden."""
    few = f"; not shown: {counted(row.hidden, 'group')} of fewer than {FEWEST_SHOWN} people" if row.hidden else ""
    return (
        f"**{named(row.method)}**: {fixed(100 * row.gap)} points between {inert(row.best)} (best served) and "
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
    row = models.iloc[int(models["alignment"].argmax())]
    told = f"**{named(str(row.name))}** is nearest to the answers with {percent(row['alignment'])}"
    if row.name != "global":
        told += f", {points(row['gain'])} points against the global model ({span(row['gain_low'], row['gain_high'])})"
    told += f"; every option alike reaches {percent(rows['alignment'].get(UNIFORM, np.nan))}"
    for name, who in ((AVERAGE, worded("all countries")), (OTHERS, worded("the other countries"))):
        reached = rows["alignment"].get(name, np.nan)
        told += "" if np.isnan(reached) else f"; what {who} answered on average reaches {percent(reached)}"
    return told + "."
