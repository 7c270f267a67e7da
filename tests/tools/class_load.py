"""A class of 60 votes at once while the app is killed: whether a vote is lost or doubled, and how long a press takes.

    python tests/tools/class_load.py [--voters 60] [--seconds 3] [--no-kill] [--json FILE]

Starts the real app with a workspace of its own and opens a room on the demo run's pairs. Voters are real sessions over
the app's websocket, as a browser opens them; each joins, then presses a button every so many seconds and waits until
the next pair is drawn, which acknowledges the vote. After half of the votes the app is killed (SIGKILL) and started
again; voters come back by the link of their phone. At the end the database is compared with what was acknowledged. Exit
code 1 if a vote was lost or doubled, or a voter did not finish. The time of a press is from sending it to the next pair
drawn. Meanwhile a projector shows the results.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts"), str(ROOT / "tests")]  # so that `scpo` is found uninstalled

from scpo.bench.sessions import connected  # noqa: E402
from scpo.jobs.table import open_table  # noqa: E402
from scpo.rooms.access import key  # noqa: E402
from scpo.rooms.store import RoomStore  # noqa: E402
from scpo.runs.files import write_json  # noqa: E402

from fakes import demo_questions  # noqa: E402
from screenshots import wait_until_healthy  # noqa: E402

LOOKS = 4.0  # seconds between two drawings of the results
PATIENCE = 120.0  # seconds until a session counts as hung
PROGRESS = re.compile(r"(\d+) of \d+")


class App:
    """The app of the workspace on a port of its own; it can be killed and started again."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("localhost", 0))
            self.port = probe.getsockname()[1]
        self.start()

    def start(self) -> None:
        """Start, and wait until it answers."""
        environment = {**os.environ, "SCPO_ROOMS": "1", "SCPO_WORKERS": "0"}
        options = ["--server.headless=true", f"--server.port={self.port}"]
        command = [sys.executable, "-m", "streamlit", "run", "app.py", *options]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, **quiet)
        wait_until_healthy(f"http://localhost:{self.port}", self.process)

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Session:
    """One websocket with what the page shows on it."""

    def __init__(self, connection, query: dict[str, str], page: str = "vote"):
        self._connection, self.query, self._page = connection, query, page
        self.buttons: dict[str, tuple[str, str]] = {}  # label -> the widget's id, its fragment
        self.done, self.finished = 0, False  # pairs answered by what the page says, and whether all are

    async def open(self) -> None:
        """Draw the page, also again."""
        await self._send()

    async def press(self, label: str) -> None:
        """Press a button and wait until what follows is drawn."""
        id, fragment = self.buttons[label]
        self.buttons = {}
        await self._send(id, fragment)

    async def _send(self, id: str = "", fragment: str = "") -> None:
        from streamlit.proto.BackMsg_pb2 import BackMsg

        message = BackMsg()
        rerun = message.rerun_script
        rerun.query_string, rerun.page_name, rerun.fragment_id = urlencode(self.query), self._page, fragment
        if id:
            widget = rerun.widget_states.widgets.add()
            widget.id, widget.trigger_value = id, True
        await self._connection.send(message.SerializeToString())
        while not await asyncio.wait_for(self._read(), PATIENCE):
            pass

    async def _read(self) -> bool:
        """Take in one message; True when the page is drawn."""
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        message = ForwardMsg.FromString(await self._connection.recv())
        kind, element = message.WhichOneof("type"), message.delta.new_element
        if kind == "page_info_changed":
            self.query = {name: values[0] for name, values in parse_qs(message.page_info_changed.query_string).items()}
        if element.HasField("button"):
            self.buttons[element.button.label] = (element.button.id, message.delta.fragment_id)
        if element.HasField("progress") and (place := PROGRESS.match(element.progress.text)):
            self.done = int(place[1]) - 1
        self.finished |= element.HasField("alert") and element.alert.body.startswith("Thank you")
        if element.HasField("exception"):
            raise RuntimeError(element.exception.message)
        return kind == "script_finished" and bool(self.buttons or self.finished)


class Voter:
    """One who joins, presses a button every so many seconds, and comes back after a break."""

    def __init__(self, port: int, code: str, seconds: float, seed: int):
        self._port, self._seconds, self._rng = port, seconds, random.Random(seed)
        self.query, self.acknowledged, self.times, self.breaks, self.problems = {"room": code}, 0, [], [], []

    async def vote(self) -> None:
        """Until every pair is answered."""
        lost = None
        while True:
            try:
                async with connected(self._port) as connection:
                    session = Session(connection, self.query)
                    await session.open()
                    if lost:
                        self.breaks.append(time.monotonic() - lost)
                        if not session.finished and session.done < self.acknowledged:
                            self.problems.append(f"came back to pair {session.done + 1} after {self.acknowledged}")
                    if await self._all(session):
                        return
            except TimeoutError:
                self.problems.append(f"hung after {self.acknowledged} votes")
                return
            except OSError:
                lost = lost or time.monotonic()
            except Exception as error:  # the connection went: its library has an exception of its own
                if type(error).__name__ not in ("ConnectionClosedError", "InvalidMessage", "ConnectionClosedOK"):
                    raise
                lost = lost or time.monotonic()
            await asyncio.sleep(0.5)

    async def _all(self, session: Session) -> bool:
        """Join if need be, and answer pair after pair; True when none is left."""
        if "Start" in session.buttons:
            await session.press("Start")
            self.query = session.query
        await asyncio.sleep(self._rng.uniform(0, self._seconds))
        while not session.finished:
            began = time.monotonic()
            await session.press(self._rng.choice(["A is better", "B is better"]))
            self.times.append(time.monotonic() - began)
            self.acknowledged = session.done if not session.finished else len(demo_questions())
            await asyncio.sleep(max(0.0, self._seconds - (time.monotonic() - began)))
        self.acknowledged = len(demo_questions())
        return True


async def project(port: int, code: str, drawn: list[float]) -> None:
    """The results on a projector, drawn anew every so many seconds until cancelled, also after a break.

    drawn   gets the seconds that each drawing took
    """
    while True:
        with contextlib.suppress(Exception):  # the app is away
            async with connected(port) as connection:
                session = Session(connection, {"room": code, "room-view": "Results", "key": key()}, "room")
                while True:
                    began = time.monotonic()
                    await session.open()
                    drawn.append(time.monotonic() - began)
                    await asyncio.sleep(LOOKS)
        await asyncio.sleep(0.5)


async def load(app: App, code: str, voters: list[Voter], drawn: list[float], kill: bool) -> float:
    """All voters at once; the app is killed and started again once half of the votes are in. Seconds it was away."""
    projector = asyncio.create_task(project(app.port, code, drawn))
    tasks, away = [asyncio.create_task(voter.vote()) for voter in voters], 0.0
    half = len(voters) * len(demo_questions()) // 2
    while kill and not all(task.done() for task in tasks):
        await asyncio.sleep(0.2)
        if sum(voter.acknowledged for voter in voters) >= half:
            began = time.monotonic()
            await asyncio.to_thread(app.kill)
            await asyncio.to_thread(app.start)
            away, kill = time.monotonic() - began, False
    await asyncio.gather(*tasks)
    projector.cancel()
    return away


def summary(store: RoomStore, code: str, voters: list[Voter]) -> dict:
    """What was acknowledged against what the database has, and how long presses took."""
    votes = store.votes(code)
    each = {store.voter(code, voter.query["voter"]).number: voter for voter in voters if "voter" in voter.query}
    kept = votes.groupby("voter").size()
    times = np.array([seconds for voter in voters for seconds in voter.times])
    lost = sum(max(0, voter.acknowledged - int(kept.get(number, 0))) for number, voter in each.items())
    return {
        "voters": len(each),
        "acknowledged": sum(voter.acknowledged for voter in voters),
        "in the database": len(votes),
        "lost": lost,
        "doubled": int(votes.duplicated(["voter", "pair"]).sum()),
        "without an end": sum(voter.acknowledged < len(demo_questions()) for voter in voters),
        "problems": [problem for voter in voters for problem in voter.problems],
        "press, median ms": round(1000 * float(np.median(times))),
        "press, 95th percentile ms": round(1000 * float(np.quantile(times, 0.95))),
        "press, longest ms": round(1000 * float(times.max())),
        "voters came back after, s (longest)": round(max((b for v in voters for b in v.breaks), default=0.0), 1),
        "load average of the machine": os.getloadavg()[0],
    }


def main() -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voters", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=3.0, help="between two presses of a voter")
    parser.add_argument("--no-kill", action="store_true", help="leave the app alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the summary")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scpo-class-", ignore_cleanup_errors=True) as space:
        os.environ["SCPO_WORKSPACE"] = space
        with contextlib.closing(open_table(Path(space))) as table:
            store = RoomStore(table)
            code, app, drawn = store.open(demo_questions(), "load").code, App(), []
            try:
                voters = [Voter(app.port, code, options.seconds, seed) for seed in range(options.voters)]
                away = asyncio.run(load(app, code, voters, drawn, not options.no_kill))
            finally:
                app.kill()
            found = summary(store, code, voters) | {
                "app away, s": round(away, 1),
                "results drawn": len(drawn),
                "results, median ms": round(1000 * float(np.median(drawn))),
            }
    if options.json:
        write_json(options.json, found)
    print(json.dumps(found, indent=1))
    return 1 if found["lost"] or found["doubled"] or found["without an end"] or found["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
