"""Ratios of runs that older versions made, by the present rule of when there is one (`scpo.metrics.efficiency`).

The rule needs what `full` gains and from how many people, which every run keeps; the ratios that stay are as the older
version counted them.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from scpo.metrics.accuracy import NO_GAIN, NO_PAIRS, TIE, TOO_FEW, UNCLEAR
from scpo.metrics.intervals import FEWEST_FOR_RATIOS
from scpo.runs import Result

NEWEST = "share_gain"  # a column of `efficiency` that older versions did not write
RATIO = ["pairs_full", "pairs_method", "ratio", "low", "high"]
SAID = (
    "An older version made this run. Ratios that the present rule would not give are left out here; the others are as "
    "that version counted them. Run it again for all of them by the present rule."
)


def is_older(result: Result) -> bool:
    """True for ratios that were written before the present rule."""
    table = result.tables.get("efficiency")
    return table is not None and len(table) > 0 and NEWEST not in table.columns


def by_present_rule(result: Result) -> Result:
    """The run with words in place of ratios that the present rule does not give; a newer one as it is."""
    if not is_older(result):
        return result
    table, full = result.tables["efficiency"].copy(), result.tables["accuracy"]
    full = full[(full["method"] == "full") & (full["subset"] == "full")].set_index("country")
    trained = result.tables["curve"].groupby(["country", "method"])["trained"].max()
    for at, row in table.iterrows():
        none_kept = not trained.get((row["country"], row["method"]), 1) > 0
        reason = _no_gain(full.loc[row["country"]]) or (NO_PAIRS if none_kept else "")
        if reason:
            table.loc[at, RATIO] = np.nan
            table.loc[at, ["reached", "note"]] = False, reason
    each = result.tables.get("per_pair", pd.DataFrame()).copy()
    if len(each):
        each.loc[each["units"] < FEWEST_FOR_RATIOS, ["ratio", "ratio_low", "ratio_high"]] = np.nan
    return dataclasses.replace(result, tables=result.tables | {"efficiency": table, "per_pair": each})


def _no_gain(full: pd.Series) -> str:
    """Why there is no ratio, of the accuracy of `full` in one country; '' where there is one."""
    if full["units"] and not full["gain"] > TIE:
        return NO_GAIN
    if full["units"] < FEWEST_FOR_RATIOS:
        return TOO_FEW
    return "" if full["gain_low"] > 0 else UNCLEAR
