"""The Steer page's view Phrases: what tells a country's model, and its people, from the global one."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from scpo import runs
from scpo.charts.phrases import phrases_chart, questions_chart
from scpo.data.preferences import Preferences
from scpo.format import inert, signed
from scpo.steering.phrase_effects import PHRASE, TOPIC
from scpo.steering.questions import ROUNDING, is_survey
from scpo.table_rows import rows_of
from scpo.text.phrases import MEASURES, phrase_lines, question_lines, question_texts, topic_lines
from scpo.ui import session
from scpo.ui.components import chart, explained, section
from scpo.ui.context import select
from scpo.ui.pairs import plain
from scpo.ui.steer import inputs as steer_inputs
from scpo.ui.steer.models import Models

SHOWN, IN_CONTEXT = 12, 4  # rows of a chart, and phrases that are shown in context


def phrases(models: Models, result: runs.Result, pairs: Preferences, _alpha: float) -> None:
    """Phrases, length, topics, and a survey's questions, on which a country's model differs from the global one."""
    country = select("Model of", result.card["countries"], session.TASTE, carried=session.COUNTRY)
    survey, simulated, title = is_survey(pairs), result.card["simulated"], "What tells countries apart?"
    if survey:
        section("On which questions does a country's model differ?", "questions", MEASURES)
    wanted = steer_inputs.wanted()  # its button stands below the first section of a survey
    if survey and wanted:
        _questions(models.questions(), country, simulated)
    if survey or not wanted:
        section(title, "phrases", MEASURES)
    if not wanted:
        return
    table, found = models.phrases()
    rows = found[found["country"] == country]
    of_topics = rows["kind"] == TOPIC
    _drawn(rows[~of_topics], country, simulated, PHRASE)
    for line in phrase_lines(table, found, result.card["unit"]):
        st.markdown(line)
    if not survey:
        explained(*MEASURES["phrases"], label="The formula")
    _in_contexts(rows[~of_topics], country, "In context")
    section("On which topics does a country's model differ?", "topics", MEASURES)
    for line in topic_lines(table, found, result.card["unit"]):
        st.markdown(line)
    _drawn(rows[of_topics], country, simulated, TOPIC)
    _in_contexts(rows[of_topics], country, "Two prompts of each, and the answers that the model goes towards")


def _drawn(rows: pd.DataFrame, country: str, simulated: bool, kind: str) -> None:
    """A chart of phrases or topics of one country."""
    if not len(rows):
        st.info(f"No {kind} tells {inert(country)}'s model from the global one for sure.")
        return
    alt = f"The {kind}s that move {country}'s model most, with its held-out people beside them and 95 % intervals."
    chart(phrases_chart(rows.head(SHOWN), country, simulated, kind), f"{kind}s", alt, rows, simulated)


def _in_contexts(rows: pd.DataFrame, country: str, title: str) -> None:
    """Two examples of each of the first."""
    shown = rows.head(SHOWN)
    shown = shown[shown["example_1"] != ""].head(IN_CONTEXT)
    if not len(shown):
        return
    st.subheader(title)
    for row in rows_of(shown):
        _in_context(row, country)


def _in_context(row, country: str) -> None:
    """One phrase or topic, what it moves, and two examples."""
    with st.container(border=True):
        st.markdown(f"**{inert(row.phrase)}** {_says(row, inert(country))}: {signed(row.effect, 2)}")
        for text in filter(None, (row.example_1, row.example_2)):
            plain(text)


def _says(row, country: str) -> str:
    """What a phrase or a topic does to a country's model."""
    if row.kind == TOPIC:
        return f"takes {country}'s model {'further' if row.effect > 0 else 'less far'} than other topics do"
    return f"{'raises' if row.effect > 0 else 'lowers'} the reward in {country}"


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
