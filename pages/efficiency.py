"""Data efficiency: how many pairs a method needs, and how many times fewer than `full`."""

import streamlit as st

from scpo import ScpoError, runs
from scpo.charts.efficiency import curve_chart, per_pair_chart, ratio_chart
from scpo.format import inert
from scpo.grouping import worded
from scpo.methods import named
from scpo.text import findings
from scpo.text.efficiency import efficiency_sentences, kept_sentence, no_ratio_anywhere, per_pair_sentence, why_no_row
from scpo.text.measures import MEASURES
from scpo.ui import run_picker, session
from scpo.ui.components import chart, controls, country_of, explained, figures, method_of, methods_shown, section
from scpo.ui.head import head
from scpo.ui.over_people import PEOPLE, how_to_have_them, over_people, over_what


def curves(result: runs.Result, country: str, reading: str, methods: list[str]) -> None:
    """Accuracy over pairs, and the ratio of each method in words."""
    table, simulated = result.tables["curve"], result.card["simulated"]
    chart(
        curve_chart(table, country, methods, reading, simulated),
        "efficiency",
        f"Accuracy over the number of training pairs, {country}, per method with 95 % bands.",
        table[table["country"] == country],
        simulated,
    )
    told = [m for m in methods if m in findings.methods_in(result.tables["efficiency"])]
    for words in efficiency_sentences(result.tables["efficiency"], country, told, reading):
        st.markdown(words)
    explained(*MEASURES["curve"])


def ratios(result: runs.Result, reading: str) -> None:
    """The ratio of one method in every country."""
    table, simulated = result.tables["efficiency"], result.card["simulated"]
    known = findings.methods_in(table)
    if not known:
        st.info(f"No ratio: it {why_no_row(findings.main_method(result))}.")
        return
    method = method_of(known)
    rows = table[(table["method"] == method) & (table["reading"] == reading)]
    if not rows["reached"].any():
        st.info(no_ratio_anywhere(table, method, reading, known))
        return
    chart(
        ratio_chart(rows, method, simulated),
        "ratios",
        f"How many times fewer pairs {named(method)} needs than fine-tuning on all pairs, "
        f"{worded('per country')}, with 95 % intervals, or not reached.",
        rows,
        simulated,
    )
    st.caption(
        "Right of the dashed line the method needs fewer pairs than fine-tuning on all pairs. A line that leaves the "
        "chart on the left: in some resamples the accuracy is not reached. A cross: not reached, or no ratio, as it "
        "says under the name. A triangle: at least, or at most, so many times."
    )


def per_pair(result: runs.Result, country: str, shown: list[str]) -> None:
    """What each pair that was trained on brought, of the methods that are shown."""
    table, simulated = result.tables["per_pair"], result.card["simulated"]
    if not len(table):
        st.info("This run has no gain per pair: it trained no method.")
        return
    methods = [m for m in findings.methods_in(table) if m in shown]
    if not methods:
        st.info("None of the methods shown is trained; choose others above.")
        return
    chart(
        per_pair_chart(table, country, methods, simulated),
        "per-pair",
        f"Points of accuracy gained per 100 pairs trained on, {country}, per method with 95 % intervals.",
        table[table["country"] == country],
        simulated,
    )
    for method in methods:
        st.markdown(per_pair_sentence(table, country, method))
    for told in filter(None, (kept_sentence(result.tables["curve"], country, method) for method in methods)):
        st.markdown(told)


job = head("efficiency")
st.title("How many pairs does it need?")
try:
    shown = run_picker.finished(job)
    if shown:
        with controls():
            country, over = country_of(shown, width=320), over_what(shown)
            reading = st.segmented_control(
                "Count",
                ["labelled", "trained"],
                default="labelled",
                key=session.READING,
                required=True,
                bind="query-params",
                help="labelled: pairs somebody had to label. trained: pairs left after the filter.",
                width="content",
            )
            methods = methods_shown(findings.methods_in(shown.tables["curve"]))
        if over == PEOPLE:
            over_people(shown, country, methods)
        else:
            curves(shown, country, reading, methods)
            how_to_have_them(shown)
        figures(findings.efficiency_figures(shown))
        section("How many times fewer than fine-tuning on all pairs?", "ratio")
        ratios(shown, reading)
        section("Gain per training pair", "per_pair")
        per_pair(shown, country, methods)
        run_picker.origin(shown)
except ScpoError as error:
    st.error(inert(error))
