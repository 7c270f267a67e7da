"""Surveys of every form and name: what is read, what is left out, and whose they are said to be."""

import json

import numpy as np
import pandas as pd
import pytest

from scpo.config import DataConfig
from scpo.data import content_hash, load, look
from scpo.data.splitting import OWN_SPLIT
from scpo.data.survey import opinions
from scpo.errors import ConfigError, DataFaults

COUNTRIES = ("Mexico", "Kenya", "Germany")


def survey_rows(questions=40, options=("Yes", "No", "Rarely")):
    rng = np.random.default_rng(0)
    return [
        {
            "question": f"Question {q}?",
            "country": c,
            "options": list(options),
            "distribution": (rng.dirichlet(np.ones(len(options))) + 0).round(4).tolist(),
        }
        for q in range(questions)
        for c in COUNTRIES
    ]


def published_rows(questions=40):
    rows = survey_rows(questions)
    return [
        {
            "question": part[0]["question"],
            "options": repr(part[0]["options"]),
            "selections": "defaultdict(<class 'list'>, %r)" % {r["country"]: r["distribution"] for r in part},
        }
        for part in (rows[at : at + 3] for at in range(0, len(rows), 3))
    ]


def jsonl(rows, path):
    path.write_text("\n".join(map(json.dumps, rows)))
    return str(path)


def csv(rows, path):
    pd.DataFrame(rows).to_csv(path, index=False)
    return str(path)


def survey(path, **settings):
    return look(DataConfig("survey", (path,), **settings))[0]


def published(path, **settings):
    return look(DataConfig("globalopinionqa", (path,), **settings))[0]


def test_an_option_that_is_a_number_is_its_text(tmp_path):
    rows = published_rows()
    rows[0]["options"] = "['Not at all', 1.0, 2]"
    data = published(csv(rows, tmp_path / "a.csv"))
    first = data.texts[data.texts["prompt"] == "Question 0?"]
    assert {*first["response"]} == {"Not at all", "1", "2"} and not any(n for n in data.card.dropped.values())


def test_questions_that_say_nothing_are_left_out_once_and_counted_by_reason(tmp_path):
    rows = published_rows()
    rows[1]["question"], rows[2]["question"] = "", None
    rows[3]["selections"] = "defaultdict(<class 'list'>, {'Mexico': [0.0, 0.0, 0.0], 'Kenya': [0, 0, 0]})"
    rows[4]["selections"] = rows[4]["selections"].replace("'Mexico': [", "'Peru': [0.0, 0.0, 0.0], 'Mexico': [")
    rows[5]["options"] = "['Yes', "
    rows[6]["options"] = "['Yes', 'No']"
    rows[7]["selections"] = "{'Mexico': [0.7, 0.7, 0.7]}"
    rows[8]["question"] = rows[9]["question"]
    path = csv(rows, tmp_path / "a.csv")
    dropped = {reason: n for reason, n in published(path).card.dropped.items() if n}
    assert dropped == {
        "rows with an empty question": 2,
        "rows whose options cannot be parsed": 1,
        "rows whose shares are all 0": 1,
        "rows with more or fewer shares than options": 1,
        "rows whose shares do not sum to 1": 1,
        "rows with a question that came before": 1,
        "rows whose shares are all 0, for some countries": 1,
    }
    with pytest.raises(DataFaults) as caught:
        published(path, strict=True)
    assert [fault.row for fault in caught.value.faults] == [3, 4, 5, 6, 7, 8, 9, 11]


def test_a_row_per_country_with_its_selections_is_the_published_table(tmp_path):
    whole = published(csv(published_rows(), tmp_path / "a.csv"))
    rows = [{**row, "selections": row["distribution"]} for row in survey_rows()]
    for row in rows:
        del row["distribution"]
    by_country = published(csv(rows, tmp_path / "b.csv"))
    assert content_hash(whole) == content_hash(by_country)
    assert whole.card.title == by_country.card.title == "GlobalOpinionQA"


def test_the_same_answers_are_the_same_from_every_kind_of_file(tmp_path):
    rows = pd.DataFrame(survey_rows())
    jsonl(survey_rows(), tmp_path / "a.jsonl")
    rows.to_parquet(tmp_path / "a.parquet")
    rows.to_csv(tmp_path / "a.csv", index=False)
    rows.assign(options=rows["options"].map(json.dumps)).to_csv(tmp_path / "b.csv", index=False, sep=";")
    names = ("a.jsonl", "a.parquet", "a.csv", "b.csv")
    assert len({content_hash(survey(str(tmp_path / name))) for name in names}) == 1


def test_a_survey_has_its_files_name_and_no_licence_of_another(tmp_path):
    path = jsonl(survey_rows(), tmp_path / "own.jsonl")
    for data in (survey(path), published(path)):
        card = data.card
        assert (card.title, card.source, card.licence) == ("own.jsonl", "own.jsonl", "the file's own")
        assert card.unit == "question" and not card.citation + card.url
    assert any("another survey than GlobalOpinionQA" in note for note in published(path).card.notes)
    assert survey(path).card.dataset == "survey"


def test_rows_with_the_codes_of_globalopinionqa_are_taken_for_it_only_as_that_data_set(tmp_path):
    path = jsonl(survey_rows(options=("Yes", "No", "DK/Refused")), tmp_path / "own.jsonl")
    assert published(path).card.licence == "CC BY-NC-SA 4.0" and "2306.16388" in published(path).card.citation
    assert survey(path).card.title == "own.jsonl"


def test_a_title_makes_it_ones_own_and_a_licence_alone_does_not(tmp_path):
    path = csv(published_rows(), tmp_path / "a.csv")
    card = published(
        path, title="My survey", licence="CC BY-SA 4.0", citation="Doe 2026", url="https://example.org"
    ).card
    assert (card.title, card.licence, card.citation) == ("My survey", "CC BY-SA 4.0", "Doe 2026")
    assert card.source == "a.csv" and card.url == "https://example.org"
    card = published(path, title="My survey").card
    assert (card.licence, card.citation, card.url) == ("the file's own", "", "")
    assert published(path, licence="other").card.title == "GlobalOpinionQA"


def test_the_demo_world_keeps_its_name():
    with pytest.raises(ConfigError, match="simulated and keeps its name"):
        DataConfig("demo", title="Real people")
    with pytest.raises(ConfigError, match="'survey' needs at least one data file"):
        DataConfig("survey")


def test_opinions_of_a_survey_have_the_split_of_its_pairs(tmp_path):
    config = DataConfig("survey", (jsonl(survey_rows(), tmp_path / "a.jsonl"),))
    table, data = opinions(config), load(config)
    split = dict(zip(data.units["name"], data.units["split"], strict=True))
    assert len(table) == 120 and all(split[q] == s for q, s in zip(table["question"], table["split"], strict=True))


PARTS = ["train"] * 26 + ["dev"] * 4 + ["test"] * 10


def with_parts(rows, parts=PARTS):
    """Rows of 40 questions with a column `split`, the part of each question."""
    place = {question: at for at, question in enumerate(dict.fromkeys(row["question"] for row in rows))}
    return [{**row, "split": parts[place[row["question"]]]} for row in rows]


@pytest.mark.parametrize("form", [survey_rows, published_rows])
@pytest.mark.parametrize("write", [jsonl, csv])
def test_a_survey_is_split_by_its_own_column_where_it_has_one(form, write, tmp_path):
    rows = with_parts(form())
    path = write(rows, tmp_path / f"a.{write.__name__}")
    data, said = load(DataConfig("survey", (path,))), opinions(DataConfig("survey", (path,)))
    expected = {row["question"]: {"dev": "validation"}.get(row["split"], row["split"]) for row in rows}
    assert dict(zip(data.units["name"], data.units["split"], strict=True)) == expected
    assert dict(zip(said["question"], said["split"], strict=True)) == expected
    assert data.card.split_by == OWN_SPLIT and data.card.leaks["seen_prompts"] == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda rows: rows[0].update(split="test"), "puts 1 question into several parts"),
        (lambda rows: [row.update(split="wave 3") for row in rows], "'wave 3' names no part"),
        (lambda rows: rows[0].pop("split"), "an empty cell names no part"),
        (lambda rows: [row.update(split="test") for row in rows], "has no training rows"),
    ],
)
def test_a_column_split_of_a_survey_that_is_no_split_by_question_is_told_and_not_used(change, told, tmp_path):
    rows = with_parts(survey_rows())
    change(rows)
    data, plain = (
        load(DataConfig("survey", (jsonl(of, tmp_path / f"{at}.jsonl"),)))
        for at, of in enumerate((rows, survey_rows()))
    )
    assert any(OWN_SPLIT in note and told in note for note in data.card.notes)
    assert data.card.split_by == "question" and data.units["split"].tolist() == plain.units["split"].tolist()


def test_a_part_that_a_surveys_own_split_lacks_is_cut_from_its_training_questions(tmp_path):
    rows = with_parts(survey_rows(), ["train"] * 30 + ["test"] * 10)
    data = load(DataConfig("survey", (jsonl(rows, tmp_path / "a.jsonl"),)))
    assert data.units["split"].value_counts()["test"] == 10 and data.units["split"].value_counts()["validation"] > 0
    assert any("has no validation rows" in note for note in data.card.notes)


def test_a_missing_share_leaves_one_country_out_from_csv_as_from_jsonl(tmp_path):
    rows = published_rows()
    by_country = json.loads(rows[0]["selections"].removeprefix("defaultdict(<class 'list'>, ")[:-1].replace("'", '"'))
    by_country["Kenya"][0] = float("nan")
    as_csv = [{**rows[0], "selections": repr(by_country)}, *rows[1:]]
    as_jsonl = [{**rows[0], "selections": by_country}, *rows[1:]]
    for path in (jsonl(as_jsonl, tmp_path / "a.jsonl"), csv(as_csv, tmp_path / "a.csv")):
        card = published(path).card
        assert card.dropped["rows in which a share is missing, for some countries"] == 1 == sum(card.dropped.values())


def test_numbers_of_no_kind_are_refused_with_what_to_do_and_another_table_with_both_forms(tmp_path):
    rows = [row | {"distribution": [40.5, 60.25, 10]} for row in survey_rows()]
    with pytest.raises(DataFaults, match="counts by their sum"):
        survey(jsonl(rows, tmp_path / "a.jsonl"))
    with pytest.raises(DataFaults, match="one row per question and country.*question, selections, options"):
        survey(jsonl([{"question": "How?"}], tmp_path / "b.jsonl"))


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("scale", [20, 100, 1], ids=["counts", "percents", "shares"])
def test_counts_percents_and_shares_of_a_column_group_give_the_same_pairs(tmp_path, kind, scale):
    shares = [(0.5, 0.3, 0.2), (0.1, 0.25, 0.65)]
    rows = [
        {
            "question": f"Why {n}?",
            "group": country,
            "options": ["yes", "no", f"perhaps {n}"],
            "distribution": [round(share * scale, 4) if scale < 100 else share * 100 for share in shares[(n + at) % 2]],
        }
        for n in range(60)
        for at, country in enumerate(("Chile", "Kenya"))
    ]
    path = tmp_path / f"a.{kind}"
    table = pd.DataFrame(rows)
    write = {"csv": table.to_csv, "parquet": table.to_parquet}.get(kind)
    write(path, index=False) if write else table.to_json(path, orient="records", lines=True)
    data = load(DataConfig("survey", (str(path),), title="Tea"))
    assert len(data.pairs) == 360 and data.card.title == "Tea" and not any(data.card.dropped.values())
    assert np.isclose(data.pairs["score_chosen"].max(), 0.65) and set(data.pairs["country"]) == {"Chile", "Kenya"}


def test_numbers_that_are_neither_shares_nor_counts_are_left_out(tmp_path):
    rows = [
        {"question": f"Why {n}?", "country": c, "options": ["yes", "no"], "distribution": [0.7, 0.3]}
        for n in range(60)
        for c in ("Chile", "Kenya")
    ]
    rows[0]["distribution"], rows[1]["distribution"] = [12.5, 3.5], [7, -2]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(rows))
    assert load(DataConfig("survey", (str(path),))).card.dropped["rows with a share outside 0 to 1"] == 2
