"""Runs of older versions: ratios that the present rule does not give have words in their place."""

import dataclasses

import numpy as np
import pandas as pd

from scpo import runs
from scpo.cli.result_table import result_table
from scpo.export.report import report
from scpo.metrics.accuracy import NO_GAIN, NO_PAIRS, TOO_FEW, UNCLEAR
from scpo.runs.older_ratios import SAID, by_present_rule, is_older


def as_an_older_version_wrote_it(result):
    """The same run with a ratio in every row, however few people there are."""
    table = result.tables["efficiency"].drop(columns="share_gain").assign(reached=True, note="", ratio=1e10, low=1e9)
    return dataclasses.replace(result, tables=result.tables | {"efficiency": table})


def with_full(result, **values):
    """Every country's `full` with other numbers."""
    table = result.tables["accuracy"].copy()
    table.loc[table["method"] == "full", list(values)] = list(values.values())
    return dataclasses.replace(result, tables=result.tables | {"accuracy": table})


def test_a_run_of_this_version_stays_as_it_is(demo_run):
    result = runs.read(demo_run)
    assert not is_older(result) and by_present_rule(result) is result


def test_ratios_of_an_older_run_are_taken_out_by_the_present_rule_with_the_reason(demo_run):
    older = as_an_older_version_wrote_it(runs.read(demo_run))
    for values, reason in (
        ({"units": 20, "gain": 0.1}, TOO_FEW),
        ({"units": 60, "gain": -0.01}, NO_GAIN),
        ({"units": 60, "gain": 0.1, "gain_low": -0.01}, UNCLEAR),
    ):
        table = by_present_rule(with_full(older, **values)).tables["efficiency"]
        assert set(table["note"]) == {reason} and table["ratio"].isna().all() and not table["reached"].any()
    kept = by_present_rule(with_full(older, units=60, gain=0.1, gain_low=0.02)).tables["efficiency"]
    pd.testing.assert_frame_equal(kept, older.tables["efficiency"])


def test_a_method_of_an_older_run_that_trained_on_no_pair_has_no_ratio(demo_run):
    older = with_full(as_an_older_version_wrote_it(runs.read(demo_run)), units=60, gain=0.1, gain_low=0.02)
    curve = older.tables["curve"].copy()
    curve.loc[curve["method"] == "scpo", "trained"] = 0
    table = by_present_rule(dataclasses.replace(older, tables=older.tables | {"curve": curve})).tables["efficiency"]
    assert set(table.loc[table["method"] == "scpo", "note"]) == {NO_PAIRS}
    assert np.isfinite(table.loc[table["method"] != "scpo", "ratio"]).all()


def test_the_report_of_an_older_run_says_so_and_has_no_such_ratio(demo_run):
    older = as_an_older_version_wrote_it(runs.read(demo_run))
    page = report(with_full(older, units=20, gain=0.1), "older")["report.html"]
    assert SAID in page and "10,000,000,000" not in page
    assert SAID not in report(runs.read(demo_run), "new")["report.html"]
    assert "10,000,000,000" not in result_table(by_present_rule(with_full(older, units=20, gain=0.1)))
