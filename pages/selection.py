"""Filter and weight: move tau and beta, and see at once which of each country's pairs stay and what they weigh."""

from collections.abc import Callable
from dataclasses import fields

import pandas as pd
import streamlit as st

from scpo import ScpoError, runs
from scpo.charts.selection import pictures
from scpo.config import ExperimentConfig
from scpo.data.preferences import Preferences
from scpo.format import inert
from scpo.grouping import ALL, called, speak_of, worded
from scpo.metrics.filtering import Chosen, Margins
from scpo.text import selection as selection_text
from scpo.ui import run_picker, session
from scpo.ui.cache import margins, texts
from scpo.ui.components import chart, explain, explained
from scpo.ui.context import link, select
from scpo.ui.head import head
from scpo.ui.pairs import show_weighed

HELP = {spec.name: spec.metadata.get("help") for spec in fields(ExperimentConfig)}


def controls(result: runs.Result, countries: tuple[str, ...]) -> tuple[str, tuple, tuple, Callable[[], None]]:
    """Country, (tau, beta), where the sliders stood before, and what sets them back.

    Another run brings its own settings along.
    """
    own, run = (result.config.tau, result.config.beta), result.folder.name

    def reset() -> None:
        st.session_state[session.TAU], st.session_state[session.BETA] = own

    of_run, before, last = st.session_state.get(session.MOVE, (run, own, own))
    if of_run != run:
        before = last = own
        reset()
    where, *sliders = st.columns([2, 3, 3], gap="medium", vertical_alignment="bottom")
    with where:
        country = select(worded("Country"), [ALL, *countries], session.COUNTRY, format_func=called)
    settings = (  # label, lowest, highest, default, step, key
        ("Filter: τ (tau)", min(0.01, own[0]), 1.0, own[0], 0.01, session.TAU),
        ("Weight: β (beta)", min(0.05, own[1]), max(5.0, 2 * own[1]), own[1], 0.05, session.BETA),
    )
    now = tuple(
        column.slider(*setting[:-1], key=setting[-1], help=HELP[setting[-1]], bind="query-params")
        for column, setting in zip(sliders, settings, strict=True)
    )
    before = last if last != now else before
    st.session_state[session.MOVE] = (run, before, now)
    return country, now, before, reset


def moved(result: runs.Result, country: str, before: Chosen, now: Chosen, reset: Callable[[], None]) -> None:
    """What the last move of a slider did, in words and figures, and the way back."""
    st.markdown(selection_text.moved_sentence(before, now))
    for column, (label, value, change, note) in zip(
        st.columns(2), selection_text.headline(before, now, country), strict=True
    ):
        column.metric(label, value, change, delta_color="off", border=True)
        column.caption(note)
    own = result.config.tau, result.config.beta
    note, button = st.columns([3, 1], vertical_alignment="center")
    note.caption(f"This run trained with τ = {own[0]:.2f} and β = {own[1]:.2f}. Moving a slider trains nothing.")
    button.button("Back to the run's settings", on_click=reset, disabled=(now.tau, now.beta) == own, width="stretch")
    if (now.tau, now.beta) != own:
        chosen = {session.TAU: f"{now.tau:g}", session.BETA: f"{now.beta:g}"}
        like = {session.LIKE: st.query_params[session.RUN]} if session.RUN in st.query_params else {}
        link("train", f"Train with τ = {now.tau:g} and β = {now.beta:g}", **like, **chosen)


def readable(result: runs.Result) -> Preferences | ScpoError:
    """The pairs of a run with their texts, or why they cannot be read."""
    try:
        return texts(result)
    except ScpoError as error:
        return error


@st.fragment
def explore(result: runs.Result, kept: Margins, disagree: pd.DataFrame) -> None:
    """All that a move of a slider draws anew."""
    speak_of(result.config.data.group)
    country, now, before, reset = controls(result, kept.countries)
    now, before = Chosen.at(kept, *now), Chosen.at(kept, *before)
    drawn = pictures(kept, now, country, disagree, result.card)

    def picture(name: str) -> None:
        chart(drawn[name].figure, name, drawn[name].alt, drawn[name].table, result.card["simulated"])

    for column, measure, name in zip(st.columns(2, gap="large"), "FW", ("filter", "weight"), strict=True):
        with column:
            picture(name)
            explained(*selection_text.MEASURES[measure][1:], label=f"The formula: {measure}")
    moved(result, country, before, now, reset)
    section("share kept and effective share")
    for column, name in zip(st.columns(2, gap="large"), ("shares", "strips"), strict=True):
        with column:
            picture(name)
    section("disagreement")
    picture("disagreement")
    st.header("Read some of the pairs")
    pairs = readable(result)  # last, since a large file takes seconds at first and the charts need none of it
    if isinstance(pairs, ScpoError):
        st.warning(f"The charts are of what the run kept; its texts cannot be read. {inert(pairs)}")
        return
    label = "Five pairs along F or along W, or those that the last move of a slider changed most"
    along = st.segmented_control(
        label, selection_text.ALONG, default="F", key=session.ALONG, required=True, bind="query-params"
    )
    places = selection_text.example_places(kept, country, before, now, along)
    if not places:
        st.info("The last move changed none of these pairs. Move a slider, and the ones it changes most are here.")
    for place, why in places:
        show_weighed(pairs, kept, now, place, why)


def section(measure: str) -> None:
    """A question, the measure that answers it in one sentence, and its formula for those who ask."""
    explain(*selection_text.MEASURES[measure], label=f"The formula: {measure}")


job = head("selection")
st.title("Filter and weight")
try:
    result = run_picker.finished(job)
    if result:
        kept, disagree = margins(result)
        explore(result, kept, disagree)
        run_picker.origin(result)
except ScpoError as error:
    st.error(inert(error))
