"""The frontier on the page Bias: accuracy against consensus kept at every step of every method."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from scpo import runs
from scpo.charts.frontier import frontier_chart
from scpo.text.frontier import edge_lines
from scpo.ui import run_picker
from scpo.ui.components import chart, section


def frontier(result: runs.Result, run: runs.Result, methods: Sequence[str], country: str) -> None:
    """The chart, and who is on the edge, of a run that has them; result: the run under the chosen ruler."""
    if not result.has("frontier"):
        if run.has("frontier"):
            st.caption(
                "This run kept no margin of each test pair, so that another ruler has no frontier here. Run it again "
                "to see one."
            )
        run_picker.newer("frontier", result, "the frontier")
        return
    table, simulated = result.tables["frontier"], result.card["simulated"]
    section("Could another strength do better in both?", "frontier")
    chart(
        frontier_chart(table, methods, simulated, country, result.tables.get("shares")),
        "frontier",
        "Accuracy against consensus kept: a curve per method over its strengths, the chosen one marked.",
        table[(table["country"] == country) & table["method"].isin(methods)],
        simulated,
    )
    st.caption(
        "Large symbols: strength 1, the method's own. Small ones: every quarter, from the global model, 0, to 1.5."
    )
    st.markdown("\n".join(f"- {line}" for line in edge_lines(table, result.tables["edge"], methods)))
