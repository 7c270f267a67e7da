"""The job store: one row per job, and every change of its state that a user makes.

    queued -> running -> done | failed | cancelled;  running -> lost, when its worker is gone
    failed, cancelled, lost -> queued again, by `resume`

What a worker does is in `leases`, how rows are read and written in `table`. Knows nothing of training.
"""

from __future__ import annotations

import uuid
from pathlib import Path

import sqlalchemy as sa

from scpo import runs
from scpo.config import ExperimentConfig
from scpo.errors import JobError, ScpoError
from scpo.jobs.job import (
    KEY_LENGTH,
    NAME_LENGTH,
    NOTE_LENGTH,
    RESUMABLE,
    STATES,
    Job,
    can_go_on,
    clean,
    fingerprint,
    line,
    local_files,
)
from scpo.jobs.schema import JOBS
from scpo.jobs.table import JobTable, of_job, open_table


def open_store(space: Path | None = None) -> Store:
    """The jobs of a workspace; see `open_table`."""
    return Store(open_table(space))


class Store:
    """What users do with the jobs of a table. Safe to use from threads and processes at once."""

    def __init__(self, table: JobTable):
        self.table, self.space, self.close = table, table.space, table.close

    def find(self, config: ExperimentConfig) -> Job | None:
        """The job of the same settings on the same data, deleted ones aside."""
        with self.table.reading() as c:
            id = c.execute(sa.select(JOBS.c.id).where(JOBS.c.key == fingerprint(config.located()))).scalar()
        return self.get(id) if id else None

    def submit(self, config: ExperimentConfig, name: str = "") -> Job:
        """A queued job; or the job of the same settings and data, queued again if it did not get done."""
        config, id = config.located(), uuid.uuid4().hex[:12]
        key = fingerprint(config)
        with self.table.writing() as c:
            same = c.execute(sa.select(JOBS).where(JOBS.c.key == key)).first()
            if same is None:
                values = self.table.new_row(id, f"runs/{config.data.dataset}-{id}", config, key=key, name=name)
                if not self.table.insert(c, values):  # another machine was faster
                    same = c.execute(sa.select(JOBS).where(JOBS.c.key == key)).one()
        job = self.get(same.id if same else id)
        return self.resume(job.id) if can_go_on(job) else job

    def get(self, id_or_folder: str | Path) -> Job:
        """A job by its id or its run folder. Raises `JobError` if there is none."""
        text = clean(str(id_or_folder))
        folder = self.table.kept_as(Path(text))
        query = sa.select(JOBS).where((JOBS.c.id == text) | (JOBS.c.folder == folder))
        with self.table.reading() as c:
            row = c.execute(query).first()
        if row is None and self._adopt(self.space / folder):
            with self.table.reading() as c:
                row = c.execute(query).first()
        if row is None:
            raise JobError(f"there is no job {text[:200]!r}; `jobs list` shows what there is.")
        return self.table.job(self.table.fresh([row])[0])

    def jobs(self, deleted: bool = False) -> list[Job]:
        """All jobs, the newest first; those whose worker is gone are lost from now on."""
        with self.table.reading() as c:
            known = set(c.execute(sa.select(JOBS.c.folder)).scalars())
        for folder in runs.list_runs(self.space):
            if str(folder.relative_to(self.space)) not in known:
                self._adopt(folder)
        query = sa.select(JOBS).order_by(JOBS.c.created.desc(), JOBS.c.id)
        if not deleted:
            query = query.where(JOBS.c.deleted.is_(None))
        with self.table.reading() as c:
            rows = list(c.execute(query))
        return [self.table.job(row) for row in self.table.fresh(rows)]

    def counts(self) -> dict[str, int]:
        """State -> number of jobs as the database has them, deleted ones aside."""
        query = sa.select(JOBS.c.state, sa.func.count()).where(JOBS.c.deleted.is_(None)).group_by(JOBS.c.state)
        with self.table.reading() as c:
            return {state: count for state, count in c.execute(query)}

    def cancel(self, id: str) -> Job:
        """End a queued job now, a running one at its next safe point."""
        with self.table.writing() as c:
            now = self.table.now(c)
            c.execute(of_job(id, "queued").values(state="cancelled", finished=now, message="cancelled before it began"))
            c.execute(of_job(id, "running").values(cancelling=True))
        return self.get(id)

    def resume(self, id: str) -> Job:
        """Queue a job again that failed, was cancelled or lost; it goes on from its last checkpoint.

        A job that is done is queued again only if its run folder is gone or damaged.
        """
        job = self.get(id)  # which also sees that a worker is gone
        states = (job.state,) if can_go_on(job) else RESUMABLE
        with self.table.writing() as c:
            again = {"state": "queued", "message": "", "cancelling": False, "finished": None, "seconds_left": None}
            changed = c.execute(of_job(id, *states).where(JOBS.c.deleted.is_(None)).values(again)).rowcount
        job = self.get(id)
        if not changed and job.state not in ("queued", "running"):
            raise JobError(f"{job.name} is {'deleted' if job.deleted else job.state}; there is nothing to resume.")
        return job

    def delete(self, id: str) -> Job:
        """Hide a job; its folder stays for a week, and `undelete` brings it back."""
        if self.get(id).deleted is None:
            with self.table.writing() as c:
                key = sa.func.substr(JOBS.c.key, 1, KEY_LENGTH, type_=sa.String).concat(f":{id}")  # for `undelete`
                ended = of_job(id, "queued", "done", *RESUMABLE)
                c.execute(ended.values(deleted=self.table.now(c), key=key))
                c.execute(of_job(id, "queued").values(state="cancelled", message="deleted before it began"))
        job = self.get(id)
        if job.deleted is None:
            raise JobError(f"{job.name} is {job.state}; cancel it first, then delete it.")
        return job

    def undelete(self, id: str) -> Job:
        """Bring a deleted job back; it stands for its settings and data again, unless another does by now."""
        with self.table.writing() as c:
            row = c.execute(sa.select(JOBS).where(JOBS.c.id == id, JOBS.c.deleted.is_not(None))).first()
            if row:
                key = row.key.partition(":")[0] if row.key else None
                taken = c.execute(sa.select(JOBS.c.id).where(JOBS.c.key == key)).first()
                c.execute(of_job(id, *STATES).values(deleted=None, key=None if taken else key))
        return self.get(id)

    def rename(self, id: str, name: str) -> Job:
        """Another name; it is shown only and never part of a path."""
        return self._describe(id, name=line(name, NAME_LENGTH) or self.get(id).id)

    def annotate(self, id: str, note: str) -> Job:
        """A note of up to 4,000 characters."""
        if len(note) > NOTE_LENGTH:
            raise JobError(f"the note has {len(note):,} characters; at most {NOTE_LENGTH:,} are kept. Shorten it.")
        return self._describe(id, note=clean(note))

    def _adopt(self, folder: Path) -> bool:
        """Make a job of a run folder that has none: copied here, or of a database that is gone."""
        try:
            config, done = runs.read_config(folder), runs.is_done(folder)
            when = (folder / ("done.json" if done else "config.json")).stat().st_mtime
            kept = self.table.kept_as(folder)
        except (ScpoError, OSError, AttributeError):  # no settings, or something else in their place
            return False
        values = self.table.new_row(
            uuid.uuid4().hex[:12], kept, config, name=folder.name, state="done" if done else "lost"
        )
        values |= {"created": when, "finished": when}
        values |= {} if done else {"message": "This run folder is unfinished. Resume it to go on."}
        if done and not local_files(config) and not self.find(config):  # what a file held then, nobody knows
            values["key"] = fingerprint(config.located())
        with self.table.writing() as c:
            return self.table.insert(c, values)

    def _describe(self, id: str, **values: str) -> Job:
        with self.table.writing() as c:
            c.execute(sa.update(JOBS).where(JOBS.c.id == id).values(values))
        return self.get(id)
