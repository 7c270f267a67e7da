"""Workers: real processes that are cancelled, killed, ended, left without work; and faults of the machine around them."""

import contextlib
import dataclasses
import errno
import logging
import os
import shutil
import signal
import sqlite3
import threading
import time

import psutil
import pytest

from scpo import runs
from scpo.config import DataConfig, ExperimentConfig
from scpo.errors import RunFolderError
from scpo.jobs import cluster, launch, schema
from scpo.jobs.host import worker_name
from scpo.jobs.store import Store
from scpo.jobs.worker import serve, work
from scpo.training import checkpoint

from fakes import scored_rows


@pytest.fixture(scope="module")
def config(tmp_path_factory, tiny_encoder):
    path = tmp_path_factory.mktemp("data") / "rows.csv"
    scored_rows(60).to_csv(path, index=False)
    data = DataConfig("file", (str(path),), test_share=0.3)
    return ExperimentConfig(data, methods=("full",), seeds=1, steps=5, budgets=(10,), encoder=str(tiny_encoder))


@pytest.fixture(scope="module")
def endless(config):
    return dataclasses.replace(config, steps=1_000_000, batch_size=2)


def until(condition, seconds=60.0):
    """Wait until it holds; how long that took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "waited in vain"
        time.sleep(0.02)
    return time.monotonic() - began


def run_one(store: Store, config, **options):
    """Submit, claim and work here; the job as it is then."""
    job = store.submit(config)
    with contextlib.suppress(AttributeError):
        work(store, store.claim(worker_name()), **options)
    return store.get(job.id)


@pytest.fixture
def alone(monkeypatch):
    """Workers that this test starts end soon after their last job, and at the latest with the test."""
    monkeypatch.setattr(launch, "IDLE_SECONDS", 0.5)
    yield
    for child in psutil.Process().children():
        if "worker" in child.cmdline():
            child.kill()
            child.wait(30)


def worker_processes():
    return [child for child in psutil.Process().children() if "worker" in child.cmdline()]


def training(store, id):
    return lambda: any("accuracy" in entry for entry in runs.progress(store.get(id).folder))


# processes


def test_a_started_job_gets_done_and_its_worker_ends_when_idle(file_store, config, alone):
    job = launch.start(config, file_store, "mine")
    assert launch.ensure_workers(file_store) == 0  # one is on its way
    until(lambda: file_store.get(job.id).state == "done")
    took = until(lambda: file_store.waiting()[1] == [])
    print(f"\nworker ended {took:.1f} s after its last job with 0.5 s of idleness allowed")
    until(lambda: not worker_processes())
    assert runs.read(job.folder).config == config and file_store.get(job.id).attempt == 1


def test_cancel_ends_a_training_within_2_seconds_and_what_it_reached_is_marked_partial(file_store, endless, alone):
    job, times = launch.start(endless, file_store), []
    for _ in range(3):
        until(lambda: file_store.get(job.id).state == "running")
        until(training(file_store, job.id))
        file_store.cancel(job.id)
        times.append(until(lambda: file_store.get(job.id).state == "cancelled"))
        if len(times) < 3:
            (job.folder / "progress.jsonl").unlink()
            launch.resume(job.id, file_store)
    print("\ncancelled after", ", ".join(f"{seconds:.2f} s" for seconds in times))
    assert min(times) < 2
    ended = file_store.get(job.id)
    assert "of 1000000; what is shown is partial" in ended.message and not ended.cancelling
    assert [e["accuracy"] for e in runs.progress(ended.folder) if "accuracy" in e]
    with pytest.raises(RunFolderError, match="not finished"):
        runs.read(ended.folder)


def test_a_killed_workers_job_shows_as_lost_and_is_resumed_by_another_worker(file_store, endless, config, alone):
    job = launch.start(endless, file_store)
    waiting = file_store.submit(config)
    until(training(file_store, job.id))
    (process,) = worker_processes()
    process.kill()
    took = until(lambda: file_store.get(job.id).state == "lost")
    print(f"\nshown as lost {took:.2f} s after SIGKILL")
    assert took < 30 and "its process ended" in file_store.get(job.id).message
    assert launch.ensure_workers(file_store) == 1  # the queue goes on
    until(lambda: file_store.get(waiting.id).state == "done")
    launch.resume(job.id, file_store)
    until(lambda: file_store.get(job.id).state == "running")
    assert file_store.get(job.id).attempt == 2


def test_a_worker_that_is_asked_to_end_gives_its_job_back(file_store, endless, alone):
    job = launch.start(endless, file_store)
    until(training(file_store, job.id))
    (process,) = worker_processes()
    process.send_signal(signal.SIGTERM)
    until(lambda: file_store.get(job.id).state == "queued")
    until(lambda: not worker_processes())
    assert file_store.waiting() == (1, [], [])
    assert file_store.cancel(job.id).state == "cancelled"


def test_a_second_worker_starts_while_the_first_is_busy_if_two_are_allowed(file_store, config, monkeypatch, alone):
    file_store.submit(dataclasses.replace(config, seeds=2))
    file_store.enlist(worker_name())
    busy = file_store.claim(worker_name())
    job = file_store.submit(config)
    assert launch.ensure_workers(file_store) == 0
    monkeypatch.setenv("SCPO_WORKERS", "2")
    assert launch.ensure_workers(file_store) == 1 and launch.ensure_workers(file_store) == 0
    until(lambda: file_store.get(job.id).state == "done")
    assert file_store.get(busy.id).state == "running"


# in this process


def test_a_worker_takes_job_after_job_and_leaves(store, config):
    jobs = [store.submit(dataclasses.replace(config, steps=steps)) for steps in (3, 4)]
    assert serve(store, idle_seconds=0) == 2 and store.waiting() == (0, [], [])
    assert [store.get(job.id).state for job in jobs] == ["done", "done"]
    assert all(any("attempt 1" in line for line in runs.log_lines(job.folder)) for job in jobs)


def test_a_job_that_fails_says_why_and_the_queue_goes_on(file_store, config, tmp_path):
    shutil.copy(config.data.data_files[0], tmp_path / "gone.csv")
    lost = dataclasses.replace(config, data=dataclasses.replace(config.data, data_files=(str(tmp_path / "gone.csv"),)))
    bad = file_store.submit(dataclasses.replace(lost, seeds=2))
    good = file_store.submit(config)
    (tmp_path / "gone.csv").unlink()
    serve(file_store, idle_seconds=0)
    assert file_store.get(bad.id).state == "failed" and "gone.csv" in file_store.get(bad.id).message
    assert file_store.get(good.id).state == "done"


@pytest.mark.parametrize("fault, message", [
    (RuntimeError("odd"), "unexpected RuntimeError: odd. The log has the details"),
    (MemoryError(), "Out of memory. Use fewer countries"),
    (OSError(errno.EIO, "Input/output error"), "Input/output error. Mend that and resume"),
])  # fmt: skip
def test_a_fault_ends_the_job_and_not_the_worker(file_store, config, monkeypatch, fault, message):
    def broken(*_):
        raise fault

    with monkeypatch.context() as patch:
        patch.setattr(cluster, "trainer", lambda: broken)
        job = run_one(file_store, config)
    assert job.state == "failed" and message in job.message
    assert any(type(fault).__name__ in line for line in runs.log_lines(job.folder))
    assert run_one(file_store, config).state == "done"


@pytest.mark.parametrize("file", ["checkpoint-", "data.json", "heads.safetensors", "metrics.json", "done.json"])
def test_a_full_disk_fails_the_job_and_a_resumed_one_ends_as_any_other(file_store, config, monkeypatch, file):
    """The disk is full from the second such file on; the checkpoint before it stays whole."""
    monkeypatch.setattr(checkpoint, "SECONDS", 0)
    real, seen = os.fsync, []

    def full(handle):
        path = os.readlink(f"/proc/self/fd/{handle}")
        seen.append(file in path)
        if file in path and sum(seen) >= (2 if file == "checkpoint-" else 1):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        job = run_one(file_store, config)
    assert job.state == "failed" and job.message.startswith("The disk is full. Free some space and resume")
    kept = {path.name for path in job.folder.iterdir()}
    assert not [name for name in kept if name.startswith(".")]
    assert any(name.startswith("checkpoint-") for name in kept) == (file != "data.json")
    assert run_one(file_store, config).state == "done"
    assert not list(job.folder.glob("checkpoint-*"))
    other = run_one(file_store, dataclasses.replace(config, lr=0.002))
    assert {p.name for p in job.folder.iterdir()} == {p.name for p in other.folder.iterdir()}


def test_a_run_folder_deleted_meanwhile_is_named_and_the_job_can_be_run_anew(file_store, config):
    job = file_store.submit(config)

    def deleting():
        if (job.folder / "data.json").exists():
            shutil.rmtree(job.folder)
        return False

    job = run_one(file_store, config, should_end=deleting)
    assert job.state == "failed" and f"The run folder {job.folder} is gone" in job.message
    assert run_one(file_store, config).state == "done" and runs.is_done(job.folder)


def test_a_database_locked_for_longer_than_a_write_waits_loses_no_job(file_store, config, monkeypatch, caplog):
    monkeypatch.setattr(schema, "BUSY_SECONDS", 0.1)
    store = Store(f"sqlite:///{file_store.space / 'jobs.sqlite'}", file_store.space)
    job = store.submit(config)
    claimed, locked = store.claim(worker_name()), []

    def locking():
        if not locked and (job.folder / "heads.safetensors").exists():
            other = sqlite3.connect(file_store.space / "jobs.sqlite", isolation_level=None, check_same_thread=False)
            other.execute("BEGIN IMMEDIATE")
            locked.append(threading.Timer(2, lambda: (other.execute("ROLLBACK"), other.close())))
            locked[0].start()
        return False

    with caplog.at_level(logging.WARNING, "scpo"):
        assert work(store, claimed, locking) == "done"
    locked[0].join()
    assert store.get(job.id).state == "done" and "locked" in caplog.text
    store.close()


def test_a_folder_that_cannot_be_written_fails_the_job_with_a_message(file_store, config):
    (file_store.space / "runs").write_text("a file where the folder should be")
    job = run_one(file_store, config)
    assert job.state == "failed" and "cannot be" in job.message and "Traceback" not in job.message


def test_a_run_that_got_done_unseen_is_done_and_a_damaged_one_is_run_anew(file_store, config):
    job = run_one(file_store, config)
    metrics, before = job.folder / "metrics.json", job.folder.joinpath("metrics.json").read_bytes()
    touched = metrics.stat().st_mtime_ns
    with file_store._writing() as connection:
        connection.execute(schema.JOBS.update().values(state="queued"))
    assert work(file_store, file_store.claim(worker_name())) == "done" and metrics.stat().st_mtime_ns == touched
    metrics.write_bytes(before[: len(before) // 2])
    assert file_store.submit(config).state == "queued"
    assert work(file_store, file_store.claim(worker_name())) == "done" and metrics.read_bytes() == before


def test_only_files_that_a_killed_attempt_left_are_swept(file_store, config):
    job = file_store.submit(config)
    runs.create(job.folder, config)
    left = [".metrics.json.ab12cd_9", ".checkpoint-00ff.safetensors.x", ".heads.safetensors.y"]
    for name in [*left, ".notes.txt.mine", "notes.txt", ".gitkeep"]:
        (job.folder / name).write_text("x")
    assert run_one(file_store, config).state == "done"
    names = {path.name for path in job.folder.iterdir()}
    assert not names & set(left) and {".notes.txt.mine", "notes.txt", ".gitkeep"} <= names
