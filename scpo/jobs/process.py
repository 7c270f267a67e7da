"""Which process on which machine, and whether it still lives.

A process number alone may belong to another process by now, and after a reboot to any; so a
worker is named by machine, boot, process number and the process's time of birth.
"""

from __future__ import annotations

import functools
import hashlib
import os
import platform
from pathlib import Path

import psutil


@functools.cache
def this_host() -> str:
    """This machine since its last boot, and this container of it: processes here share one
    `time.monotonic()` and one table of processes."""
    parts = [platform.node()]
    for path, read in (
        (Path("/proc/sys/kernel/random/boot_id"), Path.read_text),
        (Path("/proc/self/ns/pid"), os.readlink),
    ):
        try:
            parts.append(read(path))
        except OSError:
            parts.append("")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def birth(pid: int) -> str:
    """When a process began, in a form that does not move with the clock; '' if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[19]
    except OSError:
        pass
    if Path("/proc/self/stat").exists():
        return ""
    try:
        return f"{psutil.Process(pid).create_time():.0f}"
    except psutil.Error:
        return ""


def worker_name(pid: int | None = None) -> str:
    """`host:pid:birth` of a process of this machine."""
    pid = pid or os.getpid()
    return f"{this_host()}:{pid}:{birth(pid)}"


def is_gone(worker: str) -> bool:
    """True if the worker ran on this machine and its process is no more; False if it cannot be told."""
    host, pid, born = worker.split(":")
    return host == this_host() and birth(int(pid)) != born
