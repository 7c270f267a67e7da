"""Run in a process of its own by the tests: workers that die or freeze at exact points, and many at once.

    python driver.py TASK FILE      reads FILE (json), prints one json value

Everything is imported once; each worker is then a fork of this process, so that it starts at once,
has a process number of its own, and can be killed by SIGKILL like any other. The workspace and
database are those of the environment. A point is a dict:

    call  dotted name of a function      seen  what its arguments, as text, must contain
    nth   at which such call (1)         side  before | after it | half: the file is half written
"""

import ctypes
import importlib
import json
import multiprocessing
import os
import random
import resource
import select
import signal
import sys
import time
from pathlib import Path

from scpo import runs
from scpo.config import ExperimentConfig
from scpo.errors import JobError
from scpo.jobs import job as job_module
from scpo.jobs import launch, table
from scpo.jobs.job import is_whole
from scpo.jobs.leases import Leases
from scpo.jobs.process import worker_name
from scpo.jobs.store import open_store

RESULTS = ("metrics.json", "heads.safetensors", "margins.safetensors", "tallies.safetensors", "summary.json")


def config_of(about):
    return ExperimentConfig.from_dict(about["config"])


# a point


def dotted(name):
    """The object that a dotted name ends in, and its last part."""
    owner, last = name.rsplit(".", 1)
    try:
        return importlib.import_module(owner), last
    except ImportError:
        return getattr(*dotted(owner)), last


def at_point(point, number):
    """From now on, this process gets the signal when it comes to the point."""
    owner, name = dotted(point["call"])
    original, left = getattr(owner, name), [point.get("nth", 1)]

    def wrapped(*args, **kwargs):
        texts = [os.readlink(f"/proc/self/fd/{args[0]}")] if name == "fsync" else [str(a)[:200] for a in args]
        left[0] -= point.get("seen", "") in " ".join(texts)
        hit, side = left[0] == 0, point.get("side", "before")
        left[0] -= hit
        if hit and side == "half":
            os.ftruncate(args[0], os.fstat(args[0]).st_size // 2)
        if hit and side != "after":
            os.kill(os.getpid(), number)
        result = original(*args, **kwargs)
        if hit and side == "after":
            os.kill(os.getpid(), number)
        return result

    setattr(owner, name, wrapped)


# a worker


def forked(work):
    """A child process that calls `work` and leaves what it returns in a pipe: (process number, pipe).

    It is killed when this process ends, so that a test that fails leaves none behind.
    """
    reading, writing = os.pipe()
    if child := os.fork():
        os.close(writing)
        return child, reading
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    code = 1
    try:
        os.write(writing, json.dumps(work()).encode())
        code = 0
    except BaseException as error:
        os.write(writing, json.dumps(f"{type(error).__name__}: {error}").encode())
    finally:
        os._exit(code)


def ended(child, pipe):
    """Waits; what the child returned, or the name of the signal that killed it."""
    status = os.waitpid(child, 0)[1]
    with os.fdopen(pipe) as file:
        said = file.read()
    return signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else json.loads(said)


def one_job(about, point=None, number=signal.SIGKILL):
    """Claim a job and work on it, or with `here` run its folder as `run --out` does."""
    from scpo.jobs import worker
    from scpo.training import checkpoint
    from scpo.training.heads import features, train

    features.SHARD = about.get("shard", features.SHARD)
    if not about.get("plain"):  # a checkpoint whenever there is a chance of one
        checkpoint.SECONDS, train.STRIDE = 0.0, 20
    if point:
        at_point(point, number)
    if about.get("memory"):  # bytes beyond what this process has already
        has = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (has + about["memory"], has + about["memory"]))
    if about.get("here"):
        return worker.run_here(config_of(about), runs.workspace() / "out", lambda entry: None).folder.name
    store = open_store()
    job = Leases(store.table).claim(worker_name())
    return worker.work(Leases(store.table), job) if job else "no job"


def state_of(about, id):
    store = open_store()
    try:
        return store.get(runs.workspace() / "out" if about.get("here") else id)
    except JobError:
        return None
    finally:
        store.close()


def with_store(action):
    store = open_store()
    try:
        return action(store)
    finally:
        store.close()


def contents(folder):
    files = (path for path in folder.iterdir() if path.is_file() and path.name != "log.txt") if folder.is_dir() else ()
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in sorted(files)}


# tasks


def kill(about):
    """Kill a job at each of its points in turn, resume it each time; what was seen, and what was left."""
    id, seen = None, []
    if not about.get("here"):
        id = with_store(lambda store: store.submit(config_of(about))).id
    for point in about["points"]:
        how = ended(*forked(lambda point=point: one_job(about, point)))
        job = state_of(about, id)
        seen.append([how, job.state if job else "none", job.message if job else ""])
        if job and job.state != "done" and not about.get("here"):
            with_store(lambda store: store.resume(id))
    if not seen or seen[-1][1] != "done":
        ended(*forked(lambda: one_job(about)))
    job = state_of(about, id)
    files = contents(job.folder)
    for name in files.keys() & set(RESULTS):
        (Path(about["results"]) / name).write_bytes(files[name][0])
    about = {"state": job.state, "message": job.message, "attempt": job.attempt, "files": sorted(files)}
    return {"seen": seen, "readable": is_whole(job.folder), **about}


def freeze(about):
    """Freeze a worker at a point past its lease, let another one end the job, and wake the first."""
    id = with_store(lambda store: store.submit(config_of(about))).id
    frozen, pipe = forked(lambda: one_job(about, about["points"][0], signal.SIGSTOP))
    assert os.WIFSTOPPED(os.waitpid(frozen, os.WUNTRACED)[1])
    began = time.monotonic()
    while (job := state_of(about, id)).state == "running" and time.monotonic() < began + 60:
        time.sleep(0.05)
    lost, waited, other = job, time.monotonic() - began, None
    if lost.state == "lost" and not about.get("wake_first"):
        with_store(lambda store: store.resume(id))
        other = ended(*forked(lambda: one_job(about)))
    before, row = contents(job.folder), state_of(about, id)
    os.kill(frozen, signal.SIGCONT)
    said = ended(frozen, pipe)
    after, now = contents(job.folder), state_of(about, id)
    return {
        "lost": [lost.state, lost.message],
        "waited": waited,
        "said": said,
        "other": other,
        "same_row": row == now,
        "state": now.state,
        "touched": sorted(n for n in before.keys() | after.keys() if before.get(n) != after.get(n)),
        "altered": sorted(n for n in RESULTS if before.get(n, "-")[0] != after.get(n, "-")[0]),
        "readable": runs.is_done(job.folder) and runs.read(job.folder).folder == job.folder,
    }


def rounds(about):
    """SIGKILL workers at random times and resume, until so many were killed; each job is let end at last.

    A kill comes up to 1.1 times as long after its worker's start as an attempt that nobody kills takes. Returns per
    kill what `killed` tells; per job its state, attempts, attempts seen, result files whose bytes are not those of a
    run never killed, files left half written, and whether there is no other job.
    """
    rng, began, kills, done = random.Random(about["seed"]), time.monotonic(), [], []
    never = with_store(lambda store: store.submit(config_of(about)))
    ended(*forked(lambda: one_job(about | {"plain": True})))
    whole, span = contents(never.folder), 1.1 * (time.monotonic() - began)
    with_store(lambda store: store.delete(never.id))
    while len(kills) < about["kills"]:
        job, attempts, began = with_store(lambda store: store.submit(config_of(about))), 0, time.monotonic()
        while job.state != "done":
            job, seen = killed(about, job.id, rng.uniform(0, span) if len(kills) < about["kills"] else 60.0)
            attempts += job.attempt > attempts
            kills += [[*seen, job.attempt == attempts]] if seen else []
            if job.state == "done" and attempts == 1 and not seen:
                span = 1.1 * (time.monotonic() - began)
        left = contents(job.folder)
        differ = [name for name in about["results_of"] if left.get(name, "-")[0] != whole[name][0]]
        alone = with_store(lambda store: [other.id for other in store.jobs()]) == [job.id]
        done.append([job.state, job.attempt, attempts, differ, [n for n in left if n.startswith(".")], alone])
        with_store(lambda store, id=job.id: store.delete(id))
    return {"span": span, "kills": kills, "jobs": done}


def killed(about, id, delay):
    """A worker takes the job and is killed after so many seconds, unless it ends before; then the job is resumed.

    The job as it was before that, and what was seen: seconds, signal, state, message, does its folder read as a result.
    """
    child, pipe = forked(lambda: one_job(about))
    if alive := not select.select([pipe], [], [], delay)[0]:
        os.kill(child, signal.SIGKILL)
    said, job = ended(child, pipe), state_of(about, id)
    seen = [round(delay, 3), said, job.state, job.message, is_whole(job.folder)] if alive else None
    if job.state in ("lost", "failed"):
        with_store(lambda store: store.resume(id))
    return job, seen


def together(about, work):
    """What `work(number)` returns in each of so many processes that begin at the same moment."""
    start = multiprocessing.get_context("fork").Barrier(about["processes"])

    def waiting(number):
        start.wait(60)
        return work(number)

    return [ended(*child) for child in [forked(lambda n=n: waiting(n)) for n in range(about["processes"])]]


def claim(about):
    def work(number):
        store, mine = open_store(), []
        while job := Leases(store.table).claim(f"elsewhere:{number}:0"):
            mine.append([job.id, job.attempt])
        return mine

    return together(about, work)


def submit(about):
    """Every process submits all settings; `start` also starts workers, each process for settings of its own."""

    def work(number):
        store = open_store()  # one connection each: a database server takes only so many
        return [store.submit(ExperimentConfig.from_dict(config)).id for config in about["all"]]

    return together(about, work)


def start(about):
    launch.IDLE_SECONDS = about["idle"]

    def work(number):
        mine = about["all"][number :: about["processes"]]
        return [launch.start(ExperimentConfig.from_dict(c)).id for c in mine]

    return together(about, work)


if __name__ == "__main__":
    tasks = {task.__name__: task for task in (kill, rounds, freeze, claim, submit, start)}
    task = tasks[sys.argv[1]]
    if task in (kill, rounds):
        job_module.BEAT = 0.05  # often, so that kills also meet the writes that renew the lease
    if task is freeze:  # never: whoever is frozen in a write to SQLite keeps it locked until he wakes up
        job_module.BEAT, job_module.LEASE, table.LEASE = 600.0, 1.0, 1.0
    cases = json.loads(Path(sys.argv[2]).read_text())
    if task in (kill, rounds, freeze):
        # what a worker needs is loaded once, for all forks
        from transformers import AutoTokenizer, BertModel  # noqa: F401

        from scpo import data
        from scpo.jobs import worker  # noqa: F401
        from scpo.training import experiment  # noqa: F401

        data.load(config_of(cases[0]).data)

    if task is rounds:
        from scpo.training.finetune import backend  # noqa: F401
    answers = []
    for case in cases:
        os.environ["SCPO_WORKSPACE"] = case["workspace"]
        answers.append(tasks[case.get("task", sys.argv[1])](case))
    print(json.dumps(answers))
