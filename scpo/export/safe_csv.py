"""Tables as csv files that no spreadsheet takes for formulas."""

from __future__ import annotations

import pandas as pd

FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # a spreadsheet takes a cell that begins with one of these for a formula
NOTE = "simulated data"


def safe_csv(table: pd.DataFrame, simulated: bool = False) -> str:
    """A csv in which no text, nor the name of a column, can be run as a formula by a spreadsheet.

    simulated  every row says so
    """
    table = table.assign(note=NOTE) if simulated else table
    texts = table.select_dtypes(exclude="number").columns
    guarded = table[texts].astype(object).fillna("").astype(str).map(_guarded)
    return table.assign(**{c: guarded[c] for c in texts}).rename(columns=_guarded).to_csv(index=False)


def _guarded(text: object) -> object:
    return f"'{text}" if str(text).startswith(FORMULA) else text
