"""Which column is what, where no layout tells it: a user's mapping of columns, and a guess of it.

A mapping is written `prompt=question,chosen=better,rejected=worse,country=nation`, on the command line and in the
setting `columns`.
"""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Mapping, Sequence

import pandas as pd

from scpo.config.setting import listed
from scpo.data.checks import is_missing
from scpo.data.countries import iso3
from scpo.data.layouts.layout import ANSWERS, JUDGED, PAIR, ROLES, SCORED, Layout
from scpo.data.splitting import rater_column
from scpo.errors import ConfigError

LOOKED_AT = 200  # rows that a guess looks at
MOSTLY = 0.8  # of a column's values: then it is what they are
NEEDED = (
    "`prompt` with `chosen` and `rejected`, with `response` and `score`, or with `response_a`, `response_b` and "
    "`winner` (or `strength`)"
)
# The names that columns usually have, first those that leave no doubt; each also as a word of a longer name.
USUAL = {
    "prompt": "prompt question instruction query user_prompt input context post task",
    "chosen": "chosen preferred better pref accepted positive best good",
    "rejected": "rejected dispreferred worse dispref refused negative worst bad",
    "response": "response answer completion model_response output reply generation text",
    "score": "score rating human_rating grade stars likert reward points",
    "winner": "winner preference preferred choice vote label pick",
    "strength": "overall_preference strength margin",
    "country": "country nation nationality reside_country locale culture region",
}
OF_TWO = ("response", "answer", "completion", "output", "conversation", "reply", "text")
NUMBERED = (("a", "b", "c", "d"), ("1", "2", "3", "4"), ("0", "1", "2", "3"))


def roles_of(columns: Sequence[str]) -> dict[str, str]:
    """A user's mapping, role=column each, by role. Raises `ConfigError` for a role that is unknown or named twice."""
    given: dict[str, str] = {}
    for word in columns:
        role, _, column = (part.strip() for part in word.partition("="))
        if role not in ROLES or not column:
            raise ConfigError(
                f"columns has {word!r}; it takes ROLE=COLUMN, the role one of {', '.join(ROLES)}.", "columns"
            )
        if role in given:
            raise ConfigError(
                f"columns names {role} twice, as {given[role]!r} and {column!r}; name it once.", "columns"
            )
        given[role] = column
    return given


def as_layout(columns: Sequence[str], base: Layout | None = None) -> Layout:
    """A user's mapping of columns as a layout; base: one whose other columns stay.

    Raises `ConfigError` as `roles_of` does, and for a mapping that makes no answers.
    """
    given = roles_of(columns)
    if base is not None:
        whole = {**base.columns, **given}
        return dataclasses.replace(base, columns=whole, told_by=(*base.told_by, *given.values()))
    if not is_complete(given):
        raise ConfigError(f"columns names {', '.join(given)}; needed are {NEEDED}.", "columns")
    return Layout("columns", "", tuple(given.values()), given, rows_are="rows", judged="row(s)")


def is_complete(columns: Mapping[str, str]) -> bool:
    """True if these roles are enough to make pairs of."""
    pair, scored, answers = ({*form} <= {*columns} for form in (PAIR, SCORED, JUDGED[:3]))
    return pair or scored or (answers and bool({"winner", "strength"} & {*columns}))


def flag(columns: Mapping[str, str]) -> str:
    """A mapping as the command line takes it: `--columns prompt=question,chosen=better`."""
    return f"--columns {shlex.quote(','.join(map(listed, words_of(columns))))}"


def words_of(columns: Mapping[str, str]) -> tuple[str, ...]:
    """A mapping as the setting `columns` has it."""
    return tuple(f"{role}={columns[role]}" for role in ROLES if columns.get(role))


def guess_columns(frame: pd.DataFrame) -> dict[str, str]:
    """Role -> column, by the names of the columns and, for countries and people, by what is in the first rows.

    A guess that is not `is_complete` names what was found all the same.
    """
    found: dict[str, str] = {}
    for role, names in USUAL.items():
        column = _named(frame, names.split(), {*found.values()})
        if column is not None:
            found[role] = column
    found |= {"user": user} if (user := rater_column(frame.columns)) is not None else {}
    if "country" not in found:
        found |= {"country": column} if (column := _of_countries(frame)) is not None else {}
    answers = _answers(frame)
    if {*PAIR[1:]} <= {*found}:
        unused = ("response", "score", "winner", "strength")
    elif answers and {"winner", "strength"} & {*found}:
        found |= answers
        unused = ("response", "score", "chosen", "rejected", *(("winner",) if "strength" in found else ()))
    else:
        unused = ("winner", "strength", "chosen", "rejected")
    return {role: found[role] for role in ROLES if role in found and role not in unused}


def _plain(name: object) -> str:
    return "".join(c for c in str(name).casefold() if c.isalnum())


def _words(name: object) -> list[str]:
    return re.findall(r"[a-z]+|\d+", re.sub(r"([a-z])([A-Z])", r"\1 \2", str(name)).casefold())


def _named(frame: pd.DataFrame, names: list[str], taken: set[str]) -> str | None:
    """The column that has one of these names, else one with it among the words of its name."""
    free = [column for column in frame.columns if column not in taken]
    for name in names:
        exact = [column for column in free if _plain(column) == _plain(name)]
        if exact:
            return exact[0]
    return next(
        (column for name in names for column in free if name in _words(column) and "id" not in _words(column)), None
    )


def _answers(frame: pd.DataFrame) -> dict[str, str]:
    """Columns of two and more answers to one prompt, such as `answer_1` and `answer_2`; empty if there are none."""
    plain = {_plain(column): column for column in reversed(list(frame.columns))}
    for stem in OF_TWO:
        for ends in NUMBERED:
            columns = [plain.get(stem + end) for end in ends]
            if columns[0] is not None and columns[1] is not None:
                return {role: c for role, c in zip(ANSWERS, columns, strict=False) if c is not None}
    return {}


def _of_countries(frame: pd.DataFrame) -> str | None:
    """A column most of whose values name countries, not by codes alone, which may as well be languages."""
    for column in frame.columns:
        values = {v for v in frame[column].head(LOOKED_AT) if isinstance(v, str) and not is_missing(v) and len(v) < 40}
        named = [value for value in values if len(value) > 3 and iso3(value) is not None]
        if values and len(named) >= MOSTLY * len(values):
            return column
    return None
