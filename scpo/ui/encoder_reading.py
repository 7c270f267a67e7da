"""What the encoder could not read of a run's or a data set's texts, in words and as a table, before any accuracy."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from scpo.format import inert
from scpo.text.encoder_reading import LIMITS, percents
from scpo.training.encoder_reading import problems, told, unreadable


def warn(table: pd.DataFrame | None) -> None:
    """What matters for the figures of a page, above them."""
    lines = [inert(line) for line in told(table)]
    if not lines:
        return
    show = st.warning if unreadable(table) else st.info
    show("\n".join(f"- {line}" for line in lines), icon=":material/translate:")


def section(table: pd.DataFrame) -> None:
    """The table with what its columns mean."""
    st.header("What does the encoder read?")
    warn(table)
    if not problems(table):
        st.markdown("It knows the words, reads the texts to their end, and can tell the answers apart.")
    st.dataframe(percents(table), hide_index=True, key="reading-table")
    st.caption(LIMITS)
