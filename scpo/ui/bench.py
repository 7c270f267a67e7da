"""Speed of the pages, on the demo experiment and at PRISM's size: 68,000 responses, 100,000 pairs, 40 countries."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

from scpo.bench import Row, row
from scpo.config import DataConfig, ExperimentConfig
from scpo.jobs.store import open_store
from scpo.ui.bench_sessions import app_server, first_paint

ROOT = Path(__file__).resolve().parents[2]
PAGES = tuple(path.stem for path in sorted((ROOT / "pages").glob("*.py")))
FOURS, TWOS, COUNTRIES, USERS = 16_500, 1_000, 40, 1_396
MOVES = 60


@contextlib.contextmanager
def workspace() -> Iterator[Path]:
    """A workspace and a cache of their own, for this process and those that it starts."""
    mine = ("SCPO_WORKSPACE", "SCPO_CACHE_DIR", "SCPO_DATABASE_URL")
    before = {name: os.environ.pop(name, None) for name in mine}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SCPO_WORKSPACE"] = folder
        try:
            yield Path(folder)
        finally:
            os.environ.pop("SCPO_WORKSPACE")
            os.environ.update({name: value for name, value in before.items() if value is not None})


def bench_pages() -> Iterator[Row]:
    """The slowest page's first paint on both runs, and a move of a slider at PRISM's size."""
    from scpo.training.experiment import run

    with workspace() as space:
        run(ExperimentConfig(), space / "runs" / "demo")
        prism_sized_run(space)
        demo, large = (open_store(space).get(space / "runs" / name).id for name in ("demo", "prism-sized"))
        yield from _paints("the demo experiment", space, demo, 1.0)
        yield from _paints("a run of 100,000 pairs", space, large, 2.0)
        yield _slider(large)


def _paints(words: str, space: Path, run: str, goal: float) -> Iterator[Row]:
    """A row for the slowest page: its first visit by the first session of an app that has just been started.

    The app has drawn one page of an empty workspace before, so that its modules are loaded; of the run and its
    data nothing has been read.
    """
    spent = {}
    for page in PAGES:
        with app_server(space) as port:
            first_paint(port, "", "none")
            spent[page] = first_paint(port, page, run)
    slowest = max(spent, key=spent.get)
    yield row(f"first paint of the slowest page ({slowest}), {words}", spent[slowest], "s", goal, at_most=True)


def _slider(run: str) -> Row:
    """A move of tau and of beta on the page Filter and weight: the script's time on the server, 95th percentile.

    Every move runs the whole page, of which the app itself runs only the fragment with the charts, so
    the figure is an upper bound.
    """
    page = AppTest.from_file(str(ROOT / "pages" / "selection.py"), default_timeout=300)
    page.query_params["run"] = run
    page.run()
    spent = []
    for move in range(MOVES):
        key, value = (("tau", 0.30 + 0.01 * move), ("beta", 0.5 + 0.05 * move))[move % 2]
        page.slider(key=key).set_value(round(value, 2))
        began = time.perf_counter()
        page.run()
        spent.append(1000 * (time.perf_counter() - began))
    assert not page.exception and len(page.get("plotly_chart")) == 5
    return row("a move of a slider, 100,000 pairs, 95th percentile", float(np.percentile(spent, 95)), "ms", 150, True)


class RandomVectors:
    """In place of an encoder: a vector per text, drawn at random, since only speed is asked."""

    def __init__(self, key: str):
        self.key, self._draw = key, np.random.default_rng(0)

    def encode(self, strings, on_tokens=None) -> np.ndarray:
        drawn = self._draw.normal(size=(len(strings), 384)).astype(np.float32)
        return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def prism_sized_run(space: Path) -> Path:
    """A finished run over a file of PRISM's size; its vectors are drawn at random, all else is as it always is."""
    from scpo import data
    from scpo.training.encoders import load_encoder
    from scpo.training.experiment import run
    from scpo.training.features import cache_folder, embed_texts

    rng = np.random.default_rng(0)
    size = np.concatenate([np.full(FOURS, 4), np.full(TWOS, 2)])
    group = np.repeat(np.arange(len(size)), size)
    people = rng.geometric(0.08, USERS) % COUNTRIES  # a few countries have most people, as in PRISM
    words = np.array([f"word{k}" for k in range(2_000)])
    table = pd.DataFrame({
        "prompt": [f"prompt number {g}" for g in group],
        "response": [f"{i} {' '.join(words[picked])}" for i, picked in
                     enumerate(rng.integers(0, len(words), (len(group), 80)))],
        "score": rng.permutation(len(group)), "country": [f"Country {c:02d}" for c in people[group % USERS]],
        "user": group % USERS, "group": group,
    })  # fmt: skip
    table.to_parquet(space / "responses.parquet")
    config = ExperimentConfig(DataConfig("file", (str(space / "responses.parquet"),)), seeds=1, steps=50)
    embed_texts(data.load(config.data).texts, RandomVectors(load_encoder(config.encoder).key), cache_folder())
    folder = space / "runs" / "prism-sized"
    run(config, folder)
    return folder
