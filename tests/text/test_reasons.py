"""Marked answers and what is said of them: signs, equal answers, and texts that stay text."""

import pandas as pd

from scpo.text.reasons import (
    faults_of_pair,
    marked,
    measured_line,
    planted_line,
    preference,
    reason_lines,
    unlike_line,
    unread_line,
)


def frame(*rows):
    columns = ["answer", "sentence", "text", "global_share", "country_share"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(change=table["country_share"] - table["global_share"])


def sums(country, globally):
    return pd.DataFrame({"answer": [0, 1], "global_reward": globally, "country_reward": country})


def test_the_ground_tells_the_sign_and_little_is_left_plain():
    text = marked(["Good.", "Bad.", "So what."], [1.0, -0.5, 0.01], 1.0)
    assert text == (
        ":blue-background[Good.] :small[+1.00] :orange-background[Bad.] :small[-0.50] So what. :small[+0.01]"
    )
    assert marked([], [], 0.0) == ""


def test_markup_of_an_answer_stays_text():
    assert marked(["![x](y) $a$\n<b>"], [1.0], 1.0) == r":blue-background[!\[x\](y) \$a\$ \<b\>] :small[+1.00]"


def test_what_both_models_prefer_and_the_sentence_that_steering_moves_most():
    """The second answer's sentence loses 2 by steering: that speaks for A."""
    shares = frame((0, 1, "Warm.", 0.0, 1.0), (1, 1, "Blunt [x].", 0.5, -1.5))
    lines = reason_lines(shares, sums([1.0, -1.5], [0.0, 0.5]), "Galune")
    assert lines == [
        "Galune's model prefers A by 2.50; the global model prefers B by 0.50.",
        'Most of what steering changes between them lies in sentence 1 of B, "Blunt \\[x\\].": -2.00, which speaks '
        "for A.",
    ]


def test_equal_answers_are_level_and_nothing_is_made_of_rounding():
    shares = frame((0, 1, "Same.", 1.0, 1.001), (1, 1, "Same.", 1.0, 1.001))
    assert reason_lines(shares, sums([1.0, 1.0], [1.0, 1.001]), "Galune") == [
        "Galune's model puts A and B level; the global model puts A and B level."
    ]
    assert preference(-0.004, "it") == "it puts A and B level"


def test_empty_answers_have_no_sentence_to_name():
    assert len(reason_lines(frame(), sums([0.0, 0.0], [0.0, 0.0]), "Galune")) == 1


def test_an_unlike_answer_is_named_with_what_is_usual():
    assert unlike_line(1, 0.31, 0.62).startswith("Answer B is unlike every answer of the run's data (similarity of the")


def test_the_planted_signs_are_counted_and_sentences_without_a_plant_are_left_out():
    shares = frame((0, 1, "a", 0.0, 1.0), (0, 2, "b", 0.0, -1.0), (1, 1, "c", 0.0, 1.0))
    assert "the change has the planted sign in 1 of 2" in planted_line(shares.assign(planted=[0.5, 0.5, 0.0]))
    assert "1 sentence has a phrase" in planted_line(shares.assign(planted=[0.5, 0.0, 0.0]))
    assert planted_line(shares.assign(planted=0.0)).startswith("No sentence here")


def test_empty_and_equal_answers_are_sentences_and_one_empty_answer_is_explained():
    assert "Both answers are empty" in faults_of_pair(["", " \n"])[0]
    assert "are equal" in faults_of_pair(["yes  it is", "yes it is"])[0]
    assert faults_of_pair(["", "yes"]) == []


def test_how_often_reasons_are_true_is_told_by_the_kept_study_and_of_no_other_method():
    line = measured_line("shared")
    assert "right in 83.6 % (95 %: 81.0 to 86.1), by chance in 50.0 %" in line and "50.0 % (95 %: 46.0 to 53.9)" in line
    assert "was not counted" in measured_line("filter")
    assert "77.4" not in (line := measured_line("scpo", whole=True)) and "not for whole models" in line


def test_an_answer_that_the_encoder_cannot_read_is_a_sentence():
    assert unread_line(1, 0.8342).startswith("The encoder cannot read answer B: it does not know 83.4 %")
