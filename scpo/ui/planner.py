"""What a data set can tell, before anything is trained: the smallest difference that its test people would show."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from scpo.config import DataConfig
from scpo.format import inert
from scpo.grouping import worded
from scpo.text.planner import ASSUMED, FOLDS, bar_columns, folds_offer, plan_lines, plan_shown
from scpo.ui.cache import plan, preferences

FIRST = 3  # sentences that are shown; the others can be unfolded


def what_it_can_tell(config: DataConfig, countries: Sequence[str] = (), folded: bool = False) -> None:
    """In words for the mean and the countries with the fewest test people, as a table with bars for all.

    folded   the table is unfolded by those who ask
    """
    table, unit = plan(config, countries), preferences(config).card.unit
    if not len(table):
        return
    st.subheader("What can this data tell?")
    few = table.sort_values("test_units", kind="stable") if len(table) > FIRST else table
    lines = plan_lines(few[few["role"] == "steered to"].head(FIRST), unit)
    mean = plan_lines(table[table["role"] == ""], unit)
    st.markdown("\n".join(f"- {inert(line)}." for line in [*mean, *lines]))
    offer = folds_offer(table, unit, f"{FOLDS} folds (More settings on the page Train)")
    if offer:
        st.info(inert(f"{offer}."), icon=":material/lightbulb:")
    each = table[table["role"] != ""]
    shown = plan_shown(each, unit)
    bars = {name: each[column] for name, column in bar_columns(unit).items()}
    columns = {
        name: st.column_config.ProgressColumn(
            name, format="localized", min_value=0, max_value=max(int(values.max()), 1)
        )
        for name, values in bars.items()
    }
    with st.expander(worded("Country by country")) if folded else st.container():
        st.dataframe(shown.assign(**bars), hide_index=True, key="plan-table", column_config=columns)
    with st.expander("What is assumed"):
        st.caption(worded(ASSUMED))
