"""SIGKILL at random moments: of workers, of trainers of whole models, of the app. Nothing is lost, doubled or half.

SCPO_TEST_KILLS sets how many kills there are (20; a long run: SCPO_TEST_KILLS=200), SCPO_TEST_SEED from which seed
their times follow; with `-s` both are printed with what was seen. The processes are real ones (driver.py).
"""

import collections
import contextlib
import dataclasses
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from test_kill_and_resume import RESULTS, driven
from test_worker import until

from scpo import runs
from scpo.bench.sessions import first_paint
from scpo.config import DataConfig, ExperimentConfig, FinetuneConfig

from fakes import scored_rows

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
from screenshots import wait_until_healthy  # noqa: E402

ROOT = Path(__file__).parents[2]
KILLS, SEED = int(os.environ.get("SCPO_TEST_KILLS", "20")), int(os.environ.get("SCPO_TEST_SEED", "7"))
OF_APP, OF_TRAINER = max(2, KILLS // 10), max(4, KILLS // 5)


@pytest.fixture(scope="module")
def heads(tmp_path_factory, tiny_encoder):
    """Heads on a tiny encoder."""
    path = tmp_path_factory.mktemp("data") / "rows.csv"
    scored_rows(60).to_csv(path, index=False)
    data = DataConfig("file", (str(path),), countries=("Borealis",), test_share=0.3)
    return ExperimentConfig(data, ("full", "scpo"), seeds=1, steps=200, budgets=(10,), encoder=str(tiny_encoder))


@pytest.fixture(scope="module")
def whole_models(heads, tiny_encoder):
    """Two whole models, each fine-tuned from the tiny encoder."""
    finetune = FinetuneConfig(str(tiny_encoder), model_lr=3e-3, max_length=48)
    return ExperimentConfig(heads.data, ("full",), seeds=1, steps=3, budgets=(20,), batch_size=8, finetune=finetune)


@pytest.fixture(scope="module")
def driven_once(heads, whole_models, tmp_path_factory):
    """One process for all cases, since it takes longest to begin: who -> what was seen."""
    cases = {
        "worker": {"config": heads, "kills": KILLS - OF_APP - OF_TRAINER},
        "trainer": {"config": whole_models, "kills": OF_TRAINER},
        "memory": {"config": dataclasses.replace(heads, hidden=512, seeds=400), "task": "kill", "points": []},
    }
    for at, case in enumerate(cases.values()):
        config = case["config"]
        case |= {"config": config.as_dict(), "seed": SEED + at, "results_of": results(config)}
    cases["memory"]["memory"] = 300 << 20
    told = driven("rounds", list(cases.values()), tmp_path_factory.mktemp("kills"), seconds=600 + 60 * KILLS)
    return dict(zip(cases, told, strict=True))


@pytest.mark.parametrize("who, kills", [("worker", KILLS - OF_APP - OF_TRAINER), ("trainer", OF_TRAINER)])
def test_killed_at_random_it_leaves_every_job_once_and_whole(driven_once, who, kills):
    told = driven_once[who]
    states = dict(collections.Counter(state for _, _, state, *_ in told["kills"]))
    attempts = [attempt for _, attempt, *_ in told["jobs"]]
    print(
        f"\n{who}: seed {SEED}, {len(told['kills'])} kills within {told['span']:.2f} s; after them {states}; "
        f"{len(attempts)} jobs done in {attempts} attempts",
        end="",
    )
    assert len(told["kills"]) >= kills > 0
    for delay, said, state, message, readable, claimed_once in told["kills"]:
        at = f"{who} killed after {delay} s (seed {SEED})"
        assert said == "SIGKILL" and state in ("queued", "lost", "done") and claimed_once, (at, state)
        assert readable == (state == "done"), f"{at}: half a result reads as one, or a result does not"
        assert state != "lost" or "its process ended" in message and "Resume it" in message, (at, message)
    for state, attempt, claims, differ, left_over, alone in told["jobs"]:
        assert (state, attempt, differ, left_over, alone) == ("done", claims, [], [], True), (who, SEED)


def test_a_worker_without_enough_memory_says_so(driven_once):
    """The machine refuses it more than 300 MiB beyond what it began with."""
    told = driven_once["memory"]
    assert (told["state"], told["readable"]) == ("failed", False) and told["message"].startswith("Out of memory. Use")


def results(config):
    return [runs.weights_file(config) if name == runs.HEADS else name for name in RESULTS]


@contextlib.contextmanager
def started_app(space):
    """The app over a workspace: (process, port). It is killed at the end if it still runs."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true", f"--server.port={port}"]
    environment = {**os.environ, "SCPO_WORKSPACE": str(space), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_healthy(f"http://localhost:{port}", process)
        yield process, port
    finally:
        process.kill()
        process.wait()


def workers_of(space):
    """Processes of workers of this workspace."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if "worker" in process.cmdline() and process.environ().get("SCPO_WORKSPACE") == str(space):
                found.append(process)
    return found


def test_the_app_killed_at_random_leaves_its_worker_and_the_next_app_shows_the_run(file_store, heads):
    """A kill may come before the page is drawn, while it starts the worker, or when the run is long on its way."""
    job = file_store.submit(dataclasses.replace(heads, steps=1_000_000, batch_size=2))
    rng, seen = random.Random(SEED), []
    try:
        for number in range(OF_APP):
            with started_app(file_store.space) as (process, port):
                visit = threading.Thread(target=lambda port=port: drawn(port, job.id), daemon=True)
                visit.start()
                if number % 2:  # with its worker under way; else while it starts, draws, or starts the worker
                    until(lambda: file_store.get(job.id).state == "running")
                time.sleep(delay := rng.uniform(0, 3 - 2.5 * (number % 2)))
                process.send_signal(signal.SIGKILL)
                process.wait()
                visit.join(60)
            now = file_store.get(job.id)
            seen.append((round(delay, 2), now.state, now.attempt, len(workers_of(file_store.space))))
        print(f"\napp: seed {SEED}, killed after (s), then state, attempt, workers: {seen}", end="")
        assert {state for _, state, *_ in seen} <= {"queued", "running"}
        assert all(attempt <= 1 and workers <= 1 for *_, attempt, workers in seen)
        with started_app(file_store.space) as (_, port):
            assert drawn(port, job.id)
            until(lambda: file_store.get(job.id).state == "running")
            assert [j.id for j in file_store.jobs()] == [job.id] and file_store.get(job.id).attempt == 1
        file_store.cancel(job.id)
        until(lambda: file_store.get(job.id).state == "cancelled")
    finally:
        for process in workers_of(file_store.space):
            process.kill()


def drawn(port, id):
    """True if the page of the run was drawn; False if its app went meanwhile.

    It is opened twice, since an app that has just started runs a page that a link leads to again at once.
    """
    try:
        with ThreadPoolExecutor(1) as apart:  # a browser test before this one leaves a loop running in its thread
            return all(apart.submit(first_paint, port, "train", id).result() > 0 for _ in range(2))
    except Exception:  # the websocket's client has an error for every moment at which its server may vanish
        return False
