"""The paper: what its authors published, beside what this run finds for the same quantity."""

import streamlit as st

from scpo import ScpoError, runs
from scpo.charts.paper import beside_chart
from scpo.format import inert
from scpo.grouping import worded
from scpo.methods import named
from scpo.text import paper
from scpo.text.measures import MEANINGS, which_pairs
from scpo.ui import run_picker
from scpo.ui.components import chart, controls
from scpo.ui.context import segments
from scpo.ui.head import head


def beside(result: runs.Result, subset: str) -> None:
    """Accuracies and differences of the paper's table, and this run's."""
    table, simulated = paper.beside(result), result.card["simulated"]
    chart(
        beside_chart(table, subset, result.card["unit"], simulated),
        "beside",
        f"Accuracy of each method in the paper and here, {which_pairs(subset)}, mean over {worded('countries')}.",
        table[table["subset"] == subset],
        simulated,
    )
    st.caption(paper.source_line())
    first, *lines = paper.beside_lines(result) or [""]
    st.markdown(first)
    st.markdown("\n".join(f"- {line}" for line in lines))


def efficiency(result: runs.Result) -> None:
    """What "280 % more data-efficient" may mean, and what the filter keeps of each country's pairs."""
    st.header("170 to 280 % more data-efficient: of what?")
    st.markdown(
        "The paper does not say how that is counted. The authors' code works out the share of pairs that the filter "
        "keeps, so its figure is most likely 100 times the pairs before the filter per pair kept. Here are four "
        "readings, in this run, on average over " + worded("countries:")
    )
    table = paper.readings(result)
    st.markdown("\n".join(f"- {line}" for line in paper.reading_lines(table)))
    if not len(table):
        st.info("This run lacks the methods SCPO and fine-tuning on all pairs, so it has no ratio.")
    st.markdown("**Training pairs before and after the filter**")
    columns = {
        "country": st.column_config.TextColumn(worded("country")),
        "pairs": st.column_config.NumberColumn("pairs before", format="localized"),
        "kept": st.column_config.NumberColumn("pairs kept", format="localized"),
        "share": st.column_config.NumberColumn("share kept", format="%.1f %%"),
        "per_kept": st.column_config.NumberColumn("pairs per pair kept", format="%.2f"),
    }
    table = paper.kept(result)
    st.dataframe(table.assign(share=100 * table["share"]), hide_index=True, key="kept-table", column_config=columns)


def steps(result: runs.Result) -> None:
    """The last step, which the authors keep, against the step that validation chooses."""
    table = paper.steps(result)
    if not len(table):
        return
    st.header("Last step or chosen step?")
    st.markdown(
        "The authors' code keeps the last step of training and has no validation split; here the best validation step "
        "is kept. On all test pairs, mean over " + worded("countries:")
    )
    columns = {
        "method": st.column_config.TextColumn("method"),
        "last": st.column_config.NumberColumn("last step", format="%.1f %%"),
        "chosen": st.column_config.NumberColumn("chosen step", format="%.1f %%"),
    }
    shown = table.assign(method=table["method"].map(named), **(100 * table[["last", "chosen"]]))
    st.dataframe(shown, hide_index=True, key="steps-table", column_config=columns)
    line = paper.step_line(table)
    if line:
        st.markdown(line)


job = head("paper")
st.title("Does it come out as in the paper?")
try:
    shown = run_picker.finished(job)
    if shown:
        with controls():
            meanings = {subset: MEANINGS[subset] for subset in paper.SUBSETS}
            subset = segments("Test pairs", meanings, run_picker.SUBSET, format_func=which_pairs)
        beside(shown, subset)
        efficiency(shown)
        steps(shown)
        st.header("One card, twenty pairs")
        st.markdown(paper.card_line())
        run_picker.origin(shown)
except ScpoError as error:
    st.error(inert(error))
