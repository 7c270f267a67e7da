"""What came of altering a run's groups: `falsifiers.json` of its folder, written and read.

Each draw is added when it is done; no other file of the run is touched.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from scpo.errors import RunFolderError
from scpo.runs import read_json, read_table
from scpo.runs.files import write_json

FILE = "falsifiers.json"
DRAWS = 3  # of each alteration, where nobody asks for another number
AS_IT_IS, SHUFFLED, EQUAL, FLIPPED = KINDS = ("as it is", "shuffled", "equal", "flipped")
OTHERS, POOLED, GLOBAL, BEFORE = QUANTITIES = ("others", "pooled", "global", "before")
COLUMNS = ["kind", "draw", "method", "quantity", "country", "difference", "low", "high", "p", "units", "pairs"]


def read_falsifiers(folder: Path) -> pd.DataFrame:
    """One row per kind, draw, method and quantity, columns COLUMNS; none where nothing was altered yet.

    kind        what was done to the groups, one of KINDS; draw: its number; of data as it is, 0
    quantity    what the accuracy of a group's own model on its own test pairs is compared with: the mean of the
                `others`' models on these pairs, the one `pooled` model, the `global` model, or its own model `before`
    country     the mean over countries, or the one that was flipped
    difference  of accuracies, with its 95 % interval low, high and p, two-sided
    Raises `RunFolderError` for a file that is not of this kind.
    """
    path = folder / FILE
    if not path.is_file():
        return pd.DataFrame(columns=COLUMNS)
    rows = read_json(path)
    if not isinstance(rows, list) or not all(isinstance(row, dict) and [*row] == COLUMNS for row in rows):
        raise RunFolderError(f"{path} holds no results of altered groups. Delete the file, and run falsify again.")
    table = read_table(rows, path, COLUMNS)
    if not (set(table["kind"]) <= {*KINDS} and set(table["quantity"]) <= {*QUANTITIES}):
        raise RunFolderError(f"{path} names what this version does not know. Delete the file, and run falsify again.")
    return table.astype(dict.fromkeys(["difference", "low", "high", "p"], float))


def write_falsifiers(folder: Path, table: pd.DataFrame) -> None:
    """Put these rows beside a run, in place of those that are there."""
    write_json(folder / FILE, table[COLUMNS])
