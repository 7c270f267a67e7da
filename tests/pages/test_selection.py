"""Filter and weight: what a run keeps of its global model, what is worked out of it, and the page in every state."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from streamlit.testing.v1 import AppTest

from scpo import DataConfig, ExperimentConfig, data, run, runs
from scpo.charts import selection
from scpo.charts.style import SIMULATED
from scpo.errors import RunFolderError
from scpo.grouping import ALL
from scpo.jobs.store import open_store
from scpo.metrics import filtering
from scpo.metrics.filtering import Chosen, Margins, disagreement, filter_frame, weight_frame
from scpo.runs.files import write_json
from scpo.runs.global_rewards import COLUMNS, FILE, read_margins, write_margins
from scpo.selection import keep_mask, pair_weights
from scpo.text.selection import example_places, headline, moved_sentence

from fakes import scored_rows

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "pages" / "selection.py"


def margins_of(countries: dict[str, list[float]], units: dict[str, list[int]] | None = None) -> Margins:
    """Margins written out by hand: the rejected answer has reward 0, the chosen one the margin."""
    sizes = [len(m) for m in countries.values()]
    values = np.concatenate([np.array(m, np.float32) for m in countries.values()])
    code = np.repeat(np.arange(len(sizes), dtype=np.int16), sizes)
    unit = np.concatenate([(units or {}).get(c, range(len(m))) for c, m in countries.items()]).astype(np.int32)
    row = np.arange(len(values), dtype=np.int32)
    return Margins(tuple(countries), row, code, unit, values, np.zeros_like(values))


# what a run keeps


def test_a_run_keeps_what_its_own_summary_of_the_selection_was_made_from(demo_run):
    result = runs.read(demo_run)
    found = Chosen.at(read_margins(demo_run), result.config.tau, result.config.beta).shares
    told = result.tables["selection"].set_index("country")
    for column in ("pairs", "kept", "effective"):
        assert found.set_index("country")[column].drop(ALL).tolist() == pytest.approx(told[column].tolist())
    disagree = disagreement(read_margins(demo_run), shared_units=False).set_index("country")["disagree"]
    assert disagree.tolist() == pytest.approx(told["disagree"].tolist())


def test_the_rows_are_the_training_pairs_of_the_countries_and_18_bytes_each(demo_run):
    loaded, found = data.load(runs.read(demo_run).config.data), read_margins(demo_run)
    for country in found.countries:
        assert found.row[found.of(country)].tolist() == loaded.of(country, "train").tolist()
    assert (loaded.pairs["unit"].to_numpy()[found.row] == found.unit).all()
    assert (demo_run / FILE).stat().st_size < 18 * len(found.row) + 1000


def test_rewards_come_back_bit_for_bit(tmp_path):
    """Country A starts from rewards 0, 1, 2, 3 and B from 0, 10, 20, 30; pair 1 is (text 3, text 0)."""
    pairs = pd.DataFrame({"chosen": [1, 3, 2], "rejected": [0, 0, 3], "unit": [7, 8, 8]})
    rows = {"A": np.array([0, 2]), "B": np.array([1])}
    text = np.arange(4, dtype=np.float32)
    write_margins(tmp_path, pairs, rows, {"A": text, "B": 10 * text})
    found = read_margins(tmp_path)
    assert found.countries == ("A", "B") and found.country.tolist() == [0, 0, 1]
    assert found.row.tolist() == [0, 2, 1] and found.unit.tolist() == [7, 8, 8]
    assert found.chosen_reward.tolist() == [1, 2, 30] and found.margin.tolist() == [1, -1, 30]
    assert found.of("B").tolist() == [2] and found.of(ALL).tolist() == [0, 1, 2]


def test_an_older_run_without_the_file_says_what_to_do(tmp_path):
    with pytest.raises(RunFolderError, match="older version.*Delete the run and run it again"):
        read_margins(tmp_path)


def columns(n=3, **other):
    zeros = {name: np.zeros(n, dtype) for name, dtype in COLUMNS.items()}
    return {**zeros, **other}


@pytest.mark.parametrize(
    "tensors, about, why",
    [
        (columns(0), '{"countries": ["A"]}', "n > 0"),
        (columns(unit=np.zeros(2, np.int32)), '{"countries": ["A"]}', "not one"),
        (columns(country=np.array([0, 1, 0], np.int16)), '{"countries": ["A"]}', "cannot be"),
        (columns(row=np.array([0, -1, 0], np.int32)), '{"countries": ["A"]}', "cannot be"),
        (columns(chosen_reward=np.array([0, np.nan, 0], np.float32)), '{"countries": ["A"]}', "not a number"),
        (columns(), "{}", "cannot be read"),
        (columns(), "no json", "cannot be read"),
        ({"row": np.zeros(3, np.int32)}, '{"countries": ["A"]}', "cannot be read"),
    ],
)
def test_a_damaged_file_is_refused_with_the_reason(tmp_path, tensors, about, why):
    (tmp_path / FILE).write_bytes(safetensors.numpy.save(tensors, metadata={"about": about}))
    with pytest.raises(RunFolderError, match=f"damaged.*{why}"):
        read_margins(tmp_path)


def test_a_file_cut_short_is_refused(tmp_path, demo_run):
    (tmp_path / FILE).write_bytes((demo_run / FILE).read_bytes()[:-5])
    with pytest.raises(RunFolderError, match="damaged: it cannot be read"):
        read_margins(tmp_path)


# shares, effective sample size, disagreement


def test_shares_and_effective_sample_size_worked_by_hand():
    """beta 1: margins ln(1/2), ln(1/4) weigh .5 and .25; 0 weighs 1; 3 (p .95) is dropped at tau .7.

    A keeps 3 of 4: (.5 + .25 + 1)^2 / (.25 + .0625 + 1) = 3.0625 / 1.3125 = 2.3333; B keeps none of 1.
    All: the same three pairs of 5.
    """
    found = Chosen.at(margins_of({"A": [-np.log(2), -np.log(4), 0, 3], "B": [3]}), 0.7, 1.0).shares
    assert found["country"].tolist() == ["A", "B", ALL] and found["pairs"].tolist() == [4, 1, 5]
    assert found["kept_pairs"].tolist() == [3, 0, 3] and found["kept"].tolist() == [0.75, 0, 0.6]
    assert found["effective_pairs"].tolist() == pytest.approx([7 / 3, 0, 7 / 3])
    assert found["effective"].tolist() == pytest.approx([7 / 12, 0, 7 / 15])


def test_a_country_without_pairs_is_nan_not_zero():
    some = margins_of({"A": [1.0, -1.0], "B": []})
    found = Chosen.at(some, 0.7, 1.1).shares.set_index("country")
    assert found.loc["B", "pairs"] == 0 and np.isnan(found.loc["B", "kept"])
    disagree = disagreement(some, shared_units=False).set_index("country")
    assert np.isnan(disagree.loc["B", "disagree"]) and disagree.loc["B", "units"] == 0
    selection.shares_chart(found.reset_index(), False)
    selection.disagreement_chart(disagree.reset_index(), "user", False)


finite = hnp.arrays(np.float32, st.integers(1, 40), elements=st.floats(-50, 50, width=32))


@given(finite, st.floats(0.01, 1), st.floats(0.1, 5))
def test_the_effective_sample_is_between_nothing_and_the_kept_pairs(m, tau, beta):
    row = Chosen.at(margins_of({"A": list(m)}), tau, beta).of(ALL)
    assert row["kept_pairs"] == keep_mask(m.astype(float), tau).sum()
    if row["kept_pairs"] and not np.isnan(row["effective_pairs"]):
        assert 0 < row["effective_pairs"] <= row["kept_pairs"] * (1 + 1e-9)


def test_disagreement_counts_no_ties_and_has_an_interval_over_whole_users():
    """Eight users of A with 2 pairs each: one wrong and one right, so every resample of users says one half.

    B has margins -1, 0, 1, 2 of two users: a quarter disagrees, one tie, too few users for an interval.
    """
    units = {"A": [n // 2 for n in range(16)], "B": [8, 8, 9, 9]}
    found = disagreement(margins_of({"A": [1, -1] * 8, "B": [-1, 0, 1, 2]}, units), False).set_index("country")
    assert found.loc["A"].tolist() == [0.5, 0.5, 0.5, 16, 8, 0]
    assert found.loc["B", ["disagree", "pairs", "units", "ties"]].tolist() == [0.25, 4, 2, 1]
    assert np.isnan(found.loc["B", "low"]) and found.dtypes["low"].kind == "f"


@given(finite)
def test_no_pair_is_lost_in_a_histogram(m):
    some = margins_of({"A": list(m)})
    now = Chosen.at(some, 0.6, 1.1)
    for table in (filter_frame(some, some.of(ALL), now), weight_frame(some, some.of(ALL), now)):
        assert table["kept"].sum() == now.keep.sum() and table["dropped"].sum() == (~now.keep).sum()
    assert filtering.strips(some, 20).to_numpy().sum() == pytest.approx(1)


def test_the_kept_bars_end_at_the_cut():
    some = margins_of({"A": list(np.linspace(-5, 5, 2001))})
    table = filter_frame(some, some.of(ALL), Chosen.at(some, 0.6, 1.1))
    assert (table["dropped"][table["high"] < 0.599] == 0).all() and (table["kept"][table["low"] > 0.599] == 0).all()


def test_one_odd_pair_does_not_flatten_the_histogram_of_margins():
    some = margins_of({"A": [*np.linspace(-3, 3, 3000), 1000.0]})
    table = weight_frame(some, some.of(ALL), Chosen.at(some, 0.6, 1.1))
    assert table["high"].iloc[-1] < 4 and table[["kept", "dropped"]].to_numpy().sum() == 3001


# example pairs


def places(some, along, before=(0.7, 1.1), now=(0.7, 1.1), country=ALL):
    return example_places(some, country, Chosen.at(some, *before), Chosen.at(some, *now), along)


def test_examples_along_f_are_the_pairs_nearest_to_0_to_1():
    """sigmoid: -9 is .00, -1.0986 is .25, 0 is .5, 1.0986 is .75, 9 is 1; the others lie between."""
    some = margins_of({"A": [0.5, -9, 0, -1.0986, 2, 9, 1.0986, -2]})
    assert places(some, "F") == [
        (1, "nearest to F = 0"),
        (3, "nearest to F = 0.25"),
        (2, "nearest to F = 0.5"),
        (6, "nearest to F = 0.75"),
        (5, "nearest to F = 1"),
    ]


def test_examples_along_w_move_with_beta_and_prefer_the_smallest_margin_among_equals():
    """At beta 1, exp(-ln 4) = .25 and so on; at beta 2 the weights are their square roots; 5, .2 and 3 share W = 1."""
    some = margins_of({"A": [5, -np.log(4), -np.log(2), -np.log(4 / 3), 0.2, -20, 3, -np.log(16)]})
    assert [place for place, _ in places(some, "W", now=(0.7, 1.0))] == [5, 1, 2, 3, 4]
    assert [place for place, _ in places(some, "W", now=(0.7, 2.0))] == [5, 7, 1, 2, 4]


def test_no_pair_is_shown_twice_and_few_pairs_give_few_examples():
    assert [p for p, _ in places(margins_of({"A": [0.0, 1.0, 2.0]}), "F")] == [0, 1, 2]
    found = [p for p, _ in places(margins_of({"A": [0.0] * 9}), "W")]
    assert len(set(found)) == 5


def test_examples_are_of_the_chosen_country():
    some = margins_of({"A": [0.0, 1.0], "B": [0.5, -0.5, 2.0]})
    assert {p for p, _ in places(some, "F", country="B")} == {2, 3, 4}


def test_the_pairs_that_change_against_the_run_are_those_that_crossed_the_cut():
    """tau .7 -> .5: only margins in [0, .8473) are dropped by it; margin .2 loses weight 1, and so does .4."""
    some = margins_of({"A": [-3, 0.2, 2, 0.4, -1]})
    assert places(some, "changed", before=(0.7, 1.1), now=(0.5, 1.1)) == [
        (1, "W = 1.00 → dropped"),
        (3, "W = 1.00 → dropped"),
    ]
    assert places(some, "changed") == []


# words


def said(some, before, now):
    return moved_sentence(Chosen.at(some, *before), Chosen.at(some, *now))


def test_what_moved_is_said_with_numbers_and_the_country_that_moves_most():
    """tau .7 -> .5 drops margins in [0, .8473): one of A's four, two of B's two."""
    some = margins_of({"A": [-1, -2, 0.5, 3], "B": [0.1, 0.2]})
    words = said(some, (0.7, 1.1), (0.5, 1.1))
    assert words.startswith("**τ 0.70 → 0.50**: 3 pairs fewer are kept (2 of 6); the effective sample goes from 4 to ")
    assert words.endswith("B loses most: 100.0 points of its share kept.")
    assert "3 pairs more are kept (5 of 6)" in said(some, (0.5, 1.1), (0.7, 1.1))
    assert "B gains most" in said(some, (0.5, 1.1), (0.7, 1.1))


def test_a_move_of_beta_speaks_of_the_effective_sample():
    some = margins_of({"A": [-1, -2, -3, -4, 0] * 40, "B": [0.1, 0.2] * 40})
    words = said(some, (0.7, 1.1), (0.7, 0.5))
    assert "β 1.10 → 0.50" in words and "no pair crosses the cut" in words and "A loses most" in words


def test_no_move_and_a_move_that_changes_nothing_are_said():
    some = margins_of({"A": [-1, 3]})
    assert said(some, (0.7, 1.1), (0.7, 1.1)).startswith("Move a slider")
    assert "no pair crosses the cut, and the effective sample stays" in said(some, (0.7, 1.1), (0.71, 1.1))


def test_the_name_of_a_country_stays_text():
    some = margins_of({"![x](http://evil)<b>": [0.1], "B": [2.0]})
    assert "![x]" not in said(some, (0.7, 1.1), (0.5, 1.1))
    now = Chosen.at(some, 0.7, 1.1)
    card = {"simulated": False, "unit": "user"}
    for picture in selection.pictures(some, now, ALL, disagreement(some, False), card).values():
        assert "<b>" not in picture.figure.to_json().replace("\\u003c", "<").replace("\\u003e", ">")


# charts


def drawn(some, tau=0.6, beta=1.1, simulated=True):
    card = {"simulated": simulated, "unit": "user"}
    return selection.pictures(some, Chosen.at(some, tau, beta), ALL, disagreement(some, False), card)


@pytest.fixture(scope="module")
def demo_margins(demo_run):
    return read_margins(demo_run)


def test_every_figure_of_simulated_data_says_so_inside_itself_and_has_units(demo_margins):
    for picture in drawn(demo_margins).values():
        assert SIMULATED in picture.figure.layout.title.text
        assert picture.figure.layout.xaxis.title.text and picture.alt and len(picture.table)
    for picture in drawn(demo_margins, simulated=False).values():
        assert picture.figure.layout.title.text is None


def test_the_cut_is_drawn_at_tau_and_at_its_margin():
    """ln(.6 / .4) = .4055."""
    wide = margins_of({"A": list(np.linspace(-3, 3, 100))})
    pictures = drawn(wide, tau=0.6)
    assert pictures["filter"].figure.layout.shapes[0].x0 == 0.6 == pictures["strips"].figure.layout.shapes[0].x0
    assert pictures["weight"].figure.layout.shapes[0].x0 == pytest.approx(0.4055, abs=1e-4)
    assert not drawn(wide, tau=1.0)["weight"].figure.layout.shapes


def test_the_name_of_the_cut_stands_above_the_bars_and_the_colour_bar_is_as_high_as_the_strips():
    pictures = drawn(margins_of({"A": list(np.linspace(-3, 3, 100))}))
    for name in ("filter", "weight"):
        figure = pictures[name].figure
        highest = (figure.data[0].y + figure.data[1].y).max()
        assert figure.layout.yaxis.range[1] >= 1.1 * highest
    bar = pictures["strips"].figure.data[0].colorbar
    assert bar.len == 1 and bar.title.side == "right"


def test_the_settings_of_the_run_are_dotted_where_the_sliders_stand_elsewhere():
    """ln(.7 / .3) = .8473."""
    some = margins_of({"A": list(np.linspace(-3, 3, 100))})
    own, card = Chosen.at(some, 0.7, 1.1), {"simulated": False, "unit": "user"}

    def of(now):
        return selection.pictures(some, now, ALL, disagreement(some, False), card, own)

    at_rest, moved = of(own), of(Chosen.at(some, 0.5, 2.0))
    assert len(at_rest["filter"].figure.layout.shapes) == 1 and len(at_rest["weight"].figure.data) == 3
    for name, at in (("filter", 0.7), ("weight", np.log(7 / 3)), ("strips", 0.7)):
        line = moved[name].figure.layout.shapes[-1]
        assert line.x0 == pytest.approx(at) and line.line.dash == "dot", name
    assert any("this run" in note.text for note in moved["filter"].figure.layout.annotations)
    ghost = moved["weight"].figure.data[2]
    assert ghost.line.dash == "dot" and np.array(ghost.y) == pytest.approx(pair_weights(np.array(ghost.x), 1.1))
    hollow = [trace for trace in moved["shares"].figure.data if "in this run" in (trace.name or "")]
    assert [trace.x[0] for trace in hollow] == pytest.approx(
        [100 * own.of(ALL)["kept"], 100 * own.of(ALL)["effective"]]
    )


def test_the_weight_curve_follows_beta(demo_margins):
    for beta in (0.5, 2.0):
        curve = drawn(demo_margins, beta=beta)["weight"].figure.data[-1]
        assert np.array(curve.y) == pytest.approx(pair_weights(np.array(curve.x), beta)) and f"{beta:.2f}" in curve.name


def test_dots_show_percent_with_n(demo_margins):
    picture = drawn(demo_margins)["shares"]
    dots, table = picture.figure.data[1], picture.table.set_index("country")
    at = list(dots.y).index("Galune")
    assert dots.x[at] == pytest.approx(100 * table.loc["Galune", "kept"])
    assert f"of {table.loc['Galune', 'pairs']:,} pairs are kept" in dots.hovertext[at]


def test_disagreement_is_sorted_and_has_intervals_with_people_and_pairs(demo_margins):
    picture = drawn(demo_margins)["disagreement"]
    dots = picture.figure.data[0]
    assert list(dots.x) == sorted(dots.x) and all("95 %" in text and "users" in text for text in dots.hovertext)


def test_a_share_that_a_move_leaves_as_it_is_has_no_change_beside_it():
    some = margins_of({"A": [1.0, -1.0, 0.2]})
    before, now = Chosen.at(some, 0.7, 1.1), Chosen.at(some, 0.7, 0.5)
    share, effective = headline(before, now, "A")
    assert share[2] is None and "points against this run" in effective[2]


def test_a_country_whose_texts_cannot_be_read_has_words_in_place_of_a_disagreement():
    table = disagreement(margins_of({"A": [1.0, -1.0] * 8, "B": [0.0] * 8, "C": []}), False, ["B"])
    assert np.isnan(table.set_index("country").loc["B", ["disagree", "low", "high"]].astype(float)).all()
    assert table.set_index("country").loc["B", ["pairs", "ties"]].tolist() == [8, 8]
    figure = selection.disagreement_chart(table, "user", False)
    said = {note.y: note.text for note in figure.layout.annotations if note.y in ("A", "B", "C")}
    assert said == {"B": "its texts cannot be read", "C": "no training pairs"}
    assert not any("nan" in text for text in figure.data[0].hovertext)


# the page


def opened(**query):
    app = AppTest.from_file(str(PAGE), default_timeout=300)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def words(app):
    kinds = (app.title, app.header, app.markdown, app.caption, app.info, app.warning, app.error, app.metric)
    return " ".join(str(getattr(e, "value", "")) + str(getattr(e, "label", "")) for kind in kinds for e in kind)


def specs(app):
    return [json.loads(e.proto.spec) for e in app.get("plotly_chart")]


@pytest.fixture
def with_run(workspace, demo_run):
    return shutil.copytree(demo_run, workspace / "runs" / "demo-finished")


def other_run(demo_run, folder, tau):
    """The demo run as if it had been made with another tau."""
    shutil.copytree(demo_run, folder)
    config = {**json.loads((folder / "config.json").read_text()), "tau": tau}
    write_json(folder / "config.json", config)
    runs.finish(folder, 1.0)
    return folder


def test_a_finished_run_shows_five_labelled_charts_with_words_and_numbers_beside_them(with_run):
    app = opened()
    assert not app.exception and not app.error and not app.warning and SIMULATED in words(app)
    assert all("Simulated" in spec["layout"]["title"]["text"] for spec in specs(app)) and len(specs(app)) == 5
    assert all(e.proto.alt for e in app.get("plotly_chart")) and len(app.dataframe) == 5
    assert len(app.get("latex")) == 4 and len(app.metric) == 2


def test_the_sliders_start_at_the_settings_of_the_run_and_say_what_they_are(with_run):
    app, config = opened(), runs.read_config(with_run)
    assert app.slider(key="tau").value == config.tau == 0.5 and app.slider(key="beta").value == config.beta
    assert "filter threshold" in app.slider(key="tau").proto.help and "temperature" in app.slider(key="beta").proto.help
    assert "Move a slider" in words(app)


def test_moving_tau_moves_every_figure_that_depends_on_it_and_says_what_changed(with_run):
    app = opened()
    before, shares = specs(app), [m.value for m in app.metric]
    app.slider(key="tau").set_value(0.3).run()
    after = specs(app)
    assert not app.exception and "**τ 0.50 → 0.30**" in words(app) and "loses most" in words(app)
    assert [a == b for a, b in zip(before, after, strict=True)] == [False] * 4 + [True]
    assert [m.value for m in app.metric] != shares and all("points against this run" in m.delta for m in app.metric)
    app.slider(key="tau").set_value(0.4).run()
    assert "**τ 0.50 → 0.40**" in words(app), "against the run, not against where the slider stood"
    button = next(b for b in app.button if b.label == "Back to the run's settings")
    button.click().run()
    assert "Move a slider" in words(app) and app.slider(key="tau").value == 0.5


def test_moving_beta_leaves_the_kept_pairs(with_run):
    app = opened()
    kept_before, effective_before = (m.value for m in app.metric)
    app.slider(key="beta").set_value(0.3).run()
    kept_now, effective_now = (m.value for m in app.metric)
    assert kept_now == kept_before and effective_now != effective_before
    assert "β 1.10 → 0.30" in words(app) and "no pair crosses the cut" in words(app)


def test_at_the_ends_of_the_sliders_there_are_figures_and_no_failure(with_run):
    for tau, beta in ((0.01, 0.05), (1.0, 5.0)):
        app = opened(tau=tau, beta=beta)
        assert not app.exception and app.slider(key="tau").value == tau and app.slider(key="beta").value == beta
        assert len(specs(app)) == 5


def test_a_link_opens_the_same_sliders_country_and_examples(with_run):
    app = opened(tau="0.61", beta="0.8", country="Galune", along="W")
    assert app.slider(key="tau").value == 0.61 and app.slider(key="beta").value == 0.8
    assert app.selectbox(key="country").value == "Galune" and "Share kept, Galune" in words(app)
    assert "nearest to W = 0.25" in words(app) and "τ 0.50 → 0.61, β 1.10 → 0.80" in words(app)


def test_a_forged_link_falls_back_to_the_run(with_run):
    app = opened(tau="7", beta="<script>", country="../etc", along="x")
    assert not app.exception and app.slider(key="tau").value == 0.5 and app.selectbox(key="country").value == ALL


def test_another_run_brings_its_own_settings(with_run, workspace, demo_run):
    other_run(demo_run, workspace / "runs" / "demo-other", tau=0.9)
    app = opened()
    picker = app.selectbox[0]
    first = app.slider(key="tau").value
    app.slider(key="tau").set_value(0.33).run()
    app.selectbox[0].select_index(1 - picker.index).run()
    assert {first, app.slider(key="tau").value} == {0.5, 0.9} and "Move a slider" in words(app)


def test_the_examples_show_prompt_answers_scores_rewards_filter_value_and_weight(with_run):
    app, loaded, some = opened(), data.load(runs.read(with_run).config.data), read_margins(with_run)
    place = example_places(some, ALL, *[Chosen.at(some, 0.5, 1.1)] * 2, "F")[1][0]
    pair = loaded.pairs.iloc[some.row[place]]
    assert len(app.text) == 15  # five pairs, each a prompt and two answers
    assert [t.value for t in app.text[3:6]] == [
        loaded.texts["prompt"][pair["chosen"]],
        *loaded.texts["response"][[pair["chosen"], pair["rejected"]]],
    ]
    told = f"F = {some.p_global[place]:.2f}, W = {np.exp(some.margin[place] / 1.1):.2f}** (nearest to F = 0.25)"
    assert told in words(app)
    assert f"-badge[chosen: {pair['score_chosen']:g}] r⁺ = {some.chosen_reward[place]:.2f}" in words(app)
    assert f"-badge[rejected: {pair['score_rejected']:g}] r⁻ = {some.rejected_reward[place]:.2f}" in words(app)


def test_examples_of_what_changes_need_a_move(with_run):
    app = opened(along="changed")
    assert not app.text and "None of these pairs changes against this run" in words(app)
    app.slider(key="tau").set_value(0.4).run()
    assert len(app.text) == 9 and "→ dropped" in words(app)


def test_a_run_of_an_older_version_is_said_with_what_to_do(with_run):
    (with_run / FILE).unlink()
    app = opened()
    assert not app.exception and "older version" in app.error[0].value and not app.slider


@pytest.fixture(scope="module")
def own_run(tmp_path_factory, tiny_encoder):
    """A finished run on a file with hostile texts, and the file's content."""
    folder = tmp_path_factory.mktemp("own")
    rows = scored_rows(90)
    rows["response"] = "<script>alert(1)</script> ![x](http://evil/x.png) $\\frac{1}{0}$ **bold** " + rows["response"]
    rows.to_csv(folder / "own.csv", index=False)
    config = ExperimentConfig(
        DataConfig("file", (str(folder / "own.csv"),)),
        methods=("global", "scpo"),
        seeds=1,
        steps=5,
        encoder=str(tiny_encoder),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCPO_WORKSPACE", str(folder))
        run(config, folder / "run")
    return folder


@pytest.fixture
def with_own_run(workspace, own_run):
    shutil.copytree(own_run / "run", workspace / "runs" / "file-own")
    return own_run / "own.csv"


def test_texts_of_a_file_are_shown_as_text_only(with_own_run):
    app = opened()
    assert not app.exception and SIMULATED not in words(app)
    assert sum(text.value.startswith("<script>") for text in app.text) == 10
    assert "<script>" not in words(app) and not any(m.proto.allow_html for m in app.markdown)


def test_charts_stay_when_the_source_file_is_gone_or_changed(with_own_run):
    content = with_own_run.read_bytes()
    try:
        with_own_run.unlink()
        app = opened()
        assert not app.exception and len(specs(app)) == 5 and not app.text
        assert "its texts cannot be read" in app.warning[0].value and "own.csv" in app.warning[0].value
        with_own_run.write_bytes(content.replace(b"bold", b"BOLD"))
        app = opened()
        assert not app.exception and len(specs(app)) == 5 and not app.text
        assert "not what it was when this run was made" in app.warning[0].value
        app.slider(key="tau").set_value(0.4).run()
        assert not app.exception and "τ 0.70 → 0.40" in words(app)
    finally:
        with_own_run.write_bytes(content)
    assert len(opened().text) == 15


def test_the_run_of_the_bench_is_one_that_the_page_can_show(monkeypatch, tmp_path):
    from scpo.bench import app as app_bench

    for name, small in {"FOURS": 2_000, "TWOS": 10, "MOVES": 4}.items():
        monkeypatch.setattr(app_bench, name, small)
    with app_bench.workspace(tmp_path) as space:
        app_bench.prism_sized_run(space)
        measured = app_bench._slider(open_store(space).get(space / "runs" / "prism-sized").id)
    assert set(measured) == {"name", "value", "unit", "goal", "reached"} and measured["value"] > 0
