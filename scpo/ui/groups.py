"""Groups of people by a column of the survey, and whether a model serves some of them worse."""

from __future__ import annotations

import streamlit as st

from scpo import runs
from scpo.charts.groups import groups_chart
from scpo.grouping import worded
from scpo.text.results import group_sentence
from scpo.ui import run_picker, session
from scpo.ui.components import chart
from scpo.ui.context import select


def people(result: runs.Result, methods: list[str]) -> None:
    """Groups of people by a column of the survey, in one country or everywhere."""
    table, gaps, simulated = result.tables["groups"], result.tables["group_gaps"], result.card["simulated"]
    if not len(table):
        st.info(
            "This run has no groups to compare: its data has no columns about people, or none of them has two "
            "groups of at least 5 test people."
        )
        return
    left, right = st.columns(2)
    with left:
        column = select("Survey column", table["column"].unique(), run_picker.COLUMN)
    here = table[table["column"] == column]
    with right:
        country = select(worded("Country"), here["country"].unique(), run_picker.PEOPLE, carried=session.COUNTRY)
    chart(
        groups_chart(table, column, country, methods, result.card["unit"], simulated),
        "groups",
        f"Accuracy by {column} of {country} per method, with 95 % intervals.",
        here[here["country"] == country],
        simulated,
    )
    gaps = gaps[(gaps["column"] == column) & (gaps["country"] == country)]
    if gaps["low"].isna().all():
        st.info(
            "The smallest of these groups has too few people for the interval of a gap, under any method: nothing "
            "here tells a gap from chance."
        )
    for row in gaps.itertuples():
        if row.method in methods:
            st.markdown(group_sentence(row))
