"""Falsifiers on the page Accuracy: the run trained again on groups that mean nothing."""

from __future__ import annotations

import streamlit as st

from scpo import runs
from scpo.charts.falsifiers import falsifiers_chart
from scpo.errors import ScpoError
from scpo.format import inert
from scpo.runs.falsifiers import AS_IT_IS, DRAWS, read_falsifiers
from scpo.text.falsifiers import falsifier_lines, usual_methods
from scpo.ui.components import chart, section


def falsifiers(result: runs.Result) -> None:
    """What came of altered groups, and a button that alters them."""
    config, countries = result.config, result.card["countries"]
    if config.finetune.model or config.data.folds > 1 or len(countries) < 2 or not usual_methods(result):
        return
    section("Would it find a gain where there is none?", "falsifiers")
    table = read_falsifiers(result.folder)
    if len(table):
        simulated = result.card["simulated"]
        chart(
            falsifiers_chart(table, result.card["unit"], simulated),
            "falsifiers",
            "What a group's own model has before the other groups' models, with groups as they are, shuffled and made "
            "equal, with 95 % intervals.",
            table,
            simulated,
        )
        st.markdown("\n".join(f"- {line}" for line in falsifier_lines(table)))
    draws = int(table.loc[table["kind"] != AS_IT_IS, "draw"].max()) + 1 if len(table) else 0
    label = "One more draw" if draws else "Alter the groups and train again"
    if st.button(label, key="falsify", icon=":material/shuffle:"):
        try:
            _falsify(result, draws + 1 if draws else DRAWS)
        except ScpoError as error:
            st.error(inert(error))
        else:
            st.rerun()
    st.caption(
        "Trains this run's methods again on altered pairs, each with one seed: a part of the run's own time. Stay on "
        "this page; each draw is kept when it is done. On the command line: `python -m scpo falsify RUN`."
    )


def _falsify(result: runs.Result, draws: int) -> None:
    """Make the draws that are missing, with a bar that says how far it is."""
    from scpo.study.falsifiers import falsify

    bar = st.progress(0.0)

    def tell(done: int, total: int) -> None:
        bar.progress(done / total, f"{done} of {total} trainings")

    falsify(result.folder, usual_methods(result), draws, tell)
