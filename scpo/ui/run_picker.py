"""What the pages Accuracy, Bias and Data efficiency share: the run they show, their controls, and the glance.

Every control is in the link, so that each view is one. A link has an option as it is shown, so options are
plain words and no sentences.
"""

from __future__ import annotations

import streamlit as st

from scpo import runs
from scpo.charts.accuracy import difference_chart
from scpo.charts.style import SIMULATED, country_marks
from scpo.config import DataConfig, ExperimentConfig
from scpo.format import counted, inert
from scpo.jobs import launch
from scpo.jobs.job import Job
from scpo.text.findings import countries, excess_bias, gain_rows, main_method
from scpo.text.results import headline
from scpo.ui import context, encoder_reading, session
from scpo.ui.cache import finished_run, job_store, ran_on
from scpo.ui.components import chart, figures
from scpo.ui.context import link
from scpo.ui.run_status import watch

SUBSET, AGAINST, SEEDS, TRANSFERRED = "subset", "against", "seeds", "transferred"
ALIGNED, COLUMN, PEOPLE = "aligned", "column", "people"
PAGES = {
    "accuracy": "Accuracy, country by country",
    "bias": "Bias: what it costs whom",
    "efficiency": "Data efficiency: how many pairs",
}


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
        st.info(f"{SIMULATED}. Its countries are invented.", icon=":material/science:")
    else:
        st.caption(inert(f"Source: {result.card['source']}. Licence: {result.card['licence']}."))
    whole = result.config.finetune
    if whole.model:
        about = f"Whole reward models, fine-tuned from {whole.shown}; other runs train heads on a frozen encoder."
        st.caption(inert(about))
    encoder_reading.warn(result.tables.get("reading"))
    return result


def newest_on(config: DataConfig) -> runs.Result | None:
    """The newest finished run on a data source as it is now; None if there is none."""
    job = next((job for job in job_store().jobs() if ran_on(job, config)), None)
    return job and finished_run(job.folder)


def at_a_glance(result: runs.Result) -> None:
    """A run in one look: gain per country, excess bias, efficiency, and the pages that say more."""
    tables, unit, simulated = result.tables, result.card["unit"], result.card["simulated"]
    method = main_method(result)
    gain, _, ratio = headline(tables, result.config.methods, unit)
    figures([gain, excess_bias(result, method), ratio])
    rows = gain_rows(result, method)
    if len(rows):
        chart(
            difference_chart(
                rows,
                "country",
                country_marks(countries(result)),
                f"accuracy of {method} minus global",
                unit,
                simulated,
                row=30,
            ),
            "gains",
            f"Gain of {method} over the global model per country, with 95 % intervals.",
            rows,
            simulated,
        )
    with st.container(horizontal=True):
        for page, label in PAGES.items():
            link(page, label)


def run_label(job: Job) -> str:
    """A run in words: name, data set, countries, methods, seeds, state."""
    config, countries = job.config, len(job.config.data.countries)
    which = counted(countries, "country") if countries else "all countries"
    compared = f"{counted(len(config.methods), 'method')}, {counted(config.seeds, 'seed')}"
    what = f"{config.data.dataset}: {which}, {compared}"
    what += ", whole models" if config.finetune.model else ""
    return f"{job.name} ({what}; {job.state})"


def choose_run(first: ExperimentConfig, words: str) -> Job | None:
    """The run to show, which `context.head` has put into the link, and the choice of another; None if there is none.

    first   the experiment that the button starts; words: what it is called
    """
    store = job_store()
    found = {job.id: job for job in store.jobs()}
    start, pick = st.columns([1, 2], gap="large", vertical_alignment="bottom")
    with start:
        known = store.find(first) if found else None
        label = f"Show {words}" if known and known.state in ("done", "running", "queued") else f"Run {words}"
        if st.button(label, icon=":material/play_arrow:", width="stretch"):
            context.choose(launch.start(first, store, words).id)
            st.rerun()
        st.caption("Simulated world, 7 countries, every method, 3 seeds: about half a minute.")
    if not found:
        return None
    asked = st.query_params.get(session.RUN)
    st.session_state[session.SHOWN] = asked if asked in found else next(iter(found))
    with pick:
        picked = st.selectbox(
            "Run shown below",
            list(found),
            format_func=lambda id: run_label(found[id]),
            key=session.SHOWN,
            on_change=lambda: context.choose(st.session_state[session.SHOWN]),
        )
    return found[picked]
