"""Files into tables, with every fault of a file gathered and reported together.

A table's index holds (file name, row), the row as an editor shows it. Knows nothing of what the
columns mean; the loaders check that with the helpers below. No eval, no pickle, no network.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from scpo.config import DataConfig, local_path
from scpo.errors import ConfigError, DataFaults, Fault

MEGABYTE = 1 << 20
UNPACKED = 4  # a parquet file may unpack to this many times the size limit, no more
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")  # the escape of one in json; pairs of them are letters
KINDS = "csv, jsonl or parquet"


class Faults:
    """The faults of some files, gathered; `raise_any` reports all of them at once."""

    def __init__(self, *paths: str, names: Sequence[str] = ()):
        """names: what the files are called in every message, where that is not the name they lie under."""
        self._paths, self._found = list(names) or [str(p) for p in paths], []
        called = zip(paths, names, strict=False)
        self._shown = {part: name for path, name in called for part in (str(path), Path(path).name)}
        self._files: dict[str | None, int] = {None: -1}  # in the order in which they had a fault

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, row: int | tuple[str, int | None] | None, got: str, needed: str) -> None:
        """One fault in a row or (file name, row); row None means the whole file.

        With several files the fault says which one it is in.
        """
        file, row = row if isinstance(row, tuple) else (None, row)
        if file is not None and len(self._paths) > 1 and file not in got:
            got = f"{got} ({file})"
        for part, name in self._shown.items():
            got = got.replace(part, name)
        got = got.encode("utf-8", "backslashreplace").decode()  # a message must be printable
        fault = Fault(None if row is None else int(row), got, needed)
        self._found.append((self._files.setdefault(file, len(self._files)), fault))

    def at(self, rows: Collection, got: str | Iterable[str], needed: str) -> None:
        """The same fault in several rows; `got` is one text or one per row."""
        if not len(rows):
            return
        rows = list(rows)
        for row, text in zip(rows, [got] * len(rows) if isinstance(got, str) else got, strict=True):
            self.add(row, text, needed)

    def raise_any(self) -> None:
        """Raises `DataFaults` if anything was found."""
        if self._found:
            self._found.sort(key=lambda f: (f[0], -1 if f[1].row is None else f[1].row))
            raise DataFaults(", ".join(self._paths), [fault for _, fault in self._found])


def file_names(config: DataConfig) -> str:
    """The files by the names that are shown, for cards and charts."""
    return ", ".join(config.shown_files)


def read_table(path: str, faults: Faults) -> pd.DataFrame:
    """A csv, jsonl or parquet file; what cannot be read is added to the faults and left out.

    csv values are str; jsonl and parquet values have their own types. An unreadable file gives
    an empty table. Raises `ConfigError` if SCPO_MAX_FILE_MB is no number of megabytes.
    """
    place = local_path(path)
    readers = {".csv": _csv, ".jsonl": _jsonl, ".ndjson": _jsonl, ".parquet": _parquet}
    limit = _limit()
    reader = readers.get(place.suffix.lower())
    if not os.path.exists(place):  # also for a name that no file system takes
        faults.add(None, f"{path} does not exist", "the path of an existing file")
    elif not place.is_file():
        faults.add(None, f"{path} is a folder", f"a file: {KINDS}")
    elif reader is None:
        faults.add(None, f"{place.name} ends in {place.suffix!r}", f"a file name ending in {KINDS}")
    elif place.stat().st_size == 0:
        faults.add(None, f"{place.name} is empty", "at least one row")
    elif place.stat().st_size > limit * MEGABYTE:
        size = place.stat().st_size // MEGABYTE
        faults.add(None, f"{place.name} has {size} MB", f"at most {limit} MB (SCPO_MAX_FILE_MB raises the limit)")
    else:
        try:
            table = reader(place, faults)
        except OSError as error:
            faults.add(None, f"{place.name} cannot be read ({error.strerror})", "a readable file")
        else:
            if table.empty and not faults:
                faults.add(None, f"{place.name} has no rows", "at least one row")
            table = table.set_axis(pd.MultiIndex.from_product([[place.name], table.index]), axis=0)
            table.attrs["file"] = place.name
            return table
    return pd.DataFrame()


def _limit() -> int:
    """The largest file that is read, in megabytes."""
    value = os.environ.get("SCPO_MAX_FILE_MB", "1024")
    if not value.isascii() or not value.isdigit() or len(value) > 9 or int(value) == 0:
        raise ConfigError(f"SCPO_MAX_FILE_MB is {value!r}; it must be a whole number of megabytes, such as 1024.")
    return int(value)


def _lines(path: Path, faults: Faults) -> list[tuple[int, str, bool]]:
    """Number, text and soundness of each line; lines that are not UTF-8 or hold a NUL are faults.

    Unsound lines stay, mended, so that the lines after them keep their numbers.
    """
    content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    lines = []
    for number, raw in enumerate(content.split(b"\n"), start=1):
        sound = b"\x00" not in raw
        if not sound:
            faults.add((path.name, number), "a NUL character", "text without NUL characters")
        try:
            line = raw.decode()
        except UnicodeDecodeError as error:
            got = f"byte {raw[error.start]:#04x} at column {error.start + 1} is not UTF-8"
            faults.add((path.name, number), got, "UTF-8 text")
            line, sound = raw.decode(errors="replace"), False
        lines.append((number, line if sound else line.replace("\x00", "\ufffd"), sound))
    return lines


def _jsonl(path: Path, faults: Faults) -> pd.DataFrame:
    rows, numbers = [], []
    for number, line, sound in _lines(path, faults):
        if not sound or not line.strip():
            continue
        try:
            row = json.loads(line)
            if SURROGATE.search(line):
                json.dumps(row, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            faults.add((path.name, number), "half of a surrogate pair", "valid Unicode")
            continue
        except (ValueError, RecursionError) as error:
            faults.add((path.name, number), f"not json: {str(error)[:80]}", "one json object in a line")
            continue
        if isinstance(row, dict):
            rows.append(row)
            numbers.append(number)
        else:
            faults.add((path.name, number), f"a json {type(row).__name__}", "one json object in a line")
    columns = list(dict.fromkeys(key for row in rows for key in row))
    values = {c: pd.Series([row.get(c) for row in rows], dtype=object) for c in columns}
    return pd.DataFrame(values).set_axis(numbers, axis=0) if rows else pd.DataFrame()


def _csv(path: Path, faults: Faults) -> pd.DataFrame:
    text = "\n".join(line for _, line, _ in _lines(path, faults))
    csv.field_size_limit(1 << 30)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows, numbers, header = [], [], None
    while True:
        number = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            faults.add((path.name, number), f"not csv: {error}", "csv with quoted texts")
            break
        if header is None:
            header = [name.strip() for name in row]
            for name in sorted({n for n in header if header.count(n) > 1}):
                faults.add((path.name, number), f"two columns named {name!r}", "each column once")
        elif row and len(row) != len(header):
            faults.add((path.name, number), f"{len(row)} fields", f"{len(header)} fields, as in the header")
        elif row:
            rows.append(row)
            numbers.append(number)
    if not rows or len(set(header)) < len(header):
        return pd.DataFrame(columns=list(dict.fromkeys(header or [])), dtype=object)
    return pd.DataFrame(rows, columns=header, index=numbers, dtype=object)


def _parquet(path: Path, faults: Faults) -> pd.DataFrame:
    import pyarrow
    import pyarrow.parquet as parquet

    try:
        with parquet.ParquetFile(path) as file:
            schema = file.metadata.schema
            columns = [schema.column(i) for i in range(file.metadata.num_columns)]
            problem = _parquet_problem(file, [c.path for c in columns])
        if problem:
            faults.add(None, f"{path.name} {problem[0]}", problem[1])
            return pd.DataFrame()
        # Texts stay in their dictionaries, so that one long text repeated a million times is kept once.
        texts = [c.path for c in columns if c.physical_type == "BYTE_ARRAY"]
        with parquet.ParquetFile(path, read_dictionary=texts, memory_map=True) as file:
            table = file.read().to_pandas(ignore_metadata=True)
    except (pyarrow.ArrowException, OSError, ValueError, KeyError) as error:
        if isinstance(error, OSError) and error.errno:
            raise  # of the file system; pyarrow's own have no number
        faults.add(None, f"{path.name} is not parquet: {str(error)[:80]}", "a parquet file")
        return pd.DataFrame()
    table = table.astype({c: object for c in table.columns if not pd.api.types.is_numeric_dtype(table[c])})
    return table.set_axis(np.arange(1, len(table) + 1), axis=0)


def _parquet_problem(file, names: list[str]) -> tuple[str, str] | None:
    """What forbids reading a parquet file, before it is read: a name twice, its size in memory.

    Raises what pyarrow raises on a damaged file.
    """
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        return f"has two columns named {', '.join(twice)}", "each column once"
    groups, limit = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)], _limit() * UNPACKED
    size = sum(group.total_byte_size for group in groups)
    if size <= limit * MEGABYTE:
        # Goes through the columns in small pieces. A damaged one is an error here, while `column` below, which
        # pyarrow does not guard, would end the whole process.
        file.scan_contents()
        size += 8 * sum(group.column(i).num_values for group in groups for i in range(group.num_columns))
    if size > limit * MEGABYTE:
        return f"unpacks to {size // MEGABYTE} MB", f"at most {limit} MB (SCPO_MAX_FILE_MB raises the limit)"
    return None


def has_columns(table: pd.DataFrame, needed: Iterable[str], faults: Faults) -> bool:
    """True if the table has these columns; each missing one is a fault."""
    missing = [name for name in needed if name not in table.columns]
    if missing and len(table.columns):
        got = ", ".join(map(str, table.columns[:20]))
        faults.add(
            (table.attrs.get("file"), None),
            f"no column {', '.join(missing)} (columns: {got})",
            f"columns {', '.join(needed)}",
        )
    return not missing and len(table.columns) > 0


def check_texts(column: pd.Series, faults: Faults) -> None:
    """Every value must be a text that is not blank and is valid Unicode."""
    values = column.to_numpy(dtype=object)
    is_text = np.fromiter((type(v) is str for v in values), bool, len(values))
    blank = np.fromiter((type(v) is str and not v.strip() for v in values), bool, len(values))
    broken = np.fromiter((type(v) is str and not is_valid_text(v) for v in values), bool, len(values))
    rows, needed = column.index, f"{column.name}: a text"
    faults.at(rows[~is_text], [f"{column.name} is {_short(v)}" for v in values[~is_text]], needed)
    faults.at(rows[blank], f"{column.name} is empty", needed)
    faults.at(rows[broken], f"{column.name} has a broken character", f"{column.name}: valid Unicode without NUL")


def check_numbers(column: pd.Series, faults: Faults) -> np.ndarray:
    """The values as float64; every value that is not a finite number, nor one as float32, is a fault (and NaN)."""
    values = column.to_numpy(dtype=object)
    huge = 1000  # bits; no float holds such a number
    plain = [None if isinstance(v, bool) or (type(v) is int and v.bit_length() > huge) else v for v in values]
    numbers = pd.to_numeric(pd.Series(plain, dtype=object), errors="coerce").to_numpy(np.float64, na_value=np.nan)
    with np.errstate(over="ignore"):
        wrong = ~np.isfinite(numbers.astype(np.float32))  # as pairs keep them
    got = [f"{column.name} is {_short(v)}" for v in values[wrong]]
    faults.at(column.index[wrong], got, f"{column.name}: a finite number")
    return np.where(wrong, np.nan, numbers)


def check_unique(table: pd.DataFrame, columns: list[str], faults: Faults) -> None:
    """No two rows may agree in these columns."""
    try:
        double = table.duplicated(columns).to_numpy()
    except TypeError:  # a value that cannot be compared is another check's fault
        return
    got = [
        f"{', '.join(columns)} = {_short(', '.join(map(str, row)))} again" for row in table[columns].to_numpy()[double]
    ]
    faults.at(table.index[double], got, f"{', '.join(columns)} once in the file")


def is_valid_text(text: str) -> bool:
    """True for valid Unicode: no NUL, no half of a surrogate pair."""
    if text.isascii():
        return "\x00" not in text
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text


def _short(value: object) -> str:
    missing = value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)
    text = "missing" if missing else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
