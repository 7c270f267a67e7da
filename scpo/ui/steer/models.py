"""A run's models as pages ask them: what they say is worked out once and kept, bounded and keyed by plain values.

The reward models are the one thing of the app that needs torch; it is loaded when they are first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from scpo import runs
from scpo.metrics.rewards import Rewards
from scpo.steering import mixing
from scpo.ui.cache import finished_run, texts


@dataclass(frozen=True)
class Models:
    """The models of one method of a run, by plain values; what they say is worked out once and kept."""

    folder: str
    changed: int
    method: str

    @classmethod
    def of(cls, result: runs.Result, method: str) -> Models:
        """Of a finished run."""
        return cls(str(result.folder), (result.folder / "done.json").stat().st_mtime_ns, method)

    def data(self) -> Rewards:
        """Rewards of every text of the run's data. Shared by all users: never altered."""
        return _rewards(self.folder, self.changed, self.method)

    def typed(self, prompt: str, answers: Sequence[str]) -> Rewards:
        """Rewards of typed answers."""
        return _typed(self.folder, self.changed, self.method, prompt, tuple(answers))

    @property
    def whole(self) -> bool:
        """Whether the run fine-tuned whole models."""
        return bool(finished_run(Path(self.folder)).config.finetune.model)

    def trials(self, prompt: str, answers: Sequence[str], country: str) -> Rewards:
        """Rewards of any number of answers that were made to be compared, of any length; by a country's model at least.

        Whole models are asked one after another, with a bar that says how far they are.
        """
        if not self.whole:
            return _trials(self.folder, self.changed, self.method, prompt, tuple(answers))
        start, own = _places(self.folder, self.changed, self.method, country)
        bar, found = st.progress(0.0, "Asking whole models ..."), []
        for done, place in enumerate((start, *own)):
            found.append(_whole_model(self.folder, self.changed, place, prompt, tuple(answers)))
            bar.progress((done + 1) / (1 + len(own)), f"{done + 1} of {1 + len(own)} models asked")
        bar.empty()
        return Rewards((country,), found[0][None], np.stack(found[1:])[None])

    def nearness(self, answers: Sequence[str]) -> tuple[np.ndarray, float]:
        """How like the run's data answers are, (n,), and what is usual there."""
        return _nearness(self.folder, self.changed, tuple(answers))

    def unread(self, answers: Sequence[str]) -> list[tuple[int, float]]:
        """Answers that the encoder cannot read, each with the share of its unknown tokens; none of whole models."""
        return [] if self.whole else _unread(self.folder, self.changed, tuple(answers))

    def table(self, what: str, *args) -> pd.DataFrame:
        """`alpha`, `mixture`, `price`, `reversed`, `truth` or `words`, with what that function of the library takes."""
        return _table(what, self.folder, self.changed, self.method, *args)

    def words(self, country: str) -> tuple[pd.DataFrame, int]:
        """Words that go with a higher reward in a country, and how many texts were looked at."""
        return _words(self.folder, self.changed, self.method, country)

    def phrases(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Every phrase and topic that was tested, and the findings with their examples."""
        return _phrases(self.folder, self.changed, self.method)

    def questions(self) -> pd.DataFrame:
        """A survey's questions on which the countries' models differ from the global one."""
        return _questions(self.folder, self.changed, self.method)


@st.cache_resource(max_entries=3, show_spinner="Loading the reward models ...")
def _models(folder: str, changed: int):
    from scpo.training.heads import saved

    result = finished_run(Path(folder))
    return saved.load_models(Path(folder), result.config, result.card["countries"])


@st.cache_resource(max_entries=6, show_spinner="Scoring the texts of the run; what is not kept is encoded first ...")
def _rewards(folder: str, changed: int, method: str) -> Rewards:
    from scpo.training.heads import saved

    return saved.reward_texts(_models(folder, changed), texts(finished_run(Path(folder))).texts, method)


@st.cache_resource(max_entries=64, show_spinner="Scoring the answers ...")
def _typed(folder: str, changed: int, method: str, prompt: str, answers: tuple[str, ...]) -> Rewards:
    from scpo.training.heads import saved

    return saved.reward_typed(_models(folder, changed), prompt, answers, method)


@st.cache_resource(max_entries=64, show_spinner="Rewarding the answers without this sentence and that ...")
def _trials(folder: str, changed: int, method: str, prompt: str, answers: tuple[str, ...]) -> Rewards:
    from scpo.training.heads import saved

    return saved.reward_answers(_models(folder, changed), prompt, answers, method, keep=False)


@st.cache_data(max_entries=64, show_spinner=False)
def _places(folder: str, changed: int, method: str, country: str) -> tuple[Path, tuple[Path, ...]]:
    from scpo.training.finetune import saved

    result = finished_run(Path(folder))
    return saved.start_of(result), tuple(saved.model_folders(result, country, method))


@st.cache_data(max_entries=128, show_spinner=False)
def _whole_model(folder: str, changed: int, place: Path, prompt: str, answers: tuple[str, ...]) -> np.ndarray:
    from scpo.training.finetune import saved

    return saved.reward_texts(finished_run(Path(folder)), [place], [(prompt, answer) for answer in answers])


@st.cache_data(max_entries=64, show_spinner="Comparing with the run's data ...")
def _nearness(folder: str, changed: int, answers: tuple[str, ...]) -> tuple[np.ndarray, float]:
    from scpo.training.heads import saved

    return saved.nearness(_models(folder, changed), texts(finished_run(Path(folder))).texts, answers)


@st.cache_data(max_entries=64, show_spinner=False)
def _unread(folder: str, changed: int, answers: tuple[str, ...]) -> list[tuple[int, float]]:
    from scpo.training import encoder_reading

    read = _models(folder, changed).encoder.reader.read(answers, [False] * len(answers))
    shares = read.unknown / np.maximum(read.tokens, 1)
    return [(at, float(share)) for at, share in enumerate(shares) if share > encoder_reading.MOST_UNKNOWN]


@st.cache_data(max_entries=64, show_spinner="Measuring ...")
def _table(what: str, folder: str, changed: int, method: str, *args) -> pd.DataFrame:
    from scpo.steering import serving, taste

    tables: dict[str, Callable[..., pd.DataFrame]] = {
        "alpha": mixing.alpha_table,
        "mixture": mixing.mixture_table,
        "truth": taste.taste_table,
        "price": serving.price_table,
        "reversed": serving.reversed_pairs,
    }
    return tables[what](texts(finished_run(Path(folder))), _rewards(folder, changed, method), *args)


@st.cache_data(max_entries=64, show_spinner="Measuring ...")
def _words(folder: str, changed: int, method: str, country: str) -> tuple[pd.DataFrame, int]:
    from scpo.steering import taste

    return taste.word_table(texts(finished_run(Path(folder))), _rewards(folder, changed, method), country)


@st.cache_data(max_entries=4, show_spinner="Looking for phrases and topics in the test pairs ...")
def _phrases(folder: str, changed: int, method: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    from scpo.steering.phrase_effects import told_phrases
    from scpo.training.heads.saved import encode_by

    rewards = _rewards(folder, changed, method)
    return told_phrases(texts(finished_run(Path(folder))), rewards, encode_by(_models(folder, changed).encoder))


@st.cache_data(max_entries=4, show_spinner="Measuring ...")
def _questions(folder: str, changed: int, method: str) -> pd.DataFrame:
    from scpo.steering.questions import question_table

    return question_table(texts(finished_run(Path(folder))), _rewards(folder, changed, method))
