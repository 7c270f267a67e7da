"""Layouts of preference data: which columns tell one, and what each of its columns is.

Every published data set that is read is one row of `published.LAYOUTS`; a mapping of columns that a user gives is one
more row. `reading.read` makes prompts and answers of a table by any of them.
"""

from __future__ import annotations

import pandas as pd

from scpo.config import DataConfig
from scpo.data.checks import with_names
from scpo.data.layouts.columns import NEEDED, as_layout, flag, guess_columns, is_complete, roles_of
from scpo.data.layouts.layout import OWN_NAMES, Layout
from scpo.data.layouts.published import LAYOUTS, OWN
from scpo.errors import ConfigError, InputError

BY_NAME = {layout.name: layout for layout in (*OWN, *LAYOUTS)}


def layouts_of(table: pd.DataFrame) -> list[Layout]:
    """The layouts that a table fits, by its columns and its first rows; empty if it is of none of them."""
    return [layout for layout in BY_NAME.values() if layout.fits(table)]


def with_known_names(table: pd.DataFrame) -> pd.DataFrame:
    """The table as it is if it fits a layout, else with `Prompt` or `CHOSEN ` as `prompt` and `chosen`."""
    return table if layouts_of(table) else with_names(table, OWN_NAMES)


def layout_of(table: pd.DataFrame, config: DataConfig) -> Layout | None:
    """The layout to read a table by: that of the settings `columns` and `layout`, else the one that it fits.

    A mapping that makes no answers by itself changes the layout that the table fits. None if it fits none. Raises
    `ConfigError` for a layout that is not known, `InputError` for a table that fits two.
    """
    if config.layout and config.layout not in BY_NAME:
        raise ConfigError(f"layout is {config.layout!r}; it must be one of {', '.join(BY_NAME)}.", "layout")
    named = BY_NAME.get(config.layout)
    if config.columns:
        if named is None and not is_complete(roles_of(config.columns)):
            named = _fitting(table)
        return as_layout(config.columns, named)
    return named or _fitting(table)


def _fitting(table: pd.DataFrame) -> Layout | None:
    """The only layout that a table fits; None if there is none. Raises `InputError` for a table that fits two."""
    fitting = layouts_of(table)
    if len(fitting) > 1:
        file, names = table.attrs.get("file", "the file"), [layout.name for layout in fitting]
        raise InputError(
            f"{file} fits {len(fitting)} layouts, {' and '.join(names)}. Name the one that is meant (`layout`; on the "
            f"command line {' or '.join(f'--layout {name}' for name in names)})."
        )
    return fitting[0] if fitting else None


def people_of(table: pd.DataFrame) -> Layout | None:
    """The layout whose people a table tells, as a second file beside that of their answers."""
    fitting = [layout for layout in LAYOUTS if layout.people and {*layout.people} <= {*table.columns}]
    return fitting[0] if fitting and not layouts_of(table) else None


def needed_columns(table: pd.DataFrame) -> str:
    """What a table that fits no layout needs, with the guess of its columns in the form in which it is given."""
    guess = guess_columns(table)
    if is_complete(guess):
        return f"columns of a published layout, or a mapping; on the command line, if this is meant: {flag(guess)}"
    return f"columns of a published layout, or a mapping (`columns`) of {NEEDED}"


__all__ = [
    "BY_NAME",
    "LAYOUTS",
    "OWN",
    "Layout",
    "flag",
    "guess_columns",
    "is_complete",
    "layout_of",
    "layouts_of",
    "needed_columns",
    "people_of",
    "with_known_names",
]
