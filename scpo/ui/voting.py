"""The voting page, for phones: one pair of answers at a time, two large buttons, and how far one is.

What has been chosen is in the database and the voter's token is in the link, so that a reload goes on where it was.
"""

from __future__ import annotations

import streamlit as st

from scpo.charts.style import SIMULATED
from scpo.errors import RoomError, ScpoError
from scpo.format import counted, inert
from scpo.rooms.access import rooms_are_on
from scpo.rooms.ballots import order
from scpo.rooms.store import ENDED
from scpo.ui import session
from scpo.ui.cache import room_questions, room_store
from scpo.ui.room_access import ask_for_code

TITLE = "Which answer is better?"
OFF = (
    "Rooms are off in this app, so there is nothing to vote on. The page Room says how they are turned on; then "
    "a class votes here by a link."
)
THANKS = "Thank you. You have chosen in every pair; the results are on the projector."


def page() -> None:
    """The room of the link, as far as this voter is in it."""
    if not rooms_are_on():
        st.title(TITLE)
        st.info(OFF)
        return
    code = st.query_params.get(session.ROOM, "")
    try:
        room = room_store().room(code) if code else None
    except RoomError as error:
        st.error(inert(error))
        room = None
    if room is None:
        st.title(TITLE)
        ask_for_code()
    elif token := st.query_params.get(session.VOTER):
        _ballot(code, token)
    else:
        _welcome(code, room.name, room.is_open)


def _welcome(code: str, name: str, is_open: bool) -> None:
    """What it is about, and the start."""
    st.title(TITLE)
    _said()
    asked = len(room_questions(code))
    st.markdown(
        f"**{inert(name)}.** You are shown {counted(asked, 'pair')} of answers. Choose the one that you would rather "
        "get: there is no right one. Your name is not asked, and nobody sees who chose what."
    )
    if is_open:
        st.button("Start", type="primary", width="stretch", key="vote-start", on_click=_join, args=(code,))
    else:
        st.info(ENDED)


@st.fragment
def _ballot(code: str, token: str) -> None:
    """The next pair; a press takes the vote and draws the one after it."""
    try:
        room, voter = room_store().room(code), room_store().voter(code, token)
    except ScpoError as error:
        st.error(inert(error))
        return
    questions = room_questions(code)
    mine = [place for place in order(token, len(questions)) if place[0] not in voter.answered]
    done, asked = len(voter.answered), len(questions)
    with st.container(key="ballot"):
        _said()
        if not mine or not room.is_open:
            st.progress(done / asked)
            st.success(THANKS) if not mine else st.info(f"This room has ended. You have chosen in {done} of {asked}.")
            return
        pair, turned = mine[0]
        st.progress(done / asked, text=f"{done + 1} of {asked}")
        st.text(questions.prompts[pair])
        for letter, left in zip("AB", (not turned, turned), strict=True):
            with st.container(border=True):
                st.text((questions.left if left else questions.right)[pair])
                choice = {"on_click": _vote, "args": (code, token, pair, left)}
                st.button(f"{letter} is better", key=f"vote-{pair}-{letter}", width="stretch", **choice)
        if questions.simulated:
            st.caption(SIMULATED)


def _join(code: str) -> None:
    """Once per session: a button that is pressed twice must not make two voters."""
    joined = st.session_state.setdefault(session.VOTER, {})
    try:
        joined[code] = joined.get(code) or room_store().join(code)
        st.query_params[session.VOTER] = joined[code]
    except ScpoError as error:
        st.session_state[session.SAID] = str(error)


def _vote(code: str, token: str, pair: int, left: bool) -> None:
    try:
        room_store().vote(code, token, pair, left)
    except ScpoError as error:
        st.session_state[session.SAID] = str(error)


def _said() -> None:
    """What a press could not do."""
    if said := st.session_state.pop(session.SAID, ""):
        st.warning(inert(said))
