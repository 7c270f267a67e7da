"""Preference pairs to read: searched, paged, and shown as plain text.

A text of a data set is never read as markdown, LaTeX or HTML.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from scpo.data.preferences import Preferences
from scpo.format import counted, fixed, inert
from scpo.grouping import worded
from scpo.metrics.filtering import Chosen, Margins, human_score
from scpo.ui import session

PAGE_SIZE, LONG = 10, 1500


def browse(pairs: Preferences, why: Callable[[str, list[str], str], None] | None = None) -> None:
    """Pairs as plain text, searched and paged; a text is never read as markdown or HTML.

    why   says of a prompt, its chosen and its rejected answer and a country why the model prefers one, where one can
    """
    st.header("Read the pairs")
    left, right = st.columns(2)
    country = left.selectbox(
        worded("Country"), ["all", *pairs.pairs["country"].cat.categories], key=session.BROWSE_COUNTRY
    )
    words = right.text_input("Texts that contain", key=session.SEARCH)
    table = pairs.pairs if country == "all" else pairs.pairs[pairs.pairs["country"] == country]
    if words:
        prompt, response = pairs.texts["prompt"].astype("str"), pairs.texts["response"]
        found = (
            prompt.str.contains(words, case=False, regex=False) | response.str.contains(words, case=False, regex=False)
        ).to_numpy()
        table = table[found[table["chosen"]] | found[table["rejected"]]]
    if not len(table):
        of = "" if country == "all" else f" of {inert(country)}"
        st.info(f"No pair{of} contains “{inert(words)}”." if words else f"There is no pair{of}.")
        return
    pages = max(-(-len(table) // PAGE_SIZE), 1)
    page = st.number_input(f"Page of {pages:,} ({counted(len(table), 'pair')})", 1, pages, key=session.PAGE)
    shuffled = table.sample(frac=1, random_state=0)  # neighbours in the table share their prompt
    for pair in shuffled.iloc[(page - 1) * PAGE_SIZE : page * PAGE_SIZE].itertuples():
        show_pair(pairs, pair, why)


def show_pair(pairs: Preferences, pair, why: Callable[[str, list[str], str], None] | None = None) -> None:
    """One pair: country, prompt, and both answers with their scores; why: as `browse` has it."""
    with st.container(border=True):
        st.caption(inert(pair.country))
        plain(str(pairs.texts["prompt"].iloc[pair.chosen]))
        sides = (("chosen", pair.chosen, pair.score_chosen), ("rejected", pair.rejected, pair.score_rejected))
        for column, (label, text, score) in zip(st.columns(2), sides, strict=True):
            with column:
                said = f"{100 * score:.0f} %" if pairs.card.unit == "question" else f"{score:g}"
                colour = "green" if label == "chosen" else "gray"
                st.badge(label if pd.isna(score) else f"{label}: {said}", color=colour)
                plain(pairs.texts["response"].iloc[text])
        if why and st.toggle("Why does the model prefer one?", key=f"{session.WHY}-{pair.Index}"):
            texts = [str(pairs.texts["response"].iloc[side]) for side in (pair.chosen, pair.rejected)]
            why(str(pairs.texts["prompt"].iloc[pair.chosen]), texts, str(pair.country))


def show_weighed(pairs: Preferences, kept: Margins, now: Chosen, place: int, why: str) -> None:
    """One pair with its human scores, rewards, filter value and weight; why: what it is an example of."""
    pair = pairs.pairs.iloc[kept.row[place]]
    with st.container(border=True):
        badge = ":green-badge[kept]" if now.keep[place] else ":gray-badge[dropped]"
        numbers = f"F = {kept.p_global[place]:.2f}, W = {now.weight[place]:.2f}"
        st.markdown(f"{badge} **{numbers}** ({why}), {inert(pair['country'])}")
        plain(str(pairs.texts["prompt"].iloc[pair["chosen"]]))
        sides = (("chosen", "green", "⁺"), ("rejected", "gray", "⁻"))
        for column, (side, colour, sign) in zip(st.columns(2), sides, strict=True):
            score = human_score(pair[f"score_{side}"], pairs.card.unit)
            reward = fixed(getattr(kept, f"{side}_reward")[place], 2)
            column.markdown(f":{colour}-badge[{side}{score}] r{sign} = {reward}")
            with column:
                plain(pairs.texts["response"].iloc[pair[side]])


def plain(text: str) -> None:
    """A text as it is; a very long one is cut, with the rest on demand."""
    st.text(text[:LONG])
    if len(text) > LONG:
        with st.expander(f"the other {len(text) - LONG:,} characters"):
            st.text(text[LONG : LONG + 100_000])
