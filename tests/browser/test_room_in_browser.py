"""A class in a browser: the teacher opens a room with the key, a phone votes and sees nothing but the voting page."""

import re

import pytest
from faults import serious_faults

from screenshots import app_server, new_context, settle, watched_page

pytestmark = pytest.mark.browser
CLOSED = "This app is shown to a class"


def test_a_teacher_opens_a_room_and_a_phone_votes_and_gets_nowhere_else(browser, tmp_path, monkeypatch):
    monkeypatch.setenv("SCPO_ROOMS", "1")
    with app_server(tmp_path) as address:
        teacher = watched_page(new_context(browser, 1400, "light"), address)
        teacher.goto(f"{address}/train")
        settle(teacher, CLOSED)
        key = (tmp_path / "rooms.key").read_text()
        teacher.goto(f"{address}/room?key={key}")
        settle(teacher, "It ends by itself after")
        assert key not in teacher.url
        teacher.get_by_role("button", name="Open a room").click()
        teacher.wait_for_url(re.compile("room="))
        settle(teacher, "have finished")
        link = re.search(r"http\S+/vote\?room=\S+", teacher.get_by_role("heading", name="/vote").inner_text())[0]
        assert serious_faults(teacher) == []
        phone = watched_page(new_context(browser, 420, "light"), address)
        phone.goto(link)
        phone.get_by_role("button", name="Start").click()
        phone.wait_for_url(re.compile("voter="))
        settle(phone, "1 of 20")
        phone.get_by_role("button", name="B is better").click()
        settle(phone, "2 of 20")
        assert serious_faults(phone) == []
        assert phone.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth") <= 420
        phone.reload()
        settle(phone, "2 of 20")
        assert key not in str(phone.context.cookies())
        teacher.reload()  # whose browser has the key
        settle(teacher, "have finished")
        assert [box.inner_text() for box in teacher.get_by_test_id("stMetricValue").all()] == ["1", "0", "1"]
        for page in ("", "runs", "room", "nowhere"):
            phone.goto(f"{address}/{page}")
            settle(phone, CLOSED)
            assert not phone.get_by_test_id("stSidebarNavLink").count()
        for page in (teacher, phone):
            assert page.refused == []
            page.context.close()
