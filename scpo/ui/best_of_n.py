"""Best of n on the page Accuracy: does a model's gain matter where it picks an answer?"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from scpo import runs
from scpo.charts.best_of_n import best_of_n_chart
from scpo.text.best_of_n import best_of_n_lines
from scpo.ui import run_picker
from scpo.ui.components import chart, country_of, section


def best_of_n(result: runs.Result, methods: Sequence[str]) -> None:
    """The chart of one country or the mean, and what it says; nothing for a run that has not counted it."""
    if not result.has("best_of_n"):
        run_picker.newer("best_of_n", result, "best of n")
        return
    table, simulated = result.tables["best_of_n"], result.card["simulated"]
    section("Does it matter when a model picks an answer?", "best_of_n")
    country = country_of(result, run_picker.PICKED, width=320)
    chart(
        best_of_n_chart(table, methods, simulated, country),
        "best-of-n",
        "How often held-out people prefer a model's pick, over the answers it picks from, with 95 % intervals.",
        table[(table["country"] == country) & table["method"].isin(methods)],
        simulated,
    )
    st.markdown("\n".join(f"- {line}" for line in best_of_n_lines(table, methods, country)))
