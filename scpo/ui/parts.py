"""Pieces that several pages show: a chart with its table and download, and the choice of a run."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from scpo.config import ExperimentConfig
from scpo.jobs import launch
from scpo.jobs.job import Job
from scpo.shown import counted
from scpo.ui import context, state
from scpo.ui.cache import job_store
from scpo.ui.tables import safe_csv
from scpo.ui.theme import draw

CHART_OPTIONS = {"topojsonURL": "./app/static/", "displaylogo": False, "toImageButtonOptions": {"format": "svg"}}


def chart(figure: go.Figure, key: str, alt: str, table: pd.DataFrame, simulated: bool) -> None:
    """A figure, its text alternative, and its numbers as a table and a csv."""
    draw(figure, f"{key}-chart", alt, CHART_OPTIONS)
    with st.expander("The numbers behind this chart"):
        st.dataframe(table, hide_index=True, key=f"{key}-table")
        noted = table.assign(note="simulated data") if simulated else table
        st.download_button(
            "Download these numbers", lambda: safe_csv(noted), file_name=f"{key}.csv", mime="text/csv",
            key=f"{key}-csv", on_click="ignore",
        )  # fmt: skip


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
    asked = st.query_params.get(state.RUN)
    st.session_state[state.SHOWN] = asked if asked in found else next(iter(found))
    with pick:
        picked = st.selectbox(
            "Run shown below", list(found), format_func=lambda id: run_label(found[id]), key=state.SHOWN,
            on_change=lambda: context.choose(st.session_state[state.SHOWN]),
        )  # fmt: skip
    return found[picked]
