"""Bench rows of the app: what watching costs the run that is watched.

Sessions are real ones, opened over the app's own websocket as a browser opens them, and their
fragments are run again as often as the page asks. Only the drawing, which a browser does on
the viewer's machine, is left out.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from scpo.bench import Row, row
from scpo.config import ExperimentConfig
from scpo.jobs.store import Store, open_store

SESSIONS, STEPS, REPEATS = 20, 3000, 3
SETTLE = 10.0  # seconds after the last session was opened, until all of them look as rarely as so many should
LONGEST = 1000  # bytes; a message that asks for reruns is short, and reading the others would cost time here
ROOT = Path(__file__).parents[2]
WITHOUT_CHARTS = (
    "train",
    "steer",
    "study",
    "room",
    "vote",
)  # pages that draw no chart of a finished run, or only when asked


def bench_sessions() -> Iterator[Row]:
    """A run's time with 20 sessions watching it against nobody watching, warm cache, medians of three."""
    with tempfile.TemporaryDirectory() as folder, app_server(Path(folder)) as port:
        store = open_store(Path(folder))
        _time_of(store, 300, [], port)  # fills the cache of vectors, and the app loads what the page needs
        alone, watched = [], []
        polls: list[int] = []
        for repeat in range(REPEATS):
            alone.append(_time_of(store, STEPS + 2 * repeat, []))
            watched.append(_time_of(store, STEPS + 2 * repeat + 1, polls, port))
        if min(polls) < 2:
            raise RuntimeError(f"the sessions did not watch: they were redrawn {polls} times")
        slower = 100 * (statistics.median(watched) / statistics.median(alone) - 1)
        yield row(f"a run with {SESSIONS} sessions watching, slower than alone by", slower, "%", 5, at_most=True)


def _time_of(store: Store, steps: int, polls: list[int], port: int | None = None) -> float:
    """Seconds of one job in a worker of its own; with a port, sessions watch it from before its start.

    Adds each session's number of redraws to polls.
    """
    job = store.submit(ExperimentConfig(steps=steps))
    over, opened = threading.Event(), threading.Semaphore(0)
    if port:
        watching = threading.Thread(target=lambda: polls.extend(asyncio.run(_watch(port, job.id, opened, over))))
        watching.start()
        if not all(opened.acquire(timeout=120) for _ in range(SESSIONS)):
            raise RuntimeError(f"{SESSIONS} sessions could not be opened in two minutes")
        time.sleep(SETTLE)
    environment = {**os.environ, "SCPO_WORKSPACE": str(store.space)}
    worker = subprocess.Popen(
        [sys.executable, "-m", "scpo", "worker", "--idle", "0"], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
    )
    worker.wait()
    over.set()
    if port:
        watching.join()
    job = store.get(job.id)
    if job.state != "done" or job.started is None or job.finished is None:
        raise RuntimeError(f"the job ended as {job.state}: {job.message}")
    return job.finished - job.started


@contextlib.contextmanager
def app_server(space: Path) -> Iterator[int]:
    """The app over a workspace, without workers, on a free port, which is yielded."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    environment = {**os.environ, "SCPO_WORKSPACE": str(space), "SCPO_WORKERS": "0"}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true", f"--server.port={port}"]
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(120):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=1).close()
                break
            time.sleep(0.5)
        yield port
    finally:
        server.terminate()
        server.wait()


def first_paint(port: int, page: str, run: str) -> float:
    """Seconds from opening a session on a page of the app until the page is drawn whole."""
    return asyncio.run(_painted(port, page, run))


async def _painted(port: int, page: str, run: str) -> float:
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    began, drawn = time.monotonic(), 0
    async with connected(port) as socket:
        message = BackMsg()
        message.rerun_script.query_string, message.rerun_script.page_name = f"run={run}", page
        await socket.send(message.SerializeToString())
        while True:
            answer = ForwardMsg.FromString(await asyncio.wait_for(socket.recv(), 120))
            if answer.delta.new_element.HasField("exception"):
                raise RuntimeError(f"the page {page} has failed: {answer.delta.new_element.exception.message}")
            drawn += answer.delta.new_element.HasField("plotly_chart")
            if answer.WhichOneof("type") == "script_finished":
                break
    if page and not drawn and page not in WITHOUT_CHARTS:
        raise RuntimeError(f"the page {page} drew no chart of the run")
    return time.monotonic() - began


async def _watch(port: int, job: str, opened: threading.Semaphore, over: threading.Event) -> list[int]:
    return list(await asyncio.gather(*(_session(port, job, opened, over) for _ in range(SESSIONS))))


def connected(port: int):
    """A session's websocket, as a browser opens it."""
    from websockets.asyncio.client import connect
    from websockets.typing import Origin, Subprotocol

    url = f"ws://localhost:{port}/_stcore/stream"
    origin = Origin(f"http://localhost:{port}")
    return connect(url, subprotocols=[Subprotocol("streamlit")], origin=origin, max_size=None)


async def _session(port: int, job: str, opened: threading.Semaphore, over: threading.Event) -> int:
    """One session on the run's page; returns how often its live part was drawn again."""
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    redraws = 0
    timer: asyncio.Task | None = None
    async with connected(port) as socket:

        async def rerun(**state) -> None:
            message = BackMsg()
            message.rerun_script.query_string = f"run={job}"
            for name, value in state.items():
                setattr(message.rerun_script, name, value)
            await socket.send(message.SerializeToString())

        async def tick(fragment: str, seconds: float) -> None:
            nonlocal redraws
            while True:
                await asyncio.sleep(seconds)
                await rerun(fragment_id=fragment, is_auto_rerun=True)
                redraws += 1

        await rerun()
        while not over.is_set():
            try:
                content = await asyncio.wait_for(socket.recv(), 0.5)
            except TimeoutError:
                continue
            if len(content) > LONGEST:
                continue
            message = ForwardMsg.FromString(content)
            if message.WhichOneof("type") == "auto_rerun":  # again with another interval if more sessions watch
                if timer:
                    timer.cancel()
                else:
                    opened.release()
                timer = asyncio.create_task(tick(message.auto_rerun.fragment_id, message.auto_rerun.interval))
        if timer:
            timer.cancel()
    return redraws
