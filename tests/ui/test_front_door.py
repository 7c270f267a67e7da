"""The first screen: the built-in run of an empty workspace, and the same of a run of one's own."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from scpo import ExperimentConfig, runs
from scpo.metrics.bias import REFERENCE
from scpo.text.findings import main_method
from scpo.text.serving import served, steered_to
from scpo.ui.run_picker import BUILT_IN

ROOT = Path(__file__).parents[2]


def opened(page="overview", **query):
    app = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=60)
    app.query_params.update(query)
    app.run()
    assert not app.exception and not app.error
    return app


def said(app):
    return " ".join(m.value for m in app.markdown)


def drawn(app):
    return json.loads(app.get("plotly_chart")[0].proto.spec)


def test_the_built_in_run_is_the_demo_with_default_settings_of_this_version():
    run = runs.read(BUILT_IN)
    assert run.config == ExperimentConfig() and run.card["simulated"]
    done = json.loads((BUILT_IN / "done.json").read_text())["files"]
    assert hashlib.sha256((BUILT_IN / "metrics.json").read_bytes()).hexdigest() == done["metrics.json"]


def test_the_built_in_prices_are_those_of_its_tables_at_both_ends():
    run = runs.read(BUILT_IN)
    prices = json.loads((BUILT_IN / "serving.json").read_text())["prices"]
    known = {key[:3]: key[3] for key in zip(*(prices[c] for c in ("country", "alpha", "on", "accuracy")), strict=True)}
    table = served(run, main_method(run)).set_index("on")
    for country in run.card["countries"]:
        for on, own in steered_to(run, main_method(run), country).items():
            assert (
                abs(known[country, 1.0, on] - own) < 1e-5
                and abs(known[country, 0.0, on] - table["accuracy"][on]) < 1e-5
            )


def test_without_a_click_it_is_seen_whom_the_global_model_serves_worst_and_what_steering_there_costs(workspace):
    app = opened()
    assert "The global model serves Meridia (reference) best (75 %) and Galune worst (62 %)." in said(app)
    assert "Steering to Galune by SCPO (paper) lifts it to 70 % and costs" in said(app)
    figure = drawn(app)
    assert figure["layout"]["yaxis"]["ticktext"][0] == "<b>Galune</b>" and len(figure["data"]) == 2
    assert figure["layout"]["yaxis"]["ticktext"][-1] == "Meridia (reference)"
    assert app.select_slider(key="alpha").value == 1.0 and "Galune prefers" in [c.value for c in app.caption]


def test_the_dial_moves_the_price_to_everybody_and_at_0_there_is_none(workspace):
    app = opened(country="Alvoria")
    app.select_slider(key="alpha").set_value(0.0).run()
    assert "Alvoria 0.0 points, the others 0.0 on average; 0 populations of 7 lose." in said(app)
    hollow, filled = drawn(app)["data"]
    assert hollow["text"] == filled["text"]


def test_a_run_of_ones_own_has_the_same_chart_and_asks_its_models_for_the_dial(workspace, demo_run):
    shutil.copytree(demo_run, workspace / "runs" / "one")
    app = opened()
    run = runs.read(workspace / "runs" / "one")
    table = served(run, "scpo")
    assert f"{table['name'].iloc[-1]} worst" in said(app) and set(table["on"]) == {REFERENCE, *run.card["countries"]}
    assert not app.select_slider and "Ask the models" in [button.label for button in app.button]


def test_the_built_in_card_says_why_its_pair_is_turned_round_without_any_model(workspace):
    app = opened()
    app.toggle(key="why-card").set_value(True).run()
    assert (
        not app.exception
        and "Galune's model prefers A by" in said(app)
        and "the global model prefers B by" in said(app)
    )
    captions = " ".join(c.value for c in app.caption)
    assert "Planted, so that it can be checked" in captions and "the sign of a share is right in 80.6 %" in captions
    assert not app.button or "Ask the models" not in [b.label for b in app.button]


def test_the_built_in_reasons_explain_the_whole_difference():
    for part in json.loads((BUILT_IN / "serving.json").read_text())["reasons"].values():
        for answer, whole in zip(part["sums"]["answer"], part["sums"]["country_reward"], strict=True):
            rows = zip(part["shares"]["answer"], part["shares"]["country_share"], strict=True)
            assert abs(sum(share for at, share in rows if at == answer) - whole) < 1e-4


@pytest.mark.parametrize("page", ["accuracy", "bias", "efficiency", "paper"])
def test_pages_of_results_show_the_built_in_run_while_there_is_no_other_and_write_nothing_beside_it(page, workspace):
    before = sorted(BUILT_IN.rglob("*"))
    app = opened(page)
    assert "Built-in demo run" in said(app) and len(app.get("plotly_chart")) > 0
    assert [button.label for button in app.button] == ["Run the demo experiment"]
    assert "comes with the app, of a simulated world" in app.info[0].value and not app.warning
    assert sorted(BUILT_IN.rglob("*")) == before


def test_where_a_method_has_no_ratio_those_that_have_one_are_named(workspace):
    said = " ".join(info.value for info in opened("efficiency").info)
    assert "No ratio in any country." in said and "Methods that have one on average: Shared prior (ours)." in said
    assert "it does in none of the resamples" in said and "0.0 % of resamples" not in said
