"""The worker: takes queued jobs one after the other, in a process of its own.

`python -m scpo worker` runs one by hand; the app starts them detached. While a job runs, a
thread renews its lease, writes how far it is, and hears of a cancel.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import math
import signal
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

from scpo import runs
from scpo.config import ExperimentConfig
from scpo.errors import DatabaseError, Fenced, ScpoError, Stopped
from scpo.format import noun
from scpo.grouping import noun_of
from scpo.jobs.job import BEAT, LEASE, Job, is_whole
from scpo.jobs.leases import Leases
from scpo.jobs.process import worker_name
from scpo.jobs.table import open_table
from scpo.runs.progress_log import read_progress

LOG = "log.txt"
POLL, PATIENCE = 0.5, 60.0  # seconds between two looks at the queue; for which a database may be away
log = logging.getLogger("scpo")


def serve(leases: Leases, idle_seconds: float | None = None, should_end: Callable[[], bool] = lambda: False) -> int:
    """Work until asked to end, or idle for so long; returns the number of jobs worked."""
    me, worked, idle_since = worker_name(), 0, time.monotonic()
    leases.enlist(me)
    leases.purge()
    while not should_end():
        idle = idle_seconds is not None and time.monotonic() - idle_since > idle_seconds
        try:
            leases.enlist(me)
            job = leases.claim(me)
            if job:
                work(leases, job, should_end)
                worked, idle_since = worked + 1, time.monotonic()
                continue
            if idle and leases.leave(me):
                return worked
        except DatabaseError as error:
            if idle:
                break
            log.warning("%s The worker tries again.", error)
        time.sleep(POLL)
    with contextlib.suppress(DatabaseError):  # then others see that this process is gone
        leases.leave(me, always=True)
    return worked


def work(leases: Leases, job: Job, should_end: Callable[[], bool] = lambda: False) -> str:
    """Run a claimed job to its end; returns the state that it ended in, 'fenced' if it is no longer ours.

    should_end  asked at every safe point; True gives the job back to the queue, to go on later
    """
    state, message = "done", ""
    with Lease(leases, job) as lease:  # kept up until the end is written
        try:
            try:
                _attempt(job, lease, should_end)
            except Fenced:
                raise
            except Stopped:
                state, message = ("cancelled", _partial(job)) if lease.ended.is_set() else ("queued", "")
            except Exception as error:  # also a fault of the program: its trace goes to the log, the queue goes on
                state, message = "failed", _reason(error, job)
            return _patiently(lambda: leases.finish(job, state, message))
        except Fenced as error:
            log.warning("%s", error)
            return "fenced"


def _attempt(job: Job, lease: Lease, should_end: Callable[[], bool]) -> None:
    from scpo.training.experiment import run

    _sweep(job.folder)
    if is_whole(job.folder):
        return  # the attempt before this one got done, and was gone before it could say so
    if runs.is_done(job.folder):
        (job.folder / "done.json").unlink()  # of a result that was damaged since
    runs.create(job.folder, job.config)
    with _Log(job.folder):
        log.info("attempt %d of %s begins", job.attempt, job.id)
        try:
            run(
                job.config,
                job.folder,
                on_progress=lease.note,
                guard=lease.check,
                should_stop=lambda: lease.should_stop() or should_end(),
            )
        except ScpoError as error:
            log.warning("ends: %s", error)
            raise
        except Exception:
            log.error("ends: %s", traceback.format_exc())
            raise
        log.info("done")


def _sweep(folder: Path) -> None:
    """Remove files that a killed attempt had not finished writing, and checkpoints that nothing needs."""
    names = {*runs.RESULT_FILES, runs.HEADS, runs.MODELS, "done.json"}
    for path in folder.glob(".*.*"):
        written = path.name[1:].rpartition(".")[0]
        if written in names or written.startswith("checkpoint-"):
            path.unlink(missing_ok=True)
    for path in folder.glob("checkpoint-*.safetensors") if runs.is_done(folder) else ():
        path.unlink(missing_ok=True)


def _reason(error: BaseException, job: Job) -> str:
    """Why a run failed, and what to do."""
    # torch has errors of its own for memory, of the machine and of a GPU; it is not loaded for their sake
    if isinstance(error, MemoryError) or "out of memory" in str(error) or "allocate memory" in str(error):
        groups = noun(noun_of(job.config.data.group))
        return f"Out of memory. Use fewer {groups}, seeds or budgets, a smaller batch size, or a machine with more."
    cause = error if isinstance(error, OSError) else error.__cause__
    if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The disk is full. Free some space and resume: the run goes on from its last checkpoint."
    if isinstance(error, OSError) and not job.folder.is_dir():
        return f"The run folder {job.folder} is gone: it was deleted or moved. Move it back, or resume to run it anew."
    if isinstance(error, OSError):
        return f"{error}. Fix that and resume: the run continues from its last checkpoint."
    if isinstance(error, ScpoError):
        return str(error)
    return f"unexpected {type(error).__name__}: {error}. The log has the details."


def _partial(job: Job) -> str:
    last = next((e for e in reversed(read_progress(job.folder)) if "accuracy" in e), None)
    return f"Cancelled at step {last['done']} of {last['total']}; what is shown is partial." if last else "Cancelled."


def _patiently(action: Callable):
    """Do it; while the database is away, try again for a minute."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return action()
        except DatabaseError as error:
            if time.monotonic() > until:
                raise
            log.warning("%s", error)
            time.sleep(POLL)


def run_here(config: ExperimentConfig, folder: Path, on_progress: Callable[[Mapping], None]) -> runs.Result:
    """`run --out DIR` in this process, as a job of the store. Raises what `experiment.run` raises.

    Where the store cannot be used, such as on a read-only home, the run goes on without one.
    """
    config = config.located()
    if not (folder / "config.json").exists():
        _sweep(folder)  # killed while it wrote its very first file
    runs.create(folder, config)
    with contextlib.ExitStack() as closing:
        try:
            leases = Leases(closing.enter_context(contextlib.closing(open_table())))
            job = leases.begin(config, folder, worker_name())
        except DatabaseError as error:
            from scpo.training.experiment import run

            log.warning("%s The run goes on, but `jobs` will not list it.", error)
            return run(config, folder, on_progress=on_progress)
        return _run_begun(leases, job, folder, on_progress)


def _run_begun(leases: Leases, job: Job, folder: Path, on_progress: Callable[[Mapping], None]) -> runs.Result:
    from scpo.training.experiment import run

    with Lease(leases, job) as lease:

        def listen(entry: Mapping) -> None:
            lease.note(entry)
            on_progress(entry)

        try:
            _sweep(folder)
            result = run(job.config, folder, on_progress=listen, guard=lease.check, should_stop=lease.should_stop)
        except Fenced:
            raise
        except BaseException as error:
            stopped = isinstance(error, (Stopped, KeyboardInterrupt))
            _say(leases, job, "cancelled" if stopped else "failed", _partial(job) if stopped else _reason(error, job))
            raise
        _say(leases, job, "done")
    return result


def _say(leases: Leases, job: Job, state: str, message: str = "") -> None:
    """Write how a job of this process ended; a store that cannot be reached changes nothing about that."""
    try:
        _patiently(lambda: leases.finish(job, state, message))
    except ScpoError as error:
        log.warning("%s", error)


class Lease:
    """A thread that renews the lease of a job while it is worked on.

    ended  set when the job is to be cancelled, or is no longer ours (`fault` says why)
    """

    def __init__(self, leases: Leases, job: Job):
        self._leases, self._job, self._over = leases, job, threading.Event()
        self._progress: tuple[str, float, float | None] = ("data", 0.0, None)
        self._renewed = -math.inf  # never later than what the database has, so that who is overdue there knows it here
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self.ended = threading.Event()
        self.fault: Fenced | None = None

    def __enter__(self) -> Lease:
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._over.set()
        self._thread.join()

    def note(self, entry: Mapping) -> None:
        """Progress, for the next renewal."""
        if "fraction" in entry:
            self._progress = (entry["stage"], entry["fraction"], entry.get("seconds_left"))

    def check(self) -> None:
        """Raises `Fenced` if the job is no longer ours; waits for a database that is away for a moment."""
        _patiently(lambda: self._leases.check(self._job))

    def should_stop(self) -> bool:
        """True if the job is to be cancelled; raises `Fenced` if it is no longer ours.

        A worker that was frozen for as long as the lease asks the database before it goes on, so
        that it adds not a line to a run that another has taken over.
        """
        if time.monotonic() - self._renewed > LEASE:
            self._renew()
        if self.fault:
            raise self.fault
        return self.ended.is_set()

    def _keep(self) -> None:
        while not self.fault and not self._over.wait(BEAT / 2):
            self._renew()

    def _renew(self) -> None:
        began = time.monotonic()
        try:
            if self._leases.renew(self._job, *self._progress):
                self.ended.set()
        except Fenced as error:
            self.fault = error
            self.ended.set()
        except ScpoError as error:  # a database that is away for a moment: the lease bridges it
            log.warning("%s", error)
        self._renewed = began


class _Log:
    """Lines of the logger `scpo` go to the run folder's log while the job runs."""

    def __init__(self, folder: Path):
        self._handler = logging.FileHandler(folder / LOG)
        self._handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))

    def __enter__(self) -> None:
        log.setLevel(logging.INFO)
        log.addHandler(self._handler)

    def __exit__(self, *_) -> None:
        log.removeHandler(self._handler)
        self._handler.close()


def ends_on_signals() -> Callable[[], bool]:
    """True once this process was asked to end (SIGTERM, Ctrl-C): the job goes back to the queue."""
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    return asked.is_set
