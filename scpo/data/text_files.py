"""csv, tsv, jsonl and json as tables, packed or not, in UTF-8 or in UTF-16 with its mark.

A file whose characters cannot be read is one fault; a row that cannot be read is left out with its reason.
"""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import io
import json
import lzma
import re
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

import pandas as pd

from scpo.data.faults import Faults
from scpo.data.limits import MEGABYTE, UNPACKED, limit

SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")  # the escape of one in json; pairs of them are letters
SEPARATORS = ",;\t|"
WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
SAVE_AS_UTF8 = "UTF-8 text: save the file as UTF-8 and load it again"


def _zstd(path: Path) -> BinaryIO:
    import pyarrow

    return pyarrow.input_stream(str(path), compression="zstd")


PACKERS: dict[str, Callable[[Path], gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile | BinaryIO]] = {
    ".gz": gzip.GzipFile,
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
    ".zst": _zstd,
}


def read_csv(path: Path, name: str, faults: Faults, first: int = 0) -> pd.DataFrame:
    """A table of texts, separated by the one of comma, semicolon, tab and bar that its first line has most often.

    first  0, or of how many bytes of the file's beginning the whole lines are read
    """
    text = _text(path, name, faults, first)
    csv.field_size_limit(1 << 30)
    reader = csv.reader(_lines(text), strict=True, delimiter=_separator(text))
    rows, numbers, header = [], [], None
    while True:
        number = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            faults.add((name, number), f"not csv: {error}", "csv with quoted texts")
            break
        if header is None:
            header = [name.strip() for name in row]
            for name in sorted({n for n in header if header.count(n) > 1}):
                faults.add((name, number), f"two columns named {name!r}", "each column once")
        elif row and len(row) != len(header):
            got, needed = (f"{n} field" + "s" * (n != 1) for n in (len(row), len(header)))
            faults.at(
                [(name, number)], got, f"{needed}, as in the header", "rows with more or fewer fields than the header"
            )
        elif row:
            rows.append(row)
            numbers.append(number)
    if header is None or not rows or len(set(header)) < len(header):
        return pd.DataFrame(columns=list(dict.fromkeys(header or [])), dtype=object)
    return pd.DataFrame(rows, columns=header, index=numbers, dtype=object)


def _lines(text: str) -> Iterable[str]:
    """The lines of a text, as a file has them: only a line break ends one, and no other mark that `splitlines` knows.

    A list is read in half the time of a file; it is taken where no such mark is.
    """
    lines = text.splitlines(keepends=True)
    return lines if len(lines) == text.count("\n") + (text[-1:] != "\n") else io.StringIO(text, newline="")


def read_jsonl(path: Path, name: str, faults: Faults, first: int = 0) -> pd.DataFrame:
    """One json object in a line. first: as in `read_csv`."""
    return _of_lines(name, _text(path, name, faults, first), faults)


def read_json(path: Path, name: str, faults: Faults, first: int = 0) -> pd.DataFrame:
    """A list of json objects, or an object with one such list; row n is its n-th. Also json lines under this name."""
    text = _text(path, name, faults)
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        return _of_lines(name, text, faults)
    if isinstance(tree, dict):
        tree = _rows_of(tree)
    if not isinstance(tree, list):
        faults.add(None, f"{name} is no list of json objects", "a list of objects, or one json object in a line")
        return pd.DataFrame()
    rows, numbers, escapes = [], [], SURROGATE.search(text) is not None  # looked for once: the text is the whole file
    for number, row in enumerate(tree, start=1):
        if _usable(row, escapes, (name, number), faults):
            rows.append(row)
            numbers.append(number)
    return _of_rows(rows, numbers)


def _rows_of(tree: dict) -> list | None:
    """The rows in an object: its only list of objects, its columns as pandas has them, or itself; None if unclear."""
    lists = [value for value in tree.values() if isinstance(value, list) and value and isinstance(value[0], dict)]
    columns = list(tree.values())
    if columns and all(isinstance(column, dict) and column.keys() == columns[0].keys() for column in columns):
        return [{name: column[key] for name, column in tree.items()} for key in columns[0]]
    return lists[0] if len(lists) == 1 else None if lists else [tree]


def _of_lines(name: str, text: str, faults: Faults) -> pd.DataFrame:
    rows, numbers = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            faults.at(
                [(name, number)], f"not json: {str(error)[:80]}", "one json object in a line", "lines that are not json"
            )
            continue
        if _usable(row, SURROGATE.search(line) is not None, (name, number), faults):
            rows.append(row)
            numbers.append(number)
    return _of_rows(rows, numbers)


def _usable(row: object, escapes: bool, place: tuple[str, int], faults: Faults) -> bool:
    """True for a json object of valid texts; anything else is left out. escapes: it may hold half a surrogate pair."""
    if not isinstance(row, dict):
        faults.at([place], f"a json {type(row).__name__}", "one json object in a line", "lines without a json object")
        return False
    try:
        if escapes:
            json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        faults.at([place], "half of a surrogate pair", "valid Unicode", "rows with a broken character")
        return False
    return True


def _of_rows(rows: list[dict], numbers: list[int]) -> pd.DataFrame:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    values = {c: pd.Series([row.get(c) for row in rows], dtype=object) for c in columns}
    return pd.DataFrame(values).set_axis(numbers, axis=0) if rows else pd.DataFrame()


def _separator(text: str) -> str:
    """Of the separators, the one that the first line has most often outside of quotes; a comma if none."""
    line = re.sub(r'"[^"]*("|$)', "", text.lstrip("\r\n").partition("\n")[0])
    return max(SEPARATORS, key=line.count)


def _text(path: Path, name: str, faults: Faults, first: int = 0) -> str:
    """The text of a file, or the whole lines of its first bytes; empty, with one fault, if its characters cannot be
    read."""
    content = _content(path, name, faults, first)
    if first and len(content) >= first:
        if content.startswith(WIDE):
            return content.decode("utf-16", "ignore").removeprefix("\ufeff").rpartition("\n")[0]
        content = content[: content.rfind(b"\n") + 1]
    if content.startswith(WIDE):
        try:
            return content.decode("utf-16").removeprefix("\ufeff")
        except UnicodeDecodeError:
            faults.add((name, None), f"{name} begins as UTF-16 and is not", SAVE_AS_UTF8)
            return ""
    content = content.removeprefix(codecs.BOM_UTF8)
    nul = content.find(b"\x00")
    if nul >= 0:
        row, more = _row(content, nul), content.count(b"\x00") - 1
        faults.add((name, row), "a NUL character" + (f", and {more:,} more" if more else ""), SAVE_AS_UTF8)
        return ""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        at = error.start - (content.rfind(b"\n", 0, error.start) + 1)
        got = f"byte {content[error.start]:#04x} at column {at + 1} is not UTF-8"
        faults.add((name, _row(content, error.start)), got, SAVE_AS_UTF8)
        return ""


def _row(content: bytes, at: int) -> int:
    return content.count(b"\n", 0, at) + 1


def _content(path: Path, name: str, faults: Faults, first: int = 0) -> bytes:
    """The bytes of a file, or the first of them, unpacked; empty, with a fault, if they cannot be unpacked or are too
    many."""
    opener = PACKERS.get(path.suffix.lower())
    if opener is None:
        with open(path, "rb") as file:
            return file.read(first or -1)
    most = limit() * UNPACKED
    try:
        with opener(path) as file:
            if first:
                return file.read(first)
            content = file.read(most * MEGABYTE + 1)
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        faults.add(None, f"{name} cannot be unpacked: {str(error)[:80]}", f"a whole {path.suffix} file")
        return b""
    if len(content) > most * MEGABYTE:
        faults.add(
            None, f"{name} unpacks to more than {most} MB", f"at most {most} MB (SCPO_MAX_FILE_MB raises the limit)"
        )
        return b""
    return content
