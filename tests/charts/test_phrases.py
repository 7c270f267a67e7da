"""Charts of phrases and questions: a row each, the marks of model and people, hostile texts as text."""

import pandas as pd

from scpo.charts.phrases import phrases_chart, questions_chart
from scpo.charts.style import SIMULATED


def test_a_phrase_is_a_row_with_its_model_and_its_people():
    row = {"phrase": "<b>hi</b>", "effect": 0.5, "low": 0.2, "high": 0.8, "people": 0.1, "people_low": float("nan")}
    rows = pd.DataFrame([row | {"people_high": float("nan"), "pairs": 1200, "units": 30}])
    figure = phrases_chart(rows, "Aland", True)
    people, model = figure.data
    assert model.x[0] == 0.5 and people.x[0] == 0.1 and SIMULATED in figure.layout.title.text
    assert "1,200 test pairs" in model.hovertext[0] and "nan" not in people.hovertext[0]
    assert "<b>" not in figure.layout.yaxis.ticktext[0]


def test_a_topic_says_how_many_pairs_are_of_it():
    row = {"phrase": "bread, soup", "effect": 0.5, "low": 0.2, "high": 0.8, "people": 0.1, "people_low": 0.0}
    figure = phrases_chart(pd.DataFrame([row | {"people_high": 0.2, "pairs": 1}]), "Aland", False, "topic")
    assert "are on it" in figure.data[1].hovertext[0]
    assert "topics" in figure.layout.xaxis.title.text


def test_a_question_is_a_row_by_its_option_with_three_shares():
    row = {"question": "Is it good?", "option": "Yes", "global_share": 0.5, "share": 0.7, "people": 0.8, "change": 0.2}
    figure = questions_chart(pd.DataFrame([row, row | {"option": "No"}]), "Aland", False)
    assert [trace.x[-1] for trace in figure.data] == [50, 70, 80]
    assert figure.layout.yaxis.ticktext[-1] == "1. Yes" and "+20.0 points" in figure.data[0].hovertext[0]
