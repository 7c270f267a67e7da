"""One method against the others: by country, by baseline, and whether that is more than chance."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from scpo import runs
from scpo.charts.accuracy import difference_chart, variance_chart
from scpo.charts.style import MEAN, method_marks
from scpo.format import inert
from scpo.grouping import worded
from scpo.methods import named, spoken
from scpo.text import findings
from scpo.text.measures import which_pairs
from scpo.text.ranks import class_line, information_line, rank_line
from scpo.text.results import difference_sentence, told_apart, too_few
from scpo.ui import run_picker
from scpo.ui.components import chart, country_of, method_of, section
from scpo.ui.context import select


def baselines(result: runs.Result, subset: str) -> None:
    """One method against every baseline in one country, and against one baseline in every country."""
    unit, simulated = result.card["unit"], result.card["simulated"]
    table = findings.differences(result, subset)
    if not len(table):
        st.info(
            f"This run trained no method ({', '.join(result.config.methods)}); there is none to hold against others."
        )
        return
    left, middle, right = st.columns(3)
    with left:
        method = method_of(findings.methods_in(table))
    rows = table[table["method"] == method]
    with middle:
        against = select("Baseline", rows["against"].unique(), run_picker.AGAINST, format_func=named)
    with right:
        country = country_of(result)
    of_baseline, in_country = rows[rows["against"] == against], rows[rows["country"] == country]
    each = of_baseline[of_baseline["country"] != MEAN]
    st.markdown(f"{told_apart(each, method, against, unit)} {too_few(each, unit)}")
    left, right = st.columns(2, gap="large")
    marks: dict[str, dict[str, tuple[str, str]]] = {"country": {}, "against": method_marks()}
    for column, part, by, other, where in (
        (left, of_baseline, "country", against, worded("every country")),
        (right, in_country, "against", "every baseline", worded("mean over countries") if country == MEAN else country),
    ):
        with column:
            st.subheader(inert(f"{named(method)} against {spoken(other)}, {where}"))
            minus = f"accuracy of {named(method)} minus {spoken(other)}"
            chart(
                difference_chart(part, by, marks[by], minus, unit, simulated),
                f"differences-{by}",
                f"{minus[0].upper()}{minus[1:]}, {where}, with 95 % intervals.",
                part,
                simulated,
            )
    _chance(of_baseline, method, against, unit, simulated)
    with st.expander(worded("Country by country, in words")):
        for row in of_baseline.itertuples():
            st.markdown(difference_sentence(row, unit))


def open_ranks(result: runs.Result, subset: str) -> None:
    """Whose pairs the methods see, and the ranks and classes that paired tests leave open, for those who ask."""
    sets, every = findings.ranks(result, subset), findings.methods_in(result.tables["accuracy"])
    which = "all test pairs" if subset == "full" else f"the test pairs {which_pairs(subset).lower()}"
    lines = [line for line in (information_line(every), rank_line(sets, which), class_line(sets)) if line]
    if lines:
        with st.expander("Which ranks are open, and whose pairs a method sees"):
            st.markdown("\n".join(f"- {line}" for line in lines))


def _chance(of_baseline: pd.DataFrame, method: str, against: str, unit: str, simulated: bool) -> None:
    """How much of the difference from one baseline is luck of the draw, in every country."""
    section("Is that more than chance?", "chance")
    if of_baseline["unit_se"].notna().any():
        chart(
            variance_chart(of_baseline, unit, simulated),
            "chance",
            f"Of {named(method)} minus {spoken(against)}: standard error from {unit}s, standard deviation over seeds, "
            f"and the smallest difference that would be found, per {worded('country')}.",
            of_baseline,
            simulated,
        )
    else:
        st.info(f"Nothing here tells a difference from chance: no {worded('country')} has enough {unit}s in the test.")
