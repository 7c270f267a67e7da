"""Opening a database: new, of another version, damaged, locked, read-only; several processes at once."""

import collections
import contextlib
import os
import random
import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from scpo import runs
from scpo.cli import main
from scpo.config import ExperimentConfig
from scpo.errors import ConfigError, DatabaseError
from scpo.jobs import schema
from scpo.jobs.leases import Leases
from scpo.jobs.store import open_store


def dump(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


@contextlib.contextmanager
def connected(url):
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


@contextlib.contextmanager
def opened():
    with contextlib.closing(open_store()) as store:
        yield store


OTHER_VERSIONS = {
    "an earlier one": ("ALTER TABLE jobs DROP COLUMN note", "ALTER TABLE jobs DROP COLUMN deleted"),
    "a later one": ("ALTER TABLE jobs ADD COLUMN later INTEGER",),
    "one without workers": ("DROP TABLE workers",),
}


@pytest.mark.parametrize("version", OTHER_VERSIONS)
def test_a_database_of_another_version_is_refused_and_left_as_it_is(version, database_url):
    with opened() as store:
        store.submit(ExperimentConfig())
    with connected(database_url) as connection:
        for statement in OTHER_VERSIONS[version]:
            connection.exec_driver_sql(statement)
        columns = [column["name"] for column in sa.inspect(connection).get_columns("jobs")]
    with pytest.raises(DatabaseError, match="another version.*Update the program.*or name another database.*move the"):
        open_store()
    with connected(database_url) as connection:
        assert [column["name"] for column in sa.inspect(connection).get_columns("jobs")] == columns
        assert connection.exec_driver_sql("SELECT count(*) FROM jobs").scalar() == 1


def test_other_tables_of_a_shared_database_are_no_concern_of_the_store(database_url, workspace):
    workspace.mkdir()
    with connected(database_url) as connection:
        connection.exec_driver_sql("CREATE TABLE others (id INTEGER)")
    with opened() as store:
        assert store.submit(ExperimentConfig()) in store.jobs()


@pytest.mark.parametrize("fault", ["no database at all", "header cut off", "middle overwritten"])
def test_a_damaged_file_is_named_and_never_made_anew_and_the_runs_are_found_again(workspace, fault):
    with opened() as store:
        job = store.submit(ExperimentConfig(), "mine")
        for seeds in range(1, 40):
            store.submit(ExperimentConfig(seeds=seeds))
    runs.create(job.folder, job.config)
    path = workspace / "jobs.sqlite"
    content = path.read_bytes()
    path.write_bytes(
        {
            "no database at all": b"something else\n" * 400,
            "header cut off": content[200:],
            "middle overwritten": content[:4096] + b"\xff" * (len(content) - 4096),
        }[fault]
    )
    damaged = path.read_bytes()
    with pytest.raises(DatabaseError, match="The file is damaged: move it away") as told, opened() as store:
        store.jobs()
    assert str(path) in str(told.value) and path.read_bytes() == damaged
    path.rename(workspace / "damaged.sqlite")
    with opened() as store:
        found = store.jobs()
        assert [(f.folder, f.config, f.state) for f in found] == [(job.folder, job.config, "lost")]
        assert store.resume(found[0].id).state == "queued"


def test_a_file_cut_anywhere_or_with_a_byte_turned_is_a_message_or_still_a_database(workspace, tmp_path):
    """30 of each; nothing but a `DatabaseError` or `ConfigError` comes of it. SQLite itself sees not every change."""
    with opened() as store:
        for seeds in range(1, 20):
            store.submit(ExperimentConfig(seeds=seeds))
    path, rng, seen = workspace / "jobs.sqlite", random.Random(5), collections.Counter()
    whole = path.read_bytes()
    for number in range(60):
        at = rng.randrange(100, len(whole))
        turned = whole[:at] + bytes([whole[at] ^ (1 << rng.randrange(8))]) + whole[at + 1 :]
        path.write_bytes(whole[:at] if number % 2 else turned)
        try:
            with opened() as store:
                store.jobs()
                seen["read"] += 1
        except (DatabaseError, ConfigError) as error:
            seen["refused"] += 1
            assert "jobs.sqlite" in str(error) or isinstance(error, ConfigError)
        for extra in workspace.glob("jobs.sqlite-*"):
            extra.unlink()
    print("\n", dict(seen), end="")
    assert seen["read"] > 5 and seen["refused"] > 15


def test_a_locked_database_can_be_read_and_a_write_says_that_it_is_locked(workspace, monkeypatch):
    monkeypatch.setattr(schema, "BUSY_SECONDS", 0.2)
    with opened() as store:
        job = store.submit(ExperimentConfig())
    with contextlib.closing(sqlite3.connect(workspace / "jobs.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with opened() as store:
            assert store.get(job.id) == job
            with pytest.raises(DatabaseError, match="locked.*Another process has held it for too long"):
                Leases(store.table).claim("elsewhere:1:1")
            other.execute("ROLLBACK")
            assert Leases(store.table).claim("elsewhere:1:1").id == job.id


def test_a_full_disk_is_named_and_loses_no_job(file_store):
    first = file_store.submit(ExperimentConfig())
    with file_store.table.engine.connect() as connection:  # SQLite's own way to run out of room
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
    with pytest.raises(DatabaseError, match="The disk is full; free some space"):
        for seeds in range(4, 400):
            file_store.submit(ExperimentConfig(seeds=seeds), "x" * 120)
    with file_store.table.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    assert first in file_store.jobs() and file_store.submit(ExperimentConfig(seeds=999)).state == "queued"


@contextlib.contextmanager
def as_an_ordinary_user():
    """Permissions count, also where the tests are run by root."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_a_read_only_workspace_is_a_message_without_a_trace(monkeypatch, capsys):
    folder = Path(tempfile.mkdtemp(dir="/tmp")) / "space"
    monkeypatch.setenv("SCPO_WORKSPACE", str(folder))
    with opened() as store:
        job = store.submit(ExperimentConfig())
    for path, mode in ((folder / "jobs.sqlite", 0o444), (folder, 0o555), (folder.parent, 0o755)):
        path.chmod(mode)
    before = dump(folder / "jobs.sqlite")
    with as_an_ordinary_user():
        assert main(["jobs", "cancel", job.id]) == 1
    err = capsys.readouterr().err
    assert err.startswith("error:") and "Make its folder writable, or set SCPO_WORKSPACE" in err
    monkeypatch.setenv("SCPO_WORKSPACE", str(folder / "new" / "space"))
    with as_an_ordinary_user():
        assert main(["jobs", "list"]) == 1
    assert "cannot be written (Permission denied). Set SCPO_WORKSPACE" in capsys.readouterr().err
    folder.chmod(0o755)
    assert dump(folder / "jobs.sqlite") == before
    shutil.rmtree(folder.parent)


@pytest.mark.parametrize("url", ["nonsense", "mysql+nothing://me:secret@host/name", "sqlite:////proc/none/jobs.sqlite"])
def test_a_url_that_cannot_be_opened_is_a_message_without_its_password(monkeypatch, url):
    monkeypatch.setenv("SCPO_DATABASE_URL", url)
    with pytest.raises(DatabaseError, match="SCPO_DATABASE_URL|SCPO_WORKSPACE") as told:
        open_store()
    assert "secret" not in str(told.value)


def test_a_server_that_is_not_there_is_a_message_without_its_password(monkeypatch):
    monkeypatch.setenv("SCPO_DATABASE_URL", "postgresql+psycopg://me:secret@127.0.0.1:1/name?connect_timeout=2")
    with pytest.raises(DatabaseError, match="See that the database runs") as told:
        open_store()
    assert "secret" not in str(told.value)
