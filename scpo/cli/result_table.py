"""What a run found, as text for a terminal. Knows nothing of Streamlit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from scpo.data.leaks import sentences
from scpo.export.safe_csv import safe_csv
from scpo.format import NONE, brackets, counted, fixed, known, points
from scpo.grouping import worded
from scpo.metrics.accuracy import MEAN
from scpo.runs import Result
from scpo.runs.files import write_bytes
from scpo.runs.judges import Judge, read_judges
from scpo.table_rows import row_of
from scpo.text.efficiency import efficiency_lines
from scpo.text.findings import methods_in, ranks
from scpo.text.judges import with_judges
from scpo.text.people import people_lines
from scpo.text.ranks import class_line, information_line, rank_line
from scpo.text.rulers import ruler_line
from scpo.training.encoder_reading import told

SIMULATED = "SIMULATED DATA: nothing here is measured from real people."


def result_table(result: Result, judges: Sequence[Judge] | None = None) -> str:
    """Accuracy per country and method at the largest budget, gain and consensus, and data efficiency.

    judges  beside the run; None = those of its folder
    """
    result = with_judges(result, read_judges(result.folder) if judges is None else judges)
    table = result.tables["accuracy"]
    full = table[table["subset"] == "full"]
    methods, lines = methods_in(full), []
    if result.card["simulated"]:
        lines.append(SIMULATED)
    unit = result.card["unit"]
    seeds = counted(result.config.seeds, "seed")
    lines += told(result.tables.get("reading"))
    lines += [f"Test accuracy in %, all training pairs, {seeds}; n = {unit}s, pairs", ""]
    lines.append(f"{worded('country'):<22.22}{'n':>14}" + "".join(f"{m:>{_width(m)}}" for m in methods))
    for country, rows in full.groupby("country", sort=False):
        cells = rows.set_index("method")
        n = f"{cells['units'].iloc[0]:,}, {cells['n'].iloc[0]:,}" if cells["n"].iloc[0] else NONE
        lines.append(f"{country:<22.22}{n:>14}" + _cells(cells["accuracy"], methods))
    lines += [
        *_ties(full, methods),
        "",
        *filter(None, [ruler_line()]),
        *_gains(table, methods, ranks(result, "full").set_index("method")["classes"]),
        "",
        *_ranks(result),
        *efficiency_lines(result.tables["efficiency"]),
        *map(worded, people_lines(result.tables.get("people_needed", pd.DataFrame()), unit)),
    ]
    return "\n".join([*lines, *sentences(result.card), f"run folder: {result.folder}"])


def _width(method: str) -> int:
    return max(9, len(method) + 2)


def _cells(shares: pd.Series, methods: list[str]) -> str:
    """A row's shares, by method, under the names of these."""
    return "".join(f"{_share(shares[m]):>{_width(m)}}" for m in methods)


def _ranks(result: Result) -> list[str]:
    sets, methods = ranks(result, "full"), methods_in(result.tables["accuracy"])
    said = (information_line(methods), rank_line(sets, "all test pairs"), class_line(sets))
    lines = [line for line in said if line]
    return [*lines, ""] if lines else []


def _ties(full: pd.DataFrame, methods: list[str]) -> list[str]:
    """Shares of the test pairs whose two answers get the same reward, which counts as wrong; none where there is none.

    full    rows of all test pairs; `ties` are summed over seeds
    """
    lines = []
    for country, rows in full.groupby("country", sort=False):
        cells = rows.set_index("method")
        share = cells["ties"] / (cells["n"] * cells["seeds"]).where(cells["n"] > 0)
        if country != MEAN and (share > 0).any():
            lines.append(f"{country:<22.22}{'ties':>14}" + _cells(share, methods))
    return ["", "Ties in % of the test pairs, counted as wrong:", *lines] if lines else []


def _gains(table: pd.DataFrame, methods: list[str], classes: pd.Series) -> list[str]:
    """Per method the mean gain over the global model with its interval, consensus kept and distinct taste learned.

    classes   of methods that no test tells apart, by method
    """
    mean = table[table["country"] == MEAN]
    full = mean[mean["subset"] == "full"].set_index("method")
    kept = mean.pivot(index="method", columns="subset", values="accuracy")
    first = max(9, *map(len, methods))
    heads = f"{'':<{first}}{'gain over global':>18} {'95 % interval':>16} {'consensus kept':>16} {'distinct':>9}"
    lines = [f"{heads}  class"]
    for m in methods:
        row, share = row_of(full, m), row_of(kept, m)
        lines.append(
            f"{m:<{first}}{points(row['gain']):>18} {brackets(row['gain_low'], row['gain_high']):>16} "
            f"{_share(share['consensus']):>16} {_share(share['distinct']):>9}  {classes.get(m) or NONE}"
        )
    return lines


def _share(value: float) -> str:
    return fixed(100 * value) if known(value) else fixed(value)


def write_table(path: str | None, table: pd.DataFrame, simulated: bool) -> None:
    """Write a table to the csv file that `--out` names, if it does; every row of simulated data says so."""
    if path:
        write_bytes(Path(path).absolute(), safe_csv(table, simulated).encode())
