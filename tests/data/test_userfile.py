"""The user's own files: rows that say nothing, people without a name, groups, columns about people."""

import json

import pandas as pd
import pytest

from scpo.config import DataConfig
from scpo.data import content_hash, load
from scpo.errors import DataFaults, InputError


def pair_rows(n=60, **more):
    return [
        {"prompt": f"Ask {i}?", "chosen": f"a{i}", "rejected": f"b{i}", "country": c, **more}
        for i in range(n)
        for c in ("Chile", "Kenya")
    ]


def jsonl(rows, path):
    path.write_text("\n".join(map(json.dumps, rows)))
    return str(path)


def own(*paths, **settings):
    return load(DataConfig("file", paths, **settings))


def test_one_bad_row_of_many_stops_no_run_and_is_counted_unless_strict(tmp_path):
    rows = pair_rows()
    rows[3]["chosen"], rows[4]["rejected"], rows[5]["country"], rows[6]["prompt"] = "", None, " ", "\ud800"
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n{broken\n[1]\n")
    data = own(str(path))
    assert len(data.pairs) == 116
    assert data.card.dropped == {
        "lines that are not json": 1,
        "lines without a json object": 1,
        "rows with a broken character": 1,
        "pairs with an empty answer": 2,
        "pairs that name no country: empty": 1,
    }
    with pytest.raises(DataFaults) as caught:
        own(str(path), strict=True)
    assert [fault.row for fault in caught.value.faults] == [4, 5, 6, 7, 121, 122]


def test_a_file_most_of_whose_pairs_are_empty_is_a_fault_with_the_counts(tmp_path):
    rows = [{**row, "chosen": ""} for row in pair_rows()[:100]] + pair_rows()[100:]
    with pytest.raises(DataFaults, match="100 of 120 rows cannot be used .pairs with an empty answer: 100."):
        own(jsonl(rows, tmp_path / "a.jsonl"))


def test_an_empty_country_is_no_second_country_of_its_user(tmp_path):
    rows = [{**row, "user": f"{row['country']} {i % 20}"} for i, row in enumerate(pair_rows())]
    rows[7]["country"] = ""
    path = jsonl(rows, tmp_path / "a.jsonl")
    assert own(path).card.dropped == {"pairs that name no country: empty": 1}
    with pytest.raises(DataFaults, match="1 fault. "):
        own(path, strict=True)


def test_all_pairs_of_a_user_in_two_countries_are_left_out(tmp_path):
    rows = [{**row, "user": f"{row['country']} {i % 20}"} for i, row in enumerate(pair_rows())]
    rows[0]["country"] = "Kenya"
    assert own(jsonl(rows, tmp_path / "a.jsonl")).card.dropped == {"pairs of a user in several countries": 6}


def test_pairs_without_a_user_go_by_their_prompt_and_are_never_one_person(tmp_path):
    named = [{**row, "user": f"{row['country']} {i % 30}"} for i, row in enumerate(pair_rows())]
    paths = jsonl(named, tmp_path / "a.jsonl"), jsonl(pair_rows(30), tmp_path / "b.jsonl")
    data = own(*paths)
    assert len(data.units) == 30 + 30 and data.pairs["unit"].min() == 0 and data.card.unit == "user"
    assert "60 pairs have no user; the split takes them by their prompt" in data.card.notes
    split = pd.Series(data.split_of_pairs()).groupby(data.pairs["unit"].to_numpy()).nunique()
    assert (split == 1).all()


def test_only_answers_to_one_prompt_pair_whatever_the_group(tmp_path):
    rows = [
        {
            "prompt": f"Ask {i}?",
            "response": f"answer {k} to {i}",
            "score": 10 * k + i % 3,
            "country": c,
            "user": f"{c}-{i // 4}",
            "group": f"{c}-{i // 4}",
        }
        for c in ("Chile", "Kenya")
        for i in range(80)
        for k in range(2)
    ]
    data = own(jsonl(rows, tmp_path / "a.jsonl"))
    prompt = data.texts["prompt"].astype(str).to_numpy()
    assert len(data.pairs) == 160 and (prompt[data.pairs["chosen"]] == prompt[data.pairs["rejected"]]).all()
    assert "40 groups have several prompts: only answers to the same prompt make a pair" in data.card.notes


def one_question(tmp_path, answers):
    rows = [
        {"prompt": "Rate it", "response": f"headline {i}", "score": i * 37 % 101, "country": c, "user": f"{c} {u}"}
        for c in ("Chile", "Kenya")
        for u in range(10)
        for i in range(answers)
    ]
    return jsonl(rows, tmp_path / "a.jsonl")


def test_pairs_of_one_group_are_bounded_told_and_follow_from_the_seed(tmp_path):
    path = one_question(tmp_path, 60)
    few, again, other = own(path, pairs_per_group=50), own(path, pairs_per_group=50), own(path, split_seed=1)
    assert len(few.pairs) == 20 * 50 and few.pairs.equals(again.pairs)
    assert few.card.dropped == {"pairs beyond 50 of one group of answers": 20 * (60 * 59 // 2 - 50)}
    assert (few.pairs["score_chosen"] > few.pairs["score_rejected"]).all() and len(other.pairs) == 20 * 1000
    assert len(own(one_question(tmp_path, 40)).pairs) == 20 * 40 * 39 // 2


def test_pairs_that_do_not_fit_into_memory_are_refused_before_they_are_made(tmp_path, monkeypatch):
    monkeypatch.setattr("scpo.data.pairing.MEMORY_SHARE", 1e-9)
    with pytest.raises(InputError, match=r"would make 15,600 pairs.*`pairs_per_group`"):
        own(one_question(tmp_path, 40))


@pytest.mark.parametrize("kind", ["csv", "jsonl", "json", "parquet", "tsv"])
def test_every_kind_of_file_gives_the_same_table(tmp_path, kind):
    rows = pd.DataFrame(
        [
            {
                **row,
                "country": [152, 404][i % 2],
                "user": 1000 + i % 40,
                "gender": "fm"[i // 2 % 2],
                "age": i % 40 // 2,
                "town": bool(i % 40 < 20),
                "mood": i,
            }
            for i, row in enumerate(pair_rows())
        ]
    )
    path = tmp_path / f"a.{kind}"
    write = {
        "csv": lambda: rows.to_csv(path, index=False),
        "tsv": lambda: rows.to_csv(path, index=False, sep="\t"),
        "jsonl": lambda: rows.to_json(path, orient="records", lines=True),
        "parquet": lambda: rows.to_parquet(path),
        "json": lambda: rows.to_json(path, orient="records"),
    }
    write[kind]()
    data = own(str(path))
    assert set(data.pairs["country"]) == {"Chile", "Kenya"}
    assert set(data.units["name"]) == {str(1000 + n) for n in range(40)}
    assert data.units[["gender", "age", "town"]].iloc[0].tolist() == ["f", "0", "True"] and "mood" not in data.units
    assert "not used, as a user has several values: mood" in data.card.notes


def test_columns_about_people_are_told_as_unused_where_no_user_is_named(tmp_path):
    data = own(jsonl(pair_rows(age="18-24"), tmp_path / "a.jsonl"))
    assert "not used, as the file names no users: age" in data.card.notes


@pytest.mark.parametrize("nobody", ["nan", " None ", "N/A", "anonymous", "\u200b"])
def test_a_word_for_nobody_is_no_user(tmp_path, nobody):
    rows = pair_rows(user="")
    for at, row in enumerate(rows):
        row["user"] = nobody if at < 40 else f"{row['country']} {at % 30}"
    data = own(jsonl(rows, tmp_path / "a.jsonl"))
    assert "40 pairs have no user; the split takes them by their prompt" in data.card.notes
    assert len(data.pairs) == 120


def test_a_user_is_one_person_whatever_the_blanks_at_the_ends(tmp_path):
    rows = [row | {"user": f"{row['country']} {at % 20}{' ' * (at % 3)}"} for at, row in enumerate(pair_rows())]
    data = own(jsonl(rows, tmp_path / "a.jsonl"))
    assert sorted(data.units["name"]) == sorted({row["user"].strip() for row in rows})


def test_characters_without_a_shape_are_no_answer(tmp_path):
    rows = pair_rows()
    rows[0]["chosen"], rows[1]["rejected"], rows[2]["prompt"] = "\u200b", "\xa0\ufeff ", "\u2060"
    rows[3]["chosen"] = "\u200da"
    card = own(jsonl(rows, tmp_path / "a.jsonl")).card
    assert card.dropped == {"pairs with an empty prompt": 1, "pairs with an empty answer": 2}


def test_columns_are_found_in_any_case_of_letters(tmp_path):
    names = {"prompt": "Prompt", "chosen": "CHOSEN ", "rejected": "Rejected", "country": " Country"}
    rows = pair_rows()
    same = own(jsonl(rows, tmp_path / "a.jsonl"))
    data = own(jsonl([{names[k]: v for k, v in row.items()} for row in rows], tmp_path / "b.jsonl"))
    assert content_hash(data) == content_hash(same)


def test_a_survey_given_as_pairs_is_told_where_it_is_read(tmp_path):
    rows = [{"question": "How?", "options": ["a"], "selections": {"Chile": [1]}}]
    with pytest.raises(DataFaults, match="read as the dataset `survey`"):
        own(jsonl(rows, tmp_path / "a.jsonl"))
