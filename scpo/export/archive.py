"""A finished run as one zip: settings, numbers as csv, figures, weights, and a README that says what it is.

Nothing of this machine is in it: a local file is named, not where it lies. Figures need no network:
plotly.js is inside each html. Knows nothing of Streamlit's pages.
"""

from __future__ import annotations

import asyncio
import hashlib
import html
import io
import json
import os
import time
import zipfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import safetensors
import safetensors.numpy

from scpo import runs
from scpo.charts.accuracy import accuracy_chart
from scpo.charts.bias import plane_chart, transfer_chart
from scpo.charts.efficiency import curve_chart
from scpo.charts.style import MEAN, on_paper
from scpo.charts.style import SIMULATED as SIMULATED_HEADLINE
from scpo.data.naming import provenance
from scpo.errors import RunFolderError
from scpo.export.safe_csv import safe_csv
from scpo.jobs.job import Job
from scpo.methods import METHODS
from scpo.runs.judges import read_judges

SIMULATED = "simulated data"
SVG_SECONDS = 90
POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"


WEIGHTS = {
    runs.HEADS: """heads.safetensors  weights: `global`, `heads` (one row per trained model), `prompt_mean`; `about` in
                   the header says which row is which and which encoder they belong to""",
    runs.MODELS: """models.safetensors rewards of every text: `global`, `models` (one row per model); `about` in the
                   header says which is which. The models stay in the run folder; python -m scpo export writes one""",
}


def file_name(job: Job) -> str:
    """The name of a run's zip; made from its id, never from its name."""
    return f"scpo-run-{job.id}.zip"


def zip_of(job: Job) -> bytes:
    """The zip of a finished run. Raises `RunFolderError` if the run is unfinished or damaged."""
    result = runs.read(job.folder)
    hide = Hidden(result)
    weights = _weights(result, hide)
    figures = {name: part for name, part in figures_of(result).items() if part}
    every = {name: figure for part in figures.values() for name, (figure, _) in part.items()}
    pictures, why_not = svgs(every)
    files: dict[str, bytes | str] = {
        "config.json": _json(hide(result.config.as_dict())),
        "data.json": _json(hide(result.card)),
        "metrics.csv": csv_of(result, result.metrics),
        runs.weights_file(result.config): weights,
    }
    files |= {
        f"tables/{name}.csv": csv_of(result, table)
        for name, table in sorted(result.tables.items())
        if name.isidentifier()
    }
    files |= {
        f"judges/{judge.about['name']} {name}.csv": csv_of(result, table)
        for judge in read_judges(result.folder)
        for name, table in judge.tables.items()
    }
    files |= {
        f"figures/{name}.html": page(part.values(), _title(job, result), result.card["simulated"])
        for name, part in figures.items()
    }
    files |= {f"figures/{name}.svg": picture for name, picture in pictures.items()}
    if why_not:
        files["figures/NO_SVG.txt"] = f"There is no svg of the figures: {why_not}\nThe html files have the same ones.\n"
    files = {"README.txt": readme(job, result, hide, [*files]), **files}
    when = time.gmtime(max(job.finished or job.created, 315_619_200))[:6]  # a zip knows no time before 1980-01-02
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(f"scpo-run-{job.id}/{name}", when)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return memory.getvalue()


class Hidden:
    """Replaces the local paths of a run by their last part, in any text and in any depth of a value."""

    def __init__(self, result: runs.Result):
        config = result.config
        named = [config.encoder, config.global_model, config.finetune.model]
        paths = {path for path in map(Path, named) if path.is_absolute()}
        paths |= {result.folder.absolute(), runs.workspace().absolute(), Path.home()}
        called = {str(path): path.name for path in paths - {Path("/")}}
        files = zip(config.data.data_files, config.data.shown_files, strict=True)
        called |= {path: name for path, name in files if Path(path).is_absolute()}
        self._names = dict(sorted(called.items(), key=lambda pair: len(pair[0]), reverse=True))

    def __call__(self, value):
        if isinstance(value, Mapping):
            return {self(key): self(inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [self(inner) for inner in value]
        if isinstance(value, str):
            for path, name in self._names.items():
                value = value.replace(path, name)
        return value


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)


def csv_of(result: runs.Result, table: pd.DataFrame) -> str:
    texts = table.select_dtypes(exclude="number").columns
    table = table.assign(**{name: table[name].astype(object).fillna("") for name in texts})
    return safe_csv(table.assign(note=SIMULATED) if result.card["simulated"] else table)


def _weights(result: runs.Result, hide: Hidden) -> bytes:
    """What the run trained: the same tensors, their header without local paths."""
    name = runs.weights_file(result.config)
    content = (result.folder / name).read_bytes()
    known = json.loads((result.folder / "done.json").read_bytes())["files"].get(name)
    if hashlib.sha256(content).hexdigest() != known:
        raise RunFolderError(f"{name} was changed after the run finished. Run it again.")
    with safetensors.safe_open(result.folder / name, "np") as file:
        about = {key: _json(hide(json.loads(text))) for key, text in (file.metadata() or {}).items()}
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (it is no dict)
    return safetensors.numpy.save(tensors, metadata=about)


def figures_of(result: runs.Result) -> dict[str, dict[str, tuple[go.Figure, str]]]:
    """The figures of a run: page -> file name -> the figure and what it shows in words."""
    tables, simulated = result.tables, result.card["simulated"]
    methods = [m for m in METHODS if m in set(tables["accuracy"]["method"])]
    steered = [m for m in METHODS if len(tables["transfer"]) and m in set(tables["transfer"]["method"])]
    accuracy = accuracy_chart(tables["accuracy"], methods, result.card["unit"], simulated)
    bias = plane_chart(tables["accuracy"], tables["path"], methods, simulated)
    curve = curve_chart(tables["curve"], MEAN, methods, "labelled", simulated)
    drawn = {
        "accuracy": {"accuracy": (accuracy, "Accuracy per country and method with 95 % intervals.")},
        "bias": {"bias": (bias, "Consensus retention against distinct accuracy, with the path during training.")},
        "efficiency": {"efficiency": (curve, "Accuracy over the number of training pairs, mean over countries.")},
        "transfer": {
            f"transfer-{method}": (
                transfer_chart(tables["transfer"], method, simulated),
                f"Accuracy of each country's {method} model on the test pairs of each country.",
            )
            for method in steered
        },
    }
    return {
        page: {name: (on_paper(figure), alt) for name, (figure, alt) in part.items()} for page, part in drawn.items()
    }


def page(figures: Iterable[tuple[go.Figure, str]], title: str, simulated: bool) -> str:
    """Figures as a page of its own, with plotly.js inside, once; its policy forbids every request."""
    said = f"<p><strong>{SIMULATED_HEADLINE}.</strong></p>\n" if simulated else ""
    drawn = [
        f"<p>{html.escape(alt)}</p>\n"
        + figure.to_html(full_html=False, include_plotlyjs=at == 0, config={"displaylogo": False})
        for at, (figure, alt) in enumerate(figures)
    ]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"></head>\n'
        '<body style="font-family: sans-serif; max-width: 72rem; margin: 1rem auto; padding: 0 1rem">\n'
        f"<h1>{html.escape(title)}</h1>\n{said}" + "\n".join(drawn) + "\n</body></html>\n"
    )


def svgs(figures: Mapping[str, go.Figure]) -> tuple[dict[str, bytes], str]:
    """The figures as svg, drawn by a browser of this machine; or none, and why there is none."""
    try:
        import kaleido  # noqa: F401
    except ImportError:
        return {}, "the package kaleido is not installed (pip install kaleido)."
    try:
        with ThreadPoolExecutor(1) as aside:  # whoever calls may be running an event loop of its own
            return aside.submit(asyncio.run, asyncio.wait_for(_drawn(figures), SVG_SECONDS)).result(), ""
    except Exception as error:  # the drawing aid of another package must not cost the user the export
        return {}, f"a Chrome or Chromium is needed to draw it ({type(error).__name__}: {str(error).splitlines()[:1]})."


async def _drawn(figures: Mapping[str, go.Figure]) -> dict[str, bytes]:
    import kaleido

    named = os.environ.get("SCPO_CHROMIUM")
    found = {}
    async with kaleido.Kaleido(mathjax=False, timeout=30, **({"path": named} if named else {})) as browser:
        for name, figure in figures.items():
            size = {"format": "svg", "width": 1000, "height": figure.layout.height or 500}
            found[name] = await browser.calc_fig(figure.to_dict(), opts=size)
    return found


def _title(job: Job, result: runs.Result) -> str:
    return f"{job.name}: {result.card['title']}"


def readme(job: Job, result: runs.Result, hide: Hidden, files: list[str]) -> str:
    """What the zip is, whose data it rests on, and how to read it."""
    card = result.card
    first = f"{SIMULATED_HEADLINE}. Every number here is from {SIMULATED}.\n\n" if card["simulated"] else ""
    note = f"Note: {hide(job.note)}\n" if job.note else ""
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(job.finished or job.created))
    about = "".join(
        f"{label}{' of the data' * (label == 'Licence')}: {hide(text)}\n" for label, text in provenance(card).items()
    )
    return (
        f"{hide(_title(job, result))}\n\n{first}"
        f"Run {job.id}, finished {when}.\n{note}"
        f"Data: {hide(card['title'])}\n{about}\n"
        "config.json        every setting; python -m scpo run takes the same\n"
        "data.json          the data card: countries, counts, what was left out, hash of the content\n"
        "metrics.csv        accuracy per country, method, seed, number of pairs and subset, 0 to 1, 95 % intervals\n"
        "tables/            what the app draws, means and intervals over people or questions\n"
        "judges/            scores brought from outside beside the methods, if there are any\n"
        "figures/           the same as pictures; html opens in any browser and needs no network\n"
        f"{WEIGHTS[runs.weights_file(result.config)]}\n\n"
        "Texts in csv files that a spreadsheet would run as a formula begin with an apostrophe.\n\n"
        "Files:\n" + "".join(f"  {name}\n" for name in files)
    )
