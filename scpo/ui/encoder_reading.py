"""What the encoder could not read of a run's or a data set's texts, in words and as a table, before any accuracy."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from scpo.format import counted, inert
from scpo.grouping import worded
from scpo.text.encoder_reading import LIMITS, percents
from scpo.training.encoder_reading import problems, told, unreadable


def warn(table: pd.DataFrame | None) -> None:
    """What matters for the figures of a page, above them in one line that opens."""
    lines = [inert(line) for line in told(table)]
    if lines:
        which = "Some texts cannot be read" if unreadable(table) else "Some texts are read in part"
        label = f":orange[{which} by the encoder: {counted(len(lines), worded('country'))}]"
        with st.expander(label, icon=":material/translate:"):
            st.markdown("\n".join(f"- {line}" for line in lines))


def section(table: pd.DataFrame) -> None:
    """The table with what its columns mean."""
    st.header("What does the encoder read?")
    warn(table)
    if not problems(table):
        st.markdown("It knows the words, reads the texts to their end, and can tell the answers apart.")
    st.dataframe(percents(table).rename(columns=worded), hide_index=True, key="reading-table")
    st.caption(worded(LIMITS))
