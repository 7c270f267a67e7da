"""What the pages Accuracy, Bias and Data efficiency share: the run they show, their controls, and the glance.

Every control is in the link, so that each view is one. A link has an option as it is shown, so options are
plain words and no sentences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from scpo import runs
from scpo.config import METHODS, DataConfig, ExperimentConfig
from scpo.ui import charts, state, unread
from scpo.ui.cache import finished_run, job_store, ran_on
from scpo.ui.colours import METHOD, SYMBOL
from scpo.ui.context import link, pills, select
from scpo.ui.figure import MEAN, country_marks
from scpo.ui.findings import Figure, countries, excess_bias, gain_rows, main_method
from scpo.ui.live import watch
from scpo.ui.measures import MEASURES
from scpo.ui.parts import chart, choose_run
from scpo.ui.words import headline, inert

SUBSET, AGAINST, SEEDS, TRANSFERRED = "subset", "against", "seeds", "transferred"
ALIGNED, COLUMN, PEOPLE = "aligned", "column", "people"
USUAL = ("global", "full", "filter", "weight", "scpo", "shared")
PAGES = {"accuracy": "Accuracy, country by country", "bias": "Bias: what it costs whom",
         "efficiency": "Data efficiency: how many pairs"}  # fmt: skip


def chosen() -> runs.Result | None:
    """The finished run to show; None if there is none, after having shown what there is instead."""
    job = choose_run(ExperimentConfig(), "the demo experiment")
    if job is None:
        st.info("This workspace has no run yet. Start the demo experiment above; its results are here when it is done.")
        return None
    if job.state != "done":
        watch(job)
        return None
    result = finished_run(job.folder)
    if result.card["simulated"]:
        st.info(f"{charts.SIMULATED}. Its countries are invented.", icon=":material/science:")
    else:
        st.caption(inert(f"Source: {result.card['source']}. Licence: {result.card['licence']}."))
    whole = result.config.finetune
    if whole.model:
        about = f"Whole reward models, fine-tuned from {whole.shown}; other runs train heads on a frozen encoder."
        st.caption(inert(about))
    unread.warn(result.tables.get("reading"))
    return result


def newest_on(config: DataConfig) -> runs.Result | None:
    """The newest finished run on a data source as it is now; None if there is none."""
    job = next((job for job in job_store().jobs() if ran_on(job, config)), None)
    return job and finished_run(job.folder)


def section(title: str, measure: str, measures: Mapping[str, Sequence[str]] = MEASURES) -> None:
    """A question, the measure that answers it in a plain sentence, and its formula for those who ask."""
    explain(title, *measures[measure])


def explain(title: str, sentence: str, formula: str, *more: str, label: str = "The formula") -> None:
    """The same from its parts."""
    st.header(title)
    st.markdown(sentence)
    with st.expander(label):
        st.latex(formula)
        for text in more:
            st.markdown(text)


def methods_shown(known: Sequence[str], usual: Sequence[str] = USUAL) -> list[str]:
    """Which methods the charts show; never none."""
    first = [m for m in known if m in usual] or list(known)
    return pills("Methods shown", known, first, state.METHODS_SHOWN)


def method_of(known: Sequence[str], label: str = "Method", key: str = state.METHOD) -> str:
    """One method; the paper's, if the run has it."""
    at = list(known).index("scpo") if "scpo" in known else 0
    return select(label, known, key, at, state.METHOD)


def country_of(result: runs.Result, key: str = state.COUNTRY) -> str:
    """One country, or the mean over countries."""
    return select("Country, or the mean over countries", [MEAN, *countries(result)], key, carried=state.COUNTRY)


def method_marks() -> dict[str, tuple[str, str]]:
    """Method -> colour and symbol, as `country_marks` for countries."""
    return {m: (METHOD[m], SYMBOL[m]) for m in METHODS}


def figures(rows: Sequence[Figure]) -> None:
    """Figures side by side."""
    for column, (label, value, note) in zip(st.columns(len(rows)), rows, strict=True):
        column.metric(label, value, border=True)
        column.caption(note)


def at_a_glance(result: runs.Result) -> None:
    """A run in one look: gain per country, excess bias, efficiency, and the pages that say more."""
    tables, unit, simulated = result.tables, result.card["unit"], result.card["simulated"]
    method = main_method(result)
    gain, _, ratio = headline(tables, result.config.methods, unit)
    figures([gain, excess_bias(result, method), ratio])
    rows = gain_rows(result, method)
    if len(rows):
        chart(
            charts.difference_chart(rows, "country", country_marks(countries(result)),
                                    f"accuracy of {method} minus global", unit, simulated, row=30),
            "gains", f"Gain of {method} over the global model per country, with 95 % intervals.", rows, simulated,
        )  # fmt: skip
    with st.container(horizontal=True):
        for page, label in PAGES.items():
            link(page, label)
