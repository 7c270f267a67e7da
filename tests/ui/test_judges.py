"""Judges from outside on the page Accuracy: brought as a file, shown beside the methods, taken away."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from scpo import data, runs
from scpo.data.preferences import TEST
from scpo.data.scores import texts_to_score
from scpo.export.report import report
from scpo.export.safe_csv import safe_csv
from scpo.runs.judges import read_judges

PAGE = str(Path(__file__).parents[2] / "pages" / "accuracy.py")


@pytest.fixture
def folder(demo_run, workspace):
    return shutil.copytree(demo_run, workspace / "runs" / "demo")


@pytest.fixture
def scores(demo_run):
    """csv of the run's test texts, the longer the better."""
    pairs = data.load(runs.read(demo_run).config.data)
    table = texts_to_score(pairs, np.concatenate([pairs.of(c, TEST) for c in pairs.card.countries]))
    return table.assign(reward=table["response"].str.len()).to_csv(index=False).encode()


def opened():
    app = AppTest.from_file(PAGE, default_timeout=300).run()
    assert not app.exception
    return app


def button(app, label):
    return next(b for b in app.button if b.label == label)


def words(app):
    return " ".join(str(e.value) for kind in (app.markdown, app.caption, app.error, app.subheader) for e in kind)


def bring(app, content, name="by *length*"):
    app.file_uploader[0].set_value([("length.csv", content, "text/csv")]).run()
    app.text_input(key="judge-name").set_value(name).run()
    return button(app, "Put it beside this run").click().run()


def test_scores_are_brought_shown_beside_the_methods_reported_and_taken_away(folder, scores):
    app = opened()
    assert button(app, "Put it beside this run").disabled and "judge RUN --model" in words(app)
    app = bring(app, scores, "by length")
    assert not app.exception and "brought: by length" in words(app) and "test pairs have scores" in words(app)
    (judge,) = read_judges(folder)
    assert judge.about["source"] == "length.csv"
    result = runs.read(folder)
    files = report(result, "demo")
    assert "brought: by length" in files["report.html"] and "judge-1.csv" in files
    assert "brought: by length" in files["accuracy.csv"] and safe_csv(judge.tables["bias"], result.card["simulated"])
    app = button(app, "Take this judge away").click().run()
    assert read_judges(folder) == [] and "brought:" not in words(app)


def test_a_name_that_is_no_file_name_and_scores_of_no_text_are_told_and_nothing_is_kept(folder, scores):
    app = bring(opened(), scores)
    assert "letters, digits" in words(app)
    app = bring(opened(), b"prompt,response,reward\nWhy?,yes,1\n", "other")
    assert "no test pair of this run has scores" in words(app)
    app = bring(opened(), b"prompt,response\nWhy?,yes\n", "other")
    assert "Fix the file" in words(app)
    assert read_judges(folder) == []
