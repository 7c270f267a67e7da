"""The one line at the head of every page: the chosen run with the choice of another, its data, its export."""

from __future__ import annotations

import streamlit as st

from scpo.charts.style import SIMULATED
from scpo.config import PRISM_SIZED, ExperimentConfig
from scpo.data.demo import USERS
from scpo.errors import ScpoError
from scpo.format import counted, inert, noun
from scpo.grouping import noun_of, worded
from scpo.jobs import launch
from scpo.jobs.job import Job
from scpo.ui import context, session
from scpo.ui.cache import finished_run, job_store
from scpo.ui.data_source import SOURCES
from scpo.ui.router import TITLES

LINKS = {"overview": "Its results", "data": "Data of this run"}
SHORT, LONG = 30, 60  # characters of a run's name, and of its data's title, in the line
DEMO = "the demo experiment"


def head(page: str, drawn: bool = True) -> Job | None:
    """The chosen run, after the line at the head of the page is drawn and the browser's tab has its title.

    None if there is no run yet.
    """
    job = context.arrive(page)
    st.set_page_config(page_title=" · ".join([TITLES[page], *([job.name] if job else []), "SCPO"]))
    if drawn and (job or page == "runs" or page in context.SHOW_BUILT_IN):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="head"):
            _line(job, page)
    return job


def start_demo(label: str, kind: str = "secondary") -> None:
    """A button that starts the demo experiment, or chooses it where it is here already."""
    if st.button(label, icon=":material/play_arrow:", type=kind, key=f"{session.FORM}-demo-{kind}"):
        context.choose(launch.start(ExperimentConfig(), job_store(), DEMO).id)
        st.rerun()


def run_label(job: Job) -> str:
    """A run in words: name, data set, countries, methods, seeds, state."""
    config, countries = job.config, len(job.config.data.countries)
    which = counted(countries, noun_of(config.data.group)) if countries else f"all {noun(noun_of(config.data.group))}"
    compared = f"{counted(len(config.methods), 'method')}, {counted(config.seeds, 'seed')}"
    what = f"{config.data.dataset}: {which}, {compared}"
    what += ", whole models" if config.finetune.model else ""
    return f"{job.name} ({what}; {job.state})"


def _line(job: Job | None, page: str) -> None:
    """Chip, what the run is of, ways to its results and its data, export.

    Where the first run is yet to be chosen from a table, a line is there too: rows must not move under the pointer.
    """
    if job is None and page in context.SHOW_BUILT_IN:
        st.badge("Built-in demo run", icon=":material/science:", color="gray")
        st.caption(f"{SIMULATED}; {counted(len(USERS), 'country')}", width="content")
        return
    if job is None:
        st.badge("Run: none chosen", icon=":material/science:", color="gray")
        st.caption("The one opened here is then that of every page.", width="content")
        return
    chip = f"Run: {inert(job.name[:SHORT])}{'…' * (len(job.name) > SHORT)}"
    if page in context.OF_A_RUN:
        with st.popover(chip, icon=":material/science:", width="content"):
            _choice()
    else:
        st.badge(chip, icon=":material/science:", color="gray")
    st.caption(inert(_about(job)), width="content")
    for other, label in LINKS.items():
        if other != page and not (other == "overview" and page in context.OF_A_RUN):
            context.link(other, label)
    if job.state == "done" and page in context.OF_A_RUN:
        with st.popover("Export", icon=":material/download:", width="content"):
            from scpo.ui.run_export import exports  # what it needs is loaded where it is drawn

            exports(job, "head")
            context.link("runs", worded("Download a country's model"))


def _choice() -> None:
    """The choice of another run, which is then that of every page."""
    found = {job.id: job for job in job_store().jobs()}
    asked = st.query_params.get(session.RUN)
    st.session_state[session.SHOWN] = asked if asked in found else next(iter(found))
    st.selectbox(
        "Run shown on every page",
        list(found),
        format_func=lambda id: run_label(found[id]),
        key=session.SHOWN,
        on_change=lambda: context.choose(st.session_state[session.SHOWN]),
    )
    known = job_store().find(ExperimentConfig())
    start_demo(f"{'Show' if known and known.state in ('done', 'running', 'queued') else 'Run'} {DEMO}")
    context.link("runs", "All runs")


def _about(job: Job) -> str:
    """Simulated or the source, the number of countries, and the state of a run that is not done."""
    config, card = job.config.data, {}
    if job.state == "done":
        try:
            card = finished_run(job.folder).card
        except ScpoError:  # the page says what is wrong with it
            pass
    n = len(card.get("countries", config.countries))
    title = card.get("title", SOURCES[config.dataset])
    what = [
        SIMULATED if config.dataset == "demo" else f"{title[:LONG]}{'…' * (len(title) > LONG)}",
        "PRISM's size" if config.dataset == "demo" and config.demo_world == PRISM_SIZED else "",
        counted(n, noun_of(config.group)) if n else "",
        counted(config.folds, "fold") if config.folds > 1 else "",
        job.state if job.state != "done" else "",
    ]
    return "; ".join(filter(None, what))
