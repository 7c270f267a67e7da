"""Rows of tables, one by one. The types of pandas leave open what a label picks and what a cell holds; here it is told.

A cell has the type of its column, which no checker of types can know: it may be used as anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd


def row_of(table: pd.DataFrame, label: str | tuple) -> pd.Series:
    """The one row of a label. Raises `KeyError` if there is none, or several."""
    row = table.loc[label]
    if not isinstance(row, pd.Series):
        raise KeyError(f"{len(row)} rows have the label {label!r}")
    return row


def rows_of(table: pd.DataFrame) -> Iterator[Any]:
    """Named tuples of the rows, as of `pandas.DataFrame.itertuples`."""
    yield from table.itertuples()
