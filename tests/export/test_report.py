"""The report of a run: one file without a network, in the words of the pages, with a csv per figure."""

import csv
import html
import io
import json
import re
import shutil
import zipfile

import pandas as pd
import pytest

from scpo import ExperimentConfig, cli, runs
from scpo.charts.style import SIMULATED
from scpo.export.archive import zip_of_report
from scpo.export.report import report, write_report
from scpo.jobs.store import open_store
from scpo.runs.files import write_json

FIGURES = {
    "accuracy",
    "chance",
    "scpo-against-global",
    "scpo-against-full",
    "plane",
    "frontier",
    "under-another-ruler-consensus",
    "under-another-ruler-distinct",
    "best-of-n",
    "countries",
    "transfer",
    "curve",
    "ratio",
    "per-pair",
    "groups-1",
    "paper",
    "reasons-1",
    "phrases",
    "recovered",
    "errors",
    *(f"taste-{n}" for n in range(1, 8)),
}


@pytest.fixture(scope="module")
def made(demo_run, tmp_path_factory):
    """The files of the report of a demo run."""
    out = tmp_path_factory.mktemp("report") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCPO_WORKSPACE", str(out.parent))
        page = write_report(demo_run, out)
    assert page == out / "report.html"
    return {path.name: path.read_text() for path in out.iterdir()}


def test_it_has_a_csv_per_figure_and_says_which(made):
    page = made["report.html"]
    named = set(re.findall(r"Numbers: <code>([\w-]+)\.csv</code>", page))
    assert named == FIGURES and set(made) == {f"{name}.csv" for name in FIGURES} | {"report.html"}
    assert page.count('class="plotly-graph-div"') == len(FIGURES)
    for name in FIGURES:
        rows = list(csv.DictReader(io.StringIO(made[f"{name}.csv"])))
        assert rows and all(row["note"] == "simulated data" for row in rows)


def test_it_needs_no_network_and_its_policy_forbids_one(made):
    page = made["report.html"]
    assert (
        not re.search(r'<(script|link|img|iframe)[^>]+(src|href)="(https?:)?//', page) and "default-src 'none'" in page
    )
    assert page.count("<script") >= len(FIGURES) and len(page) > 3_000_000  # plotly.js is inside, once
    assert len(page) < 9_000_000


def test_it_says_what_the_data_is_how_it_was_made_and_where_its_limits_are(made, demo_run):
    page, result = made["report.html"], runs.read(demo_run)
    for heading in ("Question", "Data", "Method", "Results", "Limits", "To make it again"):
        assert f"<h2>{heading}</h2>" in page
    assert SIMULATED in page and result.card["licence"] in page and html.escape(result.card["source"]) in page
    mean = result.tables["accuracy"].query("country == 'mean' and method == 'scpo' and subset == 'full'").iloc[0]
    assert f"{100 * mean['gain']:+.1f} points" in page and f"{mean['n']:,} pairs" in page
    again = html.unescape(re.search(r"<p><code>(\{.*?\})</code></p>", page).group(1))
    kept = ExperimentConfig.from_dict(json.loads(again))
    assert kept.methods == result.config.methods and kept.steps == result.config.steps


def test_nothing_of_this_machine_is_in_it(made, demo_run):
    for name, content in made.items():
        assert str(demo_run.parent) not in content, name


def test_planted_and_learned_taste_are_those_of_the_page_steer(made, demo_run):
    table = pd.read_csv(io.StringIO(made["errors.csv"]))
    assert (table["error"] - (table["learned"] - table["planted"])).abs().max() < 1e-9
    assert set(table["country"]) == set(runs.read(demo_run).card["countries"]) and len(table) == 7 * 11


def test_reasons_have_their_measured_truth_and_phrases_theirs(made):
    page = html.unescape(made["report.html"])
    shares = pd.read_csv(io.StringIO(made["reasons-1.csv"]))
    assert (shares["change"] - (shares["country_share"] - shares["global_share"])).abs().max() < 1e-4
    assert "Counted over many answers of the demo run (SCPO (paper)): the sign of a share is right in 80.6 %" in page
    assert "Planted, so that it can be checked: " in page and "of what is found is planted" in page
    phrases = pd.read_csv(io.StringIO(made["phrases.csv"]))
    assert (
        phrases["clear"].all()
        and set(phrases["planted"]) <= {-1, 0, 1}
        and phrases["example_1"].dropna().str.contains("«").all()
    )


@pytest.fixture(scope="module")
def of_survey(survey_run):
    """The files of the report of a survey's run with a hostile name."""
    return report(runs.read(survey_run), "<script>alert(1)</script> **b**")


def test_a_survey_has_alignment_and_no_planted_taste(of_survey):
    files = of_survey
    assert "alignment.csv" in files and "recovered.csv" not in files and "questions.csv" in files
    assert "average of the other countries" in files["alignment.csv"] and "answers.jsonl" in files["report.html"]
    assert SIMULATED not in files["report.html"] and "simulated data" not in files["alignment.csv"]


def test_hostile_names_stay_text(of_survey):
    page = of_survey["report.html"]
    assert "<script>alert(1)" not in page and "&lt;script&gt;alert(1)" in page


def test_a_run_without_groups_and_gains_per_pair_has_a_report_of_what_it_has(demo_run, tmp_path):
    folder = shutil.copytree(demo_run, tmp_path / "old")
    summary = json.loads((folder / "summary.json").read_text())
    none = dict.fromkeys(("groups", "group_gaps", "per_pair", "paired"), [])
    write_json(folder / "summary.json", summary | none)
    runs.finish(folder, 1.0)
    files = report(runs.read(folder), "old")
    assert "accuracy.csv" in files and not {"per-pair.csv", "groups-1.csv"} & set(files)


def test_without_its_weights_the_report_says_what_is_missing(demo_run, tmp_path):
    folder = shutil.copytree(demo_run, tmp_path / "cut")
    (folder / "heads.safetensors").write_bytes(b"")
    files = report(runs.read(folder), "cut")
    assert "recovered.csv" not in files and "was changed after the run finished" in files["report.html"]


def test_the_command_writes_it_and_overwrites_nothing(demo_run, tmp_path, capsys, monkeypatch):
    out = tmp_path / "report"
    assert cli.main(["report", str(demo_run), "--out", str(out)]) == 0
    assert capsys.readouterr().out.strip() == str(out / "report.html")
    assert cli.main(["report", str(demo_run), "--out", str(out)]) != 0
    assert "nothing is overwritten" in capsys.readouterr().err
    monkeypatch.setenv("SCPO_WORKSPACE", str(tmp_path))
    shutil.copytree(demo_run, tmp_path / "runs" / "by-its-id")
    assert cli.main(["report", "by-its-id", "--out", str(tmp_path / "second")]) == 0
    assert cli.main(["report", "nowhere", "--out", str(tmp_path / "third")]) != 0


def test_the_app_hands_it_out_as_a_zip(workspace, demo_run):
    shutil.copytree(demo_run, workspace / "runs" / "demo-finished")
    store = open_store()
    (job,) = store.jobs()
    names = zipfile.ZipFile(io.BytesIO(zip_of_report(job))).namelist()
    store.close()
    assert f"scpo-report-{job.id}/report.html" in names and len(names) == len(FIGURES) + 1
