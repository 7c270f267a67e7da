"""Workers, as real processes: started, idle, cancelled, killed, asked to end; and their queue."""

import contextlib
import dataclasses
import shutil
import signal
import time

import psutil
import pytest

from scpo import runs
from scpo.errors import RunFolderError
from scpo.jobs import launch
from scpo.jobs.leases import Leases
from scpo.jobs.process import worker_name
from scpo.jobs.worker import Lease, serve
from scpo.runs.progress_log import log_lines, read_progress


@pytest.fixture(scope="module")
def endless(config):
    return dataclasses.replace(config, steps=1_000_000, batch_size=2)


def until(condition, seconds=300.0):
    """Wait until it holds; how long that took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "waited in vain"
        time.sleep(0.02)
    return time.monotonic() - began


@pytest.fixture
def alone(monkeypatch):
    """Workers that this test starts end soon after their last job, and at the latest with the test."""
    monkeypatch.setattr(launch, "IDLE_SECONDS", 0.5)
    yield
    for process in worker_processes():
        process.kill()
        process.wait(30)


def worker_processes():
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):  # it ends just now
            found += [child] if "worker" in child.cmdline() else []
    return found


def processor_seconds():
    """Of the workers that this test started; 0 when they have ended."""
    total = 0.0
    for process in worker_processes():
        with contextlib.suppress(psutil.Error):
            total += sum(process.cpu_times()[:2])
    return total


def training(store, id):
    return lambda: any("accuracy" in entry for entry in read_progress(store.get(id).folder))


@pytest.mark.parametrize(("workers", "cores", "threads"), [("1", 8, 8), ("3", 8, 3), ("3", 2, 1), ("0", 2, 2)])
def test_workers_share_the_cores(monkeypatch, workers, cores, threads):
    monkeypatch.setenv("SCPO_WORKERS", workers)
    monkeypatch.setattr(launch, "thread_count", lambda: cores)
    assert launch.threads_of_a_worker() == threads


def test_a_worker_starts_works_and_ends_when_idle_beside_one_that_is_busy(file_store, config, alone, monkeypatch):
    file_store.submit(dataclasses.replace(config, seeds=2))
    Leases(file_store.table).enlist(worker_name())
    busy = Leases(file_store.table).claim(worker_name())  # by this very process
    with Lease(Leases(file_store.table), busy):
        job = launch.start(config, file_store, "mine")
        assert not worker_processes()  # one worker is the default
        monkeypatch.setenv("SCPO_WORKERS", "2")
        assert launch.ensure_workers(file_store) == 1 and launch.ensure_workers(file_store) == 0
        until(lambda: file_store.get(job.id).state == "done")
        took = until(lambda: Leases(file_store.table).waiting()[1] == [worker_name()])
        print(f"\nthe worker ended {took:.1f} s after its last job, with 0.5 s of idleness allowed")
        until(lambda: not worker_processes())
        assert runs.read(job.folder).config == config and file_store.get(job.id).attempt == 1
        assert file_store.get(busy.id).state == "running"


def test_cancel_ends_a_training_within_2_seconds_and_what_it_reached_is_marked_partial(file_store, endless, alone):
    """Seconds of the worker's own processor time, which it always needs: other work on the machine does not count."""
    job, times = launch.start(endless, file_store), []
    for _ in range(3):
        until(training(file_store, job.id))
        before = now = processor_seconds()
        file_store.cancel(job.id)
        while file_store.get(job.id).state != "cancelled":
            now = processor_seconds() or now
            time.sleep(0.02)
        times.append(now - before)
        ended, entries = file_store.get(job.id), read_progress(job.folder)
        (job.folder / "progress.jsonl").unlink()
        launch.resume(job.id, file_store)
    print("\ncancelled after", ", ".join(f"{seconds:.2f} s" for seconds in times))
    assert min(times) < 2
    assert "of 1000000; what is shown is partial" in ended.message and not ended.cancelling
    assert any("accuracy" in entry for entry in entries) and entries[-1]["stage"] == "stopped"
    with pytest.raises(RunFolderError, match="not finished"):
        runs.read(ended.folder)
    until(training(file_store, job.id))
    for process in worker_processes():  # and a worker that is asked to end gives its job back
        process.send_signal(signal.SIGTERM)
    until(lambda: file_store.get(job.id).state == "queued")
    until(lambda: not worker_processes())
    assert Leases(file_store.table).waiting() == (1, [], [])


def test_a_killed_workers_job_shows_as_lost_and_the_queue_goes_on(file_store, endless, config, alone):
    job, waiting = launch.start(endless, file_store), file_store.submit(config)
    until(training(file_store, job.id))
    (process,) = worker_processes()
    process.kill()
    took = until(lambda: file_store.get(job.id).state == "lost")
    print(f"\nshown as lost {took:.2f} s after SIGKILL")
    assert "its process ended" in file_store.get(job.id).message, "and not that there was no sign of life for long"
    assert launch.ensure_workers(file_store) == 1
    until(lambda: file_store.get(waiting.id).state == "done")
    launch.resume(job.id, file_store)
    until(lambda: (file_store.get(job.id).state, file_store.get(job.id).attempt) == ("running", 2))


def test_a_worker_takes_job_after_job_and_leaves(store, config):
    jobs = [store.submit(dataclasses.replace(config, steps=steps)) for steps in (3, 4)]
    assert serve(Leases(store.table), idle_seconds=0) == 2 and Leases(store.table).waiting() == (0, [], [])
    assert [store.get(job.id).state for job in jobs] == ["done", "done"]
    assert all(any("attempt 1" in line for line in log_lines(job.folder)) for job in jobs)


def test_a_job_that_fails_says_why_and_the_queue_goes_on(file_store, config, tmp_path):
    shutil.copy(config.data.data_files[0], tmp_path / "gone.csv")
    lost = dataclasses.replace(config, data=dataclasses.replace(config.data, data_files=(str(tmp_path / "gone.csv"),)))
    bad = file_store.submit(dataclasses.replace(lost, seeds=2))
    good = file_store.submit(config)
    (tmp_path / "gone.csv").unlink()
    serve(Leases(file_store.table), idle_seconds=0)
    assert file_store.get(bad.id).state == "failed" and "gone.csv" in file_store.get(bad.id).message
    assert file_store.get(good.id).state == "done"
