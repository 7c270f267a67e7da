"""Accuracy: is a country's taste learned, against every baseline, in which country, and how sure is that?"""

import pandas as pd
import streamlit as st

from scpo import ScpoError, runs
from scpo.charts.accuracy import accuracy_chart, difference_chart, seeds_chart, variance_chart
from scpo.charts.alignment import alignment_chart
from scpo.charts.style import MEAN, country_marks
from scpo.format import inert
from scpo.text import findings
from scpo.text.results import alignment_sentence, difference_sentence, told_apart, too_few
from scpo.ui import run_picker
from scpo.ui.components import chart, country_of, figures, method_marks, method_of, methods_shown, section
from scpo.ui.context import head, select
from scpo.ui.side_by_side import accuracy_beside

SUBSETS = {
    "full": "All test pairs.",
    "distinct": "Only pairs that the global model gets wrong: it has 0 % here by construction.",
    "consensus": "Only pairs that the global model gets right: it has 100 % here by construction.",
}
DEFAULT = ("global", "full", "pooled", "scratch", "scpo", "shared")


def accuracy(result: runs.Result, subset: str) -> None:
    """Every country and method at a glance; each seed and the authors' figures on demand."""
    table, unit, simulated = result.tables["accuracy"], result.card["unit"], result.card["simulated"]
    methods = methods_shown(findings.methods_in(table), DEFAULT)
    theirs = findings.published(result, subset)
    rows = table[table["subset"] == subset].drop(columns="subset")
    chart(
        accuracy_chart(table, methods, unit, simulated, subset, theirs),
        "accuracy",
        f"Accuracy per country and method on {subset} test pairs with 95 % intervals; the table below has the numbers.",
        pd.concat([rows, theirs.assign(source="published by the authors")]) if len(theirs) else rows,
        simulated,
    )
    for words in findings.published_words(result):
        st.caption(inert(words))
    if st.toggle("Each seed on its own", key=run_picker.SEEDS, bind="query-params"):
        section("How much is luck in training?", "seeds")
        seeds = findings.per_seed(result, methods, subset)
        chart(
            seeds_chart(seeds, methods, unit, simulated),
            "seeds",
            "Accuracy of each seed's model per country and method.",
            seeds,
            simulated,
        )


def baselines(result: runs.Result, subset: str) -> None:
    """One method against every baseline in one country, and against one baseline in every country."""
    unit, simulated = result.card["unit"], result.card["simulated"]
    table, tested = findings.differences(result, subset)
    if not tested:
        st.caption("An older version made this run: it kept differences from the global model only, without tests.")
    left, middle, right = st.columns(3)
    with left:
        method = method_of(findings.methods_in(table))
    rows = table[table["method"] == method]
    with middle:
        against = select("Baseline", rows["against"].unique(), run_picker.AGAINST)
    with right:
        country = country_of(result)
    named, in_country = rows[rows["against"] == against], rows[rows["country"] == country]
    each = named[named["country"] != MEAN]
    if tested:
        st.markdown(f"{told_apart(each, method, against, unit)} {too_few(each, unit)}")
    left, right = st.columns(2, gap="large")
    marks = {"country": country_marks(findings.countries(result)), "against": method_marks()}
    for column, part, by, other, where in (
        (left, named, "country", against, "every country"),
        (right, in_country, "against", "every baseline", "mean over countries" if country == MEAN else country),
    ):
        with column:
            st.subheader(inert(f"{method} against {other}, {where}"))
            chart(
                difference_chart(part, by, marks[by], f"accuracy of {method} minus {other}", unit, simulated),
                f"differences-{by}",
                f"Accuracy of {method} minus {other}, {where}, with 95 % intervals.",
                part,
                simulated,
            )
    if tested:
        section("Is that more than chance?", "chance")
        if named["unit_se"].notna().any():
            chart(
                variance_chart(named, unit, simulated),
                "chance",
                f"Of {method} minus {against}: standard error from {unit}s, standard deviation over seeds, and the "
                "smallest difference that would be found, per country.",
                named,
                simulated,
            )
        else:
            st.info(f"Nothing here tells a difference from chance: no country has enough {unit}s in the test.")
    with st.expander("Country by country, in words"):
        for row in named.itertuples():
            st.markdown(difference_sentence(row, unit))


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


head("accuracy")
st.title("Is a country's taste learned?")
try:
    shown = run_picker.chosen()
    if shown:
        figures(findings.accuracy_figures(shown))
        section("Accuracy", "accuracy")
        subset = st.segmented_control(
            "Test pairs", list(SUBSETS), default="full", required=True, key=run_picker.SUBSET, bind="query-params"
        )
        st.caption(SUBSETS[subset])
        accuracy(shown, subset)
        accuracy_beside(shown, subset, DEFAULT)
        section("Against every baseline", "difference")
        baselines(shown, subset)
        if len(shown.tables.get("alignment", ())):
            section("How like the country's answers is it?", "alignment")
            alignment(shown)
except ScpoError as error:
    st.error(inert(error))
