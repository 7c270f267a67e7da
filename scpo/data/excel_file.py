"""A sheet of an Excel or OpenDocument file as a table of texts."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pandas as pd
from python_calamine import CalamineError

from scpo.data.faults import Faults
from scpo.data.limits import MEGABYTE, UNPACKED, limit

WAY_OUT = "save the sheet as csv"


def read_excel(path: Path, name: str, faults: Faults, first: int = 0) -> pd.DataFrame:
    """The first sheet, its first row the names of the columns; cells are texts as a csv has them, rows as in the sheet.

    Empty, with a fault, if it cannot be read or would unpack to more than the limit.
    """
    most = limit() * UNPACKED
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(part.file_size for part in packed.infolist())
        if size > most * MEGABYTE:
            needed = f"at most {most} MB (SCPO_MAX_FILE_MB raises the limit)"
            faults.add(None, f"{name} unpacks to {size // MEGABYTE} MB", needed)
            return pd.DataFrame()
        table = pd.read_excel(path, engine="calamine", dtype=str, keep_default_na=False)
    except (zipfile.BadZipFile, CalamineError, ValueError, KeyError, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        faults.add(
            None, f"{name} ends in {path.suffix!r} and is no such file: {str(error)[:80]}", f"a sheet, or {WAY_OUT}"
        )
        return pd.DataFrame()
    table.columns = [str(column).strip() for column in table.columns]
    return table.astype(object).set_axis(range(2, len(table) + 2), axis=0)
