"""Who says which pairs are distinct and which consensus: the choice on Accuracy and Bias, and all side by side."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from scpo import runs
from scpo.charts.rulers import TITLES, rulers_chart
from scpo.metrics.rulers import GLOBAL
from scpo.runs.judges import Judge
from scpo.text import findings
from scpo.text.rulers import meanings, rule_by, ruler_line, ruler_lines, who_rules
from scpo.ui import session
from scpo.ui.cache import judges
from scpo.ui.components import chart, section
from scpo.ui.context import select
from scpo.ui.ruled_runs import rulers, under_every_ruler, under_ruler


def chosen_ruler(result: runs.Result) -> tuple[runs.Result, list[Judge]]:
    """The choice of a ruler, and the run and its judges under it; without a choice where the run has no other."""
    known = list(rulers(result))
    if len(known) < 2:
        return result, judges(result)
    label, meaning = "Distinct and consensus by", meanings(known)
    ruler = select(label, known, session.RULER, width=320, format_func=who_rules, help=meaning)
    rule_by(ruler)
    return (result, judges(result)) if ruler == GLOBAL else under_ruler(result, ruler)


def told() -> None:
    """Above the first figure: what another ruler means for them."""
    if ruler_line():
        st.info(ruler_line(), icon=":material/straighten:")


def side_by_side(result: runs.Result, methods: Sequence[str]) -> None:
    """What methods keep and learn under every ruler of a run that has several."""
    agree = rulers(result)
    if len(agree) < 2:
        return
    table, simulated = under_every_ruler(result), result.card["simulated"]
    section("Would another ruler say the same?", "rulers")
    for column, measure in zip(st.columns(2, gap="large"), TITLES, strict=True):
        with column:
            chart(
                rulers_chart(table, measure, methods, simulated),
                f"rulers-{measure.partition(' ')[0]}",
                f"{measure.capitalize()} of each method under every ruler, with 95 % intervals.",
                table[(table["measure"] == measure) & table["method"].isin(methods)],
                simulated,
            )
    shown = dict.fromkeys(["global", findings.main_method(result), *methods])
    st.markdown("\n".join(f"- {line}" for line in ruler_lines(table, agree, list(shown)[:3])))
