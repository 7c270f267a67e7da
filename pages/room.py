"""Room: a class votes on phones and becomes one more population; opens rooms, and shows one on a projector."""

import streamlit as st

from scpo import ScpoError
from scpo.format import inert
from scpo.rooms.access import rooms_are_on
from scpo.ui import room, session
from scpo.ui.head import head

code = st.query_params.get(session.ROOM)
job = head("room", drawn=not code)
try:
    if not rooms_are_on():
        room.explain()
    elif code:
        room.project(code)
    else:
        room.choose(job)
except ScpoError as error:
    st.error(inert(error))
