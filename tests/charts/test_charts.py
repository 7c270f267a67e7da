"""Charts are functions of frames: units on the axes, n in the hover text, simulated data labelled."""

import csv
import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scpo import runs
from scpo.charts import bias, selection, taste
from scpo.charts import data as data_charts
from scpo.charts import steer as steer_charts
from scpo.charts import study as study_charts
from scpo.charts.accuracy import accuracy_chart
from scpo.charts.best_of_n import best_of_n_chart
from scpo.charts.bias import plane_chart, transfer_chart
from scpo.charts.colours import METHOD, SYMBOL
from scpo.charts.efficiency import curve_chart
from scpo.charts.frontier import frontier_chart
from scpo.charts.method_picture import method_picture
from scpo.charts.style import SIMULATED
from scpo.charts.world_map import world_map
from scpo.config import DataConfig
from scpo.data import counts, load
from scpo.export.safe_csv import safe_csv
from scpo.methods import METHODS
from scpo.metrics.best_of_n import COLUMNS


@pytest.fixture(scope="module")
def tables(demo_run):
    return runs.read(demo_run).tables


@pytest.mark.parametrize("x, y, shown", [(36.0, 89.4, ""), (36.0, 80.0, "Shared prior (ours)")])
def test_a_name_in_the_plane_gives_way_to_one_that_it_would_run_into(x, y, shown):
    points = {"global": (0.0, 100.0), "scpo": (32.7, y - 1.5), "full": (x, y), "shared": (42.9, 89.6)}
    places = pd.DataFrame.from_dict(points, orient="index", columns=["x", "y"])
    assert [bias._label(m, places) for m in points] == [
        "Global model",
        "SCPO (paper)",
        "Fine-tuned on all pairs",
        shown,
    ]


def figures(tables, simulated=True):
    methods = ["global", "full", "scpo"]
    return {
        "accuracy": accuracy_chart(tables["accuracy"], methods, "user", simulated),
        "transfer": transfer_chart(tables["transfer"], "scpo", simulated),
        "plane": plane_chart(tables["accuracy"], tables["path"], methods, simulated),
        "curve": curve_chart(tables["curve"], "mean", methods, "labelled", simulated),
    }


def test_every_figure_of_simulated_data_says_so_inside_itself(tables):
    for figure in figures(tables).values():
        assert SIMULATED in figure.layout.title.text
    for figure in figures(tables, simulated=False).values():
        assert figure.layout.title.text is None


def test_axes_have_titles_with_units(tables):
    for name, figure in figures(tables).items():
        assert figure.layout.xaxis.title.text and (figure.layout.yaxis.title.text or name == "accuracy")
    assert "%" in figures(tables)["curve"].layout.yaxis.title.text
    assert figures(tables)["curve"].layout.xaxis.type == "log"


def test_accuracies_are_drawn_in_percent_with_interval_and_n(tables):
    figure = figures(tables)["accuracy"]
    full = tables["accuracy"].query("subset == 'full' and country == 'mean'").set_index("method")
    trace = next(t for t in figure.data if t.name == "scpo")
    at = list(trace.y).index("mean")
    assert trace.x[at] == pytest.approx(100 * full.loc["scpo", "accuracy"])
    text = trace.hovertext[at]
    assert f"{full.loc['scpo', 'n']:,} pairs" in text and "95 %" in text and "2 seeds" in text


def test_every_method_has_a_colour_and_symbol_of_its_own():
    assert set(METHOD) == set(SYMBOL) == set(METHODS) and len(set(METHOD.values())) == len(METHODS)


def test_a_method_has_one_colour_in_every_chart(tables):
    drawn = figures(tables)
    accuracy = next(t for t in drawn["accuracy"].data if t.name == "scpo").marker.color
    curve = next(t for t in drawn["curve"].data if t.name == "scpo").line.color
    plane = next(t for t in drawn["plane"].data if t.name == "scpo").marker.color
    assert accuracy == curve == plane == METHOD["scpo"]


def test_the_transfer_matrix_is_square_plus_the_reference_and_the_global_model(tables):
    heat = figures(tables)["transfer"].data[0]
    assert heat.z.shape == (8, 8) and heat.x[-1] == "reference population" and heat.y[-1] == "Global model"


def test_the_trained_reading_moves_filtered_methods_to_fewer_pairs(tables):
    labelled, trained = (
        next(t for t in curve_chart(tables["curve"], "mean", ["scpo"], reading, True).data if t.name == "scpo")
        for reading in ("labelled", "trained")
    )
    assert (labelled.x > trained.x).all() and (labelled.y == trained.y).all()


def test_the_picture_of_the_method_is_drawn_from_the_method():
    figure = method_picture(0.7, 1.1)
    weight = next(t for t in figure.data if "weight" in t.name)
    at = int((abs(weight.x + 1.1)).argmin())
    assert weight.y[at] == pytest.approx(0.3679, abs=0.01) and figure.layout.shapes[0].x0 == pytest.approx(
        0.8473, abs=1e-4
    )


def test_the_map_needs_codes_and_the_bars_need_none():
    table = counts(load(DataConfig()))
    assert SIMULATED in data_charts.country_bars(table, True).layout.title.text
    real = pd.DataFrame({"country": ["Chile"], "iso3": ["CHL"], "pairs": [10], "units": [3]})
    assert list(world_map(real, "user").data[0].locations) == ["CHL"]


def test_exports_hold_no_formula():
    table = pd.DataFrame({"name": ["=cmd()", "+1", "-2", "@x", "plain"], "value": [-1.5, 2, 3, 4, 5]})
    lines = safe_csv(table).splitlines()
    assert lines[1:] == ["'=cmd(),-1.5", "'+1,2.0", "'-2,3.0", "'@x,4.0", "plain,5.0"]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=4, unique=True), st.data())
def test_no_text_or_column_of_an_export_begins_as_a_formula(names, data):
    table = pd.DataFrame({name: [data.draw(st.text(st.characters(exclude_categories=["Cs"])))] for name in names})
    cells = [cell for row in csv.reader(io.StringIO(safe_csv(table), newline="")) for cell in row]
    assert not [cell for cell in cells if cell[:1] in set("=+-@\t\r\n＝＋－＠")]


def test_no_hover_text_leaves_the_sign_of_a_number_to_plotly_which_writes_plus_zero():
    source = Path(data_charts.__file__).parents[1]
    drawing = [*(source / "charts").rglob("*.py"), *(source / "ui").rglob("*.py"), *(source / "export").rglob("*.py")]
    wrong = [path.name for path in drawing if re.search(r"%\{+[^}]*:[^}]*\+", path.read_text())]
    assert not wrong


def hovers(figure):
    """All that a hover may say of numbers made to text in Python."""
    found = []
    for trace in figure.data:
        for part in (trace.hovertext, trace.customdata):
            found += [str(cell) for cell in np.ravel(np.array([] if part is None else part, dtype=object))]
    return found


def test_differences_that_round_to_zero_have_no_sign_in_a_hover():
    study = pd.DataFrame({"country": ["A", "B"], "world": 0, "disagree": 0.2, "difference": [0.0001, -0.0001]})
    answers = pd.DataFrame(
        {"model": "global", "answer": ["A", "B"], "reward": [0.001, -0.001], "rank": [1, 2], "agree": 1, "seeds": 1}
    )
    errors = pd.DataFrame({"model": "country", "axis": ["x", "y"], "country": "A", "error": [0.001, -0.001]})
    for figure in (
        study_charts.countries_chart(study, "scpo", "full", False),
        steer_charts.answers_chart(answers, False),
        taste.errors_chart(errors),
    ):
        said = hovers(figure)
        assert any(re.search(r"(^|[^\d.])0\.0", text) for text in said)
        assert not any(re.search(r"[-+]0\.0+\b|nan", text) for text in said), said


def test_a_cell_without_a_number_has_no_hover():
    cells = pd.DataFrame(
        {
            "model": ["A", "A", "B", "B"],
            "on": ["A", "B"] * 2,
            "method": "scpo",
            "accuracy": [0.6, np.nan, 0.5, 0.7],
            "n": [9, np.nan, 9, 9],
            "units": 3,
        }
    )
    strips = pd.DataFrame([[0.5, 0.5], [np.nan] * 2], ["A", "B"])
    for figure in (bias.transfer_chart(cells, "scpo", False), selection.strips_chart(strips, 0.7, False)):
        assert figure.data[0].hoverongaps is False


def test_best_of_n_is_drawn_as_far_as_there_are_intervals():
    rows = [("mean", "full", n, 0.6, low, 0.7, 0.0, 0.0, 0.0, 9, 9, 9) for n, low in ((2, 0.5), (4, 0.5), (12, np.nan))]
    table = pd.DataFrame(rows, columns=COLUMNS)
    figure = best_of_n_chart(table, ["full", "scpo"], True)
    assert figure.layout.xaxis.tickvals == (2, 4) and SIMULATED in figure.layout.title.text
    assert best_of_n_chart(table[table["n"] == 12], ["full"], True).layout.xaxis.tickvals == (12,)


def test_the_frontier_has_a_curve_and_a_chosen_step_per_method_and_the_edge_of_those_shown(tables):
    figure = frontier_chart(tables["frontier"], ["global", "full", "scpo"], True, shares=tables.get("shares"))
    chosen = {t.name: t for t in figure.data if t.name in ("full", "scpo")}
    at = tables["frontier"].query("country == 'mean' and step == 1").set_index("method")
    for method, trace in chosen.items():
        assert trace.x[0] == pytest.approx(100 * at.loc[method, "consensus"]) and "strength, 1" in trace.hovertext[0]
    assert figure.data[0].name == "the edge" and SIMULATED in figure.layout.title.text
