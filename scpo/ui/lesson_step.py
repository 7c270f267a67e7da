"""A step of the lesson on the screen, to read and for a wall, and the ways from one to another.

The texts are in `scpo.lesson.texts`, the numbers come from `scpo.lesson`; here they meet.
"""

from __future__ import annotations

import re

import streamlit as st

from scpo.charts.wall import enlarge
from scpo.config import PRISM_SIZED, DataConfig, ExperimentConfig
from scpo.jobs import launch
from scpo.lesson import steps as lesson_steps
from scpo.lesson.step import Step
from scpo.lesson.texts import STEPS
from scpo.lesson.world import World
from scpo.ui import context, session
from scpo.ui.cache import job_store
from scpo.ui.components import chart
from scpo.ui.lesson import DEFAULT, DRAW, Shown
from scpo.ui.pairs import plain
from scpo.ui.theme import draw

STEP, PRESENT = "step", "present"  # session key and parameters in the link
MINUS = re.compile(r"(?<![\w.-])-(?=\d)")


def presenting() -> bool:
    """True in presenter mode, which the link says: ?present=1."""
    return st.query_params.get(PRESENT) == "1"


def flip() -> None:
    """Into presenter mode, or out of it; the step and the controls stay."""
    if presenting():
        st.query_params.pop(PRESENT)
    else:
        st.query_params[PRESENT] = "1"


def pages() -> int:
    """The step that is open, from 1; the link says it: ?step=3."""
    return st.pagination(len(STEPS), key=STEP, bind="query-params")


def turn(step: int, by: int, shortcut: str | None = None) -> None:
    """A button to the previous (by -1) or next (by 1) step; without one at the ends of the lesson."""

    def go() -> None:
        st.session_state[STEP] = step + by

    exists, word = 1 <= step + by <= len(STEPS), "Next" if by > 0 else "Previous"
    st.button(
        f"{word}: {STEPS[step + by - 1].name}" if exists else word,
        key=word,
        on_click=go,
        disabled=not exists,
        icon=f":material/{'arrow_forward' if by > 0 else 'arrow_back'}:",
        shortcut=shortcut,
    )


def read(world: World, number: int) -> None:
    """One step to read: what to see and its question; beside them the control, its sentence, and the chart."""
    step = STEPS[number - 1]
    st.header(f"{number}. {step.title}")
    text, live = st.columns([2, 3], gap="large")
    with live:
        shown = DRAW[number - 1](world)
        facts = _facts(shown)
        st.markdown(told(step.said, facts))
        chart(shown.figure, f"lesson-{number}", told(step.alt, facts), shown.seen.table, simulated=True)
    with text:
        st.markdown(f"**{step.big}**")
        st.markdown(told(step.see, facts))
        with st.container(border=True):
            st.markdown(f"**Question.** {step.question}")
            with st.expander("Show the answer", key=f"answer-{number}"):
                st.markdown(told(step.answer, facts))
        _beside(world, step)
        if step.points:
            st.markdown("\n".join([f"**{step.title_of_points}**\n", *(f"- **{a}** {b}" for a, b in step.points)]))
        for formula in step.formulas:
            st.latex(formula)
        if step.few_people:
            st.markdown(step.few_people)
            _start_small()
    if number == len(STEPS):
        _onward()


def present(world: World, number: int) -> None:
    """One step for a wall, as high as the window: a sentence, its control, what it shows, one chart, its question."""
    step = STEPS[number - 1]
    with st.container(key="wall"):
        st.title(f"{number}. {step.big}")
        with st.container(key="wall-controls"):
            shown = DRAW[number - 1](world)
        facts = _facts(shown)
        st.subheader(told(step.large, facts))
        text, live = st.columns([1, 2], gap="medium")
        with live:
            figure = enlarge(shown.figure)
            alt = told(step.alt, facts)
            draw(figure, f"lesson-{number}-large", alt, {"displayModeBar": False}, height="stretch")
        with text:
            _beside(world, step)
            if step.points:
                st.markdown("\n".join(f"- **{head}**" for head, _ in step.points))
            st.markdown(step.question)
            with st.popover("The answer", icon=":material/lightbulb:", key=f"answer-large-{number}"):
                st.markdown(told(step.answer.split("\n\n")[0], facts))


def _start_small() -> None:
    """A button that starts the demo experiment at PRISM's size, or opens its results where it is here already."""
    if st.button("Run it with few test people", icon=":material/play_arrow:", key="few-people"):
        small = ExperimentConfig(DataConfig(demo_world=PRISM_SIZED))
        job = launch.start(small, job_store(), "few test people")
        st.switch_page(f"pages/{'accuracy' if job.state == 'done' else 'train'}.py", query_params={session.RUN: job.id})


def told(text: str, facts: dict) -> str:
    """A text with its numbers, a minus before those below 0."""
    return MINUS.sub("−", text.format(**facts))


def _beside(world: World, step: Step) -> None:
    """What the control of a step is about: the two answers of the example."""
    if step.shows_example:
        pair = lesson_steps.example(world)
        plain(pair.prompt)
        for name, text in (("A", pair.a), ("B", pair.b)):
            st.markdown(f"**Answer {name}**")
            plain(text)


def _onward() -> None:
    """Where a reader of the last step goes."""
    st.subheader("Next")
    with st.container(horizontal=True):
        context.link("room", "Open a room: your class votes and becomes a country")
        context.link("steer", "Steer a model to a country")
        context.link("bias", "What steering costs everybody else")
        context.link("overview", "Whom does the global model serve?")


def _facts(shown: Shown) -> dict:
    return {**shown.seen.facts, "default_beta": DEFAULT.beta}
