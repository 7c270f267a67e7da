"""Start jobs, and the workers that take them, in processes that outlive the one that asks."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import psutil
from filelock import FileLock

from scpo.config import ExperimentConfig
from scpo.errors import ConfigError
from scpo.jobs.job import Job
from scpo.jobs.leases import Leases
from scpo.jobs.process import worker_name
from scpo.jobs.store import Store, open_store
from scpo.threads import thread_count

IDLE_SECONDS = 60  # then a worker ends; the next job starts another
LOG_BYTES = 1 << 20


def start(config: ExperimentConfig, store: Store | None = None, name: str = "") -> Job:
    """The job of these settings: done, running or queued already, or queued now; a worker will run."""
    store = store or open_store()
    job = store.submit(config, name)
    ensure_workers(store)
    return job


def resume(id: str, store: Store | None = None) -> Job:
    """Queue a job again that did not get done; a worker will run."""
    store = store or open_store()
    job = store.resume(id)
    ensure_workers(store)
    return job


def ensure_workers(store: Store | None = None) -> int:
    """Start workers while jobs wait, up to `SCPO_WORKERS` (default 1) on this machine; returns how many."""
    store = store or open_store()
    with FileLock(str(store.space / ".workers.lock"), timeout=30):
        leases = Leases(store.table)
        queued, alive, free = leases.waiting()
        missing = max(min(queued - len(free), worker_count() - len(alive)), 0)
        for _ in range(missing):
            leases.enlist(worker_name(_spawn(store.space)))
    return missing


def worker_count() -> int:
    """`SCPO_WORKERS`. Raises `ConfigError` if it is no whole number from 0 to 64."""
    text = os.environ.get("SCPO_WORKERS", "1")
    if not text.isdigit() or int(text) > 64:
        raise ConfigError(f"SCPO_WORKERS is {text!r}; it takes a whole number from 0 to 64.")
    return int(text)


def threads_of_a_worker() -> int:
    """Threads that a worker may use, so that as many workers as there may be share the cores."""
    return -(-thread_count() // max(worker_count(), 1))


def _spawn(space: Path) -> int:
    """A detached worker; returns its process number."""
    log = space / "workers.log"
    mode = "ab" if not log.exists() or log.stat().st_size < LOG_BYTES else "wb"
    with open(log, mode) as output:
        arguments = ("worker", "--idle", str(IDLE_SECONDS))
        return start_apart(arguments, space, output, OMP_NUM_THREADS=str(threads_of_a_worker())).pid


def start_apart(arguments: Sequence[str], space: Path, output: IO[bytes], **environment: str) -> subprocess.Popen:
    """`python -m scpo` with these arguments, on a workspace, in a process that outlives this one.

    output  takes what it prints; environment: variables that it has besides those of this process
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "scpo", *arguments],
        start_new_session=True,
        env={**os.environ, "SCPO_WORKSPACE": str(space), **environment},
        cwd=Path(__file__).parents[2],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
    )
    threading.Thread(target=process.wait, daemon=True).start()  # so that it leaves no zombie behind
    psutil.Process(process.pid).nice(10)  # it takes every core there is; the pages go first
    return process
