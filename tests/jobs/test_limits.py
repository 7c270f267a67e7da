"""Limits of a machine, as the machine itself sets them: a disk that is full, a workspace that cannot be written.

Disks are small file systems in memory, mounted for the test; where mounting is not allowed the tests are skipped.
"""

import os
import shutil
import subprocess
import threading
from contextlib import closing

import pytest
from streamlit.testing.v1 import AppTest
from test_kill_and_resume import RESULTS, ROOT

from scpo.cli import main
from scpo.errors import DatabaseError
from scpo.jobs import schema
from scpo.jobs.job import is_whole
from scpo.jobs.leases import Leases
from scpo.jobs.process import worker_name
from scpo.jobs.store import open_store
from scpo.jobs.worker import work

SIZE = 4 << 20


@pytest.fixture
def disk(tmp_path, workspace, monkeypatch):
    """The workspace as a disk of its own, of 4 MiB; the cache of vectors lies elsewhere."""
    workspace.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(workspace)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a small disk cannot be mounted here: that takes root and the right to mount")
    monkeypatch.setenv("SCPO_CACHE_DIR", str(tmp_path / "cache"))
    yield workspace
    subprocess.run(["umount", "-l", str(workspace)], check=True)


def fill(disk, left):
    """A file that leaves so many bytes free."""
    with open(disk / "ballast", "wb") as file:
        free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
        file.write(bytes(max(free - left, 0)))


def test_a_disk_that_is_full_fails_the_job_with_that_reason_and_later_it_ends_as_any_other(disk, config, monkeypatch):
    """With more and more room left; somebody makes room while the worker waits to say that there is none."""
    monkeypatch.setattr(schema, "BUSY_SECONDS", 1)
    with closing(open_store()) as store:
        states, first = [], None
        for left in (0, 16 << 10, 48 << 10, 96 << 10, 1 << 20):
            job = store.submit(config)
            claimed = Leases(store.table).claim(worker_name())
            fill(disk, left)
            freeing = threading.Timer(1.0, (disk / "ballast").unlink)
            freeing.start()
            states.append(work(Leases(store.table), claimed))
            freeing.join()
            job = store.get(job.id)
            assert job.state == states[-1] and is_whole(job.folder) == (job.state == "done")
            if job.state == "failed":
                assert "The disk is full" in job.message and "resume" in job.message
                store.resume(job.id)
                assert work(Leases(store.table), Leases(store.table).claim(worker_name())) == "done"
            content = [(job.folder / name).read_bytes() for name in RESULTS]
            first = first or content
            assert content == first and not list(job.folder.glob(".*"))
            store.delete(job.id)
            shutil.rmtree(job.folder)
        print("\nleft 0, 16, 48, 96, 1024 KiB:", states, end="")
    assert states[0] == "failed" and states[-1] == "done"


def test_a_read_only_workspace_is_a_message_everywhere_and_loses_nothing(disk, config, capsys):
    with closing(open_store()) as store:
        job = store.submit(config)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    for command in (["jobs", "cancel", job.id], ["jobs", "resume", job.id], ["jobs", "list"]):
        assert main(command) in (0, 1)
        told = capsys.readouterr()
        assert "Traceback" not in told.err and ("Make its folder writable" in told.err or job.id in told.out)
    for page in ("overview", "train", "runs"):
        shown = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=300).run()
        assert not shown.exception, page
        assert any("Make its folder writable" in box.value for box in shown.error), page
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    with closing(open_store()) as store:
        assert store.get(job.id) == job and [j.id for j in store.jobs()] == [job.id]


def test_a_new_workspace_on_a_read_only_disk_says_so(disk):
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with pytest.raises(DatabaseError, match="Make its folder writable, or set SCPO_WORKSPACE"):
        open_store()
