"""A run of whole models beside one of heads on the same pairs, in the charts of the pages Accuracy and Bias."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pandas as pd
import streamlit as st

from scpo import runs
from scpo.jobs.job import Job
from scpo.ui import charts, findings, state
from scpo.ui.cache import finished_run, job_store
from scpo.ui.figure import MEAN
from scpo.ui.parts import chart
from scpo.ui.words import inert

NAMED = {True: "whole models", False: "heads"}
OWN_GLOBAL = "Distinct and consensus pairs are those of each run's own global model, so they are not the same pairs."


def accuracy_beside(result: runs.Result, subset: str, usual: tuple[str, ...]) -> None:
    """Accuracy per country and method of both runs; draws nothing where there is no such other run."""

    def draw(run: runs.Result, table: pd.DataFrame, key: str) -> None:
        methods, simulated = [m for m in findings.methods_in(table) if m in usual], run.card["simulated"]
        chart(
            charts.accuracy_chart(table, methods, run.card["unit"], simulated, subset), key,
            f"Accuracy per country and method on {subset} test pairs with 95 % intervals.",
            table[table["subset"] == subset], simulated,
        )  # fmt: skip

    if _side_by_side(result, draw) and subset != "full":
        st.caption(OWN_GLOBAL)


def plane_beside(result: runs.Result, country: str, usual: tuple[str, ...]) -> None:
    """Consensus kept against distinct taste learned, of both runs."""

    def draw(run: runs.Result, table: pd.DataFrame, key: str) -> None:
        methods, simulated = [m for m in findings.methods_in(table) if m in usual], run.card["simulated"]
        where = country if country in set(table["country"]) else table["country"].iloc[0]
        rows = table[(table["country"] == where) & (table["subset"] != "full")]
        st.caption(inert(f"Country: {where}"))
        chart(
            charts.plane_chart(table, run.tables["path"], methods, simulated, where), key,
            "Consensus retention against distinct accuracy per method with 95 % intervals.", rows, simulated,
        )  # fmt: skip

    if _side_by_side(result, draw):
        st.caption(OWN_GLOBAL)


def _side_by_side(result: runs.Result, draw: Callable[[runs.Result, pd.DataFrame, str], None]) -> bool:
    """Choose the other run and draw both, of the countries that both have; True if there is one."""
    others = {job.id: job for job in job_store().jobs() if _fits(job, result)}
    if not others:
        return False
    whole = bool(result.config.finetune.model)
    st.header(f"{NAMED[whole].capitalize()} beside {NAMED[not whole]}")
    picked = st.selectbox(
        f"Run of {NAMED[not whole]}, on the same data", list(others), format_func=lambda id: inert(others[id].name),
        key=state.BESIDE,
    )  # fmt: skip
    pair = result, finished_run(others[picked].folder)
    tables = [run.tables["accuracy"] for run in pair]
    common = set(tables[0]["country"]) & set(tables[1]["country"]) - _mean_of_others(*tables)
    for column, run, table in zip(st.columns(2, gap="large"), pair, tables, strict=True):
        with column:
            model = run.config.finetune.shown
            st.subheader(inert(f"Whole models ({model})" if model else "Heads"))
            draw(run, table[table["country"].isin(common)], f"beside-{'whole' if model else 'heads'}")
    return True


def _mean_of_others(one: pd.DataFrame, other: pd.DataFrame) -> set[str]:
    """The mean over countries, where it is not over the same ones."""
    return set() if set(one["country"]) == set(other["country"]) else {MEAN}


def _fits(job: Job, result: runs.Result) -> bool:
    """A finished run of the other back end on the same data, to whichever countries."""
    one, other = (dataclasses.replace(c.data, countries=()) for c in (job.config, result.config))
    return (
        job.state == "done" and one == other and bool(job.config.finetune.model) != bool(result.config.finetune.model)
    )
