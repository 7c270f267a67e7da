"""Pieces that several pages show: a chart with its table and download, and the choice of methods and of a country."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from scpo import runs
from scpo.charts.style import MEAN
from scpo.export.safe_csv import safe_csv
from scpo.format import inert
from scpo.grouping import COUNTRY, worded
from scpo.methods import METHODS, named
from scpo.text.findings import Figure, countries
from scpo.text.measures import MEASURES
from scpo.text.rulers import with_ruler
from scpo.ui import session
from scpo.ui.context import pills, select
from scpo.ui.theme import draw

SHARES = {  # column of a table that is a share or a difference of shares -> its heading
    "accuracy": "accuracy",
    "low": "95 % interval from",
    "high": "to",
    "difference": "difference",
    "gain": "gain",
    "gain_low": "gain, 95 % from",
    "gain_high": "gain, 95 % to",
    "steered": "steered",
    "own": "own model",
    "detectable": "smallest difference found",
    "unit_se": "standard error",
    "seed_sd": "deviation over seeds",
    "target": "accuracy to reach",
    "share_reached": "share of resamples that reach it",
    "disagree": "disagreement",
}
PRINTED = {name: st.column_config.NumberColumn(words, format="percent") for name, words in SHARES.items()} | {
    "n": st.column_config.NumberColumn("pairs", format="localized"),
    "units": st.column_config.NumberColumn("people or questions", format="localized"),
    "p_holm": st.column_config.NumberColumn("p after Holm's correction", format="%.3g"),
}
CHART_OPTIONS = {"topojsonURL": "./app/static/", "displaylogo": False, "toImageButtonOptions": {"format": "svg"}}


def chart(figure: go.Figure, key: str, alt: str, table: pd.DataFrame, simulated: bool, **more: Any) -> None:
    """A figure, its text alternative, and its numbers as a table and a csv; more: what a press on it does."""
    draw(figure, f"{key}-chart", alt, CHART_OPTIONS, **more)
    table = with_ruler(table)
    with st.expander("The numbers behind this chart"):
        st.dataframe(table, hide_index=True, key=f"{key}-table", column_config=printed(table))
        st.download_button(
            "Download these numbers",
            lambda: safe_csv(table, simulated),
            file_name=f"{key}.csv",
            mime="text/csv",
            key=f"{key}-csv",
            on_click="ignore",
        )


def printed(table: pd.DataFrame) -> dict[str, Any]:
    """How columns of a table of accuracies are printed; in others, low and high are no shares."""
    groups = {} if worded(COUNTRY) == COUNTRY else {COUNTRY: worded(COUNTRY)}
    return PRINTED | groups if {"accuracy", "difference", "disagree"} & set(table) else groups


USUAL = ("global", "full", "filter", "weight", "scpo", "shared")


def section(title: str, measure: str, measures: Mapping[str, Sequence[str]] = MEASURES) -> None:
    """A question, the measure that answers it in a plain sentence, and its formula for those who ask."""
    explain(title, *measures[measure])


def explain(title: str, sentence: str, formula: str, *more: str, label: str = "The formula") -> None:
    """The same from its parts."""
    st.header(worded(title))
    st.markdown(worded(sentence))
    _formula(formula, *more, label=label)


def explained(sentence: str, formula: str, *more: str, label: str = "The formula") -> None:
    """The measure of the chart above in one sentence, and its formula for those who ask."""
    st.caption(worded(sentence))
    _formula(formula, *more, label=label)


def controls() -> DeltaGenerator:
    """The row of controls above a page's first chart; on a narrow screen they stand below one another."""
    return st.container(horizontal=True, vertical_alignment="bottom", gap="medium")


def _formula(formula: str, *more: str, label: str) -> None:
    with st.expander(label):
        st.latex(worded(formula))
        for text in more:
            st.markdown(worded(text))


def methods_shown(known: Sequence[str], usual: Sequence[str] = USUAL) -> list[str]:
    """Which methods the charts show; never none."""
    first = [m for m in known if m in usual] or list(known)
    with st.popover("Methods", icon=":material/checklist:", width="content"):
        words = {"format_func": _with_code, "help": _meanings(known)}
        return pills("Methods shown", known, first, session.METHODS_SHOWN, **words)


def method_of(known: Sequence[str], label: str = "Method", key: str = session.METHOD) -> str:
    """One method; the paper's, if the run has it."""
    at = list(known).index("scpo") if "scpo" in known else 0
    return select(label, known, key, at, session.METHOD, format_func=named, help=_meanings(known))


def country_of(result: runs.Result, key: str = session.COUNTRY, width: int | Literal["stretch"] = "stretch") -> str:
    """One country, or the mean over countries."""
    names = [MEAN, *countries(result)]
    words = {MEAN: worded("mean of all countries")}
    return select(
        worded("Country"),
        names,
        key,
        carried=session.COUNTRY,
        width=width,
        format_func=lambda name: words.get(name, name),
    )


def _with_code(method: str) -> str:
    """A method's label, with the name that files and commands have for it in small print."""
    return f"{named(method)} :small[{method}]" if method in METHODS else inert(method)


def _meanings(methods: Sequence[str]) -> str:
    """What each method does, one a line."""
    own = [f"- **{named(m)}** (`{m}`): {worded(METHODS[m].told)}" for m in methods if m in METHODS]
    outside = [f"- **{inert(m)}**: a judge from outside, not trained here" for m in methods if m not in METHODS]
    return "\n".join([*own, *outside])


def figures(rows: Sequence[Figure]) -> None:
    """Figures side by side."""
    for column, (label, value, note) in zip(st.columns(len(rows)), rows, strict=True):
        column.metric(label, value, border=True)
        column.caption(note)
