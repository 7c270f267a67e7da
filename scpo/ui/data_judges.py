"""Whom does a reward model serve? Scores of one or two judges on every pair of a data set, without any training."""

from __future__ import annotations

import numpy as np
import streamlit as st

from scpo.data.preferences import Preferences
from scpo.data.scores import read_scores, texts_to_score
from scpo.errors import DataFaults, ScpoError
from scpo.format import inert
from scpo.judging import brought_scores, judge_alone
from scpo.text.judges import served_notes, served_sentences, served_table
from scpo.ui.data_source import KINDS, clean_name, keep, show_faults

MOST = 2  # judges side by side
ABOUT = (
    "Each file has one row per text: `prompt, response, reward`, of any reward model or of a language model that was "
    "asked; or RewardBench's `prompt, chosen, rejected, scores_chosen, scores_rejected`. Texts must be the very texts "
    "of these pairs. A reward model can also score them itself, by the command line: `python -m scpo judge --dataset "
    "... --data-file ... --model FOLDER --model FOLDER --out DIR`."
)


def whom_it_serves(pairs: Preferences) -> None:
    """The texts to score, files of scores, and whom each judge serves how well on all pairs: nothing is trained."""
    with st.expander("Whom does a reward model serve? Bring its scores", icon=":material/balance:"):
        st.markdown(ABOUT)
        st.download_button(
            "Texts to score",
            lambda: texts_to_score(pairs, np.arange(len(pairs.pairs))).to_json(
                orient="records", lines=True, force_ascii=False
            ),
            file_name="texts-to-score.jsonl",
            mime="application/jsonl",
            key="served-texts",
            on_click="ignore",
        )
        uploads = st.file_uploader("Scores, of one judge or two", type=KINDS, accept_multiple_files=True, key="served")
        try:
            if uploads:
                _served(pairs, uploads[:MOST])
        except DataFaults as error:
            show_faults(error)
        except ScpoError as error:
            st.error(inert(error))


def _served(pairs: Preferences, uploads: list) -> None:
    """The table and the sentences of the command `judge --dataset`; judges are called by their files."""
    rewards, about = {}, {}
    for at, upload in enumerate(uploads):
        called = clean_name(upload.name)
        name = f"Judge {'AB'[at]}"
        rewards[name], about[f"{name} ({called})"] = brought_scores(read_scores(keep(upload), called), pairs, called)
    tables, counted = judge_alone(pairs, rewards)
    st.markdown(inert(f"Of these pairs every one is test. {' and '.join(about)}, with 95 % intervals:"))
    st.dataframe(served_table(tables, pairs.card.unit), hide_index=True, key="served-table")
    for line in (*served_sentences(tables), *served_notes(counted, about)):
        st.caption(inert(line))
