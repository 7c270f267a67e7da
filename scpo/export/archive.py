"""A finished run as one zip: settings, numbers as csv, its report, figures as svg, weights, and a README.

Nothing of this machine is in it: a local file is named, not where it lies. Knows nothing of Streamlit's pages.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import time
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import plotly.graph_objects as go
import safetensors

from scpo import runs
from scpo.charts.style import SIMULATED
from scpo.data.naming import provenance
from scpo.export.local_paths import Hidden
from scpo.export.report import report
from scpo.export.report_models import every_part
from scpo.export.safe_csv import NOTE, safe_csv
from scpo.grouping import speaking_of, worded
from scpo.jobs.job import Job
from scpo.runs.files import tensor_bytes
from scpo.runs.judges import read_judges

SVG_SECONDS = 90
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
    with speaking_of(result.config.data.group):
        return _zip_of(job, result)


def _zip_of(job: Job, result: runs.Result) -> bytes:
    hide, simulated = Hidden(result), result.card["simulated"]
    weights = _weights(result, hide)
    figures = every_part(result)
    pictures, why_not = svgs({part.name: part.figure for part in figures[0]})
    files: dict[str, bytes | str] = {
        "config.json": _json(hide(result.config.as_dict())),
        "data.json": _json(hide(result.card)),
        "metrics.csv": safe_csv(result.metrics, simulated),
        runs.weights_file(result.config): weights,
    }
    tables = {name: table for name, table in sorted(result.tables.items()) if name.isidentifier()}
    files |= {f"tables/{name}.csv": safe_csv(table, simulated) for name, table in tables.items()}
    files |= {
        f"judges/{judge.about['name']} {name}.csv": safe_csv(table, simulated)
        for judge in read_judges(result.folder)
        for name, table in judge.tables.items()
    }
    files |= {f"report/{name}": content for name, content in report(result, job.name, figures).items()}
    files |= {f"figures/{name}.svg": picture for name, picture in pictures.items()}
    if why_not:
        files["figures/NO_SVG.txt"] = f"There is no svg of the figures: {why_not}\nThe report has the same ones.\n"
    return _zipped(job, "run", {"README.txt": readme(job, result, hide, [*files]), **files})


def zip_of_report(job: Job) -> bytes:
    """The report of a finished run alone, as a zip."""
    return _zipped(job, "report", report(runs.read(job.folder), job.name))


def _zipped(job: Job, what: str, files: Mapping[str, bytes | str]) -> bytes:
    when = time.gmtime(max(job.finished or job.created, 315_619_200))[:6]  # a zip knows no time before 1980-01-02
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(f"scpo-{what}-{job.id}/{name}", when)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return memory.getvalue()


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)


def _weights(result: runs.Result, hide: Hidden) -> bytes:
    """What the run trained: the same tensors, their header without local paths."""
    name = runs.weights_file(result.config)
    with safetensors.safe_open(runs.unchanged(result.folder, name), "np") as file:
        about = {key: _json(hide(json.loads(text))) for key, text in (file.metadata() or {}).items()}
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (it is no dict)
    return tensor_bytes(tensors, about)


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


def readme(job: Job, result: runs.Result, hide: Hidden, files: list[str]) -> str:
    """What the zip is, whose data it rests on, and how to read it."""
    card = result.card
    first = f"{SIMULATED}. Every number here is from {NOTE}.\n\n" if card["simulated"] else ""
    note = f"Note: {hide(job.note)}\n" if job.note else ""
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(job.finished or job.created))
    about = "".join(
        f"{label}{' of the data' * (label == 'Licence')}: {hide(text)}\n" for label, text in provenance(card).items()
    )
    return (
        f"{hide(job.name)}: {hide(card['title'])}\n\n{first}"
        f"Run {job.id}, finished {when}.\n{note}"
        f"Data: {hide(card['title'])}\n{about}\n"
        "config.json        every setting; python -m scpo run takes the same\n"
        f"data.json          the data card: {worded('countries')}, counts, what was left out, hash of the content\n"
        f"metrics.csv        accuracy per {worded('country')}, method, seed, number of pairs and subset, 0 to 1, 95 % "
        "intervals\n"
        "tables/            what the app draws, means and intervals over people or questions\n"
        "judges/            scores brought from outside beside the methods, if there are any\n"
        "report/            report.html has all figures with their words; it opens in a browser and needs no network\n"
        "figures/           the same figures as svg\n"
        f"{WEIGHTS[runs.weights_file(result.config)]}\n\n"
        "Texts in csv files that a spreadsheet would run as a formula begin with an apostrophe.\n\n"
        "Files:\n" + "".join(f"  {name}\n" for name in files)
    )
