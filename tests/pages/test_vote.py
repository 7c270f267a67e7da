"""The voting page: one pair after another, and a reload goes on where it was."""

import pytest

from scpo.rooms import store as store_module
from scpo.rooms.ballots import order
from scpo.ui.cache import room_store

from drawn_pages import opened, press
from fakes import demo_questions

DEMO = demo_questions()


@pytest.fixture
def code(workspace, monkeypatch):
    """The code of an open room."""
    monkeypatch.setenv("SCPO_ROOMS", "1")
    monkeypatch.setattr(store_module, "FASTEST", 0.0)
    return room_store().open(DEMO, "7b").code


def voter(app):
    """The token in the link."""
    token = app.query_params["voter"]
    return token[0] if isinstance(token, list) else token


def test_a_voter_chooses_between_the_answers_of_every_pair_and_is_thanked(code):
    app = press(opened("vote", room=code), "Start")
    token = voter(app)
    expected = []
    for place, (pair, turned) in enumerate(order(token, len(DEMO))):
        assert app.get("progress")[0].proto.text == f"{place + 1} of 20"
        left, right = DEMO.left[pair], DEMO.right[pair]
        assert [text.value for text in app.text] == [DEMO.prompts[pair], *((right, left) if turned else (left, right))]
        press(app, "A is better" if place % 2 else "B is better")
        expected.append((pair, turned != bool(place % 2)))
    assert "Thank you" in app.success[0].value and not app.button
    votes = room_store().votes(code)
    assert dict(zip(votes["pair"], votes["left"], strict=True)) == dict(expected)


def test_a_start_pressed_twice_makes_one_voter(code):
    app = opened("vote", room=code)
    app.button[0].click().run()
    del app.query_params["voter"]
    press(app.run(), "Start")
    assert room_store().counts(code).voters == 1


def test_a_phone_that_loses_its_network_goes_on_where_it_was(code):
    app = press(press(opened("vote", room=code), "Start"), "A is better")
    again = opened("vote", room=code, voter=voter(app))
    assert again.get("progress")[0].proto.text == "2 of 20"
    assert [text.value for text in again.text] == [text.value for text in app.text]


def test_a_room_that_has_ended_says_so_and_takes_nothing(code):
    app = press(opened("vote", room=code), "Start")
    room_store().end(code)
    app = press(app, "A is better")
    assert "This room has ended" in app.warning[0].value and "0 of 20" in app.info[0].value and not app.button
    assert "This room has ended" in opened("vote", room=code).info[0].value and not len(room_store().votes(code))


@pytest.mark.parametrize("wrong", ["", "x", "0" * 12, "<b>x</b>"])
def test_a_wrong_code_asks_for_another(code, wrong):
    app = opened("vote", room=wrong)
    assert [error.value[:13] for error in app.error] == ["There is no r"] * bool(wrong) and len(app.text_input) == 1


def test_a_link_of_no_voter_is_a_sentence(code):
    assert "This link is of no voter" in opened("vote", room=code, voter="x" * 22).error[0].value


def test_a_room_deleted_while_one_votes_is_a_sentence(code):
    app = press(opened("vote", room=code), "Start")
    room_store().delete(code)
    app = press(app, "A is better")
    assert "There is no room with this code" in app.error[0].value


def test_a_full_room_says_so(code, monkeypatch):
    monkeypatch.setattr(store_module, "MOST_VOTERS", 0)
    assert "This room is full" in press(opened("vote", room=code), "Start").warning[0].value


def test_rooms_that_are_off_are_a_sentence(code, monkeypatch):
    monkeypatch.delenv("SCPO_ROOMS")
    assert "Rooms are off" in opened("vote", room=code).info[0].value
