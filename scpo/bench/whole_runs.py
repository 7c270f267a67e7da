"""Rows of whole runs: the demo, 1,000,000 pairs, and PRISM's real size, each in a process of its own."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from scpo import data as sources
from scpo.bench import Row, row, seconds
from scpo.bench.inputs import FOURS, ONES, TWOS, USERS, prism_files, scored_table
from scpo.config import DataConfig, ExperimentConfig
from scpo.runs.progress_log import read_progress

FIRST_TENTH = 0.1


def bench_demo() -> Iterator[Row]:
    """The demo experiment as a user runs it: a new process, first without and then with the cache."""
    with tempfile.TemporaryDirectory() as folder:
        for name, goal in (("cold", 60), ("warm", 10)):
            spent = seconds(partial(_command, Path(folder), name, "--dataset", "demo"))
            yield row(f"demo experiment, {name}", spent, "s", goal, at_most=True)


def _command(space: Path, name: str, *arguments: str) -> Path:
    """The run folder of `python -m scpo run` in a new process, in a workspace."""
    out, environment = space / name, {**os.environ, "SCPO_WORKSPACE": str(space)}
    command = [sys.executable, "-m", "scpo", "run", *arguments, "--quiet", "--out", str(out)]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return out


# PRISM's size


def bench_prism(part: float = 1.0) -> Iterator[Row]:
    """A run on files of PRISM's size, or a part of it, cold and warm, and how right its progress was."""
    with tempfile.TemporaryDirectory() as folder:
        sizes = (round(part * whole) for whole in (USERS, FOURS, TWOS, ONES))
        space, files = Path(folder), prism_files(Path(folder), *sizes)
        given = [part for path in files for part in ("--data-file", path)]
        for name, goal in (("cold", 900), ("warm", 60)):
            began = time.perf_counter()
            out = _command(space, name, "--dataset", "prism", *given)
            spent = time.perf_counter() - began
            yield row(f"PRISM's size, {name}: from the files to the measures", spent, "s", goal, at_most=True)
            if name == "cold":
                off = worst_prediction(read_progress(out, last=1_000_000))
                yield row(
                    "PRISM's size, cold: time left, worst error from the first tenth on", 100 * off, "%", 25, True
                )


def worst_prediction(entries: Sequence[Mapping]) -> float:
    """The largest relative error of the whole run's time as predicted at each entry from the first tenth of it on.

    entries  of progress.jsonl: `time`, `seconds_left`; the prediction is what is over and what is said to be left
    """
    first, last = entries[0]["time"], entries[-1]["time"]
    whole, worst = last - first, 0.0
    for entry in entries:
        over = entry["time"] - first
        if over >= FIRST_TENTH * whole and "seconds_left" in entry:
            worst = max(worst, abs(over + entry["seconds_left"] - whole) / whole)
    return worst


# runs whose vectors are drawn at random


class RandomVectors:
    """In place of an encoder: a vector per text, drawn at random, since only speed is asked."""

    def __init__(self, key: str):
        self.key, self._draw, self.reader = key, np.random.default_rng(0), self

    def cut(self, texts) -> np.ndarray:
        """No text is too long."""
        return np.zeros(len(texts), bool)

    def encode(self, strings, on_tokens=None, tails=None) -> np.ndarray:
        drawn = self._draw.normal(size=(len(strings), 384)).astype(np.float32)
        return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


@contextlib.contextmanager
def workspace(space: Path) -> Iterator[Path]:
    """A workspace and a cache of their own, for this process and those that it starts."""
    mine = ("SCPO_WORKSPACE", "SCPO_CACHE_DIR", "SCPO_DATABASE_URL")
    before = {name: os.environ.pop(name, None) for name in mine}
    os.environ["SCPO_WORKSPACE"] = str(space)
    try:
        yield space
    finally:
        os.environ.pop("SCPO_WORKSPACE")
        os.environ.update({name: value for name, value in before.items() if value is not None})


def fill_cache(config: ExperimentConfig) -> None:
    """Vectors drawn at random for all texts of the data, in this workspace's cache."""
    from scpo.training.encoders import load_encoder
    from scpo.training.heads.features import cache_folder, embed_texts

    texts = sources.load(config.data).texts
    embed_texts(texts, RandomVectors(load_encoder(config.encoder).key), cache_folder())


def run_of_table(space: Path, table: pd.DataFrame, **settings) -> Callable[[], object]:
    """The work of a run on a table of scored responses, from its parquet file on; each call is a run of its own."""
    from scpo.training.experiment import run

    space.mkdir(parents=True, exist_ok=True)
    table.drop(columns="unit").astype({"user": str, "group": str}).to_parquet(space / "responses.parquet")
    config = ExperimentConfig(DataConfig("file", (str(space / "responses.parquet"),)), **settings)
    with workspace(space):
        fill_cache(config)
    number = itertools.count()

    def work() -> None:
        with workspace(space):
            run(config, space / "runs" / str(next(number)))

    return work


# 1,000,000 pairs


def bench_million(prompts: int = 167_000, people: int = 20_000, countries: int = 40) -> Iterator[Row]:
    """A run on 1,000,000 pairs in a process of its own: load, filter, weight, heads, metrics, without encoding."""
    with tempfile.TemporaryDirectory() as folder:
        run_of_table(Path(folder), scored_table(prompts, 0, people, countries, words=30))
        code = "import sys; from scpo.bench.whole_runs import million; million(sys.argv[1])"
        environment = {**os.environ, "SCPO_WORKSPACE": folder}
        answer = subprocess.run([sys.executable, "-c", code, folder], env=environment, check=True, capture_output=True)
        found = json.loads(answer.stdout.splitlines()[-1])
    name = f"{found['pairs']:,} pairs and {found['heads']:,} heads, from the file to the measures"
    yield row(name, found["seconds"] / 60, "min", 10, at_most=True)
    yield row("  of that, reading the file to pairs", found["load"] / 60, "min", 10, at_most=True)
    yield row("  peak memory of the process", found["gib"], "GiB", 6, at_most=True)


def million(space: str) -> None:
    """What `bench_million` measures, in its own process; prints it as json."""
    from scpo.training.experiment import run

    config = ExperimentConfig(DataConfig("file", (f"{space}/responses.parquet",)), seeds=1)
    began = time.perf_counter()
    at: dict[str, float] = {}

    def on_progress(entry: Mapping) -> None:
        at.setdefault(entry["stage"], time.perf_counter() - began)

    result = run(config, Path(space) / "runs" / "million", on_progress=on_progress)
    heads = result.metrics["method"].isin(config.trained) & (result.metrics["subset"] == "full")
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - began,
                "load": at["embed"],
                "heads": int(heads.sum()),
                "pairs": sum(country["pairs"] for country in result.card["counts"]),
                "gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20),
            }
        )
    )
