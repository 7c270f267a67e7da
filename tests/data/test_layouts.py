"""Published layouts are recognised by their columns and read as what their authors say they are."""

import pandas as pd

from scpo.config import DataConfig
from scpo.data import load, look
from scpo.data.layouts import layout_of

NUMBERS = ("first", "second", "third", "fourth")


def conversation(n, turns=1, country="india", **more):
    row = {
        "conversation_id": f"c{n}",
        "annotator_id": f"{country}-{n % 12}",
        "annotator_age": str(20 + n % 12),
        "annotator_country": country,
        "assigned_lang": "en",
    }
    for number in NUMBERS[:turns]:
        row |= {f"{number}_turn_prompt": f"{number} {n}?", f"{number}_turn_preferred_response": "response_b"}
        row |= {f"{number}_turn_response_{letter}": f"{letter} {number} {n}<|end_of_text|>" for letter in "abcd"}
    return row | more


def votes(tmp_path, *more, suffix="csv", **settings):
    rows = [conversation(n, country=c) for n in range(60) for c in ("india", "italy")]
    path = tmp_path / f"votes.{suffix}"
    table = pd.DataFrame([*more, *rows])
    table.to_csv(path, index=False) if suffix == "csv" else table.to_parquet(path)
    return look(DataConfig("file", (str(path),), **settings))[0]


def test_a_pick_of_four_is_three_pairs_of_its_annotator_and_country(tmp_path):
    data = votes(tmp_path)
    assert len(data.pairs) == 120 * 3 and data.card.unit == "user" and len(data.units) == 24
    assert set(data.pairs["country"]) == {"India", "Italy"}
    first = data.pairs.iloc[:3]
    answers = data.texts["response"].to_numpy()
    assert {*answers[first["chosen"]]} == {"b first 0"}
    assert {*answers[first["rejected"]]} == {"a first 0", "c first 0", "d first 0"}
    assert "age" in data.units and data.texts["prompt"].iloc[0] == "first 0?"


def test_it_is_named_and_licensed_as_published_and_told(tmp_path):
    card = votes(tmp_path).card
    assert (card.title, card.licence) == ("Community Alignment", "CC BY 4.0") and "2507.09650" in card.citation
    assert "read as Community Alignment: 120 picks of one answer out of four = 360 pairs" in card.notes
    assert votes(tmp_path, title="Ours").card.licence == "the file's own"


def test_a_later_turn_has_the_conversation_before_it_as_prompt(tmp_path):
    data = votes(tmp_path, conversation(99, turns=2), suffix="parquet")
    prompts = set(data.texts["prompt"].astype(str))
    assert "user: first 99?\nassistant: b first 99\nuser: second 99?" in prompts and len(data.pairs) == 366


def test_a_conversation_is_read_up_to_the_turn_that_lacks_a_pick_and_one_without_any_is_counted(tmp_path):
    cut = conversation(98, turns=3, second_turn_preferred_response="")
    data = votes(tmp_path, cut, conversation(97, first_turn_preferred_response="none of them"))
    assert len(data.pairs) == 363 and data.card.dropped == {"conversations without a pick": 1}


def test_other_columns_are_of_no_layout():
    assert layout_of(pd.DataFrame({"prompt": ["p"], "annotator_id": ["a"]}), DataConfig()) is None


def test_a_run_can_be_trained_on_it(tmp_path):
    votes(tmp_path)
    assert load(DataConfig("file", (str(tmp_path / "votes.csv"),))).card.countries
