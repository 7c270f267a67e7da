"""Who gave the pairs of a file: the units of its split, and what further columns say of each person."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scpo.data.checks import as_text, each, is_blank, is_valid_text

NOBODY = {
    "nan",
    "none",
    "null",
    "nil",
    "n/a",
    "<na>",
    "unknown",
    "anonymous",
}  # as people write


def units(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, int]:
    """The unit of each row: its user, or its prompt where no user is named; never one nameless person for many.

    table  `prompt`, and `user` (texts, or nothing) if the file has it
    Returns unit (n,) int32, the names of the units (users first), and how many of them are users.
    """
    if "user" not in table.columns:
        unit, names = pd.factorize(table["prompt"])
        return unit.astype(np.int32), names.to_numpy(), 0
    named = is_named(table)
    unit = np.zeros(len(table), np.int32)
    unit[named], users = pd.factorize(table["user"].to_numpy(object)[named])
    of_prompt, prompts = pd.factorize(table["prompt"].to_numpy(object)[~named])
    unit[~named] = of_prompt + len(users)
    return unit, np.concatenate([users, prompts]), len(users)


def user_name(value: object) -> object:
    """A cell of the column `user` as text without blanks at its ends; a word for nobody is None."""
    name = as_text(value)
    if not isinstance(name, str):
        return name
    return None if is_blank(name) or name.strip().casefold() in NOBODY else name.strip()


def is_named(table: pd.DataFrame) -> np.ndarray:
    """(n,) bool: the rows that name a user."""
    return each(table["user"], lambda u: type(u) is str and bool(u.strip())).to_numpy(bool)


def about(table: pd.DataFrame, columns: list[str], users: np.ndarray, more: int) -> tuple[dict, list[str]]:
    """Columns that say one thing about each user, such as age or religion, and the names of those that do not.

    columns  those to look at; users: the names of the users; more: units after them, of whom nothing is known
    Returns name -> (users + more,) texts or None, the same from every kind of file, and the columns that are not used
    because a user has several values.
    """
    found, several = {}, []
    named = table[is_named(table)]
    person, people = pd.factorize(named["user"].to_numpy(object))
    place = pd.Index(people).get_indexer(users)  # a user in two parts of a split is two units
    for column in columns:
        code, said = pd.factorize(each(named[column], _said).to_numpy(object), use_na_sentinel=False)
        if all(word is None for word in said):
            continue
        pairs = np.unique(person * len(said) + code)  # who said what, each once
        if len(pairs) == len(np.unique(pairs // len(said))):
            answers = np.asarray(said, object)[pairs % len(said)]  # by person, since their numbers rise
            found[str(column)] = np.concatenate([answers[place], np.full(more, None, object)])
        else:
            several.append(str(column))
    return found, several


def _said(value: object) -> str | None:
    text = as_text(value)
    return text.strip() or None if isinstance(text, str) and is_valid_text(text) else None
