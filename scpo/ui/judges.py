"""Judges from outside beside a run: scores brought as a file, and how they do on the run's own test pairs."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from scpo import runs
from scpo.charts.accuracy import difference_chart
from scpo.charts.style import MEAN, method_marks
from scpo.data.preferences import Preferences
from scpo.data.scores import read_scores, texts_to_score
from scpo.errors import DataFaults, ScpoError
from scpo.format import inert
from scpo.grouping import worded
from scpo.judging import brought_scores, judge_beside
from scpo.plan import tested_rows
from scpo.runs.judges import Judge, remove_judge, write_judge
from scpo.text.judges import judge_differences, judge_sentences, judge_table, scores_told
from scpo.training.encoder_reading import unreadable
from scpo.ui import run_picker
from scpo.ui.cache import outcomes, texts
from scpo.ui.components import chart, country_of, section
from scpo.ui.context import select
from scpo.ui.data_source import KINDS, clean_name, keep, show_faults

COMMAND = (
    "A reward model is put beside the run by the command line, which scores the same pairs with it: "
    "`python -m scpo judge RUN --model FOLDER`. It is shown here then."
)


def judges_beside(result: runs.Result, judges: Sequence[Judge], subset: str) -> None:
    """The judges that stand beside a run, one at a time, and a form to bring another."""
    section("How does any other judge do on these pairs?", "judge")
    if judges:
        left, right = st.columns(2)
        with left:
            name = select("Judge", [judge.about["name"] for judge in judges], run_picker.JUDGE)
        with right:
            country = country_of(result, run_picker.JUDGED)
        _shown(result, next(judge for judge in judges if judge.about["name"] == name), subset, country)
    with st.expander("Bring scores", icon=":material/upload_file:", expanded=not judges):
        _form(result)


def _shown(result: runs.Result, judge: Judge, subset: str, country: str) -> None:
    """One judge: in sentences, against every method, and country by country."""
    unit, simulated = result.card["unit"], result.card["simulated"]
    st.markdown("\n".join(f"- {line}" for line in judge_sentences(judge, unit, result.tables["paired"])))
    rows = judge_differences(judge, subset, unit)
    here = rows[rows["country"] == country]
    if len(here):
        where, words = (
            worded("mean over countries") if country == MEAN else country,
            f"accuracy of {judge.about['name']}",
        )
        chart(
            difference_chart(here, "against", method_marks(), f"{words} minus the method's", unit, simulated),
            "judge",
            f"The {words} minus that of every method, {where}, with 95 % intervals.",
            here,
            simulated,
        )
    else:
        st.info(inert(f"{judge.about['name']} has no scores of pairs of {country}, or the run cannot read its texts."))
    st.dataframe(judge_table(judge, unit).rename(columns=worded), hide_index=True, key="judge-countries")
    for line in scores_told(judge.about):
        st.caption(line)
    if st.button("Take this judge away", key="judge-remove", icon=":material/delete:"):
        remove_judge(result.folder, judge.about["name"])
        st.rerun()


def _form(result: runs.Result) -> None:
    """A file of scores and a name for it, the texts that are to be scored, and what else can be done."""
    st.markdown(
        "A file of `prompt, response, reward`, one row per text, or RewardBench's `prompt, chosen, rejected, "
        "scores_chosen, scores_rejected`. Texts must be the very texts of the run's test pairs:"
    )
    st.download_button(
        "Texts to score",
        lambda: _to_score(texts(result)).to_json(orient="records", lines=True, force_ascii=False),
        file_name="texts-to-score.jsonl",
        mime="application/jsonl",
        key="judge-texts",
        on_click="ignore",
    )
    upload = st.file_uploader("Scores", type=KINDS, key="judge-scores")
    name = st.text_input("What the judge is called", key="judge-name", max_chars=60, placeholder="LLM judge")
    if st.button("Put it beside this run", key="judge-bring", disabled=upload is None or not name.strip()):
        try:
            _bring(result, upload, name.strip())
        except DataFaults as error:
            show_faults(error)
        except ScpoError as error:
            st.error(inert(error))
        else:
            st.rerun()
    st.caption(COMMAND)


def _bring(result: runs.Result, upload, name: str) -> None:
    """Read the scores, put them to the run's test pairs, and keep the judge beside it."""
    data, called = texts(result), clean_name(upload.name)
    rewards, about = brought_scores(read_scores(keep(upload), called), data, called)
    unread = unreadable(result.tables.get("reading"))
    write_judge(result.folder, judge_beside(result.card, outcomes(result), data, name, rewards, about, unread))


def _to_score(data: Preferences) -> pd.DataFrame:
    return texts_to_score(data, tested_rows(data))
