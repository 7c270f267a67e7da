"""`jobs` and `worker` on the command line: what they print, where, and exit codes."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from job_states import in_state

from scpo import runs
from scpo.cli import main
from scpo.config import ExperimentConfig
from scpo.jobs.leases import Leases
from scpo.jobs.process import worker_name
from scpo.runs.progress_log import read_progress

from fakes import scored_rows

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def no_workers(monkeypatch):
    """No process is started behind a test's back."""
    monkeypatch.setenv("SCPO_WORKERS", "0")


@pytest.fixture
def command(capsys):
    """Runs a command; its exit code, stdout and stderr, which never show a trace."""

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    return run


def test_an_empty_workspace_lists_no_jobs_and_says_how_to_make_one(command):
    assert command("jobs", "list") == (0, "no jobs yet; `python -m scpo run --out DIR` or the app makes one.\n", "")
    assert command("jobs", "list", "--json")[1] == "[]\n"


def test_list_has_a_line_for_each_job_and_json_all_of_it(store, command):
    jobs = {state: in_state(store, state) for state in ("done", "failed", "cancelled", "lost", "running", "queued")}
    code, out, err = command("jobs", "list")
    lines = out.splitlines()
    assert code == 0 and err == "" and len(lines) == 7
    for state, job in jobs.items():
        assert any(job.id in line and state in line and job.name in line for line in lines)
    records = {record["id"]: record for record in json.loads(command("jobs", "list", "--json")[1])}
    for state, job in jobs.items():
        assert records[job.id]["state"] == state and records[job.id]["folder"] == str(job.folder)
        assert ExperimentConfig.from_dict(records[job.id]["config"]) == job.config


def test_show_has_state_settings_message_and_log(store, command):
    job = in_state(store, "failed")
    runs.create(job.folder, job.config)
    (job.folder / "log.txt").write_text("the last line\n")
    store.annotate(job.id, "my note")
    for name in (job.id, job.folder):
        code, out, _ = command("jobs", "show", name)
        assert code == 0
        assert all(part in out for part in (job.id, "failed", "why", "my note", '"tau": 0.7', "the last line"))
    assert json.loads(command("jobs", "show", job.id, "--json")[1])["message"] == "why"


@pytest.mark.parametrize("action", ["show", "follow", "cancel", "resume", "delete"])
@pytest.mark.parametrize("name", ["nobody", "../../etc", "\udcff", ""])
def test_a_job_that_is_not_there_exits_with_2_and_says_where_to_look(command, action, name):
    code, out, err = command("jobs", action, name)
    assert code == 2 and out == "" and "there is no job" in err and "jobs list" in err


@pytest.mark.parametrize("state, code", [("done", 0), ("failed", 1), ("lost", 1), ("cancelled", 130)])
def test_follow_exits_with_the_end_of_the_job(store, command, state, code):
    job = in_state(store, state)
    exit_code, out, err = command("jobs", "follow", job.id)
    assert exit_code == code and out.startswith(f"{job.id}: {state}. ")


def test_follow_watches_until_the_end_on_stderr(file_store, command, tmp_path):
    job = in_state(file_store, "running")
    Leases(file_store.table).renew(job, "train", 0.5, 3.0)
    job.folder.mkdir(parents=True, exist_ok=True)
    (job.folder / "log.txt").write_text("12:00 INFO begun\n12:01 WARNING the node 10.0.0.2 does not answer\n")
    code = (
        "import sys, time; from scpo.jobs.leases import Leases; from scpo.jobs.store import open_store\n"
        "s = open_store(); j = s.get(sys.argv[1])\n"
        "time.sleep(1); Leases(s.table).finish(j, 'failed', 'it broke')"
    )
    process = subprocess.Popen([sys.executable, "-c", code, job.id], cwd=ROOT)
    exit_code, out, err = command("jobs", "follow", job.id)
    assert process.wait(60) == 0
    assert (exit_code, out) == (1, f"{job.id}: failed. it broke\n") and "50%" in err and "train" in err
    assert err.count("warning: the node 10.0.0.2 does not answer") == 1 and "begun" not in err


def test_cancel_says_what_will_happen(store, command):
    queued, running = in_state(store, "running"), in_state(store, "queued")
    assert command("jobs", "cancel", running.id)[:2] == (0, f"{running.id}: cancelled\n")
    assert command("jobs", "cancel", queued.id)[:2] == (0, f"{queued.id}: will end at its next safe point\n")
    assert "cancelling" in command("jobs", "list")[1]


def test_resume_queues_again_and_refuses_what_is_done(store, command):
    job, done = in_state(store, "lost"), in_state(store, "done")
    code, _, err = command("jobs", "resume", job.id)
    assert code == 0 and f"jobs follow {job.id}" in err and store.get(job.id).state == "queued"
    assert command("jobs", "resume", done.id)[0] == 2


def test_delete_hides_and_undo_brings_back(store, command):
    job, running = in_state(store, "done"), in_state(store, "running")
    code, out, _ = command("jobs", "delete", job.id)
    assert code == 0 and f"jobs delete --undo {job.id}" in out and job.id not in command("jobs", "list")[1]
    assert "deleted" in command("jobs", "list", "--deleted")[1]
    assert command("jobs", "delete", "--undo", job.id)[:2] == (0, f"{job.id}: is back\n")
    assert command("jobs", "delete", running.id)[0] == 2 and runs.is_done(job.folder)


@pytest.mark.parametrize("arguments", [["jobs"], ["jobs", "explode", "x"], ["jobs", "show"], ["worker", "--idle", "x"]])
def test_a_command_that_is_none_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2 and "usage" in capsys.readouterr().err


def test_a_worker_takes_no_negative_idleness(command):
    code, _, err = command("worker", "--idle", "-1")
    assert code == 2 and "--idle is -1.0" in err


def run_arguments(tmp_path, tiny_encoder, steps):
    scored_rows(60).to_csv(tmp_path / "rows.csv", index=False)
    data = ["--dataset", "file", "--data-file", tmp_path / "rows.csv", "--test-share", "0.3"]
    small = ["--methods", "full", "--seeds", "1", "--budgets", "10", "--encoder", tiny_encoder, "--steps", steps]
    return ["run", *data, *small, "--quiet", "--out", tmp_path / "out"]


def test_a_run_is_a_job_and_one_that_was_cancelled_goes_on(file_store, command, tmp_path, tiny_encoder):
    assert command(*run_arguments(tmp_path, tiny_encoder, 5))[0] == 0
    job = file_store.get(tmp_path / "out")
    assert (job.state, job.name, job.attempt) == ("done", "out", 1)
    assert command("jobs", "follow", tmp_path / "out")[:2] == (0, f"{job.id}: done. {tmp_path / 'out'}\n")


def test_ctrl_c_of_a_run_is_a_cancelled_job_that_a_worker_goes_on_with(file_store, command, tmp_path, tiny_encoder):
    arguments = [str(a) for a in run_arguments(tmp_path, tiny_encoder, 400_000)]
    process = subprocess.Popen([sys.executable, "-m", "scpo", *arguments], cwd=ROOT, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 300
    while not any("accuracy" in e for e in read_progress(tmp_path / "out")) and time.monotonic() < end:
        time.sleep(0.05)
    twice = command(*arguments)
    assert twice[0] == 2 and "is being worked on by another process; follow it: jobs follow" in twice[2]
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    job = file_store.get(tmp_path / "out")
    assert job.state == "cancelled" and "what is shown is partial" in job.message
    assert command("jobs", "resume", tmp_path / "out")[0] == 0
    assert Leases(file_store.table).claim(worker_name()).folder == tmp_path / "out"


def test_a_run_goes_on_where_the_job_database_cannot_be_used(
    command, workspace, tmp_path, tiny_encoder, caplog, monkeypatch
):
    workspace.mkdir()
    (workspace / "jobs.sqlite").write_bytes(b"damaged" * 1000)
    monkeypatch.setenv("SCPO_CACHE_DIR", str(tmp_path / "cache"))
    code, _, err = command(*run_arguments(tmp_path, tiny_encoder, 5))
    assert code == 0 and runs.is_done(tmp_path / "out")
    assert "The run goes on, but `jobs` will not list it" in caplog.text
    code, _, err = command("jobs", "list")
    assert code == 1 and "move it away to start a new one" in err
