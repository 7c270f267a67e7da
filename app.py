"""The app's router: `streamlit run app.py`. Each page is a thin script in `pages/`."""

import gc

import streamlit as st

from scpo.ui import room_access, theme
from scpo.ui.router import locked_menu, menu

st.set_page_config(page_title="SCPO: whose taste?", page_icon="static/icon.png", layout="wide")

try:
    if room_access.admitted():
        st.navigation(menu(), expanded=True).run()
    else:  # shown to a class, and this session has no key
        st.navigation(locked_menu(room_access.door), position="hidden").run()
finally:  # also below a page that ends early
    theme.watch()

if not gc.get_freeze_count():  # once in the app's life, when its modules are loaded
    # They stay to the end. Python's collector leaves them out from now on, so that it is quick and comes round more
    # often to what the pages leave behind.
    gc.collect()
    gc.freeze()
