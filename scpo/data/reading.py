"""Files and folders of parts into tables, whatever kind of file they are.

A table's index holds (file name, row), the row as an editor shows it. Knows nothing of what the
columns mean; the loaders check that with `scpo.data.checks`. No eval, no pickle, no network.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pandas as pd

from scpo.config import DataConfig, local_path
from scpo.data.excel_file import read_excel
from scpo.data.faults import Faults
from scpo.data.limits import MEGABYTE, limit
from scpo.data.parquet_file import read_parquet
from scpo.data.text_files import PACKERS, read_csv, read_json, read_jsonl

Reader = Callable[[Path, str, Faults, int], pd.DataFrame]  # the last: how many bytes of its beginning; 0 = all
READERS: dict[str, Reader] = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".tab": read_csv,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".json": read_json,
    ".parquet": read_parquet,
    ".xlsx": read_excel,
    ".ods": read_excel,
}
WHOLE = (read_parquet, read_excel)  # that are packed already
FIRST_BYTES = 1 << 20  # of a text file, for its first rows
KINDS = "csv, tsv, jsonl, json, parquet or xlsx"
WAY_OUT = {
    ".zip": "unpack it, and name the files in it",
    ".xls": "save the sheet as csv",
    ".txt": "name it .csv, .tsv or .jsonl by what is in it",
    ".arrow": "save it as parquet",
    ".pkl": "save it as parquet",
}


def file_names(config: DataConfig) -> str:
    """The files by the names that are shown, for cards and charts."""
    return ", ".join(config.shown_files)


def read_tables(paths: Iterable[str], faults: Faults) -> list[pd.DataFrame]:
    """One table for each file; a folder is taken as the parts of one data set, in the order of their names."""
    found = []
    for path in paths:
        place = local_path(path)
        parts = [str(part) for part in _parts(place)] if os.path.isdir(place) else []
        faults.several |= len(parts) > 1
        found += parts or [path]
    return [read_table(path, faults, name) for path, name in zip(found, _called(found), strict=True)]


def _called(paths: Sequence[str]) -> list[str]:
    """A name for each file that no other has, so that a row is of one file: its own, with its folder where needed."""
    names = [local_path(path).name for path in paths]
    long = [f"{local_path(path).parent.name}/{name}" for path, name in zip(paths, names, strict=True)]
    names = [more if names.count(name) > 1 else name for name, more in zip(names, long, strict=True)]
    return [f"{name} ({at})" if name in names[:at] else name for at, name in enumerate(names)]


def read_table(path: str, faults: Faults, name: str = "") -> pd.DataFrame:
    """A csv, tsv, jsonl, json or parquet file, text files also packed; what cannot be read is added to the faults.

    name  what the file is called in faults and in the table's index; its own name if it is not given
    csv values are str; json and parquet values have their own types. An unreadable file gives an empty table.
    Raises `ConfigError` if SCPO_MAX_FILE_MB is no number of megabytes.
    """
    place, most = local_path(path), limit()
    name = name or place.name
    reader = _reader(place.name)
    if not os.path.exists(place):  # also for a name that no file system takes
        faults.add(None, f"{path} does not exist", "the path of an existing file")
    elif not place.is_file():
        faults.add(None, f"{path} is a folder without a file that is read", f"a file, or a folder of files: {KINDS}")
    elif reader is None:
        kind = place.suffix.lower()
        needed = f"a file name ending in {KINDS}, or in that and {', '.join(PACKERS)} if packed"
        faults.add(None, f"{place.name} ends in {place.suffix!r}", WAY_OUT.get(kind, needed))
    elif place.stat().st_size == 0:
        faults.add(None, f"{place.name} is empty", "at least one row")
    elif place.stat().st_size > most * MEGABYTE:
        size = place.stat().st_size // MEGABYTE
        faults.add(None, f"{place.name} has {size} MB", f"at most {most} MB (SCPO_MAX_FILE_MB raises the limit)")
    else:
        try:
            table = reader(place, name, faults, 0)
        except OSError as error:
            faults.add(None, f"{name} cannot be read ({error.strerror})", "a readable file")
        else:
            if table.empty and not faults and not faults.left_out:
                faults.add(None, f"{name} has no rows", "at least one row")
            return numbered(table, name, faults)
    return pd.DataFrame()


def first_rows(path: str, rows: int = 200) -> pd.DataFrame:
    """The first rows of a file, or of a folder's first part, read from its beginning alone; what cannot be read is left
    out, since reading the whole file tells. Empty for a file that is not there or of no kind that is read.

    Of csv, tsv, jsonl and parquet only the beginning is read, however large they are; a json list and a sheet whole, if
    they are not above the limit of `read_table`.
    """
    place, faults = local_path(path), Faults(path, strict=False)
    place = next(iter(_parts(place)), place) if os.path.isdir(place) else place
    reader = _reader(place.name)
    if reader is None or not place.is_file():
        return pd.DataFrame()
    if reader in (read_json, read_excel) and place.stat().st_size > limit() * MEGABYTE:
        return pd.DataFrame()
    try:
        table = reader(place, place.name, faults, FIRST_BYTES)
    except OSError:
        return pd.DataFrame()
    return table.head(rows).reset_index(drop=True)


def numbered(table: pd.DataFrame, name: str, faults: Faults) -> pd.DataFrame:
    """A table that was read from a file or the hub, each of its rows under (name, its number)."""
    faults.counted(name, len(table))
    table = table.set_axis(pd.MultiIndex.from_product([[name], table.index]), axis=0)
    table.attrs |= {"file": name, "columns": [str(column) for column in table.columns]}
    return table


def _reader(name: str) -> Callable[..., pd.DataFrame] | None:
    """What reads a file of this name; None for one of no kind that is read."""
    kind = kind_of(name)
    return READERS[f".{kind.split('.')[1]}"] if kind else None


def kind_of(name: str) -> str:
    """The end of a file's name by which it is read, such as `.csv` or `.csv.gz`; empty if it is of no such kind."""
    place = Path(name.lower())
    if place.suffix not in PACKERS:
        return place.suffix if place.suffix in READERS else ""
    inner = Path(place.stem).suffix
    return f"{inner}{place.suffix}" if inner in READERS and READERS[inner] not in WHOLE else ""


def _parts(folder: Path) -> list[Path]:
    files = [p for p in sorted(folder.iterdir()) if p.is_file() and not p.name.startswith((".", "_"))]
    return [p for p in files if kind_of(p.name)]
