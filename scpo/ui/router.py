"""The menu of the app; keeps app.py in charge of the pages, and says so where a link leads to none.

When the first link opened after a start leads straight to a page, Streamlit discovers the folder
`pages/` in its older way and runs that page without app.py, until st.navigation has run once.
Each page calls `ensure_router` first, so that such a link looks like every other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st
from streamlit.errors import StreamlitAPIException
from streamlit.navigation.page import Page
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from scpo.format import inert
from scpo.ui import session

VOTE, DOOR = "vote", "door"  # pages outside the menu, by their addresses
MOST = 80  # characters of a name that are shown
MENU = {  # group -> page -> title, icon
    "Learn": {"learn": ("Lesson", "school"), "room": ("Room", "groups")},
    "Explore": {
        "overview": ("Overview", "home"),
        "bias": ("Bias", "balance"),
        "accuracy": ("Accuracy", "target"),
        "efficiency": ("Efficiency", "trending_up"),
        "steer": ("Steer", "tune"),
        "selection": ("Filter and weight", "filter_alt"),
        "paper": ("The paper", "article"),
    },
    "Build": {
        "data": ("Data", "table_view"),
        "train": ("Train", "model_training"),
        "runs": ("Runs", "history"),
        "study": ("Study", "query_stats"),
    },
}
TITLES = {page: title for group in MENU.values() for page, (title, _) in group.items()}


def vote_page() -> Page:
    """The page that a class's phones open, outside the menu."""
    return st.Page("pages/vote.py", title="Vote", url_path=VOTE, visibility="hidden")


def menu() -> dict[str, list[Page]]:
    """The pages of each group, the front door first opened; the page for a link to none of them is hidden."""
    groups = {
        group: [
            st.Page(f"pages/{page}.py", title=title, icon=f":material/{icon}:", default=page == "overview")
            for page, (title, icon) in pages.items()
        ]
        for group, pages in MENU.items()
    }
    return groups | {"": [vote_page(), *no_such_page(sum(groups.values(), []))]}


def locked_menu(door: Callable[[], None]) -> list[Page]:
    """What a session without the key has: the voting page, and the door for every other link."""
    asked = _asked()
    pages = [st.Page(door, title="Vote", url_path=DOOR, default=True), vote_page()]
    return [*pages, *(_hidden(door, "Vote", asked) if asked not in (None, VOTE, DOOR) else [])]


def ensure_router() -> None:
    """Run again through app.py if Streamlit has discovered this page without it.

    Streamlit's own flag is everybody's, and another session may have put it out since this page began.
    """
    if _was_discovered():
        PagesManager.uses_pages_directory = False
        st.rerun()


def _was_discovered() -> bool:
    """Whether this page runs without app.py, which is then one of several pages itself."""
    context = get_script_run_ctx()
    if not context:
        return False
    pages = context.pages_manager.get_pages()
    main = Path(context.pages_manager.main_script_path).resolve()
    return len(pages) > 1 and main in {Path(page["script_path"]).resolve() for page in pages.values()}


def no_such_page(pages: Sequence[Page]) -> list[Page]:
    """A page for the link that leads to none of these, which says so and lists them; empty for any other link.

    Without it Streamlit shows the first page, as if that had been asked for.
    """
    asked = _asked()
    if asked and asked not in (VOTE, *TITLES):
        st.session_state[session.NO_PAGE] = asked  # later drawings of the page know only its hash
    name = st.session_state.get(session.NO_PAGE)

    def missing() -> None:
        st.title("There is no such page")
        st.markdown(f"The link leads to {inert(repr(name[:MOST]))}, which this app does not have. It has:")
        for page in pages:
            st.page_link(page)

    return _hidden(missing, "No such page", name) if name else []


def _asked() -> str | None:
    """The name of the page that the link leads to; None for the first page."""
    context = get_script_run_ctx()
    return (context.pages_manager.intended_page_name if context else None) or None


def _hidden(draw: Callable[[], None], title: str, name: str) -> list[Page]:
    """A page of this name outside the menu; none if no page can have the name."""
    try:
        return [st.Page(draw, title=title, url_path=name, visibility="hidden")]
    except StreamlitAPIException:
        return []
