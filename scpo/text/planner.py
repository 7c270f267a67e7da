"""What a data set can tell before anything is trained, as sentences and as a table. Knows nothing of Streamlit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scpo.format import counted, fixed, known, people
from scpo.grouping import worded
from scpo.metrics.accuracy import MEAN
from scpo.metrics.intervals import FEWEST_OF_FOLDS, FEWEST_UNITS
from scpo.planner import USUAL, WANTED
from scpo.table_rows import rows_of

FOLDS, FEW_TESTED = 5, 30  # folds that are offered where fewer people than this are in the test
ASSUMED = (
    "Assumed, since nothing is trained yet: two methods are right on different pairs in "
    f"{100 * USUAL.differing:.0f} % of them, and their differences on two pairs of one person or question correlate by "
    f"{USUAL.alike:g}, about as in the demo experiment and on survey answers. Seen: found four times in five, after "
    "Holm's correction over the countries. Two ways to steer lie nearer to each other, and show smaller differences."
)


def plan_sentence(row, unit: str, wanted: float = WANTED) -> str:
    """What the test of one country can show; row: as of `scpo.planner.plan_table`."""
    name = worded("Mean over the countries") if row.country == MEAN else row.country
    told = f"{name}: {row.test_units:,} test {people(unit, row.test_units)}"
    if not row.test_units:
        return f"{told}, so that nothing can be measured"
    enough = f"{row.needed:,.0f} would show {counted(100 * wanted, 'point')}"
    if not known(row.detectable):
        takes = FEWEST_UNITS if row.test_units < FEWEST_UNITS else FEWEST_OF_FOLDS
        return f"{told}, and an interval needs {takes}; {enough}"
    below = f"{told}; differences below about {counted(100 * row.detectable, 'point')} cannot be seen"
    return below if row.detectable <= wanted else f"{below}; {enough}"


def plan_lines(table: pd.DataFrame, unit: str, wanted: float = WANTED) -> list[str]:
    """The sentences of all countries that are steered to; the mean over them first, if there are several."""
    return [plan_sentence(row, unit, wanted) for row in table.itertuples() if row.role != "reference"]


def folds_offer(table: pd.DataFrame, unit: str, way: str) -> str:
    """How every person can be tested, where a country has few in the test; empty where none has, or folds do it.

    way  how folds are asked for, such as `--folds 5`
    """
    steered = table[table["role"] == "steered to"]
    few = steered[(steered["test_units"] < FEW_TESTED) & (steered["test_units"] < steered["units"])]
    few = few[few["units"] >= FOLDS]
    if not len(few):
        return ""
    row = next(rows_of(few.sort_values("test_units", kind="stable")))
    more = f" and {len(few) - 1:,} more" if len(few) > 1 else ""
    return (
        f"Fewer than {FEW_TESTED} test {people(unit)} in {row.country}{more}: with {way} everyone is tested once "
        f"({row.country}: {row.units:,} in place of {row.test_units:,}), by models trained on the others"
    )


def bar_columns(unit: str) -> dict[str, str]:
    """The counts that a page draws as bars: heading of `plan_shown` -> column of the plan."""
    return {people(unit): "units", "pairs": "pairs", f"test {people(unit)}": "test_units", "test pairs": "test_pairs"}


def plan_shown(table: pd.DataFrame, unit: str, wanted: float = WANTED) -> pd.DataFrame:
    """The table as a reader prints it."""
    wide = f"{people(unit)} for {counted(100 * wanted, 'point')}"
    names = {column: heading for heading, column in bar_columns(unit).items()} | {"detectable": "seen from"}
    table = table.drop(columns="prompts") if unit in ("prompt", "question") else table  # units, and counted already
    numbers = [n for n in ("units", "prompts", "pairs", "test_units", "test_pairs") if n in table]
    counts = {n: table[n].map("{:,}".format) for n in numbers}
    smallest = table["detectable"].map(lambda d: f"{fixed(100 * d)} points" if known(d) else "no interval")
    needed = table["needed"].map(lambda n: "-" if np.isnan(n) else f"{n:,.0f}")
    return table.assign(**counts, detectable=smallest, needed=needed).rename(
        columns={**names, "needed": wide, "country": worded("country")}
    )
