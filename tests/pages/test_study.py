"""The page of the study: charts of planted numbers, labelled; an unfinished study; a point of it started as a run."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from scpo.charts import study as study_charts
from scpo.charts.style import SIMULATED
from scpo.cli.study import summary
from scpo.config import DataConfig, ExperimentConfig
from scpo.jobs.store import open_store
from scpo.metrics.accuracy import MEAN
from scpo.study import design
from scpo.study import folder as study_folder
from scpo.ui import study as study_page
from scpo.ui import study_process

PAGE = str(Path(__file__).parents[2] / "pages" / "study.py")
BASE = ExperimentConfig(methods=("full", "filter", "scpo"), seeds=1, budgets=(50,))


def numbers(point, pairs, method, when, country, world):
    """scpo is 1 point ahead of full, more in later worlds; filter is 20 behind at the last step."""
    gain = {
        "full": 0.05,
        "scpo": 0.06 + 0.001 * world,
        "filter": 0.05 if when == study_folder.CHOSEN else -0.15,
        "global": 0.0,
    }
    return {
        "factor": point.factor,
        "value": point.value,
        "second": point.second,
        "country": country,
        "method": method,
        "pairs": pairs,
        "when": when,
        "full": 0.6 + gain[method],
        "distinct": 0.3,
        "consensus": 0.9,
        "step": 10,
        "kept": 0.5,
        "trained": 100,
        "disagree": 0.3,
    }


def add_study(workspace, simulated=True, worlds=5, finished=5):
    """A study in the workspace, its numbers planted."""
    base = BASE if simulated else dataclasses.replace(BASE, data=DataConfig("globalopinionqa", ("answers.jsonl",)))
    folder = workspace / "studies" / "when"
    card = {
        "title": "A world",
        "simulated": simulated,
        "source": "nobody",
        "licence": "CC BY-NC-SA 4.0",
        "unit": "user",
    }
    study_folder.begin(folder, base, card, worlds, False)
    for world in range(finished):
        rows = []
        for point in design.points(design.first_point(base, world), 900):
            places = (
                [MEAN, "A", "B"] if simulated and point.factor == design.BASE else [MEAN] if simulated else "ABCDEF"
            )
            for pairs in (*point.config.budgets, study_folder.ALL):
                rows += [
                    numbers(point, pairs, m, when, place, world)
                    for m in ("global", *base.methods)
                    for when in (study_folder.CHOSEN, study_folder.END)
                    for place in places
                ]
        study_folder.add_world(folder, world, pd.DataFrame(rows))
    if finished == worlds:
        study_folder.finish(folder, 1.0)
    return folder


def opened(**query):
    app = AppTest.from_file(PAGE, default_timeout=300)
    app.query_params.update(query)
    app.run()
    assert not app.exception and not app.error
    return app


@pytest.fixture
def none_shipped(monkeypatch, tmp_path):
    monkeypatch.setattr(study_folder, "SHIPPED", tmp_path / "none")


def test_an_empty_workspace_says_how_to_run_it(workspace, none_shipped):
    app = opened()
    assert "no study" in app.info[0].value and "python -m scpo study when" in app.code[0].value
    assert not app.get("plotly_chart")


def test_an_empty_workspace_shows_the_finished_study_that_is_shipped_with_its_answer_and_a_button_to_start_one(
    workspace,
):
    app = opened()
    assert len(app.get("plotly_chart")) == 4 and not app.warning
    said = " ".join(m.value for m in app.markdown)
    assert "At the defaults SCPO (paper) is at " in said and "points against “Fine-tuned on all pairs” (95 %:" in said
    assert "% of the pairs. Without validation, at the last of 3,000 steps, it is at -" in said
    assert "Start the study in the simulated world" in [b.label for b in app.button]
    assert "10 to 20 minutes" in " ".join(c.value for c in app.caption)
    assert "python -m scpo study when --worlds 6" in app.code[-1].value


def test_the_shipped_study_is_whole_small_and_simulated():
    (place,) = study_folder.shipped()
    found = study_folder.read(place)
    assert found.done and found.finished_worlds == found.worlds >= study_folder.FEWEST and found.card["simulated"]
    assert sum(file.stat().st_size for file in place.iterdir()) < 300_000


def test_the_button_starts_one_process_and_while_it_measures_there_is_no_button(workspace, monkeypatch):
    started = []
    monkeypatch.setattr(study_process, "start_study", lambda: started.append(True))
    app = opened()
    next(b for b in app.button if b.label.startswith("Start the study")).click().run()
    assert started == [True]
    with study_folder.measured_here(study_process.own_study()):
        app = opened()
        assert not any("the study" in b.label for b in app.button)
        assert any("It is being measured" in i.value for i in app.info)


def test_every_chart_of_a_simulated_study_says_so(workspace):
    add_study(workspace)
    app = opened()
    charts = app.get("plotly_chart")
    assert len(charts) == 4 and all(SIMULATED in chart.proto.spec for chart in charts)
    assert SIMULATED in app.info[0].value and "people of its own: 5." in app.caption[0].value and not app.warning
    assert any(
        "**SCPO (paper)** is ahead of “Fine-tuned on all pairs” at 25 (+1.2; 95 %: 1.0 to 1.4)" in m.value
        for m in app.markdown
    )


def test_a_real_survey_is_not_called_simulated_and_has_its_licence(workspace):
    add_study(workspace, simulated=False, finished=2)
    app = opened()
    assert "CC BY-NC-SA 4.0" in app.caption[0].value and "over countries" in app.caption[1].value
    assert not any(SIMULATED in chart.proto.spec for chart in app.get("plotly_chart"))
    assert "2 of 5 are measured so far" in app.warning[0].value


def test_a_point_of_the_study_starts_as_a_run(workspace, monkeypatch):
    monkeypatch.setenv("SCPO_WORKERS", "0")
    add_study(workspace)
    app = opened(varied=design.ALONG["tau"])
    assert "--tau 0.5 --out DIR" in app.code[0].value
    next(b for b in app.button if b.label == "Run this point").click().run()
    job = open_store(workspace).jobs()[0]
    assert job.config.tau == 0.5 and job.config.budgets == (50,) and job.config.data == DataConfig()


def cells(low):
    rows = [
        {"x": x, "y": y, "estimate": 0.02, "low": low if x == 1 else -0.01, "high": 0.04, "n": 6}
        for x in (1, 2)
        for y in (5, np.inf)
    ]
    return study_charts.grid_chart(pd.DataFrame(rows), ("x", "x"), ("y", "y"), "gain", "world", True)


@pytest.mark.parametrize("low, bold", [(0.01, True), (-0.01, False)])
def test_a_cell_is_bold_only_where_its_interval_leaves_0_out(low, bold):
    figure = cells(low)
    text = np.array(figure.data[0].text)
    assert ["<b>" in t for t in text[:, 0]] == [bold, bold] and not any("<b>" in t for t in text[:, 1])
    assert list(figure.layout.yaxis.ticktext) == ["5", "all"] and SIMULATED in figure.layout.title.text


def test_of_a_quick_study_the_first_chart_has_values(workspace):
    """It has two numbers of steps, neither of them the usual one, and so nothing over the number of pairs."""
    folder, card = (
        workspace / "studies" / "quick",
        {"simulated": True, "source": "nobody", "licence": "", "unit": "user"},
    )
    study_folder.begin(folder, BASE, card, 1, True)
    rows = [
        numbers(point, pairs, m, when, place, 0)
        for point in design.points(design.first_point(BASE, 0), 900, quick=True)
        for place in ((MEAN, "A", "B") if point.factor == design.BASE else (MEAN,))
        for pairs in (*point.config.budgets, study_folder.ALL)
        for m in ("global", *BASE.methods)
        for when in (study_folder.CHOSEN, study_folder.END)
    ]
    study_folder.add_world(folder, 0, pd.DataFrame(rows))
    study_folder.finish(folder, 1.0)
    app = opened()
    drawn = json.loads(app.get("plotly_chart")[0].proto.spec)["data"]
    assert drawn and all(len(trace["x"]) for trace in drawn)
    assert design.ALONG[design.ALONG_PAIRS] not in app.selectbox(key=study_page.FACTOR).options


def test_a_line_over_a_grid_passes_behind_its_numbers_which_have_no_signed_zero():
    table = pd.DataFrame(
        {
            "tau": [0.5, 0.5, 0.7, 0.7],
            "scale": [1.0, 2.0, 1.0, 2.0],
            "n": 5,
            "low": -0.1,
            "high": 0.1,
            "estimate": [-0.00004, 0.0002, -0.046, 0.03],
        }
    )
    path = pd.DataFrame({"scale": [1.0, 2.0], "tau": [0.6, 0.65]})
    figure = study_charts.grid_chart(table, ("scale", "s"), ("tau", "t"), "points", "world", False, path)
    plates = [note for note in figure.layout.annotations if note.bgcolor]
    assert [note.text for note in plates] == ["0.0", "0.0", "-4.6", "+3.0"] and figure.data[0].texttemplate is None


def test_the_command_line_has_a_dash_where_there_is_no_interval(workspace):
    text = summary(study_folder.read(add_study(workspace, worlds=2, finished=2)))
    assert "nan" not in text and " - (2)" in text
