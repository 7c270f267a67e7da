"""Vote: the page that a class's phones open; outside the menu, and the only one that needs no key."""

import streamlit as st

from scpo import ScpoError
from scpo.format import inert
from scpo.ui import voting
from scpo.ui.router import ensure_router

ensure_router()
st.set_page_config(page_title="Which answer is better?", layout="centered")
try:
    voting.page()
except ScpoError as error:
    st.error(inert(error))
