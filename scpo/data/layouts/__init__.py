"""Published data sets in columns of their own, read as a file of pairs: one module per layout.

A layout has `COLUMNS`, by which it is recognised; TITLE, LICENCE, CITATION and URL of what has such columns; and
`pairs(table, faults)`, which gives the columns of pairs (`prompt, chosen, rejected, country, user` and what is known of
a person), the index of each the row of the file that it is from, with notes in the table's `attrs["notes"]`.
"""

from __future__ import annotations

from types import ModuleType

import pandas as pd

from scpo.data.layouts import community_alignment

LAYOUTS = (community_alignment,)


def layout_of(table: pd.DataFrame) -> ModuleType | None:
    """The layout whose columns a table has; None if it is of none of them."""
    return next((layout for layout in LAYOUTS if {*layout.COLUMNS} <= {*table.columns}), None)
