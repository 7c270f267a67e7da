"""What is wrong with some files: faults that stop the work, and rows that say nothing, which are left out and counted.

Knows nothing of how a file is read or what its columns mean.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import pandas as pd

from scpo.errors import DataFaults, Fault

MOST_LEFT_OUT = 0.5  # of a file's rows; beyond it, the file is not what it was taken for

Row = int | tuple[str | None, int | None] | None


class Faults:
    """The faults of some files, gathered; `raise_any` reports all of them at once.

    strict  True: a row that says nothing is a fault like any other. False: it is left out and counted by its reason,
            unless more than half of a file's rows are such rows.
    names   what the files are called in every message, where that is not the name they lie under
    """

    def __init__(self, *paths: str, names: Sequence[str] = (), strict: bool = True):
        self.strict = strict
        self.several = len(paths) > 1  # also for one folder of parts
        self._paths = list(names) or [str(p) for p in paths]
        self._found: list[tuple[int, Fault]] = []
        called = zip(paths, names, strict=False)
        self._shown = {part: name for path, name in called for part in (str(path), Path(path).name)}
        self._files: dict[str | None, int] = {None: -1}  # in the order in which they had a fault
        self._out: dict[Row, tuple[str, str, str]] = {}  # row -> reason, what was got, what is needed
        self._usual: set[str] = set()  # reasons that any file may have for many of its rows
        self._partly: Counter[str] = Counter()
        self._rows: Counter[str] = Counter()  # of each file

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, row: Row, got: str, needed: str) -> None:
        """One fault in a row or (file name, row); row None means the whole file.

        With several files the fault says which one it is in.
        """
        file, row = row if isinstance(row, tuple) else (None, row)
        if file is not None and self.several and file not in got:
            got = f"{got} ({file})"
        for part, name in self._shown.items():
            got = got.replace(part, name)
        got = got.encode("utf-8", "backslashreplace").decode()  # a message must be printable
        fault = Fault(None if row is None else int(row), got, needed)
        self._found.append((self._files.setdefault(file, len(self._files)), fault))

    def at(
        self, rows: Collection, got: str | Iterable[str], needed: str, reason: str = "", usual: bool = False
    ) -> None:
        """The same in several rows; `got` is one text or one per row.

        reason  what such rows are, in the plural, such as "pairs with an empty answer": unless `strict`, they are left
                out and counted under it. A row counts once, under its first reason. No reason: a fault in any case.
        usual   True: many such rows do not make a file doubtful, such as people who told no country
        """
        if usual:
            self._usual.add(reason)
        rows = list(rows)
        told = zip(rows, [got] * len(rows) if isinstance(got, str) else got, strict=True)
        for row, text in dict.fromkeys(told):  # several rows of a table may be of one row of the file
            if reason and not self.strict:
                self._out.setdefault(row, (reason, text, needed))
            else:
                self.add(row, text, needed)

    def partly(self, row: Row, got: str, needed: str, reason: str) -> None:
        """A part of a row says nothing, such as one country's shares: counted as in `at`, but the row is used."""
        if self.strict:
            self.add(row, got, needed)
        else:
            self._partly[reason] += 1

    def counted(self, file: str, rows: int) -> None:
        """A file has been read: it has so many rows beside those that are left out already."""
        self._rows[file] += rows + sum(_file(row) == file for row in self._out)

    def kept(self, table: pd.DataFrame) -> pd.DataFrame:
        """The rows of a table that are not left out."""
        return table[~table.index.isin(list(self._out))] if self._out and len(table) else table

    @property
    def left_out(self) -> dict[str, int]:
        """Reason -> number of rows, in the order in which the reasons came up."""
        return dict(Counter(reason for reason, _, _ in self._out.values()) + self._partly)

    def raise_any(self) -> None:
        """Raises `DataFaults` if there is a fault, if more than half of a file's rows are left out, or all."""
        why = [] if self._found else [self._mostly_left_out(file) for file in self._rows]
        if self._found:
            self._found.sort(key=lambda f: (f[0], -1 if f[1].row is None else f[1].row))
            faults = [fault for _, fault in self._found]
            raise DataFaults(", ".join(self._paths), faults, " ".join(filter(None, why)))

    def _mostly_left_out(self, file: str) -> str:
        """Where more than half of a file's rows are left out: makes faults of them, and says how many, by reason."""
        out, total = {row: why for row, why in self._out.items() if _file(row) == file}, self._rows[file]
        doubtful = sum(reason not in self._usual for reason, _, _ in out.values())
        if doubtful <= MOST_LEFT_OUT * total and len(out) < max(total, 1):
            return ""
        reasons = ", ".join(f"{reason}: {n:,}" for reason, n in Counter(why[0] for why in out.values()).items())
        for row, (_, got, needed) in out.items():
            self.add(row, got, needed)
        where = f"Of {self._shown.get(file, file)}, " if self.several else ""
        return f"{where}{len(out):,} of {total:,} rows cannot be used ({reasons})."


def _file(row: Row) -> str | None:
    return row[0] if isinstance(row, tuple) else None
