"""Real data sources: every form gives the same pairs, and every fault is found and named."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from scpo.config import DataConfig
from scpo.data import content_hash, counts, load
from scpo.data.countries import base_name, iso3
from scpo.data.survey import is_no_opinion
from scpo.errors import DataFaults, InputError, ScpoError, SourceMissing

from fakes import scored_rows, tried

WRITERS = {
    "csv": lambda table, path: table.to_csv(path, index=False),
    "jsonl": lambda table, path: table.to_json(path, orient="records", lines=True),
    "parquet": lambda table, path: table.to_parquet(path),
}


def write(table, path):
    WRITERS[path.suffix[1:]](table, path)
    return str(path)


def survey_rows(questions=40, seed=0):
    rng = np.random.default_rng(seed)
    rows = []
    for q in range(questions):
        for country in ("Mexico", "Kenya", "Brazil (Non-national sample)", "Brazil", "Germany"):
            shares = np.round(rng.dirichlet(np.ones(3)) * 0.9, 2)
            options = [f"Very much {q}", "Somewhat", "Not at all", "DK/Refused"]
            distribution = [*shares.tolist(), round(1 - float(shares.sum()), 4)]
            rows.append(
                {"question": f"Question {q}?", "country": country, "options": options, "distribution": distribution}
            )
    return rows


def jsonl(rows, path):
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return str(path)


def opinions(path, **settings):
    return load(DataConfig("globalopinionqa", (path,), **settings))


def faults_of(config):
    with pytest.raises(DataFaults) as caught:
        load(config)
    return caught.value.faults


# GlobalOpinionQA


def test_published_csv_and_jsonl_give_the_same_pairs(tmp_path):
    rows = survey_rows()
    published = {}
    for row in rows:
        published.setdefault(row["question"], ({}, row["options"]))[0][row["country"]] = row["distribution"]
    table = pd.DataFrame(
        [
            {"question": q, "selections": f"defaultdict(<class 'list'>, {shares!r})", "options": repr(options)}
            for q, (shares, options) in published.items()
        ]
    )
    first, second = opinions(jsonl(rows, tmp_path / "a.jsonl")), opinions(write(table, tmp_path / "a.csv"))
    assert content_hash(first) == content_hash(second)


def test_answers_that_are_no_opinion_never_pair(tmp_path):
    data = opinions(jsonl(survey_rows(), tmp_path / "a.jsonl"))
    assert "DK/Refused" not in set(data.texts["response"])
    assert data.card.dropped == {"options that are not opinions": 200}


@pytest.mark.parametrize(
    "option",
    [
        "DK/Refused",
        "Don't know",
        "Don’t know/Refused",
        "No answer",
        "No answer/refused",
        "Missing",
        "Missing; Unknown",
        "Other missing; Multiple answers Mail (EVS)",
        "Total                  N=",
        "Total N=",
        "INAP: No internet",
        "Haven't heard enough (VOL)",
        "Can't rate (VOL)",
        "Don't know (VOL)",
        "(DO NOT READ) Refused",
        "Refused (VOL)",
        "Not sure",
        "No opinion",
        "Missing; Not applicable for other reasons",
        "Never heard of (VOL)",
    ],
)
def test_no_opinion_is_recognised(option):
    assert is_no_opinion(option)


@pytest.mark.parametrize(
    "option",
    [
        "None at all",
        "No",
        "Neither (VOL)",
        "Other (VOL)",
        "Depends (VOL)",
        "No effect",
        "None of these (VOL)",
        "Totally agree",
        "Have not heard of it",
        "Missing persons are a problem",
        "Never justifiable",
        "No difference",
        "No, I do not know anyone",
        "Don't know any",
        "Refused to leave",
        "Have not heard",
    ],
)
def test_an_opinion_is_not_mistaken_for_none(option):
    assert not is_no_opinion(option)


def test_shares_closer_than_the_gap_make_no_pair(tmp_path):
    rows = survey_rows(60)
    for row in rows:
        row["distribution"] = [0.50, 0.49, 0.01, 0.0]
    data = opinions(jsonl(rows, tmp_path / "a.jsonl"))
    assert len(data.pairs) == 60 * 5 * 2
    assert (data.pairs["score_chosen"] - data.pairs["score_rejected"] > 0.4).all()


def test_samples_of_a_country_stay_apart_unless_merged(tmp_path):
    path = jsonl(survey_rows(), tmp_path / "a.jsonl")
    assert "Brazil (Non-national sample)" in set(opinions(path).pairs["country"])
    merged = opinions(path, merge_samples=True)
    assert set(merged.pairs["country"]) == {"Mexico", "Kenya", "Brazil", "Germany"}


def test_merged_samples_score_the_mean_of_their_shares(tmp_path):
    """Brazil .6 and .4, its other sample .2 and .8: merged .4 and .6, so the second option wins by .2."""
    rows = [row for row in survey_rows(60) if row["country"].startswith(("Brazil", "Germany"))]
    for row in rows:
        shares = [0.2, 0.8] if row["country"].endswith("sample)") else [0.6, 0.4]
        row.update(options=["first", "second"], distribution=shares)
    data = opinions(jsonl(rows, tmp_path / "a.jsonl"), merge_samples=True)
    brazil = data.pairs[data.pairs["country"] == "Brazil"]
    assert set(data.texts["response"].to_numpy()[brazil["chosen"]]) == {"second"} and len(brazil) == 60
    assert np.allclose(brazil[["score_chosen", "score_rejected"]], [0.6, 0.4])


def test_a_survey_country_without_a_code_is_kept_and_told(tmp_path):
    rows = survey_rows()
    for row in rows:
        row["country"] = row["country"].replace("Kenya", "Meridia")
    data = opinions(jsonl(rows, tmp_path / "a.jsonl"))
    assert "Meridia" in set(data.pairs["country"]) and any("Meridia" in note for note in data.card.notes)


def test_a_question_is_in_one_split_for_all_countries(tmp_path):
    data = opinions(jsonl(survey_rows(), tmp_path / "a.jsonl"))
    assert data.card.unit == "question" and len(data.units) == 40
    assert data.card.countries == ("Mexico", "Kenya", "Brazil") and data.card.reference == ("Germany",)


FAULTY = {
    "lengths": ({"distribution": [0.5, 0.5]}, "4 options but 2 shares"),
    "sum": ({"distribution": [0.5, 0.5, 0.5, 0.0]}, "sum to 1.5"),
    "negative": ({"distribution": [1.2, -0.2, 0.0, 0.0]}, "outside"),
    "nan": ({"distribution": [float("nan"), 0.5, 0.5, 0.0]}, "a share is missing"),
    "words": ({"distribution": ["a", 0.5, 0.5, 0.0]}, "not a list of numbers"),
    "options": ({"options": "yes"}, "not a list of texts"),
    "blank option": ({"options": ["a", " ", "b", "c"]}, "not a list of texts"),
    "twice": ({"options": ["a", "a", "b", "c"]}, "twice"),
    "question": ({"question": " "}, "question is empty"),
    "country": ({"country": None}, "country is missing"),
}


def test_every_fault_is_reported_at_once_with_its_row(tmp_path):
    rows = survey_rows(10)
    for at, (change, _) in enumerate(FAULTY.values()):
        rows[2 * at].update(change)
    rows[30] = rows[31]
    found = faults_of(DataConfig("globalopinionqa", (jsonl(rows, tmp_path / "a.jsonl"),), strict=True))
    for at, (_, message) in enumerate(FAULTY.values()):
        assert any(f.row == 2 * at + 1 and message in f.got for f in found), message
    assert any(f.row == 32 and "came before" in f.got for f in found) and len(found) == len(FAULTY) + 1


def test_a_literal_that_is_no_literal_is_a_fault_and_is_not_run(tmp_path):
    trap = tmp_path / "trap"
    table = pd.DataFrame(
        {
            "question": ["q1", "q2", "q3"],
            "options": ["['a', 'b']", "['a'", "['a', 'b']"],
            "source": "x",
            "selections": [f"__import__('pathlib').Path({str(trap)!r}).touch()", "{'A': [1.0]}", "[" * 5000],
        }
    )
    found = faults_of(DataConfig("globalopinionqa", (write(table, tmp_path / "a.csv"),), strict=True))
    assert [f.row for f in found] == [2, 3, 4] and not trap.exists()


# PRISM


def prism_tables(users=120):
    rng = np.random.default_rng(0)
    country = np.array(["United States", "Chile", "Mexico", "Prefer not to say"])[np.arange(users) % 4].tolist()
    survey = pd.DataFrame(
        {
            "user_id": [f"user{u}" for u in range(users)],
            "age": "25-34 years old",
            "location": [{"reside_country": c, "birth_country": c} for c in country],
            "religion": [{"self_described": "x", "simplified": "No Affiliation"}] * users,
        }
    )
    rows = []
    for user in range(users - 4):
        for turn in range(4):
            for answer in range(4 if turn == 0 else 2):
                rows.append(
                    {
                        "utterance_id": f"ut{len(rows)}",
                        "interaction_id": f"int{user}-{turn}",
                        "user_id": f"user{user}",
                        "user_prompt": f"prompt {turn}",
                        "model_response": f"answer {user} {turn} {answer}",
                        "score": int(rng.integers(1, 101)),
                    }
                )
    return survey, pd.DataFrame(rows)


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_prism_reads_all_kinds_of_file_in_either_order(tmp_path, kind):
    survey, utterances = prism_tables()
    paths = [write(utterances, tmp_path / f"u.{kind}"), write(survey, tmp_path / f"s.{kind}")]
    data = load(DataConfig("prism", tuple(paths)))
    assert data.card.countries == ("Mexico", "Chile")[::-1] and data.card.reference == ("United States",)
    assert data.card.dropped["users with conversations who told no country"] == 29
    assert data.units["religion"].unique().tolist() == ["No Affiliation"] and len(data.units) == 120
    flat = survey.assign(**{"location.reside_country": [p["reside_country"] for p in survey["location"]]})
    flat = write(flat.drop(columns=["location", "religion"]), tmp_path / f"f.{kind}")
    assert len(load(DataConfig("prism", (paths[0], flat))).pairs) == len(data.pairs)


def test_prism_pairs_two_answers_of_one_interaction_only(tmp_path):
    survey, utterances = prism_tables()
    data = load(DataConfig("prism", (write(survey, tmp_path / "s.jsonl"), write(utterances, tmp_path / "u.jsonl"))))
    chosen, rejected = (data.texts["response"].to_numpy()[data.pairs[s]] for s in ("chosen", "rejected"))
    assert [a.split()[1:3] for a in chosen] == [b.split()[1:3] for b in rejected]
    assert (data.pairs["score_chosen"] > data.pairs["score_rejected"]).all()


def test_prism_users_are_split_as_the_survey_is_by_the_authors(tmp_path):
    from datasets import Dataset

    survey, utterances = prism_tables()
    data = load(DataConfig("prism", (write(survey, tmp_path / "s.jsonl"), write(utterances, tmp_path / "u.jsonl"))))
    theirs = Dataset.from_dict({"user_id": survey["user_id"].tolist()}).train_test_split(test_size=0.15, seed=0)
    assert set(data.units["name"][data.units["split"] == "test"]) == set(theirs["test"]["user_id"])


def test_no_unit_is_in_two_splits_and_whoever_told_no_country_has_no_pair(tmp_path):
    survey, utterances = prism_tables()
    data = load(DataConfig("prism", (write(survey, tmp_path / "s.jsonl"), write(utterances, tmp_path / "u.jsonl"))))
    assert data.units["name"].is_unique and data.units["split"].notna().all()
    per_unit = pd.Series(data.split_of_pairs()).groupby(data.pairs["unit"].to_numpy()).nunique()
    assert (per_unit == 1).all() and data.pairs["country"].notna().all()
    silent = utterances["user_id"].isin(survey["user_id"][3::4]).sum()
    assert data.card.dropped["responses of users who told no country"] == silent == 29 * 10
    assert len(data.texts) == len(utterances) - silent


def test_prism_rows_that_say_nothing_are_left_out_and_counted(tmp_path):
    survey, utterances = prism_tables()
    clean = load(DataConfig("prism", (write(survey, tmp_path / "s.jsonl"), write(utterances, tmp_path / "u.jsonl"))))
    utterances = utterances.astype(object)
    first = utterances.index[utterances["user_id"] == "user1"]
    utterances.loc[first[0], "model_response"] = " "
    utterances.loc[first[4], "score"] = None
    utterances.loc[first[5], "score"] = 400
    utterances.loc[first[6], "user_id"] = "nobody"
    utterances.loc[first[7], "utterance_id"] = utterances.loc[first[8], "utterance_id"]
    paths = (write(survey, tmp_path / "s.jsonl"), write(utterances, tmp_path / "u.jsonl"))
    data = load(DataConfig("prism", paths))
    assert {reason: n for reason, n in data.card.dropped.items() if reason not in clean.card.dropped} == {
        "responses with an empty answer": 1,
        "responses whose score is no finite number": 1,
        "responses with a score beyond 100 or below 0": 1,
        "responses of users who are not in the survey": 1,
        "responses whose utterance_id came before": 1,
    }
    assert len(data.pairs) < len(clean.pairs) and len(data.units) == len(clean.units)
    assert len(faults_of(DataConfig("prism", paths, strict=True))) == 5


def test_a_prism_country_without_a_code_is_kept_and_told(tmp_path):
    survey, utterances = prism_tables()
    survey["location"] = [
        {"reside_country": p["reside_country"].replace("Prefer not to say", "Meridia")} for p in survey["location"]
    ]
    data = load(DataConfig("prism", (write(survey, tmp_path / "s.jsonl"), write(utterances, tmp_path / "u.jsonl"))))
    assert "Meridia" in set(data.pairs["country"]) and any("Meridia" in note for note in data.card.notes)
    assert data.card.dropped["users with conversations who told no country"] == 0


def test_a_broken_prism_file_does_not_hide_the_faults_of_the_other(tmp_path):
    survey, utterances = prism_tables()
    utterances.loc[5, "model_response"] = " "
    paths = (write(survey, tmp_path / "s.jsonl"), write(utterances, tmp_path / "u.jsonl"))
    with open(paths[0], "a") as file:
        file.write("{broken\n")
    found = faults_of(DataConfig("prism", paths, strict=True))
    assert ["not json" in found[0].got, "s.jsonl" in found[0].got] == [True, True]
    assert ["model_response is empty (u.jsonl)" == found[1].got, len(found)] == [True, 2]


def test_faults_of_both_prism_files_come_together(tmp_path):
    survey, utterances = prism_tables()
    survey.loc[3, "user_id"] = "user2"
    utterances["score"] = utterances["score"].astype(object)
    utterances.loc[5, "score"] = "high"
    utterances.loc[6, "score"] = 900
    utterances.loc[7, "model_response"] = ""
    utterances.loc[9, "utterance_id"] = "ut8"
    found = faults_of(
        DataConfig("prism", (write(survey, tmp_path / "s.jsonl"), write(utterances, tmp_path / "u.jsonl")), strict=True)
    )
    told = " | ".join(map(str, found))
    for part in (
        "row 4: user_id = 'user2' again",
        "row 6: score is 'high'",
        "row 7: score is 900",
        "not in the survey",
        "row 8: model_response is empty",
        "row 10: utterance_id = 'ut8' again",
    ):
        assert part in told


def test_a_missing_half_of_prism_is_named(tmp_path):
    survey, _ = prism_tables()
    (fault,) = faults_of(DataConfig("prism", (write(survey, tmp_path / "s.jsonl"),)))
    assert "no utterances file" in fault.got


@pytest.mark.parametrize("dataset", ["prism", "globalopinionqa"])
def test_without_the_hub_one_message_says_what_to_bring(dataset):
    with pytest.raises(SourceMissing, match="--data-file"):
        load(DataConfig(dataset))


# the user's own files


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_scored_responses_become_pairs(tmp_path, kind):
    data = load(DataConfig("file", (write(scored_rows(90), tmp_path / f"a.{kind}"),)))
    assert (data.pairs["score_chosen"] > data.pairs["score_rejected"]).all() and data.card.unit == "user"
    assert len(data.card.reference) == 1 and len(data.card.countries) == 2


def test_a_file_of_pairs_goes_by_prompt_where_it_has_no_user(tmp_path):
    rows = [{"prompt": f"p{i}", "chosen": f"a{i}", "rejected": f"b{i}", "country": "XYZ"[i % 3]} for i in range(300)]
    table = pd.DataFrame(rows)
    data = load(DataConfig("file", (write(table, tmp_path / "a.csv"),)))
    assert data.card.unit == "prompt" and len(data.pairs) == 300
    with_user = table.assign(user=np.arange(300) % 60)
    data = load(DataConfig("file", (write(with_user, tmp_path / "b.jsonl"),)))
    assert data.card.unit == "user" and len(data.units) == 60


def test_the_country_with_most_pairs_is_the_reference_unless_it_is_steered_to(tmp_path):
    table = scored_rows(90)
    path = write(pd.concat([table, table[table["country"] == "Borealis"].assign(prompt="again")]), tmp_path / "a.csv")
    data = load(DataConfig("file", (path,)))
    assert data.card.reference == ("Borealis",) and "Borealis has the most pairs" in data.card.notes[0]
    data = load(DataConfig("file", (path,), countries=("Borealis",)))
    assert data.card.countries == ("Borealis",) and data.card.reference and "Borealis" not in data.card.reference
    data = load(DataConfig("file", (path,), reference=("Aland",)))
    assert data.card.reference == ("Aland",) and not any("most pairs" in note for note in data.card.notes)
    assert set(data.card.countries) == {"Borealis", "Cascadia"}, (
        "the largest is steered to, since it is not the reference"
    )


def test_a_file_whose_answers_are_all_equal_has_nothing_to_learn_from(tmp_path):
    pairs = pd.DataFrame({"prompt": ["p"], "chosen": ["a"], "rejected": ["a"], "country": ["Chile"]})
    with pytest.raises(InputError, match="no country has enough pairs"):
        load(DataConfig("file", (write(pairs, tmp_path / "a.csv"),)))
    with pytest.raises(InputError, match="'Chile', which has no pairs"):
        load(DataConfig("file", (str(tmp_path / "a.csv"),), countries=("Chile",)))


def test_the_card_names_the_file_and_not_the_folder_that_it_lies_in(tmp_path):
    data = load(DataConfig("file", (write(scored_rows(60), tmp_path / "own.csv"),)))
    told = data.card.title + data.card.source
    assert "own.csv" in told and str(tmp_path) not in told


def test_one_changed_letter_changes_the_content_hash(tmp_path):
    table = scored_rows(90)
    first = load(DataConfig("file", (write(table, tmp_path / "a.csv"),)))
    again = load(DataConfig("file", (write(table, tmp_path / "b.jsonl"),)))
    table.loc[3, "response"] += "."
    other = load(DataConfig("file", (write(table, tmp_path / "c.csv"),)))
    assert content_hash(first) == content_hash(again) != content_hash(other)


def test_faults_of_an_own_file_are_all_named(tmp_path):
    table = scored_rows(30).astype(object)
    table.loc[0, "score"] = "nan"
    table.loc[1, "score"] = "inf"
    table.loc[2, "prompt"] = "  "
    table.loc[4, "country"] = "Elsewhere"
    found = faults_of(DataConfig("file", (write(table, tmp_path / "a.csv"),), strict=True))
    told = " | ".join(map(str, found))
    for part in (
        "row 2: score is 'nan'",
        "row 3: score is 'inf'",
        "row 4: prompt is empty",
        "user 'user0' in Aland, Elsewhere",
    ):
        assert part in told


def test_missing_columns_are_named_with_those_that_are_there(tmp_path):
    (fault,) = faults_of(
        DataConfig("file", (write(pd.DataFrame({"prompt": ["p"], "text": ["t"]}), tmp_path / "a.csv"),))
    )
    assert "no column chosen, rejected, country (columns: prompt, text)" in fault.got


RAW = {
    "not utf-8": (b'{"prompt": "a"}\n{"prompt": "\xff"}\n', ".jsonl", 2, "not UTF-8"),
    "broken line": (b'{"prompt": "a"}\n{"prompt": \n', ".jsonl", 2, "not json"),
    "a list": (b'{"prompt": "a"}\n[1]\n', ".jsonl", 2, "a json list"),
    "nul": (b"prompt,chosen\nx\x00,y\n", ".csv", 2, "NUL"),
    "too many fields": (b"prompt,chosen,rejected,country\na,b,c,d,e\n", ".csv", 2, "5 fields"),
    "too few fields": (b"prompt,chosen,rejected,country\na,b,c,d\na,b\n", ".csv", 3, "2 fields"),
    "open quote": (b'prompt,chosen\n"a,b\n', ".csv", 2, "not csv"),
    "empty": (b"", ".csv", None, "is empty"),
    "header only": (b"prompt,chosen,rejected,country\n", ".csv", None, "no rows"),
    "no parquet": (b"PAR1 nothing", ".parquet", None, "not parquet"),
    "other kind": (b"x", ".xlsx", None, "ends in '.xlsx'"),
}


@pytest.mark.parametrize("name", RAW)
def test_an_unreadable_file_is_explained(tmp_path, name):
    content, suffix, row, message = RAW[name]
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    assert any(f.row == row and message in f.got for f in faults_of(DataConfig("file", (str(path),), strict=True)))


def test_missing_files_and_folders_are_explained_together(tmp_path):
    found = faults_of(DataConfig("file", (str(tmp_path / "gone.csv"), str(tmp_path))))
    assert ["does not exist" in found[0].got, "is a folder" in found[1].got] == [True, True]


def test_a_file_over_the_limit_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    with open(path, "wb") as file:
        file.truncate(2 << 30)  # a sparse file of 2 GB takes no room
    (fault,) = faults_of(DataConfig("file", (str(path),)))
    assert "2048 MB" in fault.got and "SCPO_MAX_FILE_MB" in fault.needed


def test_a_byte_order_mark_and_crlf_are_no_fault(tmp_path):
    text = scored_rows(60).to_csv(index=False).replace("\n", "\r\n")
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert len(load(DataConfig("file", (str(tmp_path / "a.csv"),))).pairs) > 100


def test_the_message_shows_twenty_faults_and_counts_the_rest(tmp_path):
    table = scored_rows(30).assign(score="x")
    with pytest.raises(DataFaults) as caught:
        load(DataConfig("file", (write(table, tmp_path / "a.csv"),), strict=True))
    message = str(caught.value)
    assert message.count("row ") == 20 and f"and {len(table) - 20} more" in message


# countries


def test_unknown_and_too_small_countries_are_refused_together(tmp_path):
    table = pd.concat([scored_rows(90), scored_rows(3).assign(country="Tiny", user="tiny")])
    path = write(table, tmp_path / "a.csv")
    with pytest.raises(InputError) as caught:
        load(DataConfig("file", (path,), countries=("Borealiss", "Tiny"), reference=("Nowhere",)))
    message = str(caught.value)
    assert (
        "'Borealiss'" in message and "Borealis" in message and "'Nowhere'" in message and "Tiny has too few" in message
    )


def test_counts_agree_with_the_pairs(tmp_path):
    data = load(DataConfig("file", (write(scored_rows(90), tmp_path / "a.csv"),)))
    table = counts(data)
    assert table["pairs"].sum() == len(data.pairs)
    assert (table[["train", "validation", "test"]].sum(axis=1) == table["pairs"]).all()


@pytest.mark.parametrize(
    "name, code",
    [
        ("Britain", "GBR"),
        ("S. Korea", "KOR"),
        ("Czech Rep.", "CZE"),
        ("Palest. ter.", "PSE"),
        ("Cote d'Ivoire", "CIV"),
        ("Ivory Coast (Non-national sample)", "CIV"),
        ("Türkiye", "TUR"),
        ("Mexico", "MEX"),
        ("Macau SAR", "MAC"),
        ("India (Current national sample)", "IND"),
        ("Prefer not to say", None),
        ("Meridia", None),
    ],
)
def test_spellings_of_the_data_sets_have_codes(name, code):
    assert iso3(name) == code


def test_only_a_sample_is_cut_from_a_name():
    assert base_name("Brazil (Non-national sample)") == "Brazil" and base_name("Congo (Kinshasa)") == "Congo (Kinshasa)"


@pytest.mark.shared_data
def test_every_country_of_the_real_survey_has_a_code(shared_data):
    data = opinions(str(shared_data / "globalopinionqa_sample.jsonl"))
    assert [c for c in data.pairs["country"].cat.categories if iso3(c) is None] == []


@pytest.mark.shared_data
def test_the_published_csv_is_parsed(shared_data):
    data = opinions(str(shared_data / "globalopinionqa_hub_format.csv"))
    assert len(data.units) == 60 and "United States" in set(data.pairs["country"])


@pytest.mark.shared_data
def test_the_first_real_row_gives_the_pairs_worked_by_hand(shared_data, tmp_path):
    """Mexico on corrupt police: .693, .228, .059, .020, DK 0: all six pairs differ by at least .02."""
    data = opinions(str(shared_data / "globalopinionqa_sample.jsonl"))
    question = data.units["name"][0]
    first = data.pairs[(data.pairs["unit"] == 0) & (data.pairs["country"] == "Mexico")]
    responses = data.texts["response"].to_numpy()
    assert "Corrupt police" in question and len(first) == 6
    assert sorted(responses[first["chosen"]]).count("Very big problem") == 3


# anything at all

hostile = tried(150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@hostile
@given(
    st.binary(max_size=300),
    st.sampled_from([".csv", ".jsonl", ".parquet"]),
    st.sampled_from(["file", "prism", "globalopinionqa"]),
)
def test_no_bytes_raise_anything_but_a_clear_error(tmp_path, content, suffix, dataset):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    with pytest.raises(ScpoError):
        load(DataConfig(dataset, (str(path),)))


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
COLUMNS = {
    "file": ["prompt", "response", "score", "country", "user", "group", "chosen", "rejected"],
    "prism": [
        "user_id",
        "location",
        "interaction_id",
        "user_prompt",
        "model_response",
        "score",
        "utterance_id",
        "religion",
    ],
    "globalopinionqa": ["question", "country", "options", "distribution", "selections"],
}


@hostile
@given(st.data(), st.sampled_from(sorted(COLUMNS)))
def test_no_json_rows_raise_anything_but_a_clear_error(tmp_path, data, dataset):
    names = data.draw(st.lists(st.sampled_from(COLUMNS[dataset]), unique=True, min_size=4))
    rows = data.draw(st.lists(st.fixed_dictionaries({n: json_values for n in names}), min_size=1, max_size=4))
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    with pytest.raises(ScpoError):
        load(DataConfig(dataset, (str(path), str(path)) if dataset == "prism" else (str(path),)))


@tried(40)
@given(st.text(max_size=30))
def test_any_name_of_a_country_or_an_option_is_looked_at_without_a_failure(name):
    code = iso3(name)
    assert code is None or (len(code) == 3 and code.isupper())
    assert base_name(base_name(name)) == base_name(name) or base_name(name) != name
    assert is_no_opinion(name) in (True, False)
