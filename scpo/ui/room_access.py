"""The door of an app that is shown to a class: with rooms on, a session without the key has the voting page alone.

The key comes in a link that the app prints where it was started. It is taken out of the link at once, since the
projector shows the address bar, and kept by the teacher's browser in a cookie, so that a reload is not locked out.
Voters have no cookie.
"""

from __future__ import annotations

import sys

import streamlit as st

from scpo.errors import ScpoError
from scpo.format import inert
from scpo.rooms.access import FILE, is_key, key, rooms_are_on
from scpo.ui import session

COOKIE = "scpo-key"
KEEP = f"""export default ({{ data }}) => {{
    const safe = location.protocol === 'https:' ? '; Secure' : '';
    document.cookie = `{COOKIE}=${{data}}; path=/; SameSite=Strict${{safe}}`;
}}"""


def admitted() -> bool:
    """Whether this session may see every page."""
    if not rooms_are_on():
        return True
    try:
        _print_link()
        given = st.query_params.get(session.KEY)
        if given is not None:
            del st.query_params[session.KEY]
        if is_key(given):
            _admit()
        elif not st.session_state.get(session.ADMITTED) and is_key(st.context.cookies.get(COOKIE)):
            st.session_state[session.ADMITTED] = True
    except ScpoError as error:
        st.error(inert(error))
        return False
    if st.session_state.pop(session.REMEMBER, False):
        st.components.v2.component("keep-key", js=KEEP)(key="keep-key", data=key(), height=1)
    return bool(st.session_state.get(session.ADMITTED))


def door() -> None:
    """What a session without the key sees: the way to vote, and the way in for who has the key."""
    st.title("This app is shown to a class")
    ask_for_code()
    with st.expander("You teach this class?"):
        st.markdown(f"The key is in the link printed where the app was started, and in `{FILE}` of its workspace.")
        given = st.text_input("Key", type="password", key="door-key")
        if is_key(given):
            _admit()
            st.rerun()
        elif given:
            st.error("That is not the key.")


def ask_for_code() -> None:
    """A field for the code of a room."""
    with st.form("code", border=False):
        code = st.text_input("To vote, scan the code on the projector, or type the room's code:", max_chars=40)
        if st.form_submit_button("Go to the room", type="primary") and code.strip():
            st.switch_page("pages/vote.py", query_params={session.ROOM: code.strip()})


def _admit() -> None:
    st.session_state[session.ADMITTED] = st.session_state[session.REMEMBER] = True


@st.cache_resource(show_spinner=False)
def _print_link() -> None:
    """Once in the app's life, for who has started it: by this machine's own name, so that no network sees the key."""
    host, path = f"http://localhost:{st.get_option('server.port')}", st.get_option("server.baseUrlPath")
    base = f"{host}/{path}" if path else host
    link = f"{base}/?{session.KEY}={key()}"
    print(f"SCPO_ROOMS is on: without the key there is the voting page alone. Your own link: {link}", file=sys.stderr)
