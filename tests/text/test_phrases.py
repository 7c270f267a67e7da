"""What tells countries apart in words, whichever way it falls."""

import numpy as np
import pandas as pd

from scpo.steering.phrase_effects import COLUMNS
from scpo.text.phrases import UNKNOWN, phrase_lines, phrases_shown, question_lines, questions_shown, topic_lines

VALUES = ["Aland", "phrase", "hi", 0.5, 0.2, 0.8, 0.001, 0.01, True, 0.3, 0.1, 0.5, 40, 30, 25, 1.0]
ROW = dict(zip(COLUMNS, VALUES, strict=True))
QUESTION = {
    "country": "Aland",
    "question": "Is it *good*?",
    "option": "Yes",
    "global_share": 0.5,
    "share": 0.6,
    "change": 0.1,
    "low": 0.05,
    "high": 0.15,
    "people": 0.8,
    "nearer": True,
    "moved": 0.1,
    "clear": True,
}


def table(*rows):
    return pd.DataFrame([ROW | row for row in rows])


def test_held_out_people_and_what_is_planted_are_counted():
    every = table({}, {"phrase": "no", "people": -0.2, "people_low": -0.4, "people_high": -0.1, "planted": -1.0})
    lines = " ".join(phrase_lines(every, every, "user"))
    assert "same way in 1 of 2 (50.0 %" in lines and "the same way in 1, the other way in 1" in lines
    assert "50.0 % of what is found is planted" in lines and "of all tests 50.0 % go the planted way" in lines


def test_on_real_data_it_says_that_the_truth_is_not_known():
    every = table({"planted": np.nan}, {"phrase": "no", "planted": np.nan})
    assert phrase_lines(every, every, "user")[-1] == UNKNOWN
    assert "planted" not in phrases_shown(every) and phrases_shown(every)["model"][0] == "+0.50 [+0.20, +0.80]"


def test_nothing_found_and_nothing_to_find_are_sentences():
    every = table({"clear": False}, {"phrase": "no", "clear": False})
    assert "nothing of what answers have is clear" in phrase_lines(every, every[:0], "user")[0]
    assert "only the length was tested" in phrase_lines(every[:1].assign(kind="length"), every[:0], "user")[0]
    nobody = table({"people": np.nan}, {"phrase": "no", "people": np.nan})
    assert "No held-out person" in phrase_lines(nobody, nobody, "user")[1]


def test_topics_are_told_apart_from_phrases_with_the_people_who_go_along():
    every = table({}, {"kind": "topic", "phrase": "bread, soup"}, {"kind": "topic", "phrase": "war", "effect": -0.5})
    lines = " ".join(topic_lines(every, every, "user"))
    assert "make 2 topics" in lines and "in 1 and less far in 1" in lines and "in 2, and less often in 0" in lines
    assert "1 phrase, 2 topics, the length" in phrase_lines(every, every, "user")[0]
    assert "on none of them" in topic_lines(every, every[:1], "user")[0]
    assert "make no topics" in topic_lines(every[:1], every[:1], "user")[0]
    shown = phrases_shown(every[1:].assign(people_low=np.nan))
    assert shown["topic"][1] == "bread, soup" and shown["people go along"][1] == "+0.30"


def test_questions_are_told_with_the_people_and_with_what_luck_is_known():
    clear = pd.DataFrame([QUESTION, QUESTION | {"country": "Borealis", "change": 0.0, "moved": 0.0, "clear": False}])
    lines = " ".join(question_lines(clear))
    assert "moves 5.0 % of the answers" in lines and "Borealis answers as the global model does." in lines
    assert "Clear after the correction is 1 change; 100.0 %" in lines
    assert "Training's luck is not known" in " ".join(question_lines(clear.assign(low=np.nan, clear=False)))
    assert question_lines(clear[1:]) == ["Every country's model answers as the global one does."]
    assert "no test question" in question_lines(clear[:0])[0].lower().replace("has a test", "no test")
    assert questions_shown(clear)["change"][0] == "+10.0 [+5.0, +15.0]"
