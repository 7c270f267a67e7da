"""Speed on this machine: rows with goals, as ratios within one run where there is a peer.

`python -m scpo bench` measures them in its order, prints them and writes them. docs/bench.md explains each row.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

import numpy as np
import pyarrow
import torch

from scpo.training.memory import give_back


class Row(TypedDict):
    """One figure of the bench beside its goal."""

    name: str
    value: float
    unit: str
    goal: str
    reached: bool


GIB = 1 << 30


def row(name: str, value: float, unit: str, goal: float, at_most: bool) -> Row:
    """One figure beside its goal."""
    reached = value <= goal if at_most else value >= goal
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "goal": f"{'<=' if at_most else '>='} {goal:g}",
        "reached": bool(reached),
    }


def seconds(work: Callable[[], object], repeat: int = 1) -> float:
    """Best of some runs: the one least disturbed by other work on the machine."""
    best = float("inf")
    for _ in range(repeat):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best


def memory(work: Callable[[], object]) -> int:
    """Bytes by which the work raises this process's resident memory at its height; needs Linux and glibc."""
    pyarrow.default_memory_pool().release_unused()
    give_back()  # so that it is counted when it is taken again
    Path("/proc/self/clear_refs").write_text("5")  # forgets the height so far
    before = _resident("VmRSS")
    work()
    return max(_resident("VmHWM") - before, 0)


def _resident(which: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(which))


def machine() -> dict[str, object]:
    """What the figures were measured on, and its own rates."""
    gpu = {}
    if torch.cuda.is_available():
        gflops = round(matmul_rate(torch.bfloat16, 8192, "cuda") / 1e9)
        gpu = {"gpu": torch.cuda.get_device_name(), "gpu_gflops_bf16": gflops}
    return gpu | {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "processor": platform.processor() or platform.machine(),
        "load": round(os.getloadavg()[0], 1),
        "gflops_fp32": round(matmul_rate(torch.float32) / 1e9),
        "gflops_bf16": round(matmul_rate(torch.bfloat16) / 1e9),
        "copy_gbytes_per_s": round(copy_rate() / 1e9, 1),
    }


def matmul_rate(dtype: torch.dtype, size: int = 2048, on: torch.device | str = "cpu") -> float:
    """Floating-point operations per second of a square matrix product."""
    a, b = torch.randn(size, size).to(on, dtype), torch.randn(size, size).to(on, dtype)

    def work() -> None:
        a @ b
        if a.is_cuda:
            torch.cuda.synchronize()

    work()
    return 2 * size**3 / seconds(work, repeat=10)


def copy_rate(size: int = 1 << 28) -> float:
    """Bytes per second of a copy in memory, counting bytes read and written."""
    source = np.zeros(size, np.uint8)
    return 2 * size / seconds(source.copy, repeat=5)
