"""The key, and the link that a class gets."""

import stat

import pytest

from scpo.errors import ConfigError, RoomError
from scpo.rooms import access


def test_rooms_are_off_until_they_are_asked_for(monkeypatch):
    for value, on in (("", False), ("0", False), ("1", True), ("http://192.168.1.20:8501", True)):
        monkeypatch.setenv(access.VARIABLE, value)
        assert access.rooms_are_on() == on
    monkeypatch.delenv(access.VARIABLE)
    assert not access.rooms_are_on()


def test_the_key_is_made_once_and_only_its_owner_reads_it(workspace):
    key = access.key()
    assert len(key) >= 22 and access.key() == key
    assert stat.S_IMODE((workspace / access.FILE).stat().st_mode) == 0o600
    assert access.is_key(key) and not any(map(access.is_key, (None, "", key[:-1], key + "x", "é")))


def test_an_empty_key_file_lets_nobody_in(workspace):
    workspace.mkdir()
    (workspace / access.FILE).write_text("")
    for given in ("", " ", "x"):
        with pytest.raises(RoomError, match="is empty") if given else pytest.MonkeyPatch.context():
            assert not access.is_key(given)


def test_the_link_of_a_room_is_by_the_address_that_the_class_has(monkeypatch):
    monkeypatch.setenv(access.VARIABLE, "1")
    assert access.voting_link("abc", "http://pc:8501/") == "http://pc:8501/vote?room=abc"
    monkeypatch.setenv(access.VARIABLE, "https://school.example/scpo/")
    assert access.voting_link("abc", "http://localhost:8501") == "https://school.example/scpo/vote?room=abc"
    monkeypatch.setenv(access.VARIABLE, "yes")
    with pytest.raises(ConfigError, match="SCPO_ROOMS is 'yes'; needed: 1, or the address"):
        access.voting_link("abc", "http://localhost:8501")


@pytest.mark.parametrize("named", ["http://[::1", "http://[x]:8501", "http://pc:99999999", "https://pc/" + "p" * 3000])
def test_what_no_browser_or_qr_code_takes_is_no_address(named, monkeypatch):
    monkeypatch.setenv(access.VARIABLE, named)
    with pytest.raises(ConfigError, match="SCPO_ROOMS is 'http.*; needed: 1, or the address") as told:
        access.voting_link("abc", "http://localhost:8501")
    assert len(str(told.value)) < 400


def test_a_link_to_this_machine_alone_is_known():
    for host in ("localhost", "localhost:8501", "127.0.0.1:80", "[::1]:8501"):
        assert not access.leads_elsewhere(f"http://{host}/vote?room=a")
    for host in ("192.168.1.20:8501", "school.example", "[fe80::1]:8501"):
        assert access.leads_elsewhere(f"https://{host}/vote?room=a")
