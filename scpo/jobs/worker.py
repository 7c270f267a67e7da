"""The worker: takes queued jobs one after the other, in a process of its own.

`python -m scpo worker` runs one by hand; the app starts them detached. While a job runs, a
thread renews its lease, writes how far it is, and hears of a cancel.
"""

from __future__ import annotations

import logging
import shutil
import signal
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

from scpo import runs
from scpo.config import ExperimentConfig
from scpo.errors import DatabaseError, Fenced, ScpoError, Stopped
from scpo.jobs.host import worker_name
from scpo.jobs.store import BEAT, Job, Store, open_store

LOG = "log.txt"
log = logging.getLogger("scpo")


def serve(store: Store, idle_seconds: float | None = None, should_end: Callable[[], bool] = lambda: False) -> int:
    """Work until asked to end, or idle for so long; returns the number of jobs worked."""
    me, worked, idle_since = worker_name(), 0, time.monotonic()
    store.enlist(me)
    for folder in store.purge():
        shutil.rmtree(folder, ignore_errors=True)
    try:
        while not should_end():
            store.enlist(me)
            job = store.claim(me)
            if job:
                work(store, job, should_end)
                worked, idle_since = worked + 1, time.monotonic()
            elif idle_seconds is not None and time.monotonic() - idle_since > idle_seconds and store.leave(me):
                break
            else:
                time.sleep(0.5)
    finally:
        store.leave(me, always=True)
    return worked


def work(store: Store, job: Job, should_end: Callable[[], bool] = lambda: False) -> str:
    """Run a claimed job to its end; returns the state that it ended in.

    should_end  asked at every safe point; True gives the job back to the queue, to go on later
    """
    lease = Lease(store, job)
    state, message = "done", ""
    with lease:
        try:
            _attempt(job, lease, should_end)
        except Stopped:
            state, message = ("queued", "") if should_end() else ("cancelled", _partial(job))
        except (ScpoError, OSError, MemoryError) as error:
            state, message = "failed", str(error) or "out of memory; use fewer countries, seeds or budgets"
        except Exception as error:  # a fault of the program: its trace goes to the log, the queue goes on
            state, message = "failed", f"unexpected {type(error).__name__}: {error}. The log has the details."
    try:
        if not isinstance(lease.fault, Fenced):
            store.finish(job, state, message)
            return state
    except Fenced as error:
        log.warning("%s", error)
    return "fenced"


def _attempt(job: Job, lease: Lease, should_end: Callable[[], bool]) -> None:
    from scpo.jobs.cluster import trainer
    from scpo.training.experiment import run

    runs.create(job.folder, job.config)
    with _Log(job.folder):
        log.info("attempt %d of %s begins", job.attempt, job.id)
        try:
            run(
                job.config, job.folder, on_progress=lease.note, guard=lease.check, train=trainer(),
                should_stop=lambda: lease.ended.is_set() or should_end(),
            )  # fmt: skip
        except ScpoError as error:
            log.warning("ends: %s", error)
            raise
        except Exception:
            log.error("ends: %s", traceback.format_exc())
            raise
        log.info("done")


def _partial(job: Job) -> str:
    last = next((e for e in reversed(runs.progress(job.folder)) if "accuracy" in e), None)
    return f"Cancelled at step {last['done']} of {last['total']}; what is shown is partial." if last else "Cancelled."


def run_here(config: ExperimentConfig, folder: Path, on_progress: Callable[[Mapping], None]) -> runs.Result:
    """`run --out DIR` in this process, as a job of the store. Raises what `experiment.run` raises.

    Where the store cannot be used, such as on a read-only home, the run goes on without one.
    """
    from scpo.jobs.cluster import trainer
    from scpo.training.experiment import run

    config, train = config.located(), trainer()
    runs.create(folder, config)
    try:
        store = open_store()
        job = store.begin(config, folder, worker_name())
    except DatabaseError as error:
        log.warning("%s The run goes on, but `jobs` will not list it.", error)
        return run(config, folder, on_progress=on_progress, train=train)
    with Lease(store, job) as lease:

        def listen(entry: Mapping) -> None:
            lease.note(entry)
            on_progress(entry)

        try:
            result = run(
                config, folder, on_progress=listen, guard=lease.check, train=train, should_stop=lease.ended.is_set
            )
        except BaseException as error:
            stopped = isinstance(error, (Stopped, KeyboardInterrupt))
            if not isinstance(error, Fenced):
                store.finish(job, "cancelled" if stopped else "failed", _partial(job) if stopped else str(error))
            raise
    store.finish(job, "done")
    return result


class Lease:
    """A thread that renews the lease of a job while it is worked on.

    ended  set when the job is to be cancelled, or is no longer ours (`fault` says why)
    """

    def __init__(self, store: Store, job: Job):
        self._store, self._job, self._over = store, job, threading.Event()
        self._progress: tuple[str, float, float | None] = ("data", 0.0, None)
        self._thread = threading.Thread(target=self._renew, daemon=True)
        self.ended, self.fault = threading.Event(), None

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
        """Raises `Fenced` if the job is no longer ours."""
        self._store.check(self._job)

    def _renew(self) -> None:
        while not self._over.wait(BEAT / 2):
            try:
                if self._store.renew(self._job, *self._progress):
                    self.ended.set()
            except Fenced as error:
                self.fault = error
                self.ended.set()
                return
            except ScpoError as error:  # a database that is away for a moment: the lease bridges it
                log.warning("%s", error)


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
