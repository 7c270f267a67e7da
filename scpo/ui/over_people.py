"""Curves over people on the page Data efficiency: with how many a method is ahead, and what few of them are worth."""

from __future__ import annotations

import streamlit as st

from scpo import runs
from scpo.charts.efficiency import curve_chart
from scpo.format import people
from scpo.grouping import worded
from scpo.methods import is_model
from scpo.text import findings
from scpo.text.measures import MEASURES
from scpo.text.people import HOW, needed_sentence, per_person_sentence, worth_sentence
from scpo.ui import session
from scpo.ui.components import chart, explained
from scpo.ui.context import segments

PAIRS, PEOPLE = "pairs", "people"  # what curves are over, in the link


def over_what(result: runs.Result) -> str:
    """The choice between pairs and people; pairs without one, where the run has no curves over people."""
    if not result.has("people"):
        return PAIRS
    words = {PAIRS: "pairs", PEOPLE: people(result.card["unit"])}
    return segments("Curves over", list(words), session.OVER, format_func=lambda name: words[name])


def how_to_have_them(result: runs.Result) -> None:
    """How a run comes to have curves over people, below those over pairs of one that has none."""
    if not result.has("people") and is_model(findings.main_method(result)):
        st.caption(f"Curves over people instead of pairs: run it again with `{HOW}`, or People on Train.")


def over_people(result: runs.Result, country: str, methods: list[str]) -> None:
    """Accuracy over people, who each bring all their pairs; with how many a method is ahead, and what few are worth."""
    table, needed = result.tables["people"], result.tables["people_needed"]
    unit, simulated = result.card["unit"], result.card["simulated"]
    chart(
        curve_chart(table, country, methods, "people", simulated),
        "people",
        f"Accuracy over the number of training {people(unit)}, {country}, per method with 95 % bands.",
        table[table["country"] == country],
        simulated,
    )
    st.caption(per_person_sentence(table, country, unit))
    for method in methods:
        for told in (needed_sentence(needed, country, method, unit), worth_sentence(table, country, method, unit)):
            if told:
                st.markdown(worded(told))
    explained(*MEASURES["people"])
