"""Runs in processes of their own: started once, found again, and told apart when they are gone."""

import json
import os
import signal
import threading
import time

import pytest

from scpo import runs
from scpo.config import ExperimentConfig
from scpo.jobs import launch


@pytest.fixture
def config(tiny_encoder):
    return ExperimentConfig(methods=("full",), seeds=1, steps=5, budgets=(50,), encoder=str(tiny_encoder))


def wait_for(condition, seconds=90):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.1)


def test_a_started_run_goes_on_by_itself_to_its_end(config, workspace):
    folder = launch.start(config, workspace)
    assert launch.state(folder) == "running" and folder in runs.list_runs(workspace)
    wait_for(lambda: launch.state(folder) == "done")
    assert runs.read(folder).config == config


def test_starting_twice_at_once_is_one_run(config, workspace):
    folders = []
    threads = [threading.Thread(target=lambda: folders.append(launch.start(config, workspace))) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(set(folders)) == 1
    wait_for(lambda: launch.state(folders[0]) == "done")
    assert launch.start(config, workspace) == folders[0]
    stages = [entry["stage"] for entry in runs.progress(folders[0], 10_000)]
    assert stages.count("done") == 1


def test_a_killed_run_is_lost_not_done_and_can_be_started_again(config, workspace):
    import dataclasses

    long = dataclasses.replace(config, steps=1_000_000, batch_size=1)
    folder = launch.start(long, workspace)
    os.kill(json.loads((folder / launch.PROCESS).read_text())["pid"], signal.SIGKILL)
    wait_for(lambda: launch.state(folder) == "lost")
    assert not runs.is_done(folder) and launch.start(long, workspace) == folder and launch.alive(folder)
    os.kill(json.loads((folder / launch.PROCESS).read_text())["pid"], signal.SIGKILL)


def test_a_number_of_another_process_is_not_mistaken_for_the_run(config, workspace):
    folder = launch.folder_for(config, workspace)
    runs.create(folder, config)
    runs.write_json(folder / launch.PROCESS, {"pid": os.getpid(), "began": 0.0})
    assert not launch.alive(folder) and launch.state(folder) == "lost"


def test_other_settings_get_another_folder(config, workspace):
    assert launch.folder_for(config, workspace) != launch.folder_for(ExperimentConfig(tau=0.6), workspace)
