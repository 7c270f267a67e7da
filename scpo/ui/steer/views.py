"""Four views of the Steer page: answers, strength, mixtures, tastes. Each asks, measures and draws.

The models are asked last, so that a view first shows what it is about.
"""

from __future__ import annotations

import numpy as np
import streamlit as st

from scpo import runs
from scpo.charts import steer as steer_charts
from scpo.charts import taste
from scpo.data.preferences import Preferences
from scpo.format import inert
from scpo.grouping import worded
from scpo.steering import mixing
from scpo.steering.serving import planted_tastes
from scpo.text import steer as steer_text
from scpo.text.measures import which_pairs
from scpo.text.tastes import taste_sentence
from scpo.ui import run_picker, session
from scpo.ui.components import chart, country_of, explained, section
from scpo.ui.context import segments, select
from scpo.ui.pairs import plain
from scpo.ui.steer import inputs as steer_inputs
from scpo.ui.steer.models import Models


def answers(models: Models, result: runs.Result, pairs: Preferences, alpha: float) -> None:
    """A prompt and answers, and beside them what every country's model makes of them."""
    texts, results = st.columns([2, 3], gap="large")
    with texts:
        asked = steer_inputs.prompt_and_answers(pairs, across=1)
        if asked:
            plain(asked.prompt)
            for at, text in enumerate(asked.answers):
                with st.container(border=True):
                    st.badge(f"answer {mixing.letter(at)}", color="gray")
                    plain(text)
    with results:
        if asked and steer_inputs.wanted():
            _ranked(models, asked, result.card["simulated"], alpha)
        else:
            st.caption("Which answer does each model like best? What they say stands here.")


def _ranked(models: Models, asked: steer_inputs.Asked, simulated: bool, alpha: float) -> None:
    """Rank and reward of each answer by each model, in a chart and in words."""
    if asked.rows is None:
        rewards = models.typed(asked.prompt, asked.answers)
    else:
        rewards = models.data().of(asked.rows)
    table, place = mixing.answer_table(rewards, alpha), st.container()
    st.caption("In a cell: the rank, ▲ if better than by the global model, ▼ if worse; and the reward.")
    unlike = steer_inputs.tell_unlike(models, asked.answers) if asked.rows is None else []
    lines = steer_text.answer_lines(table)
    for line in lines:
        st.markdown(line)
    alt = worded("Rank and reward of each answer by the global model and by each country's. ") + " ".join(lines)
    with place:
        chart(steer_charts.answers_chart(table, simulated, unlike), "answers", alt, table, simulated)
    measured("answers")


def measured(measure: str) -> None:
    """What the charts of a view show, in a sentence, and its formula."""
    explained(*steer_text.MEASURES[measure], label="The formula")


def strength(models: Models, result: runs.Result, pairs: Preferences, alpha: float) -> None:
    """Curves over alpha, and every country at the chosen one."""
    simulated = result.card["simulated"]
    if not steer_inputs.wanted():
        measured("strength")
        return
    country, table = country_of(result), models.table("alpha")
    rows = table[table["country"] == country]
    chart(
        steer_charts.strength_chart(rows, alpha, simulated),
        "strength",
        "Accuracy on all test pairs, where global is wrong and where it is right, over the strength, "
        f"{steer_charts.of_mean(country)}.",
        rows,
        simulated,
    )
    for line in steer_text.strength_lines(table, country, alpha, result.card["unit"]):
        st.markdown(line)
    measured("strength")
    st.subheader(f"Every {worded('country')} at α = {alpha:g}")
    rows = table[table["alpha"] == alpha]
    chart(
        steer_charts.countries_chart(rows, result.card["unit"], simulated),
        "strength-countries",
        f"Accuracy per {worded('country')} at strength {alpha:g} with 95 % intervals.",
        rows,
        simulated,
    )


def mixtures(models: Models, result: runs.Result, pairs: Preferences, alpha: float) -> None:
    """One mixture on everybody's test pairs beside its parts, and all mixtures of two or three countries."""
    simulated, countries = result.card["simulated"], result.card["countries"]
    parts, results = st.columns([2, 5], gap="large")
    with parts:
        chosen = steer_inputs.mixture(countries)
        measured("mixtures")
    with results:
        if chosen is None or not steer_inputs.wanted():
            return
    members, shares = chosen
    places = [countries.index(c) for c in members]
    everyone = np.eye(len(countries))
    weights = np.vstack([shares @ everyone[places], everyone[places]])
    table = models.table("mixture", weights.tolist(), alpha)
    rows = table[table["mixture"] == 0]
    alt = worded("Accuracy of the mixture on the test pairs of every country with 95 % intervals.")
    with results:
        st.markdown(steer_text.mixture_line(table, members, shares))
        chart(steer_charts.countries_chart(rows, result.card["unit"], simulated), "mixture", alt, rows, simulated)
    if len(members) in (2, 3):
        _all_mixtures(models, result, members, shares, everyone[places], alpha)


def _all_mixtures(
    models: Models, result: runs.Result, members: list[str], shares: np.ndarray, of_members: np.ndarray, alpha: float
) -> None:
    """Every mixture of two countries along a line, of three in a triangle. of_members: (k, countries) weights."""
    simulated = result.card["simulated"]
    st.subheader(inert(f"All mixtures of {', '.join(members)}"))
    left, right = st.columns(2)
    with left:
        subset = segments("Pairs", list(steer_charts.KINDS), run_picker.SUBSET, format_func=which_pairs)
    grid = mixing.simplex(steer_inputs.TRIANGLE) if len(members) == 3 else mixing.line(2 * steer_inputs.TRIANGLE)
    table = models.table("mixture", (grid @ of_members).tolist(), alpha)
    rows = table[table["subset"] == subset]
    if len(members) == 2:
        chart(
            steer_charts.shares_chart(rows, grid[:, 1], members, shares[1], subset, simulated),
            "shares",
            f"Accuracy on the test pairs of both {worded('countries')} over the share of {members[1]}.",
            rows[rows["country"].isin(members)],
            simulated,
        )
        return
    with right:
        where = country_of(result)
    rows = rows[rows["country"] == where].reset_index(drop=True)
    st.markdown(steer_text.triangle_line(rows, members, grid, steer_charts.of_mean(where)))
    chart(
        steer_charts.triangle_chart(rows, grid, members, shares, where, simulated),
        "triangle",
        f"Accuracy of every mixture of three {worded('countries')} on {subset} test pairs, "
        f"{steer_charts.of_mean(where)}.",
        rows.assign(**dict(zip(members, grid.T, strict=True))),
        simulated,
    )


def tastes(models: Models, result: runs.Result, pairs: Preferences, alpha: float) -> None:
    """What moves a country's reward: planted axes where they are known, and words."""
    simulated = result.card["simulated"]
    country = select(worded("Country"), pairs.card.countries, session.TASTE, carried=session.COUNTRY)
    if not steer_inputs.wanted():
        return
    if pairs.truth is not None:
        st.markdown(taste_sentence(planted_tastes(pairs), country, result.card["reference"][0]))
        table, told = models.table("truth", alpha), st.container()
        left, right = told.columns(2, gap="large")
        with left:
            st.subheader(worded("Every country"))
            once = table.drop_duplicates(["country", "model"]).drop(columns=taste.PER_AXIS)
            alt = worded("Cosine of learned and planted taste per country.")
            chart(taste.cosine_chart(once), "cosine", alt, once, simulated)
        with right:
            st.subheader(inert(f"Planted and learned, {country}"))
            rows = table[table["country"] == country]
            chart(taste.axes_chart(rows), "axes", f"Planted and learned taste of {country} per axis.", rows, simulated)
        for line in steer_text.truth_lines(table, alpha):
            st.markdown(inert(line))
        measured("truth")
        st.subheader(worded("Error per axis and country: learned minus planted"))
        chart(
            taste.errors_chart(table),
            "errors",
            worded("Error of the learned taste per axis and country."),
            table[table["model"] == "country"],
            simulated,
        )
    section("Which words go with a higher reward in a country?", "words", steer_text.MEASURES)
    table, looked_at = models.words(country)
    st.markdown(steer_text.words_line(table, looked_at, country))
    if len(table):
        chart(
            taste.words_chart(table, country, simulated),
            "words",
            f"Words that go with a higher or lower reward in {country} than by the global model, with intervals.",
            table,
            simulated,
        )
