"""A run while it works, and what it had reached when it did not get to its end.

The state is drawn anew every two seconds, rarer where many watch, in a fragment, so that the page around
it stays as it is; when the run ends, the page is drawn once more and the polling stops. The page only
reads: the work is done by a worker, so closing it stops nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from scpo import runs
from scpo.charts.runs import growing_chart
from scpo.errors import JobError, ScpoError
from scpo.format import duration, inert, percent, rounded_down
from scpo.grouping import speak_of, worded
from scpo.jobs import launch
from scpo.jobs.job import RESUMABLE, Job
from scpo.methods import named
from scpo.progress import FOLD_STEPS
from scpo.runs.progress_log import log_lines, read_progress
from scpo.ui import polling, session
from scpo.ui.cache import job_store
from scpo.ui.components import CHART_OPTIONS
from scpo.ui.context import ID
from scpo.ui.labels import in_labels
from scpo.ui.theme import draw

LIVE, LOG_LINES = ("queued", "running"), 30
STAGES = {
    "data": "reading the data",
    "score": "asking the reward models beside the methods",
    "embed": "encoding the texts",
    "global": "training the global model, scoring with it",
    "train": "steering to the countries",
    "share": "placing each country among the others",
    "measure": "measuring",
    "done": "done",
}
COLOURS = {"queued": "gray", "running": "blue", "done": "green", "failed": "red", "cancelled": "orange", "lost": "red"}


def watch(job: Job) -> None:
    """Draw a run's state, curve, log, and Cancel or Resume; goes on by itself while the run is live."""
    every = polling.every(job.id) if job.state in LIVE else None
    st.fragment(_draw, run_every=every, key=f"watch-{job.id}")(job.id, job.state, every)


def linked(parameter: str) -> Job | None:
    """The run that the link names by its id; None, and a word about it, if there is none."""
    asked = st.query_params.get(parameter)
    if not asked:
        return None
    try:
        if ID.fullmatch(asked):  # the store takes folders too, but a link must not name one
            return job_store().get(asked)
    except JobError:
        pass
    st.warning(f"The run {inert(repr(asked[:80]))} of this link is not in the workspace; it may have been deleted.")
    return None


def follow(**parameters: str) -> None:
    """This page under another link."""
    st.query_params.from_dict(parameters)
    st.rerun()


def going(jobs: list[Job]) -> None:
    """Those runs that are live, each with a button that opens it."""
    for job in [job for job in jobs if job.state in LIVE][:5]:
        with st.container(horizontal=True, vertical_alignment="center"):
            badge(job)
            st.markdown(f"{inert(job.name)}, {rounded_down(job.fraction)}", width="content")
            if st.button("Watch", key=f"go-{job.id}", help=f"Watch the run {job.id}"):
                follow(**{session.RUN: job.id})


def pulse(jobs: list[Job]) -> None:
    """A line per live run, drawn anew by itself; when one of them ends, the page is drawn once more."""
    live = [job.id for job in jobs if job.state in LIVE][:5]
    if live:
        st.fragment(_pulse, run_every=polling.EVERY, key="pulse")(live)


def _pulse(ids: list[str]) -> None:
    now = [job_store().get(id) for id in ids]
    if any(job.state not in LIVE for job in now):
        st.rerun()
    for job in now:
        speak_of(job.config.data.group)
        st.progress(min(job.fraction, 1.0), text=f"{inert(job.name)}: {progress_words(job)}")


def badge(job: Job) -> None:
    """The state of a run in a word and a colour."""
    st.badge("cancelling" if job.cancelling else job.state, color=COLOURS[job.state])


def _draw(id: str, state_before: str, every: float | None) -> None:
    try:
        job = job_store().get(id)
    except ScpoError as error:
        st.error(inert(error))
        return
    if job.state != state_before or every != (polling.every(id) if job.state in LIVE else None):
        st.rerun()  # it was begun, has ended, or was resumed, or more sessions watch: the page is drawn anew
    speak_of(job.config.data.group)
    said = st.session_state.pop(session.SAID, None)
    if said:
        st.error(inert(said))
    badge(job)
    (_going if job.state in LIVE else _ended)(job)
    _curve(job)
    if job.state == "running":
        for told in dict.fromkeys(runs.warnings(job.folder, LOG_LINES)):
            st.warning(inert(told[:1].upper() + told[1:]))
    lines = log_lines(job.folder, LOG_LINES)
    if lines:
        with st.expander("Log: the last lines"):
            st.code("\n".join(lines), language=None, wrap_lines=True)


def _going(job: Job) -> None:
    """Progress bar with the time left, and Cancel."""
    if job.state == "queued":
        _wake(job)
        others = job_store().counts().get("queued", 0) - 1
        st.progress(0.0, text=f"Queued: it waits for a worker{f', as do {others} more' if others > 0 else ''}")
    else:
        st.progress(min(job.fraction, 1.0), text=progress_words(job))
    if job.cancelling:
        st.button("Cancelling ...", disabled=True, icon=":material/hourglass_top:", key=f"cancelling-{job.id}")
        st.caption("The worker ends it at its next safe point and then confirms.")
    else:
        st.button(
            "Cancel", on_click=act, args=("cancel", job.id), icon=":material/stop_circle:", key=f"cancel-{job.id}"
        )


def _wake(job: Job) -> None:
    """A queued job must not wait for a worker that has gone since."""
    try:
        launch.ensure_workers(job_store())
        if launch.worker_count() == 0:
            st.caption("SCPO_WORKERS is 0, so the app starts no worker; `python -m scpo worker` takes the queue.")
    except (ScpoError, TimeoutError) as error:
        st.warning(inert(error))


def progress_words(job: Job) -> str:
    """What a live job does now, how far it is, and how long it will still take."""
    if job.state == "queued":
        return "queued"
    last = next((e for e in reversed(read_progress(job.folder, 3)) if "total" in e), None)
    step, folds = "", job.config.data.folds
    if last and last["stage"] == "train" == job.stage:
        step = f", step {last['done']:,} of {last['total']:,}"
        if folds > 1:
            at = last["done"] // FOLD_STEPS + 1
            step = f", fold {at} of {folds}" if at <= folds else ", on all pairs"
    left = "" if job.seconds_left is None else f", about {duration(job.seconds_left)} left"
    return f"{worded(STAGES.get(job.stage, job.stage)).capitalize()}{step}: {rounded_down(job.fraction)}{left}"


def _ended(job: Job) -> None:
    """How a run ended, and Resume where it did not get done."""
    if job.state == "done":
        took = f" in {duration(job.finished - job.started)}" if job.started and job.finished else ""
        st.success(f"Done{took}.", icon=":material/check_circle:")
        return
    shown = {"failed": st.error, "lost": st.warning, "cancelled": st.warning}[job.state]
    how = {"failed": "failed", "lost": "was lost", "cancelled": "was cancelled"}[job.state]
    start = f"{'PARTIAL: this' if len(marks(job.folder)) else 'This'} run {how} and has no result."
    shown(f"**{start}** {inert(in_labels(job.message))}")
    if job.state in RESUMABLE and not job.deleted:
        st.button("Resume", on_click=act, args=("resume", job.id), icon=":material/play_arrow:", key=f"resume-{job.id}")
        st.caption("Resume goes on from the last checkpoint, from the start where there is none, to the same results.")


def act(what: str, id: str) -> None:
    """Cancel or resume; called by a button before the page is drawn. A refusal is shown by the next drawing."""
    try:
        job_store().cancel(id) if what == "cancel" else launch.resume(id, job_store())
    except ScpoError as error:
        st.session_state[session.SAID] = str(error)


def marks(folder: Path) -> pd.DataFrame:
    """Test accuracy of the heads with all pairs at each step that was scored so far, mean over seeds.

    Columns step, total, country, method, accuracy. After a resume a step may be there twice; the last one counts.
    """
    return _marks(_scored(folder))


def _scored(folder: Path) -> bytes:
    """The lines of progress.jsonl that have accuracies."""
    path = folder / "progress.jsonl"
    lines = path.read_bytes().split(b"\n") if path.is_file() else []
    return b"\n".join(line for line in lines if b'"accuracy"' in line)


def _marks(scored: bytes) -> pd.DataFrame:
    found: dict[int, list[tuple]] = {}
    for line in scored.split(b"\n"):
        try:
            entry = json.loads(line)
            found[int(entry["done"])] = [
                (int(entry["done"]), int(entry["total"]), country, method, float(accuracy))
                for country, part in entry["accuracy"].items()
                for method, accuracy in part.items()
            ]
        except (ValueError, KeyError, TypeError, AttributeError):  # cut short by a kill, or not ours
            continue
    rows = [row for step in sorted(found) for row in found[step]]
    return pd.DataFrame(rows, columns=["step", "total", "country", "method", "accuracy"])


@dataclass(frozen=True)
class Curve:
    """How far a run has come, worked out once for all sessions that watch it.

    step, total   the last step scored, of how many
    methods       those with a curve; figure, alt: the growing curve of one, and its text
    now           accuracy in % at the last step, countries x methods
    """

    step: int
    total: int
    methods: list[str]
    figure: go.Figure
    alt: str
    now: pd.DataFrame


@st.cache_resource(max_entries=32, show_spinner=False)
def _drawn(scored: bytes, method: str, partial: str, simulated: bool) -> Curve | None:
    """A method's curve from these lines of progress; partial: the state it ended in if not by getting done, or ''."""
    table = _marks(scored)
    if not len(table):
        return None
    step, total = int(table["step"].max()), int(table["total"].iloc[-1])
    methods = list(table["method"].unique())
    method = method if method in methods else methods[0]
    note = f"PARTIAL: {partial} after step {step:,} of {total:,}" if partial else ""
    figure = growing_chart(table[table["method"] == method], step if partial else total, note, simulated)
    last = table[table["step"] == step]
    mean = percent(last.loc[last["method"] == method, "accuracy"].mean())
    alt = f"PARTIAL, {partial}. " if partial else ""
    alt += f"Test accuracy of {named(method)} per {worded('country')} over training steps. "
    alt += f"At step {step:,} of {total:,} the mean over {worded('countries')} is {mean}."
    now = last.pivot(index="country", columns="method", values="accuracy")
    now = 100 * now.reindex(index=table["country"].unique(), columns=methods)
    return Curve(step, total, methods, figure, alt, now)


def _curve(job: Job) -> None:
    """Accuracy over steps, per country, as far as it has come."""
    partial = job.state if job.state not in (*LIVE, "done") else ""
    scored, simulated, key = _scored(job.folder), job.config.data.dataset == "demo", f"{session.METHOD}-live-{job.id}"
    curve = _drawn(scored, st.session_state.get(key) or "scpo", partial, simulated)
    if curve is None:
        return
    at = curve.methods.index("scpo") if "scpo" in curve.methods else 0
    if len(curve.methods) > 1:
        st.selectbox("Method", curve.methods, at, key=key, format_func=named)
    else:
        st.markdown(f"Method: {inert(named(curve.methods[0]))}")
    draw(curve.figure, f"growing-{job.id}", curve.alt, CHART_OPTIONS)
    so_far = "" if job.state == "done" else "so far "
    with st.expander(f"Accuracy {so_far}of every method, % (step {curve.step:,} of {curve.total:,})"):
        form = {method: st.column_config.NumberColumn(named(method), format="%.1f") for method in curve.methods}
        st.dataframe(curve.now, column_config=form, key=f"so-far-{job.id}")
        st.caption("Test pairs, models trained on all pairs, mean over seeds; no intervals before the end.")
