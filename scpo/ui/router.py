"""Keeps app.py in charge of the pages, and says so where a link leads to none.

When the first link opened after a start leads straight to a page, Streamlit discovers the folder
`pages/` in its older way and runs that page without app.py, until st.navigation has run once.
Each page calls `ensure_router` first, so that such a link looks like every other.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.errors import StreamlitAPIException
from streamlit.navigation.page import Page
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from scpo.format import inert
from scpo.ui import session

MOST = 80  # characters of a name that are shown


def ensure_router() -> None:
    """Run again through app.py if Streamlit has discovered this page without it."""
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()


def no_such_page(pages: Sequence[Page]) -> list[Page]:
    """A page for the link that leads to none of these, which says so and lists them; empty for any other link.

    Without it Streamlit shows the first page, as if that had been asked for.
    """
    context = get_script_run_ctx()
    asked = context.pages_manager.intended_page_name if context else None
    if asked and asked not in [page.url_path for page in pages]:
        st.session_state[session.NO_PAGE] = asked  # later drawings of the page know only its hash
    name = st.session_state.get(session.NO_PAGE)

    def missing() -> None:
        st.title("There is no such page")
        st.markdown(f"The link leads to {inert(repr(name[:MOST]))}, which this app does not have. It has:")
        for page in pages:
            st.page_link(page)

    try:
        return [st.Page(missing, title="No such page", url_path=name, visibility="hidden")] if name else []
    except StreamlitAPIException:  # a name that no page can have
        return []
