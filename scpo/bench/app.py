"""Speed of the pages, on the demo experiment and at PRISM's size: 68,370 responses of 1,396 people in 38 countries.

More of them answer the same prompt than in PRISM, so that they make 100,000 pairs.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from streamlit.testing.v1 import AppTest

from scpo.bench import Row, row
from scpo.bench.inputs import prism_files
from scpo.bench.sessions import app_server, first_paint
from scpo.bench.whole_runs import fill_cache, workspace
from scpo.config import DataConfig, ExperimentConfig
from scpo.jobs.store import open_store

ROOT = Path(__file__).resolve().parents[2]
PAGES = tuple(path.stem for path in sorted((ROOT / "pages").glob("*.py")))
FOURS, TWOS = 16_500, 1_185
MOVES = 60


def bench_pages() -> Iterator[Row]:
    """The slowest page's first paint on both runs, and a move of a slider at PRISM's size."""
    from scpo.training.experiment import run

    with tempfile.TemporaryDirectory() as folder, workspace(Path(folder)) as space:
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
    slowest = max(spent, key=lambda page: spent[page])
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


def prism_sized_run(space: Path) -> Path:
    """A finished run over files of PRISM's size; its vectors are drawn at random, all else is as it always is."""
    from scpo.training.experiment import run

    config = ExperimentConfig(
        DataConfig("prism", tuple(prism_files(space, fours=FOURS, twos=TWOS, ones=0))), seeds=1, steps=50
    )
    fill_cache(config)
    folder = space / "runs" / "prism-sized"
    run(config, folder)
    return folder
