"""Accuracy: is a country's taste learned, against every baseline, in which country, and how sure is that?"""

import pandas as pd
import streamlit as st

from scpo import ScpoError, runs
from scpo.charts.accuracy import accuracy_chart, seeds_chart
from scpo.charts.alignment import alignment_chart
from scpo.charts.comparison import gains_chart
from scpo.data.leaks import folds_told
from scpo.format import inert
from scpo.grouping import worded
from scpo.text import findings, paper
from scpo.text.judges import with_judges
from scpo.text.measures import MEANINGS, what_pairs, which_pairs
from scpo.text.ranks import league_line
from scpo.text.results import alignment_sentence
from scpo.ui import compare_runs, pairs_behind, run_picker
from scpo.ui.best_of_n import best_of_n
from scpo.ui.components import chart, controls, country_of, figures, methods_shown, section
from scpo.ui.context import segments
from scpo.ui.differences import baselines, open_ranks
from scpo.ui.falsifiers import falsifiers
from scpo.ui.head import head
from scpo.ui.judges import judges_beside
from scpo.ui.rulers import chosen_ruler, told


def gains(result: runs.Result, subset: str, methods: list[str]) -> None:
    """What the methods gain over the global model, paired: who is served worst stands at the top."""
    table, simulated = findings.gains(result, methods, subset), result.card["simulated"]
    shown = [m for m in methods if m in set(table["method"])]
    if shown:
        chart(
            gains_chart(table, shown, result.card["unit"], simulated),
            "gains",
            f"Gain of each method over the global model per {worded('country')}, {which_pairs(subset)}, with 95 % "
            "intervals.",
            table,
            simulated,
        )
    st.markdown(league_line(table, findings.ranks(result, subset)))
    st.caption(worded(what_pairs(subset)))
    if result.card.get("folds"):
        st.caption(inert(folds_told(result.card)))
    open_ranks(result, subset)


def accuracy(result: runs.Result, subset: str, methods: list[str]) -> None:
    """Every country and method at a glance, with judges from outside; each seed, the authors' figures on demand."""
    table, unit, simulated = result.tables["accuracy"], result.card["unit"], result.card["simulated"]
    theirs = paper.published(result, subset)
    rows = table[table["subset"] == subset].drop(columns="subset")
    chart(
        accuracy_chart(table, methods, unit, simulated, subset, theirs),
        "accuracy",
        f"Accuracy per {worded('country')} and method, {which_pairs(subset)}, with 95 % intervals.",
        pd.concat([rows, theirs.assign(source="published by the authors")]) if len(theirs) else rows,
        simulated,
    )
    for words in paper.published_words(result):
        st.caption(inert(words))
    if st.toggle("Each seed on its own", key=run_picker.SEEDS, bind="query-params"):
        section("How much is luck in training?", "seeds")
        seeds = findings.per_seed(result, methods, subset)
        chart(
            seeds_chart(seeds, methods, unit, simulated),
            "seeds",
            worded("Accuracy of each seed's model per country and method."),
            seeds,
            simulated,
        )


def alignment(result: runs.Result) -> None:
    """Survey answers: how like the country's answers the rewards of each method are."""
    table, simulated = result.tables["alignment"], result.card["simulated"]
    country, methods = country_of(result, run_picker.ALIGNED), findings.methods_in(table)
    chart(
        alignment_chart(table, country, methods, simulated),
        "alignment",
        "Opinion alignment per method and of three baselines without a model, with 95 % intervals.",
        table[table["country"] == country],
        simulated,
    )
    st.markdown(alignment_sentence(table, country))


job = head("accuracy")
st.title(worded("Is a country's taste learned?"))
try:
    shown = run_picker.finished(job)
    if shown:
        with controls():
            ruled, beside = chosen_ruler(shown)
            every = with_judges(ruled, beside)
            subset = segments("Test pairs", MEANINGS, run_picker.SUBSET, format_func=which_pairs)
            methods = methods_shown(findings.methods_in(every.tables["accuracy"]), findings.leading(every))
            if job:
                pairs_behind.ways(shown)
        told()
        gains(every, subset, methods)
        figures(findings.accuracy_figures(shown))
        section("How often is each method right?", "accuracy")
        accuracy(every, subset, methods)
        compare_runs.offer(shown)
        section("Against every baseline", "difference")
        baselines(ruled, subset)
        if shown.has("alignment"):
            section("How like the country's answers is it?", "alignment")
            alignment(shown)
        best_of_n(shown, methods)
        if job:
            judges_beside(ruled, beside, subset)
            falsifiers(shown)
        run_picker.origin(shown)
except ScpoError as error:
    st.error(inert(error))
