"""How often reasons were true where that is known: the study of the demo run, kept beside the run the app comes with.

`scripts/build_demo_run.py --reasons` makes the file anew, by `scpo.study.planted_reasons`.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from scpo.table_rows import rows_of

FILE = Path(__file__).parents[1] / "demo_run" / "reasons.csv"


class Measured(NamedTuple):
    """A share of planted sentences with its 95 % interval, and what chance would give."""

    value: float
    low: float
    high: float
    chance: float


@lru_cache(maxsize=1)
def measured_reasons() -> pd.DataFrame:
    """Columns method, way, measure, value, low, high, answers, prompts; means over the countries of the demo world."""
    return pd.read_csv(FILE)


def measured(method: str, way: str = "shares") -> dict[str, Measured] | None:
    """Measure -> how often a way of pointing at reasons is right for a method; None if that was not measured."""
    table = measured_reasons()
    rows = table[(table["method"] == method) & (table["way"] == way)]
    chance = table[(table["method"] == method) & (table["way"] == "chance")].set_index("measure")["value"]
    found: dict[str, Any] = {
        row.measure: Measured(row.value, row.low, row.high, float(chance[row.measure])) for row in rows_of(rows)
    }
    return found or None
