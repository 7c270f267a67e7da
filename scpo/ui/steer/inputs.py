"""What the Steer page asks of its reader."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from scpo.data.preferences import Preferences
from scpo.format import inert, shortened
from scpo.grouping import worded
from scpo.steering import mixing
from scpo.text.reasons import unlike_line
from scpo.text.steer import EXAMPLES
from scpo.ui import session
from scpo.ui.steer.models import Models

DATA, TYPED = "from the data", "typed"
MOST_PROMPTS, SHOWN = 300, 90  # prompts in the list, and characters of each
TYPED_FIELDS = (session.TYPED_PROMPT, *(f"{session.TYPED_ANSWER}-{at}" for at in range(mixing.MOST_ANSWERS)))
LONGEST_LINK = 6000  # characters of typed texts as a link has them; many a proxy refuses more than 8,000 in all
MOST_MEMBERS, MOST_PARTS, TRIANGLE = 6, 10, 10


@dataclass(frozen=True)
class Asked:
    """A prompt with its answers; rows are those of the answers among the run's texts, None of typed ones."""

    prompt: str
    answers: list[str]
    rows: np.ndarray | None = None


def prompt_and_answers(pairs: Preferences, across: int = 2) -> Asked | None:
    """A prompt and answers, of the data or typed; None until there are any. across: fields side by side."""
    source = st.segmented_control(
        "Prompt and answers",
        [DATA, TYPED],
        default=DATA,
        required=True,
        key=session.TEXTS,
        bind="query-params",
    )
    if source == TYPED:
        sent = typed(across)
        return Asked(*sent) if sent else None
    of_data = picked(pairs, across)
    if of_data is None:
        return None
    prompt, rows = of_data
    return Asked(prompt, pairs.texts["response"].iloc[rows].tolist(), rows)


def tell_unlike(models: Models, answers: Sequence[str]) -> list[str]:
    """A line under answers that are unlike all that the run's data has; returns their letters."""
    near, usual = models.nearness(answers)
    unlike = np.flatnonzero(near < usual)
    for at in unlike:
        st.warning(unlike_line(int(at), float(near[at]), usual), icon=":material/explore_off:")
    return [mixing.letter(int(at)) for at in unlike]


def picked(pairs: Preferences, across: int = 2) -> tuple[str, np.ndarray] | None:
    """A prompt of the data and rows of some of its answers, both chosen here; None if no prompt is found."""
    code = pairs.texts["prompt"].cat.codes.to_numpy()
    prompts = pairs.texts["prompt"].cat.categories.tolist()
    found = np.flatnonzero(np.bincount(code, minlength=len(prompts)) >= mixing.FEWEST_ANSWERS)
    left, right = st.columns([3, 1]) if across > 1 else (st.container(), st.container())
    if len(found) > MOST_PROMPTS:
        words = left.text_input("Prompts that contain", key=session.PROMPT_SEARCH)
        found = np.array([at for at in found if words.casefold() in prompts[at].casefold()], int)
        if len(found) > MOST_PROMPTS:
            left.caption(f"{len(found):,} prompts; the first {MOST_PROMPTS} are in the list.")
    if not len(found):
        st.info("No prompt contains these words.")
        return None
    prompt = left.selectbox(
        "Prompt",
        [int(at) for at in found[:MOST_PROMPTS]],
        key=session.PROMPT,
        format_func=lambda at: shortened(prompts[at], SHOWN),
    )
    rows = np.random.default_rng(0).permutation(np.flatnonzero(code == prompt))
    sets = max(len(rows) // mixing.MOST_ANSWERS, 1)
    label, key = f"Other answers (1 to {sets})", f"{session.ANSWER_SET}-{prompt}"
    place = right.number_input(label, 1, sets, key=key) - 1 if sets > 1 else 0
    rows = rows[place * mixing.MOST_ANSWERS : (place + 1) * mixing.MOST_ANSWERS]
    return prompts[prompt], rows


def typed(across: int = 2) -> tuple[str, list[str]] | None:
    """A typed prompt and typed answers; None until they are sent, and while something is wrong with them.

    What is wrong stands at its field. The texts are in the link, so that a reload and another reader have them.
    """
    _texts_of_the_link()
    st.caption("Examples to begin with")
    with st.container(horizontal=True, gap="xsmall"):
        for name, texts in EXAMPLES.items():
            st.button(name, on_click=_fill, args=(texts,), key=f"{session.TYPED_PROMPT}-{name}")
    with st.form("typed"):
        size = {"max_chars": mixing.LONGEST, "persist_state": "session"}
        prompt = st.text_area("Prompt", key=session.TYPED_PROMPT, height=80, **size)
        at_prompt = st.container()
        fields = [
            column.text_area(f"Answer {mixing.letter(at)}", key=f"{session.TYPED_ANSWER}-{at}", height=110, **size)
            for at, column in enumerate(side_by_side(mixing.MOST_ANSWERS, across))
        ]
        at_answers = st.container()
        st.caption(
            f"{mixing.FEWEST_ANSWERS} to {mixing.MOST_ANSWERS} answers; leave a field empty to have fewer. The models "
            "know the kind of text that they were trained on; elsewhere they guess."
        )
        st.form_submit_button("Score these answers", type="primary", icon=":material/play_arrow:", on_click=_send)
    answers = [text for text in fields if text.strip()]
    if not st.session_state.get(session.SCORING) or not (
        st.session_state.get(session.SENT) or prompt.strip() or answers
    ):
        return None
    _put_into_the_link([prompt, *fields])
    found = mixing.typed_faults(prompt, answers)
    for place, faults in zip((at_prompt, at_answers), found, strict=True):
        if faults:
            text = "; ".join(faults)
            place.error(f"{text[0].upper()}{text[1:]}.")
    return None if any(found) else (prompt, answers)


def side_by_side(count: int, across: int) -> Iterator[DeltaGenerator]:
    """Places in columns, row by row: A beside B, C beside D, and in this order on a narrow screen too."""
    for first in range(0, count, across):
        yield from st.columns(across)[: count - first]


def _texts_of_the_link() -> None:
    """Fields that this session has not filled yet start with the texts of the link."""
    for key in TYPED_FIELDS:
        if key not in st.session_state:
            st.session_state[key] = st.query_params.get(key, "")[: mixing.LONGEST]


def _put_into_the_link(typed_texts: Sequence[str]) -> None:
    """Sent texts become part of the link, if that stays short enough for browsers and proxies."""
    fits = sum(len(quote(text)) for text in typed_texts) <= LONGEST_LINK
    for key, text in zip(TYPED_FIELDS, typed_texts, strict=True):
        if text and fits:
            st.query_params[key] = text
        else:
            st.query_params.pop(key, None)
    if not fits:
        st.caption("These texts are too long for a link. They stay while this page is open; a reload loses them.")


def wanted() -> bool:
    """Whether to ask the models; until this session has asked once, a button.

    Loading them takes seconds, and no page should open with a wait that nobody asked for.
    """
    if not st.session_state.get(session.SCORING):
        st.button("Ask the models", type="primary", icon=":material/play_arrow:", on_click=_score)
        st.caption("Loads this run's reward models and scores its texts; this takes some seconds the first time.")
    return bool(st.session_state.get(session.SCORING))


def _fill(texts: Sequence[str]) -> None:
    """Put an example into the fields, and score it."""
    for key, text in zip(TYPED_FIELDS, [*texts, *[""] * len(TYPED_FIELDS)], strict=False):
        st.session_state[key] = text
    _send()


def _send() -> None:
    _score()
    st.session_state[session.SENT] = True


def _score() -> None:
    """From the first click on, this session scores what it is shown at once."""
    st.session_state[session.SCORING] = True


def mixture(countries: Sequence[str]) -> tuple[list[str], np.ndarray] | None:
    """Countries in a mixture, and their shares (sum 1); None while there is nothing to mix."""
    # Tags of a multiselect are hard to read in the dark theme.
    members = st.pills(
        worded("Countries in the mixture"),
        countries,
        selection_mode="multi",
        default=list(countries[:3]),
        format_func=inert,
        key=session.MEMBERS,
        bind="query-params",
        wrap=True,
    )
    members = [c for c in countries if c in members]
    if len(members) > MOST_MEMBERS:
        members = members[:MOST_MEMBERS]
        st.info(
            f"At most {MOST_MEMBERS} {worded('countries')} can be mixed; these are {', '.join(map(inert, members))}."
        )
    if not members:
        st.info(worded("Choose the countries to mix: two are drawn along a line, three in a triangle."))
        return None
    parts = [
        st.slider(
            f"Parts of {inert(c)}", 0, MOST_PARTS, 1, key=f"{session.PART}{countries.index(c) + 1}", bind="query-params"
        )
        for c in members
    ]
    if not sum(parts):
        st.info(worded("Every country has 0 parts; give one of them more."))
        return None
    return members, np.array(parts) / sum(parts)
