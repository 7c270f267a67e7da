"""Runs: every run of the workspace; find one, open it, compare several, rename, note, delete, export."""

import zlib
from datetime import datetime

import pandas as pd
import streamlit as st

from scpo import DataConfig, ScpoError
from scpo.format import counted, duration, inert, noun
from scpo.grouping import noun_of
from scpo.jobs.job import STATES, Job
from scpo.methods import main_of, named
from scpo.ui import compare_runs, session, side_by_side
from scpo.ui.cache import GAINS, job_store, means
from scpo.ui.data_source import SOURCES
from scpo.ui.head import head
from scpo.ui.run_actions import opened, undo
from scpo.ui.run_status import pulse

DELETED = "deleted"
SETTINGS = ("steered to", "methods", "seeds", "τ", "β", "steps")  # shown where they differ
ABOUT = ("method", "data", "state")  # the same, told above the table where they are alike
OPTIONAL = ("took", "note")  # shown where a run has them
SORTS = {
    "newest": lambda job: -job.created,
    "oldest": lambda job: job.created,
    "name": lambda job: job.name.casefold(),
    "data": lambda job: job.config.data.dataset,
    "state": lambda job: STATES.index(job.state),
    "longest": lambda job: -seconds(job),
}
COLUMNS = {
    **{name: st.column_config.NumberColumn(format="percent") for name in ("done", "accuracy", "consensus kept")},
    "gain": st.column_config.NumberColumn("gain, points", format="%+.1f", help="over the global model"),
    "gain_low": st.column_config.NumberColumn("95 % from", format="%+.1f"),
    "gain_high": st.column_config.NumberColumn("to", format="%+.1f"),
    "created": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm"),
    "τ": st.column_config.NumberColumn(format="%g"),
    "β": st.column_config.NumberColumn(format="%g"),
}


def seconds(job: Job) -> float:
    """How long a run took; 0 if it has not ended."""
    return max(job.finished - job.started, 0.0) if job.started and job.finished else 0.0


def found(jobs: list[Job]) -> list[Job]:
    """The runs that the filter lets through, sorted."""
    left, middle, right = st.columns([2, 3, 1], vertical_alignment="bottom")
    words = left.text_input("Find in name, note, data set", key=session.FIND, bind="query-params").casefold()
    kinds = middle.pills(
        "State (none chosen: all that are not deleted)",
        [*STATES, DELETED],
        selection_mode="multi",
        key=session.STATES_SHOWN,
        bind="query-params",
        wrap=True,
    )
    order = right.selectbox("Sort by", list(SORTS), key=session.SORT, bind="query-params")

    def shown(job: Job) -> bool:
        kind = DELETED if job.deleted else job.state
        text = f"{job.name} {job.note} {job.config.data.dataset} {job.id}".casefold()
        return words in text and (kind in kinds if kinds else not job.deleted)

    return sorted(filter(shown, jobs), key=SORTS[order])


def _steered_to(data: DataConfig) -> str:
    """What a run is steered to: 2 countries, languages (those that the data has)."""
    one = noun_of(data.group)
    return counted(len(data.countries), one) if data.countries else noun(one)


def results(job: Job) -> dict:
    """What a run is and what came out of it, of the paper's method if it has that."""
    method = main_of(job.config.methods)
    found = means(job.folder, method) if job.state == "done" else {}
    return {
        "name": job.name,
        "state": DELETED if job.deleted else job.state,
        "done": round(job.fraction, 2),
        "accuracy": rounded(found, "full"),
        **{column: 100 * found[column] if column in found else None for column in GAINS},
        "consensus kept": rounded(found, "consensus"),
        "method": named(method) if found else "",
        "data": SOURCES[job.config.data.dataset],
    }


def rounded(found: dict, subset: str) -> float | None:
    """A share with one decimal of its percent."""
    return round(found[subset], 3) if subset in found else None


def settings(job: Job) -> dict:
    """How a run is set up, when it was made, and what is noted of it."""
    return {
        "steered to": _steered_to(job.config.data),
        "methods": len(job.config.methods),
        "seeds": job.config.seeds,
        "τ": job.config.tau,
        "β": job.config.beta,
        "steps": job.config.steps,
        "created": datetime.fromtimestamp(job.created),
        "took": duration(seconds(job)) if seconds(job) else "",
        "note": job.note,
        "id": job.id,
    }


def listed(jobs: list[Job], chosen: list[str], total: int) -> None:
    """The table of runs, which are so many in all; choosing rows opens or compares them.

    Another set of rows is another table, so that a row chosen before never means another run.
    """
    ids = [job.id for job in jobs]
    table = pd.DataFrame([results(job) | settings(job) for job in jobs])
    alike = [name for name in (*ABOUT, *SETTINGS) if table[name].astype(str).nunique() == 1]
    empty = [name for name in OPTIONAL if not table[name].any()]
    unneeded = [*(["id"] if table["name"].is_unique else []), *(["done"] if (table["done"] == 1).all() else [])]
    told = " · ".join(str(table[name][0]) for name in ABOUT if name in alike and table[name][0])
    st.caption(f"{len(jobs)} of {counted(total, 'run')}{f'; all: {told}' if told else ''}")
    table = table.drop(columns=[*alike, *empty, *unneeded])
    turn = st.session_state.setdefault(session.TABLE, 0)
    key = f"{session.TABLE}-{turn}-{zlib.crc32(' '.join(ids).encode())}"

    def chose() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        hidden = [id for id in chosen if id not in ids]
        st.query_params[session.RUN] = [*hidden, *(ids[row] for row in rows if row < len(ids))]

    st.dataframe(
        table,
        hide_index=True,
        column_config=COLUMNS,
        key=key,
        on_select=chose,
        selection_mode="multi-row",
        alt=f"Table of {counted(len(jobs), 'run')}.",
        selection_default={"selection": {"rows": [ids.index(id) for id in chosen if id in ids]}},
    )


def choose(jobs: dict[str, Job], ids: list[str]) -> None:
    """The chosen runs by name; the link has them, so that a reload and a colleague see the same."""

    def chose(chosen: list[str]) -> None:
        st.query_params[session.RUN] = chosen
        st.session_state[session.TABLE] += 1

    def add() -> None:
        chose([*ids, st.session_state[session.ADDED]])
        st.session_state[session.ADDED] = None

    left, right = st.columns([1, 2])
    left.selectbox(
        "Open a run, or add one to compare",
        [id for id in jobs if id not in ids],
        None,
        key=session.ADDED,
        on_change=add,
        format_func=lambda id: f"{jobs[id].name} ({id})",
        placeholder="type a name, or tick rows of the table",
    )
    if ids:
        st.session_state[session.CHOSEN], titles = ids, compare_runs.names([jobs[id] for id in ids])
        right.pills(
            "Open now (press one to close it)",
            ids,
            selection_mode="multi",
            key=session.CHOSEN,
            wrap=True,
            format_func=lambda id: inert(titles[id]),
            on_change=lambda: chose(st.session_state[session.CHOSEN]),
        )


head("runs")
st.title("Runs")
try:
    undo()
    jobs = {job.id: job for job in job_store().jobs(deleted=True)}
    asked = list(dict.fromkeys(st.query_params.get_all(session.RUN)))
    for unknown in [id for id in asked if id not in jobs]:
        st.warning(f"The run {inert(repr(unknown[:80]))} of this link is not in the workspace.")
    ids = [id for id in asked if id in jobs]
    if not jobs:
        st.info("This workspace has no run yet. Start one on the Train page, or the demo experiment on the Overview.")
    else:
        pulse([job for job in jobs.values() if job.id not in ids])
        rows = found(list(jobs.values()))
        if rows:
            listed(rows, ids, len(jobs))
        else:
            st.info("No run is like that. Take a filter away to see more.")
        choose(jobs, ids)
        if len(ids) == 1:
            opened(jobs[ids[0]])
        elif ids:
            side_by_side.show([jobs[id] for id in ids])
except ScpoError as error:
    st.error(inert(error))
