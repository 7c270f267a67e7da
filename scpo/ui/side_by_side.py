"""The comparison of runs on the screen: their means, how far they differ, what they keep and learn, their settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import streamlit as st

from scpo import runs
from scpo.charts.runs import balance_chart, delta_chart, frontiers_chart
from scpo.format import counted, inert, points, span
from scpo.grouping import speak_of, worded
from scpo.jobs.job import Job
from scpo.methods import METHODS, named
from scpo.metrics.accuracy import MEAN
from scpo.metrics.outcomes import SUBSETS
from scpo.table_rows import rows_of
from scpo.text import findings
from scpo.ui import session
from scpo.ui.cache import finished_run, outcomes
from scpo.ui.compare_runs import DIFFERS, KINDS, SUBSET, Difference, difference, names, settings_table
from scpo.ui.components import chart
from scpo.ui.context import select
from scpo.ui.run_status import badge

MEANS = {"accuracy": SUBSET, "consensus kept": "consensus", "right where global is wrong": "distinct"}


def show(jobs: Sequence[Job]) -> None:
    """Draw the comparison: results first, then the settings that differ; runs that are not done have these alone."""
    speak_of(jobs[0].config.data.group)
    done = {job.id: finished_run(job.folder) for job in jobs if job.state == "done"}
    titles = names(jobs)
    st.header("Results side by side")
    for job in [job for job in jobs if job.id not in done]:
        with st.container(horizontal=True, vertical_alignment="center"):
            badge(job)
            st.markdown(f"{inert(job.name)} has no result to compare.", width="content")
    if len(done) < 2:
        st.info("Choose two or more finished runs to see how far their results differ.")
    else:
        _results(done, titles)
    st.header("Settings side by side")
    table = settings_table(jobs, {id: run.card for id, run in done.items()})
    differing = table[table["compared"] == DIFFERS]
    st.caption(f"{len(differing)} of {len(table)} settings differ.")
    words = f"Settings of {len(jobs)} runs; {len(differing)} of {len(table)} differ."
    if len(differing):
        st.dataframe(differing.drop(columns="compared"), hide_index=True, key="settings-differing", alt=words)
    with st.expander("All settings"):
        st.dataframe(_tinted(table), hide_index=True, key="settings-compared", alt=words)


def _results(done: Mapping[str, runs.Result], titles: Mapping[str, str]) -> None:
    """Of one method in each run: its means, how far from one run's, and what it keeps against what it learns."""
    methods = [m for m in METHODS if METHODS[m].is_model and all(_has(run, m) for run in done.values())]
    left, right = st.columns(2)
    base = left.selectbox("Compared with", list(done), format_func=lambda id: titles[id], key=session.BASE)
    kept = {id: outcomes(run) for id, run in done.items()}
    found = {
        subset: {
            id: difference(done[base], run, kept[base], kept[id], subset) for id, run in done.items() if id != base
        }
        for subset in SUBSETS
    }
    if not methods or not any(len(d.table) for d in found[SUBSET].values()):
        st.info(worded("These runs have no country and method in common, so that there is nothing to compare."))
        return
    at = methods.index("scpo") if "scpo" in methods else 0
    with right:
        method = select("Method", methods, session.METHOD, at, format_func=named)
    simulated = any(run.card["simulated"] for run in done.values())
    means = pd.DataFrame([_means(run, method) | {"run": titles[id]} for id, run in done.items()])
    st.dataframe(
        means[["run", *MEANS]].style.format("{:.1%}", subset=list(MEANS), na_rep="-"),
        hide_index=True,
        key="means",
        alt=f"Means of {named(method)} in each run: accuracy, consensus kept, what is learned.",
    )
    for column, subset in zip(st.columns(2), (SUBSET, "consensus"), strict=True):
        with column:
            _differences(found[subset], subset, method, titles, base, simulated)
    _explain(found[SUBSET], titles, method)
    places = st.columns(2)
    with places[1]:
        _frontiers(done, titles, method, simulated)
    balance = pd.concat(
        [pd.DataFrame([_means(run, m) | {"run": titles[id], "method": m} for m in methods]) for id, run in done.items()]
    )
    alt = "Consensus kept against pairs learned where the global model is wrong, for each method and run."
    with places[0]:
        st.subheader("What is kept against what is learned")
        chart(balance_chart(balance, method, simulated), "balance", alt, balance, simulated)


def _frontiers(done: Mapping[str, runs.Result], titles: Mapping[str, str], method: str, simulated: bool) -> None:
    """Accuracy against consensus kept at every step of one method, in the runs that have it."""
    tables = [run.tables["frontier"].assign(run=titles[id]) for id, run in done.items() if run.has("frontier")]
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["country", "method"])
    table = table[(table["country"] == MEAN) & (table["method"] == method)]
    if not len(table):
        return
    st.subheader("Accuracy against consensus kept")
    alt = f"Accuracy against consensus kept at every step of {named(method)}, a curve for each run."
    chart(frontiers_chart(table, simulated), "frontiers", alt, table, simulated)
    st.caption("From the global model, where all is kept, to 1.5 steps; the symbol is the method's own step, 1.")


def _has(run: runs.Result, method: str) -> bool:
    return bool((run.tables["accuracy"]["method"] == method).any())


def _means(run: runs.Result, method: str) -> dict[str, float]:
    """A method's means over countries, by the name of the measure; NaN where the run has none."""
    rows = findings.means(run.tables["accuracy"], method)["accuracy"].astype(float)
    return {name: float(rows.get(subset, np.nan)) for name, subset in MEANS.items()}


def _differences(
    found: Mapping[str, Difference], subset: str, method: str, titles: Mapping[str, str], base: str, simulated: bool
) -> None:
    """The differences of the runs from one of them on one kind of pairs, per country."""
    table = pd.concat([d.table.assign(run=titles[id]) for id, d in found.items()], ignore_index=True)
    what = "accuracy" if subset == SUBSET else "consensus kept"
    chart(
        delta_chart(
            table[table["method"] == method], titles[base], list(dict.fromkeys(table["country"])), "", simulated, what
        ),
        f"deltas-{subset}",
        f"{what[:1].upper()}{what[1:]} of {named(method)} in each run minus that in {titles[base]}, per "
        f"{worded('country')}, with 95 % intervals; the numbers are in the table below.",
        table.rename(columns={"base": "of the base", "other": "of the run"}),
        simulated,
    )


def _explain(found: Mapping[str, Difference], titles: Mapping[str, str], method: str) -> None:
    """The mean accuracies in words, and what the intervals rest on."""
    for id, of in found.items():
        for row in rows_of(of.table[(of.table["country"] == MEAN) & (of.table["method"] == method)]):
            st.markdown(
                f"**{inert(titles[id])}**: mean over {worded('countries')} {points(row.delta)} points "
                f"({span(row.low, row.high)}; {row.units} people or questions, {counted(row.n, 'pair')}): "
                f"{row.reading}."
            )
    for kind in dict.fromkeys(d.kind for d in found.values()):
        which = ", ".join(inert(titles[id]) for id, d in found.items() if d.kind == kind)
        st.caption(f"{which}: {KINDS[kind]}")
    st.caption(worded("Intervals hold for one country at a time; with many countries, some exclude 0 by chance."))


def _tinted(table: pd.DataFrame):
    tint = "background-color: rgba(230, 159, 0, 0.22)"
    return table.style.apply(lambda row: [tint if row["compared"] == DIFFERS else ""] * len(row), axis=1)
