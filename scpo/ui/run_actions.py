"""One run, opened: its state and results, and rename, note, delete after a second question, undo, export.

Every action is a callback of a button: it has happened before the page is drawn, and a refusal of
the store is shown by that drawing.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from scpo.charts.accuracy import accuracy_chart
from scpo.errors import ScpoError
from scpo.format import inert
from scpo.grouping import speak_of, worded
from scpo.jobs.job import NAME_LENGTH, NOTE_LENGTH, Job
from scpo.text.results import headline
from scpo.ui import session
from scpo.ui.cache import finished_run, job_store
from scpo.ui.compare_runs import settings_table
from scpo.ui.components import USUAL, chart, figures
from scpo.ui.download import model_download
from scpo.ui.run_export import exports
from scpo.ui.run_status import LIVE, badge, watch


def opened(job: Job) -> None:
    """One run: state, result, settings, log, and what one does with it."""
    speak_of(job.config.data.group)
    st.header(inert(job.name))
    if job.deleted:
        st.badge("deleted", color="gray")
    if job.note:
        st.text(job.note)
    actions(job)
    if job.state == "done":
        badge(job)
        summary(job)
        model_download(job)
        with st.expander("How it trained: curve and log"):
            watch(job)
    else:
        watch(job)
    with st.expander("Settings"):
        table = settings_table([job], {}).drop(columns="compared")
        st.dataframe(table, hide_index=True, key="settings")


def summary(job: Job) -> None:
    """The three figures and the accuracy chart of a finished run."""
    result = finished_run(job.folder)
    simulated, tables = result.card["simulated"], result.tables
    figures(headline(tables, result.config.methods, result.card["unit"]))
    table = tables["accuracy"]
    methods = [m for m in USUAL if m in set(table["method"])]
    chart(
        accuracy_chart(table, methods, result.card["unit"], simulated),
        "accuracy",
        worded("Accuracy per country and method with 95 % intervals; the numbers are in the table below."),
        table[table["subset"] == "full"].drop(columns="subset"),
        simulated,
    )
    if st.button("All charts of this run", icon=":material/monitoring:"):
        st.switch_page("pages/overview.py", query_params={session.RUN: job.id})


def actions(job: Job) -> None:
    """The buttons of one run."""
    with st.container(horizontal=True):
        with st.popover("Rename", icon=":material/edit:"):
            key = f"{session.FORM}-rename-{job.id}"
            st.text_input("Name", job.name, NAME_LENGTH, key=key)
            st.button("Save name", on_click=_do, args=("rename", job.id, key), key=f"rename-{job.id}")
        with st.popover("Note", icon=":material/sticky_note_2:"):
            key = f"{session.FORM}-note-{job.id}"
            st.text_area("Note", job.note, max_chars=NOTE_LENGTH, key=key)
            st.button("Save note", on_click=_do, args=("annotate", job.id, key), key=f"note-{job.id}")
        _delete(job)
        _export(job)
        if st.button("Start from these settings", icon=":material/content_copy:", key=f"like-{job.id}"):
            st.switch_page("pages/train.py", query_params={session.LIKE: job.id})


def _delete(job: Job) -> None:
    if job.deleted:
        st.button("Bring back", on_click=_do, args=("undelete", job.id), icon=":material/undo:", key=f"back-{job.id}")
        return
    running = job.state == "running"
    words = "It is running; cancel it first." if running else None
    with st.popover("Delete", icon=":material/delete:", disabled=running, help=words):
        st.markdown(f"Delete **{inert(job.name)}**? It can be brought back for a week; then its files are removed.")
        st.button("Yes, delete it", on_click=_do, args=("delete", job.id), key=f"delete-{job.id}")


def _export(job: Job) -> None:
    if job.state == "done":
        exports(job)
    elif job.state not in LIVE:
        st.button(
            "Export as zip",
            disabled=True,
            icon=":material/download:",
            key=f"zip-{job.id}",
            help="This run has no result to export; resume it first.",
        )


def undo() -> None:
    """After a deletion: what was deleted, and Undo; after a refusal: why."""
    said = st.session_state.pop(session.SAID, None)
    if said:
        st.error(inert(said))
    id = st.session_state.get(session.UNDO)
    if id is None:
        return
    try:
        job = job_store().get(id)
    except ScpoError:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(f"{inert(job.name)} is deleted. Its files are kept for a week.", icon=":material/delete:")
        st.button("Undo", on_click=_do, args=("undelete", id), icon=":material/undo:", key=f"undo-{id}")


def _do(what: str, id: str, key: str | None = None) -> None:
    """One change in the store; key: of the widget that holds the new text."""
    store = job_store()
    change: Callable = getattr(store, what)
    try:
        change(id, *([] if key is None else [st.session_state[key]]))
    except ScpoError as error:
        st.session_state[session.SAID] = str(error)
        return
    if what == "delete":
        st.session_state[session.UNDO] = id
        st.query_params[session.RUN] = [run for run in st.query_params.get_all(session.RUN) if run != id]
    elif what == "undelete":
        st.session_state.pop(session.UNDO, None)
