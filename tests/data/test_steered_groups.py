"""Columns that models are steered to: crossed, missing, ids and texts, of layouts, surveys and PRISM."""

import json

import pandas as pd
import pytest

from scpo import DataConfig
from scpo.data import counts, look
from scpo.data.steered_groups import offered, offered_first
from scpo.errors import DataFaults, InputError

LANGUAGES, GENDERS = ("English", "Spanish", "Hindi"), ("female", "male")


def pairs(people=60, **more):
    """Five pairs of each person, who has a language, a gender, and what else is given."""
    return [
        {
            "prompt": f"Ask {n}?",
            "chosen": f"yes {n}",
            "rejected": f"no {n}",
            "user": f"u{person}",
            "language": LANGUAGES[person % 3],
            "gender": GENDERS[person % 2],
            **more,
        }
        for person in range(people)
        for n in range(5)
    ]


def read(rows, folder, dataset="file", **settings):
    path = folder / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return look(DataConfig(dataset, (str(path),), **settings))[0]


def pairs_of(data):
    return counts(data).set_index("country")["pairs"].to_dict()


def test_a_file_without_countries_is_steered_to_the_column_that_is_named(tmp_path):
    rows = pairs()
    rows[0]["language"], rows[5]["language"] = "ENGLISH ", "Prefer not to say"
    data = read(rows, tmp_path, group=("Language",))
    assert pairs_of(data) == {"English": 100, "Hindi": 100, "Spanish": 99}
    assert data.card.dropped == {"pairs that name no language: 'Prefer not to say'": 1}
    assert "one language under several spellings: English (also 'ENGLISH')" in data.card.notes
    assert not any("on the map" in note or "countr" in note for note in data.card.notes)


def test_a_value_without_a_letter_says_what_it_is(tmp_path):
    rows = [row | {"age": (25, 31.0, None)[at // 5 % 3]} for at, row in enumerate(pairs())]
    assert pairs_of(read(rows, tmp_path, group=("age",))) == {"age 25": 100, "age 31": 100}
    data = read(rows, tmp_path, group=("gender", "age"), countries=("Male x 31", "female x age 25"))
    assert data.card.countries == ("male x age 31", "female x age 25")


def test_no_group_is_called_as_the_mean_of_groups_or_the_global_model_is(tmp_path):
    rows = [row | {"scope": ("global", "Mean", "local")[at // 5 % 3]} for at, row in enumerate(pairs())]
    assert pairs_of(read(rows, tmp_path, group=("scope",))) == {"local": 100, "scope Mean": 100, "scope global": 100}
    assert read(rows, tmp_path, group=("scope",), countries=("Global",)).card.countries == ("scope global",)


def test_two_columns_are_crossed_and_stay_survey_columns(tmp_path):
    data = read(pairs(), tmp_path, group=("gender", "language"))
    assert pairs_of(data) == {f"{gender} x {language}": 50 for gender in GENDERS for language in LANGUAGES}
    assert {"gender", "language"} <= {*data.units.columns}
    assert read(pairs(), tmp_path, group=("gender", "language"), countries=("FEMALE x hindi",)).card.countries == (
        "female x Hindi",
    )


def test_countries_that_are_crossed_are_read_as_countries(tmp_path):
    rows = [row | {"country": ("GBR", "United Kingdom", "Kenya")[at // 5 % 3]} for at, row in enumerate(pairs())]
    assert set(pairs_of(read(rows, tmp_path, group=("country", "gender")))) == {
        f"{country} x {gender}" for country in ("United Kingdom", "Kenya") for gender in GENDERS
    }


def test_a_missing_column_is_told_with_those_that_are_there(tmp_path):
    with pytest.raises(DataFaults, match=r"no column dialect for `group` \(columns of groups: 'language', 'gender'\)"):
        read(pairs(), tmp_path, group=("dialect",))


@pytest.mark.parametrize("column", ["user", "note", "essay"])
def test_an_id_or_a_free_text_is_refused_with_what_could_be_meant(column, tmp_path):
    rows = [row | {"note": f"n{at}", "essay": "long " * 30 + row["gender"]} for at, row in enumerate(pairs())]
    with pytest.raises(
        InputError, match="it is an id or a free text, and no group of people. Columns of groups: 'lang"
    ):
        read(rows, tmp_path, group=(column,))


def test_a_column_of_which_pairs_are_made_is_no_group(tmp_path):
    with pytest.raises(InputError, match="'prompt' is what pairs are made of"):
        read(pairs(), tmp_path, group=("prompt",))


def test_a_column_without_any_value_is_refused_once(tmp_path):
    with pytest.raises(InputError, match="'age' names no group in any of 300 rows"):
        read(pairs(age=""), tmp_path, group=("age",))


def test_a_person_in_several_groups_is_left_out_unless_the_split_goes_by_prompt(tmp_path):
    rows = [row | {"topic": ("sport", "food")[at % 2]} for at, row in enumerate(pairs())]
    with pytest.raises(DataFaults, match="pairs of a user in several topics: 300"):
        read(rows, tmp_path, group=("topic",))
    assert pairs_of(read(rows, tmp_path, group=("topic",), split_by="prompt")) == {"sport": 150, "food": 150}


def test_a_layout_is_steered_to_what_it_tells_of_people_and_to_columns_that_it_leaves_aside(tmp_path):
    answers = {f"first_turn_response_{letter}": letter for letter in "abcd"}
    rows = [
        {
            "annotator_id": f"p{n % 30}",
            "annotator_country": "france",
            "annotator_age": ("18-24", "25+")[n % 2],
            "assigned_lang": ("fr", "en", "it")[n % 3],
            "first_turn_prompt": f"Why {n}?",
            "first_turn_preferred_response": "response_c",
            **answers,
        }
        for n in range(60)
    ]
    assert pairs_of(read(rows, tmp_path, group=("annotator_age",))) == {"age 18-24": 90, "age 25+": 90}
    assert pairs_of(read(rows, tmp_path, group=("assigned_lang",))) == {"en": 60, "fr": 60, "it": 60}
    assert {"age", "assigned_lang"} <= {*offered_first(pd.DataFrame(rows), {})}


def test_answers_to_a_survey_are_averaged_where_a_group_has_several(tmp_path):
    rows = [
        {
            "question": f"Is {n} good?",
            "country": country,
            "language": language,
            "options": ["Yes", "No"],
            "distribution": [share, 1 - share],
        }
        for n in range(30)
        for country, language, share in (("France", "French", 0.2), ("Mali", "french", 0.4), ("Spain", "Other", 0.9))
    ]
    data = read(rows, tmp_path, "survey", group=("language",))
    assert pairs_of(data) == {"French": 30, "Other": 30}
    french = data.pairs[data.pairs["country"] == "French"]
    assert french["score_chosen"].unique().tolist() == [pytest.approx(0.7)]
    assert data.card.dropped["rows averaged with others of their language"] == 30


def test_prism_is_steered_to_its_survey_columns(tmp_path):
    people = [
        {
            "user_id": f"p{n}",
            "location": {"reside_country": "Chile"},
            "religion": {"simplified": ("Christian", "No Affiliation", "Prefer not to say")[n % 3]},
        }
        for n in range(60)
    ]
    said = [
        {
            "user_id": f"p{n}",
            "interaction_id": f"i{n}",
            "user_prompt": "Why?",
            "model_response": f"{which} {n}",
            "score": which,
        }
        for n in range(60)
        for which in (10, 60, 90)
    ]
    files = []
    for name, rows in (("survey", people), ("utterances", said)):
        files.append(str(tmp_path / f"{name}.jsonl"))
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    data = look(DataConfig("prism", tuple(files), group=("religion",)))[0]
    assert pairs_of(data) == {"Christian": 60, "No Affiliation": 60}
    assert data.card.dropped["responses of users who told no religion"] == 60
    with pytest.raises(DataFaults, match="no column dialect for `group` .*'religion'"):
        look(DataConfig("prism", tuple(files), group=("dialect",)))


def test_columns_of_groups_are_offered_by_their_values():
    assert offered(pd.DataFrame(pairs(note="x"))) == ["language", "gender", "note"]
