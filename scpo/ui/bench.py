"""Speed of the pages at PRISM's size: 68,000 responses, 100,000 pairs, 40 countries. Driven without a browser."""

from __future__ import annotations

import dataclasses
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

from scpo import data, runs
from scpo.bench import Row, row
from scpo.config import DataConfig, ExperimentConfig
from scpo.metrics.margins import write_margins

PAGES = Path(__file__).resolve().parents[2] / "pages"
FOURS, TWOS, COUNTRIES, USERS = 16_500, 1_000, 40, 1_396
MOVES = 60


def bench_slider() -> Iterator[Row]:
    """A move of tau and of beta on the page Filter and weight: the script's time on the server, 95th percentile.

    Every move runs the whole page, of which the app itself runs only the fragment with the charts, so
    the figure is an upper bound.
    """
    before = os.environ.get("SCPO_WORKSPACE")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SCPO_WORKSPACE"] = folder
        try:
            prism_sized_run(Path(folder))
            page = AppTest.from_file(str(PAGES / "selection.py"), default_timeout=300).run()
            spent = []
            for move in range(MOVES):
                key, value = (("tau", 0.30 + 0.01 * move), ("beta", 0.5 + 0.05 * move))[move % 2]
                page.slider(key=key).set_value(round(value, 2))
                began = time.perf_counter()
                page.run()
                spent.append(1000 * (time.perf_counter() - began))
            assert not page.exception and len(page.get("plotly_chart")) == 5
        finally:
            os.environ.pop("SCPO_WORKSPACE")
            if before is not None:
                os.environ["SCPO_WORKSPACE"] = before
    yield row("a move of a slider, 100,000 pairs, 95th percentile", float(np.percentile(spent, 95)), "ms", 150, True)


def prism_sized_run(space: Path) -> Path:
    """A finished run folder over a file of PRISM's size; rewards are drawn at random, since only speed is asked."""
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
    config = ExperimentConfig(DataConfig("file", (str(space / "responses.parquet"),)))
    loaded = data.load(config.data)
    folder = space / "runs" / "prism-sized"
    runs.create(folder, config)
    card = {**dataclasses.asdict(loaded.card), "content_hash": data.content_hash(loaded)}
    for name, content in {"data.json": card, "metrics.json": [], "summary.json": {}}.items():
        runs.write_json(folder / name, content)
    for name in ("heads.safetensors", "tallies.safetensors"):
        runs.write_bytes(folder / name, b"")
    country = loaded.pairs["country"].astype(str).to_numpy()
    rows = {c: np.flatnonzero(country == c) for c in np.unique(country)}  # every pair of the file
    reward = rng.normal(0, 1, len(loaded.texts)).astype(np.float32)
    write_margins(folder, loaded.pairs, rows, dict.fromkeys(rows, reward))
    runs.finish(folder, 0.0)
    return folder
