"""The controls of the lesson's steps: each draws its own, and returns what it computed and its figure."""

from __future__ import annotations

from dataclasses import fields
from typing import NamedTuple

import plotly.graph_objects as go
import streamlit as st

from scpo.charts import lesson as lesson_charts
from scpo.charts.true_reasons import true_reasons_chart
from scpo.charts.weighing import weighing_chart
from scpo.config import ExperimentConfig
from scpo.lesson import steps as lesson_steps
from scpo.lesson import training_steps, true_reasons, weighing
from scpo.lesson.steps import Seen
from scpo.lesson.world import World

# Names of session keys and of parameters in the link.
LOUDEST, TIMES, DIFFERENCE, CHOSEN = "loudest", "times", "difference", "chose"
COUNTRY, TAU, BETA, STEPS_TRAINED, OWN = "of", "cut", "pull", "trained", "own"
SEEDS, PART, COUNT, PEOPLE, SAMPLE, PAIRS = "luck", "part", "count", "people", "sample", "pairs"

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
    steps = _steps(long)
    seen = training_steps.collapse(world, country, steps, DEFAULT.tau, DEFAULT.beta)
    return Shown(seen, lesson_charts.collapse_chart(seen))


def efficiency(world: World) -> Shown:
    where, count, luck, target = st.columns([3, 5, 3, 4], gap="small")
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
        "Target: % of fine-tuning's gain",
        50,
        100,
        80,
        5,
        key=PART,
        bind="query-params",
        help="Of what fine-tuning on all pairs gains over the global model. The app's other pages use 100.",
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


def why(world: World) -> Shown:
    where, many = st.columns([1, 2], gap="large")
    country = _country(where, world)
    pairs = many.select_slider("Pairs trained on", true_reasons.PAIRS, 25, key=PAIRS, bind="query-params")
    seen = true_reasons.reasons(world, country, pairs)
    return Shown(seen, true_reasons_chart(seen))


def weights(world: World) -> Shown:
    where, much, long = st.columns([2, 4, 2], gap="medium")
    country = _country(where, world)
    own = much.slider(
        "Weight on what my country wants, %",
        0,
        100,
        50,
        key=OWN,
        bind="query-params",
        help="The rest is the weight on what everybody shares.",
    )
    seen = weighing.weighed(world, country, own, _steps(long), DEFAULT.tau, DEFAULT.beta)
    return Shown(seen, weighing_chart(seen))


DRAW = (average, choice, filter_, weight, collapse, efficiency, why, people, weights)


def _country(place, world: World) -> str:
    """The country of a step; the same through the lesson."""
    return place.selectbox("Country", world.countries, key=COUNTRY, bind="query-params")


def _steps(place) -> int:
    """For how long models are trained; the same in each step that asks."""
    return place.select_slider(
        "Training steps",
        TRAINING_STEPS,
        100,
        key=STEPS_TRAINED,
        bind="query-params",
        help=f"Gradient descent over all of a model's pairs, step size {training_steps.RATE:g}.",
    )
