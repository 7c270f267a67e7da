"""Tables as files."""

from __future__ import annotations

import pandas as pd


def safe_csv(table: pd.DataFrame) -> str:
    """A csv in which no text can be run as a formula by a spreadsheet."""
    texts = table.select_dtypes(exclude="number").columns
    guarded = (
        table[texts]
        .astype(object)
        .fillna("")
        .astype(str)
        .map(lambda v: "'" + v if v[:1] in ("=", "+", "-", "@", "\t", "\r") else v)
    )
    return table.assign(**{c: guarded[c] for c in texts}).to_csv(index=False)
