"""Checks of a table's columns, and values as texts, the same from every kind of file.

A row whose value is of no use goes to `Faults.at` with its reason; what then becomes of it is decided there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd

from scpo.data.faults import Faults

WORDS = {
    "chosen": "answer",
    "rejected": "answer",
    "response": "answer",
    "model_response": "answer",
    "user_prompt": "prompt",
    "user_id": "user",
    "interaction_id": "interaction",
}
LOOKED_AT = 1000  # rows that show whether the cells of a column repeat
MISSING, BLANK, BROKEN, NO_TEXT = "missing", "blank", "broken", "no text"
UNSEEN = "\u00ad\u180e\u200b\u200c\u200d\u2060\ufeff"  # characters without a shape, such as a zero-width space
LARGEST_WHOLE = 2**53  # beyond it, a float is no whole number that a file can have meant


def has_columns(table: pd.DataFrame, needed: Iterable[str], faults: Faults, form: str = "") -> bool:
    """True if the table has these columns; each missing one is a fault. form: what is needed, in words of its own."""
    missing = [name for name in needed if name not in table.columns]
    if missing and len(table.columns):
        got = ", ".join(map(str, table.attrs.get("columns", list(table.columns))[:20]))  # as the file calls them
        faults.add(
            (table.attrs.get("file"), None),
            f"no column {', '.join(missing)} (columns: {got})",
            form or f"columns {', '.join(needed)}",
        )
    return not missing and len(table.columns) > 0


def with_names(table: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """The table with `Prompt` or `PROMPT ` as its column `prompt`, for each of these names that it lacks."""
    plain = {str(column).strip().casefold(): column for column in reversed(list(table.columns))}
    return table.rename(columns={plain[n]: n for n in names if n not in table.columns and n in plain})


def as_text(value: object) -> object:
    """A number as the text that a csv has for it, so that a column is the same from every kind of file.

    1.0 is "1", as many a program writes a column of whole numbers with a gap as floats. Missing is None; what is
    neither text nor number stays as it is.
    """
    if type(value) is str:
        return value
    if is_missing(value):
        return None
    if isinstance(value, (bool, np.bool_, int, np.integer)):
        return str(value)
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return str(int(number)) if number.is_integer() and abs(number) < LARGEST_WHOLE else repr(number)
    return value


def each(column: pd.Series, function: Callable[[Any], Any]) -> pd.Series:
    """A function of each cell, called once for all equal ones where the cells are texts, or nothing, and repeat."""
    repeats = 2 * column.head(LOOKED_AT).astype(str).nunique() < min(len(column), LOOKED_AT)
    if repeats and pd.api.types.infer_dtype(column, skipna=True) == "string":
        known = {cell: function(cell) for cell in set(column.to_numpy(object))}
        return _like(column, [known[cell] for cell in column.to_numpy(object)])
    return _like(column, [function(cell) for cell in column.to_numpy(object)])


def _like(column: pd.Series, cells: list) -> pd.Series:
    """These cells as they are, under the index and the name of a column."""
    found = np.fromiter(cells, object, len(cells))  # also of lists, which `np.array` takes for a table
    return pd.Series(found, index=column.index, name=column.name, dtype=object)


def as_texts_of(column: pd.Series) -> pd.Series:
    """`as_text` of each cell; a column of texts, as most are, is given back as it is."""
    if pd.api.types.infer_dtype(column, skipna=False) == "string":
        return column
    return _like(column, [cell if type(cell) is str else as_text(cell) for cell in column.to_numpy(object)])


def is_missing(value: object) -> bool:
    """True for None, NaN and pandas' own marks of nothing."""
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)


def is_blank(text: str) -> bool:
    """True for a text of nothing but blanks and characters without a shape."""
    first = text.lstrip()[:1]
    return not first or (first in UNSEEN and all(c in UNSEEN or c.isspace() for c in text))


def check_texts(column: pd.Series, faults: Faults, rows_are: str = "rows") -> None:
    """Every value must be a text that is not blank and is valid Unicode.

    rows_are  what a row of the table is, in the plural, for the reasons: "pairs"
    """
    values, kind = column.to_numpy(dtype=object), np.full(len(column), "", object)
    looked_at = np.flatnonzero([not (type(v) is str and v.isascii() and _is_plain(v)) for v in values])
    kind[looked_at] = each(column.iloc[looked_at], _kind_of_text)
    missing, blank, broken, other = (kind == which for which in (MISSING, BLANK, BROKEN, NO_TEXT))
    rows, needed, word = column.index, f"{column.name}: a text", WORDS.get(str(column.name), column.name)
    empty = f"{rows_are} with an empty {word}"
    faults.at(rows[missing], f"{column.name} is missing", needed, empty)
    got = [f"{column.name} is {short(v)}" for v in values[other]]
    faults.at(rows[other], got, needed, f"{rows_are} whose {word} is no text")
    faults.at(rows[blank], f"{column.name} is empty", needed, empty)
    faults.at(
        rows[broken],
        f"{column.name} has a broken character",
        f"{column.name}: valid Unicode without NUL",
        f"{rows_are} with a broken character",
    )


def _is_plain(text: str) -> bool:
    """True for most texts without a fault, of those in ASCII: the quick half of `_kind_of_text`."""
    return bool(text) and not text.isspace() and "\x00" not in text


def _kind_of_text(value: object) -> str:
    """What keeps a value from being a text that can be used; "" if nothing does."""
    if type(value) is not str:
        return MISSING if is_missing(value) or (isinstance(value, (list, dict)) and not value) else NO_TEXT
    return BLANK if is_blank(value) else "" if is_valid_text(value) else BROKEN


def check_numbers(column: pd.Series, faults: Faults, rows_are: str = "rows") -> np.ndarray:
    """The values as float64; every value that is not a finite number, nor one as float32, is a fault (and NaN)."""
    values = column.to_numpy(dtype=object)
    huge = 1000  # bits; no float holds such a number
    plain = [None if isinstance(v, bool) or (type(v) is int and v.bit_length() > huge) else v for v in values]
    numbers = pd.to_numeric(pd.Series(plain, dtype=object), errors="coerce").to_numpy(np.float64, na_value=np.nan)
    with np.errstate(over="ignore"):
        wrong = ~np.isfinite(numbers.astype(np.float32))  # as pairs keep them
    got = [f"{column.name} is {short(v)}" for v in values[wrong]]
    faults.at(
        column.index[wrong],
        got,
        f"{column.name}: a finite number",
        f"{rows_are} whose {column.name} is no finite number",
    )
    return np.where(wrong, np.nan, numbers)


def check_unique(table: pd.DataFrame, columns: list[str], faults: Faults, rows_are: str = "rows") -> None:
    """No two rows may agree in these columns; of those that do, the first may stay."""
    try:
        double = table.duplicated(columns).to_numpy()
    except TypeError:  # a value that cannot be compared is another check's fault
        return
    got = [
        f"{', '.join(columns)} = {short(', '.join(map(str, row)))} again" for row in table[columns].to_numpy()[double]
    ]
    faults.at(
        table.index[double],
        got,
        f"{', '.join(columns)} once in the file",
        f"{rows_are} whose {' and '.join(columns)} came before",
    )


def is_valid_text(text: str) -> bool:
    """True for valid Unicode: no NUL, no half of a surrogate pair."""
    if text.isascii():
        return "\x00" not in text
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text


def short(value: object) -> str:
    """A value for a message, at most 60 characters."""
    text = "missing" if is_missing(value) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
