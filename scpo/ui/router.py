"""Keeps app.py in charge of the pages.

When the first link opened after a start leads straight to a page, Streamlit discovers the folder
`pages/` in its older way and runs that page without app.py, until st.navigation has run once.
Each page calls `ensure_router` first, so that such a link looks like every other.
"""

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager


def ensure_router() -> None:
    """Run again through app.py if Streamlit has discovered this page without it."""
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()
