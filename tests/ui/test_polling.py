"""How often a session looks at a live run."""

import pytest
from streamlit.testing.v1 import AppTest

from scpo.ui import polling


@pytest.fixture(autouse=True)
def nobody_looks():
    polling._looks.clear()
    yield
    polling._looks.clear()


def look(run):
    """A new session that draws a page which looks at the run; returns the seconds it was told to wait."""

    def page(run):
        import streamlit as st

        from scpo.ui import polling

        st.session_state.every = polling.every(run)

    app = AppTest.from_function(page, args=(run,), default_timeout=300).run()
    assert not app.exception
    return app.session_state.every


@pytest.mark.parametrize("sessions, seconds", [(0, 2), (1, 2), (8, 2), (9, 4), (16, 4), (17, 8), (32, 8), (33, 16)])
def test_many_sessions_look_rarer(sessions, seconds):
    assert polling.interval(sessions) == seconds


def test_all_of_them_together_look_no_oftener_than_eight_would_and_none_is_taken_for_closed():
    for sessions in range(1, 121):
        assert sessions / polling.interval(sessions) <= polling.CLOSELY / polling.EVERY
    assert polling.interval(10**6) < polling.GONE


def test_sessions_are_counted_per_run_and_once_each():
    # Each AppTest has the same session id, so that others are written in here as they would be.
    assert look("a") == look("a") == 2
    for number in range(8):
        polling._looks()["a", f"other-{number}"] = polling.time.monotonic()
    assert look("a") == 4
    assert look("b") == 2


def test_a_closed_tab_counts_no_longer():
    long_ago = polling.time.monotonic() - polling.GONE - 1
    polling._looks().update({("a", f"closed-{number}"): long_ago for number in range(20)})
    assert look("a") == 2
    assert len(polling._looks()) == 1
