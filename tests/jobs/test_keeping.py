"""What is kept of jobs: names, deleting and bringing back, folders found again, and what is never touched."""

import os

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from job_states import finished, in_state

from scpo import runs
from scpo.config import DataConfig, ExperimentConfig
from scpo.errors import JobError
from scpo.jobs.job import KEPT_SECONDS, NAME_LENGTH, NOTE_LENGTH, clean, line
from scpo.jobs.leases import Leases
from scpo.jobs.process import worker_name
from scpo.jobs.schema import JOBS

EVIL = ["../../etc", "/etc/passwd", "..", ".", "", "~", "a\0b", "\ud800", "x" * 5000, "'; DROP TABLE jobs; --", "%s{0}"]


def aged(store):
    """As if every deleted job had been deleted eight days ago."""
    with store.table.writing() as connection:
        connection.execute(sa.update(JOBS).values(deleted=JOBS.c.deleted - KEPT_SECONDS - 86_400))


def test_a_name_is_only_shown_and_never_part_of_a_path(store):
    for number, name in enumerate(EVIL):
        job = store.submit(ExperimentConfig(seeds=number + 1), name)
        renamed = store.rename(job.id, name)
        assert renamed.folder == job.folder and job.folder.parent == store.space / "runs"
        assert renamed.name and len(renamed.name) <= NAME_LENGTH and "\0" not in renamed.name
        assert store.annotate(job.id, name[:NOTE_LENGTH]).folder == job.folder
    assert len(store.jobs()) == len(EVIL)


def test_what_names_no_job_is_refused(store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in EVIL:
        with pytest.raises(JobError, match="there is no job"):
            store.get(name)
    assert store.jobs(deleted=True) == []


def test_a_name_is_one_line_and_an_empty_one_is_the_id(store):
    job = store.submit(ExperimentConfig(), " two\nlines\tof  text ")
    assert job.name == "two lines of text" and store.rename(job.id, " \n ").name == job.id
    with pytest.raises(JobError, match="4,001 characters"):
        store.annotate(job.id, "x" * (NOTE_LENGTH + 1))
    for change in (store.rename, store.annotate):
        with pytest.raises(JobError, match="no job"):
            change("nobody", "x")


@pytest.mark.parametrize("state", ["queued", "done", "failed", "cancelled", "lost"])
def test_a_deleted_job_is_hidden_and_comes_back_for_its_settings(store, state):
    job = in_state(store, state)
    assert store.delete(job.id).deleted and store.jobs() == [] and store.find(job.config) is None
    assert [hidden.id for hidden in store.jobs(deleted=True)] == [job.id]
    if state != "done":
        with pytest.raises(JobError, match="is deleted; there is nothing to resume"):
            store.resume(job.id)
    assert (
        Leases(store.table).claim(worker_name()) is None and store.delete(job.id).deleted == store.get(job.id).deleted
    )
    back = store.undelete(job.id)
    assert back.deleted is None and back.folder == job.folder and store.find(job.config).id == job.id
    assert back.state == {"queued": "cancelled"}.get(state, state)
    assert store.undelete(job.id) == back and store.find(job.config).id == job.id


def test_a_running_job_is_not_deleted(store):
    job = in_state(store, "running")
    with pytest.raises(JobError, match="is running; cancel it first"):
        store.delete(job.id)
    assert store.get(job.id) == job


def test_a_job_that_comes_back_stands_aside_for_the_one_that_took_its_place(store):
    job = in_state(store, "done")
    store.delete(job.id)
    other = store.submit(job.config)
    assert other.id != job.id and store.undelete(job.id).deleted is None
    assert store.find(job.config).id == other.id and {j.id for j in store.jobs()} == {job.id, other.id}
    store.delete(other.id)
    store.delete(job.id)
    assert store.undelete(other.id).id == store.find(job.config).id


def test_a_job_that_comes_back_does_not_stand_for_a_file_that_changed_meanwhile(store, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("one")
    config = ExperimentConfig(DataConfig("file", (str(path),)))
    job = in_state(store, "failed", config)
    store.delete(job.id)
    path.write_text("other")
    store.undelete(job.id)
    assert store.find(config) is None
    path.write_text("one")
    assert store.find(config).id == job.id


def test_a_week_after_its_deletion_a_job_is_forgotten_with_its_folder(store):
    job, kept = in_state(store, "done"), in_state(store, "failed")
    store.delete(job.id)
    Leases(store.table).purge()
    assert runs.is_done(job.folder)
    aged(store)
    Leases(store.table).purge()
    assert not job.folder.exists() and [j.id for j in store.jobs(deleted=True)] == [kept.id]


@pytest.mark.parametrize(
    "place", ["../outside", "{tmp}/outside", ".", "runs", "mine", "runs/../../outside", "runs/a/b"]
)
def test_no_folder_but_one_of_runs_is_ever_removed(file_store, tmp_path, place):
    """`run --out` may name any folder: one outside the workspace, even the workspace itself."""
    (file_store.space / "runs").mkdir(parents=True, exist_ok=True)
    other = finished(file_store.space / "runs" / "other", ExperimentConfig())
    folder = file_store.space / place.format(tmp=tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "thesis.txt").write_text("precious")
    job = Leases(file_store.table).begin(ExperimentConfig(), folder, worker_name())
    Leases(file_store.table).finish(job, "done")
    file_store.delete(job.id)
    aged(file_store)
    Leases(file_store.table).purge()
    assert (folder / "thesis.txt").read_text() == "precious" and runs.is_done(other)
    with pytest.raises(JobError, match="no job"):
        file_store.get(job.id)


def test_a_link_in_runs_is_not_followed(store, tmp_path):
    (store.space / "runs").mkdir(parents=True, exist_ok=True)
    real = finished(tmp_path / "real", ExperimentConfig())
    (store.space / "runs" / "link").symlink_to(real)
    (job,) = store.jobs()
    store.delete(job.id)
    aged(store)
    Leases(store.table).purge()
    assert runs.is_done(real)


def test_run_folders_without_a_job_are_found_again(store):
    done = finished(store.space / "runs" / "done", ExperimentConfig())
    runs.create(store.space / "runs" / "begun", ExperimentConfig(tau=0.5))
    found = {job.name: job for job in store.jobs()}
    assert {name: job.state for name, job in found.items()} == {"done": "done", "begun": "lost"}
    assert "Resume it" in found["begun"].message and store.resume(found["begun"].id).state == "queued"
    assert store.submit(ExperimentConfig()).folder == done and store.jobs()[0].created > 0
    assert len(store.jobs()) == 2


def test_a_found_run_of_a_local_file_does_not_stand_for_what_the_file_holds_now(store, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("changed since that run")
    config = ExperimentConfig(DataConfig("file", (str(path),)))
    finished(store.space / "runs" / "copied", config)
    assert [job.state for job in store.jobs()] == ["done"] and store.find(config) is None


def test_a_folder_whose_settings_cannot_be_read_hides_no_other(store):
    job = store.submit(ExperimentConfig())
    texts = ["", "{", "[1, 2]", "3", '{"data": null}', '{"data": {"dataset": 5}}', '{"new": 1}']
    for number, text in enumerate(texts):
        folder = store.space / "runs" / f"bad{number}"
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(text)
        assert store.jobs() == [job]
        with pytest.raises(JobError, match="no job"):
            store.get(folder)


def test_a_folder_whose_name_is_not_text_is_refused(store, tmp_path):
    folder = tmp_path / os.fsdecode(b"\xff")
    with pytest.raises(JobError, match="not text. Give another --out"):
        Leases(store.table).begin(ExperimentConfig(), folder, worker_name())


@given(st.text())
def test_any_name_becomes_one_line_that_every_database_takes(name):
    kept = line(name, NAME_LENGTH)
    assert len(kept) <= NAME_LENGTH and "\0" not in kept and kept == " ".join(kept.split())
    assert clean(name).encode() is not None and line(kept, NAME_LENGTH) == kept
