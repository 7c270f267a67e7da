"""Why a country's model prefers one answer of a pair, on every page that shows pairs, and how far that is true."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from scpo import runs
from scpo.data.preferences import Preferences
from scpo.format import inert
from scpo.grouping import worded
from scpo.steering.mixing import letter
from scpo.steering.reasons import explained, held_against_taste
from scpo.text.reasons import (
    LEGENDS,
    UNKNOWN,
    faults_of_pair,
    marked,
    measured_line,
    planted_line,
    reason_lines,
    unread_line,
)
from scpo.ui.steer.inputs import wanted
from scpo.ui.steer.models import Models


def how_true(shares: pd.DataFrame, pairs: Preferences, models: Models, country: str) -> tuple[pd.DataFrame, list[str]]:
    """The shares with what is planted in each sentence, where that is known, and lines that say how true they are."""
    shares = held_against_taste(shares, pairs, country)
    if pairs.truth is None:
        return shares, [worded(UNKNOWN)]
    return shares, [planted_line(shares), measured_line(models.method, models.whole)]


def why(
    result: runs.Result, method: str, pairs: Preferences, prompt: str, answers: Sequence[str], country: str
) -> None:
    """Both answers of a pair with their sentences marked, once the models are asked; or why that cannot be."""
    said = faults_of_pair(answers)
    if country not in result.card["countries"]:
        said = [f"The run has no model of {country}: it steered to {', '.join(result.card['countries'])}."]
    if said:
        st.info(inert(" ".join(said)))
    elif wanted():
        models = Models.of(result, method)
        tell_unread(models, answers)
        _, shares, sums = explained(answers, lambda forms: models.trials(prompt, forms, country), country)
        told(shares, sums, country, how_true(shares, pairs, models, country)[1])


def tell_unread(models: Models, answers: Sequence[str]) -> None:
    """A line for each answer that the models' encoder cannot read."""
    for at, share in models.unread(answers):
        st.warning(unread_line(at, share), icon=":material/translate:")


def told(shares: pd.DataFrame, sums: pd.DataFrame, country: str, lines: Sequence[str]) -> None:
    """What both models prefer, both answers with what steering changed, and how far that is true."""
    for line in reason_lines(shares, sums, country):
        st.markdown(line)
    mark(shares, "change")
    for line in lines:
        st.caption(line)


def mark(shares: pd.DataFrame, column: str) -> None:
    """Both answers, each sentence on a ground that tells the sign of its share."""
    largest = float(shares[column].abs().max()) if len(shares) else 0.0
    for number, place in enumerate(st.columns(2)):
        rows = shares[shares["answer"] == number]
        with place.container(border=True):
            st.badge(f"answer {letter(number)}", color="gray")
            st.markdown(marked(rows["text"].tolist(), rows[column].tolist(), largest) or "(an empty answer)")
    st.caption(LEGENDS[column])
