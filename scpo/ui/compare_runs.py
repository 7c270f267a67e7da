"""Two or more runs side by side: what they were set to, and how far their results differ.

Runs that were put to the same test pairs are compared on each user or question (`scpo.runs.outcomes`), so that
the intervals of their differences are paired. Where the test pairs are others, the interval of a difference is put
together from two. With d = b - a, and l and u the ends of each interval (Zou and Donner 2008, Statistics in Medicine
27(10), 1693-1702):

    low  = d - sqrt((b - l_b)^2 + (u_a - a)^2)
    high = d + sqrt((u_b - b)^2 + (a - l_a)^2)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from scpo import runs
from scpo.charts.runs import delta_chart
from scpo.config import DataConfig, ExperimentConfig, FinetuneConfig
from scpo.format import inert, points, span
from scpo.grouping import speak_of, worded
from scpo.jobs.job import Job
from scpo.methods import METHODS
from scpo.metrics.accuracy import MEAN
from scpo.runs.comparison import differences
from scpo.runs.outcomes import RunOutcomes
from scpo.table_rows import rows_of
from scpo.ui import session
from scpo.ui.cache import finished_run, job_store, outcomes
from scpo.ui.components import chart
from scpo.ui.context import link, select
from scpo.ui.experiment_form import NONE
from scpo.ui.labels import label
from scpo.ui.run_status import badge

SAME, DIFFERS = "same", "differs"
PAIRED, APART = "paired", "apart"
KINDS = {  # what an interval rests on
    PAIRED: "The runs were put to the same test pairs. The interval is **paired**: both runs are resampled by the same "
    "users or questions.",
    APART: "The runs were tested on **different** pairs, so that a difference may come from the data as well as from "
    "the settings. The interval is one of **unpaired** runs: it adds the variances of both accuracies.",
}
SUBSET = "full"


@dataclass(frozen=True)
class Difference:
    """How far a run's accuracies are from another's. kind: a key of KINDS; table: see `difference`."""

    kind: str
    table: pd.DataFrame


def offer(result: runs.Result) -> None:
    """A link to the comparison with a run of the other back end on the same data, to whichever countries; none
    where there is no such run."""
    data, whole = dataclasses.replace(result.config.data, countries=()), bool(result.config.finetune.model)
    jobs = job_store().jobs()
    mine = next((job.id for job in jobs if job.folder == result.folder), None)
    for job in jobs:
        alike = job.state == "done" and dataclasses.replace(job.config.data, countries=()) == data
        if mine and alike and bool(job.config.finetune.model) != whole:
            kind = "heads" if whole else "whole models"
            link("runs", f"Compare with a run of {kind} on the same data: {inert(job.name)}", run=[mine, job.id])
            return


def names(jobs: Sequence[Job]) -> dict[str, str]:
    """A name for each run id that no other of these runs has, and no other column of a table."""
    plain = [job.name for job in jobs] + ["setting", "compared"]
    return {job.id: job.name if plain.count(job.name) == 1 else f"{job.name} ({job.id[:4]})" for job in jobs}


def settings_table(jobs: Sequence[Job], cards: Mapping[str, dict]) -> pd.DataFrame:
    """Settings as rows, runs as columns, and whether they differ; those that differ come first.

    cards   run id -> data card, of the runs that have one: equal files may have had different content
    """
    columns = {name: _settings(job.config) for job, name in zip(jobs, names(jobs).values(), strict=True)}
    table = pd.DataFrame(columns).fillna("-")
    if len(cards) == len(jobs):
        table.loc["Content of the data (hash)"] = [cards[job.id].get("content_hash", "-")[:12] for job in jobs]
    same = table.nunique(axis=1) == 1
    table.insert(0, "compared", np.where(same, SAME, DIFFERS))
    table = table.rename_axis("setting").reset_index()
    return table.sort_values("compared", key=lambda c: c == SAME, kind="stable", ignore_index=True)


def _settings(config: ExperimentConfig) -> dict[str, str]:
    """Every setting in words, as plain text."""
    found = {}
    parts: list[DataConfig | ExperimentConfig | FinetuneConfig] = [config.data, config]
    for part in [*parts, config.finetune] if config.finetune.model else parts:
        for spec in dataclasses.fields(part):
            value = getattr(part, spec.name)
            if spec.name in ("data", "finetune", "data_names"):
                continue
            if spec.name == "data_files":
                value = config.data.shown_files
            elif spec.name in ("encoder", "global_model", "model"):  # a file's name, not where it lies
                value = Path(value).name
            empty = "default" if spec.name in NONE else "none"
            found[label(spec)] = ", ".join(map(str, value)) or empty if isinstance(value, tuple) else str(value)
    return found


def difference(base: runs.Result, other: runs.Result, left: RunOutcomes, right: RunOutcomes) -> Difference:
    """The accuracy of `other` minus that of `base`, for every country and method that both have.

    left, right   the outcomes of base and other

    Columns country, method, base, other (accuracies), delta, low, high, n, units, reading. The mean
    over countries is there if both have the same countries.
    """
    methods = [name for name, row in METHODS.items() if row.is_model]
    kind = PAIRED if base.card["content_hash"] == other.card["content_hash"] else APART
    table = differences(left, right, methods, base.card["unit"] == "question") if kind == PAIRED else pd.DataFrame()
    if not len(table):
        kind, table = APART, _apart(base, other, methods)
    return Difference(kind, table.assign(reading=list(map(reading, table["low"], table["high"]))))


def _apart(base: runs.Result, other: runs.Result, methods: list[str]) -> pd.DataFrame:
    """The same for runs of different test pairs, from the accuracies and intervals of each."""
    a, b = (_rows(run, methods) for run in (base, other))
    if set(a.index.get_level_values(0)) != set(b.index.get_level_values(0)):
        a, b = (part.drop(index=MEAN, level=0, errors="ignore") for part in (a, b))
    both = a.index[a.index.isin(b.index)]
    a, b = a.loc[both], b.loc[both]
    delta = b["accuracy"] - a["accuracy"]
    down = np.hypot(b["accuracy"] - b["low"], a["high"] - a["accuracy"])
    up = np.hypot(b["high"] - b["accuracy"], a["accuracy"] - a["low"])
    return pd.DataFrame(
        {
            "base": a["accuracy"],
            "other": b["accuracy"],
            "delta": delta,
            "low": delta - down,
            "high": delta + up,
            "n": np.minimum(a["n"], b["n"]),
            "units": np.minimum(a["units"], b["units"]),
        }
    ).reset_index()


def reading(low: float, high: float) -> str:
    """An interval in a word."""
    if np.isnan(low):
        return "no interval: too few people or questions"
    return "higher" if low > 0 else "lower" if high < 0 else "no clear difference"


def _rows(run: runs.Result, methods: list[str]) -> pd.DataFrame:
    table = run.tables["accuracy"]
    table = table[(table["subset"] == SUBSET) & table["method"].isin(methods)]
    return table.astype(dict.fromkeys(["accuracy", "low", "high"], float)).set_index(["country", "method"])


def show(jobs: Sequence[Job]) -> None:
    """Draw the comparison; runs that are not done have settings but no results."""
    speak_of(jobs[0].config.data.group)
    done = {job.id: finished_run(job.folder) for job in jobs if job.state == "done"}
    titles = names(jobs)
    st.header("Settings side by side")
    table = settings_table(jobs, {id: run.card for id, run in done.items()})
    differing = int((table["compared"] == DIFFERS).sum())
    st.caption(f"{differing} of {len(table)} differ. They stand first, say '{DIFFERS}', and have a tinted background.")
    st.dataframe(
        _tinted(table),
        hide_index=True,
        key="settings-compared",
        alt=f"Settings of {len(jobs)} runs; {differing} of {len(table)} differ.",
    )
    st.header("Results side by side")
    for job in [job for job in jobs if job.id not in done]:
        with st.container(horizontal=True, vertical_alignment="center"):
            badge(job)
            st.markdown(f"{inert(job.name)} has no result to compare.", width="content")
    if len(done) < 2:
        st.info("Choose two or more finished runs to see how far their results differ.")
        return
    left, right = st.columns(2)
    base = left.selectbox("Compared to", list(done), format_func=lambda id: titles[id], key=session.BASE)
    kept = {id: outcomes(run) for id, run in done.items()}
    found = {id: difference(done[base], run, kept[base], kept[id]) for id, run in done.items() if id != base}
    methods = [m for m in METHODS if any((d.table["method"] == m).any() for d in found.values())]
    if not methods:
        st.info(worded("These runs have no country and method in common, so that there is nothing to compare."))
        return
    at = methods.index("scpo") if "scpo" in methods else 0
    with right:
        method = select("Method", methods, session.METHOD, at)
    table = pd.concat([d.table.assign(run=titles[id]) for id, d in found.items()], ignore_index=True)
    simulated = any(run.card["simulated"] for run in done.values())
    order = list(dict.fromkeys(table["country"]))
    chosen = table[table["method"] == method]
    chart(
        delta_chart(chosen, titles[base], order, "", simulated),
        "deltas",
        f"Accuracy of {method} in each run minus that in {titles[base]}, per {worded('country')}, with 95 % intervals; "
        "the numbers are in the table below.",
        table.rename(columns={"base": "accuracy of the base", "other": "accuracy of the run"}),
        simulated,
    )
    _explain(found, titles, chosen)


def _explain(found: Mapping[str, Difference], titles: Mapping[str, str], chosen: pd.DataFrame) -> None:
    """The means in words, and what the intervals rest on."""
    for row in rows_of(chosen[chosen["country"] == MEAN]):
        st.markdown(
            f"**{inert(row.run)}**: mean over {worded('countries')} {points(row.delta)} points "
            f"({span(row.low, row.high)}; {row.units} people or questions, {row.n} pairs): {row.reading}."
        )
    for kind in dict.fromkeys(d.kind for d in found.values()):
        which = ", ".join(inert(titles[id]) for id, d in found.items() if d.kind == kind)
        st.caption(f"{which}: {KINDS[kind]}")
    st.caption(worded("Intervals hold for one country at a time; with many countries, some exclude 0 by chance."))


def _tinted(table: pd.DataFrame):
    tint = "background-color: rgba(230, 159, 0, 0.22)"
    return table.style.apply(lambda row: [tint if row["compared"] == DIFFERS else ""] * len(row), axis=1)
