"""The Steer page's view Why: two answers, what each of their sentences adds, and what moves when one goes."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from scpo import runs
from scpo.charts.reasons import reasons_chart
from scpo.data.preferences import Preferences
from scpo.format import inert, shortened
from scpo.grouping import worded
from scpo.steering import mixing
from scpo.steering.reasons import Shortened, explained
from scpo.text.reasons import MEASURES, SHARES, faults_of_pair, preference, reason_lines
from scpo.ui import session
from scpo.ui.components import chart, section
from scpo.ui.context import select
from scpo.ui.pair_reasons import how_true, mark, tell_unread
from scpo.ui.pairs import plain
from scpo.ui.steer import inputs as steer_inputs
from scpo.ui.steer.models import Models


def reasons(models: Models, result: runs.Result, pairs: Preferences, alpha: float) -> None:
    """Why a country's model prefers one of two answers to the other, sentence by sentence."""
    section("Why does this country's model prefer that answer?", "reasons", MEASURES)
    asked = steer_inputs.prompt_and_answers(pairs)
    if asked is None:
        return
    country = select("Model of", result.card["countries"], session.TASTE, carried=session.COUNTRY)
    answers = _two(asked.answers)
    plain(asked.prompt)
    said = faults_of_pair(answers) if answers else ["Choose two different answers."]
    if answers is None or said:
        st.info(" ".join(said))
        return
    if not steer_inputs.wanted():
        for letter, column, text in zip("AB", st.columns(2), answers, strict=True):
            with column.container(border=True):
                st.badge(f"answer {letter}", color="gray")
                plain(text)
        return
    tell_unread(models, answers)
    forms, shares, sums = explained(answers, lambda forms: models.trials(asked.prompt, forms, country), country, alpha)
    for line in reason_lines(shares, sums, country):
        st.markdown(line)
    if asked.rows is None and not models.whole:
        steer_inputs.tell_unlike(models, answers)
    shares, lines = how_true(shares, pairs, models, country)
    mark(shares, _explained_reward())
    for line in lines:
        st.caption(line)
    alt = f"Share of every sentence of both answers in the reward by the global model and by {country}'s."
    chart(reasons_chart(shares, country, result.card["simulated"]), "reasons", alt, shares, result.card["simulated"])
    _counterfactual(models, asked.prompt, forms, country, alpha)


def _two(answers: list[str]) -> list[str] | None:
    """The two answers that are compared; None if one is chosen twice."""
    if len(answers) == 2:
        return answers
    letters = [mixing.letter(at) for at in range(len(answers))]
    columns = zip(st.columns(2), ("A is answer", "B is answer"), (session.FIRST, session.SECOND), (0, 1), strict=True)
    chosen = [
        column.segmented_control(label, letters, default=letters[first], required=True, key=key, bind="query-params")
        for column, label, key, first in columns
    ]
    return None if chosen[0] == chosen[1] else [answers[letters.index(letter)] for letter in chosen]


def _explained_reward() -> str:
    """Which column of the shares is marked in the answers."""
    return st.segmented_control(
        "Marked is",
        list(SHARES),
        format_func=lambda share: worded(SHARES[share]),
        default="change",
        required=True,
        key=session.EXPLAINED,
        bind="query-params",
    )


def _counterfactual(models: Models, prompt: str, forms: list[Shortened], country: str, alpha: float) -> None:
    """Sentences left out or answers rewritten, and what both models make of them, beside the original."""
    st.subheader("What if a sentence were not there?")
    changed = [_changed(number, form) for number, form in enumerate(forms)]
    originals = [form.answer for form in forms]
    if changed == originals:
        st.caption("Leave out a sentence, or rewrite an answer: both models' rewards move beside the original.")
        return
    rewards = models.trials(prompt, [*originals, *changed], country)
    place = rewards.countries.index(country)
    records = []
    for who, values in (("The global model", rewards.base[place]), (f"{country}'s model", rewards.at(alpha)[place])):
        before, after = float(values[0] - values[1]), float(values[2] - values[3])
        st.markdown(f"{preference(before, inert(who))}; with the change, {preference(after, 'it')}.")
        records.append({"model": who, "A ahead by": before, "now": after, "moved": after - before})
    number = st.column_config.NumberColumn(format="%+.2f")
    st.dataframe(
        pd.DataFrame(records),
        hide_index=True,
        column_config={name: number for name in ("A ahead by", "now", "moved")},
        key="counterfactual-table",
    )


def _changed(number: int, form: Shortened) -> str:
    """An answer without the sentences that are left out, or as it is rewritten."""
    letter = mixing.letter(number)
    key = f"{number}-{hash(form.answer)}"
    dropped = st.pills(
        f"Leave out of {letter}",
        range(len(form.sentences)),
        selection_mode="multi",
        format_func=lambda at: inert(f"{at + 1} {shortened(form.sentences[at], 24)}"),
        key=f"{session.DROPPED}-{key}",
    )
    left = "".join(part for at, part in enumerate(form.sentences) if at not in dropped).strip() if dropped else None
    text = form.answer if left is None else left
    with st.expander(f"Rewrite {letter}"):
        return st.text_area(
            f"Answer {letter}",
            text,
            max_chars=max(mixing.LONGEST, len(text)),
            height=110,
            key=f"{session.REWRITTEN}-{key}-{'-'.join(map(str, dropped))}",
            label_visibility="collapsed",
        )
