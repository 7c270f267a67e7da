"""Best of n in sentences: how often people agree with a method's pick, and how far n goes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from scpo.format import counted, fixed, percent, points, span
from scpo.methods import named
from scpo.metrics.best_of_n import GLOBAL, SIZES
from scpo.metrics.outcomes import ratio
from scpo.table_rows import rows_of


def best_of_n_lines(table: pd.DataFrame, methods: Sequence[str], country: str) -> list[str]:
    """A sentence per method of a country, or of the mean, and one about how far n goes.

    They are about the largest n that has an interval: beyond it there is little but chance.
    """
    rows = table[(table["country"] == country) & table["method"].isin(methods)]
    if not len(rows):
        return []
    told = rows.loc[rows["low"].notna(), "n"].max()
    sizes = rows["n"].min(), rows["n"].min() if pd.isna(told) else told
    first, last = (rows[rows["n"] == n].set_index("method", drop=False) for n in sizes)
    lines = []
    for row in rows_of(last):
        line = f"**{named(row.method)}**: people prefer its best of {row.n} to another of the {row.n} in "
        line += f"{percent(row.agreement)} of cases ({span(row.low, row.high)})"
        if row.method != GLOBAL:
            line += f", {points(row.gain)} points against the global model's ({span(row.gain_low, row.gain_high)})"
        lines.append(f"{line}; of {first['n'].iloc[0]}, {percent(first['agreement'][row.method])}.")
    return [*lines, _reach(rows)]


def _reach(rows: pd.DataFrame) -> str:
    """How far n goes in these data, and what is left of them there."""
    of = rows.drop_duplicates("n").sort_values("n")
    n, share = int(of["n"].iloc[-1]), float(ratio(np.array(of["pairs"].iloc[-1]), np.array(of["pairs"].iloc[0])))
    line = f"n goes to {n}, for {counted(of['prompts'].iloc[-1], 'prompt')} of the test with as many answers; "
    line += f"{fixed(100 * share)} % of the judged pairs are of these"
    return f"{line}." if n == max(SIZES) else f"{line}, and no prompt has {SIZES[SIZES.index(n) + 1]}."
