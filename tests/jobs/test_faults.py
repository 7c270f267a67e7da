"""Faults around a job: a full disk, a deleted folder, a locked database, a damaged result. Nothing is lost."""

import dataclasses
import errno
import logging
import os
import re
import shutil
import sqlite3
import threading
import time
from pathlib import Path

import pytest

import scpo
from scpo import data, runs
from scpo.jobs import schema, worker
from scpo.jobs.job import is_whole
from scpo.jobs.leases import Leases
from scpo.jobs.process import worker_name
from scpo.jobs.store import Store, open_store
from scpo.jobs.worker import serve, work
from scpo.runs.progress_log import log_lines
from scpo.training import checkpoint
from scpo.training.heads import ray_cluster


def run_one(store: Store, config, **options):
    """Submit, claim and work here; the job as it is then."""
    job = store.submit(config)
    work(Leases(store.table), Leases(store.table).claim(worker_name()), **options)
    return store.get(job.id)


@pytest.mark.parametrize(
    "fault, message",
    [
        (RuntimeError("odd"), "unexpected RuntimeError: odd. The log has the details"),
        (MemoryError(), "Out of memory. Use fewer countries"),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
            "Out of memory. Use",
        ),
        (RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB."), "Out of memory. Use fewer countries"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error. Fix that and resume"),
    ],
)
def test_a_fault_ends_the_job_and_not_the_worker(file_store, config, monkeypatch, fault, message):
    def broken(*_):
        raise fault

    with monkeypatch.context() as patch:
        patch.setattr(ray_cluster, "trainer", lambda: broken)
        job = run_one(file_store, config)
    assert job.state == "failed" and message in job.message
    assert any(type(fault).__name__ in line for line in log_lines(job.folder))
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


def locked_for(store, seconds):
    """The database is locked by somebody else from now on, for so long."""
    other = sqlite3.connect(store.space / "jobs.sqlite", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(seconds, lambda: (other.execute("ROLLBACK"), other.close()))
    release.start()
    return release


@pytest.fixture
def impatient(workspace, monkeypatch):
    """A store whose writes wait for a tenth of a second only."""
    monkeypatch.setattr(schema, "BUSY_SECONDS", 0.1)
    store = open_store()
    yield store
    store.close()


def test_a_database_locked_for_longer_than_a_write_waits_loses_no_result(impatient, config, caplog):
    job, locks = impatient.submit(config), []

    def locking():
        if not locks and (job.folder / "heads.safetensors").exists():
            locks.append(locked_for(impatient, 2))
        return False

    with caplog.at_level(logging.WARNING, "scpo"):
        assert work(Leases(impatient.table), Leases(impatient.table).claim(worker_name()), locking) == "done"
    locks[0].join()
    assert impatient.get(job.id).state == "done" and "locked" in caplog.text


def test_a_worker_outlasts_a_locked_database(impatient, config, caplog):
    job, locks = impatient.submit(config), []

    def locking():
        locks or locks.append(locked_for(impatient, 1))
        return impatient.get(job.id).state == "done"

    with caplog.at_level(logging.WARNING, "scpo"):
        assert serve(Leases(impatient.table), should_end=locking) == 1
    locks[0].join()
    assert "locked" in caplog.text and Leases(impatient.table).waiting() == (0, [], [])


def test_a_folder_that_cannot_be_written_fails_the_job_with_a_message(file_store, config):
    (file_store.space / "runs").write_text("a file where the folder should be")
    job = run_one(file_store, config)
    assert job.state == "failed" and "cannot be" in job.message and "Traceback" not in job.message


def test_a_run_that_got_done_unseen_is_done_and_a_damaged_one_is_run_anew(file_store, config):
    job = run_one(file_store, config)
    metrics, before = job.folder / "metrics.json", job.folder.joinpath("metrics.json").read_bytes()
    touched = metrics.stat().st_mtime_ns
    with file_store.table.writing() as connection:
        connection.execute(schema.JOBS.update().values(state="queued"))
    assert (
        work(Leases(file_store.table), Leases(file_store.table).claim(worker_name())) == "done"
        and metrics.stat().st_mtime_ns == touched
    )
    metrics.write_bytes(before[: len(before) // 2])
    assert file_store.submit(config).state == "queued"
    assert (
        work(Leases(file_store.table), Leases(file_store.table).claim(worker_name())) == "done"
        and metrics.read_bytes() == before
    )


def test_only_files_that_a_killed_attempt_left_are_swept(file_store, config):
    job = file_store.submit(config)
    runs.create(job.folder, config)
    left = [".metrics.json.ab12cd_9", ".checkpoint-00ff.safetensors.x", ".heads.safetensors.y"]
    for name in [*left, ".notes.txt.mine", "notes.txt", ".gitkeep"]:
        (job.folder / name).write_text("x")
    assert run_one(file_store, config).state == "done"
    names = {path.name for path in job.folder.iterdir()}
    assert not names & set(left) and {".notes.txt.mine", "notes.txt", ".gitkeep"} <= names


@pytest.mark.parametrize(
    "when", ["scpo.data.load", "config.json", "data.json", "features", "heads.safetensors", "metrics.json", "done.json"]
)
def test_a_cancel_at_any_moment_leaves_a_cancelled_job_or_a_done_one_and_nothing_between(
    file_store, config, monkeypatch, when
):
    """While the data is read and while each file is written; the lease hears of it at once."""
    monkeypatch.setattr(worker, "BEAT", 0.002)
    owner, name = (data, "load") if when == "scpo.data.load" else (os, "replace")
    real, asked = getattr(owner, name), []

    def cancelling(*args):
        if (owner is data or when in str(args[1])) and not asked:
            asked.append(file_store.cancel(job.id).cancelling)
            time.sleep(0.1)
        return real(*args)

    monkeypatch.setattr(owner, name, cancelling)
    job = file_store.submit(config)
    state = work(Leases(file_store.table), Leases(file_store.table).claim(worker_name()))
    job = file_store.get(job.id)
    assert asked == [True] and job.state == state and not job.cancelling
    assert state == ("done" if when == "done.json" else "cancelled") and is_whole(job.folder) == (state == "done")
    assert state == "done" or job.message.startswith("Cancelled") and run_one(file_store, config).state == "done"


def test_a_worker_has_no_processes_of_its_own_that_could_be_left_behind():
    """Batches are made in the worker itself, and nothing in the training layer starts a process, but for the question
    whether a cluster answers, which is asked before any work and waited for, some seconds at most."""
    from scpo.training.finetune.trainer import SCPOConfig

    assert SCPOConfig("out", use_cpu=True, bf16=False).dataloader_num_workers == 0
    for path in (Path(scpo.__file__).parent / "training").rglob("*.py"):
        text = path.read_text()
        found = {"subprocess", "multiprocessing", "concurrent"} & set(
            re.findall(r"^\s*(?:import|from) (\w+)", text, re.MULTILINE)
        )
        if path.name == "ray_connection.py":
            assert re.findall(r"subprocess\.\w+\(.*", text) == [
                'subprocess.run([sys.executable, "-c", PROBE, where], capture_output=True, text=True, timeout=ANSWER)'
            ]
            found -= {"subprocess"}
        assert not found, path
