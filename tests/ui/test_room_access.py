"""With rooms on, who comes without the key has the voting page and nothing else."""

from pathlib import Path

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from scpo.rooms.access import key
from scpo.ui import context, room_access, router, session
from scpo.ui.cache import room_store

from fakes import demo_questions

APP = str(Path(__file__).parents[2] / "app.py")
CLOSED = "This app is shown to a class"


@pytest.fixture
def rooms_on(workspace, monkeypatch):
    """An app that is shown to a class."""
    monkeypatch.setenv("SCPO_ROOMS", "1")


def opened(page="", **query):
    app = AppTest.from_file(APP, default_timeout=300)
    app.query_params.update(query)
    if page:
        app.switch_page(f"pages/{page}.py")
    app.run()
    assert not app.exception
    return app


def test_a_link_to_any_page_leads_to_the_door(rooms_on):
    for page in ("overview", "room", "train"):
        app = opened(page)
        assert [title.value for title in app.title] == [CLOSED] and not app.metric and not app.get("page_link")


def test_a_link_that_comes_while_another_session_starts_the_app_leads_to_the_door_too(rooms_on, monkeypatch):
    def later():
        """The flag by which Streamlit runs pages without app.py is everybody's, and another session has put it out."""
        met.append(PagesManager.uses_pages_directory)
        PagesManager.uses_pages_directory = False
        router.ensure_router()

    met = []
    monkeypatch.setattr(context, "ensure_router", later)
    assert [title.value for title in opened("runs").title] == [CLOSED]
    assert met == [True]


@pytest.mark.parametrize("given", ["", "x" * 22, "é"])
def test_another_key_opens_nothing_and_leaves_the_link(given, rooms_on):
    app = opened("train", key=given)
    assert [title.value for title in app.title] == [CLOSED] and "key" not in app.query_params


def test_the_link_of_a_room_leads_to_the_voting_page(rooms_on):
    app = opened("vote", room=room_store().open(demo_questions(), "7b").code)
    assert [title.value for title in app.title] == ["Which answer is better?"]
    assert [button.label for button in app.button] == ["Start"] and "7b" in app.markdown[0].value


def test_with_the_key_every_page_is_there_and_the_key_leaves_the_link(rooms_on):
    app = opened("room", key=key())
    assert app.title[0].value == "The class becomes a country" and "key" not in app.query_params
    app.switch_page("pages/runs.py").run()
    assert app.title[0].value == "Runs" and not app.exception


def test_the_key_can_be_typed_at_the_door_and_another_one_is_refused(rooms_on):
    app = opened()
    app.text_input(key="door-key").set_value("guess").run()
    assert app.error[0].value == "That is not the key."
    app.text_input(key="door-key").set_value(key()).run()
    assert app.session_state[session.ADMITTED] and app.title[0].value != CLOSED


def test_without_rooms_no_key_is_needed_and_none_is_made(workspace):
    assert opened().title[0].value == "Whom does it serve?"
    assert not (workspace / "rooms.key").exists()


def test_a_key_that_cannot_be_read_admits_nobody(rooms_on, workspace):
    workspace.mkdir(exist_ok=True)
    (workspace / "rooms.key").write_text("")
    app = opened("train")
    assert "rooms.key is empty" in app.error[0].value and CLOSED in app.title[0].value


def test_the_teachers_link_is_printed_once_where_the_app_was_started(rooms_on, capsys):
    room_access._print_link.clear()
    opened(), opened("train")
    printed = [line for line in capsys.readouterr().err.splitlines() if "SCPO_ROOMS is on" in line]
    assert len(printed) == 1 and printed[0].endswith(f"http://localhost:8501/?key={key()}")
