"""Bias: what steering to one country costs everybody else, and who is served worst."""

import streamlit as st

from scpo import ScpoError, runs
from scpo.ui import charts, findings, results, state
from scpo.ui.beside import plane_beside
from scpo.ui.bias_charts import ACCURACY, CHANGE
from scpo.ui.context import head, select
from scpo.ui.parts import chart
from scpo.ui.words import bias_sentence, group_sentence, inert, runaway_sentence


def plane(result: runs.Result, methods: list[str], country: str) -> None:
    """Consensus kept against distinct taste learned."""
    tables, simulated = result.tables, result.card["simulated"]
    rows = tables["accuracy"][tables["accuracy"]["country"] == country]
    chart(
        charts.plane_chart(tables["accuracy"], tables["path"], methods, simulated, country), "plane",
        "Consensus retention against distinct accuracy per method with 95 % intervals, and the path during training.",
        rows[rows["subset"] != "full"], simulated,
    )  # fmt: skip
    st.caption("Symbols: the step that validation pairs chose. Lines: all of training; the arrow is its very end.")
    st.markdown(runaway_sentence(tables["path"], country, methods))


def gap(result: runs.Result, methods: list[str]) -> None:
    """The best and the worst served country of every method."""
    simulated = result.card["simulated"]
    chart(
        charts.spread_chart(result.tables["accuracy"], methods, result.card["unit"], simulated), "gap",
        "Accuracy of every country under each method; a line joins the worst and the best served.",
        result.tables["bias"], simulated,
    )  # fmt: skip
    for method in [m for m in methods if m not in ("longer", "random")]:
        st.markdown(bias_sentence(result.tables["bias"], method))


def transfer(result: runs.Result) -> None:
    """Every country's model on every country's people."""
    table, simulated = result.tables["transfer"], result.card["simulated"]
    known = findings.methods_in(table)
    if not known:
        st.info("This run has no trained method, so that there is no model to try on other countries.")
        return
    left, right = st.columns(2)
    with left:
        method = results.method_of(known, "Transfer of", state.TRANSFER)
    reading = right.segmented_control(
        "Accuracy, or its change against the global model", [ACCURACY, CHANGE], default=ACCURACY, required=True,
        key=results.TRANSFERRED, bind="query-params",
    )  # fmt: skip
    chart(
        charts.transfer_chart(table, method, simulated, reading), "transfer",
        f"Accuracy of each country's {method} model on the test pairs of each country.",
        table[table["method"] == method], simulated,
    )  # fmt: skip
    st.caption("Bold: a country's model on its own people. The cells have no interval; with few pairs they are rough.")


def people(result: runs.Result, methods: list[str]) -> None:
    """Groups of people by a column of the survey, in one country or everywhere."""
    table, gaps, simulated = (result.tables.get("groups"), result.tables.get("group_gaps"), result.card["simulated"])
    if table is None or not len(table):
        st.info("This run has no groups to compare: its data has no columns about people, none of them has two groups "
                "of at least 5 test people, or an older version made the run.")  # fmt: skip
        return
    left, right = st.columns(2)
    with left:
        column = select("Survey column", table["column"].unique(), results.COLUMN)
    here = table[table["column"] == column]
    with right:
        country = select("People of", here["country"].unique(), results.PEOPLE, carried=state.COUNTRY)
    chart(
        charts.groups_chart(table, column, country, methods, result.card["unit"], simulated), "groups",
        f"Accuracy by {column} of {country} per method, with 95 % intervals.",
        here[here["country"] == country], simulated,
    )  # fmt: skip
    gaps = gaps[(gaps["column"] == column) & (gaps["country"] == country)]
    if gaps["low"].isna().all():
        st.info("The smallest of these groups has too few people for the interval of a gap, under any method: nothing "
                "here tells a gap from chance.")  # fmt: skip
    for row in gaps.itertuples():
        if row.method in methods:
            st.markdown(group_sentence(row))


head("bias")
st.title("What does it do to everybody else?")
try:
    shown = results.chosen()
    if shown:
        results.figures(findings.bias_figures(shown))
        methods = results.methods_shown(findings.methods_in(shown.tables["bias"]))
        results.section("What is kept, what is learned?", "plane")
        plane(shown, methods, country := results.country_of(shown))
        plane_beside(shown, country, results.USUAL)
        results.section("Who is served worst?", "gap")
        gap(shown, methods)
        results.section("Does a model serve other countries?", "transfer")
        transfer(shown)
        results.section("Does it serve some people worse than others?", "groups")
        people(shown, methods)
except ScpoError as error:
    st.error(inert(error))
