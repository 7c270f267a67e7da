"""Learn: a lesson of about 20 minutes in steps, each with something to move and a question; for a class too."""

import streamlit as st

from scpo import ScpoError
from scpo.format import inert
from scpo.lesson.texts import STEPS
from scpo.lesson.world import world
from scpo.ui import lesson_step as lesson
from scpo.ui.head import head

LINK = "Large type and one chart. It is in the link too, such as ?step=3&present=1"
MINUTES = sum(step.minutes for step in STEPS)


def lead() -> int:
    """Where in the lesson one is, and the way to another step; returns the step, from 1."""
    st.title("Learn: whose taste is it?")
    st.caption(
        f"{len(STEPS)} steps, about {MINUTES} minutes. Everything is computed while you look, in a simulated world of "
        "invented countries: nothing here is measured from real people."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        step = lesson.pages()
        st.caption(f"about {STEPS[step - 1].minutes} minutes")
        st.space("stretch")
        st.button("Presenter mode", key="flip", on_click=lesson.flip, icon=":material/co_present:", help=LINK)
    with st.bottom, st.container(horizontal=True, horizontal_alignment="distribute"):
        lesson.turn(step, -1)
        lesson.turn(step, 1)
    return step


def lead_large() -> int:
    """The same in presenter mode: one row at the lower edge, also by the keys of a remote control."""
    row = {"horizontal": True, "horizontal_alignment": "distribute", "vertical_alignment": "center"}
    with st.bottom, st.container(key="presenting", **row):
        before = st.container(width="content")
        step = lesson.pages()
        st.button("Leave presenter mode", key="flip", on_click=lesson.flip, icon=":material/close_fullscreen:")
        with before:
            lesson.turn(step, -1, "PageUp")
        lesson.turn(step, 1, "PageDown")
    return step


@st.fragment
def body(step: int, presenting: bool) -> None:
    """All that a move of a control draws anew."""
    try:
        (lesson.present if presenting else lesson.read)(world(), step)
    except ScpoError as error:
        st.error(inert(error))


presenting = lesson.presenting()
head("learn", drawn=not presenting)
step = lead_large() if presenting else lead()
body(step, presenting)
