"""Soak the app: runs, cancels, resumes and page visits without a pause, and what memory and handles do meanwhile.

    python tests/tools/soak.py [--minutes 60] [--json FILE]

Starts the real app with a workspace of its own. Jobs are submitted as the app submits them, the app starts the
worker, and pages are opened over the app's own websocket as a browser opens them. Each round starts a run, visits
every page, cancels every third run on its way and resumes it a round later, and deletes runs beyond the last KEPT.
Every few seconds the app's and the worker's memory, open files, connections and child processes are noted; the
first tenth is compared with the last. Exit code 1 if a page showed an exception, a job ended otherwise than it
should, a process was left behind, or memory grew by more than 5 %.
"""

from __future__ import annotations

import argparse
import collections
import json
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import psutil

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]  # so that `scpo` is found without being installed

from scpo import runs  # noqa: E402
from scpo.bench.sessions import first_paint  # noqa: E402
from scpo.config import ExperimentConfig  # noqa: E402
from scpo.errors import ScpoError  # noqa: E402
from scpo.jobs import leases  # noqa: E402
from scpo.jobs.job import Job  # noqa: E402
from scpo.jobs.leases import Leases  # noqa: E402
from scpo.jobs.store import Store, open_store  # noqa: E402
from scpo.runs.files import write_json  # noqa: E402

from screenshots import PAGES, app_server  # noqa: E402

EVERY = 5.0  # seconds between two samples
KEPT = 12  # runs that stay listed
FLAT = 5.0  # percent of growth that still counts as flat
LONGEST = 300.0  # seconds that a run may take on a busy machine
leases.KEPT_SECONDS = 0.0  # deleted runs are gone for good at once: what there is to list must not grow for an hour
MEASURES = ("memory", "files", "connections", "threads", "children")
WARM_UP = 30  # rounds before the clock starts: the caches and sessions kept, which are bounded, are full then


def sample(process: psutil.Process) -> dict[str, float]:
    """Resident memory in MB, open files, open connections, threads and child processes of a process."""
    with process.oneshot():
        connections = [c for c in process.net_connections() if c.status in ("ESTABLISHED", "CLOSE_WAIT")]
        values = (
            process.memory_info().rss / 2**20,
            process.num_fds(),
            len(connections),
            process.num_threads(),
            len(process.children(recursive=True)),
        )
    return dict(zip(MEASURES, values, strict=True))


class Watch(threading.Thread):
    """Samples the app and its worker until `over` is set; `seen[who]` lists (seconds, process number, sample)."""

    def __init__(self, app: psutil.Process, store: Store):
        super().__init__(daemon=True)
        self.over, self.seen = threading.Event(), collections.defaultdict(list)
        self._app, self._store, self._began = app, store, time.monotonic()

    def run(self) -> None:
        while not self.over.wait(EVERY):
            workers = [int(name.split(":")[1]) for name in Leases(self._store.table).waiting()[1]]
            for who, number in (("app", self._app.pid), *(("worker", number) for number in workers)):
                try:
                    values = sample(psutil.Process(number))
                except psutil.Error:  # it has just ended
                    continue
                self.seen[who].append((time.monotonic() - self._began, number, values))


class Soak:
    """The rounds; `done` counts what was done, `faults` says what should not have happened."""

    def __init__(self, store: Store, port: int):
        self.store, self.port = store, port
        self.done, self.faults, self._to_resume = collections.Counter(), [], []

    def first(self) -> None:
        """A run before any other, so that pages have one to show."""
        job = self.store.submit(self._settings(-1))
        for _ in range(2):  # a link straight to a page of an app just started is run again at once, by its router
            self.visit("train", job)
        self._until(job, "done")

    def attempt(self, number: int) -> None:
        """A round; an error of the library is a fault."""
        try:
            self.round(number)
        except ScpoError as error:
            self.faults.append(f"{type(error).__name__}: {error}")

    def round(self, number: int) -> None:
        """One run with visits to every page meanwhile; every third is cancelled and resumed a round later."""
        job = self.store.submit(self._settings(number))
        self.visit("train", job)  # the app starts a worker for a queued run that is looked at
        if number % 3 == 2:
            self._until(job, "running", "done")
            self.store.cancel(job.id)
            self.done["cancels"] += 1
        for page in PAGES:
            self.visit("" if page == "overview" else page, self._last_done(job))
        job = self._until(job, "done", "cancelled")
        if job.state == "cancelled":
            self._to_resume.append(job.id)
        elif self._to_resume:
            self._resume(self.store.resume(self._to_resume.pop()))
        for old in [job for job in self.store.jobs() if job.state == "done"][KEPT:]:
            self.store.delete(old.id)
            self.done["deletes"] += 1
        Leases(self.store.table).purge()

    def visit(self, page: str, job: Job) -> None:
        """Open a page in a session of its own and close it when it is drawn.

        A page during whose drawing a run ends is drawn again at once, which this visitor does not wait for; so
        only what fails twice is a fault.
        """
        for last in (False, True):
            try:
                first_paint(self.port, page, job.id)
                self.done["visits"] += 1
                return
            except (RuntimeError, OSError, TimeoutError) as error:
                if last:
                    self.faults.append(f"the page {page or 'overview'}: {type(error).__name__} {error}")

    def _settings(self, number: int) -> ExperimentConfig:
        steps = 3000 if number % 3 == 2 else 60  # one that is to be cancelled must not be done at once
        return ExperimentConfig(
            methods=("global", "full", "scpo"), seeds=1, steps=steps, budgets=(50, 200), lr=0.002 + number * 1e-7
        )

    def _last_done(self, job: Job) -> Job:
        return next((j for j in self.store.jobs() if j.state == "done"), job)

    def _resume(self, job: Job) -> None:
        self.visit("train", job)
        if self._until(job, "done").attempt != 2:
            self.faults.append(f"{job.name} was claimed {job.attempt} times")
        self.done["resumes"] += 1

    def _until(self, job: Job, *states: str) -> Job:
        """The job in one of these states; a fault if it comes to another end or takes too long."""
        end = time.monotonic() + LONGEST
        while (now := self.store.get(job.id)).state not in states:
            if now.state in ("failed", "lost") or time.monotonic() > end:
                self.faults.append(f"{now.name} is {now.state}: {now.message}")
                return now
            time.sleep(0.2)
        if now.state == "done" and "done" in states:
            runs.read(now.folder)
            self.done["runs"] += 1
        return now


def summary(seen: list[tuple[float, int, dict]], seconds: float) -> dict:
    """First tenth against last tenth of the time, medians, and growth in percent; of the longest-lived process."""
    number, _ = collections.Counter(n for _, n, _ in seen).most_common(1)[0]
    mine = [(at, values) for at, n, values in seen if n == number]
    parts = ([v for at, v in mine if at <= mine[0][0] + seconds / 10], [v for at, v in mine if at >= 0.9 * seconds])
    table = {}
    for name in MEASURES:
        first, last = (float(np.median([v[name] for v in part])) if part else float("nan") for part in parts)
        table[name] = {
            "first": round(first, 1),
            "last": round(last, 1),
            "most": max(v[name] for _, v in mine),
            "growth": round(100 * (last / first - 1), 1) if first else last,
        }
    return {"processes": len({n for _, n, _ in seen}), "samples": len(mine), **table}


def soak(minutes: float, space: Path) -> dict:
    """The whole of it; a summary with the samples."""
    with app_server(space) as address:
        app = next(p for p in psutil.Process().children() if "streamlit" in p.cmdline())
        store = open_store(space)
        work, number = Soak(store, int(address.rpartition(":")[2])), 0
        work.first()
        for number in range(WARM_UP):
            work.attempt(number)
        watch, began = Watch(app, store), time.monotonic()
        watch.start()
        while time.monotonic() < began + 60 * minutes and len(work.faults) < 20:
            number += 1
            work.attempt(number)
            last = {who: seen[-1][2] for who, seen in watch.seen.items()}
            print(f"{time.monotonic() - began:6.0f} s  {dict(work.done)}  {last}", file=sys.stderr, flush=True)
        seconds = time.monotonic() - began
        watch.over.set()
        watch.join()
        workers = [psutil.Process(n) for n in {n for _, n, _ in watch.seen["worker"]} if psutil.pid_exists(n)]
        children = [app, *app.children(recursive=True), *workers]
        store.close()
    left = [p.pid for p in psutil.wait_procs(children, timeout=300)[1]]
    work.faults += [f"process {pid} is still there" for pid in left]
    table = {who: summary(watch.seen[who], seconds) for who in ("app", "worker") if watch.seen[who]}
    grown = [
        f"memory of the {who} grew by {t['memory']['growth']} %"
        for who, t in table.items()
        if t["memory"]["growth"] > FLAT
    ]
    about = {"seconds": seconds, "rounds": number, "done": dict(work.done), "faults": work.faults + grown}
    return about | table | {"samples": watch.seen}


def main() -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the summary and every sample")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scpo-soak-", ignore_cleanup_errors=True) as space:
        found = soak(options.minutes, Path(space))
    if options.json:
        write_json(options.json, found)
    print(json.dumps({name: value for name, value in found.items() if name != "samples"}, indent=1))
    return 1 if found["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
