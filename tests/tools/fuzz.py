"""Fuzz what reads files: a mutated file is read, or refused by a `ScpoError`; nothing else may happen.

    python tests/tools/fuzz.py [--inputs 1000000] [--seed 0] [--only TARGET ...] [--json FILE]
    python tests/tools/fuzz.py --only TARGET --at NUMBER      that one input again, with the trace of its crash

Targets are the files that a user brings (every data set and form as csv, jsonl and parquet, candidates, settings)
and those of a run folder and of the caches, which a disk or another program may have damaged. Input NUMBER of a
target follows from the seed alone. Exit code 1 if anything crashed or took longer than SLOW seconds.
"""

from __future__ import annotations

import argparse
import collections
import json
import logging
import mmap
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # so that `scpo` is found without being installed

from scpo.errors import ScpoError  # noqa: E402
from scpo.runs.files import write_json  # noqa: E402

from fuzz_targets import Target, all_targets  # noqa: E402

SLOW = 20.0  # seconds that one input may take
TURNS = 64  # turns that one child process works


def outcome(target: Target, folder: Path, name: str, number: int, seed: int) -> str:
    """'read' or 'refused'; raises what the reader raised if it was anything but a `ScpoError`."""
    (folder / target.file).write_bytes(target.content(random.Random(f"{seed} {name} {number}")))
    try:
        target.read(folder)
        return "read"
    except ScpoError as error:
        str(error).encode()  # a message must be printable
        return "refused"


def _too_slow(*_) -> None:
    raise TimeoutError(f"took longer than {SLOW} s")


def _turn(targets: dict[str, Target], place: Path, name: str, numbers: list[int], seed: int, here: mmap.mmap) -> dict:
    """Works some inputs of one target; `here` always holds the number of the one at hand."""
    counts, crashes, slowest = collections.Counter(), {}, 0.0
    for number in numbers:
        here[:8] = number.to_bytes(8, "little")
        at = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, SLOW)
        try:
            counts[outcome(targets[name], place, name, number, seed)] += 1
        except Exception as error:
            counts["crashed"] += 1
            last = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}"
            crashes.setdefault(f"{name}: {where}", (number, ascii(error)[:200]))
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        slowest = max(slowest, time.monotonic() - at)
    return {"name": name, "counts": counts, "crashes": crashes, "slowest": slowest}


def _child(targets: dict[str, Target], place: Path, turns: list, seed: int, here: mmap.mmap) -> tuple[list[dict], int]:
    """Works turns in a child process, since a fault of a compiled library ends a process; what came of those that
    were worked, and the signal that ended it, or 0."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        with open(writing, "w") as pipe:
            for name, numbers in turns:
                print(json.dumps(_turn(targets, place, name, numbers, seed, here)), file=pipe, flush=True)
        os._exit(0)
    os.close(writing)
    with open(reading) as pipe:
        found = [json.loads(line) for line in pipe if line.endswith("\n")]
    status = os.waitpid(child, 0)[1]
    return found, os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def _turns(targets: dict[str, Target], names: list[str], inputs: int) -> list[tuple[str, list[int]]]:
    """The targets in turn, each with its next numbers, until there are so many inputs; all have a turn."""
    turns, begun, most = [], dict.fromkeys(names, 0), max(inputs // len(names), 1)
    while inputs > 0:
        for name in names:
            size = min(targets[name].turn, most, inputs)
            turns += [(name, list(range(begun[name], begun[name] + size)))] if size else []
            begun[name] += size
            inputs -= size
    return turns


def fuzz(names: list[str], inputs: int, seed: int) -> dict:
    """So many inputs, spread over the targets in turn; what came of them."""
    counts, crashes, slowest = {name: collections.Counter() for name in names}, {}, 0.0
    began = told = time.monotonic()
    signal.signal(signal.SIGALRM, _too_slow)
    logging.getLogger("scpo").setLevel(logging.ERROR)  # that a cache file is damaged is no news here
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as place:
        targets, here = all_targets(Path(place)), mmap.mmap(-1, 8)
        left = _turns(targets, names, inputs)
        while left:
            found, ended = _child(targets, Path(place), left[:TURNS], seed, here)
            for part in found:
                counts[part["name"]].update(part["counts"])
                crashes = part["crashes"] | crashes
                slowest = max(slowest, part["slowest"])
            left = left[len(found) :]
            if ended:
                name, number = left[0][0], int.from_bytes(here[:8], "little")
                crashes.setdefault(f"{name}: {signal.Signals(ended).name}", (number, "the process was ended"))
                counts[name]["crashed"] += 1
                left[0][1].remove(number)
            if time.monotonic() - told > 60:
                told, done = time.monotonic(), sum(sum(c.values()) for c in counts.values())
                print(f"{done:,} inputs in {told - began:.0f} s, crashes: {list(crashes)}", file=sys.stderr, flush=True)
    table = {name: {what: c[what] for what in ("read", "refused", "crashed")} for name, c in counts.items()}
    done = sum(sum(row.values()) for row in table.values())
    return {
        "inputs": done,
        "seed": seed,
        "seconds": time.monotonic() - began,
        "targets": table,
        "crashes": crashes,
        "slowest": slowest,
    }


def _names() -> list[str]:
    place = Path(tempfile.mkdtemp())
    try:
        return list(all_targets(place))
    finally:
        shutil.rmtree(place)


def main() -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", metavar="TARGET", choices=(names := _names()), default=names)
    parser.add_argument("--at", type=int, metavar="NUMBER")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    warnings.simplefilter("error")
    if options.at is not None:
        with tempfile.TemporaryDirectory() as place:
            name = options.only[0]
            target = all_targets(Path(place))[name]
            try:
                print(outcome(target, Path(place), name, options.at, options.seed))
            finally:
                print(repr((Path(place) / target.file).read_bytes()[:4000]))
        return 0
    found = fuzz(options.only, options.inputs, options.seed)
    for name, row in found["targets"].items():
        print(f"{name:<26}" + "".join(f"{row[what]:>10,} {what}" for what in row))
    for where, (number, message) in found["crashes"].items():
        print(f"CRASH {where} at {number}: {message}")
    print(f"{found['inputs']:,} inputs, {len(found['crashes'])} kinds of crash, slowest {found['slowest']:.2f} s")
    if options.json:
        write_json(options.json, found)
    return 1 if found["crashes"] else 0


if __name__ == "__main__":
    sys.exit(main())
