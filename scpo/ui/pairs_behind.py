"""The test pairs behind a number of a run: for each pair whether the global model and a method prefer the choice."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import streamlit as st

from scpo import runs
from scpo.data.preferences import TEST, Preferences
from scpo.errors import ScpoError
from scpo.format import counted, inert, percent
from scpo.methods import named
from scpo.metrics.outcomes import SUBSETS
from scpo.text.measures import which_pairs
from scpo.ui import session
from scpo.ui.cache import outcomes, texts
from scpo.ui.components import method_of
from scpo.ui.context import link, segments
from scpo.ui.pairs import PAGE_SIZE, show_pair

AT = "at-behind"


def ways(result: runs.Result) -> None:
    """A list of the run's countries, each a link to the test pairs that its numbers rest on."""
    with st.popover("Pairs behind the numbers", icon=":material/article:", width="content"):
        for country in result.card["countries"]:
            link("data", inert(country), **{session.BEHIND: country, session.COUNTRY: country})


def asked() -> str | None:
    """The country whose test pairs the link asks for."""
    return st.query_params.get(session.BEHIND)


def show(result: runs.Result, country: str) -> None:
    """A country's test pairs, and which models are right on each; those of one kind, or all."""
    st.header(f"The test pairs of {inert(country)}")
    try:
        told = outcomes(result).outcomes.get(country)
        pairs = texts(result)
        rows = pairs.of(country, TEST)
        same = hashlib.sha256(rows.astype("<i8").tobytes()).hexdigest() == outcomes(result).test.get(country)
    except ScpoError as error:
        st.warning(inert(error))
        return
    if told is None or told.each is None or not same:
        st.info("This run does not say which pair its models are right on; those made from now on do.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method = method_of(result.config.trained)
        subset = segments("Test pairs", SUBSETS, session.BEHIND_SUBSET, format_func=which_pairs)
    known = told.each.known
    shown = {"full": np.ones(len(rows), bool), "distinct": known <= 0, "consensus": known > 0}[subset]
    heads = np.flatnonzero(told.heads["method"] == method)
    right = (told.each.signs[heads] > 0).mean(0)  # of the seeds
    st.markdown(
        f"Of {counted(int(shown.sum()), 'pair')} the global model is right on {_share(known[shown] > 0)}, "
        f"**{named(method)}** on {_share(right[shown])} (mean of {counted(len(heads), 'seed')}). Those on which "
        "they part most stand first."
    )
    order = np.flatnonzero(shown)[np.argsort(-np.abs(right - (known > 0))[shown], kind="stable")]
    _read(pairs, rows, order, known, right, len(heads), method)


def _share(right: np.ndarray) -> str:
    return percent(float(right.mean()) if len(right) else None)


def _read(
    pairs: Preferences,
    rows: np.ndarray,
    order: np.ndarray,
    known: np.ndarray,
    right: np.ndarray,
    heads: int,
    method: str,
) -> None:
    """A page of pairs in this order, each with who is right on it."""
    pages = max(-(-len(order) // PAGE_SIZE), 1)
    page = st.number_input(f"Page of {pages:,}", 1, pages, key=AT) if pages > 1 else 1
    table: pd.DataFrame = pairs.pairs.iloc[rows]
    for at in order[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]:
        base = ":green-badge[right]" if known[at] > 0 else ":gray-badge[tie]" if known[at] == 0 else ":red-badge[wrong]"
        colour = "green" if right[at] > 0.5 else "red"
        st.markdown(
            f"Global model {base} {named(method)} :{colour}-badge[right in {round(heads * right[at])} of "
            f"{counted(heads, 'seed')}]"
        )
        show_pair(pairs, next(table.iloc[[at]].itertuples()))
