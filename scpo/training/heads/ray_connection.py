"""The connection to a Ray cluster: asked for before any work, opened for a training, watched while tasks run.

Ray itself waits for minutes and may end this process without a word, so what goes wrong is found and said here.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from scpo.errors import ScpoError

ADDRESS = "SCPO_RAY_ADDRESS"
FORM = re.compile(r"auto|(ray://)?(?P<at>(\[[0-9a-fA-F:]+\]|[^\s/:\[\]]+):\d{1,5})")
CPUS = 1  # cores of a task
CONNECT, ANSWER = 4.0, 10.0  # seconds for a connection to open; for the cluster to answer over it
LOOK, GONE = 2.0, 20.0  # seconds between two looks at the head node; without it until a run gives up
PATIENCE = 300.0  # seconds to wait for a node to join when there is none that could work
PROBE = """
import sys, ray
try:
    ray.init(address=sys.argv[1], log_to_driver=False, logging_level="ERROR", configure_logging=False)
except Exception as error:
    sys.exit(" ".join(str(error).split()))
"""
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
log = logging.getLogger("scpo")


def address() -> str:
    """Where the cluster is: `host:port`, `ray://host:port` or `auto`; "" for none."""
    return os.environ.get(ADDRESS, "").strip()


@contextlib.contextmanager
def connected(where: str):
    """The module `ray`, connected to a cluster that answers; the connection ends with the block.

    Raises `ScpoError` for what the cluster refuses, or loses for good.
    """
    reach(where)
    import ray

    modules = {"py_modules": [str(Path(__file__).parents[2])], "excludes": ["**/__pycache__"]}
    mine = signal.getsignal(signal.SIGTERM)  # Ray puts its own in place, that ends the process at once
    try:
        ray.init(
            address=where, log_to_driver=False, logging_level="ERROR", configure_logging=False, runtime_env=modules
        )
    except (RuntimeError, ConnectionError, ValueError) as error:
        raise _unusable(where, " ".join(str(error).split())) from error
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, mine)
    try:
        with contextlib.redirect_stdout(RaysWords()):  # stdout is for results
            yield ray
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, (ScpoError, MemoryError)):
            raise error.cause from error
        raise
    except (ray.exceptions.RayError, ConnectionError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ScpoError(
            f"The Ray cluster at {where} gave up on a task: {reason} Look at its nodes (memory, disk), then resume the "
            "run: it goes on from its last checkpoint."
        ) from error
    finally:
        ray.shutdown()


class RaysWords(io.TextIOBase):
    """Takes what Ray prints, such as that a node is gone and its task tried again, into our log."""

    def write(self, text: str) -> int:
        for line in COLOUR.sub("", text).splitlines():
            if line.startswith("("):  # (raylet) and the like; what follows are lines of its inner log
                log.info("Ray: %s", line)
        return len(text)


def reach(where: str) -> None:
    """Raises `ScpoError` unless Ray is installed and a cluster of the same versions answers there.

    Takes about a second, and at most 14. Ray itself would try for minutes, and may end the
    process, so a process of its own asks first.
    """
    if importlib.util.find_spec("ray") is None:
        raise ScpoError(
            f"{ADDRESS} is {where!r}, but Ray is not installed here. Install it with `pip install -r "
            f"requirements-cluster.txt`, or unset {ADDRESS} to train on this machine."
        )
    form = FORM.fullmatch(where)
    if not form:
        raise ScpoError(f"{ADDRESS} is {where!r}; it must be host:port, ray://host:port or auto.")
    if form["at"]:
        try:
            _knock(form["at"])
        except (OSError, OverflowError, UnicodeError) as error:
            raise _unusable(where, f"{error}.") from error
    try:
        probe = subprocess.run([sys.executable, "-c", PROBE, where], capture_output=True, text=True, timeout=ANSWER)
    except subprocess.TimeoutExpired as error:
        reason = (
            f"no answer in {ANSWER:.0f} seconds; if it asks for a token, RAY_AUTH_MODE=token and the same token are"
        )
        raise _unusable(where, f"{reason} needed here too.") from error
    if probe.returncode:
        raise _unusable(where, (probe.stderr.strip() or "no reason given").splitlines()[-1])


def _knock(at: str) -> None:
    """Raises `OSError` if nothing listens at host:port."""
    host, _, port = at.rpartition(":")
    socket.create_connection((host.strip("[]"), int(port)), CONNECT).close()


def _unusable(where: str, reason: str) -> ScpoError:
    return ScpoError(
        f"The Ray cluster at {where} ({ADDRESS}) cannot be used: {reason} Start it (`ray start --head --port=6379`, "
        f"see docs/cluster.md) or correct the address; unset {ADDRESS} to train on this machine."
    )


class Watch:
    """Looks after the cluster while tasks run, every `LOOK` seconds."""

    def __init__(self, ray):
        client = address().partition("ray://")[2]  # then the head itself may be out of reach from here
        self._ray, self._head = ray, client or ray.get_runtime_context().gcs_address
        self._looked = self._answered = self._workable = time.monotonic()
        self._alive: set[str] = set()

    def look(self) -> None:
        """Raises `ScpoError` if the head is gone, or for `PATIENCE` seconds no node could work on a task.

        A head that is gone is told before Ray, after a minute, would end this process without a word.
        """
        now, on = time.monotonic(), "and resume the run: it goes on from its last checkpoint."
        if now - self._looked < LOOK:
            return
        self._looked = now
        try:
            _knock(self._head)
            self._answered = now
        except OSError as error:
            if now - self._answered < GONE:
                return
            raise ScpoError(
                f"The head node of the Ray cluster at {address()} is gone ({error}). Start the cluster again {on}"
            ) from error
        nodes = self._ray.nodes()
        self._tell_lost(nodes)
        if any(node["Alive"] and node["Resources"].get("CPU", 0) >= CPUS for node in nodes):
            self._workable = now
        elif now - self._workable > PATIENCE:
            raise ScpoError(
                f"The Ray cluster at {address()} has had no node with a core for {PATIENCE:.0f} seconds. Start one "
                f"with `ray start --address=HOST:PORT` {on}"
            )

    def _tell_lost(self, nodes: list[dict]) -> None:
        """Warn, once, of each node that worked and does not answer any more; Ray says nothing of it for minutes."""
        alive = {node["NodeID"] for node in nodes if node["Alive"]}
        for node in nodes:
            if node["NodeID"] in self._alive - alive:
                log.warning(
                    "the node %s does not answer: Ray has heard nothing from it for about a minute. If it is frozen, "
                    "not gone, Ray gives its tasks to other nodes only after some seven minutes; until then the run "
                    "waits for them.",
                    node.get("NodeManagerAddress") or node["NodeID"],
                )
        self._alive = alive
