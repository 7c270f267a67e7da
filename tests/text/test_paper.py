"""The authors' figures beside a run's own."""

import dataclasses
from pathlib import Path

import pytest

from scpo import runs
from scpo.metrics.accuracy import MEAN
from scpo.text import paper

DEMO_RUN = Path(runs.__file__).parents[1] / "demo_run"


@pytest.fixture(scope="module")
def built_in():
    return runs.read(DEMO_RUN)


def test_the_tables_figures_stand_beside_the_runs_own_means(built_in):
    table = paper.beside(built_in).set_index(["method", "subset"])
    assert table.loc[("scpo", "full"), "paper"] == pytest.approx(0.6272)
    assert table.loc[("filter", "distinct"), "paper"] == pytest.approx(0.6301)
    own = built_in.tables["accuracy"].set_index(["country", "method", "subset"])
    for method, subset in table.index:
        assert table.loc[(method, subset), "accuracy"] == own.loc[(MEAN, method, subset), "accuracy"]


def test_differences_are_told_with_the_papers_and_with_the_runs_interval(built_in):
    first, line = paper.beside_lines(built_in)[:2]
    row = built_in.tables["paired"].query(
        "country == @MEAN and subset == 'full' and method == 'scpo' and against == 'full'"
    )
    assert "+0.6 points in the paper" in line and f"{100 * row['difference'].iloc[0]:+.1f}" in line and "95 %" in line
    assert first.startswith("Of 5 differences") and "may be chance here" in first


def test_the_pairs_kept_and_the_four_readings_are_those_of_the_run(built_in):
    kept = paper.kept(built_in).set_index("country")
    selection = built_in.tables["selection"].set_index("country")
    assert kept.loc["Alvoria", "kept"] == round(selection.loc["Alvoria", "pairs"] * selection.loc["Alvoria", "kept"])
    assert kept.loc["Alvoria", "per_kept"] == pytest.approx(1 / selection.loc["Alvoria", "kept"], rel=1e-3)
    table = paper.readings(built_in)
    assert list(table["reading"]) == [
        "Ratio of labelled pairs",
        "Ratio of pairs trained on",
        "Gain per pair trained on",
        "Pairs per pair kept",
    ]
    top = built_in.tables["curve"].query("country == @MEAN and method == 'scpo'").sort_values("pairs").iloc[-1]
    assert table["times"].iloc[-1] == pytest.approx(top["pairs"] / top["trained"])
    assert not any("nan" in line for line in paper.reading_lines(table))


def test_the_last_step_is_that_of_the_path_and_the_chosen_one_that_of_the_table(built_in):
    table = paper.steps(built_in).set_index("method")
    path = built_in.tables["path"].query("country == @MEAN and subset == 'full' and method == 'scpo'")
    assert table.loc["scpo", "last"] == path.sort_values("step")["accuracy"].iloc[-1]
    own = built_in.tables["accuracy"].query("country == @MEAN and subset == 'full' and method == 'scpo'")
    assert table.loc["scpo", "chosen"] == own["accuracy"].iloc[0]
    assert "shared" not in table.index, "what is fitted at once has no steps"


def test_the_card_of_canada_is_twenty_pairs_and_less_than_so_few_people_can_show():
    line = paper.card_line()
    assert "20 pairs of 346" in line and "60.40 % before and 66.19 % after" in line and "this one is 5.8" in line


def test_a_run_without_the_papers_methods_has_no_lines(built_in):
    lacking = {
        name: table[table["method"].isin(["global", "ridge"])] if "method" in table else table
        for name, table in built_in.tables.items()
    }
    alone = dataclasses.replace(built_in, tables=lacking)
    assert (
        paper.beside_lines(alone) == [] and not len(paper.readings(alone)) and paper.step_line(paper.steps(alone)) == ""
    )
    assert list(paper.beside(alone)["method"].unique()) == ["global"]
