"""Pages, alone and through the router, on every state a workspace can be in."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from scpo import runs
from scpo.charts.style import SIMULATED
from scpo.config import ExperimentConfig
from scpo.format import percent, span
from scpo.jobs.leases import Leases
from scpo.jobs.process import this_host, worker_name
from scpo.jobs.store import open_store
from scpo.text.efficiency import efficiency_sentence
from scpo.text.results import bias_sentence, headline

from fakes import RATIO, TRAINING, scored_rows, unfinished

ROOT = Path(__file__).parents[2]


def opened(page="pages/overview.py", **query):
    app = AppTest.from_file(str(ROOT / page), default_timeout=300)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def words(app):
    kinds = (app.title, app.header, app.markdown, app.caption, app.info, app.warning, app.error, app.text, app.metric)
    return " ".join(str(getattr(e, "value", "")) + str(getattr(e, "label", "")) for kind in kinds for e in kind)


@pytest.fixture
def with_run(workspace, demo_run):
    return shutil.copytree(demo_run, workspace / "runs" / "demo-finished")


@pytest.mark.parametrize("page", ["app.py", "pages/overview.py"])
def test_an_empty_workspace_explains_the_method_and_offers_the_demo(page):
    app = opened(page)
    assert not app.exception and len(app.get("latex")) == 3 and SIMULATED in words(app)
    assert [button.label for button in app.button] == ["Run it yourself"]


def test_where_a_page_has_no_run_to_show_it_says_so_and_offers_the_demo():
    app = opened("pages/bias.py")
    assert not app.exception and "no run yet" in words(app)
    assert app.button[0].label == "Run the demo experiment"


@pytest.mark.parametrize("page", ["app.py", "pages/overview.py"])
def test_a_finished_run_shows_its_headline_and_says_that_it_is_simulated(page, with_run):
    app = opened(page)
    assert not app.exception
    assert "Simulated data: nothing here is measured from real people" in words(app)
    assert [metric.label for metric in app.metric] == [
        "Gain of SCPO (paper) over the global model",
        "Consensus kept",
        "Data efficiency against fine-tuning on all pairs",
    ]
    assert len(app.get("plotly_chart")) == 3 and "This workspace has 1 run: 1 done." in words(app)


def test_every_chart_has_alternative_text_and_its_numbers_beside_it(with_run):
    app = opened()
    assert all(element.proto.alt for element in app.get("plotly_chart"))
    assert len(app.dataframe) == 2  # whom it serves, and the gains; the picture of the method shows no data


def test_a_simulated_chart_carries_the_label_in_the_figure_itself(with_run):
    *figures, _ = (json.loads(e.proto.spec) for e in opened().get("plotly_chart"))
    assert len(figures) == 2 and all("Simulated" in figure["layout"]["title"]["text"] for figure in figures)


def test_the_workspace_counts_its_runs_by_state(workspace, with_run):
    open_store(workspace).submit(ExperimentConfig(seeds=1))
    assert "This workspace has 2 runs: 1 queued, 1 done." in words(opened())


def test_a_running_run_shows_stage_time_left_and_accuracy_so_far(workspace):
    store, job = unfinished(workspace, worker_name(), TRAINING)
    Leases(store.table).renew(job, "train", 0.4, 12.0)
    app = opened()
    assert not app.exception and app.get("progress")[0].proto.value == 40
    text = app.get("progress")[0].proto.text
    assert "teering to the countries, step 30 of 300: 40 %, about 12 s left" in text
    assert app.dataframe[0].value.loc["Alvoria", "full"] == pytest.approx(61)
    assert "Cancel" in [button.label for button in app.button]


def test_a_failed_run_says_why_and_offers_to_go_on(workspace):
    store, job = unfinished(workspace, worker_name())
    Leases(store.table).finish(job, "failed", "budgets [9] are beyond the data")
    app = opened()
    assert not app.exception and "beyond the data" in app.error[0].value
    assert "Resume" in [button.label for button in app.button]


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_run_that_did_not_get_done_is_marked_as_partial_and_is_no_result(workspace, cancelled):
    gone = f"{this_host()}:{2**22 + 1}:1"  # a process number that no system gives
    store, job = unfinished(workspace, gone, TRAINING)
    if cancelled:
        Leases(store.table).finish(job, "cancelled", "Cancelled at step 30 of 300; what is shown is partial.")
    app = opened()
    assert not app.exception and not app.metric and "PARTIAL" in app.warning[0].value
    assert ("step 30 of 300" if cancelled else "its process ended") in app.warning[0].value
    assert "PARTIAL" in app.get("plotly_chart")[0].proto.spec


def test_a_deleted_run_in_a_link_is_said_and_the_newest_is_shown(with_run):
    app = opened(run="demo-gone")
    assert not app.exception and "'demo-gone'" in app.warning[0].value and len(app.metric) == 3


def test_a_hostile_link_is_inert(with_run):
    app = opened(run="<script>alert(1)</script>../../etc")
    assert not app.exception and len(app.metric) == 3


def test_a_damaged_run_is_a_message_and_no_stack_trace(with_run):
    (with_run / "metrics.json").write_text("[]")
    app = opened()
    assert not app.exception and "changed after the run finished" in app.error[0].value


def test_the_data_page_shows_how_often_the_global_model_disagrees_once_a_run_knows(workspace, demo_run):
    app = opened("pages/data.py")
    assert (
        not app.exception and len(app.get("plotly_chart")) == 1 and "A finished run on them shows it here" in words(app)
    )
    shutil.copytree(demo_run, workspace / "runs" / "demo-finished")
    app = opened("pages/data.py", world="prism")
    assert not app.exception and len(app.get("plotly_chart")) == 2 and "the run demo-finished" in words(app)
    table = next(frame.value for frame in app.dataframe if "disagree" in frame.value)
    assert set(table["country"]) == set(runs.read(demo_run).card["countries"]) and table["disagree"].between(0, 1).all()


# the data page


def test_the_demo_is_shown_first_with_counts_and_pairs():
    app = opened("pages/data.py")
    assert not app.exception and "Simulated data" in words(app) and "Read the pairs" in words(app)
    assert app.dataframe[0].value["country"][0] == "Meridia" and len(app.text) == 30


def own_file(app, path):
    app.get("button_group")[0].set_value("file")
    app.run()
    app.text_input[0].set_value(str(path))
    return app.run()


def test_an_own_file_is_mapped_where_its_countries_are_real(tmp_path):
    names = {"Aland": "Chile", "Borealis": "Kenya", "Cascadia": "Atlantis"}
    rows = scored_rows(90)
    rows.assign(country=rows["country"].map(names)).to_csv(tmp_path / "a.csv", index=False)
    app = own_file(opened("pages/data.py"), tmp_path / "a.csv")
    assert not app.exception and "Simulated" not in words(app)
    assert "Not on the map, but in the table: Atlantis" in words(app)
    chart = app.get("plotly_chart")[0].proto
    assert sorted(json.loads(chart.spec)["data"][0]["locations"]) == ["CHL", "KEN"]
    assert "app/static/" in json.loads(chart.config)["topojsonURL"]


def test_every_fault_of_a_file_is_in_a_table(tmp_path):
    scored_rows(30).assign(score="x").to_csv(tmp_path / "a.csv", index=False)
    app = own_file(opened("pages/data.py"), tmp_path / "a.csv")
    assert not app.exception and len(app.dataframe[0].value) == len(scored_rows(30))
    assert list(app.dataframe[0].value.columns) == ["row", "got", "needed"]


HOSTILE = "<script>alert(1)</script> ![x](http://evil/x.png) $\\frac{1}{0}$ **bold** \u202e \U0001f600 " + "y" * 100_000


def test_hostile_texts_are_shown_as_text_only(tmp_path):
    rows = scored_rows(90)
    rows["response"] = HOSTILE + rows["response"] + rows.index.astype(str)
    rows.to_csv(tmp_path / "a.csv", index=False)
    app = own_file(opened("pages/data.py"), tmp_path / "a.csv")
    assert not app.exception and any(text.value.startswith("<script>") for text in app.text)
    assert not any("<script>" in str(m.value) for m in [*app.markdown, *app.caption])
    assert not any(m.proto.allow_html for m in app.markdown)


def test_search_finds_plain_words_and_no_patterns():
    app = opened("pages/data.py")
    app.text_input(key="search").set_value("biscuits").run()
    assert app.text and any("biscuits" in text.value.lower() for text in app.text)
    app.text_input(key="search").set_value("(.*").run()
    assert not app.exception and not app.text


# words


def test_no_data_is_a_dash_and_too_few_people_get_no_interval():
    assert percent(float("nan")) == "-" and "too few" in span(float("nan"), float("nan"))


def test_the_headline_says_not_reached_plainly(demo_run):
    tables = dict(runs.read(demo_run).tables)
    tables["efficiency"] = tables["efficiency"].assign(reached=False, ratio=float("nan"), note="not reached")
    assert headline(tables, ["global", "full", "scpo"], "user")[2][1] == "not reached"
    assert "not reached" in efficiency_sentence(tables["efficiency"], "mean", "scpo", "trained")


def test_the_worst_served_country_and_the_gap_are_said_with_their_intervals(demo_run):
    table = runs.read(demo_run).tables["bias"]
    assert "no interval: too few people" in bias_sentence(table, "scpo")  # some of its countries have a few test users
    table = table.assign(low=table["low"].fillna(0.02), high=table["high"].fillna(0.3))
    worst = table.query("method == 'scpo' and measure == 'worst country'").iloc[0]
    words = bias_sentence(table, "scpo")
    assert (
        f"{worst['country']} is served worst, {percent(worst['value'])}" in words
        and words.count("95 %") == 3
        and "more than chance alone makes" in words
    )
    assert "reference population" not in bias_sentence(table, "global")


def test_a_ratio_is_also_said_in_percent_more():
    table = pd.DataFrame([{"country": "mean", "method": "scpo", "reading": "trained", **RATIO}])
    assert "2.80 times as efficient (+180 %)" in efficiency_sentence(table, "mean", "scpo", "trained")
