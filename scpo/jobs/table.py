"""The table of jobs that users (`store`) and workers (`leases`) share: its rows, and how a gone worker is seen.

Signs of life are measured by the machine's uptime where observer and worker share a machine, by
the database's clock elsewhere: a wall clock that jumps loses no job.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from scpo import runs
from scpo.config import ExperimentConfig
from scpo.errors import Fenced, JobError
from scpo.format import rounded_down
from scpo.jobs.job import (
    LEASE,
    NAME_LENGTH,
    STATES,
    Job,
    clean,
    line,
    settings_text,
    usual_name,
)
from scpo.jobs.process import is_gone, this_host
from scpo.jobs.schema import JOBS, begin_writing, damaged, ensure_tables, errors, open_database


def open_table(space: Path | None = None) -> JobTable:
    """The jobs of a workspace, in `SCPO_DATABASE_URL`, or in the file `jobs.sqlite` there."""
    space = (space or runs.workspace()).absolute()
    return JobTable(os.environ.get("SCPO_DATABASE_URL") or f"sqlite:///{space / 'jobs.sqlite'}", space)


class JobTable:
    """The job rows of one database and the run folders of one workspace. For threads and processes at once."""

    def __init__(self, url: str, space: Path):
        self._url, self.space = url, Path(os.path.abspath(space))
        self.engine = open_database(url)

    def close(self) -> None:
        """Close the connections; the next call opens one again."""
        self.engine.dispose()

    def ensure(self, tables: sa.MetaData) -> None:
        """Make other tables beside those of jobs, where the database has none of them. Raises `DatabaseError`."""
        ensure_tables(self.engine, self._url, tables)

    @contextlib.contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that writes. Raises `DatabaseError`."""
        with errors(self._url), begin_writing(self.engine) as connection:
            yield connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that reads. Raises `DatabaseError`."""
        with errors(self._url), self.engine.connect() as connection:
            yield connection

    def now(self, c: sa.Connection) -> float:
        """The database's clock, unix seconds."""
        if c.dialect.name == "postgresql":
            return float(c.execute(sa.text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
        return time.time()

    def silent(self, worker: str, row, now: float) -> bool:
        """True if there was no sign of life for longer than the lease."""
        if worker.startswith(this_host()):
            return time.monotonic() - row.beat_monotonic > LEASE
        return now - row.beat_database > LEASE

    def is_stale(self, row, now: float) -> bool:
        """True for a running job whose worker is gone."""
        return row.state == "running" and (is_gone(row.worker) or self.silent(row.worker, row, now))

    def fresh(self, rows: list) -> list:
        """The rows again, those of workers that are gone marked as lost. Raises `DatabaseError` if one is damaged."""
        for row in rows:
            if not is_sound(row):
                raise damaged(self._url, f"the row of job {row.id!r} is not one that this program writes")
        if not any(row.state == "running" for row in rows):
            return rows
        with self.reading() as c:
            now = self.now(c)
        stale = {row.id: row for row in rows if self.is_stale(row, now)}
        if not stale:
            return rows
        with self.writing() as c:
            for row in stale.values():
                seen = mine(row).where(JOBS.c.beat_monotonic == row.beat_monotonic)
                ended = {"finished": self.now(c), "seconds_left": None, "cancelling": False}
                c.execute(seen.values(ended | self._left_behind(row)))
            again = c.execute(sa.select(JOBS).where(JOBS.c.id.in_(list(stale)))).all()
        current = {row.id: row for row in again}
        return [current.get(row.id, row) for row in rows]

    def _left_behind(self, row) -> dict:
        """State and message of a running job whose worker is gone."""
        if runs.is_done(self.space / row.folder):  # it ended just before it could say so
            return {"state": "done", "message": "", "fraction": 1.0}
        at = f"at {rounded_down(row.fraction)}"
        if row.cancelling:
            return {"state": "cancelled", "message": f"Cancelled {at}; what is shown is partial."}
        why = "its process ended" if is_gone(row.worker) else f"no sign of life for {LEASE:.0f} s"
        return {"state": "lost", "message": f"The worker is gone ({why}) {at}. Resume it to go on from there."}

    def new_row(self, id: str, folder: str, config: ExperimentConfig, key=None, name="", state="queued") -> dict:
        """The values of a job's row before anything was done."""
        return {
            "id": id,
            "key": key,
            "folder": folder,
            "config": settings_text(config),
            "state": state,
            "note": "",
            "name": line(name, NAME_LENGTH) or usual_name(config, id),
            "message": "",
            "attempt": 0,
            "created": time.time(),
            "cancelling": False,
            "stage": "",
            "fraction": float(state == "done"),
        }

    def insert(self, c: sa.Connection, values: dict, table: sa.Table = JOBS) -> bool:
        """False if a job of this key or folder (or this worker) is there already."""
        try:
            with c.begin_nested():
                c.execute(sa.insert(table).values(values))
        except sa.exc.IntegrityError:
            return False
        return True

    def kept_as(self, folder: Path) -> str:
        """How the database names a folder: by its path in the workspace if it lies there, else whole."""
        folder = Path(os.path.abspath(folder))  # without `..`, which would lead out of the workspace again
        kept = str(folder.relative_to(self.space)) if folder.is_relative_to(self.space) else str(folder)
        if kept != clean(kept):
            raise JobError(f"the folder {kept!r} has a name that is not text. Give another --out.")
        return kept

    def job(self, row) -> Job:
        """A row as a job."""
        kept = row._asdict()
        fields = {name: kept[name] for name in Job.__dataclass_fields__ if name not in ("config", "folder")}
        try:
            config = ExperimentConfig.from_dict(json.loads(row.config))
        except (ValueError, RecursionError) as error:
            raise damaged(self._url, f"the settings of job {row.id!r} are no json") from error
        return Job(config=config, folder=self.space / row.folder, **fields)


def is_sound(row) -> bool:
    """False for a row that the disk or another program has changed; SQLite itself does not see every such change."""
    texts = (row.id, row.folder, row.config, row.name, row.note, row.message, row.stage)
    numbers = (row.attempt, row.created, row.fraction)
    sound = all(isinstance(text, str) for text in texts) and all(isinstance(n, (int, float)) for n in numbers)
    if row.state == "running":
        beats = isinstance(row.beat_monotonic, float) and isinstance(row.beat_database, float)
        sound = sound and beats and isinstance(row.worker, str) and row.worker.count(":") == 2
    return sound and row.state in STATES


def of_job(id: str, *states: str) -> sa.Update:
    return sa.update(JOBS).where(JOBS.c.id == id, JOBS.c.state.in_(states))


def mine(job) -> sa.Update:
    return of_job(job.id, "running").where(JOBS.c.attempt == job.attempt)


def fenced(job: Job) -> Fenced:
    return Fenced(f"{job.name} is no longer this worker's (attempt {job.attempt}); nothing more is written.")
