"""The run that the app is about, with country and methods: chosen once, the same on every page."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from scpo import runs
from scpo.charts.style import SIMULATED
from scpo.jobs.store import open_store
from scpo.text.findings import leading
from scpo.ui.head import run_label

ROOT = Path(__file__).parents[2]
PAGES = sorted({path.stem for path in (ROOT / "pages").glob("*.py")} - {"vote"})  # which is of a room, not of a run
OF_A_RUN = ("accuracy", "bias", "efficiency", "overview", "paper", "selection", "steer")


@pytest.fixture
def two(workspace, demo_run):
    """A finished run named `older`, and a newer one named `newest`; name -> job."""
    for name in ("one", "other"):
        shutil.copytree(demo_run, workspace / "runs" / name)
    store = open_store(workspace)
    for job, name in zip(store.jobs(), ("newest", "older"), strict=True):
        store.rename(job.id, name)
    return {job.name: job for job in store.jobs()}


def opened(page, **query):
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    app.query_params.update(query)
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception
    return app


def through_the_menu(app, page):
    """The menu opens a page without the parameters of the link before."""
    app.query_params.clear()
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception
    return app


def head(app):
    """The line at the head of a page: the run's name, and what is said of it."""
    chips = [block.proto.popover.label for block in app.get("popover")] + [m.value for m in app.markdown]
    return next((chip for chip in chips if "Run: " in chip), None), app.caption[0].value


def linked(app, name):
    value = app.query_params.get(name, [])
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("page", PAGES)
def test_a_run_chosen_on_one_page_is_that_of_every_page_of_the_menu_and_of_its_link(page, two):
    app = through_the_menu(opened("accuracy", run=two["older"].id), page)
    assert "Run: older" in head(app)[0] and head(app)[1] == f"{SIMULATED}; PRISM's size; 7 countries"
    assert linked(app, "run") == [two["older"].id]
    if page in OF_A_RUN:
        assert app.selectbox(key="run-shown").value == two["older"].id


def test_country_and_methods_go_along_where_a_page_has_them(two):
    app = opened("accuracy", run=two["older"].id)
    app.selectbox(key="country").set_value("Galune").run()
    app.selectbox(key="method").set_value("shared").run()
    app.get("button_group")[1].set_value(["scpo", "shared"]).run()
    through_the_menu(app, "learn")
    through_the_menu(app, "efficiency")
    assert app.selectbox(key="country").value == "Galune" and app.selectbox(key="method").value == "shared"
    assert linked(app, "methods") == ["scpo", "shared"]
    assert through_the_menu(app, "selection").selectbox(key="country").value == "Galune"
    app.selectbox(key="country").select_index(0).run()
    assert "country" not in app.query_params
    assert through_the_menu(app, "bias").selectbox(key="country").value == "mean"


def test_the_run_of_a_link_wins_over_the_sessions(two):
    app = opened("bias", run=two["older"].id)
    app.query_params["run"] = two["newest"].id
    assert "Run: newest" in head(app.switch_page("pages/data.py").run())[0]
    assert "Run: newest" in head(through_the_menu(app, "bias"))[0]


def test_another_run_chosen_on_a_page_is_the_run_of_the_next(two):
    app = opened("accuracy", run=two["older"].id)
    app.selectbox(key="run-shown").set_value(two["newest"].id).run()
    assert "Run: newest" in head(app)[0] and linked(app, "run") == [two["newest"].id]
    assert "Run: newest" in head(through_the_menu(app, "efficiency"))[0]


def test_where_no_run_was_chosen_the_pages_of_a_run_show_the_newest_and_the_others_name_none(two):
    assert head(opened("learn"))[0] is None
    app = opened("bias")
    assert "Run: newest" in head(app)[0] and linked(app, "run") == [two["newest"].id]


@pytest.mark.parametrize("page", ["accuracy", "train", "study"])
def test_when_the_chosen_run_was_deleted_it_is_said_and_the_newest_is_chosen(page, two, workspace):
    app = opened("accuracy", run=two["older"].id)
    open_store(workspace).delete(two["older"].id)
    through_the_menu(app, page)
    assert f"The run '{two['older'].id}' that was chosen is not in the workspace" in app.warning[0].value
    assert "The newest is chosen now: newest." in app.warning[0].value and "Run: newest" in head(app)[0]
    assert not through_the_menu(app, "bias").warning


def test_the_page_of_runs_opens_the_chosen_run_and_what_is_opened_there_is_chosen(two):
    app = through_the_menu(opened("accuracy", run=two["older"].id), "runs")
    assert "older" in [header.value for header in app.header]
    app.query_params["run"] = [two["newest"].id, two["older"].id]  # to compare two chooses neither
    assert "Run: older" in head(app.run())[0]
    app.query_params["run"] = two["newest"].id
    assert "Run: newest" in head(through_the_menu(app.run(), "accuracy"))[0]


def test_a_run_that_is_closed_on_its_page_stays_closed_there(two):
    app = opened("runs", run=two["older"].id)
    app.get("button_group")[-1].set_value([]).run()
    assert linked(app, "run") == [] and "older" not in [header.value for header in app.header]
    assert "Run: older" in head(through_the_menu(app, "bias"))[0]


def test_the_page_of_training_opens_its_form_through_the_menu_and_watches_the_run_of_a_link(two):
    app = through_the_menu(opened("accuracy", run=two["older"].id), "train")
    assert app.header[0].value == "New run" and linked(app, "new") == ["1"]
    app = AppTest.from_file(
        str(ROOT / "pages" / "train.py"), default_timeout=300
    )  # through the router, a test's click is lost
    app.query_params["run"] = two["older"].id
    assert app.run().header[0].value == "older"
    next(button for button in app.button if button.label == "Set up another run").click().run()
    assert app.header[0].value == "New run" and "Run: older" in head(app)[0]


def test_putting_out_every_method_lights_those_shown_at_first_again(two):
    app = opened("accuracy", run=two["older"].id, methods=["scpo"])
    pills = app.get("button_group")[1]
    assert pills.value == ["scpo"]
    pills.set_value([]).run()
    assert app.get("button_group")[1].value == leading(runs.read(two["older"].folder))
    assert "methods" not in app.query_params


def test_the_only_option_there_is_stands_in_words_and_in_no_box(two):
    app = opened("bias", run=two["older"].id)
    assert "Survey column: ratings" in [m.value for m in app.markdown]
    assert all(len(box.options) > 1 for box in app.selectbox)


def test_the_page_of_data_shows_the_pairs_of_the_chosen_run_until_another_source_is_chosen(two, workspace, survey_run):
    shutil.copytree(survey_run, workspace / "runs" / "survey")
    survey = next(job for job in open_store(workspace).jobs() if job.config.data.dataset != "demo")
    app = opened("data", run=survey.id)
    assert set(app.dataframe[0].value["country"]) == {"Aland", "Borealis", "Cascadia", "Delos"}
    assert f"On the training pairs of the run {survey.name}." in [caption.value for caption in app.caption]
    app.get("button_group")[0].set_value("another source").run()
    assert app.dataframe[0].value["country"][0] == "Meridia" and linked(app, "of-run") == ["another source"]
    through_the_menu(app, "accuracy")
    through_the_menu(app, "data")
    assert app.dataframe[0].value["country"][0] == "Meridia" and "survey" in head(app)[0]
    app.query_params["of-run"] = "this run's pairs"  # as the link at the head of the other pages has it
    assert app.run().dataframe[0].value["country"][0] == "Aland"


def test_how_often_the_global_model_disagrees_is_told_of_the_chosen_run_and_not_of_a_newer_one(two):
    app = opened("data", run=two["older"].id)
    assert "On the training pairs of the run older." in [caption.value for caption in app.caption]


def test_pairs_that_a_run_has_been_trained_on_lead_to_the_form_of_training_as_others_do(two):
    links = [link.proto.label for link in opened("data", run=two["older"].id).get("page_link")]
    assert "Train on these pairs" in links


def test_notes_on_the_data_end_with_one_full_stop(two):
    captions = [caption.value for caption in opened("data", run=two["older"].id).caption]
    assert any("no country in it is real." in one for one in captions)
    assert not [one for one in captions if one.endswith("..")]


def test_a_run_in_words_has_its_plurals_right(two):
    one = replace(two["older"], config=replace(two["older"].config, seeds=1))
    assert "1 seed;" in run_label(one)


def test_links_to_the_page_of_training_lead_to_its_form_and_those_to_data_to_the_runs_pairs(two):
    app = opened("overview", run=two["older"].id)
    links = {link.proto.label: link.proto.query_string for link in app.get("page_link")}
    train = next(query for label, query in links.items() if label.startswith("Train"))
    assert train == f"run={two['older'].id}&new=1"
    assert links["Data of this run"] == f"run={two['older'].id}&of-run=this+run%27s+pairs"
