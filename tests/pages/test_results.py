"""Accuracy, Bias and Data efficiency: charts and sentences from frames, and the pages on every state of a workspace."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from contrasts import contrast
from hypothesis import given
from hypothesis import strategies as st
from plotly.colors import sample_colorscale
from streamlit.testing.v1 import AppTest

from scpo import runs
from scpo.charts.accuracy import accuracy_chart, difference_chart, seeds_chart, variance_chart
from scpo.charts.bias import CHANGE, plane_chart, spread_chart, transfer_chart
from scpo.charts.colours import AROUND_ZERO, INK, METHOD, MORE, QUIET
from scpo.charts.comparison import gains_chart, served_chart
from scpo.charts.efficiency import curve_chart, ratio_chart
from scpo.charts.style import SIMULATED, labelled, log_ticks, method_marks
from scpo.format import inert
from scpo.jobs.store import open_store
from scpo.methods import DEFAULTS, METHODS, named
from scpo.metrics.accuracy import worst_served_first
from scpo.runs.files import write_json
from scpo.text import findings, paper
from scpo.text.measures import MEASURES
from scpo.text.results import (
    bias_sentence,
    difference_sentence,
    headline,
    is_clear,
    runaway_sentence,
    told_apart,
    too_few,
    with_findings,
)

from fakes import RATIO

ROOT = Path(__file__).parents[2]
PAGES = ("accuracy", "bias", "efficiency")
NONE = float("nan")
CHARTS = {"accuracy": 6, "bias": 8, "efficiency": 3}


# runs


def paired_rows(table):
    """A table `paired` as runs have it, made from their accuracies; half of the differences are told apart."""
    rows = []
    for (country, subset), part in table.groupby(["country", "subset"], sort=False):
        part = part.set_index("method")
        for method in ("scpo", "full"):
            for against in part.index.drop(method):
                difference = part.loc[method, "accuracy"] - part.loc[against, "accuracy"]
                few, p = part.loc[method, "units"] < 5, 0.01 if abs(difference) > 0.02 else 0.4
                rows.append(
                    {
                        "country": country,
                        "subset": subset,
                        "method": method,
                        "against": against,
                        "difference": difference,
                        "low": None if few else difference - 0.03,
                        "high": None if few else difference + 0.03,
                        "p": None if few else p / 2,
                        "p_holm": None if few else p,
                        "units": int(part.loc[method, "units"]),
                        "pairs": int(part.loc[method, "n"]),
                        "detectable": None if few else 0.05,
                        "seed_sd": 0.01,
                        "unit_se": 0.02,
                    }
                )
    return rows[::-1]  # in no particular order


def ratio_rows(table):
    """The rows of a table `efficiency` as of a run in which full gains: ratios in all countries but the last."""
    last = [row["country"] for row in table][-1]
    there = {**RATIO, "share_gain": 1.0}
    missed = {
        "ratio": None,
        "pairs_method": None,
        "low": 0.0,
        "high": 1.2,
        "reached": False,
        "share_reached": 0.1,
        "note": "not reached",
    }
    return [{**row, **there, **(missed if row["country"] == last else {})} for row in table]


def changed(folder, **files):
    """Change the content of a run's files by functions of it, and make it whole again."""
    for name, change in files.items():
        path = folder / f"{name}.json"
        write_json(path, change(json.loads(path.read_text())))
    runs.finish(folder, 1.0)
    return folder


def without_intervals(country, tables):
    """A run whose country has too few people for an interval."""
    for row in [row for name in ("accuracy", "paired", "curve", "efficiency") for row in tables[name]]:
        if row["country"] == country:
            unknown = ("low", "high", "gain_low", "gain_high", "p", "p_holm", "detectable")
            row.update({k: None for k in unknown if k in row}, units=3)
    return tables


def renamed(names):
    def change(value):
        if isinstance(value, dict):
            return {key: change(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [change(inner) for inner in value]
        return names.get(value, value) if isinstance(value, str) else value

    return change


@pytest.fixture(scope="module")
def demo(demo_run):
    return runs.read(demo_run)


def test_the_plane_says_where_better_is_names_its_points_and_has_lines_of_equal_accuracy(demo):
    tables, methods = demo.tables, ["global", "full", "scpo"]
    figure = plane_chart(tables["accuracy"], tables["path"], methods, True, "Galune")
    rows = tables["accuracy"].query("country == 'Galune' and method == 'scpo'").set_index("subset")
    assert figure.layout.annotations[0].text == "better ↗"
    assert [text for trace in figure.data for text in trace.text or ()] == [named(m) for m in methods]
    points = [trace for trace in figure.data if trace.text]
    middle = max(p.x[0] for p in points) / 2
    assert all(p.textposition.endswith("left" if p.x[0] > middle else "right") for p in points)  # within the chart
    assert len({p.textposition.split()[0] for p in points}) == 2, "names of neighbours are not on one line"
    share = rows.loc["distinct", "n"] / (rows.loc["distinct", "n"] + rows.loc["consensus", "n"])
    line = figure.layout.shapes[0]
    assert figure.layout.xaxis.range[0] == line.x0 and figure.layout.yaxis.range[1] < 200  # lines stretch no axis
    level = share * line.x0 + (1 - share) * line.y0
    assert share * line.x1 + (1 - share) * line.y1 == pytest.approx(level) and level == pytest.approx(5)
    assert not plane_chart(tables["accuracy"], tables["path"], methods, True).layout.shapes  # a mean has none


def test_a_missing_interval_of_all_countries_names_those_with_too_few_people(demo_run, tmp_path):
    folder = shutil.copytree(demo_run, tmp_path / "run")
    few = runs.read(changed(folder, summary=lambda tables: without_intervals("Cindara", tables)))
    assert findings.too_few_in(few, "scpo").startswith("no interval: too few people or questions in ")
    assert "Cindara" in findings.too_few_in(few, "scpo")


@pytest.fixture
def with_run(workspace, demo_run):
    """A run in which full gains, with paired differences."""
    folder = shutil.copytree(demo_run, workspace / "runs" / "demo-finished")

    def gaining(tables):
        paired = paired_rows(pd.DataFrame(tables["accuracy"]))
        return {**tables, "paired": paired, "efficiency": ratio_rows(tables["efficiency"])}

    return changed(folder, summary=gaining)


@pytest.fixture
def on_prism(with_run):
    """The same run, as if it were one on PRISM with Canada and Chile among its countries."""
    change = renamed({"Alvoria": "Canada", "Bresland": "Chile"})
    return changed(
        with_run,
        summary=change,
        metrics=change,
        data=lambda d: {**change(d), "simulated": False},
        config=lambda c: {**c, "data": {**c["data"], "dataset": "prism"}},
    )


# the look


@pytest.mark.parametrize("scale", [MORE, AROUND_ZERO])
def test_numbers_of_a_heat_map_are_readable_on_every_colour(scale):
    for colour in sample_colorscale(scale, np.linspace(0, 1, 101).tolist(), colortype="tuple"):
        assert contrast(colour, INK) > 6


def test_ticks_of_a_log_axis_are_whole_numbers():
    assert log_ticks(50, 1600)["ticktext"] == ["50", "100", "200", "500", "1,000", "2,000"]
    assert log_ticks(0.4, 3)["ticktext"] == ["0.5", "1", "2"]
    assert log_ticks(25, 88)["ticktext"] == ["20", "50", "100"] and log_ticks(31, 66)["ticktext"] == ["31", "50", "66"]


def test_colour_stands_for_methods_alone_and_countries_are_told_by_their_names(demo):
    rows = findings.gain_rows(demo, "scpo")
    bars = difference_chart(rows, "country", {}, "scpo minus global", "user", True)
    assert {c for t in bars.data for c in np.atleast_1d(t.marker.color)} == {QUIET}
    spread = spread_chart(demo.tables["accuracy"], ["global", "scpo"], "user", True)
    assert [t.marker.color for t in spread.data] == [METHOD["scpo"], METHOD["global"]]
    for trace in spread.data:  # the worst and the best served have their names beside them
        assert trace.text[0] and trace.text[-1] and not any(name for name in trace.text[1:-1] if "(no" not in name)
        assert list(trace.x) == sorted(trace.x) and len(trace.x) == len(findings.countries(demo))
    ratio = ratio_chart(ratios(demo), "scpo", True)
    assert {s.line.color for s in ratio.layout.shapes} == {QUIET} and ratio.data[0].marker.color == METHOD["scpo"]


def test_who_is_served_worst_by_the_global_model_stands_first(demo):
    order = worst_served_first(demo.tables["accuracy"])
    served = demo.tables["accuracy"].query("method == 'global' and subset == 'full'").set_index("country")["accuracy"]
    assert order == list(served.drop("mean").sort_values().index)
    drawn = accuracy_chart(demo.tables["accuracy"], ["global", "scpo"], "user", True)
    assert list(drawn.layout.yaxis.categoryarray) == [*order[::-1], "mean"]
    assert list(dict.fromkeys(findings.differences(demo, "full")["country"])) == ["mean", *order]


def test_rows_of_methods_have_their_labels_and_a_country_called_like_one_keeps_its_name(demo):
    rows = findings.differences(demo, "full", ["scpo"]).query("country == 'mean'")
    words = difference_chart(rows.assign(low=np.nan), "against", method_marks(), "a minus b", "user", True)
    shown = labelled(words).layout.yaxis.ticktext
    assert all(text.partition("<br>")[0] in {m.label for m in METHODS.values()} for text in shown)
    called = difference_chart(rows.assign(country="full"), "country", {}, "a minus b", "user", True)
    assert {text.partition("<br>")[0] for text in labelled(called).layout.yaxis.ticktext} == {"full"}


def test_a_mark_of_chance_at_zero_is_drawn_whole(demo):
    assert variance_chart(findings.gain_rows(demo, "scpo"), "user", True).layout.xaxis.range[0] < 0


def test_pale_marks_speak_of_a_test_only_where_there_was_one(demo):
    rows = findings.gains(demo, ["scpo"], "full")
    assert "Holm" in gains_chart(rows, ["scpo"], "user", True).layout.xaxis.title.text
    title = gains_chart(rows.assign(p_holm=np.nan, low=np.nan), ["scpo"], "user", True).layout.xaxis.title.text
    assert "too few" in title and "Holm" not in title


def test_one_country_alone_has_no_gap(demo):
    table = demo.tables["bias"].query("method == 'scpo'").copy()
    table.loc[table["measure"] == "gap", "n"] = table.loc[table["measure"] == "worst country", "n"].iloc[0]
    alone = replace(demo, tables=demo.tables | {"bias": table})
    assert "a gap needs two countries" in bias_sentence(table, "scpo") and "apart" not in bias_sentence(table, "scpo")
    assert ("Gap between countries", "-", "a gap needs two countries") in findings.bias_figures(alone)


def test_a_rule_that_is_no_model_is_never_what_a_run_is_about(demo):
    label = headline(demo.tables, ["global", "longer", "full"], "user")[0][0]
    assert label == "Gain of Fine-tuned on all pairs over the global model"


# charts


def ratios(result, method="scpo", reading="trained"):
    table = result.tables["efficiency"]
    return table[(table["method"] == method) & (table["reading"] == reading)]


def every_figure(result, simulated=True, country="Galune"):
    tables, marks, unit = result.tables, {}, result.card["unit"]
    methods = ["global", "full", "scpo"]
    return {
        "accuracy": accuracy_chart(tables["accuracy"], methods, unit, simulated, "distinct"),
        "seeds": seeds_chart(findings.per_seed(result, methods, "full"), methods, unit, simulated),
        "difference": difference_chart(
            findings.gain_rows(result, "scpo"), "country", marks, "a minus b", unit, simulated
        ),
        "chance": variance_chart(findings.gain_rows(result, "scpo"), unit, simulated),
        "plane": plane_chart(tables["accuracy"], tables["path"], methods, simulated, country),
        "spread": spread_chart(tables["accuracy"], methods, unit, simulated),
        "transfer": transfer_chart(tables["transfer"], "scpo", simulated, CHANGE),
        "curve": curve_chart(tables["curve"], country, methods, "trained", simulated),
        "ratio": ratio_chart(ratios(result), "scpo", simulated),
    }


def test_every_figure_of_simulated_data_says_so_and_has_units(demo):
    for name, figure in every_figure(demo).items():
        assert SIMULATED in figure.layout.title.text
        words = figure.layout.xaxis.title.text + (figure.layout.yaxis.title.text or "")
        assert any(unit in words for unit in ("%", "points", "pairs")), name
    for figure in every_figure(demo, simulated=False).values():
        assert figure.layout.title.text is None


def test_the_accuracy_chart_draws_the_subset_that_is_asked_for(demo):
    table = demo.tables["accuracy"].query("subset == 'distinct' and method == 'scpo'").set_index("country")
    trace = next(t for t in every_figure(demo)["accuracy"].data if t.name == "scpo")
    assert dict(zip(trace.y, trace.x, strict=True)) == pytest.approx(dict(100 * table["accuracy"]))


def test_every_seed_is_drawn_and_their_mean_is_the_accuracy_of_the_run(demo):
    rows = findings.per_seed(demo, ["scpo", "global"], "full")
    assert sorted(rows.query("country == 'Galune' and method == 'scpo'")["seed"]) == [0, 1]
    mean = rows.groupby(["country", "method"])["accuracy"].mean()
    known = demo.tables["accuracy"].query("subset == 'full'").set_index(["country", "method"])["accuracy"]
    for at in mean.index:
        assert mean[at] == pytest.approx(known[at])


def a_difference(**given):
    row = {
        "country": "A",
        "against": "full",
        "difference": 0.04,
        "low": 0.01,
        "high": 0.07,
        "p_holm": 0.02,
        "units": 60,
        "pairs": 900,
        "detectable": 0.03,
        "subset": "full",
        "method": "scpo",
    }
    return {**row, **given}


def drawn_differences(*rows):
    table = pd.DataFrame([a_difference(**row) for row in rows])
    table = with_findings(table, "user")
    return difference_chart(table, "country", {"A": ("#0072B2", "square")}, "scpo minus full", "user", False)


def test_a_difference_is_filled_only_where_the_test_tells_it_from_0():
    figure = drawn_differences(
        {"country": "A"},
        {"country": "B", "p_holm": 0.3},
        {"country": "C", "p_holm": NONE},
        {"country": "D", "p_holm": NONE, "low": -0.01},
    )
    filled, uncertain = figure.data[0], figure.data[2]
    assert set(filled.y) == {"A", "C"} and set(uncertain.y) == {"B", "D"}
    assert all(symbol.endswith("-open") for symbol in uncertain.marker.symbol)
    assert filled.marker.symbol[list(filled.y).index("A")] == "square"
    assert "p = 0.02 after Holm" in filled.hovertext[list(filled.y).index("A")]


def test_intervals_of_differences_are_inside_the_axis():
    """The line from 1 to 70 points must be seen to its end."""
    figure = drawn_differences({"high": 0.7})
    low, high = figure.layout.xaxis.range
    assert low < 0 and high > 70 and figure.layout.shapes[0].x1 == pytest.approx(70)


def test_too_few_people_are_said_beside_the_name_in_the_chart_itself(demo):
    tables = without_intervals("Galune", {k: v.to_dict("records") for k, v in demo.tables.items()})
    tables["efficiency"] = ratio_rows(tables["efficiency"])
    tables = {name: pd.DataFrame(rows) for name, rows in without_intervals("Galune", tables).items()}
    few = runs.Result(demo.folder, demo.config, demo.card, demo.metrics, tables)
    drawn = every_figure(few)
    for name in ("accuracy", "difference"):
        assert "Galune<br>no interval: 3 users" in drawn[name].layout.yaxis.ticktext, name
    assert any(re.match("Galune<br>(no interval|not reached)", text) for text in drawn["ratio"].layout.yaxis.ticktext)
    assert any("Galune (no interval)" in t.text for t in drawn["spread"].data)
    for name in ("plane", "curve"):
        assert "no interval" in drawn[name].layout.title.text, name
    assert "no interval" not in every_figure(demo)["curve"].layout.title.text


def test_no_interval_at_all_is_drawn_without_failing(demo):
    """In json all intervals are null then, and the columns are of no number's kind."""
    tables = {name: table.copy() for name, table in demo.tables.items()}
    for table in tables.values():
        for column in {"low", "high", "gain_low", "gain_high"} & set(table):
            table[column] = pd.Series([None] * len(table), index=table.index, dtype=object)
    every_figure(runs.Result(demo.folder, demo.config, demo.card, demo.metrics, tables))


def test_transfer_as_change_is_measured_against_the_global_model():
    table = pd.DataFrame(
        [
            (m, a, b, v, 10, 5)
            for m, a, b, v in (
                ("global", "A", "A", 0.6),
                ("global", "A", "B", 0.7),
                ("global", "B", "A", 0.6),
                ("global", "B", "B", 0.7),
                ("scpo", "A", "A", 0.66),
                ("scpo", "A", "B", 0.65),
                ("scpo", "B", "A", 0.6),
                ("scpo", "B", "B", 0.75),
            )
        ],
        columns=["method", "model", "on", "accuracy", "n", "units"],
    )
    heat = transfer_chart(table, "scpo", False, CHANGE).data[0]
    assert heat.z.round(6).tolist() == [[0, 5], [6, -5], [0, 0]] and list(heat.y) == ["B", "A", "Global model"]
    assert [list(row) for row in heat.text] == [["0", "<b>+5</b>"], ["<b>+6</b>", "-5"], ["0", "0"]]
    assert heat.zmin == -heat.zmax
    plain = [transfer_chart(table, m, False).data[0] for m in ("global", "scpo")]
    assert plain[0].zmin == plain[1].zmin and plain[0].zmax == plain[1].zmax


def test_a_path_runs_from_the_global_model_to_the_end_of_training(demo):
    figure = every_figure(demo, country="mean")["plane"]
    way = next(t for t in figure.data if t.mode == "lines+markers")
    assert way.x[0] == pytest.approx(0) and way.y[0] == pytest.approx(100) and way.marker.size[-1] > 0
    point = next(t for t in figure.data if t.name == "scpo")
    assert "95 %" in point.hovertext and "pairs" in point.hovertext and point.error_x.array is not None


def test_not_reached_is_written_into_the_chart():
    reached = {"country": "A", "method": "scpo", "reading": "trained", **RATIO}
    missed = {"pairs_method": NONE, "ratio": NONE, "low": 0.0, "high": 1.2}
    missed |= {"country": "B", "reached": False, "share_reached": 0.1, "note": "not reached"}
    table = pd.DataFrame([reached, {**reached, **missed}])
    figure = ratio_chart(table, "scpo", False)
    assert list(figure.layout.yaxis.ticktext) == ["B<br>not reached", "A"]
    assert list(figure.data[0].x) == [2.8] and "in 10.0 % of resamples it does" in figure.data[1].hovertext[0]
    assert "fine-tuning on all pairs 280 pairs, SCPO (paper) 100," in figure.data[0].hovertext[0]
    assert all(np.isfinite(s.x0) and s.x0 > 0 for s in figure.layout.shapes)


def test_names_of_countries_stay_text_in_figures(demo):
    name = "<a href='x'>G</a>"
    change = renamed({"Galune": name})
    tables = {n: pd.DataFrame(change(t.to_dict("records"))) for n, t in demo.tables.items()}
    metrics = pd.DataFrame(change(demo.metrics.to_dict("records")))
    shown = every_figure(runs.Result(demo.folder, demo.config, demo.card, metrics, tables), country=name)
    for name, figure in shown.items():
        texts = [*(figure.layout.yaxis.ticktext or ()), *(t.name or "" for t in figure.data)]
        for trace in figure.data:
            told = trace.hovertext if trace.hovertext is not None else ()
            texts += [told] if isinstance(told, str) else list(told)
        texts += list(figure.data[0].x) if name == "transfer" else []
        assert not any("<a" in str(text) for text in texts), name


def test_gains_stand_in_the_order_of_need_and_are_pale_where_they_may_be_chance(demo):
    methods = findings.leading(demo)
    table = findings.gains(demo, methods, "full")
    served = demo.tables["accuracy"].query("method == 'global' and subset == 'full' and country != 'mean'")
    worst = list(served.sort_values("accuracy", kind="stable")["country"])
    assert list(dict.fromkeys(table["country"])) == ["mean", *worst]
    figure = gains_chart(table, methods[1:], "user", True)
    assert list(figure.layout.yaxis.categoryarray)[::-1] == ["mean", *worst]
    clear = {(t.name, c) for t in figure.data if t.opacity == 1 for c in t.y}
    rows = table[is_clear(table)]
    assert clear == {*zip(rows["method"], rows["country"], strict=True)}
    assert sum(len(t.y) for t in figure.data) == len(table)
    assert {t.name for t in figure.data if t.showlegend and len(t.y)} == set(methods[1:])
    assert "after Holm's correction" in figure.layout.xaxis.title.text


def test_the_methods_compared_first_are_the_global_model_the_papers_the_best_simple_one_and_the_best(demo):
    mean = demo.tables["accuracy"].query("country == 'mean' and subset == 'full'").set_index("method")["accuracy"]
    chosen = findings.leading(demo)
    simple = mean[[m for m in ("full", "pooled", "scratch") if m in mean.index]].idxmax()
    trained = mean.drop(index=["global", "longer", "random"], errors="ignore")
    assert set(chosen) == {"global", "scpo", simple, trained.idxmax()}


def test_the_reference_population_is_among_those_who_are_served_and_the_best_served_stands_at_the_top(demo):
    table = findings.served_by(demo, ["global", "scpo"])
    mine = table[table["method"] == "global"]
    assert list(mine["accuracy"]) == sorted(mine["accuracy"], reverse=True)
    assert "Meridia (reference)" in set(mine["name"]) and len(mine) == 8
    figure = served_chart(table, ["global", "scpo"], "user", True)
    assert list(figure.layout.yaxis.categoryarray)[::-1] == list(mine["name"]) and len(figure.data) == 2


# words


def test_verdicts_say_what_a_difference_tells():
    def of(**given):
        return with_findings(pd.DataFrame([a_difference(**given)]), "user")["note"].iloc[0]

    assert of() == "higher" and of(difference=-0.04) == "lower"
    assert of(p_holm=0.2) == "too few people to tell: with 60 users only differences above 3.0 points would be found"
    assert of(p_holm=0.2, detectable=NONE) == "no difference found"
    assert of(low=NONE, units=3) == "no interval: 3 users, and one needs 8"
    assert of(low=NONE, units=14, subset="distinct") == "no interval: 14 users, and one needs 20"
    assert of(p_holm=NONE) == "the interval excludes 0" and of(p_holm=NONE, low=-0.1) == "the interval includes 0"


def test_a_difference_in_words_has_interval_n_and_test():
    row = pd.Series({**a_difference(country="![x](y)"), "note": "higher"})
    assert difference_sentence(row, "user") == (
        r"**!\[x\](y)**: +4.0 points (95 %: 1.0 to 7.0; 60 users, 900 pairs, p = 0.02 after Holm's correction): higher."
    )


def test_how_many_countries_are_told_apart_is_said_with_their_names():
    rows = pd.DataFrame(
        [
            a_difference(country="A"),
            a_difference(country="B", difference=-0.02),
            a_difference(country="C", p_holm=0.5),
            a_difference(country="D", p_holm=NONE),
        ]
    )
    assert told_apart(rows, "scpo", "full", "user") == (
        "Of 3 countries with at least 8 users in the test, SCPO (paper) is clearly different from "
        "Fine-tuned on all pairs in 2 after Holm's correction; "
        "higher in A (+4.0); lower in B (-2.0)."
    )


def test_the_end_of_training_is_said_for_each_method_that_trains(demo):
    words = runaway_sentence(demo.tables["path"], "mean", ["global", "filter", "weight"])
    assert words.startswith("At the very end of training (192 pairs seen)") and "filter" in words and "weight" in words
    assert "global" not in words and runaway_sentence(pd.DataFrame(), "mean", ["scpo"]) == ""


def test_a_link_of_a_source_keeps_its_underscores_and_emphasis_is_inert():
    assert inert("https://x.org/llm_global_opinions") == "https://x.org/llm_global_opinions"
    assert inert("_a_ __b__ *c*") == r"\_a\_ \_\_b\_\_ \*c\*"


def test_every_measure_has_one_plain_sentence_and_a_formula():
    for sentence, formula, more in MEASURES.values():
        assert sentence.endswith(".") and formula and more.endswith(".")
        assert "$" not in sentence + more


# published figures


def test_published_figures_are_shown_only_where_the_quantity_is_the_same(on_prism, demo):
    result = runs.read(on_prism)
    theirs = paper.published(result, "full").set_index("method")
    assert theirs.loc["global", "accuracy"] == 0.6040 and theirs.loc["scpo", "accuracy"] == 0.6619
    assert set(theirs["country"]) == {"Canada"} and not len(paper.published(result, "distinct"))
    assert not len(paper.published(demo, "full")) and paper.published_words(demo) == []
    words = paper.published_words(result)
    assert len(words) == 2 and all("theirs and not of this run" in text for text in words)


def test_a_survey_run_with_canada_has_no_published_figure(on_prism):
    changed(on_prism, config=lambda c: {**c, "data": {**c["data"], "dataset": "globalopinionqa"}})
    result = runs.read(on_prism)
    assert not len(paper.published(result, "full")) and paper.published_words(result) == []


# pages


def opened(page, **query):
    app = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=300)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def words(app):
    kinds = (app.title, app.header, app.subheader, app.markdown, app.caption, app.info, app.warning, app.error)
    text = " ".join(str(e.value) for kind in kinds for e in kind)
    return text + " ".join(f" {m.label} {m.value}" for m in app.metric)


def specs(app):
    return [json.loads(e.proto.spec) for e in app.get("plotly_chart")]


@pytest.mark.parametrize("page", PAGES)
def test_a_damaged_run_is_a_message_and_no_stack_trace(page, with_run):
    (with_run / "metrics.json").write_text("[]")
    app = opened(page)
    assert not app.exception and "changed after the run finished" in app.error[0].value


@pytest.mark.parametrize("page", PAGES)
def test_a_finished_run_has_figures_charts_formulas_and_tables(page, with_run):
    app = opened(page)
    assert not app.exception and not app.error and not app.warning and SIMULATED in words(app)
    assert len(specs(app)) == len(app.dataframe) == CHARTS[page]
    assert all("Simulated" in spec["layout"]["title"]["text"] for spec in specs(app))
    assert all(e.proto.alt for e in app.get("plotly_chart")) and app.get("latex") and len(app.metric) >= 2


@pytest.mark.parametrize("page", PAGES)
def test_a_forged_link_falls_back_to_the_usual_view(page, with_run):
    forged = {"methods": "<script>", "method": "x", "country": "../etc", "against": "?", "subset": "1", "reading": "$"}
    app = opened(page, **forged, seeds="x", transfer="y", transferred="z")
    assert not app.exception and not app.error and len(specs(app)) == CHARTS[page]


@pytest.mark.parametrize("page", PAGES)
def test_pages_are_thin(page):
    assert len((ROOT / "pages" / f"{page}.py").read_text().splitlines()) <= 120


def test_a_link_opens_the_same_view_of_accuracy(with_run):
    app = opened(
        "accuracy",
        subset="distinct",
        methods=["global", "weight"],
        seeds="true",
        method="full",
        against="scpo",
        country="Galune",
    )
    assert not app.exception and "0 % here by construction" in words(app)
    (shown,) = [s for s in specs(app) if s["layout"]["xaxis"]["title"]["text"].startswith("accuracy on the country's")][
        :1
    ]
    assert {t["name"] for t in shown["data"]} == {"Global model", "SCPO's weights alone"}
    assert "How much is luck in training?" in words(app)
    assert "Fine-tuned on all pairs against SCPO (paper), every country" in words(app)
    assert "against every baseline, Galune" in words(app)
    app.selectbox(key="against").select("random").run()
    assert not app.exception and "Fine-tuned on all pairs against Coin toss" in words(app)


def test_a_link_opens_the_same_view_of_bias_and_efficiency(with_run):
    app = opened("bias", country="Galune", transfer="weight", transferred="change")
    assert app.selectbox(key="transfer").value == "weight"
    assert "against the global model" in json.dumps(specs(app)[6])
    app = opened("efficiency", country="Galune", reading="trained", method="weight")
    assert "SCPO's weights alone needs" in specs(app)[1]["layout"]["xaxis"]["title"]["text"]
    assert "after the filter" in specs(app)[0]["layout"]["xaxis"]["title"]["text"]


def test_differences_have_tests_and_words_for_every_baseline(with_run):
    app = opened("accuracy")
    assert app.selectbox(key="against").options == [named(m) for m in DEFAULTS if m != "scpo"]
    assert "clearly different from the global model" in words(app) and "after Holm's correction" in words(app)
    every = next(s for s in specs(app) if "minus every baseline" in s["layout"]["xaxis"]["title"]["text"])
    assert len(every["layout"]["yaxis"]["ticktext"]) == len(DEFAULTS) - 1
    first = next(s for s in specs(app) if "minus the global model" in s["layout"]["xaxis"]["title"]["text"])
    assert first["layout"]["yaxis"]["ticktext"][-1] == "<b>mean</b>"


@pytest.mark.parametrize("page", PAGES)
def test_a_run_of_another_version_is_said_with_what_to_do_on_every_page(page, with_run):
    changed(with_run, summary=lambda tables: {k: v for k, v in tables.items() if k != "paired"})
    app = opened(page)
    assert not app.exception and "another version" in app.error[0].value and "Run it again" in app.error[0].value


@pytest.mark.parametrize(
    ("page", "table", "what"), [("bias", "frontier", "frontier"), ("accuracy", "best_of_n", "best")]
)
def test_a_run_from_before_a_table_says_what_brings_it(page, table, what, with_run):
    changed(with_run, summary=lambda tables: {k: v for k, v in tables.items() if k != table})
    app = opened(page)
    said = next(c.value for c in app.caption if "earlier version" in c.value)
    assert not app.exception and what in said and "Run it again" in said


def test_a_country_with_too_few_people_is_said_on_every_page(with_run):
    changed(with_run, summary=lambda tables: without_intervals("Galune", tables))
    for page in PAGES:
        app = opened(page, country="Galune")
        assert not app.exception and "no interval" in json.dumps(specs(app)), page


def test_published_figures_are_drawn_and_said_to_be_theirs(on_prism):
    app = opened("accuracy")
    assert not app.exception and "theirs and not of this run: 60.40 % before and 66.19 % after" in words(app)
    drawn = {t["name"]: t["x"] for t in specs(app)[1]["data"] if "published" in t["name"]}
    assert drawn == {
        "published by the authors: SCPO (paper)": [66.19],
        "published by the authors: Global model": [60.4],
    }
    assert (app.dataframe[1].value["source"] == "published by the authors").sum() == 2
    assert "published" not in json.dumps(specs(opened("accuracy", subset="consensus"))[1])


def test_a_run_in_which_full_gains_nothing_says_so_in_place_of_ratios(workspace, demo_run):
    """Its models have random weights, so that nothing is learnt from them."""
    shutil.copytree(demo_run, workspace / "runs" / "demo-finished")
    app = opened("efficiency")
    assert not app.exception and [m.value for m in app.metric] == ["no ratio"] and len(specs(app)) == 2
    assert "No ratio in any country" in words(app)


def test_sentences_and_chart_of_gains_per_pair_are_of_the_methods_shown(with_run):
    app = opened("efficiency", methods=["full", "scpo"])
    per_pair = specs(app)[2]
    assert list(per_pair["layout"]["yaxis"]["tickvals"]) == ["scpo", "full"]
    assert "**SCPO's weights alone**" not in words(app) and "**SCPO (paper)**" in words(app)


def test_the_global_model_is_in_the_legend_of_the_curves_as_the_others_are(demo):
    drawn = {t.name for t in every_figure(demo)["curve"].data if t.showlegend is not False}
    assert {"global", "full", "scpo"} <= drawn


def test_of_no_country_with_people_enough_it_is_said_that_nothing_can_be_told():
    rows = pd.DataFrame([a_difference(country=c, low=NONE, p_holm=NONE, units=5) for c in "AB"])
    rows = with_findings(rows, "user")
    assert told_apart(rows, "scpo", "global", "user") == (
        "No country has enough users in the test to tell SCPO (paper) from the global model: an interval needs 8 users."
    )
    assert too_few(rows, "user") == ""


def test_a_run_of_untrained_methods_only_says_what_it_lacks(with_run):
    def only(tables):
        few = {n: [r for r in rows if r.get("method") in (None, "global", "longer")] for n, rows in tables.items()}
        return {**few, "efficiency": [], "path": [], "transfer": []}

    config = {"methods": ["global", "longer"]}
    changed(
        with_run,
        summary=only,
        config=lambda c: {**c, **config},
        metrics=lambda rows: [r for r in rows if r["method"] in config["methods"]],
    )
    for page, said in (("accuracy", "longer"), ("bias", "no trained method"), ("efficiency", "No ratio")):
        app = opened(page)
        assert not app.exception and not app.error and said in words(app)


def test_the_name_of_a_country_comes_alive_nowhere(with_run):
    change = renamed({"Galune": "![x](http://evil/x.png)<b>"})
    changed(with_run, summary=change, metrics=change, data=change)
    for page in PAGES:
        app = opened(page, country="![x](http://evil/x.png)<b>")
        assert not app.exception and "![x]" not in words(app)


# the glance


GLANCE = """
import streamlit as st
from scpo.ui import head
from scpo.ui import run_picker
result = run_picker.finished(head.head("overview", drawn=False))
if result:
    run_picker.at_a_glance(result)
"""


def test_the_glance_has_gain_consensus_and_ratio_and_links_to_the_same_run(with_run, tmp_path):
    (tmp_path / "pages").mkdir()
    for page in PAGES:
        shutil.copy(ROOT / "pages" / f"{page}.py", tmp_path / "pages")
    (tmp_path / "pages" / "first.py").write_text(GLANCE)
    (tmp_path / "app.py").write_text(
        "import streamlit as st\n"
        f"st.navigation([st.Page(f'pages/{{n}}.py', title=n) for n in ('first', *{PAGES!r})]).run()\n"
    )
    app = AppTest.from_file(str(tmp_path / "app.py"), default_timeout=300).run()
    assert not app.exception and [m.label for m in app.metric] == [
        "Gain of SCPO (paper) over the global model",
        "Consensus kept",
        "Data efficiency against fine-tuning on all pairs",
    ]
    assert [link.proto.page for link in app.get("page_link")] == list(PAGES)
    (run,) = [job.id for job in open_store(with_run.parents[1]).jobs()]
    assert all(f"run={run}" in link.proto.query_string for link in app.get("page_link"))
    assert len(specs(app)) == 1 and SIMULATED in specs(app)[0]["layout"]["title"]["text"]
    assert len(specs(app)[0]["layout"]["yaxis"]["ticktext"]) == 8


def test_consensus_kept_is_the_accuracy_where_the_global_model_is_right(demo):
    kept = demo.tables["accuracy"].query("country == 'mean' and method == 'scpo' and subset == 'consensus'").iloc[0]
    _, value, note = findings.consensus_kept(demo, "scpo")
    assert value == f"{100 * kept['accuracy']:.1f} %"
    assert f"95 %: {100 * kept['low']:.1f} to {100 * kept['high']:.1f}" in note and "pairs" in note


def test_a_glance_outside_of_the_router_names_the_pages(with_run, tmp_path):
    (tmp_path / "alone.py").write_text(GLANCE)
    app = AppTest.from_file(str(tmp_path / "alone.py"), default_timeout=300).run()
    assert not app.exception and "Bias: what it costs whom" in words(app)


@given(st.text())
def test_no_mark_of_markdown_in_a_text_stays_alive(text):
    shown, at = inert(text), 0
    while at < len(shown):
        assert shown[at] not in "`*[]<>$~|"
        at += 2 if shown[at] == "\\" else 1
    assert re.sub(r"\\(.)", r"\1", shown, flags=re.DOTALL) == text
