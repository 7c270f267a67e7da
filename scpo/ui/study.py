"""What the page of the study says and asks: which study, what is shown of it, and a point of it as a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from scipy.special import expit, logit

from scpo.charts.style import SIMULATED
from scpo.config import ExperimentConfig
from scpo.format import inert, percent, points, span
from scpo.jobs import launch
from scpo.methods import named
from scpo.study import STUDIES, design
from scpo.study import folder as study_folder
from scpo.table_rows import rows_of
from scpo.ui import session, study_process
from scpo.ui.cache import job_store
from scpo.ui.cache import study as cached_study
from scpo.ui.compare_runs import reading
from scpo.ui.components import controls
from scpo.ui.context import select

STUDY, FACTOR, WHEN, PAIRS, OF, METHOD, VALUE, WORLD = (
    "study",
    "varied",
    "step",
    "trained-on",
    "of",
    "study-method",
    "study-value",
    "study-world",
)
FULL = f"“{named('full')}”"
STEPS = {"chosen on validation": study_folder.CHOSEN, "the last": study_folder.END}
OF_LABEL = {"all test pairs": "full", "consensus": "consensus", "distinct": "distinct"}
OVER = {  # what was drawn anew, and what intervals are over
    "world": ("Simulated worlds, each with texts, tastes and people of its own", "worlds: what another would show"),
    "country": (
        "Splits of the data into train and test",
        "countries, after averaging over splits: all of them answer "
        "the same questions, so other questions may differ more",
    ),
}
SURVEY = "python -m scpo study when --dataset globalopinionqa --data-file answers.jsonl"
TIME = "10 to 20 minutes on two idle cores"


def chosen() -> study_folder.Study | None:
    """The study to show, those of the workspace first; None if there is none."""
    own = {folder.name: folder for folder in study_folder.studies()}
    found = own | {f"{folder.name}, shipped": folder for folder in study_folder.shipped()}
    if not found:
        st.info("There is no study in this workspace yet.")
        return None
    return cached_study(found[select("Study", list(found), STUDY, width=220)])


def told(study: study_folder.Study) -> None:
    """What the numbers are of, and how they were measured."""
    if study.card["simulated"]:
        st.info(f"{SIMULATED}. Its countries are invented.", icon=":material/science:")
    else:
        st.caption(inert(f"Source: {study.card['source']}. Licence: {study.card['licence']}."))
    n, (drawn, over) = study.finished_worlds, OVER[study.unit]
    st.caption(f"{drawn}: {n}. Every point is an experiment of its own. Intervals are over {over}.")


def answer(study: study_folder.Study, method: str) -> str:
    """The answer in a sentence or two: where nothing is varied, and after the most steps that nothing stops."""
    at_rest = _row(study, design.BASE, method, study_folder.CHOSEN)
    base = study.table[(study.table["factor"] == design.BASE) & (study.table["method"] == method)]
    kept = base.loc[base["pairs"] == study_folder.ALL, "kept"].mean()
    low, high = at_rest.low, at_rest.high
    verdict = "too few to tell" if np.isnan(low) else reading(low, high)
    said = (
        f"**At the defaults {named(method)} is at {points(at_rest.estimate)} points against {FULL}"
        f" ({span(low, high)}): {verdict}.**"
    )
    said += f" It trains on {percent(kept)} of the pairs." if kept < 1 else ""
    try:
        longest = _row(study, design.PAIRS_STEPS, method, study_folder.END)
    except IndexError:  # a quick study
        return said
    return said + (
        f" Without validation, at the last of {longest.value:,.0f} steps, it is at {points(longest.estimate)} points"
        f" ({span(longest.low, longest.high)})."
    )


def _row(study: study_folder.Study, factor: str, method: str, when: str):
    """One method minus full with all pairs, at the largest value of a factor."""
    table = study_folder.compare(study, factor, "full", when, "full")
    table = table[(table["method"] == method) & (table["pairs"] == study_folder.ALL)]
    return list(rows_of(table.sort_values("value")))[-1]


def run_it() -> None:
    """The study started from here, and the commands that do the same."""
    st.header("Measure it yourself")
    place = study_process.own_study()
    if study_folder.being_measured(place):
        st.info(f"It is being measured, also when this page is closed. {inert(study_process.last_word())}")
        _growing(place)
    else:
        begun = study_folder.has_begun(place)
        label = f"{'Go on with' if begun else 'Start'} the study in the simulated world"
        done = begun and study_folder.read(place).done
        if st.button(label, type="primary", icon=":material/play_arrow:", disabled=done):
            with st.spinner("Starting ..."):
                study_process.start_study()
            st.rerun()
        st.caption("It is measured; choose it above." if done else f"{TIME}; it can be stopped and is resumed.")
    st.code(f"python -m scpo {' '.join(study_process.COMMAND)}\n{SURVEY}", language="sh", wrap_lines=True)
    with st.expander("The other studies of this project"):
        others = [f"- `python -m scpo study {name}`: {about}" for name, about in STUDIES.items() if name != "when"]
        st.markdown("\n".join(others))


def _growing(place: Path) -> None:
    """Draw the page again when another world is measured, and when the study ends."""
    before = study_folder.worlds_in(place)

    @st.fragment(run_every=5)
    def look() -> None:
        if study_folder.worlds_in(place) != before or not study_folder.being_measured(place):
            st.rerun()

    look()


def choices(study: study_folder.Study) -> tuple[str, str, int, str]:
    """What all charts show: subset of the test pairs, step, pairs trained on, method."""
    row = controls()
    of = row.segmented_control(
        "Accuracy on", list(OF_LABEL), default="all test pairs", required=True, key=OF, bind="query-params"
    )
    step = row.segmented_control(
        "Step",
        list(STEPS),
        default="chosen on validation",
        required=True,
        key=WHEN,
        bind="query-params",
        help="The choice hides what training does when it goes on.",
    )
    sizes = {study_folder.shown_pairs(n): n for n in (study_folder.ALL, design.FEW)}
    size = row.segmented_control(
        "Pairs per country", list(sizes), default="all", required=True, key=PAIRS, bind="query-params"
    )
    compared = [m for m in study.methods if m != "full"]
    at = compared.index("scpo") if "scpo" in compared else 0
    method = row.selectbox("Method", compared, at, key=METHOD, bind="query-params", format_func=named, width=220)
    return OF_LABEL[of], STEPS[step], sizes[size], method


def factor_of(study: study_folder.Study) -> str:
    """One of `design.ALONG` of which the study has values: a quick one has few steps, and so no numbers of pairs."""
    inner, there = (design.ALONG_PAIRS, design.ALONG_STEPS), set(study.table["factor"])
    known = {
        title: name
        for name, title in design.ALONG.items()
        if (design.PAIRS_STEPS if name in inner else name) in there
        and len(study_folder.along(study, name, "full", study_folder.CHOSEN, study_folder.ALL, "full"))
    }
    return known[st.selectbox("What is varied", list(known), key=FACTOR, bind="query-params", width="stretch")]


def ahead_sentence(table: pd.DataFrame, method: str) -> str:
    """Where a method is ahead of full and where behind, as far as intervals tell; table: `study_folder.along`."""
    rows = table[table["method"] == method]
    told = []
    for words, part in (("ahead of", rows[rows["low"] > 0]), ("behind", rows[rows["high"] < 0])):
        if len(part):
            each = ", ".join(f"{r.at} ({points(r.estimate)}; {span(r.low, r.high)})" for r in rows_of(part))
            told.append(f"{words} {FULL} at {each}")
    few = " No interval: too few to tell." if rows["low"].isna().all() else ""
    return f"**{named(method)}** is {'; '.join(told) or f'nowhere clearly ahead of {FULL} or behind it'}.{few}"


def pairs_steps(study: study_folder.Study, subset: str, when: str, method: str) -> pd.DataFrame:
    """One method minus full over both, with columns pairs (inf = all) and steps."""
    table = study_folder.compare(study, design.PAIRS_STEPS, subset, when, "full").query("method == @method")
    return table.assign(pairs=table["pairs"].astype(float).replace(study_folder.ALL, np.inf), steps=table["value"])


def tau_scale(study: study_folder.Study, subset: str, when: str, pairs: int, method: str) -> pd.DataFrame:
    """One method minus full over both, with columns tau and scale."""
    table = study_folder.compare(study, design.TAU_SCALE, subset, when, "full")
    table = table[(table["method"] == method) & (table["pairs"] == pairs)]
    return table.assign(tau=table["value"], scale=table["second"])


def same_pairs(config: ExperimentConfig, scales: np.ndarray) -> pd.DataFrame:
    """The tau that keeps the pairs which the settings keep at scale 1: columns scale, tau."""
    return pd.DataFrame({"scale": scales, "tau": expit(scales * logit(config.tau))})


def point(study: study_folder.Study, factor: str) -> None:
    """One point of the study as a run: its command, and a button that starts it."""
    inner = factor in (design.ALONG_PAIRS, design.ALONG_STEPS)
    name = design.PAIRS_STEPS if inner else factor
    left, right = st.columns(2)
    world = left.number_input("World" if study.card["simulated"] else "Split", 0, study.worlds - 1, 0, key=WORLD)
    plan = design.points(design.first_point(study.config, world), int(study.table["pairs"].max()) + 1)
    known = {f"{p.value:g}{' steps' if inner else ''}": p.config for p in plan if p.factor == name}
    config = known[right.selectbox(design.ALONG[design.ALONG_STEPS if inner else factor], list(known), key=VALUE)]
    st.code(f"{config.command()} --out DIR", language="sh", wrap_lines=True)
    if st.button("Run this point", icon=":material/play_arrow:"):
        job = launch.start(config, job_store(), f"study: {factor}")
        st.switch_page("pages/accuracy.py", query_params={session.RUN: job.id})
