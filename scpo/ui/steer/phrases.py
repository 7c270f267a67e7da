"""The Steer page's view Phrases: what tells a country's model, and its people, from the global one."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from scpo import runs
from scpo.charts.phrases import phrases_chart, questions_chart
from scpo.data.preferences import Preferences
from scpo.format import inert, signed
from scpo.steering.questions import ROUNDING, is_survey
from scpo.table_rows import rows_of
from scpo.text.phrases import MEASURES, phrase_lines, question_lines, question_texts
from scpo.ui import session
from scpo.ui.components import chart, section
from scpo.ui.context import select
from scpo.ui.pairs import plain
from scpo.ui.steer import inputs as steer_inputs
from scpo.ui.steer.models import Models

SHOWN, IN_CONTEXT = 12, 4  # rows of a chart, and phrases that are shown in context


def phrases(models: Models, result: runs.Result, pairs: Preferences, _alpha: float) -> None:
    """Phrases, the length, and of a survey its questions, on which a country's model differs from the global one."""
    country = select("Model of", result.card["countries"], session.TASTE, carried=session.COUNTRY)
    survey, title = is_survey(pairs), "What tells countries apart?"
    if survey:
        section("On which questions does a country's model differ?", "questions", MEASURES)
    else:
        section(title, "phrases", MEASURES)
    wanted = steer_inputs.wanted()  # its button stands below the first section
    if survey:
        if wanted:
            _questions(models.questions(), country, result.card["simulated"])
        section(title, "phrases", MEASURES)
    if not wanted:
        return
    table, found = models.phrases()
    for line in phrase_lines(table, found, result.card["unit"]):
        st.markdown(line)
    rows = found[found["country"] == country]
    if not len(rows):
        st.info(f"Nothing tells {inert(country)}'s model from the global one for sure.")
        return
    shown, simulated = rows.head(SHOWN), result.card["simulated"]
    alt = f"The phrases that move {country}'s model most, with its held-out people beside them and 95 % intervals."
    chart(phrases_chart(shown, country, simulated), "phrases", alt, found, simulated)
    st.subheader("In context")
    for row in rows_of(shown[shown["example_1"] != ""].head(IN_CONTEXT)):
        _in_context(row, country)


def _in_context(row, country: str) -> None:
    """One phrase, what it moves, and two answers that have it."""
    with st.container(border=True):
        moves = "raises" if row.effect > 0 else "lowers"
        st.markdown(f"**{inert(row.phrase)}** {moves} the reward in {inert(country)}: {signed(row.effect, 2)}")
        for text in filter(None, (row.example_1, row.example_2)):
            plain(text)


def _questions(table: pd.DataFrame, country: str, simulated: bool) -> None:
    """Sentences, a chart and the questions in full, of one country."""
    for line in question_lines(table):
        st.markdown(line)
    rows = table[(table["country"] == country) & (table["change"].abs() > ROUNDING)].head(SHOWN)
    if not len(rows):
        st.info(f"{inert(country)}'s model answers as the global one does.")
        return
    alt = (
        f"Of the questions on which {country}'s model differs most: shares by the global model, its own and its people."
    )
    chart(questions_chart(rows, country, simulated), "questions", alt, table, simulated)
    for number, line in enumerate(question_texts(rows), 1):
        st.markdown(f"{number}. {line}")
