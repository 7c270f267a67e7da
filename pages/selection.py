"""Filter and weight: move tau and beta, and see at once which of each country's pairs stay and what they weigh."""

from dataclasses import fields

import pandas as pd
import streamlit as st

from scpo import ScpoError, runs
from scpo.charts.selection import Picture, pictures
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


def controls(result: runs.Result, countries: tuple[str, ...]) -> tuple[str, float, float]:
    """Country, tau and beta. Another run brings its own settings along."""
    own = result.config.tau, result.config.beta
    if st.session_state.get(session.EXPLORED, result.folder.name) != result.folder.name:
        reset(own)
    st.session_state[session.EXPLORED] = result.folder.name
    country = select(worded("Country"), [ALL, *countries], session.COUNTRY, format_func=called)
    settings = (  # label, lowest, highest, default, step, key
        ("Filter: τ (tau)", min(0.01, own[0]), 1.0, own[0], 0.01, session.TAU),
        ("Weight: β (beta)", min(0.05, own[1]), max(5.0, 2 * own[1]), own[1], 0.05, session.BETA),
    )
    tau, beta = (st.slider(*each[:-1], key=each[-1], help=HELP[each[-1]], bind="query-params") for each in settings)
    return country, tau, beta


def reset(own: tuple[float, float]) -> None:
    """Set the sliders to the settings of the run."""
    st.session_state[session.TAU], st.session_state[session.BETA] = own


def compared(own: Chosen, now: Chosen, country: str) -> None:
    """The way to train with what is chosen, the way back, and what it changes against the run, in words and figures."""
    settings = own.tau, own.beta
    moved = (now.tau, now.beta) != settings
    if moved:
        chosen = {session.TAU: f"{now.tau:g}", session.BETA: f"{now.beta:g}"}
        like = {session.LIKE: st.query_params[session.RUN]} if session.RUN in st.query_params else {}
        link("train", f"Train with τ = {now.tau:g} and β = {now.beta:g}", **like, **chosen)
    st.button("Back to the run's settings", on_click=reset, args=(settings,), disabled=not moved, width="stretch")
    st.markdown(selection_text.moved_sentence(own, now))
    for label, value, change, note in selection_text.headline(own, now, country):
        st.metric(label, value, change, delta_color="off")
        st.caption(note)


def readable(result: runs.Result) -> Preferences | ScpoError:
    """The pairs of a run with their texts, or why they cannot be read."""
    try:
        return texts(result)
    except ScpoError as error:
        return error


@st.fragment
def explore(result: runs.Result, kept: Margins, disagree: pd.DataFrame) -> None:
    """All that a move of a slider draws anew: what is chosen stays in sight beside what follows from it."""
    speak_of(result.config.data.group)
    beside, drawings = st.columns([2, 5], gap="large")
    with beside, st.container(key="beside", gap="xsmall"):
        country, *settings = controls(result, kept.countries)
        own, now = Chosen.at(kept, result.config.tau, result.config.beta), Chosen.at(kept, *settings)
        compared(own, now, country)
    with drawings:
        drawn = pictures(kept, now, country, disagree, result.card, own)
        charts(drawn, result.card["simulated"])
        examples(result, kept, country, own, now)


def charts(drawn: dict[str, Picture], simulated: bool) -> None:
    """The five charts, each under its question or with its measure below it."""

    def picture(name: str) -> None:
        chart(drawn[name].figure, name, drawn[name].alt, drawn[name].table, simulated)

    for measure, name in zip("FW", ("filter", "weight"), strict=True):
        picture(name)
        explained(*selection_text.MEASURES[measure][1:], label=f"The formula: {measure}")
    section("share kept and effective share")
    picture("shares")
    picture("strips")
    section("disagreement")
    picture("disagreement")


def examples(result: runs.Result, kept: Margins, country: str, own: Chosen, now: Chosen) -> None:
    """Some of the pairs to read."""
    st.header("Read some of the pairs")
    pairs = readable(result)  # last, since a large file takes seconds at first and the charts need none of it
    if isinstance(pairs, ScpoError):
        st.warning(f"The charts are of what the run kept; its texts cannot be read. {inert(pairs)}")
        return
    label = "Five pairs along F or along W, or those that change most against this run"
    along = st.segmented_control(
        label, selection_text.ALONG, default="F", key=session.ALONG, required=True, bind="query-params"
    )
    places = selection_text.example_places(kept, country, own, now, along)
    if not places:
        st.info("None of these pairs changes against this run. Move a slider, and those that change most are here.")
    for place, why in places:
        show_weighed(pairs, kept, now, place, why)


def section(measure: str) -> None:
    """A question, the measure that answers it in one sentence, and its formula for those who ask."""
    explain(*selection_text.MEASURES[measure], label=f"The formula: {measure}")


job = head("selection")
st.title("Filter and weight")
try:
    result = run_picker.finished(job, models=True)
    if result:
        kept, disagree = margins(result)
        explore(result, kept, disagree)
        run_picker.origin(result)
except ScpoError as error:
    st.error(inert(error))
