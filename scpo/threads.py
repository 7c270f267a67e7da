"""Independent work on several threads of one core each, in order and to the same results.

A product that is shared between threads waits for the slowest of them, and on a busy machine that is one that has just
lost its core: two threads that meet at every small product then take up to seven times as long as one. So no product is
shared. What is independent (batches of texts, blocks of heads, countries) goes to threads that never wait for each
other; products release Python's lock, so that such threads use all cores. Knows nothing of what is done.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")  # microseconds of processor time, and of the period that they are for
Item = TypeVar("Item")
Result = TypeVar("Result")


def thread_count() -> int:
    """Threads that work at a time: the cores that this process may use, or fewer where `OMP_NUM_THREADS` says so."""
    allowed = [_cores(), _quota()]
    said = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if said.isdigit():
        allowed.append(int(said))
    return max(min(allowed), 1)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quota() -> int:
    """Cores' worth of time that a container may use, rounded up; all of them where nothing limits it."""
    try:
        quota, period = CPU_QUOTA.read_text().split()
        return -(-int(quota) // int(period))
    except (OSError, ValueError):  # no such group, or "max"
        return _cores()


class Counter:
    """Steps that several threads do, told by one of them at a time.

    tell  tell(steps done), called before each step; what it raises is raised where the step was to be done
    """

    def __init__(self, tell: Callable[[int], None]):
        self._tell, self._done, self._alone = tell, 0, threading.Lock()

    def step(self, size: int = 1) -> None:
        """Say that a step begins; size: how many it counts for."""
        with self._alone:
            self._tell(self._done)
            self._done += size


def spread(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    tell: Callable[[int], None] = lambda done: None,
    *,
    threads: int | None = None,
    begin: Callable[[], None] = lambda: None,
) -> list[Result]:
    """[function(item) for item in items], several at a time.

    tell     tell(items done), called in the caller's thread, item after item; what it raises ends the work
    threads  that work at a time; None = `thread_count()`
    begin    called first in each of them
    Raises what the first item in order that fails raises. Whatever is raised, no thread works any more.
    """
    items, results = list(items), []
    threads = min(threads or thread_count(), len(items))
    if threads < 2:
        for item in items:
            results.append(function(item))
            tell(len(results))
        return results
    with ThreadPoolExecutor(threads, initializer=begin) as pool:
        waiting = [pool.submit(function, item) for item in items]
        try:
            for one in waiting:
                results.append(one.result())
                tell(len(results))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return results
