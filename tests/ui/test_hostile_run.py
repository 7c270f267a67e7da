"""A run of hostile countries, people, survey answers and texts: on pages, in zip and report they stay text."""

import csv
import io
import json
import re
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from scpo import DataConfig, ExperimentConfig, runs
from scpo.export import archive as export
from scpo.export.report import report

from fakes import job_of, run_apart, scored_rows

ROOT = Path(__file__).parents[2]
PAGES = ("overview", "data", "selection", "train", "accuracy", "bias", "efficiency", "steer", "runs", "paper")
NAMES = {
    "Aland": '=HYPERLINK("http://evil","x")',
    "Borealis": "![x](http://evil/x.png) $\\frac{1}{0}$ <img src=x>",
    "Cascadia": "../../etc/\u202epasswd \U0001f600 {0} %s '; DROP TABLE jobs; --",
}
TEXT = "<script>alert(1)</script> **bold** ![x](http://evil/x.png) $x^2$ [a](javascript:b) \u202e\u2066 \U0001f600 "
ALIVE = re.compile(r"(?<!\\)!\[x\]\(http|(?<!\\)\[a\]\(javascript|(?<!\\)<(img src=x|script>alert)")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, tiny_encoder):
    """The finished run; one answer has a megabyte."""
    folder = tmp_path_factory.mktemp("hostile")
    rows = scored_rows(150)
    rows["response"] = TEXT + rows["response"]
    rows.loc[0, "response"] += "long " * 200_000
    rows["prompt"], rows["country"] = TEXT + rows["prompt"], rows["country"].map(NAMES)
    rows["user"] = "=1+1 <b>" + rows["user"]
    rows["<img src=x> =age"] = [f"{TEXT}{int(user[len('=1+1 <b>user') :]) % 2}" for user in rows["user"]]
    path = folder / "=cmd ![x](http:··evil) .csv"
    rows.to_csv(path, index=False)
    data = DataConfig("file", (str(path),), test_share=0.3, reference=(NAMES["Cascadia"],))
    config = ExperimentConfig(data, ("full", "scpo"), seeds=1, steps=10, budgets=(10,), encoder=str(tiny_encoder))
    return run_apart(config, folder).folder


@pytest.fixture
def job(workspace, hostile):
    return job_of(hostile, workspace, "file-hostile", TEXT)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_them_as_text(job, page):
    app = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=300)
    app.query_params["run"] = job.id
    app.run()
    assert not app.exception
    shown = [
        *app.title,
        *app.header,
        *app.subheader,
        *app.markdown,
        *app.caption,
        *app.info,
        *app.warning,
        *app.success,
    ]
    for element in shown:
        assert not ALIVE.search(str(element.value)), (page, element.value[:300])
    assert len(shown) > 3 and not app.error
    assert not any(element.proto.allow_html for element in app.markdown)
    for chart in app.get("plotly_chart"):
        assert "<img" not in chart.proto.spec and "<script" not in chart.proto.spec, page


def test_the_zip_has_no_path_formula_or_tag_of_theirs(job, monkeypatch):
    monkeypatch.setattr(export, "svgs", lambda figures: ({}, "not asked for"))
    with zipfile.ZipFile(io.BytesIO(export.zip_of(job))) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert not [name for name in files if ".." in name or re.search(r"[^\w./-]", name)]
    check_tables({name: content.decode() for name, content in files.items() if name.endswith(".csv")})
    for name in [name for name in files if name.endswith(".html")]:
        assert b"<img src=x" not in files[name] and b"<script>alert" not in files[name], name


def test_the_report_has_no_formula_or_tag_of_theirs(job):
    files = report(runs.read(job.folder), TEXT)
    page = files.pop("report.html")
    assert "<img src=x" not in page and "<script>alert" not in page
    check_tables(files)


def check_tables(files):
    cells = [c for text in files.values() for row in csv.reader(io.StringIO(text, newline="")) for c in row]
    assert any("HYPERLINK" in cell for cell in cells)
    risky = [c for c in cells if c[:1] in set("=+-@\t\r\n") and not is_number(c)]
    assert not risky, risky[:3]


def is_number(text):
    return pd.notna(pd.to_numeric(text, errors="coerce"))


def test_json_files_of_the_run_hold_them_to_the_letter(hostile):
    card = json.loads((hostile / "data.json").read_text())
    assert set(card["reference"]) | set(card["countries"]) == set(NAMES.values())
