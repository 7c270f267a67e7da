"""Bias: what steering to one country costs everybody else, and who is served worst."""

import streamlit as st

from scpo import ScpoError, runs
from scpo.charts.bias import ACCURACY, CHANGE, plane_chart, spread_chart, transfer_chart
from scpo.charts.comparison import served_chart
from scpo.format import inert
from scpo.grouping import worded
from scpo.methods import is_model, named
from scpo.metrics.accuracy import MEAN
from scpo.text import findings
from scpo.text.judges import with_judges
from scpo.text.results import bias_sentence, runaway_sentence
from scpo.ui import compare_runs, run_picker, session
from scpo.ui.components import chart, controls, country_of, figures, method_of, methods_shown, section
from scpo.ui.context import segments
from scpo.ui.frontier import frontier
from scpo.ui.groups import people
from scpo.ui.head import head
from scpo.ui.rulers import chosen_ruler, side_by_side, told


def served(result: runs.Result, methods: list[str]) -> None:
    """Who is served how well by the global model and by each method, the reference population too."""
    table, simulated = findings.served_by(result, methods), result.card["simulated"]
    chart(
        served_chart(table, methods, result.card["unit"], simulated),
        "served",
        "Accuracy on each population's test pairs, by the global model and by each method, best served first.",
        table,
        simulated,
    )


def plane(result: runs.Result, methods: list[str], country: str) -> None:
    """Consensus kept against distinct taste learned."""
    tables, simulated = result.tables, result.card["simulated"]
    rows = tables["accuracy"][tables["accuracy"]["country"] == country]
    chart(
        plane_chart(tables["accuracy"], tables["path"], methods, simulated, country),
        "plane",
        "Consensus kept against own taste learned, per method with 95 % intervals, and the path during training.",
        rows[rows["subset"] != "full"],
        simulated,
    )
    dotted = " Dotted: accuracy on all pairs is the same, 5 points from line to line." if country != MEAN else ""
    way = " Lines: all of training; the arrow is its very end." if len(tables["path"]) else ""
    st.caption(f"Symbols: the step that validation pairs chose.{way}{dotted}")
    st.markdown(runaway_sentence(tables["path"], country, methods))


def gap(result: runs.Result, methods: list[str]) -> None:
    """The best and the worst served country of every method."""
    simulated = result.card["simulated"]
    chart(
        spread_chart(result.tables["accuracy"], methods, result.card["unit"], simulated),
        "gap",
        worded("Accuracy of every country under each method; a line joins the worst and the best served."),
        result.tables["bias"],
        simulated,
    )
    for method in [m for m in methods if is_model(m)]:
        st.markdown(bias_sentence(result.tables["bias"], method, findings.too_few_in(result, method)))


def transfer(result: runs.Result) -> None:
    """Every country's model on every country's people."""
    table, simulated = findings.transfer_named(result), result.card["simulated"]
    known = findings.methods_in(table)
    if not known:
        st.info(worded("This run has no trained method, so that there is no model to try on other countries."))
        return
    left, right = st.columns(2)
    with left:
        method = method_of(known, "Method", session.TRANSFER)
    with right:
        readings = [CHANGE, ACCURACY]
        reading = segments("Change against the global model, or accuracy", readings, run_picker.TRANSFERRED)
    chart(
        transfer_chart(table, method, simulated, reading),
        "transfer",
        f"{worded('Accuracy on the test pairs of each country of the models of each')}, by {named(method)}.",
        table[table["method"] == method],
        simulated,
    )
    st.caption(
        worded("Bold: a country's model on its own people. The cells have no interval; with few pairs they are rough.")
    )


job = head("bias")
st.title("What does it do to everybody else?")
try:
    shown = run_picker.finished(job)
    if shown:
        with controls():
            ruled, beside = chosen_ruler(shown)
            every = with_judges(ruled, beside)
            methods = methods_shown(findings.methods_in(every.tables["bias"]), findings.leading(every))
        told()
        served(every, methods)
        figures(findings.bias_figures(ruled))
        section("What is kept, what is learned?", "plane")
        country = country_of(shown, width=320)
        plane(every, methods, country)
        frontier(ruled, shown, methods, country)
        side_by_side(shown, methods)
        compare_runs.offer(shown)
        section("Who is served worst?", "gap")
        gap(every, methods)
        section("Does a model serve other countries?", "transfer")
        transfer(shown)
        section("Does it serve some people worse than others?", "groups")
        people(shown, methods)
        run_picker.origin(shown)
except ScpoError as error:
    st.error(inert(error))
