"""The zip of a run: complete, in files that anything can read, and with nothing of this machine in it."""

import csv
import dataclasses
import io
import json
import re
import shutil
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from scpo import runs
from scpo.charts.style import SIMULATED
from scpo.config import DataConfig
from scpo.errors import RunFolderError
from scpo.export import archive as export
from scpo.export.report import report
from scpo.jobs.store import open_store
from scpo.runs.files import write_json


def job_in(workspace, demo_run):
    """A finished run of a hostile name, whose settings name local files."""
    shutil.copytree(demo_run, workspace / "runs" / "demo-finished")
    store = open_store(workspace)
    (found,) = store.jobs()
    store.rename(found.id, "../../<script>alert(1)</script> =1+1")
    store.annotate(found.id, f"kept in {workspace}")
    found = store.get(found.id)
    store.close()
    return found


@pytest.fixture
def job(workspace, demo_run):
    """A run of one test's own, which it may change."""
    return job_in(workspace, demo_run)


@pytest.fixture(scope="module")
def plain(demo_run, tmp_path_factory):
    """A run that no test changes, and what is in its zip where no svg can be drawn."""
    space = tmp_path_factory.mktemp("plain")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCPO_WORKSPACE", str(space))
        patch.setitem(sys.modules, "kaleido", None)
        job = job_in(space, demo_run)
        return job, unzipped(job)


@pytest.fixture
def no_svg(monkeypatch):
    monkeypatch.setitem(sys.modules, "kaleido", None)


def unzipped(job):
    archive = zipfile.ZipFile(io.BytesIO(export.zip_of(job)))
    assert archive.testzip() is None
    root = f"scpo-run-{job.id}/"
    assert all(name.startswith(root) for name in archive.namelist())
    return {name.removeprefix(root): archive.read(name) for name in archive.namelist()}


def rewritten(job, **changes):
    """The run folder with some json files changed, and finished again."""
    for name, change in changes.items():
        path = job.folder / f"{name}.json"
        content = json.loads(path.read_text())
        change(content)
        write_json(path, content)
    runs.finish(job.folder, 1.0)
    return job


def test_the_zip_has_exactly_these_files(plain):
    tables = (
        "accuracy",
        "best_of_n",
        "bias",
        "curve",
        "edge",
        "efficiency",
        "frontier",
        "group_gaps",
        "groups",
        "paired",
        "path",
        "per_pair",
        "reading",
        "selection",
        "shares",
        "transfer",
    )
    assert set(plain[1]) == {
        "README.txt",
        "config.json",
        "data.json",
        "metrics.csv",
        "heads.safetensors",
        *(f"tables/{name}.csv" for name in tables),
        "figures/NO_SVG.txt",
        *(f"report/{name}" for name in report(runs.read(plain[0].folder), "")),
    }
    assert {"report/report.html", "report/accuracy.csv", "report/transfer.csv", "report/curve.csv"} < set(plain[1])


def test_nothing_of_this_machine_is_in_it(plain, demo_run):
    job, files = plain
    for name, content in files.items():
        for secret in (str(job.folder.parents[1]), str(demo_run.parent), str(Path.home()) + "/", "/tmp/"):
            if name.endswith(".html"):  # plotly.js itself has texts such as /root/; the figures stand after it
                content = content.rpartition(b"Plotly.newPlot")[2] + content[:2000]
            assert secret.encode() not in content, f"{secret} is in {name}"


def test_local_paths_of_an_own_file_are_named_but_not_located(job, no_svg, tmp_path):
    own = tmp_path / "s3cret-place" / "answers.csv"

    def change(config):
        config["data"] = dataclasses.asdict(DataConfig("file", (str(own),)))
        config["global_model"] = str(tmp_path / "s3cret-place" / "model.safetensors")

    rewritten(job, config=change, data=lambda card: card.update(source=str(own), dataset="file"))
    files = unzipped(job)
    assert json.loads(files["config.json"])["data"]["data_files"] == ["answers.csv"]
    assert json.loads(files["config.json"])["global_model"] == "model.safetensors"
    assert json.loads(files["data.json"])["source"] == "answers.csv"
    assert all(b"s3cret-place" not in content for content in files.values())


def test_the_readme_has_title_source_licence_and_says_simulated(plain):
    job, files = plain
    text = files["README.txt"].decode()
    for words in (
        "Demo world of PRISM's size (simulated), seed 0",
        "Source: simulated by scpo.data.demo",
        "Licence of the data: Apache-2.0",
        "simulated data",
        SIMULATED,
        f"Run {job.id}, finished 20",
    ):
        assert words in text
    assert "  report/report.html\n" in text


def test_every_table_says_that_it_is_simulated_and_holds_the_runs_numbers(plain):
    job, files = plain
    result = runs.read(job.folder)
    for name in [n for n in files if n.endswith(".csv")]:
        rows = list(csv.DictReader(io.StringIO(files[name].decode())))
        assert rows and {row["note"] for row in rows} == {"simulated data"}
    rows = list(csv.DictReader(io.StringIO(files["metrics.csv"].decode())))
    assert len(rows) == len(result.metrics)
    assert [float(row["accuracy"] or "nan") for row in rows] == pytest.approx(
        list(result.metrics["accuracy"]), nan_ok=True
    )


def test_measured_data_is_not_called_simulated(job, no_svg):
    rewritten(
        job, data=lambda card: card.update(simulated=False, dataset="file", title="Answers", source="x", licence="CC0")
    )
    files = unzipped(job)
    assert "note" not in files["metrics.csv"].decode().splitlines()[0].split(",")
    assert b"imulated" not in files["README.txt"] and SIMULATED.encode() not in files["report/report.html"]


def test_no_cell_is_a_formula(job, no_svg):
    def change(tables):
        for row in tables["accuracy"]:
            row["country"] = "=HYPERLINK(1)" if row["country"] == "Galune" else row["country"]

    files = unzipped(rewritten(job, summary=change))
    cells = [c for row in csv.reader(io.StringIO(files["tables/accuracy.csv"].decode())) for c in row]
    assert "'=HYPERLINK(1)" in cells and not any(c.startswith("=") for c in cells)


def test_a_table_of_a_hostile_name_does_not_leave_the_folder(job, no_svg):
    rewritten(job, summary=lambda tables: tables.update({"../../evil": [{"a": 1}]}))
    assert not any("evil" in name or ".." in name for name in unzipped(job))


def test_the_weights_are_the_runs_and_their_header_is_without_paths(plain, demo_run):
    content = plain[1]["heads.safetensors"]
    mine, whole = safetensors.numpy.load(content), safetensors.numpy.load_file(demo_run / "heads.safetensors")
    assert set(mine) == set(whole) and all(np.array_equal(mine[k], whole[k]) for k in whole)
    size = int.from_bytes(content[:8], "little")
    about = json.loads(json.loads(content[8 : 8 + size])["__metadata__"]["about"])
    assert "/" not in about["encoder"] and len(about["heads"]) == len(whole["heads"])


def test_each_html_has_plotly_once_and_asks_for_nothing(plain):
    files = plain[1]
    for name in [n for n in files if n.endswith(".html")]:
        text = files[name].decode()
        assert len(re.findall(r"plotly\.js v\d", text)) == 1 and "default-src 'none'" in text
        assert not re.search(r"<(script|link|img)[^>]+(src|href)=", text.rpartition("Plotly.newPlot")[2])
        assert SIMULATED in text and "<script>alert(1)" not in text
    assert files["report/report.html"].count(b"Plotly.newPlot(") > 2


def test_without_a_drawing_browser_a_note_says_why_there_is_no_svg(plain):
    assert b"kaleido is not installed" in plain[1]["figures/NO_SVG.txt"]


def test_a_browser_that_fails_costs_only_the_svg(job, monkeypatch):
    pytest.importorskip("kaleido")
    monkeypatch.setenv("SCPO_CHROMIUM", "/nowhere/chromium")
    files = unzipped(job)
    assert b"a Chrome or Chromium is needed" in files["figures/NO_SVG.txt"] and "report/report.html" in files


@pytest.mark.browser
def test_svgs_are_drawn_where_a_browser_is_found(job):
    pytest.importorskip("kaleido")
    if not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        pytest.skip("no chromium is installed")
    files = unzipped(job)
    pictures = {name: content for name, content in files.items() if name.endswith(".svg")}
    assert {"figures/accuracy.svg", "figures/plane.svg", "figures/curve.svg"} < set(pictures)
    assert all(c.startswith(b"<svg") and b"Simulated data" in c for c in pictures.values())
    assert "figures/NO_SVG.txt" not in files


def test_a_damaged_or_unfinished_run_is_refused(job):
    (job.folder / "heads.safetensors").write_bytes(b"x")
    with pytest.raises(RunFolderError, match="changed after the run finished"):
        export.zip_of(job)
    (job.folder / "done.json").unlink()
    with pytest.raises(RunFolderError, match="not finished"):
        export.zip_of(job)


def test_the_file_name_is_made_from_the_id(job):
    assert export.file_name(job) == f"scpo-run-{job.id}.zip"
