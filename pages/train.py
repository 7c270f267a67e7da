"""Train: set an experiment up, see what it will cost, start it, and watch it; cancel and resume it."""

from dataclasses import replace

import streamlit as st

from scpo import ScpoError
from scpo.charts.style import SIMULATED
from scpo.config import ExperimentConfig
from scpo.errors import DataFaults
from scpo.estimate import Sizes, estimate
from scpo.format import counted, duration, inert, people
from scpo.grouping import worded
from scpo.jobs import launch
from scpo.jobs.job import NAME_LENGTH, Job
from scpo.text.estimate import method_words, time_words
from scpo.ui import session
from scpo.ui.cache import job_store, was_encoded
from scpo.ui.context import form_is_asked, link
from scpo.ui.data_source import choose, kept, show_faults
from scpo.ui.download import model_download
from scpo.ui.experiment_form import Problems, experiment
from scpo.ui.head import head
from scpo.ui.labels import in_labels
from scpo.ui.planner import what_it_can_tell
from scpo.ui.run_status import LIVE, follow, going, linked, watch

START = f"{session.FORM}-start"
RESULTS = {
    "overview": "All charts of this run",
    "accuracy": "Accuracy",
    "bias": "Bias",
    "efficiency": "Data efficiency",
    "steer": "Steer",
}


def one_run(job: Job) -> None:
    """A run that was started: how far it is, and where to go from here."""
    st.header(inert(job.name))
    if job.state in LIVE:
        st.caption("It works outside this page: close the tab or reload as you like; the address here opens it again.")
    if job.state == "done":
        with st.container(horizontal=True):
            for page, label in RESULTS.items():
                link(page, label)
    watch(job)
    if job.state == "done":
        model_download(job)
    with st.container(horizontal=True):
        if st.button("Open it on the Runs page", icon=":material/open_in_new:"):
            st.switch_page("pages/runs.py", query_params={session.RUN: job.id})
        if st.button("Set up another run", icon=":material/tune:"):
            follow()
        if st.button("Start from these settings", icon=":material/content_copy:"):
            follow(**{session.LIKE: job.id})


def costs(config: ExperimentConfig, sizes: Sizes, jobs: list[Job]) -> list[str]:
    """What the experiment will train on, and for how long; the countries that it steers to."""
    cost = estimate(config, sizes, was_encoded(config, jobs))
    st.subheader("What it will take")
    table = cost.table.rename(columns={"units": people(sizes.unit)})
    small = table.loc[table["train"].idxmin()]
    left, middle, right = st.columns(3)
    left.metric("Time, about", duration(cost.total) if cost.seconds else "not known yet", border=True)
    left.caption(time_words(config, cost))
    middle.metric("Training pairs", f"{int(table['train'].sum()):,}", border=True)
    middle.caption(
        f"of {counted(len(table), worded('country'))}; the smallest, {inert(small['country'])}, has "
        f"{small['train']:,}. Test pairs: {int(table['test'].sum()):,}."
    )
    right.metric("Models to train", f"{cost.heads:,}", border=True)
    persons = [counted(n, sizes.unit) for n in sorted(set(config.people))]
    budgets = [*map(str, cost.budgets), "all", *persons]
    parts = (
        counted(len(table), worded("country")),
        counted(len(config.trained), "trained method"),
        counted(config.seeds, "seed"),
        counted(len(budgets), "budget"),
        *([f"({config.data.folds} folds + all pairs)"] if config.data.folds > 1 else []),
    )
    right.caption(f"{' x '.join(parts)} ({', '.join(budgets)})")
    st.caption(inert(method_words(config, cost)))
    own = config.global_model != "reference" or config.finetune.model
    reference = "" if own else f"; the global model learns from {', '.join(cost.reference)}"
    st.markdown(inert(f"Steered to {', '.join(table['country'])}{reference}."))
    with st.expander(worded("Pairs per country")):
        st.dataframe(table.rename(columns=worded), hide_index=True)
        if sizes.simulated:
            st.caption(f"{SIMULATED}.")
    return table["country"].tolist()


def not_yet(problems: Problems) -> None:
    """Start, off, and the fields that are to be mended first."""
    st.button("Start", icon=":material/play_arrow:", key=f"{START}-off", disabled=True)
    st.caption(inert("To be mended first: " + " ".join(problems.of.values())))


def start(config: ExperimentConfig) -> None:
    """Start the experiment, or show the run that it already is."""
    store = job_store()
    same = store.find(config)
    if same is None:
        name = st.text_input("Name (optional)", max_chars=NAME_LENGTH, key=f"{session.FORM}-name")
        if st.button("Start", icon=":material/play_arrow:", key=START, type="primary"):
            job = launch.start(replace(config, data=kept(config.data)), store, name)
            follow(**{session.RUN: job.id})
        return
    again = " Running it again would give the same results." if same.state == "done" else ""
    st.info(f"A run of these settings on the same data is here already: {inert(same.name)} ({same.state}).{again}")
    with st.container(horizontal=True):
        if st.button("Open it", icon=":material/open_in_new:", key=START):  # so does a second click
            follow(**{session.RUN: same.id})
        if same.state not in (*LIVE, "done") and st.button("Resume it", icon=":material/play_arrow:"):
            follow(**{session.RUN: launch.resume(same.id, store).id})


def with_weights(config: ExperimentConfig) -> ExperimentConfig:
    """The settings with the filter and the weight that the link names, as the page Filter and weight does."""
    try:
        linked_to = {key: float(st.query_params.get(key, getattr(config, key))) for key in (session.TAU, session.BETA)}
    except ValueError:  # a forged link
        return config
    return replace(config, **linked_to)


def set_up(jobs: list[Job]) -> None:
    """The form, what it describes, and Start."""
    like = linked(session.LIKE)
    if like:
        st.info(f"Starts from the settings of {inert(like.name)}.")
    first, suffix = (like.config, f"-{like.id}") if like else (ExperimentConfig(), "-new")
    if like and session.TAU in st.query_params:
        first, suffix = with_weights(first), f"{suffix}-{st.query_params[session.TAU]}"
    st.header("New run")
    source = choose(like and first.data, suffix if like else "")
    if source is None:
        return
    told, problems = st.container(), Problems()
    try:
        config, sizes = experiment(first, source, suffix, problems)
    except DataFaults as error:
        with told:  # where the file was chosen; the fields of the form stay
            show_faults(error)
        return
    except ScpoError as error:
        told.error(inert(in_labels(error)))
        return
    if config:
        try:
            chosen = costs(config, sizes, jobs)
            what_it_can_tell(replace(config.data, countries=(), reference=()), chosen, folded=True)
        except ScpoError as error:
            about = getattr(error, "setting", "") or ("model" if config.finetune.model else "")
            problems.tell(about, in_labels(error))
    if problems.of:
        not_yet(problems)
    else:
        start(config)


head("train")
st.title("Train")
try:
    shown = None if form_is_asked() else linked(session.RUN)
    if shown:
        one_run(shown)
    else:
        jobs = job_store().jobs()
        going(jobs)
        set_up(jobs)
except DataFaults as error:
    show_faults(error)
except ScpoError as error:
    st.error(inert(in_labels(error)))
