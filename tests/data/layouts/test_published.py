"""Every published layout: a made-up file of it is recognised, named and read, and its broken rows are counted."""

import json
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from scpo.config import DataConfig
from scpo.data import content_hash, look
from scpo.data.layouts import LAYOUTS, layouts_of
from scpo.errors import DataFaults, ScpoError

COUNTRIES = ("Chile", "Kenya")


def turn(role, content):
    return {"role": role, "content": content}


@dataclass(frozen=True)
class Made:
    """A made-up file: its rows, each of a number and a country; the pairs of a good one; reason -> what breaks one."""

    row: object
    pairs: int
    broken: dict = field(default_factory=dict)
    layout: str = ""
    everybody: bool = False


def alignment(n, country):
    answers = {f"first_turn_response_{letter}": f"{letter} {n}" for letter in "abcd"}
    person = {"annotator_id": f"{country}{n % 20}", "annotator_country": country}
    return person | {"first_turn_prompt": f"Why {n}?", "first_turn_preferred_response": "response_c"} | answers


def coval(n, country):
    said = {"ranking_blocks": {"personal": [{"ranking": "B>A=C=D"}], "world": [{"ranking": "A>B>C>D"}]}}
    return {
        "prompt": {"messages": [turn("user", f"Why {n}?")]},
        "responses": [{"response_index": i, "messages": [turn("assistant", f"{i} {n}")]} for i in "ABCD"],
        "metadata": {
            "assessments": [
                {"annotator_id": f"{country}{n % 20}", "demographics": {"country": country, "age": 30}} | said
            ]
        },
    }


def ranked(which, ranking):
    row = coval(990, "Chile")
    row["metadata"]["assessments"][0]["ranking_blocks"][which] = [{"ranking": ranking}] if ranking else []
    return {"metadata": row["metadata"]}


def helpsteer(n, _):
    answers = {"response1": f"first {n}", "response2": f"second {n}"}
    return {"context": [turn("user", f"Why {n}?")], "overall_preference": n % 3 + 1, "language": "english"} | answers


def ultrafeedback(n, _):
    completions = [{"response": f"{k} to {n}", "overall_score": float(k), "model": f"m{k}"} for k in range(3)]
    return {"instruction": f"Why {n}?", "completions": completions, "models": ["m0", "m1", "m2"]}


def battle(n, _):
    sides = {f"conversation_{s}": [turn("user", f"Why {n}?"), turn("assistant", f"{s} {n}")] for s in "ab"}
    return sides | {"winner": "model_b", "judge": f"judge {n % 20}"}


def transcript(n, _):
    said = f"\n\nHuman: Hello {n}\n\nAssistant: Yes?\n\nHuman: Why {n}?\n\nAssistant: "
    return {"chosen": f"{said}Because {n}", "rejected": f"{said}No {n}"}


def implicit(n, _):
    return {side: [turn("user", f"Why {n}?"), turn("assistant", f"{side} {n}")] for side in ("chosen", "rejected")}


def rating(n, country):
    said = {"context": f"LAMDA: Hi\nUSER: Ask {n % 9}", "response": f"Answer {n % 9}", "degree_of_harm": "Benign"}
    return said | {
        "rater_id": f"{country}{n // 9}",
        "rater_locale": country,
        "Q_overall": ("No", "Yes", "Unsure")[n % 3],
    }


def care(n, country):
    rated = {"response": f"{n % 3} to {n // 3}", "rating": str(1 + 2 * (n % 3))}
    return {"question": f"Why {n // 3} in {country}?", "associated_culture": country} | rated


def plural(n, country):
    return {"prompt": f"Why {n}?", "pref": f"yes {n}", "dispref": f"no {n}", "country": country}


def carb(n, country):
    answers = {"chosen": [f"yes {n}"], "rejected": [f"no {n}", f"never {n}"]}
    return {"prompt": f"Why {n}?", "culture": country} | answers


EMPTY, NO_PROMPT = "pairs with an empty answer", "pairs with an empty prompt"
MADE = {
    "community-alignment": Made(
        alignment,
        3,
        {
            "conversations without a pick": {"first_turn_preferred_response": "none of them"},
            "conversations with fewer than two answers": {f"first_turn_response_{a}": "" for a in "abd"},
            "conversations with a broken character": {"first_turn_response_a": "\x00"},
            "conversations that name no country: 'Prefer not to say'": {
                "annotator_country": "Prefer not to say",
                "annotator_id": "quiet",
            },
        },
    ),
    "coval-personal": Made(
        coval,
        3,
        {
            "assessments with an empty answer": {"responses": []},
            "assessments with an empty prompt": {"prompt": None},
            "assessments without a judgement": ranked("personal", ""),
        },
        "coval-personal",
    ),
    "coval-world": Made(
        coval,
        6,
        {
            "assessments with an empty answer": {"responses": None},
            "assessments with an empty prompt": {"prompt": ""},
            "assessments without a judgement": ranked("world", "A>A>B"),
        },
        "coval-world",
    ),
    "helpsteer3": Made(
        helpsteer,
        1,
        {
            "comparisons that are ties": {"overall_preference": 0},
            "comparisons without a pick": {"overall_preference": "much"},
            "comparisons with fewer than two answers": {"response2": None},
            "comparisons with an empty prompt": {"context": []},
            "comparisons whose messages cannot be read": {"context": [{"role": "user"}]},
        },
        everybody=True,
    ),
    "ultrafeedback": Made(
        ultrafeedback,
        3,
        {
            "completions with an empty prompt": {"instruction": " "},
            "completions whose score is no finite number": {
                "completions": [{"response": "a", "overall_score": "high"}]
            },
            "completions with an empty answer": {"completions": [{"overall_score": 1.0}]},
        },
        everybody=True,
    ),
    "arena": Made(
        battle,
        1,
        {
            "battles that are ties": {"winner": "tie (bothbad)"},
            "battles without a pick": {"winner": "model_q"},
            "battles with fewer than two answers": {"conversation_b": "gone"},
            "battles with an empty prompt": {
                f"conversation_{side}": [turn("user", ""), turn("assistant", side)] for side in "ab"
            },
        },
        everybody=True,
    ),
    "hh": Made(
        transcript,
        1,
        {
            "pairs whose messages cannot be read": {"rejected": "\n\nHuman: Another?\n\nAssistant: No."},
            EMPTY: transcript(990, "") | {"rejected": transcript(990, "")["rejected"][:-6]},
            NO_PROMPT: {side: f"\n\nHuman: \n\nAssistant: {side}" for side in ("chosen", "rejected")},
        },
        everybody=True,
    ),
    "preference": Made(
        implicit,
        1,
        {
            "pairs whose messages cannot be read": {"chosen": [turn("user", "Why?")]},
            EMPTY: {"rejected": [turn("user", "Why 990?"), turn("assistant", "")]},
            NO_PROMPT: {side: [turn("assistant", side)] for side in ("chosen", "rejected")},
        },
        everybody=True,
    ),
    "dices": Made(
        rating,
        3,
        {
            "ratings whose score is no finite number": {"Q_overall": "Maybe"},
            "ratings with an empty user": {"rater_id": ""},
            "ratings with an empty answer": {"response": None},
            "ratings that name no country: empty": {"rater_locale": None, "rater_id": "quiet"},
        },
    ),
    "care": Made(
        care,
        1,
        {
            "responses whose score is no finite number": {"rating": "good"},
            "responses with an empty answer": {"response": ""},
            "responses with an empty prompt": {"question": " "},
            "responses that name no country: empty": {"associated_culture": None},
        },
    ),
    "plural": Made(
        plural,
        1,
        {
            EMPTY: {"dispref": ""},
            NO_PROMPT: {"prompt": None},
            "pairs that name no country: 'Prefer not to say'": {"country": "Prefer not to say"},
        },
    ),
    "carb": Made(
        carb,
        2,
        {EMPTY: {"rejected": []}, NO_PROMPT: {"prompt": ""}, "pairs that name no country: empty": {"culture": " "}},
    ),
}


def write(rows, tmp_path, name="made.jsonl"):
    path = tmp_path / name
    path.write_text("\n".join(map(json.dumps, rows)))
    return str(path)


def good(made, n=90):
    return [made.row(at, country) for at in range(n) for country in COUNTRIES]


def read(path, **settings):
    return look(DataConfig("file", (path,) if isinstance(path, str) else path, **settings))[0]


@pytest.mark.parametrize("name", MADE)
def test_a_layout_is_recognised_named_and_read(tmp_path, name):
    made, layout = MADE[name], next(one for one in LAYOUTS if one.name == name)
    data = read(write(good(made), tmp_path), layout=made.layout)
    assert len(data.pairs) == 180 * made.pairs and data.card.licence == (
        layout.licence or "the file's own" * (not layout.title)
    )
    assert data.card.title == (layout.title or "made.jsonl") and data.card.url == layout.url
    groups = {"everybody"} if made.everybody else {*COUNTRIES}
    assert {*data.pairs["country"].unique()} == groups
    assert data.card.notes[0].startswith(f"read as {layout.title or layout.form}: ") and " pair" in data.card.notes[0]
    assert not any(data.card.dropped.values()) or name in ("coval-personal", "dices")
    assert any("no column says a country" in note for note in data.card.notes) == made.everybody


@pytest.mark.parametrize("name", MADE)
def test_a_broken_row_of_each_sort_is_left_out_and_counted(tmp_path, name):
    made = MADE[name]
    rows = [*good(made), *(made.row(990, "Chile") | change for change in made.broken.values())]
    data = read(write(rows, tmp_path), layout=made.layout)
    assert {reason: n for reason, n in data.card.dropped.items() if reason in made.broken} == dict.fromkeys(
        made.broken, 1
    )
    with pytest.raises(DataFaults) as caught:
        read(write(rows, tmp_path), layout=made.layout, strict=True)
    assert {fault.row for fault in caught.value.faults} == set(range(181, 181 + len(made.broken)))


def test_every_layout_has_a_made_up_file():
    assert {*MADE, "prism"} == {layout.name for layout in LAYOUTS}


def test_no_made_up_file_fits_a_layout_beside_its_own_but_for_the_two_rankings_of_coval():
    for name, made in MADE.items():
        fitting = {layout.name for layout in layouts_of(pd.DataFrame(good(made, 5)))}
        assert fitting == ({"coval-personal", "coval-world"} if made.layout else {name})


def test_the_two_files_of_prism_are_read_by_its_own_loader_and_split_as_its_authors_do(tmp_path):
    people = [{"user_id": f"u{n}", "location": {"reside_country": COUNTRIES[n % 2]}} for n in range(120)]
    said = [
        {
            "utterance_id": f"{n} {k}",
            "interaction_id": f"i{n}",
            "user_id": f"u{n}",
            "user_prompt": f"Why {n}?",
            "model_response": f"{k} to {n}",
            "score": 10 + 40 * k,
        }
        for n in range(120)
        for k in range(2)
    ]
    paths = (write(people, tmp_path, "survey.jsonl"), write(said, tmp_path, "utterances.jsonl"))
    own, prism = read(paths), look(DataConfig("prism", paths))[0]
    assert own.card.dataset == "prism" and content_hash(own) == content_hash(prism) and own.card == prism.card
    with pytest.raises(DataFaults, match="no survey file"):
        read(paths[1])


def test_a_second_file_says_where_the_people_of_coval_are(tmp_path):
    rows = good(MADE["coval-personal"])
    for row in rows:
        del row["metadata"]["assessments"][0]["demographics"]
    people = [
        {"annotator_id": f"{c}{n}", "demographics": {"country_of_residence": c, "age": "30", "views": ["a"]}}
        for c in COUNTRIES
        for n in range(20)
    ]
    paths = (write(rows, tmp_path, "comparisons.jsonl"), write(people, tmp_path, "annotators.jsonl"))
    data = read(paths, layout="coval-personal")
    assert {*data.pairs["country"].unique()} == {*COUNTRIES} and data.units["age"].unique().tolist() == ["30"]
    alone = read(paths[0], layout="coval-personal")
    assert {*alone.pairs["country"].unique()} == {"everybody"} and len(alone.pairs) == len(data.pairs)


def test_a_prompt_ranked_by_several_people_loses_only_those_who_gave_no_ranking(tmp_path):
    rows = good(MADE["coval-personal"])
    quiet = {"annotator_id": "quiet", "ranking_blocks": {"personal": [], "world": []}}
    for row in rows:
        row["metadata"]["assessments"].append(quiet)
    data = read(write(rows, tmp_path), layout="coval-personal")
    assert len(data.pairs) == 180 * 3
    assert data.card.dropped["assessments without a judgement, in rows with others"] == 180


def test_a_conversation_of_several_turns_has_its_shared_beginning_as_prompt(tmp_path):
    rows = good(MADE["arena"])
    for row in rows:
        for side in "ab":
            row[f"conversation_{side}"] += [turn("user", "And?"), turn("assistant", f"more {side}")]
    texts = read(write(rows, tmp_path)).texts
    assert "Why 0?" in set(texts["prompt"]) and "assistant: a 0\nuser: And?\nassistant: more a" in set(
        texts["response"]
    )


def test_how_far_apart_two_answers_are_is_the_gap_of_their_scores(tmp_path):
    pairs = read(write(good(MADE["helpsteer3"]), tmp_path)).pairs
    assert set(pairs["score_chosen"] - pairs["score_rejected"]) == {1.0, 2.0, 3.0}


ODD = [
    None,
    1,
    -1.5,
    True,
    "",
    "x",
    [],
    {},
    [1],
    {"a": [1]},
    [{"role": "user"}],
    float("nan"),
    "[" * 99,
    "\u200b",
    1e300,
]


@pytest.mark.parametrize("name", MADE)
def test_odd_values_in_any_cell_are_counted_or_refused_and_never_crash(tmp_path, name):
    made, rng = MADE[name], np.random.default_rng(0)
    for drawn in range(4):
        rows = good(made, 30)
        for row in rows[: 20 if drawn < 2 else 50]:
            column = list(row)[rng.integers(len(row))]
            row[column] = ODD[rng.integers(len(ODD))]
        try:
            read(write(rows, tmp_path), layout=made.layout or name)
        except ScpoError as error:
            assert str(error)


def test_the_parts_of_a_folder_are_one_data_set_whose_judgements_stay_apart(tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    rows = good(MADE["community-alignment"])
    write(rows[:100], folder, "part-0.jsonl")
    write(rows[100:], folder, "part-1.jsonl")
    data = read(str(folder))
    assert data.card.notes[0] == "read as Community Alignment: 180 picks of one answer out of four = 540 pairs"
    assert content_hash(data) == content_hash(read(write(rows, tmp_path)))
