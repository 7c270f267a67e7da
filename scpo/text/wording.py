"""What another wording of the prompts changes, in words and as a table."""

from __future__ import annotations

import pandas as pd

from scpo.format import brackets, percent, points
from scpo.methods import named

OTHER_SEED = "as it is, another seed"  # the row that is no other wording


def wording_shown(table: pd.DataFrame) -> pd.DataFrame:
    """The table of `scpo.study.wording` as a reader would print it: a row per wording, a column per method."""
    told = [
        f"{percent(changed)}; {points(difference)} {brackets(low, high)}"
        for changed, difference, low, high in table[["changed", "difference", "low", "high"]].itertuples(index=False)
    ]
    wide = table.assign(told=told).pivot(index="wording", columns="method", values="told")
    wide = wide.loc[table["wording"].unique(), table["method"].unique()]
    return wide.rename(columns=named).rename_axis(index=None, columns=None)


def wording_lines(table: pd.DataFrame) -> list[str]:
    """A line per method: on how many pairs it decides otherwise, and what its accuracy does."""
    lines = []
    for method, rows in table.groupby("method", sort=False):
        other, said = (rows[(rows["wording"] == OTHER_SEED) == seed] for seed in (True, False))
        clear = int(((said["low"] > 0) | (said["high"] < 0)).sum())
        lines.append(
            f"{named(str(method))}: said otherwise it decides otherwise on {percent(said['changed'].min())} to "
            f"{percent(said['changed'].max())} of the test pairs (another seed alone: "
            f"{percent(other['changed'].iloc[0])}); its accuracy moves by {points(said['difference'].min())} to "
            f"{points(said['difference'].max())} points, clearly in {clear} of {len(said)} wordings."
        )
    return lines
