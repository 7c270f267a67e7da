"""A table of any layout as prompts and answers: pairs, or answers with scores.

Knows nothing of any one data set: what is special about one is in its row of `published.LAYOUTS`.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from scpo.data.checks import each, has_columns, is_missing, short
from scpo.data.faults import Faults
from scpo.data.layouts.flat import about
from scpo.data.layouts.layout import ANSWERS, EVERYBODY, JUDGEMENT, NONE, OPTIONAL, ROLES, Layout
from scpo.data.messages import as_texts

NOBODY, TIE = -1, -2  # in place of the answer that won
ONE_OF = re.compile(
    r"(?:response|answer|model|assistant|option|output|completion|conversation)?[\s_-]*([a-h]|\d)(?:\.0)?"
)
TIES = ("tie", "both", "draw", "equal", "same", "neither")
NUMBER_OF = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight"}


def read(table: pd.DataFrame, layout: Layout, faults: Faults, people: pd.DataFrame | None = None) -> pd.DataFrame:
    """The columns `prompt` with `chosen` and `rejected`, or with `response` and `score`, `country`, those of the other
    roles that the table has, and what else is in it, each row under the index of the row of the file that it is of.

    people  a second file that says who the people are (`Layout.people`)
    `attrs` has `judged`, how many of what were read, `notes`, and `is_texts` where messages are texts already. A table
    that lacks a column of the layout gives none.
    """
    if not has_columns(table, layout.told_by, faults):
        return pd.DataFrame()
    attrs = dict(table.attrs)
    table = layout.flat(table) if layout.flat else table
    table = _without_nothing(table, layout, faults) if JUDGEMENT in table.columns else table
    table = _with_roles(table, layout)
    if people is not None:
        table = _with_people(table, people, layout)
    attrs["notes"] = ()
    if "country" not in table.columns:
        table = table.assign(country=EVERYBODY)
        attrs["notes"] = (
            f"no column says a country: all pairs are of one group, {EVERYBODY!r}; `columns` can name one (--columns "
            "country=COLUMN), and `group` another column to steer to (--group language)",
        )
    attrs["judged"] = (_judgements(table), layout.judged)
    if "winner" in table.columns or "strength" in table.columns:
        table = _judged(table, layout, faults)
        attrs["is_texts"] = True
        attrs["judged"] = (int(table[JUDGEMENT].nunique()), _of_answers(table, layout))
    elif "score" in table.columns and layout.words:
        table = table.assign(
            score=each(table["score"], lambda said: layout.words.get(str(said).strip().casefold(), said))
        )
    table.attrs = attrs
    return table


def _with_roles(table: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """The table with its columns called by their roles. Who said a thing is taken from a column of that name too; any
    other column that has a role's name and is none is left out."""
    names = {role: (role,) for role in OPTIONAL} | {
        role: (said,) if isinstance(said, str) else said for role, said in layout.columns.items()
    }
    found = {role: next((name for name in of if name in table.columns), None) for role, of in names.items()}
    roles = {role: column for role, column in found.items() if column is not None}
    used = {*roles.values()}
    rest = [column for column in table.columns if column not in used and column not in ROLES]
    renamed = pd.DataFrame({role: table[column] for role, column in roles.items()}, index=table.index)
    return pd.concat([renamed, table[rest]], axis=1)


def _without_nothing(table: pd.DataFrame, layout: Layout, faults: Faults) -> pd.DataFrame:
    """The rows with a judgement. A row of the file may have several: it is left out only if none can be read."""
    nothing = (table[JUDGEMENT] == NONE).to_numpy()
    if not nothing.any():
        return table
    whole = ~table.index.isin(table.index[~nothing])
    got, needed, reason = "no judgement", "a judgement of two answers", f"{layout.rows_are} without a judgement"
    faults.at(table.index[nothing & whole], got, needed, reason, usual=True)
    for row in table.index[nothing & ~whole]:
        faults.partly(row, got, needed, f"{reason}, in rows with others")
    return table[~nothing]


def _with_people(table: pd.DataFrame, people: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """The table with what a second file says of each person."""
    name, *told = layout.people
    known = pd.DataFrame([about(cell) for cell in people[told[0]]], index=people[name].to_numpy(object))
    known = known[~known.index.duplicated()]
    new = known[[column for column in known.columns if column not in table.columns]].reindex(
        table["user"].to_numpy(object)
    )
    return pd.concat([table, new.set_axis(table.index, axis=0)], axis=1)


def _judgements(table: pd.DataFrame) -> int:
    return int(table[JUDGEMENT].nunique()) if JUDGEMENT in table.columns else len(table)


def _of_answers(table: pd.DataFrame, layout: Layout) -> str:
    """What was counted, with how many answers there were to choose from: "pick(s) of one answer out of four"."""
    most = int(table[JUDGEMENT].value_counts().max()) if len(table) else 2
    return layout.judged.replace("{n}", NUMBER_OF.get(most, f"{most}"))


def _judged(table: pd.DataFrame, layout: Layout, faults: Faults) -> pd.DataFrame:
    """One row per answer, with its score: of a pick 1 for the best and 0 for the others, of a strength that of the
    second answer. Rows without a judgement, and ties, are left out and counted."""
    answers = [name for name in ANSWERS if name in table.columns]
    table = as_texts(table, tuple(answers), faults, layout.rows_are)
    texts = np.column_stack([table[name].to_numpy(object) for name in answers]).reshape(len(table), len(answers))
    given = ~pd.isna(texts)
    if "winner" in table.columns:
        best = _places(table["winner"], answers, texts)
        lost = best >= 0
        lost[lost] = ~given[np.flatnonzero(best >= 0), best[best >= 0]]
        best[lost] = NOBODY
        score, tied = (best[:, None] == np.arange(len(answers))).astype(float), best == TIE
        none, few = best == NOBODY, given.sum(1) < 2
        column, needed = "winner", f"such as {answers[0]} or {answers[1]}"
    else:
        strength = pd.to_numeric(each(table["strength"], _as_number), errors="coerce").to_numpy(float)
        score, tied = np.column_stack([np.zeros(len(table)), strength]), strength == 0
        none, few, column, needed = ~np.isfinite(strength), ~given.all(1), "strength", "a number"
    name, rows_are = layout.columns.get(column, column), layout.rows_are
    faults.at(table.index[few], "one answer", "two answers at least", f"{rows_are} with fewer than two answers")
    got = [f"{name} is {short(value)}" for value in table[column][none]]
    faults.at(table.index[none], got, f"{name}: {needed}", f"{rows_are} without a pick")
    faults.at(table.index[tied], "a tie", "one answer that is better", f"{rows_are} that are ties", usual=True)
    none |= few
    judged = ~none & ~tied
    rows = np.repeat(np.flatnonzero(judged), len(answers))
    flat = given[judged].ravel()
    kept = table.drop(columns=[*answers, column]).iloc[rows[flat]]
    response = pd.Series(texts[judged].ravel()[flat], index=kept.index, dtype=object)
    return kept.assign(response=response, score=score[judged].ravel()[flat], **{JUDGEMENT: rows[flat]})


def _as_number(value: object) -> object:
    return None if isinstance(value, bool) or is_missing(value) else value


def _places(winner: pd.Series, answers: list[str], texts: np.ndarray) -> np.ndarray:
    """(n,) int: which answer won, from what a cell says: `response_b`, `model_b`, `b`, its number, or its text."""
    said = each(winner, lambda value: "" if is_missing(value) else str(value).strip().casefold())
    named = each(said, lambda word: (found := ONE_OF.fullmatch(word)) and found[1])
    first = 0 if "0" in {*named} else 1
    place = {chr(ord("a") + at): at for at in range(len(answers))} | {str(at + first): at for at in range(len(answers))}
    best = np.array([place.get(word, NOBODY) for word in named], np.int64)
    best[each(said, lambda word: word.startswith(TIES)).to_numpy(bool)] = TIE
    for row in np.flatnonzero(best == NOBODY):
        word = said.iloc[row]
        same = [at for at, text in enumerate(texts[row]) if isinstance(text, str) and text.strip().casefold() == word]
        best[row] = same[0] if word and len(same) == 1 else NOBODY
    return best
