"""A run of whole models beside one of heads on the same pairs, in the charts of the pages Accuracy and Bias."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from scpo import runs
from scpo.charts.accuracy import accuracy_chart
from scpo.charts.bias import plane_chart
from scpo.charts.style import MEAN
from scpo.format import inert
from scpo.jobs.job import Job
from scpo.text import findings
from scpo.ui import session
from scpo.ui.cache import finished_run, job_store
from scpo.ui.components import chart

NAMED = {True: "whole models", False: "heads"}
OWN_GLOBAL = "Distinct and consensus pairs are those of each run's own global model, so they are not the same pairs."


@dataclass(frozen=True)
class Drawn:
    """A chart of one of the two runs: figure, text alternative, numbers."""

    figure: go.Figure
    alt: str
    table: pd.DataFrame


def accuracy_beside(result: runs.Result, subset: str, usual: tuple[str, ...]) -> None:
    """Accuracy per country and method of both runs; draws nothing where there is no such other run."""

    def draw(run: runs.Result, table: pd.DataFrame) -> Drawn:
        methods, simulated = [m for m in findings.methods_in(table) if m in usual], run.card["simulated"]
        return Drawn(
            accuracy_chart(table, methods, run.card["unit"], simulated, subset),
            f"Accuracy per country and method on {subset} test pairs with 95 % intervals.",
            table[table["subset"] == subset],
        )

    if _side_by_side(result, draw) and subset != "full":
        st.caption(OWN_GLOBAL)


def plane_beside(result: runs.Result, country: str, usual: tuple[str, ...]) -> None:
    """Consensus kept against distinct taste learned, of both runs."""

    def draw(run: runs.Result, table: pd.DataFrame) -> Drawn:
        methods, simulated = [m for m in findings.methods_in(table) if m in usual], run.card["simulated"]
        where = country if country in set(table["country"]) else table["country"].iloc[0]
        return Drawn(
            plane_chart(table, run.tables["path"], methods, simulated, where),
            f"Consensus retention against distinct accuracy per method with 95 % intervals; {where}.",
            table[(table["country"] == where) & (table["subset"] != "full")],
        )

    if _side_by_side(result, draw):
        st.caption(OWN_GLOBAL)


def _side_by_side(result: runs.Result, draw: Callable[[runs.Result, pd.DataFrame], Drawn]) -> bool:
    """Choose the other run and draw both, of the countries that both have; True if there is one."""
    others = {job.id: job for job in job_store().jobs() if _fits(job, result)}
    if not others:
        return False
    whole = bool(result.config.finetune.model)
    st.header(f"{NAMED[whole].capitalize()} beside {NAMED[not whole]}")
    picked = st.selectbox(
        f"Run of {NAMED[not whole]}, on the same data",
        list(others),
        format_func=lambda id: inert(others[id].name),
        key=session.BESIDE,
    )
    pair = result, finished_run(others[picked].folder)
    tables = [run.tables["accuracy"] for run in pair]
    common = set(tables[0]["country"]) & set(tables[1]["country"]) - _mean_of_others(*tables)
    if not common:
        st.info("The two runs have no country in common.")
        return False
    drawn = [draw(run, table[table["country"].isin(common)]) for run, table in zip(pair, tables, strict=True)]
    _share_axes([one.figure for one in drawn])
    for column, run, one in zip(st.columns(2, gap="large"), pair, drawn, strict=True):
        with column:
            model = run.config.finetune.shown
            st.subheader(inert(f"Whole models ({model})" if model else "Heads"))
            chart(one.figure, f"beside-{'whole' if model else 'heads'}", one.alt, one.table, run.card["simulated"])
    return True


def _share_axes(figures: Sequence[go.Figure]) -> None:
    """The same ends of every axis of numbers, so that places in one chart mean the same in the other."""
    for axis in "xy":
        ends = np.concatenate([_ends(trace, axis) for figure in figures for trace in figure.data])
        if len(ends):
            span = [ends.min() - 2, ends.max() + 2]
            for figure in figures:
                figure.update_layout({f"{axis}axis_range": span})


def _ends(trace, axis: str) -> np.ndarray:
    """All numbers of a trace along an axis, with the ends of their whiskers; none for names."""
    at, whiskers = pd.to_numeric(pd.Series(trace[axis]), errors="coerce"), trace[f"error_{axis}"]
    both = [
        at,
        *(
            at + sign * pd.Series(part)
            for sign, part in ((1, whiskers.array), (-1, whiskers.arrayminus))
            if part is not None
        ),
    ]
    return pd.concat(both).dropna().to_numpy()


def _mean_of_others(one: pd.DataFrame, other: pd.DataFrame) -> set[str]:
    """The mean over countries, where it is not over the same ones."""
    return set() if set(one["country"]) == set(other["country"]) else {MEAN}


def _fits(job: Job, result: runs.Result) -> bool:
    """A finished run of the other back end on the same data, to whichever countries."""
    one, other = (dataclasses.replace(c.data, countries=()) for c in (job.config, result.config))
    return (
        job.state == "done" and one == other and bool(job.config.finetune.model) != bool(result.config.finetune.model)
    )
