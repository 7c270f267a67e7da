"""Who is served worse within a country, how like a survey's answers a model is, and what each pair brings."""

import json
import math
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from scpo import runs
from scpo.charts.accuracy import variance_chart
from scpo.charts.alignment import alignment_chart
from scpo.charts.efficiency import ratio_chart
from scpo.charts.groups import groups_chart
from scpo.grouping import AVERAGE, OTHERS
from scpo.metrics.alignment import UNIFORM
from scpo.text import findings
from scpo.text.efficiency import efficiency_figure, efficiency_sentence, kept_sentence, per_pair_sentence
from scpo.text.measures import MEASURES
from scpo.text.results import Finding, alignment_sentence, group_sentence, too_few

ROOT = Path(__file__).parents[2]


def opened(page, **query):
    app = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=300)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception and not app.error
    return app


def words(app):
    return " ".join(str(e.value) for kind in (app.header, app.markdown, app.caption, app.info) for e in kind)


def titles(app):
    return [json.loads(e.proto.spec)["layout"]["xaxis"]["title"]["text"] for e in app.get("plotly_chart")]


@pytest.fixture
def survey(workspace, survey_run):
    return runs.read(shutil.copytree(survey_run, workspace / "runs" / "survey"))


@pytest.fixture
def demo(workspace, demo_run):
    return runs.read(shutil.copytree(demo_run, workspace / "runs" / "demo-finished"))


def test_survey_answers_have_their_alignment_on_the_page_of_accuracy(survey):
    app = opened("accuracy", aligned="Delos")
    assert "How like the country's answers is it?" in words(app)
    assert any("Jensen-Shannon" in title for title in titles(app))
    assert alignment_sentence(survey.tables["alignment"], "Delos") in words(app)


def test_people_who_chose_no_shares_have_no_alignment(demo):
    assert "How like the country's answers" not in words(opened("accuracy"))


def test_the_demo_world_shows_its_extreme_raters_on_the_page_of_bias(demo):
    app = opened("bias", column="ratings", people="everybody")
    assert "extremes only" in words(app) and "Survey column: ratings" in words(app)
    assert ("nothing here tells a gap from chance" in words(app)) == demo.tables["group_gaps"]["low"].isna().all()
    gaps = demo.tables["group_gaps"].query("country == 'everybody' and method == 'scpo'")
    assert group_sentence(next(gaps.itertuples())) in words(app)


def test_data_without_survey_columns_says_so(survey):
    assert "no groups to compare" in words(opened("bias"))


def test_each_pair_has_its_gain_on_the_page_of_efficiency(demo):
    app = opened("efficiency", country="Galune")
    assert any("per 100 pairs" in title for title in titles(app))
    assert per_pair_sentence(demo.tables["per_pair"], "Galune", "scpo") in words(app)


def test_the_ratio_of_gains_per_pair_is_worked_out_from_the_tables(demo):
    each = demo.tables["per_pair"].set_index(["country", "method"])
    accuracy = demo.tables["accuracy"].query("subset == 'full'").set_index(["country", "method"])["accuracy"]
    curve = demo.tables["curve"].set_index(["country", "method"])
    for country in ("mean", "Galune"):
        gain = {m: accuracy[country, m] - accuracy[country, "global"] for m in ("full", "scpo")}
        trained = {m: curve.loc[(country, m), "trained"].max() for m in ("full", "scpo")}
        row = each.loc[country, "scpo"]
        assert row["gain"] == pytest.approx(gain["scpo"]) and row["trained"] == pytest.approx(trained["scpo"])
        assert row["per_100"] == pytest.approx(100 * gain["scpo"] / trained["scpo"])
        if gain["full"] > 0:
            assert row["ratio"] == pytest.approx((gain["scpo"] / trained["scpo"]) / (gain["full"] / trained["full"]))
        else:
            assert pd.isna(row["ratio"])


def test_hostile_answers_of_a_survey_stay_text(demo):
    groups = demo.tables["groups"].assign(group=lambda t: t["group"] + "<b onclick=x>")
    chart = groups_chart(groups, "ratings", "everybody", ["scpo"], "user", True)
    labels = chart.layout.yaxis.ticktext
    assert labels and all("&lt;b" in label and "<b onclick" not in label for label in labels)
    row = demo.tables["group_gaps"].assign(best="**<script>**").iloc[0]
    assert "\\<script\\>" in group_sentence(row)


def test_baselines_without_a_model_stand_beside_the_methods(survey):
    chart = alignment_chart(survey.tables["alignment"], "mean", ["global", "scpo"], False)
    assert list(chart.layout.yaxis.tickvals) == [OTHERS, AVERAGE, UNIFORM, "scpo", "global"]
    assert all(re.search(r"\d+ questions", trace.hovertext) for trace in chart.data)


def test_people_and_seeds_are_shown_apart_with_what_would_be_found(demo):
    app = opened("accuracy", method="scpo", against="full")
    assert "Is that more than chance?" in words(app) and "smallest difference that would be found" in str(
        [e.proto.spec for e in app.get("plotly_chart")]
    )
    row = demo.tables["paired"].query(
        "country == 'mean' and subset == 'full' and method == 'scpo' and against == 'full'"
    )
    row = row.assign(note="").iloc[0]
    told = f"Standard error from users {100 * row['unit_se']:.1f} points, standard deviation over seeds "
    assert told + f"{100 * row['seed_sd']:.1f} points." in words(app)
    chart = variance_chart(pd.DataFrame([row]), "user", True)
    drawn = {trace.name: trace.x[0] for trace in chart.data}
    assert drawn["standard error from users"] == pytest.approx(100 * row["unit_se"])
    assert drawn["standard deviation over seeds"] == pytest.approx(100 * row["seed_sd"])


def test_a_country_without_a_test_says_so_where_chance_is_drawn(demo):
    row = demo.tables["paired"].iloc[[0]].assign(unit_se=None, detectable=None, seed_sd=None, units=7)
    chart = variance_chart(row, "user", True)
    assert "too few for a test" in chart.layout.yaxis.ticktext[0]


def test_without_people_for_any_test_a_sentence_takes_the_place_of_an_empty_chart(demo, monkeypatch):
    of_run = findings.differences
    few = {"unit_se": math.nan, "detectable": math.nan, "seed_sd": math.nan, "units": 3}
    monkeypatch.setattr(findings, "differences", lambda *asked: of_run(*asked).assign(**few))
    app = opened("accuracy")
    assert "no country has enough users in the test" in words(app)
    assert not any(title.startswith("points of accuracy") for title in titles(app))


def test_pairs_per_pair_kept_are_told_as_a_property_of_the_filter(demo):
    curve = demo.tables["curve"]
    row = curve[(curve["country"] == "Galune") & (curve["method"] == "scpo")].sort_values("pairs").iloc[-1]
    told = kept_sentence(curve, "Galune", "scpo")
    assert f"kept {row['trained']:,.0f} of {row['pairs']:,.0f} pairs" in told and "nothing of accuracy" in told
    assert f"{row['pairs'] / row['trained']:.2f} pairs per pair kept" in told
    assert told in words(opened("efficiency", country="Galune")) and kept_sentence(curve, "Galune", "full") == ""
    for reading in MEASURES.values():
        assert "authors' reading" not in " ".join(reading)


def test_each_number_of_efficiency_says_how_its_pairs_are_counted(demo):
    row = {
        "country": "mean",
        "method": "scpo",
        "target": 0.7,
        "pairs_full": 280.0,
        "pairs_method": 100.0,
        "note": "",
        "ratio": 2.8,
        "low": 1.5,
        "high": 4.0,
        "reached": True,
        "share_reached": 1.0,
    }
    table = pd.DataFrame([{**row, "reading": reading} for reading in ("labelled", "trained")])
    for reading, named in (("labelled", "labelled pairs"), ("trained", "pairs trained on")):
        assert named in efficiency_sentence(table, "mean", "scpo", reading)
        assert (
            named in efficiency_figure(table, "scpo", reading)[2]
            and "+180 %" in efficiency_figure(table, "scpo", reading)[2]
        )
        assert "fine-tuning on all pairs 280, SCPO (paper) 100," in efficiency_figure(table, "scpo", reading)[2]
        often_missed = table.assign(low=0.0, share_reached=0.9)
        within = "95 %: not reached to 4.00 (not reached in 10.0 % of resamples)"
        assert within in efficiency_sentence(often_missed, "mean", "scpo", reading)
        one = ratio_chart(table[table["reading"] == reading], "scpo", True)
        assert one.layout.xaxis.title.text.count(named) == 2
    each = pd.DataFrame(
        [
            {
                "country": "mean",
                "method": "scpo",
                "gain": 0.04,
                "trained": 100,
                "per_100": 0.04,
                "low": 0.01,
                "high": 0.07,
                "ratio": 2.8,
                "ratio_low": 1.2,
                "ratio_high": 4.4,
            }
        ]
    )
    assert "2.80 times as much per pair as fine-tuning on all pairs (+180 %; 95 %: 1.20 to 4.40)" in per_pair_sentence(
        each, "mean", "scpo"
    )
    assert "may be chance" in per_pair_sentence(each.assign(ratio=float("nan")), "mean", "scpo")
    assert "+4.00 per 100 (95 %: 1.00 to 7.00)" in per_pair_sentence(each, "mean", "scpo")
    whose = "what to expect of the country, it learns from the pairs of the others"
    for method, said in (("scpo", False), ("shared", True)):
        assert (whose in per_pair_sentence(each.assign(method=method), "mean", method)) is said
        assert (whose in efficiency_sentence(table.assign(method=method), "mean", method, "labelled")) is said


def test_countries_with_too_few_people_to_tell_are_named(demo):
    rows = findings.differences(demo, "full")
    rows = rows.query("method == 'scpo' and against == 'global' and country != 'mean'")
    told = too_few(rows, "user")
    assert told.startswith("Too few people to tell") and told in words(opened("accuracy"))
    assert {c for c in rows["country"] if c in told} == set(
        rows[rows["note"].str.contains("too few|no interval")]["country"]
    )
    assert too_few(rows.assign(finding=Finding.HIGHER), "user") == ""
