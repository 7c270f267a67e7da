"""A parquet file as a table: looked at before it is read, since a damaged one can end the process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from scpo.data.faults import Faults
from scpo.data.limits import MEGABYTE, UNPACKED, limit


def read_parquet(path: Path, name: str, faults: Faults, first: int = 0) -> pd.DataFrame:
    """The table, its rows numbered from 1; empty, with a fault, if it cannot be read.

    first  0, or above 0 for its first group of rows alone
    """
    import pyarrow
    import pyarrow.parquet as parquet

    try:
        with parquet.ParquetFile(path) as file:
            schema = file.metadata.schema
            columns = [schema.column(i) for i in range(file.metadata.num_columns)]
            problem = _problem(file, [c.path for c in columns])
        if problem:
            faults.add(None, f"{name} {problem[0]}", problem[1])
            return pd.DataFrame()
        # Texts stay in their dictionaries, so that one long text repeated a million times is kept once.
        texts = [c.path for c in columns if c.physical_type == "BYTE_ARRAY"]
        with parquet.ParquetFile(path, read_dictionary=texts, memory_map=True) as file:
            read = file.read_row_group(0) if first and file.num_row_groups else file.read()
            # Else one row without a number makes floats of all others, inside structs too, and ids above 2^53 change.
            table = read.to_pandas(ignore_metadata=True, integer_object_nulls=True)
    except (pyarrow.ArrowException, OSError, ValueError, KeyError) as error:
        if isinstance(error, OSError) and error.errno:
            raise  # of the file system; pyarrow's own have no number
        faults.add(None, f"{name} is not parquet: {str(error)[:80]}", "a parquet file")
        return pd.DataFrame()
    table = table.astype({c: object for c in table.columns if not pd.api.types.is_numeric_dtype(table[c])})
    return table.set_axis(np.arange(1, len(table) + 1), axis=0)


def _problem(file, names: list[str]) -> tuple[str, str] | None:
    """What forbids reading a parquet file, before it is read: a name twice, its size in memory.

    Raises what pyarrow raises on a damaged file.
    """
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        return f"has two columns named {', '.join(twice)}", "each column once"
    groups, most = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)], limit() * UNPACKED
    size = sum(group.total_byte_size for group in groups)
    if size <= most * MEGABYTE:
        # Goes through the columns in small pieces. A damaged one is an error here, while `column` below, which
        # pyarrow does not guard, would end the whole process.
        file.scan_contents()
        size += 8 * sum(group.column(i).num_values for group in groups for i in range(group.num_columns))
    if size > most * MEGABYTE:
        return f"unpacks to {size // MEGABYTE} MB", f"at most {most} MB (SCPO_MAX_FILE_MB raises the limit)"
    return None
