"""How often a session looks at a live run: rarer the more sessions watch, so that watching costs a run little.

Each look draws a page anew on the machine that trains. Up to CLOSELY sessions look every EVERY seconds; with
each doubling beyond that, half as often. So a hundred sessions cost a run no more than the first eight do.
"""

from __future__ import annotations

import time

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

EVERY, CLOSELY = 2.0, 8
GONE = 60.0  # seconds without a look after which a session counts as closed


@st.cache_resource(show_spinner=False)
def _looks() -> dict[tuple[str, str], float]:
    """(run, session) -> when it last looked; shared by all sessions."""
    return {}


def every(run: str) -> float:
    """Count this session among those that watch a run; returns the seconds until it should look again."""
    looks, now = _looks(), time.monotonic()
    looks[run, get_script_run_ctx().session_id] = now
    for key, last in list(looks.items()):
        if now - last > GONE:
            looks.pop(key, None)
    return interval(sum(watched == run for watched, _ in list(looks)))


def interval(sessions: int) -> float:
    """Seconds between two looks of one session when so many watch."""
    doublings = max(0, (max(sessions, 1) - 1) // CLOSELY).bit_length()
    return min(EVERY * 2**doublings, GONE / 2)
