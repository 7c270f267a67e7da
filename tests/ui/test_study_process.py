"""The study's process: its command, one at a time, and what it has said."""

from threading import Timer

import pytest
from filelock import FileLock

from scpo.errors import RunFolderError
from scpo.jobs import launch
from scpo.study import folder as study_folder
from scpo.ui import study_process


def test_it_is_started_with_the_command_that_the_page_shows_and_its_last_line_is_told(workspace, monkeypatch):
    asked = []

    class Ended:
        pid, returncode = 0, 1

        def __init__(self, command, stdout, **_):
            asked.append(command[1:])
            stdout.write(b"world 1 of 6: 9 of 85 experiments, 3 s\n\n")

        def wait(self):
            return 1

    monkeypatch.setattr(launch.subprocess, "Popen", Ended)
    monkeypatch.setattr(launch.psutil, "Process", lambda pid: type("P", (), {"nice": lambda self, by: None})())
    assert study_process.last_word() == ""
    study_process.start_study()
    assert asked == [["-m", "scpo", "study", "when", "--worlds", "6"]]
    assert study_process.last_word() == "world 1 of 6: 9 of 85 experiments, 3 s"


def test_one_process_measures_a_study_at_a_time(tmp_path):
    place = tmp_path / "studies" / "when"
    with study_folder.measured_here(place):
        assert study_folder.being_measured(place)
        with (
            pytest.raises(RunFolderError, match="being measured by another process"),
            study_folder.measured_here(place),
        ):
            pass
    assert not study_folder.being_measured(place)


def test_a_study_is_not_kept_from_its_place_by_one_who_only_looks_whether_it_is_measured(tmp_path):
    place = tmp_path / "studies" / "when"
    place.parent.mkdir()
    looks = FileLock(place.parent / ".when.lock", thread_local=False)  # which another thread may give back
    looks.acquire()
    Timer(0.1, looks.release).start()
    with study_folder.measured_here(place):
        assert study_folder.being_measured(place)
