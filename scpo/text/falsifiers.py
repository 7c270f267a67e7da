"""What altered groups must show, and whether they did, in plain sentences with their numbers."""

from __future__ import annotations

from enum import StrEnum

import pandas as pd

from scpo import runs
from scpo.format import brackets, counted, inert, points, signed
from scpo.methods import METHODS, UNTRAINED, named
from scpo.metrics.accuracy import MEAN
from scpo.metrics.intervals import ALPHA
from scpo.metrics.paired import holm
from scpo.runs.falsifiers import AS_IT_IS, BEFORE, EQUAL, FLIPPED, GLOBAL, OTHERS, POOLED, SHUFFLED
from scpo.table_rows import rows_of
from scpo.text import findings

TITLES = {
    AS_IT_IS: "Groups as they are",
    SHUFFLED: "Groups shuffled among people",
    EQUAL: "Groups made equal",
    FLIPPED: "One group's labels flipped",
}
WITH_POOLED = "full"  # differs from `pooled` in nothing but whose pairs it sees


class Verdict(StrEnum):
    """What came of an alteration."""

    AS_IT_MUST = "as it must be"
    NOT_AS_IT_MUST = "not as it must be"
    OPEN = "too few people or questions to tell"


def usual_methods(result: runs.Result) -> list[str]:
    """The methods that pages show first, of those with a trained model per country."""
    return [m for m in findings.leading(result) if m not in UNTRAINED and not METHODS[m].one_for_all]


def rows_of_kind(table: pd.DataFrame, kind: str, quantity: str) -> pd.DataFrame:
    """The rows of one alteration and comparison, with `p_holm`, corrected over all of them."""
    rows = table[(table["kind"] == kind) & (table["quantity"] == quantity)]
    return rows.assign(p_holm=holm(rows["p"].to_numpy(float)))


def verdict(table: pd.DataFrame, kind: str) -> Verdict:
    """Whether an alteration shows what it must.

    Shuffled, equal: no advantage over the others' models is told from 0 after Holm's correction. Flipped: the model of
    every flipped group is told to be below what it was before.
    """
    rows = rows_of_kind(table, kind, BEFORE if kind == FLIPPED else OTHERS).dropna(subset=["p"])
    if not len(rows):
        return Verdict.OPEN
    clear = (rows["p_holm"] < ALPHA).to_numpy()
    if kind != FLIPPED:
        return Verdict.NOT_AS_IT_MUST if clear.any() else Verdict.AS_IT_MUST
    if (clear & (rows["difference"] < 0).to_numpy()).all():
        return Verdict.AS_IT_MUST
    return Verdict.NOT_AS_IT_MUST if (rows["difference"] >= 0).any() else Verdict.OPEN


def falsifier_lines(table: pd.DataFrame) -> list[str]:
    """One sentence or two per alteration, in the order of `TITLES`; none without a table."""
    if not len(table):
        return []
    as_it_is = rows_of_kind(table, AS_IT_IS, OTHERS)
    first = (
        f"**{TITLES[AS_IT_IS]}**: on a group's own test pairs its own model is {_range(as_it_is)} from the mean of the "
        f"other groups' models; {_clear(as_it_is)}."
    )
    return [first, *(_advantage(table, kind) for kind in (SHUFFLED, EQUAL)), _flipped(table)]


def _advantage(table: pd.DataFrame, kind: str) -> str:
    rows, draws = rows_of_kind(table, kind, OTHERS), table.loc[table["kind"] == kind, "draw"].nunique()
    line = (
        f"**{TITLES[kind]}** ({counted(draws, 'draw')}): the same must be 0. It is {_range(rows)}; {_clear(rows)}: "
        f"{verdict(table, kind)}."
    )
    pooled = rows_of_kind(table, kind, POOLED)
    pooled = pooled[pooled["method"] == WITH_POOLED]
    if not len(pooled):
        return line
    own, one = named(WITH_POOLED), named(POOLED)
    if kind == SHUFFLED:
        return f"{line} {own} must not be ahead of {one}, which sees everybody's pairs: {_range(pooled)}."
    return f"{line} {own} and {one} have the same pairs there, and must be alike: {_range(pooled)}."


def _flipped(table: pd.DataFrame) -> str:
    rows, base = rows_of_kind(table, FLIPPED, BEFORE), rows_of_kind(table, FLIPPED, GLOBAL)
    told = [
        f"{inert(country)} {_range(part)} ({_range(base[base['country'] == country])} against the global model)"
        for country, part in rows.groupby("country", sort=False)
    ]
    return (
        f"**{TITLES[FLIPPED]}** in training and validation ({counted(len(told), 'group')}, one at a time): on its test "
        f"pairs, which stay as they are, its own model must fall. Against its model before: {'; '.join(told)}: "
        f"{verdict(table, FLIPPED)}."
    )


def _range(rows: pd.DataFrame) -> str:
    """The differences of rows from the least to the largest, in points."""
    low, high = rows["difference"].min(), rows["difference"].max()
    alike = signed(100 * low) == signed(100 * high)
    return f"{points(low)} points" if alike else f"{points(low)} to {points(high)} points"


def _clear(rows: pd.DataFrame) -> str:
    """How many intervals leave 0 out, and how many differences do so after the correction."""
    known = rows.dropna(subset=["low"])
    if not len(known):
        return f"no interval: {Verdict.OPEN}"
    out = int(((known["low"] > 0) | (known["high"] < 0)).sum())
    corrected = int((known["p_holm"] < ALPHA).sum())
    leave = "leaves" if out == 1 else "leave"
    return f"of {counted(len(known), 'interval')} {out} {leave} 0 out, {corrected} after Holm's correction"


def falsifier_table(table: pd.DataFrame) -> pd.DataFrame:
    """The same as a terminal prints it: a row per kind, draw and method, a column per comparison."""
    texts = [f"{points(row.difference)} {brackets(row.low, row.high)}" for row in rows_of(table)]
    draw = (table["draw"] + 1).astype(str).where(table["kind"] != AS_IT_IS, "")
    group = table["country"].where(table["country"] != MEAN, "all, mean")
    keys = [table["kind"], draw, group.rename("group"), table["method"]]
    wide = pd.Series(texts, pd.MultiIndex.from_arrays([*keys, table["quantity"]])).unstack(sort=False).fillna("")
    return wide.reset_index().rename_axis(columns=None)
