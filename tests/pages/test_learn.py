"""The lesson: what each step claims is true of what it computes, in every country; and the page around it."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr
from streamlit.testing.v1 import AppTest

from scpo.charts import lesson as lesson_charts
from scpo.charts.style import SIMULATED
from scpo.charts.true_reasons import true_reasons_chart
from scpo.charts.wall import enlarge
from scpo.charts.weighing import weighing_chart
from scpo.config import DataConfig, ExperimentConfig
from scpo.errors import ConfigError
from scpo.jobs import launch
from scpo.jobs.store import open_store
from scpo.lesson import bradley_terry, training_steps, true_reasons, weighing
from scpo.lesson import steps as lesson_steps
from scpo.lesson.texts import STEPS
from scpo.lesson.world import HELPFUL, world
from scpo.selection import pair_weights
from scpo.steering.measured_reasons import measured
from scpo.ui import lesson

ROOT = Path(__file__).parents[2]
TAU, BETA = ExperimentConfig().tau, ExperimentConfig().beta
COUNTRIES = world().countries


def opened(**query):
    app = AppTest.from_file(str(ROOT / "pages" / "learn.py"), default_timeout=300)
    for name, value in query.items():
        app.query_params[name] = str(value)
    return app.run()


def words(app):
    kinds = (app.title, app.header, app.subheader, app.markdown, app.caption, app.error)
    return " ".join(str(element.value) for kind in kinds for element in kind)


def collapsed(country, steps=training_steps.MOST_STEPS):
    return training_steps.collapse(world(), country, steps, TAU, BETA).facts


# the world


def test_the_global_model_is_fitted_and_finds_the_references_planted_taste():
    planted = world().taste.iloc[0].to_numpy()
    fitted = world().global_taste
    assert fitted @ planted / np.linalg.norm(fitted) / np.linalg.norm(planted) > 0.99


def test_a_fit_by_newton_is_where_the_gradient_is_zero():
    pairs = np.array([[1.0, 0.0], [1.0, 1.0], [-1.0, 1.0], [0.0, -1.0]])
    taste = bradley_terry.fit(pairs, ridge=0.5)
    assert pairs.T @ bradley_terry.push(pairs @ taste) - 0.5 * taste == pytest.approx([0, 0], abs=1e-9)


def test_one_step_of_descent_is_the_hand_made_gradient():
    """One pair (2, 0) of weight 0.5, and one of weight 0 that does not count: from taste 0, margin 0, push 1/2.

    Step = rate 0.1 x weight 0.5 x push 0.5 x (2, 0) / 1 pair = (0.05, 0).
    """
    tastes = bradley_terry.descend(
        np.array([[2.0, 0.0], [9.0, 9.0]]), np.array([[0.5], [0.0]]), np.zeros(2), np.array([1]), 0.1
    )
    assert tastes[0, :, 0] == pytest.approx([0.05, 0.0])


def test_nobody_can_alter_the_shared_world():
    with pytest.raises(ValueError, match="read-only"):
        world().difference[0, 0] = 5


# 1: one average


def test_with_equal_numbers_everyone_would_still_be_better_served_by_their_own_taste():
    table = lesson_steps.average_taste(world(), "Meridia", 1).table
    assert (table["average_taste"] < table["own_taste"]).all()
    assert table["lost"].max() > 2 * table["lost"].min()


@pytest.mark.parametrize("loudest", world().taste.index)
def test_being_louder_serves_the_loudest_and_costs_the_others(loudest):
    few, many = (lesson_steps.average_taste(world(), loudest, n).table.set_index("country") for n in (1, 30))
    rise = many["average_taste"] - few["average_taste"]
    assert rise[loudest] > 0 and rise.drop(loudest).mean() < 0


def test_those_whose_taste_lies_further_from_the_average_lose_more():
    taste = world().taste.to_numpy()
    average = taste.mean(0)
    alike = taste @ average / np.linalg.norm(taste, axis=1) / np.linalg.norm(average)
    assert spearmanr(alike, lesson_steps.average_taste(world(), "Meridia", 1).table["lost"]).statistic < -0.8


def test_a_model_trained_on_everybody_learns_roughly_the_average_taste():
    count = np.bincount(world().population)
    average = count @ world().taste.to_numpy()
    fitted = bradley_terry.fit(world().difference)
    assert fitted @ average / np.linalg.norm(fitted) / np.linalg.norm(average) > 0.97


def test_the_demo_has_about_five_times_as_many_people_in_meridia():
    people = [lesson_steps.people_of(world(), name) for name in world().taste.index]
    assert 4 <= people[0] / np.mean(people[1:]) <= 6 and max(people) == people[0]


# 2: Bradley-Terry


def test_a_surprise_at_minus_four_pushes_55_times_as_far():
    pair = lesson_steps.example(world())
    a, b = (lesson_steps.one_choice(pair, -4.0, chosen).facts for chosen in "AB")
    assert a["moved"] / -b["moved"] == pytest.approx(np.exp(4)) and round(float(np.exp(4))) == 55
    assert (round(a["push"], 3), round(b["push"], 3)) == (0.982, 0.018)
    assert all(text in STEPS[1].answer for text in ("55 times", "0.982", "0.018"))


def test_the_step_shown_is_a_gradient_step_of_the_whole_model():
    row = next(row for row in world().train(COUNTRIES[0]) if -2 < world().margin[row] < -1)
    difference, rate = world().difference[row], lesson_steps.STEP_SIZE
    pair = lesson_steps.Example("", "", "", float(world().margin[row]), float(difference @ difference))
    moved = bradley_terry.descend(difference[None], np.ones((1, 1)), world().global_taste, np.array([1]), rate)[0, :, 0]
    assert lesson_steps.one_choice(pair, pair.margin, "A").facts["after"] == pytest.approx(difference @ moved)


def test_the_example_is_a_real_pair_of_the_demo_on_which_the_model_and_the_person_disagree():
    pair = lesson_steps.example(world())
    assert pair == lesson_steps.example(world()) and -2 < pair.margin < -1 and pair.a != pair.b
    assert {pair.a, pair.b} <= set(world().pairs.texts["response"])


# 3 and 4: filter and weight


@pytest.mark.parametrize("country", COUNTRIES)
def test_at_one_half_only_pairs_are_left_on_which_the_global_model_is_wrong(country):
    seen = lesson_steps.filtered(world(), country, 0.5)
    assert seen.facts["agree_kept"] == 0 and seen.facts["kept"] > 0
    assert seen.table[["kept_with_own_taste", "kept_against_own_taste", "dropped"]].sum().sum() == seen.facts["pairs"]


@pytest.mark.parametrize("tau", [0.5, TAU])
@pytest.mark.parametrize("country", COUNTRIES)
def test_the_filter_collects_choices_against_the_countrys_own_taste(country, tau):
    facts = lesson_steps.filtered(world(), country, tau).facts
    assert facts["against_kept"] > facts["against_all"]


@pytest.mark.parametrize("country", COUNTRIES)
def test_the_weight_takes_weight_from_choices_against_the_countrys_own_taste(country):
    facts = lesson_steps.weighted(world(), country, TAU, BETA).facts
    assert facts["against_weighted"] < facts["against_kept"] and facts["effective"] < facts["kept"]


def test_a_large_beta_weighs_nothing_down_and_a_small_one_silences_disagreement():
    at = lambda beta: lesson_steps.weighted(world(), "Alvoria", TAU, beta).facts  # noqa: E731
    large, small = at(lesson.BETAS[-1]), at(lesson.BETAS[0])
    assert large["effective"] > 0.9 * large["kept"]
    margin = world().margin[world().train("Alvoria")]
    assert pair_weights(margin[margin < 0], lesson.BETAS[0]).mean() < 0.1
    assert small["effective"] < 1.3 * small["agree_kept"]


# 5: collapse


@pytest.mark.parametrize("country", COUNTRIES)
def test_filter_alone_loses_the_consensus_and_the_weight_slows_it_down(country):
    facts = collapsed(country)
    assert facts["filter_consensus"] + 20 < facts["scpo_consensus"] < facts["full_consensus"]


@pytest.mark.parametrize("country", COUNTRIES)
def test_filter_alone_comes_to_dislike_the_help_that_everybody_likes(country):
    facts = collapsed(country)
    assert (world().taste.iloc[:, HELPFUL] > 0).all()
    assert facts["help_before"] > 0 > facts["filter_help"] and facts["scpo_help"] > facts["filter_help"]


@pytest.mark.parametrize("country", COUNTRIES)
def test_among_kept_pairs_the_helpful_answer_loses_more_often_than_it_wins(country):
    rows = world().train(country)
    helpful, kept = world().difference[rows, HELPFUL], world().margin[rows] < np.log(TAU / (1 - TAU))
    assert (helpful[kept] < 0).sum() > (helpful[kept] > 0).sum() and (helpful < 0).sum() < (helpful > 0).sum()
    assert kept[helpful > 0].mean() < 0.5 < kept[helpful < 0].mean()


@pytest.mark.parametrize("country", COUNTRIES)
def test_scpo_loses_consensus_too_when_it_trains_for_long(country):
    assert collapsed(country)["scpo_consensus"] < collapsed(country, 10)["scpo_consensus"] - 5


@pytest.mark.parametrize("country", COUNTRIES)
def test_in_the_first_steps_the_filter_learns_the_countrys_taste_fastest(country):
    facts = collapsed(country, 10)
    assert facts["filter_distinct"] > max(facts["full_distinct"], facts["scpo_distinct"])


def test_training_at_a_mark_does_not_depend_on_how_long_it_goes_on():
    short, long = (training_steps.collapse(world(), "Galune", steps, TAU, BETA).table for steps in (1, 300))
    first = long[long["step"] == 1].reset_index(drop=True)
    assert short.drop(columns="step").to_numpy()[:, 1:] == pytest.approx(first.drop(columns="step").to_numpy()[:, 1:])


# 6: efficiency


def ratio(country, reading, seeds=3, part=80):
    return training_steps.efficiency(world(), country, seeds, part, reading, TAU, BETA).facts["ratio"]


def test_counting_trained_pairs_always_gives_the_larger_ratio():
    both = [(ratio(c, "labelled"), ratio(c, "trained")) for c in COUNTRIES]
    known = [(a, b) for a, b in both if np.isfinite(a)]
    assert len(known) >= 5 and all(trained > labelled for labelled, trained in known)


def test_in_estovia_the_two_readings_lie_on_two_sides_of_one():
    assert ratio("Estovia", "labelled") < 1 < ratio("Estovia", "trained")


def test_full_mostly_needs_fewer_labelled_pairs_in_this_world():
    assert sum(not ratio(c, "labelled") > 1 for c in COUNTRIES) >= 4


def test_seeds_differ_and_the_first_are_the_same_however_many_follow():
    one, five = (training_steps.efficiency(world(), "Bresland", n, 80, "labelled", TAU, BETA) for n in (1, 5))
    assert one.table["seed_1"].tolist() == five.table["seed_1"].tolist()
    assert five.facts["ratios"].std() > 0 and "only one seed" in one.facts["seeds_words"]


def test_a_target_that_is_not_reached_is_said():
    said = {c: training_steps.efficiency(world(), c, 3, 100, "labelled", TAU, BETA).facts for c in COUNTRIES}
    missed = [facts for facts in said.values() if np.isnan(facts["scpo"])]
    assert missed and all(f["ratio_words"] == "not reached" and "never" in f["scpo_needs"] for f in missed)
    assert all(np.isfinite(facts["full"]) for facts in said.values())


# 7: why


def signs(country, pairs):
    return true_reasons.reasons(world(), country, pairs).facts["sign"]


@pytest.mark.parametrize("country", COUNTRIES)
def test_more_pairs_make_truer_reasons(country):
    assert signs(country, 10) + 10 < signs(country, 800) and signs(country, 800) > 80


def test_shares_of_sentences_add_up_to_what_changes_in_the_reward_of_their_phrases():
    table = true_reasons.reasons(world(), "Galune", 100).table
    parts, levels = true_reasons._answer(world())
    learned = true_reasons._learned(world(), "Galune", 100)[0]
    assert table["sentence"].tolist() == parts and len(parts) >= 6
    assert table["learned"].sum() == pytest.approx(levels.sum(0) @ learned)


def test_the_signs_said_of_models_that_read_are_those_of_the_kept_study():
    facts = true_reasons.reasons(world(), "Galune", 100).facts
    assert facts["read_shared"] == 100 * measured("shared")["sign"].value > facts["read_scpo"] > 50


# 8: limits


def width(country, asked, kind="width"):
    return np.mean([lesson_steps.people(world(), country, asked, sample).facts[kind] for sample in range(25)])


@pytest.mark.parametrize("country", COUNTRIES)
def test_four_times_as_many_people_halve_the_interval(country):
    assert 0.4 < width(country, 48) / width(country, 12) < 0.6


def test_in_most_countries_drawing_pairs_is_too_sure():
    assert sum(width(country, 48, "width_pairs") < width(country, 48) for country in COUNTRIES) >= 5


@pytest.mark.parametrize("country", COUNTRIES)
def test_people_differ_however_narrow_the_interval_of_the_mean(country):
    facts = lesson_steps.people(world(), country, lesson_steps.people_of(world(), country), 1).facts
    assert facts["most"] - facts["least"] > 2 * facts["width"] and facts["estimate"] == pytest.approx(facts["truth"])


# 9: your weights


def reigns(country, steps=100):
    return weighing.weighed(world(), country, 50, steps, TAU, BETA).facts["reigns"][country]


@pytest.mark.parametrize("steps", lesson.TRAINING_STEPS)
@pytest.mark.parametrize("country", COUNTRIES)
def test_no_method_is_first_at_every_weight_and_the_global_model_is_first_for_common_ground_alone(country, steps):
    found = reigns(country, steps)
    assert len(found) >= 2 and found[0][:2] == ("global", 0) and found[-1][2] == 100
    assert all(after[1] == before[2] + 1 for before, after in zip(found, found[1:], strict=False))


@pytest.mark.parametrize("steps", [100, 300])
@pytest.mark.parametrize("country", COUNTRIES)
def test_trained_for_long_the_filter_alone_is_first_for_the_countrys_own_taste_alone(country, steps):
    assert reigns(country, steps)[-1][0] == "filter"


def test_in_between_methods_take_turns_whose_length_depends_on_the_country():
    found = {country: reigns(country) for country in COUNTRIES}
    assert all(len(turns) >= 4 for turns in found.values())
    assert len({turns[1][2] for turns in found.values()}) > 2


@pytest.mark.parametrize("country", COUNTRIES)
def test_plain_accuracy_weighs_by_the_share_of_each_kind_of_pair(country):
    seen = weighing.weighed(world(), country, 50, 100, TAU, BETA)
    held = world().held_out(country)
    wrong = world().margin[held] <= 0
    assert seen.facts["equal"] == pytest.approx(100 * wrong.mean())
    scores = seen.table[seen.table["country"] == country].set_index("method").loc["global"]
    assert (scores["own_taste"], scores["common_ground"], scores["weighed"]) == (0, 1, 0.5)


def test_an_interval_needs_twenty_people_and_says_when_a_lead_may_be_chance():
    said = {c: weighing.weighed(world(), c, 45, 100, TAU, BETA).facts["ahead_words"] for c in COUNTRIES}
    assert "95 % interval" in said["Bresland"] and "may be chance" in said["Bresland"]
    assert "10 people held out: too few for an interval" in said["Cindara"]


def test_a_shift_without_data_stays_at_the_start_and_with_a_flat_prior_is_the_fit():
    pairs = np.array([[1.0, 0.0], [1.0, 1.0], [-1.0, 1.0], [0.0, -1.0]])
    start = np.array([0.3, -0.2])
    assert bradley_terry.shift(pairs[:0], start, np.eye(2)) == pytest.approx([0, 0])
    free = start + bradley_terry.shift(pairs, start, 1e-9 * np.eye(2))
    assert free == pytest.approx(bradley_terry.fit(pairs, 1e-9), abs=1e-5)


def test_the_last_step_ends_with_three_lines_and_links_and_the_one_before_with_five_conclusions():
    assert [len(step.points) for step in STEPS[-2:]] == [5, 3]
    for number in (8, 9):
        wall, page = words(opened(step=number, present=1)), words(opened(step=number))
        assert all(head in wall and head in page for head, _ in STEPS[number - 1].points)


# controls that no slider offers


@pytest.mark.parametrize(
    "call",
    [
        lambda: lesson_steps.average_taste(world(), "Atlantis", 5),
        lambda: lesson_steps.average_taste(world(), "Meridia", 10**9),
        lambda: lesson_steps.one_choice(lesson_steps.example(world()), 99.0, "A"),
        lambda: lesson_steps.one_choice(lesson_steps.example(world()), 0.0, "C"),
        lambda: lesson_steps.filtered(world(), "Galune", 0.0),
        lambda: lesson_steps.weighted(world(), "Galune", TAU, -1.0),
        lambda: training_steps.collapse(world(), "Galune", 10**9, TAU, BETA),
        lambda: training_steps.efficiency(world(), "Galune", 10**6, 80, "labelled", TAU, BETA),
        lambda: training_steps.efficiency(world(), "Galune", 3, 80, "guessed", TAU, BETA),
        lambda: true_reasons.reasons(world(), "Galune", 7),
        lambda: true_reasons.reasons(world(), "Atlantis", 10),
        lambda: lesson_steps.people(world(), "Galune", 1, 1),
        lambda: lesson_steps.people(world(), "Galune", float("nan"), 1),
        lambda: weighing.weighed(world(), "Galune", 101, 100, TAU, BETA),
        lambda: weighing.weighed(world(), "Galune", 50, 10**9, TAU, BETA),
        lambda: weighing.weighed(world(), "Meridia", 50, 100, TAU, BETA),
    ],
)
def test_a_forged_control_is_refused(call):
    with pytest.raises(ConfigError):
        call()


# speed


@pytest.mark.parametrize("country", ["Alvoria"])  # the most pairs
def test_every_step_computes_and_draws_within_150_ms(country):
    here, pair = world(), lesson_steps.example(world())
    steps = (
        lambda: lesson_charts.average_chart(lesson_steps.average_taste(here, "Meridia", 5)),
        lambda: lesson_charts.choice_chart(lesson_steps.one_choice(pair, -1.5, "A")),
        lambda: lesson_charts.filter_chart(lesson_steps.filtered(here, country, TAU)),
        lambda: lesson_charts.weight_chart(lesson_steps.weighted(here, country, TAU, BETA)),
        lambda: lesson_charts.collapse_chart(training_steps.collapse(here, country, 300, TAU, BETA)),
        lambda: lesson_charts.efficiency_chart(training_steps.efficiency(here, country, 3, 80, "labelled", TAU, BETA)),
        lambda: true_reasons_chart(true_reasons.reasons(here, country, 800)),
        lambda: lesson_charts.people_chart(lesson_steps.people(here, country, 54, 1)),
        lambda: weighing_chart(weighing.weighed(here, country, 50, 100, TAU, BETA)),
    )
    for number, step in enumerate(steps, 1):
        taken = []
        for _ in range(7):  # the best of several: other work on the machine is not the step's
            start = time.process_time()
            step()
            taken.append(time.process_time() - start)
        assert min(taken) < 0.15, f"step {number} took {1000 * min(taken):.0f} ms"


# the page


def test_the_lesson_has_nine_steps_of_less_than_half_an_hour():
    assert len(STEPS) == len(lesson.DRAW) == 9 and sum(step.minutes for step in STEPS) == 26
    app = opened()
    assert not app.exception and "9 steps, about 26 minutes" in words(app)


@pytest.mark.parametrize("present", ["", "1"])
@pytest.mark.parametrize("number", range(1, len(STEPS) + 1))
def test_a_link_opens_a_step_with_its_chart_control_question_and_answer(number, present):
    app = opened(step=number, present=present)
    said, step = words(app), STEPS[number - 1]
    assert not app.exception and not app.error
    assert (f"{number}. {step.big}" if present else f"{number}. {step.title}") in said and step.question in said
    assert len(app.slider) + len(app.select_slider) >= 1
    figure = app.get("plotly_chart")[0].proto
    title = json.loads(figure.spec)["layout"]["title"]["text"].replace("<br>", " ")
    assert len(app.get("plotly_chart")) == 1 and SIMULATED in title
    assert figure.alt and not any(bad in said + figure.alt for bad in ("{", "}", "nan"))
    assert len(app.dataframe) == (0 if present else 1) and len(app.expander) == (0 if present else 2)
    label = "The answer" if present else "Show the answer"
    (place,) = [e for e in (app.get("popover") if present else app.expander) if label in str(e.proto)]
    assert len(place.markdown) == 1


@pytest.mark.parametrize("number", range(3, len(STEPS) + 1))
@pytest.mark.parametrize("country", COUNTRIES[1:])
def test_every_country_has_whole_sentences(number, country):
    app = opened(step=number, of=country)
    said = words(app)
    assert not app.exception and country in said + app.get("plotly_chart")[0].proto.alt and "nan" not in said


def test_next_and_previous_go_through_the_lesson_and_end_at_its_ends():
    app = opened()
    assert app.button(key="Previous").disabled
    for number in range(2, len(STEPS) + 1):
        app.button(key="Next").click().run()
        assert app.header[0].value.startswith(f"{number}. ") and app.query_params["step"] == str(number)
    assert app.button(key="Next").disabled and not app.exception
    app.button(key="Previous").click().run()
    assert app.header[0].value.startswith(f"{len(STEPS) - 1}. ")


def test_presenter_mode_is_in_the_link_and_keeps_the_step_and_its_controls():
    app = opened(step=3)
    app.slider[0].set_value(0.5).run()
    app.button(key="flip").click().run()
    assert app.query_params["present"] == "1" and app.title[0].value.startswith("3. ")
    assert app.subheader[0].value.startswith("τ = 0.50") and app.button(key="flip").label == "Leave presenter mode"
    app.button(key="flip").click().run()
    assert "present" not in app.query_params and app.header[0].value.startswith("3. ") and app.slider[0].value == 0.5


def test_large_figures_have_large_type():
    chart = enlarge(lesson_charts.collapse_chart(training_steps.collapse(world(), "Galune", 10, TAU, BETA)))
    assert chart.layout.font.size >= 20 and chart.layout.xaxis.tickfont.size >= 20 and chart.data[0].line.width > 5
    assert chart.layout.title.pad.b >= 3.3 * chart.layout.title.font.size, "both lines of the label are in the figure"


def test_moving_a_control_changes_the_sentence_and_the_chart():
    app = opened(step=5)
    before, drawn = words(app), app.get("plotly_chart")[0].proto.spec
    app.select_slider[0].set_value(300).run()
    assert "After 300 steps" in words(app) and words(app) != before
    assert app.get("plotly_chart")[0].proto.spec != drawn


def test_other_people_give_another_estimate():
    app = opened(step=8)
    before = words(app)
    next(b for b in app.button if b.label == "Ask others").click().run()
    assert not app.exception and words(app) != before


@pytest.mark.parametrize(
    "query",
    [
        {"step": "99"},
        {"step": "<script>alert(1)</script>"},
        {"step": "-1"},
        {"present": "<b>"},
        {"step": "3", "of": "![x](http://evil/x.png)", "cut": "nan"},
        {"step": "5", "trained": "1000000000"},
        {"step": "6", "luck": "100000", "part": "-5", "count": "x"},
        {"step": "7", "pairs": "1e9"},
        {"step": "8", "people": "0"},
        {"step": "9", "own": "1e9", "trained": "7"},
        {"step": "1", "times": "1e9", "loudest": "Atlantis"},
        {"step": "2", "difference": "inf", "chose": "C"},
    ],
)
def test_a_hostile_link_opens_the_lesson_as_it_is(query):
    app = opened(**query)
    assert not app.exception and not app.error and len(app.get("plotly_chart")) == 1
    assert not any(bad in words(app) for bad in ("script", "evil", "Atlantis"))


def test_the_numbers_of_the_lesson_load_neither_torch_nor_streamlit():
    code = (
        "import sys, scpo.lesson.texts, scpo.lesson.training_steps\n"
        "sys.exit(any(name in sys.modules for name in ('torch', 'streamlit', 'plotly')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_where_full_gains_nothing_or_nothing_is_trained_on_the_lesson_has_words_for_a_ratio():
    at, pairs = {"full": 100.0, "scpo": float("nan")}, {m: np.array([50.0, 100.0]) for m in ("full", "scpo")}
    kept, ratios = np.array([20.0, 40.0]), np.array([float("nan")])
    for none in (training_steps._why_none(0.7, 0.7, kept), training_steps._why_none(0.6, 0.7, 0 * kept)):
        said = training_steps._words(at, pairs, ratios, none)["ratio_words"]
        assert said.startswith("none: ") and said == none
    assert training_steps._why_none(0.6, 0.7, kept) == ""


def test_the_step_on_limits_starts_the_same_tastes_with_few_test_people(workspace, monkeypatch):
    started = []
    monkeypatch.setattr(launch, "ensure_workers", started.append)
    app = opened(step=1 + [step.name for step in STEPS].index("Limits"))
    app.button(key="few-people").click().run()
    (job,) = open_store(workspace).jobs()
    assert job.config == ExperimentConfig(DataConfig(demo_world="prism")) and job.state == "queued" and started
