"""The states of a job and who may change them, on every kind of database."""

import os
import threading
import time

import pytest

from scpo import runs
from scpo.config import DataConfig, ExperimentConfig
from scpo.errors import ConfigError, Fenced, JobError
from scpo.jobs import launch
from scpo.jobs.job import LEASE
from scpo.jobs.leases import Leases
from scpo.jobs.process import birth, is_gone, this_host, worker_name
from scpo.jobs.store import open_store

GONE = f"{this_host()}:{2**22 + 1}:1"  # a process number that no system gives


def config(seed=0):
    return ExperimentConfig(DataConfig(demo_seed=seed), methods=("full",), seeds=1, steps=5)


def test_a_job_goes_from_queued_to_done(store):
    job = store.submit(config(), "first")
    assert (job.state, job.name, job.attempt) == ("queued", "first", 0)
    claimed = Leases(store.table).claim(worker_name())
    assert (claimed.id, claimed.state, claimed.attempt) == (job.id, "running", 1) and Leases(store.table).claim(
        worker_name()
    ) is None
    assert Leases(store.table).renew(claimed, "train", 0.5, 3.0) is False
    assert (store.get(job.id).stage, store.get(job.id).fraction) == ("train", 0.5)


def test_the_same_settings_are_one_job_and_others_another(store):
    one = store.submit(config())
    assert store.submit(config()).id == one.id == store.find(config()).id
    assert store.submit(config(1)).id != one.id and len(store.jobs()) == 2


def test_a_file_that_changed_is_other_data(store, tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("a")
    settings = ExperimentConfig(DataConfig("file", (str(path),)))
    first = store.submit(settings)
    path.write_text("b")
    assert store.submit(settings).id != first.id
    path.rename(tmp_path / "moved.csv")
    assert store.submit(ExperimentConfig(DataConfig("file", (str(tmp_path / "moved.csv"),)))).id != first.id
    assert len(store.jobs()) == 2, "the same content under another name is the same job"


def test_the_oldest_is_claimed_first(store):
    ids = [store.submit(config(seed)).id for seed in range(3)]
    assert [Leases(store.table).claim(worker_name()).id for _ in ids] == ids


def test_a_worker_whose_process_is_gone_loses_its_job_which_can_be_resumed(store):
    store.submit(config())
    old = Leases(store.table).claim(GONE)
    (lost,) = store.jobs()
    assert lost.state == "lost" and "Resume" in lost.message
    assert store.resume(lost.id).state == "queued"
    new = Leases(store.table).claim(worker_name())
    assert new.attempt == 2
    for act in (
        lambda: Leases(store.table).renew(old, "train", 0.1, 1.0),
        lambda: Leases(store.table).check(old),
        lambda: Leases(store.table).finish(old, "failed"),
    ):
        with pytest.raises(Fenced):
            act()
    Leases(store.table).check(new)
    assert store.get(new.id).state == "running"


def test_a_worker_without_a_sign_of_life_is_lost_after_the_lease_and_fenced_when_it_wakes(store, monkeypatch):
    store.submit(config())
    job, uptime = Leases(store.table).claim(worker_name()), time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: uptime + LEASE - 1)
    assert store.get(job.id).state == "running"
    monkeypatch.setattr(time, "monotonic", lambda: uptime + LEASE + 1)
    assert store.get(job.id).state == "lost" and LEASE <= 30
    with pytest.raises(Fenced):
        Leases(store.table).renew(job, "train", 0.5, 1.0)


@pytest.mark.parametrize("jump", [-86_400, 86_400])
def test_a_wall_clock_that_jumps_loses_no_job(store, monkeypatch, jump):
    store.submit(config())
    job, wall = Leases(store.table).claim(worker_name()), time.time()
    monkeypatch.setattr(time, "time", lambda: wall + jump)
    assert store.get(job.id).state == "running"
    Leases(store.table).renew(job, "train", 0.5, 1.0)


def test_a_worker_of_another_machine_is_judged_by_the_databases_clock(store):
    store.submit(config())
    job = Leases(store.table).claim("another-machine:1:1")
    assert store.get(job.id).state == "running" and not is_gone("another-machine:1:1")


def test_a_number_that_another_process_got_is_not_the_worker():
    assert birth(os.getpid()) and not is_gone(worker_name()) and is_gone(f"{this_host()}:{os.getpid()}:1")


def test_cancel_ends_a_queued_job_now_and_asks_a_running_one(store):
    waiting = store.submit(config())
    assert store.cancel(waiting.id).state == "cancelled" and Leases(store.table).claim(worker_name()) is None
    assert store.resume(waiting.id).state == "queued"
    running = Leases(store.table).claim(worker_name())
    assert store.cancel(running.id).cancelling and Leases(store.table).renew(running, "train", 0.1, None) is True
    Leases(store.table).finish(running, "cancelled", "Cancelled.")
    assert store.submit(config()).state == "queued", "submitting what was cancelled goes on with it"


def test_a_finished_job_cannot_be_resumed_or_ended_twice(store):
    store.submit(config())
    job = Leases(store.table).claim(worker_name())
    runs.create(job.folder, job.config)
    Leases(store.table).finish(job, "failed", "why")
    with pytest.raises(Fenced):
        Leases(store.table).finish(job, "done")
    assert store.get(job.id).message == "why"


def test_deleting_hides_and_undo_brings_back(store):
    job = store.submit(config())
    store.delete(job.id)
    assert store.jobs() == [] and [j.id for j in store.jobs(deleted=True)] == [job.id]
    again = store.submit(config())
    assert again.id != job.id
    assert store.undelete(job.id).deleted is None and len(store.jobs()) == 2


def test_a_running_job_is_not_deleted(store):
    store.submit(config())
    job = Leases(store.table).claim(worker_name())
    with pytest.raises(JobError, match="cancel it first"):
        store.delete(job.id)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "a\0b", "<script>", "; DROP TABLE jobs", "x" * 10_000]
)
def test_a_name_is_shown_and_never_part_of_a_path(store, name):
    job = store.submit(config(), name)
    assert store.rename(job.id, name).folder == job.folder and job.folder.parent == store.space / "runs"
    assert "\0" not in job.name and len(job.name) <= 120
    with pytest.raises(JobError, match="no job"):
        store.get(name)


@pytest.mark.parametrize("folder", ["../../etc", "/etc", "/"])
def test_a_path_that_is_no_run_is_no_job(store, folder):
    with pytest.raises(JobError, match="no job"):
        store.get(folder)


def test_threads_that_submit_at_once_make_one_job_and_claim_each_once(store):
    found, claimed = [], []
    submitting = [threading.Thread(target=lambda: found.append(store.submit(config()).id)) for _ in range(8)]
    [thread.start() for thread in submitting]
    [thread.join() for thread in submitting]
    assert len(set(found)) == 1
    for seed in range(1, 12):
        store.submit(config(seed))

    def take():
        while job := Leases(store.table).claim(worker_name()):
            claimed.append(job.id)

    taking = [threading.Thread(target=take) for _ in range(6)]
    [thread.start() for thread in taking]
    [thread.join() for thread in taking]
    assert len(claimed) == len(set(claimed)) == 12


def test_a_run_folder_without_a_job_is_found(store, demo_run):
    import shutil

    shutil.copytree(demo_run, store.space / "runs" / "copied")
    (job,) = store.jobs()
    assert (job.name, job.state) == ("copied", "done") and store.get(job.folder).id == job.id


def test_workers_start_only_while_jobs_wait(store, monkeypatch):
    assert launch.ensure_workers(store) == 0
    monkeypatch.setenv("SCPO_WORKERS", "0")
    assert launch.start(config(), store).state == "queued" and Leases(store.table).waiting()[0] == 1
    monkeypatch.setenv("SCPO_WORKERS", "many")
    with pytest.raises(ConfigError, match="SCPO_WORKERS is 'many'"):
        launch.ensure_workers(store)


def test_a_worker_leaves_only_when_nothing_waits(store):
    Leases(store.table).enlist(worker_name())
    store.submit(config())
    assert Leases(store.table).leave(worker_name()) is False
    Leases(store.table).claim(worker_name())
    assert Leases(store.table).leave(worker_name()) is True and Leases(store.table).waiting()[:2] == (0, [])


def test_the_password_of_a_database_is_never_shown(monkeypatch):
    monkeypatch.setenv("SCPO_DATABASE_URL", "postgresql+psycopg://me:secret@127.0.0.1:1/none?connect_timeout=2")
    with pytest.raises(Exception, match="cannot be used") as error:
        open_store()
    assert "secret" not in str(error.value)
