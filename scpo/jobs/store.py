"""The job store: one row per job, and every change of its state.

    queued -> running -> done | failed | cancelled;  running -> lost, when its worker is gone
    failed, cancelled, lost -> queued again, by `resume`

A worker owns a job by claiming it: each claim raises `attempt`, and every write of a worker
names its attempt, so that one which was taken for gone and wakes up changes nothing (`Fenced`).
Signs of life are measured by the machine's uptime where observer and worker share a machine, by
the database's clock elsewhere: a wall clock that jumps loses no job. Knows nothing of training.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

import scpo
from scpo import runs
from scpo.config import ExperimentConfig
from scpo.errors import Fenced, JobError, ScpoError
from scpo.jobs.host import is_gone, this_host
from scpo.jobs.schema import JOBS, WORKERS, errors, open_database, writing

STATES = ("queued", "running", "done", "failed", "cancelled", "lost")
RESUMABLE = ("failed", "cancelled", "lost")
BEAT, LEASE = 2.0, 15.0  # seconds between two signs of life, and without one until a job counts as lost
KEPT_SECONDS = 7 * 86_400  # how long a deleted run can be brought back
NAME_LENGTH, NOTE_LENGTH, KEY_LENGTH = 120, 4000, 48


@dataclass(frozen=True)
class Job:
    """One experiment: its settings, run folder and state. Times are unix seconds."""

    id: str
    name: str
    note: str
    state: str
    config: ExperimentConfig
    folder: Path
    created: float
    started: float | None
    finished: float | None
    deleted: float | None
    attempt: int
    stage: str
    fraction: float
    seconds_left: float | None
    message: str
    cancelling: bool


def open_store(space: Path | None = None) -> Store:
    """The store of a workspace: `SCPO_DATABASE_URL`, or the file `jobs.sqlite` in it."""
    space = (space or runs.workspace()).absolute()
    return Store(os.environ.get("SCPO_DATABASE_URL") or f"sqlite:///{space / 'jobs.sqlite'}", space)


def fingerprint(config: ExperimentConfig) -> str:
    """A hash of settings, content of local files and program version: equal if the results would be."""
    digest = hashlib.sha256()
    for name in _local_files(config):
        with contextlib.suppress(OSError), open(name, "rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    plain = config.as_dict()
    plain["data"]["data_files"] = len(config.data.data_files)
    digest.update(json.dumps([plain, scpo.__version__], sort_keys=True).encode())
    return digest.hexdigest()[:KEY_LENGTH]


def _local_files(config: ExperimentConfig) -> list[str]:
    return [*config.data.data_files, *([config.global_model] if Path(config.global_model).is_file() else [])]


class Store:
    """All jobs of one database. Safe to use from threads and processes at once."""

    def __init__(self, url: str, space: Path):
        self._url, self.space = url, Path(os.path.abspath(space))
        self._engine = open_database(url)

    def close(self) -> None:
        """Close the connections; the next call opens one again."""
        self._engine.dispose()

    # what a user does

    def find(self, config: ExperimentConfig) -> Job | None:
        """The job of the same settings on the same data, deleted ones aside."""
        with self._reading() as c:
            id = c.execute(sa.select(JOBS.c.id).where(JOBS.c.key == fingerprint(config.located()))).scalar()
        return self.get(id) if id else None

    def submit(self, config: ExperimentConfig, name: str = "") -> Job:
        """A queued job; or the job of the same settings and data, queued again if it did not get done."""
        config, id = config.located(), uuid.uuid4().hex[:12]
        key = fingerprint(config)
        with self._writing() as c:
            same = c.execute(sa.select(JOBS).where(JOBS.c.key == key)).first()
            if same is None:
                values = self._new(id, f"runs/{config.data.dataset}-{id}", config, key=key, name=name)
                if not self._insert(c, values):  # another machine was faster
                    same = c.execute(sa.select(JOBS).where(JOBS.c.key == key)).one()
        job = self.get(same.id if same else id)
        return self.resume(job.id) if _can_go_on(job) else job

    def get(self, id_or_folder: str | Path) -> Job:
        """A job by its id or its run folder. Raises `JobError` if there is none."""
        text = _clean(str(id_or_folder))
        folder = self._kept_as(Path(text))
        query = sa.select(JOBS).where((JOBS.c.id == text) | (JOBS.c.folder == folder))
        with self._reading() as c:
            row = c.execute(query).first()
        if row is None and self._adopt(self.space / folder):
            with self._reading() as c:
                row = c.execute(query).first()
        if row is None:
            raise JobError(f"there is no job {text[:200]!r}; `jobs list` shows what there is.")
        return self._job(self._fresh([row])[0])

    def jobs(self, deleted: bool = False) -> list[Job]:
        """All jobs, the newest first; those whose worker is gone are lost from now on."""
        with self._reading() as c:
            known = set(c.execute(sa.select(JOBS.c.folder)).scalars())
        for folder in runs.list_runs(self.space):
            if str(folder.relative_to(self.space)) not in known:
                self._adopt(folder)
        query = sa.select(JOBS).order_by(JOBS.c.created.desc(), JOBS.c.id)
        if not deleted:
            query = query.where(JOBS.c.deleted.is_(None))
        with self._reading() as c:
            rows = c.execute(query).all()
        return [self._job(row) for row in self._fresh(rows)]

    def cancel(self, id: str) -> Job:
        """End a queued job now, a running one at its next safe point."""
        with self._writing() as c:
            now = self._now(c)
            c.execute(_of(id, "queued").values(state="cancelled", finished=now, message="cancelled before it began"))
            c.execute(_of(id, "running").values(cancelling=True))
        return self.get(id)

    def resume(self, id: str) -> Job:
        """Queue a job again that failed, was cancelled or lost; it goes on from its last checkpoint.

        A job that is done is queued again only if its run folder is gone or damaged.
        """
        job = self.get(id)  # which also sees that a worker is gone
        states = (job.state,) if _can_go_on(job) else RESUMABLE
        with self._writing() as c:
            again = {"state": "queued", "message": "", "cancelling": False, "finished": None, "seconds_left": None}
            changed = c.execute(_of(id, *states).where(JOBS.c.deleted.is_(None)).values(again)).rowcount
        job = self.get(id)
        if not changed and job.state not in ("queued", "running"):
            raise JobError(f"{job.name} is {'deleted' if job.deleted else job.state}; there is nothing to resume.")
        return job

    def delete(self, id: str) -> Job:
        """Hide a job; its folder stays for a week, and `undelete` brings it back."""
        if self.get(id).deleted is None:
            with self._writing() as c:
                key = sa.func.substr(JOBS.c.key, 1, KEY_LENGTH, type_=sa.String).concat(f":{id}")  # for `undelete`
                ended = _of(id, "queued", "done", *RESUMABLE)
                c.execute(ended.values(deleted=self._now(c), key=key))
                c.execute(_of(id, "queued").values(state="cancelled", message="deleted before it began"))
        job = self.get(id)
        if job.deleted is None:
            raise JobError(f"{job.name} is {job.state}; cancel it first, then delete it.")
        return job

    def undelete(self, id: str) -> Job:
        """Bring a deleted job back; it stands for its settings and data again, unless another does by now."""
        with self._writing() as c:
            row = c.execute(sa.select(JOBS).where(JOBS.c.id == id, JOBS.c.deleted.is_not(None))).first()
            if row:
                key = row.key.partition(":")[0] if row.key else None
                taken = c.execute(sa.select(JOBS.c.id).where(JOBS.c.key == key)).first()
                c.execute(_of(id, *STATES).values(deleted=None, key=None if taken else key))
        return self.get(id)

    def rename(self, id: str, name: str) -> Job:
        """Another name; it is shown only and never part of a path."""
        return self._describe(id, name=_line(name, NAME_LENGTH) or self.get(id).id)

    def annotate(self, id: str, note: str) -> Job:
        """A note of up to 4,000 characters."""
        if len(note) > NOTE_LENGTH:
            raise JobError(f"the note has {len(note):,} characters; at most {NOTE_LENGTH:,} are kept. Shorten it.")
        return self._describe(id, note=_clean(note))

    # what a worker does

    def begin(self, config: ExperimentConfig, folder: Path, worker: str) -> Job:
        """A job of a given run folder that this process works on itself (`run --out`)."""
        kept, id = self._kept_as(folder), uuid.uuid4().hex[:12]
        with self._writing() as c:
            self._insert(c, self._new(id, kept, config, name=folder.name))
            row = c.execute(sa.select(JOBS).where(JOBS.c.folder == kept).with_for_update()).one()
            if row.state == "running" and not self._is_stale(row, self._now(c)):
                raise JobError(f"{folder} is being worked on by another process; follow it: jobs follow {row.id}")
            same = row.deleted is None and row.config == _text(config)
            values = {"config": _text(config), "key": row.key if same else None, "deleted": None}
            values |= self._claimed(c, row, worker)
            row = c.execute(sa.update(JOBS).where(JOBS.c.id == row.id).values(values).returning(JOBS)).one()
        return self._job(row)

    def claim(self, worker: str) -> Job | None:
        """Take the oldest queued job, or None. Two workers never get the same."""
        with self._writing() as c:
            queued = sa.select(JOBS).where(JOBS.c.state == "queued").order_by(JOBS.c.created, JOBS.c.id).limit(1)
            row = c.execute(queued.with_for_update(skip_locked=True)).first()
            if row is None:
                return None
            mine = sa.update(JOBS).where(JOBS.c.id == row.id).values(self._claimed(c, row, worker))
            row = c.execute(mine.returning(JOBS)).one()
        return self._job(row)

    def renew(self, job: Job, stage: str, fraction: float, seconds_left: float | None) -> bool:
        """A sign of life with progress. True if the job is to be cancelled; raises `Fenced` if it is no longer ours."""
        with self._writing() as c:
            values = {"stage": stage, "fraction": fraction, "seconds_left": seconds_left, **self._beat(c)}
            row = c.execute(_mine(job).values(values).returning(JOBS.c.cancelling, JOBS.c.worker)).first()
            if row:
                c.execute(sa.update(WORKERS).where(WORKERS.c.id == row.worker).values(self._beat(c)))
        if row is None:
            raise _fenced(job)
        return row.cancelling

    def check(self, job: Job) -> None:
        """Raises `Fenced` if the job is no longer ours."""
        with self._reading() as c:
            row = c.execute(sa.select(JOBS.c.attempt, JOBS.c.state).where(JOBS.c.id == job.id)).first()
        if row is None or (row.attempt, row.state) != (job.attempt, "running"):
            raise _fenced(job)

    def finish(self, job: Job, state: str, message: str = "") -> str:
        """The end of a claimed job, or its return to the queue; returns the state that it has now.

        Raises `Fenced` if it is no longer ours. A cancel that came before the return to the queue
        holds. A job whose files changed since it was submitted is not offered for that content.
        """
        values = {"message": _clean(message)[:NOTE_LENGTH], "cancelling": False, "seconds_left": None}
        if state == "done":
            same = JOBS.c.key == fingerprint(job.config)
            values |= {"fraction": 1.0, "key": sa.case((same, JOBS.c.key), else_=sa.null())}
        with self._writing() as c:
            if state == "queued" and c.execute(sa.select(JOBS.c.cancelling).where(JOBS.c.id == job.id)).scalar():
                state = "cancelled"
            values |= {"state": state} if state == "queued" else {"state": state, "finished": self._now(c)}
            if not c.execute(_mine(job).values(values)).rowcount:
                raise _fenced(job)
        return state

    def enlist(self, worker: str) -> None:
        """A worker's first or next sign of life."""
        with self._writing() as c:
            beat = self._beat(c)
            if not c.execute(sa.update(WORKERS).where(WORKERS.c.id == worker).values(beat)).rowcount:
                self._insert(c, {"id": worker, **beat}, WORKERS)

    def leave(self, worker: str, always: bool = False) -> bool:
        """A worker's end: True if it may go; False if a job has come, unless it goes always."""
        with self._writing() as c:
            c.execute(sa.delete(WORKERS).where(WORKERS.c.id == worker))
        if always or not self.waiting()[0]:
            return True  # a job that comes from now on finds this worker gone and starts another
        self.enlist(worker)
        return False

    def waiting(self) -> tuple[int, list[str], list[str]]:
        """The number of queued jobs; the workers of this machine that live; those of them without a job.

        Workers that are gone are struck off.
        """
        with self._reading() as c:
            queued = c.execute(sa.select(sa.func.count()).where(JOBS.c.state == "queued")).scalar_one()
            busy = set(c.execute(sa.select(JOBS.c.worker).where(JOBS.c.state == "running")).scalars())
            rows, now = c.execute(sa.select(WORKERS)).all(), self._now(c)
        dead = [row.id for row in rows if is_gone(row.id) or self._silent(row.id, row, now)]
        if dead:
            with self._writing() as c:
                c.execute(sa.delete(WORKERS).where(WORKERS.c.id.in_(dead)))
        alive = [row.id for row in rows if row.id not in dead and row.id.startswith(this_host())]
        return queued, alive, [worker for worker in alive if worker not in busy]

    def purge(self) -> None:
        """Forget jobs deleted a week ago, and remove their folders of `runs/`; no folder elsewhere."""
        with self._reading() as c:
            old = JOBS.c.deleted < self._now(c) - KEPT_SECONDS
            folders = c.execute(sa.select(JOBS.c.folder).where(old)).scalars().all()
        for kept in map(Path, folders):
            if kept.parent == Path("runs") and kept.name != "..":
                shutil.rmtree(self.space / kept, ignore_errors=True)
        with self._writing() as c:
            c.execute(sa.delete(JOBS).where(old))

    # inside

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with errors(self._url), writing(self._engine) as connection:
            yield connection

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with errors(self._url), self._engine.connect() as connection:
            yield connection

    def _now(self, c: sa.Connection) -> float:
        if c.dialect.name == "postgresql":
            return float(c.execute(sa.text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
        return time.time()

    def _beat(self, c: sa.Connection) -> dict:
        return {"beat_monotonic": time.monotonic(), "beat_database": self._now(c)}

    def _silent(self, worker: str, row, now: float) -> bool:
        """True if there was no sign of life for longer than the lease."""
        if worker.startswith(this_host()):
            return time.monotonic() - row.beat_monotonic > LEASE
        return now - row.beat_database > LEASE

    def _is_stale(self, row, now: float) -> bool:
        return row.state == "running" and (is_gone(row.worker) or self._silent(row.worker, row, now))

    def _fresh(self, rows: list) -> list:
        """The rows again, those of workers that are gone marked as lost."""
        if not any(row.state == "running" for row in rows):
            return rows
        with self._reading() as c:
            now = self._now(c)
        stale = {row.id: row for row in rows if self._is_stale(row, now)}
        if not stale:
            return rows
        with self._writing() as c:
            for row in stale.values():
                seen = _mine(row).where(JOBS.c.beat_monotonic == row.beat_monotonic)
                ended = {"finished": self._now(c), "seconds_left": None, "cancelling": False}
                c.execute(seen.values(ended | self._left_behind(row)))
            again = c.execute(sa.select(JOBS).where(JOBS.c.id.in_(list(stale)))).all()
        current = {row.id: row for row in again}
        return [current.get(row.id, row) for row in rows]

    def _left_behind(self, row) -> dict:
        """State and message of a running job whose worker is gone."""
        if runs.is_done(self.space / row.folder):  # it ended just before it could say so
            return {"state": "done", "message": "", "fraction": 1.0}
        at = f"at {round(100 * row.fraction)} %"
        if row.cancelling:
            return {"state": "cancelled", "message": f"Cancelled {at}; what is shown is partial."}
        why = "its process ended" if is_gone(row.worker) else f"no sign of life for {LEASE:.0f} s"
        return {"state": "lost", "message": f"The worker is gone ({why}) {at}. Resume it to go on from there."}

    def _claimed(self, c: sa.Connection, row, worker: str) -> dict:
        return {
            "state": "running", "attempt": row.attempt + 1, "worker": worker, "started": self._now(c),
            "finished": None, "cancelling": False, "message": "", "stage": "data", "fraction": 0.0, **self._beat(c),
        }  # fmt: skip

    def _new(self, id: str, folder: str, config: ExperimentConfig, key=None, name="", state="queued") -> dict:
        return {
            "id": id, "key": key, "folder": folder, "config": _text(config), "state": state, "note": "",
            "name": _line(name, NAME_LENGTH) or f"{config.data.dataset} {id[:4]}", "message": "", "attempt": 0,
            "created": time.time(), "cancelling": False, "stage": "", "fraction": float(state == "done"),
        }  # fmt: skip

    def _insert(self, c: sa.Connection, values: dict, table: sa.Table = JOBS) -> bool:
        """False if a job of this key or folder (or this worker) is there already."""
        try:
            with c.begin_nested():
                c.execute(sa.insert(table).values(values))
        except sa.exc.IntegrityError:
            return False
        return True

    def _adopt(self, folder: Path) -> bool:
        """Make a job of a run folder that has none: copied here, or of a database that is gone."""
        try:
            config, done = runs.read_config(folder), runs.is_done(folder)
            when = (folder / ("done.json" if done else "config.json")).stat().st_mtime
            kept = self._kept_as(folder)
        except (ScpoError, OSError, AttributeError):  # no settings, or something else in their place
            return False
        values = self._new(uuid.uuid4().hex[:12], kept, config, name=folder.name, state="done" if done else "lost")
        values |= {"created": when, "finished": when}
        values |= {} if done else {"message": "This run folder is unfinished. Resume it to go on."}
        if done and not _local_files(config) and not self.find(config):  # what a file held then, nobody knows
            values["key"] = fingerprint(config.located())
        with self._writing() as c:
            return self._insert(c, values)

    def _kept_as(self, folder: Path) -> str:
        """How the database names a folder: by its path in the workspace if it lies there, else whole."""
        folder = Path(os.path.abspath(folder))  # without `..`, which would lead out of the workspace again
        kept = str(folder.relative_to(self.space)) if folder.is_relative_to(self.space) else str(folder)
        if kept != _clean(kept):
            raise JobError(f"the folder {kept!r} has a name that is not text. Give another --out.")
        return kept

    def _describe(self, id: str, **values: str) -> Job:
        with self._writing() as c:
            c.execute(sa.update(JOBS).where(JOBS.c.id == id).values(values))
        return self.get(id)

    def _job(self, row) -> Job:
        kept = row._asdict()
        fields = {name: kept[name] for name in Job.__dataclass_fields__ if name not in ("config", "folder")}
        fields["name"] = row.name or row.id  # jobs of version 0001 had none
        config = ExperimentConfig.from_dict(json.loads(row.config))
        return Job(config=config, folder=self.space / row.folder, **fields)


def _of(id: str, *states: str) -> sa.Update:
    return sa.update(JOBS).where(JOBS.c.id == id, JOBS.c.state.in_(states))


def _mine(job) -> sa.Update:
    return _of(job.id, "running").where(JOBS.c.attempt == job.attempt)


def _fenced(job: Job) -> Fenced:
    return Fenced(f"{job.name} is no longer this worker's (attempt {job.attempt}); nothing more is written.")


def _text(config: ExperimentConfig) -> str:
    return json.dumps(config.as_dict(), sort_keys=True)


def _can_go_on(job: Job) -> bool:
    """True if a job ended without a result that can be read."""
    if job.state != "done":
        return job.state in RESUMABLE
    return not is_whole(job.folder)


def is_whole(folder: Path) -> bool:
    """True if the run folder holds a finished run that can be read."""
    try:
        runs.read(folder)
    except (ScpoError, AttributeError, TypeError, ValueError):  # missing, cut or altered
        return False
    return True


def _clean(text: str) -> str:
    """Text that every database takes: no NUL, no half of a character."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _line(text: str, length: int) -> str:
    return " ".join(_clean(text).split())[:length]
