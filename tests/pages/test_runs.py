"""The Runs page: find, open, compare, rename, note, delete and undo; and how differences are worked out."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from scpo import DataConfig, runs
from scpo.charts.runs import delta_chart
from scpo.config import ExperimentConfig
from scpo.jobs.leases import Leases
from scpo.jobs.process import worker_name
from scpo.metrics.outcomes import Outcomes
from scpo.runs.files import write_json
from scpo.runs.outcomes import RunOutcomes
from scpo.ui import compare_runs

ROOT = Path(__file__).parents[2]
PAGE = str(ROOT / "pages" / "runs.py")
pytestmark = pytest.mark.usefixtures("no_workers")


@pytest.fixture
def three(store, workspace, demo_run):
    """A finished run, one that is queued and one that was cancelled, in this order, by name."""
    shutil.copytree(demo_run, workspace / "runs" / "demo-finished")
    (done,) = store.jobs()
    store.rename(done.id, "finished")
    store.submit(ExperimentConfig(seeds=1), "stopped")
    Leases(store.table).finish(Leases(store.table).claim(worker_name()), "cancelled", "Cancelled.")
    store.submit(ExperimentConfig(tau=0.31), "waiting")
    return {job.name: job for job in store.jobs()}


def opened(*run, **query):
    app = AppTest.from_file(PAGE, default_timeout=300)
    for name, value in {**({"run": list(run)} if run else {}), **query}.items():
        app.query_params[name] = value
    return app.run()


def words(app):
    kinds = ("title", "header", "markdown", "caption", "info", "success", "warning", "error", "metric", "text")
    shown = [e for kind in kinds for e in getattr(app, kind)]
    return " ".join(str(getattr(e, "value", "")) + str(getattr(e, "label", "")) for e in shown)


def button(app, label):
    return next(b for b in app.button if b.label == label)


def listed(app):
    return list(app.dataframe[0].value["name"])


def chosen(app):
    return next((list(e.value) for e in app.get("button_group") if e.key == "chosen"), [])


# finding


def test_an_empty_workspace_says_where_to_start():
    app = opened()
    assert not app.exception and "no run yet" in words(app) and not app.dataframe


def test_every_run_is_listed_the_newest_first(three):
    app = opened()
    assert not app.exception and listed(app) == ["waiting", "stopped", "finished"]
    assert list(app.dataframe[0].value["state"]) == ["queued", "cancelled", "done"]


def test_results_stand_in_the_table_and_settings_only_where_they_differ(three):
    table = opened().dataframe[0].value.set_index("name")
    assert table.loc["finished", "method"] == "SCPO (paper)" and table["accuracy"].notna().tolist() == [
        False,
        False,
        True,
    ]
    assert 0 < table.loc["finished", "consensus kept"] <= 1
    configs = [three[name].config for name in table.index]
    for column, of in (("τ", "tau"), ("steps", "steps"), ("seeds", "seeds")):
        assert (column in table) == (len({getattr(config, of) for config in configs}) > 1)


def test_the_gain_stands_with_its_interval_and_nothing_in_the_table_is_alike_or_empty_in_all_runs(three, store):
    app = opened(state=["done"])
    table = app.dataframe[0].value
    row = table.iloc[0]
    assert row["gain_low"] <= row["gain"] <= row["gain_high"] and round(row["accuracy"], 3) == row["accuracy"]
    assert not {"done", "state", "data", "note", "id", "τ", "steps"} & set(table)
    assert "1 of 3 runs; all: SCPO (paper) · Demo world (simulated) · done" in words(app)
    for name in ("waiting", "stopped"):
        store.rename(three[name].id, "finished")
    assert set(opened().dataframe[0].value["id"]) == {job.id for job in three.values()}, "no name tells them apart"


def test_runs_are_filtered_by_words_and_state_and_sorted(three, store):
    store.annotate(three["stopped"].id, "for the Tuesday class")
    app = opened()
    app.text_input(key="find").set_value("TUESDAY").run()
    assert listed(app) == ["stopped"]
    app.text_input(key="find").set_value("(.*").run()
    assert not app.exception and "No run is like that" in words(app)
    app.text_input(key="find").set_value("")
    app.get("button_group")[0].set_value(["done", "queued"])
    app.selectbox(key="sort").select("name").run()
    assert listed(app) == ["finished", "waiting"]


def test_filter_and_order_are_in_the_link(three):
    assert listed(opened(find="E", state=["done", "cancelled"], sort="oldest")) == ["finished", "stopped"]


# opening


def test_a_link_opens_a_run(three):
    app = opened(three["finished"].id)
    assert not app.exception and app.header[0].value == "finished" and len(app.metric) == 3
    assert "Simulated data" in words(app) and chosen(app) == [three["finished"].id]
    assert app.get("download_button")[0].proto.label == "Export as zip"


def test_choosing_a_run_puts_it_into_the_link(three):
    app = opened()
    app.selectbox(key="added").select(three["stopped"].id).run()
    assert app.query_params["run"] == three["stopped"].id and app.header[0].value == "stopped"
    assert "This run was cancelled" in words(app) and "Resume" in [b.label for b in app.button]
    assert button(app, "Export as zip").disabled
    app.selectbox(key="added").select(three["finished"].id).run()
    assert app.query_params["run"] == chosen(app) == [three["stopped"].id, three["finished"].id]
    next(e for e in app.get("button_group") if e.key == "chosen").set_value([three["finished"].id]).run()
    assert app.query_params["run"] == three["finished"].id and app.header[0].value == "finished"


def test_every_setting_of_an_open_run_is_shown(three):
    table = opened(three["waiting"].id).dataframe[-1].value
    assert table.set_index("setting")["waiting"]["Filter: τ (tau)"] == "0.31"
    settings = [*dataclasses.fields(ExperimentConfig), *dataclasses.fields(DataConfig)]
    assert len(table) == len(settings) - 3  # two groups of settings, and the names of files, which stand for the files


@pytest.mark.parametrize("asked", ["000000000000", "../../etc/passwd", "![x](http://evil/x.png)", "y" * 9999, ""])
def test_a_link_to_no_run_is_inert(three, asked):
    app = opened(asked)
    assert not app.exception and "![x]" not in words(app) and "not in the workspace" in words(app)


def test_a_hostile_name_and_note_are_text(three, store):
    id, text = three["stopped"].id, "=1+1 ![x](http://evil/x.png) <script>alert(1)</script> $x$"
    store.rename(id, text)
    store.annotate(id, text)
    for app in (opened(id), opened(id, three["finished"].id)):
        assert not app.exception
        assert not any("![x]" in str(m.value) for m in [*app.markdown, *app.caption, *app.header, *app.info])
        assert not any(m.proto.allow_html for m in app.markdown)


# changing


def test_a_run_is_renamed_and_noted(three, store):
    id = three["stopped"].id
    app = opened(id)
    app.text_input(key=f"form-rename-{id}").set_value("  another\nname ")
    button(app, "Save name").click().run()
    app.text_area(key=f"form-note-{id}").set_value("two\nlines")
    button(app, "Save note").click().run()
    assert (store.get(id).name, store.get(id).note) == ("another name", "two\nlines")
    assert app.header[0].value == "another name" and "two\nlines" in words(app)


def test_what_the_store_refuses_is_a_message(three, store, monkeypatch):
    from scpo.errors import JobError
    from scpo.jobs.store import Store

    def refuse(self, id, name):
        raise JobError("the name ![x](http://evil/x.png) is taken")

    monkeypatch.setattr(Store, "rename", refuse)
    app = opened(three["stopped"].id)
    button(app, "Save name").click().run()
    assert not app.exception and r"!\[x\](http" in app.error[0].value


def test_delete_asks_a_second_time_and_can_be_undone(three, store):
    id = three["stopped"].id
    app = opened(id)
    assert "Delete **stopped**?" in words(app) and not store.get(id).deleted
    button(app, "Yes, delete it").click().run()
    assert store.get(id).deleted and listed(app) == ["waiting", "finished"] and "stopped is deleted" in words(app)
    assert "run" not in app.query_params and chosen(app) == []
    button(app, "Undo").click().run()
    assert not store.get(id).deleted and listed(app) == ["waiting", "stopped", "finished"]
    assert "is deleted" not in words(app)


def test_a_deleted_run_is_found_again_and_brought_back(three, store):
    id = three["finished"].id
    store.delete(id)
    app = opened(id, state=["deleted"])
    assert listed(app) == ["finished"]
    button(app, "Bring back").click().run()
    assert not store.get(id).deleted


def test_a_running_run_is_cancelled_before_it_is_deleted(store):
    store.submit(ExperimentConfig())
    job = Leases(store.table).claim(worker_name())
    app = opened(job.id)
    assert app.get("popover")[2].proto.popover.disabled and "Cancel" in [b.label for b in app.button]


def test_runs_that_work_are_shown_above_the_table(store):
    store.submit(ExperimentConfig(), "busy")
    job = Leases(store.table).claim(worker_name())
    Leases(store.table).renew(job, "embed", 0.25, 80.0)
    bar = opened().get("progress")[0].proto
    assert (bar.value, bar.text) == (25, "busy: Encoding the texts: 25 %, about 80 s left")


# comparing


def second_run(store, workspace, first, change=lambda tables: None, **settings):
    """A copy of a finished run with other settings and summary tables."""
    folder = shutil.copytree(first.folder, workspace / "runs" / f"demo-{len(store.jobs())}")
    config = dataclasses.replace(first.config, **settings)
    write_json(folder / "config.json", config.as_dict())
    tables = json.loads((folder / "summary.json").read_text())
    change(tables)
    write_json(folder / "summary.json", tables)
    runs.finish(folder, 1.0)
    return next(job for job in store.jobs() if job.folder == folder)


def test_two_runs_are_compared_with_their_differences_marked(three, store, workspace):
    other = second_run(store, workspace, three["finished"], steps=99, tau=0.9)
    app = opened(three["finished"].id, other.id)
    assert not app.exception
    table = shown(app, "compared")
    assert list(table["compared"][:3]) == ["differs", "differs", "same"]
    assert set(table["setting"][:2]) == {"Steps", "Filter: τ (tau)"}
    assert "2 of" in words(app) and "The interval is **paired**" in words(app) and "no clear difference" in words(app)
    figure = app.get("plotly_chart")[0].proto
    assert "Simulated" in figure.spec and "minus that in finished" in figure.alt
    assert list(shown(app, "delta")["delta"].unique()) == [0.0]


def shown(app, column):
    """The first table of a page that has a column."""
    return next(table.value for table in app.dataframe if column in table.value)


def test_a_comparison_shows_results_before_settings_and_of_these_the_differing_alone(three, store, workspace):
    other = second_run(store, workspace, three["finished"], steps=99, tau=0.9)
    app = opened(three["finished"].id, other.id)
    means = shown(app, "right where global is wrong")
    accuracy = runs.read(three["finished"].folder).tables["accuracy"]
    rows = accuracy[(accuracy["country"] == "mean") & (accuracy["method"] == "scpo")].set_index("subset")["accuracy"]
    names = {"accuracy": "full", "consensus kept": "consensus", "right where global is wrong": "distinct"}
    assert means.loc[0, list(names)].tolist() == pytest.approx([rows[subset] for subset in names.values()])
    tables = [list(table.value) for table in app.dataframe]
    differing = next(at for at, columns in enumerate(tables) if columns[0] == "setting" and "compared" not in columns)
    assert tables.index(list(means)) < differing and len(app.dataframe[differing].value) == 2
    figures = [json.loads(figure.proto.spec) for figure in app.get("plotly_chart")]
    assert ["consensus kept minus that" in figure["layout"]["xaxis"]["title"]["text"] for figure in figures] == [
        False,
        True,
        False,
        False,
    ]
    assert figures[2]["layout"]["yaxis"]["title"]["text"] == "consensus kept, %"
    frontier = figures[3]
    assert frontier["layout"]["xaxis"]["title"]["text"] == "consensus kept, %" and len(frontier["data"]) == 2


def test_the_run_compared_to_and_the_method_can_be_chosen(three, store, workspace):
    other = second_run(store, workspace, three["finished"], steps=99)
    app = opened(three["finished"].id, other.id)
    app.selectbox(key="base").select(other.id)
    app.selectbox(key="method").select("full").run()
    assert not app.exception and f"minus that in {other.name}" in app.get("plotly_chart")[0].proto.alt


def test_runs_without_a_result_are_said_to_have_none(three):
    app = opened(three["finished"].id, three["stopped"].id, three["waiting"].id)
    assert not app.exception and "stopped has no result to compare." in words(app)
    assert "Choose two or more finished runs" in words(app) and not app.get("plotly_chart")


def test_runs_of_one_name_are_told_apart(three, store):
    store.rename(three["stopped"].id, "compared")
    store.rename(three["waiting"].id, "compared")
    found = compare_runs.names([store.get(three[name].id) for name in ("finished", "stopped", "waiting")])
    assert len(set(found.values())) == 3 and found[three["finished"].id] == "finished"
    table = compare_runs.settings_table([store.get(three[n].id) for n in ("stopped", "waiting")], {})
    assert table.shape[1] == 4


def result(accuracy, low, high, *, content="same", countries=("A",)):
    """A run with one method; every country alike."""
    rows = [
        {
            "country": country,
            "subset": "full",
            "method": "scpo",
            "n": 90,
            "units": 9,
            "accuracy": accuracy,
            "low": low,
            "high": high,
        }
        for country in [*countries, "mean"]
    ]
    card = {"content_hash": content, "simulated": True, "unit": "user"}
    return runs.Result(Path("x"), ExperimentConfig(), card, pd.DataFrame(), {"accuracy": pd.DataFrame(rows)})


def outcomes(*right, test="pairs", countries=("A",)):
    """Outcomes of one method, right answers of ten pairs per person."""
    heads, counts = pd.DataFrame({"method": ["scpo"], "seed": 0, "pairs": 9}), np.full((3, len(right)), 10.0)
    wins = np.broadcast_to(np.array(right, float), (1, 3, len(right)))
    outcomes = {c: Outcomes(c, heads, np.arange(len(right)), wins, counts, np.zeros((1, 3))) for c in countries}
    return RunOutcomes(outcomes, dict.fromkeys(countries, test))


def apart(left, right):
    """Two runs whose test pairs are not the same."""
    return compare_runs.difference(left, right, RunOutcomes({}, {}), RunOutcomes({}, {}))


def test_runs_on_the_same_test_pairs_are_compared_person_by_person():
    """Eight people of ten pairs; everybody gets one more pair right: 0.1, and no doubt about it."""
    runs_ = result(0.5, 0.3, 0.7), result(0.6, 0.4, 0.8)
    found = compare_runs.difference(*runs_, outcomes(1, 9, 2, 8, 5, 5, 4, 6), outcomes(2, 10, 3, 9, 6, 6, 5, 7))
    row = found.table.set_index("country").loc["A"]
    assert found.kind == "paired" and (row["low"], row["high"]) == (pytest.approx(0.1), pytest.approx(0.1))
    assert (row["base"], row["other"], row["n"], row["units"]) == (0.5, pytest.approx(0.6), 80, 8)
    assert row["reading"] == "higher"


@pytest.mark.parametrize("change", ["data", "test pairs"])
def test_other_test_pairs_are_compared_as_independent_and_say_so(change):
    """0.65 (0.57 to 0.71) minus 0.60 (0.52 to 0.66): 0.05 - sqrt(0.08^2 + 0.06^2) to 0.05 + sqrt(0.06^2 + 0.08^2)."""
    content = "other" if change == "data" else "same"
    found = compare_runs.difference(
        result(0.60, 0.52, 0.66),
        result(0.65, 0.57, 0.71, content=content),
        outcomes(1, 2, 3, 4, 5, 6),
        outcomes(1, 2, 3, 4, 5, 6, test="pairs" if change == "data" else "others"),
    )
    row = found.table.set_index(["country", "method"]).loc[("A", "scpo")]
    assert found.kind == "apart" and "different" in compare_runs.KINDS["apart"] and row["delta"] == pytest.approx(0.05)
    assert (row["low"], row["high"]) == (pytest.approx(-0.05), pytest.approx(0.15))
    assert row["reading"] == "no clear difference"


def test_the_mean_is_compared_only_over_the_same_countries():
    same, more = result(0.6, 0.5, 0.7, countries=("A", "B")), result(0.7, 0.6, 0.8)
    assert list(apart(same, more).table["country"]) == ["A"]
    assert list(apart(same, same).table["country"]) == ["A", "B", "mean"]
    assert len(apart(same, result(0.2, 0.1, 0.3, countries=("Z",))).table) == 0
    two, one = outcomes(1, 2, 3, 4, 5, countries=("A", "B")), outcomes(1, 2, 3, 4, 5)
    assert list(compare_runs.difference(same, same, two, two).table["country"]) == ["mean", "A", "B"]
    assert list(compare_runs.difference(same, more, two, one).table["country"]) == ["A"]


def test_too_few_people_give_no_interval_and_no_reading():
    for found in (
        apart(result(0.1, np.nan, np.nan), result(0.2, 0.1, 0.3)),
        compare_runs.difference(result(0, 0, 0), result(0, 0, 0), outcomes(1, 2), outcomes(2, 3)),
    ):
        readings = set(found.table["reading"])
        assert found.table["low"].isna().all() and readings == {"no interval: too few people or questions"}


def test_the_delta_chart_names_runs_as_text_and_says_when_there_is_no_interval():
    table = pd.DataFrame(
        {
            "run": "<b>x",
            "country": ["A", "mean"],
            "delta": [0.1, 0.2],
            "low": [np.nan, 0.1],
            "high": [np.nan, 0.3],
            "n": 10,
            "units": 2,
        }
    )
    figure = delta_chart(table, "<i>y", ["mean", "A"], "", True)
    assert figure.data[0].name == "&lt;b&gt;x" and "&lt;i&gt;y" in figure.layout.xaxis.title.text
    assert "no interval" in figure.data[0].hovertext[0] and "+20.0 points" in figure.data[0].hovertext[1]
    assert "Simulated" in figure.layout.title.text
