"""The lesson's steps on the screen: each draws its controls and returns what it computed and its figure.

The texts are in `scpo.lesson.texts`, the numbers come from `scpo.lesson`; here they meet.
"""

from __future__ import annotations

from dataclasses import fields
from typing import NamedTuple

import plotly.graph_objects as go
import streamlit as st

from scpo.charts import lesson as lesson_charts
from scpo.config import ExperimentConfig
from scpo.lesson import steps as lesson_steps
from scpo.lesson import training_steps
from scpo.lesson.steps import Seen
from scpo.lesson.texts import STEPS, Step
from scpo.lesson.world import World
from scpo.ui.components import chart
from scpo.ui.pairs import plain
from scpo.ui.theme import draw

# Names of session keys and of parameters in the link.
STEP, PRESENT = "step", "present"
LOUDEST, TIMES, DIFFERENCE, CHOSEN = "loudest", "times", "difference", "chose"
COUNTRY, TAU, BETA, STEPS_TRAINED = "of", "cut", "pull", "trained"
SEEDS, PART, COUNT, PEOPLE, SAMPLE = "luck", "part", "count", "people", "sample"

DEFAULT = ExperimentConfig()
HELP = {spec.name: spec.metadata.get("help") for spec in fields(ExperimentConfig)}
BETAS = (0.1, 0.2, 0.5, 0.8, DEFAULT.beta, 1.5, 2.0, 5.0, 20.0)
TRAINING_STEPS = (1, 3, 10, 30, 100, training_steps.MOST_STEPS)


class Shown(NamedTuple):
    """What a step computed, its chart, and what stands beside the chart's own facts in its texts."""

    seen: Seen
    figure: go.Figure


def average(world: World) -> Shown:
    where, many = st.columns([1, 2], gap="large")
    names = list(world.taste.index)
    loudest = where.selectbox("Who has the most pairs", names, key=LOUDEST, bind="query-params")
    times = many.slider(
        "How many times as many as each other population",
        1,
        lesson_steps.MOST_TIMES,
        5,
        key=TIMES,
        bind="query-params",
        help="In the demo world it is about five times as many people for Meridia.",
    )
    seen = lesson_steps.average_taste(world, loudest, times)
    return Shown(seen, lesson_charts.average_chart(seen))


def choice(world: World) -> Shown:
    pair = lesson_steps.example(world)
    if not presenting():
        st.caption("Two answers of the demo world, to the question:")
        plain(pair.prompt)
        for column, name, text in zip(st.columns(2), "AB", (pair.a, pair.b), strict=True):
            column.markdown(f"**Answer {name}**")
            with column:
                plain(text)
    move, who = st.columns([2, 1], gap="large")
    low, high = lesson_steps.SPAN
    difference = move.slider(
        "Reward of A minus reward of B",
        low,
        high,
        round(pair.margin, 1),
        0.1,
        key=DIFFERENCE,
        bind="query-params",
        help="It starts where the global model stands on these two answers.",
    )
    chosen = who.segmented_control(
        "The person chose",
        ["A", "B"],
        default="A",
        key=CHOSEN,
        required=True,
        bind="query-params",
        help="In the demo world the simulated person chose A.",
    )
    seen = lesson_steps.one_choice(pair, difference, chosen)
    return Shown(seen, lesson_charts.choice_chart(seen))


def filter_(world: World) -> Shown:
    where, cut = st.columns([1, 2], gap="large")
    country = _country(where, world)
    tau = cut.slider("Filter: τ (tau)", 0.3, 1.0, DEFAULT.tau, 0.01, key=TAU, bind="query-params", help=HELP["tau"])
    seen = lesson_steps.filtered(world, country, tau)
    return Shown(seen, lesson_charts.filter_chart(seen))


def weight(world: World) -> Shown:
    where, pull = st.columns([1, 2], gap="large")
    country = _country(where, world)
    beta = pull.select_slider("Weight: β (beta)", BETAS, DEFAULT.beta, key=BETA, bind="query-params", help=HELP["beta"])
    seen = lesson_steps.weighted(world, country, DEFAULT.tau, beta)
    return Shown(seen, lesson_charts.weight_chart(seen))


def collapse(world: World) -> Shown:
    where, long = st.columns([1, 2], gap="large")
    country = _country(where, world)
    steps = long.select_slider(
        "Training steps",
        TRAINING_STEPS,
        100,
        key=STEPS_TRAINED,
        bind="query-params",
        help=f"Gradient descent over all of a model's pairs, step size {training_steps.RATE:g}.",
    )
    seen = training_steps.collapse(world, country, steps, DEFAULT.tau, DEFAULT.beta)
    return Shown(seen, lesson_charts.collapse_chart(seen))


def efficiency(world: World) -> Shown:
    where, count, luck, target = st.columns([3, 4, 3, 4], gap="medium")
    country = _country(where, world)
    reading = count.segmented_control(
        "Count pairs",
        training_steps.READINGS,
        default="labelled",
        key=COUNT,
        required=True,
        bind="query-params",
        help="labelled: somebody had to judge them. trained: what the filter leaves of them.",
    )
    seeds = luck.slider("Seeds", 1, training_steps.MOST_SEEDS, 3, key=SEEDS, bind="query-params")
    part = target.slider(
        "Target: % of full's gain",
        50,
        100,
        80,
        5,
        key=PART,
        bind="query-params",
        help="Of what full gains over the global model with all pairs. The app's other pages use 100.",
    )
    seen = training_steps.efficiency(world, country, seeds, part, reading, DEFAULT.tau, DEFAULT.beta)
    return Shown(seen, lesson_charts.efficiency_chart(seen))


def people(world: World) -> Shown:
    where, many, others = st.columns([2, 3, 2], gap="medium", vertical_alignment="bottom")
    country = _country(where, world)
    most = min(lesson_steps.people_of(world, name) for name in world.countries)
    asked = many.slider("People asked", lesson_steps.FEWEST_PEOPLE, most, 12, key=PEOPLE, bind="query-params")
    if others.button("Ask others", icon=":material/casino:", width="stretch"):
        st.session_state[SAMPLE] = st.session_state.get(SAMPLE, 1) + 1
    seen = lesson_steps.people(world, country, asked, st.session_state.get(SAMPLE, 1))
    return Shown(seen, lesson_charts.people_chart(seen))


DRAW = (average, choice, filter_, weight, collapse, efficiency, people)


def _country(place, world: World) -> str:
    """The country of a step; the same through the lesson."""
    return place.selectbox("Country", world.countries, key=COUNTRY, bind="query-params")


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
    """One step to read: what to see, its control and chart with the numbers, and its question."""
    step = STEPS[number - 1]
    st.header(f"{number}. {step.title}")
    text, live = st.columns([2, 3], gap="large")
    with live:
        shown = DRAW[number - 1](world)
        facts = _facts(shown)
        chart(shown.figure, f"lesson-{number}", step.alt.format(**facts), shown.seen.table, simulated=True)
    with text:
        st.markdown(f"**{step.big}**")
        st.markdown(step.see.format(**facts))
        for formula in step.formulas:
            st.latex(formula)
    st.markdown(step.said.format(**facts))
    _question(step, number, facts)


def present(world: World, number: int) -> None:
    """One step for a wall: a sentence, one chart, and what it shows; the question follows below."""
    step = STEPS[number - 1]
    st.title(f"{number}. {step.big}")
    shown = DRAW[number - 1](world)
    facts = _facts(shown)
    st.subheader(step.large.format(**facts))
    draw(
        lesson_charts.enlarge(shown.figure),
        f"lesson-{number}-large",
        step.alt.format(**facts),
        {"displayModeBar": False},
    )
    st.header(step.question)
    with st.expander("The answer", key=f"answer-large-{number}"):
        st.subheader(step.answer.split("\n\n")[0].format(**facts))


def _question(step: Step, number: int, facts: dict) -> None:
    with st.container(border=True):
        st.markdown(f"**Question.** {step.question}")
        with st.expander("Show the answer", key=f"answer-{number}"):
            st.markdown(step.answer.format(**facts))


def _facts(shown: Shown) -> dict:
    return {**shown.seen.facts, "default_beta": DEFAULT.beta}
