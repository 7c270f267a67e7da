"""The worker's side of the job store: claim, renew, finish.

A worker owns a job by claiming it: each claim raises `attempt`, and every write of a worker
names its attempt, so that one which was taken for gone and wakes up changes nothing (`Fenced`).
"""

from __future__ import annotations

import shutil
import time
import uuid
from pathlib import Path

import sqlalchemy as sa

from scpo.config import ExperimentConfig
from scpo.errors import JobError
from scpo.jobs.job import KEPT_SECONDS, NOTE_LENGTH, Job, clean, fingerprint, settings_text
from scpo.jobs.process import is_gone, this_host
from scpo.jobs.schema import JOBS, WORKERS
from scpo.jobs.table import JobTable, fenced, mine


class Leases:
    """What a worker does with the jobs of a table."""

    def __init__(self, table: JobTable):
        self.table = table

    def begin(self, config: ExperimentConfig, folder: Path, worker: str) -> Job:
        """A job of a given run folder that this process works on itself (`run --out`)."""
        kept, id = self.table.kept_as(folder), uuid.uuid4().hex[:12]
        with self.table.writing() as c:
            self.table.insert(c, self.table.new_row(id, kept, config, name=folder.name))
            row = c.execute(sa.select(JOBS).where(JOBS.c.folder == kept).with_for_update()).one()
            if row.state == "running" and not self.table.is_stale(row, self.table.now(c)):
                raise JobError(f"{folder} is being worked on by another process; follow it: jobs follow {row.id}")
            same = row.deleted is None and row.config == settings_text(config)
            values = {"config": settings_text(config), "key": row.key if same else None, "deleted": None}
            values |= self._claimed(c, row, worker)
            row = c.execute(sa.update(JOBS).where(JOBS.c.id == row.id).values(values).returning(JOBS)).one()
        return self.table.job(row)

    def claim(self, worker: str) -> Job | None:
        """Take the oldest queued job, or None. Two workers never get the same."""
        with self.table.writing() as c:
            queued = sa.select(JOBS).where(JOBS.c.state == "queued").order_by(JOBS.c.created, JOBS.c.id).limit(1)
            row = c.execute(queued.with_for_update(skip_locked=True)).first()
            if row is None:
                return None
            mine = sa.update(JOBS).where(JOBS.c.id == row.id).values(self._claimed(c, row, worker))
            row = c.execute(mine.returning(JOBS)).one()
        return self.table.job(row)

    def renew(self, job: Job, stage: str, fraction: float, seconds_left: float | None) -> bool:
        """A sign of life with progress. True if the job is to be cancelled; raises `Fenced` if it is no longer ours."""
        with self.table.writing() as c:
            values = {"stage": stage, "fraction": fraction, "seconds_left": seconds_left, **self._beat(c)}
            row = c.execute(mine(job).values(values).returning(JOBS.c.cancelling, JOBS.c.worker)).first()
            if row:
                c.execute(sa.update(WORKERS).where(WORKERS.c.id == row.worker).values(self._beat(c)))
        if row is None:
            raise fenced(job)
        return row.cancelling

    def check(self, job: Job) -> None:
        """Raises `Fenced` if the job is no longer ours."""
        with self.table.reading() as c:
            row = c.execute(sa.select(JOBS.c.attempt, JOBS.c.state).where(JOBS.c.id == job.id)).first()
        if row is None or (row.attempt, row.state) != (job.attempt, "running"):
            raise fenced(job)

    def finish(self, job: Job, state: str, message: str = "") -> str:
        """The end of a claimed job, or its return to the queue; returns the state that it has now.

        Raises `Fenced` if it is no longer ours. A cancel that came before the return to the queue
        holds. A job whose files changed since it was submitted is not offered for that content.
        """
        values = {"message": clean(message)[:NOTE_LENGTH], "cancelling": False, "seconds_left": None}
        if state == "done":
            same = JOBS.c.key == fingerprint(job.config)
            values |= {"fraction": 1.0, "key": sa.case((same, JOBS.c.key), else_=sa.null())}
        with self.table.writing() as c:
            if state == "queued" and c.execute(sa.select(JOBS.c.cancelling).where(JOBS.c.id == job.id)).scalar():
                state = "cancelled"
            values |= {"state": state} if state == "queued" else {"state": state, "finished": self.table.now(c)}
            if not c.execute(mine(job).values(values)).rowcount:
                raise fenced(job)
        return state

    def enlist(self, worker: str) -> None:
        """A worker's first or next sign of life."""
        with self.table.writing() as c:
            beat = self._beat(c)
            if not c.execute(sa.update(WORKERS).where(WORKERS.c.id == worker).values(beat)).rowcount:
                self.table.insert(c, {"id": worker, **beat}, WORKERS)

    def leave(self, worker: str, always: bool = False) -> bool:
        """A worker's end: True if it may go; False if a job has come, unless it goes always."""
        with self.table.writing() as c:
            c.execute(sa.delete(WORKERS).where(WORKERS.c.id == worker))
        if always or not self.waiting()[0]:
            return True  # a job that comes from now on finds this worker gone and starts another
        self.enlist(worker)
        return False

    def waiting(self) -> tuple[int, list[str], list[str]]:
        """The number of queued jobs; the workers of this machine that live; those of them without a job.

        Workers that are gone are struck off.
        """
        with self.table.reading() as c:
            queued = c.execute(sa.select(sa.func.count()).where(JOBS.c.state == "queued")).scalar_one()
            busy = set(c.execute(sa.select(JOBS.c.worker).where(JOBS.c.state == "running")).scalars())
            rows, now = c.execute(sa.select(WORKERS)).all(), self.table.now(c)
        dead = [row.id for row in rows if is_gone(row.id) or self.table.silent(row.id, row, now)]
        if dead:
            with self.table.writing() as c:
                c.execute(sa.delete(WORKERS).where(WORKERS.c.id.in_(dead)))
        alive = [row.id for row in rows if row.id not in dead and row.id.startswith(this_host())]
        return queued, alive, [worker for worker in alive if worker not in busy]

    def purge(self) -> None:
        """Forget jobs deleted a week ago, and remove their folders of `runs/`; no folder elsewhere."""
        with self.table.reading() as c:
            old = JOBS.c.deleted < self.table.now(c) - KEPT_SECONDS
            folders = c.execute(sa.select(JOBS.c.folder).where(old)).scalars().all()
        for kept in map(Path, folders):
            if kept.parent == Path("runs") and kept.name != "..":
                shutil.rmtree(self.table.space / kept, ignore_errors=True)
        with self.table.writing() as c:
            c.execute(sa.delete(JOBS).where(old))

    def _beat(self, c: sa.Connection) -> dict:
        return {"beat_monotonic": time.monotonic(), "beat_database": self.table.now(c)}

    def _claimed(self, c: sa.Connection, row, worker: str) -> dict:
        return {
            "state": "running",
            "attempt": row.attempt + 1,
            "worker": worker,
            "started": self.table.now(c),
            "finished": None,
            "cancelling": False,
            "message": "",
            "stage": "data",
            "fraction": 0.0,
            **self._beat(c),
        }
