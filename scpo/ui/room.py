"""The page Room: opens a room, shows it on a projector, and brings votes in and out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pandas as pd
import streamlit as st

from scpo.charts.rooms import path_chart, served_chart
from scpo.data.demo import COUNTRIES
from scpo.errors import InputError, RoomError, ScpoError
from scpo.format import counted, duration, inert
from scpo.jobs.job import NAME_LENGTH, Job
from scpo.rooms import ballots
from scpo.rooms.access import leads_elsewhere, voting_link
from scpo.rooms.population import nearest_country
from scpo.rooms.questions import Questions, chosen_pairs, questions
from scpo.rooms.store import MOST_VOTERS, Room
from scpo.text import rooms as text
from scpo.text.findings import main_method
from scpo.ui import polling, run_picker, session
from scpo.ui.cache import class_of, finished_run, room_questions, room_store, texts
from scpo.ui.components import chart
from scpo.ui.context import segments

VOTING, RESULTS = "Voting", "Results"
MINUTES = (30, 60, 120, 240)
ALONE = (
    "This link leads to this machine alone: no phone can open it. Open this page by the machine's address in the "
    "room's network, or start the app with `SCPO_ROOMS=http://ADDRESS:8501`. Until then, print sheets or paste votes."
)


def explain() -> None:
    """What a room is, and how to turn rooms on."""
    st.title("The class becomes a country")
    st.markdown(text.ABOUT)
    st.info("Rooms are off. Start the app with `SCPO_ROOMS` to turn them on:")
    st.code(text.TURN_ON, language="sh")
    st.markdown(
        "From then on every page but the voting page needs a key, which is in the link that the app prints where it "
        "was started. `docs/security.md` says how to show it to a class, and what is not defended."
    )


def choose(job: Job | None) -> None:
    """Open a room, or go to one that is there."""
    st.title("The class becomes a country")
    st.markdown(text.ABOUT)
    with st.form("open-room"):
        name = st.text_input("Name of the class", "Our class", max_chars=NAME_LENGTH)
        minutes = st.selectbox("It ends by itself after", MINUTES, 1, format_func=lambda m: duration(60 * m))
        of = f"the run {inert(job.name)}" if job else f"the built-in demo run, of {len(COUNTRIES)} invented countries,"
        st.caption(f"The room asks the pairs on which the models of {of} disagree most.")
        if st.form_submit_button("Open a room", type="primary", icon=":material/groups:"):
            _go(room_store().open(_asked(job), name, minutes).code)
            st.rerun()
    rooms = room_store().rooms()
    if rooms:
        st.header("Rooms")
    for one in rooms:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{inert(one.name)}**", width="content")
            st.caption(_state(one), width="content")
            st.button("Show it", key=f"show-{one.code}", on_click=_go, args=(one.code,))


def _asked(job: Job | None) -> Questions:
    """The pairs that the models of a run disagree on most, or those that come with the demo run."""
    if job is None:
        return Questions.from_json((run_picker.BUILT_IN / "questions.json").read_text())
    if job.state != "done":
        raise RoomError(f"{job.name} is {job.state}; a room needs a finished run. Choose another one above.")
    if not job.config.has_linear_heads:
        raise RoomError(f"{job.name} has no linear heads, which a room needs. Choose another run above.")
    with st.spinner("Choosing the pairs ..."):
        from scpo.training.heads.saved import load_models, pair_gram, reward_texts

        result = finished_run(job.folder)
        pairs = texts(result)
        models = load_models(result.folder, result.config, result.card["countries"])
        main, refused = main_method(result), None
        for method in sorted(result.config.trained, key=lambda m: m != main):  # the first whose models disagree
            rewards = reward_texts(models, pairs.texts, method)
            try:
                left, right = chosen_pairs(pairs, rewards)
            except InputError as error:
                refused = refused or error
                continue
            return questions(pairs, rewards, left, right, pair_gram(models, pairs.texts, left, right))
        raise refused or RoomError(f"{job.name} trained no model, which a room needs. Choose another run above.")


def _go(code: str = "") -> None:
    """To a room, or to all of them."""
    st.query_params.pop(session.ROOM, None)
    if code:
        st.query_params[session.ROOM] = code


def _state(room: Room) -> str:
    return f"ends in {duration(room.seconds_left)}" if room.is_open else "has ended"


def project(code: str) -> None:
    """A room on a projector: how to vote and how many have, or what the votes say."""
    try:
        room = room_store().room(code)
    except RoomError as error:
        st.error(inert(error))
        st.button("All rooms", icon=":material/arrow_back:", on_click=_go)
        return
    st.title(inert(room.name))
    with st.container(key="presenting", horizontal=True, vertical_alignment="center"):
        view = segments("Shown", [VOTING, RESULTS], session.ROOM_VIEW, label_visibility="collapsed")
        st.space("stretch")
        _ends(room)
        st.button("Leave", icon=":material/close_fullscreen:", on_click=_go)
    with st.container(key="projector"):
        (_voting if view == VOTING else _results)(code)
    _in_and_out(room)


def _ends(room: Room) -> None:
    """The ways to an end: no more votes, or nothing left of them."""
    store = room_store()
    with st.popover("End", icon=":material/stop_circle:"):
        if room.is_open:
            st.button("Take no more votes", on_click=store.end, args=(room.code,))
        st.markdown("Deleting a room deletes every vote in it, at once and for good.")
        if st.button("Delete the room", icon=":material/delete:", type="primary"):
            store.delete(room.code)
            _go()
            st.rerun()


def _voting(code: str) -> None:
    """The way to vote, large; and how far the class is, drawn anew as votes come in."""
    link = voting_link(code, (st.context.url or "").rpartition("/")[0])
    picture, words = st.columns([2, 3], gap="large")
    with picture:
        st.image(_qr(link), width="stretch", alt="The link as a QR code")
    with words:
        st.header(link, anchor=False)
        st.markdown(f"Or open the app's address and type the code **{inert(code)}**")
        if not leads_elsewhere(link):
            st.warning(ALONE)
        st.fragment(_progress, run_every=polling.every(f"room-{code}"))(code)


def _qr(link: str) -> str:
    """The link as a QR code, black on white in either theme."""
    import segno

    return segno.make(link, error="m", micro=False).svg_inline(border=4, light="#FFFFFF", dark="#000000", scale=10)


def _progress(code: str) -> None:
    try:
        room, counts = room_store().room(code), room_store().counts(code)
    except ScpoError as error:
        st.error(inert(error))
        return
    joined, finished, votes = st.columns(3)
    joined.metric("joined", f"{counts.voters:,}", border=True)
    finished.metric("have finished", f"{counts.finished:,}", border=True)
    votes.metric("votes", f"{counts.votes:,}", border=True)
    st.caption(f"This room {_state(room)}. Up to {MOST_VOTERS} can vote.")


def _results(code: str) -> None:
    st.fragment(_population, run_every=2 * polling.every(f"room-{code}"))(code)


def _population(code: str) -> None:
    """What the votes say by now."""
    try:
        counts, asked = room_store().counts(code), room_questions(code)
        if not counts.votes:
            st.info(text.WAITING)
            return
        found = class_of(code, counts.votes)
    except ScpoError as error:
        st.error(inert(error))
        return
    st.markdown(f"**{counted(found.voters, 'voter')}, {counted(found.votes, 'vote')}**")
    whom, head = st.columns(2, gap="large")
    with whom:
        st.header("Whom is the class like?")
        country = nearest_country(found.served, found.nearest)
        near = text.nearest_sentence(country, found.served, found.nearest)
        st.markdown(f"{text.served_sentence(found.served)} {near}")
        alt = "Per model the share of the class's choices that it is right about, with 95 % intervals."
        chart(served_chart(found.served, asked.simulated), "room-served", alt, found.served, asked.simulated)
    with head:
        st.header("The class's own head")
        st.markdown(text.head_sentence(found.served, found.path))
        alt = "How alike the class's head and each country's have moved from the global model, over the voters."
        chart(path_chart(found.path, asked.simulated), "room-path", alt, found.path, asked.simulated)
    st.header("Are you alike?")
    st.markdown(text.halves_sentence(found.halves, len(asked)))
    st.caption(text.LIMITS)


def _in_and_out(room: Room) -> None:
    """Votes as csv, printed sheets, and votes of either brought in."""
    asked = room_questions(room.code)
    with st.expander("Votes out, and votes of a room without a network in"):
        with st.container(horizontal=True):
            for label, content, name, mime in (
                ("Votes (csv)", partial(_csv, room), "votes.csv", "text/csv"),
                ("Sheet to print (html)", partial(ballots.sheet, asked, room.name), "sheet.html", "text/html"),
            ):
                st.download_button(label, content, file_name=f"{room.code}-{name}", mime=mime, on_click="ignore")
        table, sheets = st.columns(2)
        with table, st.form("votes-csv", clear_on_submit=False):
            pasted = st.text_area("Votes as csv: user, pair, choice (A or B)", height=160, max_chars=ballots.LONGEST)
            if st.form_submit_button("Add these votes"):
                _add(room, ballots.from_csv, pasted)
        with sheets, st.form("votes-sheets", clear_on_submit=False):
            label = f"Sheets, one a line: {len(asked)} letters A or B, - for none"
            typed = st.text_area(label, height=160, max_chars=ballots.LONGEST)
            if st.form_submit_button("Add these sheets"):
                _add(room, ballots.from_sheets, typed)


def _csv(room: Room) -> str:
    return ballots.votes_csv(room_questions(room.code), room_store().votes(room.code), room.name)


def _add(room: Room, read: Callable[[str, int], pd.DataFrame], given: str) -> None:
    """Votes from outside as new voters, or what is wrong with them."""
    try:
        added = room_store().add(room.code, read(given, len(room_questions(room.code))))
    except ScpoError as error:
        st.error(inert(error))
    else:
        st.success(f"{counted(added, 'voter')} added.")
