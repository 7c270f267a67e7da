"""Jobs in any state, for the tests of the store: made as a worker would, without any training."""

import subprocess
import sys

from scpo import runs
from scpo.config import ExperimentConfig
from scpo.jobs.job import STATES
from scpo.jobs.leases import Leases
from scpo.jobs.process import worker_name
from scpo.runs.files import write_bytes, write_json

ELSEWHERE = "0123456789abcdef:1:1"


def finished(folder, config):
    """A run folder that reads as done."""
    runs.create(folder, config)
    for name in (*runs.RESULT_FILES[1:], runs.weights_file(config)):
        write_bytes(folder / name, b"[]" if name == "metrics.json" else b"{}")
    write_json(folder / "summary.json", {name: [] for name in runs.TABLES})
    runs.finish(folder, 1.0)
    return folder


def gone_worker():
    """The name of a worker of this machine whose process has ended."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    name = worker_name(process.pid)
    process.communicate(b"\n")
    return name


def in_state(store, state, config=None, worker=None):
    """A job in any of the states."""
    job = store.submit(config or ExperimentConfig(seeds=STATES.index(state) + 1))
    if state == "queued":
        return job
    job = Leases(store.table).claim(gone_worker() if state == "lost" else worker or worker_name())
    if state == "done":
        finished(job.folder, job.config)
    if state in ("done", "failed", "cancelled"):
        Leases(store.table).finish(job, state, "why")
    job = store.get(job.id)
    assert job.state == state
    return job
