"""The columns that models are steered to in place of countries: which a table has, and their values as its groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from scpo.config import DataConfig
from scpo.data.checks import as_text, each, short
from scpo.data.countries import text
from scpo.data.faults import Faults
from scpo.data.group_values import read_groups
from scpo.data.layouts import layouts_of, with_known_names
from scpo.data.layouts.layout import EVERYBODY, JUDGEMENT, OPTIONAL, ROLES
from scpo.data.people import is_named
from scpo.data.splitting import with_rater
from scpo.errors import InputError, ScpoError
from scpo.format import counted
from scpo.grouping import COUNTRY, CROSSED, of_countries, value_of

MOST = 100  # groups of a column
FEW = 10  # groups that any column may have, however few its people
LONGEST = 80  # characters of a value
NO_GROUPS = {*ROLES, JUDGEMENT, "question", "options", "distribution", "selections", "name", "unit"} - {COUNTRY}


def with_groups(
    table: pd.DataFrame, config: DataConfig, faults: Faults, sources: Mapping[str, str | tuple[str, ...]] | None = None
) -> pd.DataFrame:
    """The table with the groups that the settings ask for as its column `country`; unchanged where those are countries.

    A row that names no group has what it says in place of one. sources: role -> column of the file, where columns are
    called by their roles. A column that is not there is a fault, and the table empty; one whose values are those of an
    id or a free text is refused with an `InputError`.
    """
    if of_countries(config.group) or not len(table.columns):
        return table
    found = [_column(name, table, sources or {}) for name in config.group]
    missing = [name for name, column in zip(config.group, found, strict=True) if column is None]
    if missing:
        there = ", ".join(map(repr, offered(table))) or "none that could be one"
        got = f"no column {', '.join(missing)} for `group` (columns of groups: {there})"
        faults.add((table.attrs.get("file"), None), got, "a column of the data whose values are groups")
        return pd.DataFrame()
    read = [read_groups(each(table[column], as_text), (column,)) for column in found if column is not None]
    for column, said in zip(found, read, strict=True):
        _check_few(table, str(column), said.names)
    columns = [str(column) for column in found]
    spoken = [_as_names(said.names, column) for said, column in zip(read, columns, strict=True)]
    cells = zip(*spoken, *(table[column] for column in columns), strict=True)
    groups = [_joined(row[: len(read)], row[len(read) :]) for row in cells]
    # The only note there was tells that no column says a country.
    attrs = table.attrs | {"notes": tuple(note for said in read for note in said.notes)}
    if len(columns) == 1:
        table = table.drop(columns=columns)
    else:
        table = table.assign(**{column: said.names for column, said in zip(columns, read, strict=True)})
    table = table.assign(country=pd.Series(groups, index=table.index, dtype=object))
    table.attrs = attrs
    return table


def with_columns_of(whole: pd.DataFrame, table: pd.DataFrame, config: DataConfig) -> pd.DataFrame:
    """The table with the columns of groups that its file has and its layout does not hand on, such as the language of
    a conversation; whole: the table of the file, by whose rows the other is indexed."""
    for name in config.group:
        column = _column(name, whole, {})
        if column is not None and _column(name, table, {}) is None and len(table) and whole.index.is_unique:
            attrs, table = table.attrs, table.assign(**{column: whole[column].reindex(table.index).to_numpy(object)})
            table.attrs = attrs
    return table


def offered(table: pd.DataFrame) -> list[str]:
    """The columns of a table whose values could be groups, by its rows."""
    found = []
    for column in table.columns:
        if column in NO_GROUPS:
            continue
        said = {text(as_text(value)) for value in table[column]} - {"", EVERYBODY}
        if said and max(map(len, said)) <= LONGEST and not _too_many(table, len(said)):
            found.append(str(column))
    return found


def offered_first(rows: pd.DataFrame, columns: Mapping[str, str]) -> list[str]:
    """The same of a file's first rows, as its layout names them; columns: role -> column where the user says so."""
    try:
        known = with_known_names(rows)
        table, fitting = with_rater(known), layouts_of(known)
        more: list[str] = []
        if len(fitting) == 1 and fitting[0].flat and not fitting[0].dataset:
            flat = with_rater(fitting[0].flat(table))
            more = [name for name in offered(table) if _column(name, flat, fitting[0].columns) is None]
            table = flat
    except (ScpoError, TypeError, ValueError, KeyError):  # reading the whole file says what is wrong with it
        return []
    taken = {said for role, said in columns.items() if role not in OPTIONAL}
    return [name for name in (*offered(table), *more) if name not in taken]


def _column(name: str, table: pd.DataFrame, sources: Mapping[str, str | tuple[str, ...]]) -> str | None:
    """The column that a name means: itself in any case, or the role that the column of this name has."""
    plain = lambda said: str(said).strip().casefold()  # noqa: E731
    roles = {plain(said): role for role, of in sources.items() for said in ((of,) if isinstance(of, str) else of)}
    names = {plain(column): column for column in reversed(list(table.columns))}
    names |= {f"annotator_{said}": column for said, column in names.items() if f"annotator_{said}" not in names}
    found = names.get(plain(name), roles.get(plain(name)))
    return found if found in table.columns else None


def _check_few(table: pd.DataFrame, column: str, names: np.ndarray) -> None:
    """Raises `InputError` for a column that names more groups than people could be told apart by."""
    said = {name for name in names if name is not None}
    if column in NO_GROUPS - {"user"}:
        raise InputError(f"The column {column!r} is what pairs are made of. Name another as `group`.")
    there = ", ".join(map(repr, offered(table))) or "none"
    if not said:
        raise InputError(
            f"The column {column!r} names no group in any of {counted(len(table), 'row')}. Columns of groups: {there}."
        )
    long = next((name for name in said if len(name) > LONGEST), None)
    if long is None and not _too_many(table, len(said)):
        return
    one = short(long or min(said))
    raise InputError(
        f"The column {column!r} has {len(said):,} different values in {len(table):,} rows (one is {one}): it is an id "
        f"or a free text, and no group of people. Columns of groups: {there}. Name one of them as `group`."
    )


def _too_many(table: pd.DataFrame, groups: int) -> bool:
    units = table["user"][is_named(table)].nunique() if "user" in table.columns else len(table)
    return groups > MOST or groups > max(FEW, units / 2)


def _as_names(values: np.ndarray, column: str) -> np.ndarray:
    """Values as names of groups, (n,) object; None where there is none."""
    code, known = pd.factorize(values)
    names = np.array([*(value_of(column, str(said)) for said in known), None], dtype=object)
    return names[code]


def _joined(names: Sequence[str | None], cells: Sequence[object]) -> object:
    """The group of a row, or what it says in place of one."""
    if all(name is not None for name in names):
        return CROSSED.join(map(str, names))
    return next(cell for name, cell in zip(names, cells, strict=True) if name is None)
