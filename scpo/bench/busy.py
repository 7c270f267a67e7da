"""Whole runs beside busy processes: against their own time on an idle machine, and against another build of the app.

A busy process does nothing but spin. The other build is a folder with its own `.venv`, such as a checkout of an older
commit. Both work in turn, each in a workspace of its own, and nothing says how many threads they may use.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scpo.bench import Row, row
from scpo.errors import ConfigError

BESIDE = (0, 1, 2, 6)
OF_IDLE = {1: 1.8, 2: 2.6, 6: 5.0}  # goals on two cores: times of the idle time, by busy processes
OF_MEMORY = 0.75  # goal: of the other build's peak
ROOT = Path(__file__).parents[2]
UNSAID = ("SCPO_CACHE_DIR", "SCPO_DATABASE_URL", "SCPO_RAY_ADDRESS", "PYTHONPATH", "OMP_NUM_THREADS")
SPIN = "import os, sys\nwhile os.getppid() == int(sys.argv[1]):\n    for _ in range(1_000_000): pass"
PEAK = """
import json, pathlib
def tell(**said):
    status = pathlib.Path("/proc/self/status").read_text()
    print(json.dumps({"mib": int(status.split("VmHWM:")[1].split()[0]) / 1024, **said}))
"""
COMMAND = f"""{PEAK}
import sys
from scpo.cli import main
if main(sys.argv[1:]):
    sys.exit(1)
tell()
"""
WORLD = '{"data": {"dataset": "demo"}}'  # settings that name no demo world mean the same one in every build
ENCODE = f"""{PEAK}
import time
from scpo.config import ExperimentConfig
from scpo.data import load
from scpo.training.encoders import load_encoder
world = ExperimentConfig.from_dict({WORLD}).data
words = " ".join(load(world).texts["response"][:3000]).split()
texts = [" ".join(words[at : at + 46]) for at in range(0, len(words), 46)]  # 64 tokens each
encoder = load_encoder("minilm")
encoder.encode(texts[:32])
began = time.perf_counter()
encoder.encode(texts)
tell(seconds=time.perf_counter() - began)
"""
SMALL = ("--methods", "full", "--seeds", "1", "--budgets", "50", "--steps", "50", "--countries", "Galune")


@dataclass(frozen=True)
class Spent:
    """What a process took: seconds by the clock, seconds of all cores together, MiB of memory at its height."""

    seconds: float
    cores: float
    mib: float


@dataclass(frozen=True)
class Work:
    """A program of both builds. warm: what its workspace keeps is there already; goals of its time, as a share of the
    other build's, by busy processes."""

    group: str
    name: str
    code: str
    arguments: tuple[str, ...]
    warm: bool
    goals: dict[int, float]


def works(data_files: tuple[str, ...] = ()) -> list[Work]:
    """What is measured; data_files: of a survey, which is left out without them."""
    files = [part for path in data_files for part in ("--data-file", str(Path(path).absolute()))]
    survey = ("run", "--dataset", "globalopinionqa", *files, "--seeds", "3")
    demo = ("run", "--dataset", "demo")  # of `WORLD`
    return [
        Work("warm", "demo, warm", COMMAND, demo, True, {0: 0.65, 2: 0.2}),
        Work("cold", "demo, cold", COMMAND, demo, False, {0: 0.75}),
        *([Work("survey", "survey, warm", COMMAND, survey, True, {})] if files else []),
        Work("tuning", "fine-tuning, 50 steps", COMMAND, (*demo, "--model", "minilm", *SMALL), True, {}),
        Work("encoding", "encoding", ENCODE, (), True, {0: 1 / 1.2, 1: 0.25}),
    ]


@contextlib.contextmanager
def busy(count: int) -> Iterator[list[subprocess.Popen]]:
    """So many processes that spin. They end with the block, and when this process does, whatever ends it."""
    command, spinning = [sys.executable, "-c", SPIN, str(os.getpid())], []
    try:
        for _ in range(count):
            spinning.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        yield spinning
    finally:
        for process in spinning:
            process.kill()
            process.wait()


def bench_busy(work: Work, against: str | None = None, beside: tuple[int, ...] = BESIDE) -> Iterator[Row]:
    """Rows of one work, its memory last. against: the folder of another build; beside: numbers of busy processes.

    Raises `ConfigError` if that folder is no build of the app.
    """
    builds = [ROOT, *([Path(against).absolute()] if against else [])]
    if not all((build / "scpo" / "__main__.py").is_file() for build in builds):
        raise ConfigError(f"--against is {against!r}; it must be a folder with the app's source and its own .venv.")
    with tempfile.TemporaryDirectory() as folder:
        spaces = [Path(folder) / str(at) for at in range(len(builds))]
        if work.warm:
            for build, space in zip(builds, spaces, strict=True):
                spent(build, work, space)
        idle = None
        for count in beside:
            with busy(count):
                ours, *other = [spent(build, work, space) for build, space in zip(builds, spaces, strict=True)]
            idle = idle or (ours if not count else None)
            name = f"{work.name}, beside {count}: {ours.seconds:.1f} s, of cores {ours.cores:.1f} s"
            if idle and count:
                yield row(
                    f"{name}; of idle", ours.seconds / idle.seconds, "times", OF_IDLE.get(count, 5.0), at_most=True
                )
            for that in other:
                name += f"; other {that.seconds:.1f}, {that.cores:.1f}"
                yield row(name, ours.seconds / that.seconds, "times", work.goals.get(count, 1.0), at_most=True)
        for that in other:
            name = f"{work.name}: peak memory {ours.mib:.0f} MiB; other {that.mib:.0f}"
            yield row(name, ours.mib / that.mib, "times", OF_MEMORY, at_most=True)


def spent(build: Path, work: Work, space: Path) -> Spent:
    """One measurement. Raises `CalledProcessError` if the program fails."""
    number = len(list(space.glob("*-out"))) if space.exists() else 0
    environment = {name: value for name, value in os.environ.items() if name not in UNSAID}
    environment["SCPO_WORKSPACE"] = str(space if work.warm else space / f"{number}-workspace")
    space.mkdir(parents=True, exist_ok=True)
    (space / "world.json").write_text(WORLD)
    told = ("--config", str(space / "world.json"), "--quiet", "--out", str(space / f"{number}-out"))
    out = told if work.code == COMMAND else ()
    python = build / ".venv" / "bin" / "python"
    command = [str(python) if python.exists() else sys.executable, "-c", work.code, *work.arguments, *out]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=build, env=environment, check=True, stdout=subprocess.PIPE)
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    said = json.loads(done.stdout.splitlines()[-1])
    cores = sum(getattr(after, name) - getattr(before, name) for name in ("ru_utime", "ru_stime"))
    return Spent(said.get("seconds", seconds), cores, said["mib"])
