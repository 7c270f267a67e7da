"""The store: one job per settings and data, every change of state, who owns a job, and what is never touched."""

import dataclasses
import os
import time
from pathlib import Path

import pytest
from job_states import ELSEWHERE, gone_worker, in_state

from scpo import runs
from scpo.config import DataConfig, ExperimentConfig
from scpo.errors import Fenced, JobError
from scpo.jobs import table
from scpo.jobs.job import BEAT, LEASE, fingerprint
from scpo.jobs.leases import Leases
from scpo.jobs.process import birth, is_gone, this_host, worker_name

# one job per settings and data


def test_the_same_settings_are_one_job_and_other_settings_another(store):
    job = store.submit(ExperimentConfig(), "first")
    assert store.submit(ExperimentConfig(), "second") == job == store.find(ExperimentConfig())
    assert store.submit(ExperimentConfig(tau=0.6)).id != job.id and store.find(ExperimentConfig(tau=0.5)) is None
    assert [j.name for j in store.jobs()][1:] == ["first"] and job.folder.parent == store.space / "runs"


def test_data_is_known_by_its_content_not_by_its_name(store, tmp_path):
    for name, text in (("a.csv", "one"), ("b.csv", "one"), ("c.csv", "other")):
        (tmp_path / name).write_text(text)
    a, b, c = (ExperimentConfig(DataConfig("file", (str(tmp_path / name),))) for name in ("a.csv", "b.csv", "c.csv"))
    job = store.submit(a)
    assert store.submit(b).id == job.id and store.submit(c).id != job.id
    (tmp_path / "a.csv").write_text("changed")
    assert store.find(a) is None and store.submit(a).id != job.id and store.find(b).id == job.id


def test_a_weights_file_is_known_by_its_content_too(tmp_path):
    path = tmp_path / "heads.safetensors"
    path.write_bytes(b"one")
    config = ExperimentConfig(global_model=str(path))
    before = fingerprint(config)
    path.write_bytes(b"other")
    assert fingerprint(config) != before


def test_a_job_whose_file_changed_while_it_was_worked_on_is_not_offered_for_either_content(store, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("one")
    config = ExperimentConfig(DataConfig("file", (str(path),)))
    job = store.submit(config)
    claimed = Leases(store.table).claim(worker_name())
    path.write_text("other")
    Leases(store.table).finish(claimed, "done")
    assert store.find(config) is None
    path.write_text("one")
    assert store.find(config) is None and store.get(job.id).state == "done"


@pytest.mark.parametrize(
    "state, then",
    [
        ("queued", "queued"),
        ("running", "running"),
        ("done", "done"),
        ("failed", "queued"),
        ("cancelled", "queued"),
        ("lost", "queued"),
    ],
)
def test_submitting_again_shows_the_job_or_queues_one_that_did_not_get_done(store, state, then):
    job = in_state(store, state)
    again = store.submit(job.config)
    assert (again.id, again.state) == (job.id, then) and len(store.jobs()) == 1


def test_submitting_again_sees_that_the_worker_is_gone(store):
    store.submit(ExperimentConfig())
    job = Leases(store.table).claim(gone_worker())
    assert (store.submit(ExperimentConfig()).id, store.submit(ExperimentConfig()).state) == (job.id, "queued")


def test_a_done_job_whose_folder_is_gone_or_damaged_can_be_run_again(store):
    job = in_state(store, "done")
    with pytest.raises(JobError, match="is done; there is nothing to resume"):
        store.resume(job.id)
    (job.folder / "metrics.json").write_text("altered")
    assert store.submit(job.config).state == "queued"
    assert Leases(store.table).finish(Leases(store.table).claim(worker_name()), "done") == "done"
    (job.folder / "done.json").unlink()
    assert store.resume(job.id).state == "queued"


# states


def test_the_oldest_job_is_claimed_first_and_each_once(store):
    jobs = [store.submit(ExperimentConfig(seeds=seeds)) for seeds in (1, 2, 3)]
    claimed = [Leases(store.table).claim(worker_name()) for _ in range(4)]
    assert [job.id for job in claimed[:3]] == [job.id for job in jobs] and claimed[3] is None
    assert all((job.state, job.attempt, job.stage) == ("running", 1, "data") for job in claimed[:3])


@pytest.mark.parametrize("state", ["queued", "running", "done"])
def test_what_did_not_end_badly_is_not_resumed(store, state):
    job = in_state(store, state)
    if state == "done":
        with pytest.raises(JobError, match="nothing to resume"):
            store.resume(job.id)
    else:
        assert store.resume(job.id).state == state


def test_a_resumed_job_is_claimed_with_a_new_attempt(store):
    job = in_state(store, "failed")
    assert store.resume(job.id).message == "" and Leases(store.table).claim(worker_name()).attempt == job.attempt + 1


@pytest.mark.parametrize(
    "state, then",
    [
        ("queued", "cancelled"),
        ("running", "running"),
        ("done", "done"),
        ("failed", "failed"),
        ("lost", "lost"),
    ],
)
def test_cancel_ends_what_has_not_ended(store, state, then):
    job = store.cancel(in_state(store, state).id)
    assert job.state == then and job.cancelling == (state == "running")


def test_a_worker_hears_of_a_cancel_with_its_next_sign_of_life(store):
    job = in_state(store, "running")
    assert Leases(store.table).renew(job, "train", 0.25, 7.5) is False
    assert (store.cancel(job.id).fraction, store.get(job.id).seconds_left) == (0.25, 7.5)
    assert Leases(store.table).renew(job, "train", 0.5, 5.0) is True
    assert (
        Leases(store.table).finish(job, "queued") == "cancelled" == store.get(job.id).state
    )  # a cancel beats a return to the queue


def test_a_cancelled_job_whose_worker_is_gone_is_cancelled(store):
    store.submit(ExperimentConfig())
    job = Leases(store.table).claim(gone_worker())
    after = store.cancel(job.id)
    assert (after.state, after.cancelling) == ("cancelled", False) and "partial" in after.message


# whose a job is


def test_a_worker_that_was_taken_for_gone_changes_nothing(store):
    store.submit(ExperimentConfig())
    first = Leases(store.table).claim(gone_worker())
    assert store.get(first.id).state == "lost"
    store.resume(first.id)
    second = Leases(store.table).claim(worker_name())
    before = store.get(first.id)
    late = [
        lambda: Leases(store.table).renew(first, "train", 0.9, 1),
        lambda: Leases(store.table).check(first),
        lambda: Leases(store.table).finish(first, "done"),
    ]
    for write in late:
        with pytest.raises(Fenced, match="attempt 1"):
            write()
    assert store.get(first.id) == before
    Leases(store.table).check(second)
    Leases(store.table).finish(second, "failed", "why")
    with pytest.raises(Fenced):
        Leases(store.table).check(second)


def test_a_worker_whose_process_ended_is_gone_at_once_and_one_that_lives_is_not(store):
    store.submit(ExperimentConfig())
    job = Leases(store.table).claim(worker_name())
    assert store.get(job.id).state == "running"
    assert not is_gone(worker_name()) and is_gone(gone_worker()) and not is_gone(ELSEWHERE)


def test_a_process_number_that_another_process_has_by_now_is_not_taken_for_the_worker(store):
    store.submit(ExperimentConfig())
    job = Leases(store.table).claim(f"{this_host()}:{os.getpid()}:{int(birth(os.getpid())) - 1}")
    assert "its process ended" in store.get(job.id).message and store.get(job.id).state == "lost"


@pytest.mark.parametrize("worker", [None, ELSEWHERE])
def test_no_sign_of_life_for_longer_than_the_lease_is_lost_and_a_renewal_is_not(store, monkeypatch, worker):
    """Here by this machine's uptime, elsewhere by the database's clock."""
    store.submit(ExperimentConfig())
    job = Leases(store.table).claim(worker or worker_name())
    time.sleep(0.15)
    assert store.get(job.id).state == "running"
    Leases(store.table).renew(job, "train", 0.42, 1.0)
    monkeypatch.setattr(table, "LEASE", 0.1)
    time.sleep(0.15)
    lost = store.get(job.id)
    assert lost.state == "lost" and lost.finished and "at 42 %. Resume it" in lost.message


def test_a_lost_job_shows_within_30_seconds():
    assert LEASE + BEAT < 30 and BEAT < LEASE / 5


@pytest.mark.parametrize("jump", [-86_400 * 30, 86_400 * 6])
def test_a_clock_that_jumps_loses_no_job_and_deletes_nothing(store, monkeypatch, jump):
    hidden = in_state(store, "done")
    store.delete(hidden.id)
    store.submit(ExperimentConfig())
    job = Leases(store.table).claim(worker_name())
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + jump)
    assert store.get(job.id).state == "running" and Leases(store.table).renew(job, "train", 0.5, 1.0) is False
    later = store.submit(ExperimentConfig(steps=7))
    Leases(store.table).purge()
    assert Leases(store.table).claim(worker_name()).id == later.id and runs.is_done(store.get(hidden.id).folder)
    assert Leases(store.table).finish(job, "failed") == "failed"


def test_begin_takes_a_folder_over_only_from_a_worker_that_is_gone(store, tmp_path):
    config = ExperimentConfig()
    job = Leases(store.table).begin(config, tmp_path / "out", gone_worker())
    again = Leases(store.table).begin(config, tmp_path / "out", worker_name())
    assert (again.id, again.attempt, again.folder) == (job.id, 2, tmp_path / "out")
    with pytest.raises(JobError, match=f"jobs follow {job.id}"):
        Leases(store.table).begin(config, tmp_path / "out", ELSEWHERE)


def test_a_folder_begun_anew_with_other_settings_no_longer_stands_for_the_old_ones(store):
    job = in_state(store, "failed")
    other = dataclasses.replace(job.config, tau=0.55)
    assert Leases(store.table).begin(other, job.folder, worker_name()).config == other
    assert store.find(job.config) is None


def test_workers_that_are_gone_are_struck_off_and_one_with_work_to_come_stays(store):
    for worker in (gone_worker(), worker_name(), worker_name(), ELSEWHERE):
        Leases(store.table).enlist(worker)
    assert Leases(store.table).waiting() == (0, [worker_name()], [worker_name()])
    store.submit(ExperimentConfig())
    assert Leases(store.table).leave(worker_name()) is False and Leases(store.table).waiting()[1] == [worker_name()]
    job = Leases(store.table).claim(worker_name())
    assert Leases(store.table).waiting() == (0, [worker_name()], [])
    Leases(store.table).finish(job, "failed")
    assert Leases(store.table).leave(worker_name()) is True and Leases(store.table).waiting() == (0, [], [])


def test_a_job_by_its_folder_is_the_job_by_its_id(store, monkeypatch):
    job = in_state(store, "done")
    monkeypatch.chdir(store.space)
    for name in (job.id, job.folder, str(job.folder), f"runs/{job.folder.name}", f"runs/../runs/{job.folder.name}/."):
        assert store.get(name) == job
    with pytest.raises(JobError, match="`jobs list`"):
        store.get("runs")


def test_jobs_are_counted_by_state_and_deleted_ones_are_not(store):
    assert store.counts() == {}
    jobs = [in_state(store, state) for state in ("done", "failed", "cancelled", "queued")]
    assert store.counts() == {"done": 1, "failed": 1, "cancelled": 1, "queued": 1}
    store.delete(jobs[0].id)
    assert store.counts() == {"failed": 1, "cancelled": 1, "queued": 1}


def test_run_folders_are_next_to_each_other(store):
    assert Path(store.submit(ExperimentConfig()).folder).parent == store.space / "runs"


def test_users_have_no_way_to_claim_or_end_a_job_and_workers_none_to_submit_one(store):
    assert not any(hasattr(store, name) for name in ("begin", "claim", "renew", "finish", "enlist", "leave", "purge"))
    assert not any(hasattr(Leases(store.table), name) for name in ("submit", "cancel", "resume", "delete", "rename"))
