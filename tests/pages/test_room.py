"""The page Room: off, opened, on a projector, with votes out and in."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from scpo import runs
from scpo.errors import RoomError
from scpo.jobs.store import open_store
from scpo.lesson.texts import STEPS
from scpo.rooms.ballots import votes_csv
from scpo.ui import room as page
from scpo.ui.cache import room_store

from drawn_pages import opened, press
from fakes import demo_questions, planted_votes

DEMO = demo_questions()


@pytest.fixture
def rooms_on(workspace, monkeypatch):
    monkeypatch.setenv("SCPO_ROOMS", "http://192.168.1.20:8501")


def words(app):
    kinds = (app.title, app.header, app.markdown, app.caption, app.info, app.warning, app.error, app.success)
    return " ".join(str(element.value) for kind in kinds for element in kind)


def test_rooms_are_off_until_the_app_is_started_with_them(workspace):
    app = opened("room")
    assert "Rooms are off" in words(app) and "SCPO_ROOMS=" in app.code[0].value and not app.button
    assert "Rooms are off" in words(opened("room", room="x" * 12))


def test_a_teacher_opens_a_room_on_the_demo_run_and_the_projector_shows_link_and_counts(rooms_on):
    app = press(opened("room"), "Open a room")
    room = room_store().rooms()[0]
    assert f"http://192.168.1.20:8501/vote?room={room.code}" in words(app) and len(app.get("image")) == 1
    assert [metric.value for metric in app.metric] == ["0", "0", "0"]
    assert room_store().questions(room.code).prompts == DEMO.prompts
    room_store().vote(room.code, room_store().join(room.code), 0, True)
    assert [metric.value for metric in app.run().metric] == ["1", "0", "1"]


def test_the_results_of_a_class_say_whom_it_is_like(rooms_on):
    code = room_store().open(DEMO, "7b").code
    query = {"room": code, "room-view": "Results"}
    assert "Nobody has voted yet" in words(opened("room", **query))
    room_store().add(code, planted_votes(DEMO, "Cindara", 3))
    assert "no interval: of 3 voters, needed 8" in words(opened("room", **query))
    room_store().add(code, planted_votes(DEMO, "Cindara", 20, seed=1))
    said = words(opened("room", **query))
    assert "**Cindara**'s is right about the most" in said and "It serves the class better than the global" in said
    assert "most alike Cindara's" in said and "Two random halves of the class" in said and "nan" not in said


def test_votes_are_pasted_as_csv_or_typed_from_sheets_and_faults_are_named(rooms_on):
    code = room_store().open(DEMO, "7b").code
    app = opened("room", room=code)
    app.text_area[0].set_value("user,pair,choice\n1,99,A\n")
    assert "row 2: pair '99'" in words(press(app, "Add these votes")) and not len(room_store().votes(code))
    app.text_area[0].set_value(votes_csv(DEMO, planted_votes(DEMO, "Galune", 2), "7b"))
    assert "2 voters added." in words(press(app, "Add these votes"))
    app.text_area[1].set_value("AB" * 10)
    assert "1 voter added." in words(press(app, "Add these sheets"))
    assert room_store().counts(code).votes == 60


def test_a_room_is_ended_and_deleted_from_its_page(rooms_on):
    code = room_store().open(DEMO, "7b").code
    app = press(opened("room", room=code), "Take no more votes")
    assert not room_store().room(code).is_open and "has ended" in words(app)
    app = press(app, "Delete the room")
    assert room_store().rooms() == [] and app.title[0].value == "The class becomes a country"
    assert "There is no room with this code" in words(opened("room", room=code))


def test_a_link_that_no_phone_can_open_is_told(workspace, monkeypatch):
    monkeypatch.setenv("SCPO_ROOMS", "http://localhost:8501")
    assert "no phone can open it" in words(opened("room", room=room_store().open(DEMO).code))
    monkeypatch.setenv("SCPO_ROOMS", "yes")
    assert "needed: 1, or the address" in words(opened("room", room=room_store().open(DEMO).code))


def test_a_room_on_a_run_asks_that_runs_pairs_and_one_without_linear_heads_or_models_is_refused(
    rooms_on, demo_run, workspace, monkeypatch
):
    folder = workspace / "runs" / "finished"
    shutil.copytree(demo_run, folder)
    job = open_store(workspace).jobs()[0]
    press(opened("room", run=job.id), "Open a room")
    asked = room_store().questions(room_store().rooms()[0].code)
    assert len(asked) == len(DEMO) and asked.countries == DEMO.countries and asked.prompts != DEMO.prompts
    assert np.allclose(asked.gram, asked.gram.T) and np.linalg.eigvalsh(asked.gram).min() > -1e-3
    whole = replace(job, config=replace(job.config, hidden=4))
    with pytest.raises(RoomError, match="no linear heads"):
        page._asked(whole)
    with pytest.raises(RoomError, match="is running; a room needs a finished run"):
        page._asked(replace(job, state="running"))
    result = runs.read(folder)
    untrained = replace(result, config=replace(result.config, methods=("global",)))
    monkeypatch.setattr(page, "finished_run", lambda _: untrained)
    with pytest.raises(RoomError, match="trained no model, which a room needs"):
        page._asked(job)


def test_the_last_step_of_the_lesson_and_the_overview_lead_to_a_room(workspace):
    for name, query in (("learn", {"step": str(len(STEPS))}), ("overview", {})):
        app = opened(name, **query)
        assert any("Open a room" in caption.value for caption in app.caption), name  # a link, under the router
