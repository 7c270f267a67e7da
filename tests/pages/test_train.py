"""The Train page: the form, its estimate, start, and a run in every state it can be in."""

import ast
import dataclasses
import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from scpo import DataConfig, data, estimate, runs
from scpo.charts.runs import growing_chart
from scpo.config import PRISM_SIZED, ExperimentConfig, FinetuneConfig, setting
from scpo.data import pairing
from scpo.errors import InputError
from scpo.format import duration
from scpo.jobs import launch
from scpo.jobs.leases import Leases
from scpo.jobs.process import worker_name
from scpo.runs.progress_log import add_progress
from scpo.text import estimate as text_estimate
from scpo.ui import data_source, run_status
from scpo.ui import session as session_keys
from scpo.ui.cache import was_encoded
from scpo.ui.labels import in_labels, label

from fakes import scored_rows, tiny_preferences

PAGE = str(Path(__file__).parents[2] / "pages" / "train.py")
pytestmark = pytest.mark.usefixtures("no_workers")
SCORED = {"Alvoria": {"full": 0.61, "scpo": 0.7}, "Galune": {"full": 0.5, "scpo": 0.6}}


def opened(**query):
    app = AppTest.from_file(PAGE, default_timeout=300)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def words(app):
    kinds = (
        app.title,
        app.header,
        app.markdown,
        app.caption,
        app.info,
        app.success,
        app.warning,
        app.error,
        app.metric,
    )
    return " ".join(str(getattr(e, "value", "")) + str(getattr(e, "label", "")) for kind in kinds for e in kind)


def button(app, label):
    return next(b for b in app.button if b.label == label)


def labels(app):
    return [b.label for b in app.button]


def field(app, name, suffix="-new"):
    kinds = ("number_input", "text_input", "selectbox", "multiselect", "checkbox", "button_group")
    return next(e for kind in kinds for e in app.get(kind) if e.key == f"form-{name}{suffix}")


# the form


@pytest.mark.parametrize("config", [DataConfig(), ExperimentConfig()])
def test_every_setting_has_a_widget_with_its_help_and_bounds(config):
    app = opened()
    for spec in dataclasses.fields(config):
        if spec.name in (
            "data",
            "finetune",
            "dataset",
            "data_files",
            "data_names",
            "min_gap",
            "merge_samples",
            *(
                "strict",
                "pairs_per_group",
                "demo_world",
                "group",
                "layout",
                "columns",
                "title",
                "licence",
                "citation",
                "url",
            ),
        ):  # drawn elsewhere
            continue
        widget = field(app, spec.name)
        if spec.name != "methods":
            assert spec.metadata["help"][1:] in widget.proto.help
        if spec.metadata["high"] is not None:
            assert f"t most {spec.metadata['high']:,g}" in widget.proto.help
        if spec.metadata["low"] is not None:
            assert f"{'bove' if spec.metadata['open_low'] else 't least'} {spec.metadata['low']:g}" in widget.proto.help


def test_a_new_setting_appears_by_itself():
    def script():
        from dataclasses import dataclass

        import streamlit as st

        from scpo.config import setting
        from scpo.ui import experiment_form

        @dataclass(frozen=True)
        class Later:
            warm_up: int = setting(3, "steps with a rising learning rate", measured_in="steps", low=1, high=9)
            shuffled: bool = setting(True, "whether pairs are shuffled")
            layers: tuple[int, ...] = setting((4, 2), "widths", low=1)
            kind: str = setting("adam", "optimizer")
            prism_only: float = setting(0.5, "PRISM: a share", low=0, high=1)

        st.session_state.found = experiment_form._Form("demo", "", experiment_form.Problems()).others(Later(), set())

    app = AppTest.from_function(script, default_timeout=300).run()
    assert not app.exception
    assert app.session_state.found == {"warm_up": 3, "shuffled": True, "layers": (4, 2), "kind": "adam"}
    warm_up = app.number_input[0]
    assert warm_up.label == "Warm up (steps)"
    assert "Steps with a rising learning rate" in warm_up.proto.help and "At least 1, at most 9" in warm_up.proto.help


def whole(app):
    return next(e for e in app.get("button_group") if e.key == "form-kind-new").set_value("whole models").run()


def test_whole_models_are_offered_with_settings_of_their_own():
    app = whole(opened())
    assert not app.exception
    for spec in dataclasses.fields(FinetuneConfig):
        assert spec.metadata["help"][1:] in field(app, spec.name, "-new-whole").proto.help
    keys = {e.key for kind in ("number_input", "selectbox") for e in app.get(kind)}
    assert not {"form-lr-new-whole", "form-encoder-new-whole"} & keys, "a fine-tuned model has no such settings"
    said = words(app)
    assert "GiB at its height" in said and "Models to train" in said


def test_start_queues_a_fine_tuning_of_one_country_with_few_models(store):
    app = whole(opened())
    field(app, "lora", "-new-whole").set_value(0)
    field(app, "steps", "-new-whole").set_value(50)
    button(app, "Start").click().run()
    (job,) = store.jobs()
    config = job.config
    assert config.finetune == FinetuneConfig("minilm") and config.steps == 50 and config.seeds == 1
    assert config.methods == ("global", "full", "scpo") and len(config.data.countries) == 1
    again = opened(like=job.id)
    assert field(again, "model", f"-{job.id}-whole").value == "minilm", "starting from its settings offers the same"
    assert field(again, "steps", f"-{job.id}-whole").value == 50


def like(store, model):
    """The form, started from a run of this model."""
    config = ExperimentConfig(DataConfig(countries=("Alvoria",)), steps=77, finetune=FinetuneConfig(str(model)))
    return opened(like=launch.start(config, store).id)


def test_a_model_that_is_not_here_has_no_estimate_and_says_so(store):
    app = like(store, "allenai/Llama-3.1-Tulu-3-8B-RM")
    assert not app.exception and "not known yet" in words(app) and "fetched from the hub" in words(app)


def test_a_model_too_large_for_the_memory_is_told(monkeypatch):
    monkeypatch.setattr(text_estimate.psutil, "virtual_memory", lambda: SimpleNamespace(available=2**28))
    assert "Only 0.2 GiB are free" in words(whole(opened()))


def test_a_folder_without_a_model_is_a_message(store, tmp_path):
    app = like(store, tmp_path)
    assert not app.exception and "config.json" in " ".join(e.value for e in app.error)


def test_settings_of_another_data_set_are_not_asked_for():
    assert not [e for e in [*opened().number_input, *opened().checkbox] if "min_gap" in e.key or "merge" in e.key]


def test_settings_of_files_are_asked_for_with_a_file_alone(tmp_path):
    scored_rows(90).to_csv(tmp_path / "a.csv", index=False)
    app = opened()
    keys = ("form-strict-new", "form-pairs_per_group-new")
    assert not [e for e in [*app.number_input, *app.checkbox] if e.key in keys]
    app.get("button_group")[0].set_value("file").run()
    app.text_input[0].set_value(str(tmp_path / "a.csv")).run()
    assert len([e for e in [*app.number_input, *app.checkbox] if e.key in keys]) == 2


def test_start_queues_the_experiment_that_the_form_describes_and_shows_it(store):
    app = opened()
    field(app, "tau").set_value(0.4)
    field(app, "countries").set_value(["Galune", "Alvoria"])
    field(app, "methods").set_value(["global", "scpo"])
    field(app, "budgets").set_value("100, 500")
    field(app, "test_share").set_value(0.2)
    field(app, "name", "").set_value("two countries")
    button(app, "Start").click().run()
    assert not app.exception
    (job,) = store.jobs()
    wanted = ExperimentConfig(
        DataConfig(countries=("Alvoria", "Galune"), test_share=0.2),
        methods=("global", "scpo"),
        tau=0.4,
        budgets=(100, 500),
    )
    assert job.config == wanted and job.state == "queued" and job.name == "two countries"
    assert app.query_params["run"] == job.id and "Cancel" in labels(app) and "two countries" in words(app)


def test_a_reward_model_beside_the_methods_is_refused_at_its_field_or_queued(store, tmp_path):
    app = opened()
    field(app, "score_models").set_value(f"mine={tmp_path / 'gone'}").run()
    assert "score model 'mine' cannot be used" in words(app) and button(app, "Start").disabled
    field(app, "score_models").set_value("mine=owner/name").run()
    button(app, "Start").click().run()
    assert not app.exception and store.jobs()[0].config.score_models == ("mine=owner/name",)


def test_the_order_in_which_names_are_chosen_does_not_matter(store):
    store.submit(ExperimentConfig())
    app = opened()
    field(app, "methods").set_value(["scpo", "global"]).run()
    assert "Start" in labels(app)
    field(app, "methods").set_value([*reversed(ExperimentConfig().methods)]).run()
    assert "is here already" in words(app)


def test_start_in_two_tabs_makes_one_job(store):
    tabs = [opened(), opened()]
    for tab in tabs:
        button(tab, "Start").click().run()
    (job,) = store.jobs()
    assert {tab.query_params["run"] for tab in tabs} == {job.id}


@pytest.mark.parametrize("state_", ["queued", "done", "cancelled"])
def test_the_same_settings_are_not_started_again_but_opened(store, state_):
    job = store.submit(ExperimentConfig(), "the first")
    if state_ != "queued":
        Leases(store.table).finish(Leases(store.table).claim(worker_name()), state_)
    app = opened()
    assert "Start" not in labels(app) and f"the first ({state_})" in words(app)
    assert ("Resume it" in labels(app)) == (state_ == "cancelled")
    button(app, "Open it").click().run()
    assert app.query_params["run"] == job.id and len(store.jobs()) == 1


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("budgets", "12, many", "not a whole number"),
        ("budgets", "999999", "beyond the data"),
        ("budgets", "0", "is 0; needed: at least 1"),
        ("budgets", "-5", "not a whole number"),
        ("budgets", "9" * 5000, "not a whole number"),
        ("methods", [], "at least one method"),
        ("tau", 7.0, "is 7; needed: above 0, at most 1"),
        ("seeds", 0, "Seeds is 0; needed: at least 1"),
        ("test_share", 0.9, "at most 0.5"),
        ("validation_share", 0.0, "above 0"),
        ("reference", ["Alvoria", "Meridia"], ""),
        ("countries", ["Meridia", "Galune"], "o reference country is left"),
    ],
)
def test_unusable_settings_are_a_message_and_cannot_be_started(name, value, message):
    app = opened()
    field(app, name).set_value(value)
    app.run()
    assert not app.exception and button(app, "Start").disabled == bool(message)
    assert field(app, "beta").value == 1.1 and field(app, "countries").options, "the form stays as it is"
    assert [message in error.value for error in app.error] == [True] * bool(message)
    assert len(app.metric) == (0 if message else 3), "no estimate stands that is not of these settings"


def test_what_is_meant_by_default_is_lit_follows_the_other_choice_and_is_lit_again_when_put_out(store):
    app = opened()
    steered = ["Alvoria", "Bresland", "Cindara", "Dolvane", "Estovia", "Farrowind", "Galune"]
    assert field(app, "countries").value == steered and field(app, "reference").value == ["Meridia"]
    field(app, "reference").set_value(["Alvoria"]).run()
    assert field(app, "countries").value == steered[1:]
    field(app, "reference").set_value([]).run()
    assert field(app, "countries").value == steered and field(app, "reference").value == ["Meridia"]
    field(app, "countries").set_value([]).run()
    assert field(app, "countries").value == steered
    button(app, "Start").click().run()
    assert store.jobs()[0].config == ExperimentConfig(), "lit by itself, a default is named by no setting"


def test_a_file_of_ones_own_is_compared_with_few_methods_first_and_each_says_what_it_costs(tmp_path):
    scored_rows(90).to_csv(tmp_path / "a.csv", index=False)
    app = opened()
    app.get("button_group")[0].set_value("file").run()
    app.text_input[0].set_value(str(tmp_path / "a.csv")).run()
    assert field(app, "methods").value == ["global", "full", "scpo", "shared", "longer"]
    shown = field(app, "methods").options
    assert "Longer answer · free" in shown and "Shared directions · slow" in shown
    assert "free: Global model, Longer answer." in words(app) and "Training takes, by method: Shared prior" in words(
        app
    )
    app.get("button_group")[0].set_value("demo").run()
    assert tuple(field(app, "methods").value) == ExperimentConfig().methods


def test_a_country_cannot_be_both_steered_to_and_reference():
    app = opened()
    field(app, "countries").set_value(["Galune"])
    field(app, "reference").set_value(["Galune"])
    app.run()
    assert "Galune cannot be both steered to and reference" in app.error[0].value and button(app, "Start").disabled


@pytest.mark.parametrize(("name", "value"), [("tau", 7.0), ("seeds", 0), ("lr", -1.0), ("validation_share", 0.9)])
def test_a_forged_value_beyond_the_bounds_never_reaches_a_job(store, name, value):
    app = opened()
    field(app, name).set_value(value)
    button(app, "Start").click().run()
    assert not app.exception and [job.config for job in store.jobs()] in ([], [ExperimentConfig()])


def test_a_run_can_be_started_from_another_ones_settings(store):
    job = store.submit(ExperimentConfig(DataConfig(demo_seed=3, countries=("Galune",)), tau=0.25, budgets=(70,)))
    app = opened(like=job.id)
    suffix = f"-{job.id}"
    assert field(app, "tau", suffix).value == 0.25 and field(app, "countries", suffix).value == ["Galune"]
    assert field(app, "budgets", suffix).value == "70" and field(app, "demo_seed", suffix).value == 3
    assert "is here already" in words(app)
    field(app, "steps", suffix).set_value(77)
    button(app.run(), "Start").click().run()
    assert store.jobs()[0].config == dataclasses.replace(job.config, steps=77)


# the estimate


def test_the_estimate_counts_models_and_pairs():
    """7 countries x 8 trained methods x 3 seeds x (5 automatic budgets and all pairs) = 1,008."""
    app = opened()
    table = data.counts(data.load(DataConfig())).set_index("country")
    steered = table[table["role"] == "steered to"]
    assert [m.value for m in app.metric[1:]] == [f"{steered['train'].sum():,}", "1,008"]
    assert "7 countries x 8 trained methods x 3 seeds x 6 budgets" in words(app)
    assert f"has {steered['train'].min():,}" in words(app) and "to encode the texts, once" in words(app)


def test_texts_that_were_encoded_before_cost_nothing_again(store):
    config = ExperimentConfig(steps=10)
    sizes = estimate.Sizes.of(tiny_preferences())
    small = dataclasses.replace(config, budgets=(5,))
    first, again = (estimate.estimate(small, sizes, encoded).total for encoded in (False, True))
    assert first > again > 0
    assert not was_encoded(config, store.jobs())
    store.submit(dataclasses.replace(config, seeds=1))
    Leases(store.table).finish(Leases(store.table).claim(worker_name()), "done")
    assert was_encoded(config, store.jobs())
    for other in (DataConfig(demo_seed=1), DataConfig(demo_world=PRISM_SIZED)):
        assert not was_encoded(dataclasses.replace(config, data=other), store.jobs())


# the data


def test_an_own_file_is_read_and_its_countries_are_offered(tmp_path, store):
    scored_rows(120).to_csv(tmp_path / "a.csv", index=False)
    app = opened()
    app.get("button_group")[0].set_value("file")
    app.run()
    assert "Choose a file to go on" in words(app) and not app.metric
    app.text_input[0].set_value(str(tmp_path / "a.csv"))
    app.run()
    assert not app.exception and set(field(app, "countries").options) == {"Aland", "Borealis", "Cascadia"}
    field(app, "countries").set_value(["Cascadia"])
    button(app.run(), "Start").click().run()
    assert store.jobs()[0].config.data == DataConfig("file", (str(tmp_path / "a.csv"),), ("Cascadia",))


def one_person_country(tmp_path):
    """Aland, Borealis, and Cascadia whose pairs are all by one person, who is in one split only."""
    table = scored_rows(240)
    table.loc[table["country"] == "Cascadia", "user"] = "c"
    table.to_csv(tmp_path / "a.csv", index=False)
    return table


def test_a_country_that_the_split_leaves_without_pairs_is_named_before_start(tmp_path):
    one_person_country(tmp_path)
    app = opened()
    app.get("button_group")[0].set_value("file").run()
    app.text_input[0].set_value(str(tmp_path / "a.csv")).run()
    assert "Not offered: Cascadia has" in words(app) and "0 validation pairs" in words(app)
    assert "Cascadia" not in field(app, "countries").options and not button(app, "Start").disabled


def test_the_estimate_has_the_countries_that_the_run_will_have(tmp_path):
    scored_rows(240).to_csv(tmp_path / "a.csv", index=False)
    app = opened()
    app.get("button_group")[0].set_value("file").run()
    app.text_input[0].set_value(str(tmp_path / "a.csv")).run()
    for reference in ("Aland", "Borealis", "Cascadia"):
        field(app, "reference").set_value([reference]).run()
        card = data.load(DataConfig("file", (str(tmp_path / "a.csv"),), reference=(reference,))).card
        assert f"Steered to {', '.join(sorted(card.countries))}; the global model learns from {reference}." in words(
            app
        )
        assert len(card.countries) == 2


def test_a_broken_file_leaves_the_form_as_it_is(tmp_path):
    scored_rows(30).assign(score="x").to_csv(tmp_path / "a.csv", index=False)
    app = opened()
    field(app, "steps").set_value(77).run()
    app.get("button_group")[0].set_value("file").run()
    app.text_input[0].set_value(str(tmp_path / "a.csv")).run()
    assert "270 faults" in app.error[0].value and field(app, "steps").value == 77 and field(app, "budgets")
    scored_rows(120).to_csv(tmp_path / "a.csv", index=False)
    app.run()
    assert not app.error and field(app, "steps").value == 77 and not button(app, "Start").disabled


def test_faults_of_a_file_are_listed(tmp_path):
    scored_rows(30).assign(score="x").to_csv(tmp_path / "a.csv", index=False)
    app = opened()
    app.get("button_group")[0].set_value("file")
    app.run()
    app.text_input[0].set_value(str(tmp_path / "a.csv"))
    app.run()
    assert not app.exception and "270 faults in " in app.error[0].value and "Start" not in labels(app)
    assert list(app.dataframe[0].value.columns) == ["row", "got", "needed"]


def session(monkeypatch):
    """A stand-in for this session's state, where there is no page."""
    monkeypatch.setattr(st, "session_state", {})
    return st.session_state


def upload(content=b"x", name="my file.csv", size=None):
    def read():
        if size is not None:
            raise AssertionError("it was read before its size was looked at")
        return memoryview(content)

    return SimpleNamespace(name=name, size=len(content) if size is None else size, file_id="0-1", getbuffer=read)


def test_an_upload_outlives_its_session_only_if_a_job_needs_it(monkeypatch, workspace):
    found = session(monkeypatch)
    kept_here = data_source.keep(upload(b"prompt,chosen"))
    assert Path(kept_here).read_bytes() == b"prompt,chosen" and not (workspace / "uploads").exists()
    config = DataConfig("file", (kept_here, "/elsewhere/b.csv"))
    (first, second) = data_source.kept(config).data_files
    sha = "27a57bf3ce9d5de9d7e8a32e2b8a4ae3b3a15b94ef39c64d4e8c9d1ed1ea83b1"
    assert len(Path(first).stem) == len(sha) and Path(first).parent == workspace / "uploads"
    assert second == "/elsewhere/b.csv" and data_source.kept(config).data_files == (first, second)
    found[session_keys.UPLOADS].cleanup()
    assert Path(first).read_bytes() == b"prompt,chosen" and len(list((workspace / "uploads").iterdir())) == 1


@pytest.mark.parametrize("name", ["../../evil.csv", "a/b.parquet", "x\0.csv", "a.exe", "\u202egpj.csv", ""])
def test_the_name_of_an_upload_never_becomes_a_path(monkeypatch, name):
    found = session(monkeypatch)
    path = Path(data_source.keep(upload(name=name)))
    assert path.parent == Path(found[session_keys.UPLOADS].name) and path.stem == "0-1"
    found[session_keys.UPLOADS].cleanup()


def test_an_upload_over_the_limit_is_refused_before_it_is_read(monkeypatch):
    session(monkeypatch)
    limit = st.get_option("server.maxUploadSize")
    with pytest.raises(InputError, match=f"at most {limit} MB"):
        data_source.keep(upload(size=(limit << 20) + 1))


# a run


def running(store, *entries, config=None):
    job = store.submit(config or ExperimentConfig(), "mine")
    job = Leases(store.table).claim(worker_name())
    runs.create(job.folder, job.config)
    for entry in entries:
        add_progress(job.folder, entry)
    return job


def at_step(step, scored=SCORED, total=300):
    return {"stage": "train", "done": step, "total": total, "fraction": 0.4, "seconds_left": 12.0, "accuracy": scored}


def test_a_queued_run_says_how_many_wait_with_it(store):
    store.submit(ExperimentConfig(seeds=1))
    job = store.submit(ExperimentConfig(seeds=2))
    app = opened(run=job.id)
    assert app.get("progress")[
        0
    ].proto.text == "Queued: it waits for a worker, as do 1 more" and "SCPO_WORKERS is 0" in words(app)


def test_a_running_run_shows_how_far_it_is_and_its_curve(store):
    job = running(store, at_step(10), at_step(30))
    Leases(store.table).renew(job, "train", 0.4, 12.0)
    app = opened(run=job.id)
    assert not app.exception and "PARTIAL" not in words(app)
    bar = app.get("progress")[0].proto
    assert (bar.value, bar.text) == (40, "Steering to the countries, step 30 of 300: 40 %, about 12 s left")
    figure = app.get("plotly_chart")[0].proto
    shown = json.loads(figure.spec)
    assert [trace["name"] for trace in shown["data"]] == ["Alvoria", "Galune", "mean of 2"]
    assert shown["layout"]["xaxis"]["range"][1] > 300 and "Simulated" in shown["layout"]["title"]["text"]
    assert "At step 30 of 300 the mean over countries is 65.0 %." in figure.alt
    assert app.dataframe[0].value.loc["Alvoria", "full"] == pytest.approx(61)


def test_cancel_says_cancelling_until_the_worker_confirms(store):
    job = running(store, at_step(30))
    app = opened(run=job.id)
    button(app, "Cancel").click().run()
    assert store.get(job.id).cancelling and button(app, "Cancelling ...").disabled
    Leases(store.table).finish(job, "cancelled", "Cancelled at step 30 of 300; what is shown is partial.")
    app.run()
    assert "PARTIAL: this run was cancelled" in app.warning[0].value and "Resume" in labels(app)
    figure = app.get("plotly_chart")[0].proto
    assert "PARTIAL: cancelled after step 30 of 300" in json.loads(figure.spec)["layout"]["title"]["text"]
    assert figure.alt.startswith("PARTIAL")


def test_resume_queues_the_run_again_and_watches_it(store):
    job = running(store, at_step(30))
    Leases(store.table).finish(job, "cancelled")
    app = opened(run=job.id)
    button(app, "Resume").click().run()
    assert store.get(job.id).state == "queued" and "Cancel" in labels(app) and not app.exception


def test_a_failed_run_says_why_and_that_text_is_inert(store):
    job = running(store)
    Leases(store.table).finish(job, "failed", "budgets ![x](http://evil/x.png) are beyond the data")
    app = opened(run=job.id)
    assert "This run failed and has no result." in app.error[0].value and r"!\[x\](http" in app.error[0].value


def test_a_refusal_of_the_store_is_a_message(store):
    job = running(store)
    app = opened(run=job.id)
    Leases(store.table).finish(job, "done")
    store.delete(job.id)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_status, "job_store", lambda: store)
        run_status.act("resume", job.id)
    assert not app.run().exception


def test_a_done_run_has_its_time_and_no_polling_words(store):
    job = running(store, at_step(300))
    Leases(store.table).finish(job, "done")
    app = opened(run=job.id)
    assert app.success[0].value.startswith("Done in ") and "PARTIAL" not in words(app) and "Cancel" not in labels(app)


@pytest.mark.parametrize("asked", ["000000000000", "../../etc", "<script>", "![x](http://evil/x.png)", "x" * 10_000])
def test_a_link_to_no_run_is_said_and_the_form_is_shown(asked):
    app = opened(run=asked)
    assert not app.exception and "not in the workspace" in app.warning[0].value and "Start" in labels(app)
    assert "![x]" not in app.warning[0].value and len(app.warning[0].value) < 400


def test_a_link_cannot_make_a_run_of_a_folder_elsewhere(store, demo_run, tmp_path):
    folder = shutil.copytree(demo_run, tmp_path / "elsewhere")
    app = opened(run=str(folder))
    assert "not in the workspace" in app.warning[0].value and store.jobs() == []


def test_a_hostile_name_is_text(store):
    job = store.submit(ExperimentConfig(), "![x](http://evil/x.png) <b> $x$")
    for app in (opened(run=job.id), opened()):
        assert not app.exception and "![x]" not in words(app)


# reading progress


def test_a_step_scored_twice_counts_once_and_a_cut_line_not_at_all(tmp_path):
    for entry in (at_step(10, {"A": {"scpo": 0.1}}), at_step(10, {"A": {"scpo": 0.5}}), {"stage": "train", "done": 11}):
        add_progress(tmp_path, entry)
    with open(tmp_path / "progress.jsonl", "a") as file:
        file.write('{"accuracy": 1}\n[]\n{"accuracy": {"A": 2}, "done": 30, "total": 9}\n{"done": 20, "accuracy": {"A"')
    table = run_status.marks(tmp_path)
    assert table.to_dict("records") == [{"step": 10, "total": 300, "country": "A", "method": "scpo", "accuracy": 0.5}]
    assert not len(run_status.marks(tmp_path / "nothing"))


@pytest.mark.parametrize(("seconds", "said"), [(0.2, "1 s"), (89, "89 s"), (120, "2 min"), (9000, "2.5 h")])
def test_a_duration_is_as_exact_as_an_estimate_is(seconds, said):
    assert duration(seconds) == said


def test_the_growing_chart_draws_many_countries_thin_and_names_are_no_tags():
    table = pd.DataFrame({"step": [1] * 12, "country": [f"<a href='x'>{n}" for n in range(12)], "accuracy": 0.5})
    figure = growing_chart(table, 100, "", False)
    assert len(figure.data) == 13 and figure.data[-1].name == "mean of 12" and not figure.data[0].showlegend
    assert "<a" not in figure.data[0].name and figure.layout.title.text is None


def test_a_setting_of_a_share_is_labelled_with_its_unit():
    spec = dataclasses.fields(
        dataclasses.make_dataclass("C", [("min_gap", float, setting(0.1, "gap", measured_in="share"))])
    )
    assert label(spec[0]) == "Min gap (share)"


def messages(path):
    """The texts of what is raised in a module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Raise):
            yield "".join(
                part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)
            )


AS_SUCH = "[cC]ommand line|python -m scpo|ray start"  # or those of another command


PARTS = ("config", "data", "training", "steering", "metrics")  # of the library that pages call


def test_messages_that_the_app_shows_name_options_of_the_command_line_as_such():
    source = Path(runs.__file__).parents[1]
    wrong = [
        (path.name, text)
        for path in (p for part in PARTS for p in (source / part).rglob("*.py"))
        for text in messages(path)
        if re.search(r"(?<![\w-])--[a-z]", text) and not re.search(AS_SUCH, text)
    ]
    assert not wrong, wrong


def test_a_file_of_too_many_pairs_names_the_field_of_the_form(monkeypatch):
    monkeypatch.setattr(pairing, "MEMORY_SHARE", 0)
    with pytest.raises(InputError) as raised:
        pairing._check_memory(10)
    assert '("Pairs per group' in in_labels(raised.value) and "--" not in in_labels(raised.value)


def test_the_form_takes_filter_and_weight_from_a_link_of_the_page_that_explores_them(store):
    job = launch.start(ExperimentConfig(seeds=2), store, "tried")
    app = opened(like=job.id, tau="0.65", beta="2")
    shown = {field.label: field.value for field in app.number_input}
    assert not app.exception and [v for k, v in shown.items() if "τ" in k or "β" in k] == [0.65, 2.0]
    forged = opened(like=job.id, tau="x", beta="<b>")
    assert not forged.exception
