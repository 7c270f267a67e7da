"""What a file of one's own is: its layout, told by its columns, or which column is what, with a guess to start."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from scpo import DataConfig
from scpo.data.layouts import OWN, flag, guess_columns, is_complete, layouts_of, people_of, with_known_names
from scpo.data.layouts.columns import words_of
from scpo.data.layouts.layout import ANSWERS, OPTIONAL, PAIR, SCORED, Layout
from scpo.format import inert
from scpo.ui import session
from scpo.ui.cache import first_rows

SHOWN = 5  # rows
LONGEST = 200  # characters of a cell that is shown
NO_COLUMN = "no column"
ASKED = {
    "prompt": "Prompt",
    "chosen": "Chosen answer",
    "rejected": "Rejected answer",
    "response": "Answer",
    "score": "Score (higher is better)",
    **{role: f"Answer {role[-1].upper()}" for role in ANSWERS},
    "winner": "Winner",
    "strength": "Strength (below 0: answer A)",
    "country": "Country of the person",
    "user": "Person",
    "group": "Group of answers",
    "split": "Part of the split",
}
FORMS = {
    "Chosen and rejected": PAIR,
    "Answers with scores": SCORED,
    "Answers with a winner": ("prompt", *ANSWERS[:2], "winner"),
    "Two answers with a strength": ("prompt", *ANSWERS[:2], "strength"),
}


def choose_columns(files: Sequence[str], place: str, start: DataConfig) -> dict | None:
    """The settings `layout` and `columns` that the form asks for; None while it says too little.

    files  the files of the source, of which only the first rows are read; place tells apart the form's widgets
    """
    frames = [frame for frame in map(first_rows, files) if len(frame) and not people_of(frame)]
    if not frames:
        return {}  # reading the whole file says what is wrong with it
    frame = frames[0]
    fitting = layouts_of(with_known_names(frame))
    place = f"{place}-{zlib.crc32(repr(list(frame.columns)).encode())}"
    if len(fitting) > 1:
        return _one_of(fitting, place, start)
    if fitting and fitting[0] not in OWN:
        st.markdown(f"This looks like **{inert(_title(fitting[0]))}**: its columns say so.")
    if fitting and not st.toggle("Say which column is what", bool(start.columns), key=f"{session.COLUMNS}-own-{place}"):
        return {}
    if {"question", "options"} <= {*frame.columns} and not fitting:
        return {}  # a survey, which its own source reads
    columns = _mapping(frame, place, dict(word.split("=", 1) for word in start.columns))
    return None if columns is None else {"columns": columns}


def _one_of(fitting: list[Layout], place: str, start: DataConfig) -> dict | None:
    names = {layout.name: _title(layout) for layout in fitting}
    st.markdown(f"This file fits {len(fitting)} layouts.")
    asked = start.layout if start.layout in names else None
    name = st.segmented_control(
        "Layout", list(names), format_func=names.get, default=asked, key=f"{session.LAYOUT}-{place}"
    )
    if name is None:
        st.info("Choose the layout that is meant to go on.")
        return None
    return {"layout": name}


def _title(layout: Layout) -> str:
    return layout.title or layout.form


def _mapping(frame: pd.DataFrame, place: str, start: dict[str, str]) -> tuple[str, ...] | None:
    """The first rows, and which column is what: `start` or a guess, as the user changes it."""
    guess = start or guess_columns(frame)
    st.markdown("Which column is what? A guess is filled in; these are the first rows.")
    st.dataframe(frame.head(SHOWN).map(lambda cell: str(cell)[:LONGEST]), hide_index=True)
    fits = [form for form, roles in FORMS.items() if {*roles} <= {*guess}] or ["Chosen and rejected"]
    key = f"{session.COLUMNS}-form-{place}"
    form = st.segmented_control("What a row has", list(FORMS), default=fits[0], key=key, required=True)
    more = [role for role in ANSWERS[2:] if role in guess and form == "Answers with a winner"]
    chosen: dict[str, str] = {}
    names = [str(column) for column in frame.columns]
    optional = [role for role in OPTIONAL if role != "group" or form == "Answers with scores"]
    asked = [*FORMS[form], *more, *optional]
    for at in range(0, len(asked), 3):
        for role, cell in zip(asked[at : at + 3], st.columns(3), strict=False):
            column = cell.selectbox(
                ASKED[role],
                [NO_COLUMN, *names],
                index=names.index(guess[role]) + 1 if guess.get(role) in names else 0,
                key=f"{session.COLUMNS}-{role}-{place}",
            )
            chosen |= {role: column} if column != NO_COLUMN else {}
    if not is_complete(chosen):
        lacking = ", ".join(ASKED[role] for role in FORMS[form] if role not in chosen)
        st.info(f"To go on, say which column is: {lacking}.")
        return None
    st.markdown("The same on the command line:")
    st.code(flag(chosen), language=None, wrap_lines=True)
    return words_of(chosen)
