"""Data efficiency: how many pairs a method needs, and how many times fewer than `full`."""

import streamlit as st

from scpo import ScpoError, runs
from scpo.ui import charts, findings, results, state
from scpo.ui.figure import country_marks
from scpo.ui.parts import chart
from scpo.ui.router import ensure_router
from scpo.ui.words import efficiency_sentence, inert, per_pair_sentence


def curves(result: runs.Result, country: str, reading: str) -> None:
    """Accuracy over pairs, and the ratio of each method in words."""
    table, simulated = result.tables["curve"], result.card["simulated"]
    methods = results.methods_shown(findings.methods_in(table))
    chart(
        charts.curve_chart(table, country, methods, reading, simulated), "efficiency",
        f"Accuracy over the number of training pairs, {country}, per method with 95 % bands.",
        table[table["country"] == country], simulated,
    )  # fmt: skip
    for method in [m for m in methods if m in findings.methods_in(result.tables["efficiency"])]:
        st.markdown(efficiency_sentence(result.tables["efficiency"], country, method, reading))


def ratios(result: runs.Result, reading: str) -> None:
    """The ratio of one method in every country."""
    table, simulated = result.tables["efficiency"], result.card["simulated"]
    known = findings.methods_in(table)
    if not known:
        st.info("No ratio: it needs the method full and another trained method in the same run.")
        return
    method = results.method_of(known)
    rows = table[(table["method"] == method) & (table["reading"] == reading)]
    chart(
        charts.ratio_chart(rows, method, country_marks(findings.countries(result)), simulated), "ratios",
        f"How many times fewer pairs {method} needs than full, per country, with 95 % intervals, or not reached.",
        rows, simulated,
    )  # fmt: skip
    st.caption("Right of the dashed line the method needs fewer pairs than full. A line that leaves the chart on the "
               "left: in some resamples the accuracy is not reached. A triangle: at least so many times.")  # fmt: skip


def per_pair(result: runs.Result, country: str) -> None:
    """What each pair that was trained on brought."""
    table, simulated = result.tables.get("per_pair"), result.card["simulated"]
    if table is None or not len(table):
        st.info("This run has no gain per pair: it trained no method, or an older version made it.")
        return
    methods = findings.methods_in(table)
    chart(
        charts.per_pair_chart(table, country, methods, simulated), "per-pair",
        f"Points of accuracy gained per 100 pairs trained on, {country}, per method with 95 % intervals.",
        table[table["country"] == country], simulated,
    )  # fmt: skip
    for method in [m for m in methods if m in ("full", "filter", "scpo", "shared")]:
        st.markdown(per_pair_sentence(table, country, method))


ensure_router()
st.title("How many pairs does it need?")
try:
    shown = results.chosen()
    if shown:
        results.figures(findings.efficiency_figures(shown))
        results.section("Accuracy over pairs", "curve")
        left, right = st.columns(2)
        with left:
            country = results.country_of(shown)
        reading = right.segmented_control(
            "Count", ["labelled", "trained"], default="labelled", key=state.READING, required=True, bind="query-params",
            help="labelled: pairs somebody had to label. trained: pairs left after the filter, the paper's reading.",
        )  # fmt: skip
        curves(shown, country, reading)
        results.section("How many times fewer than full?", "ratio")
        ratios(shown, reading)
        results.section("What does each pair bring?", "per_pair")
        per_pair(shown, country)
except ScpoError as error:
    st.error(inert(error))
