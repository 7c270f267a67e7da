"""Any other columns: a mapping by the user, a guess, and a mapping of which nothing comes."""

import argparse
import json
import shlex

import pandas as pd
import pytest

from scpo.cli.options import add_settings, config_of
from scpo.config import DataConfig, ExperimentConfig
from scpo.data import content_hash, load, look
from scpo.data.layouts import flag, guess_columns, is_complete, layout_of
from scpo.data.layouts.columns import words_of
from scpo.errors import ConfigError, DataFaults, InputError

COUNTRIES = ("Chile", "Kenya")


def table(**more):
    rows = [(n, c) for n in range(60) for c in COUNTRIES]
    columns = {
        "question": [f"Why {n}?" for n, _ in rows],
        "better": [f"yes {n}" for n, _ in rows],
        "worse": [f"no {n}" for n, _ in rows],
        "nation": [c for _, c in rows],
        "annotator_id": [f"{c} {n % 20}" for n, c in rows],
    }
    return pd.DataFrame(columns | more)


def write(frame, tmp_path, name="a.csv"):
    path = tmp_path / name
    frame.to_csv(path, index=False)
    return str(path)


def read(path, columns, **settings):
    return load(DataConfig("file", (path,), columns=tuple(columns.split(",")), **settings))


MAPPED = "prompt=question,chosen=better,rejected=worse,country=nation,user=annotator_id"


def test_mapped_columns_give_the_pairs_of_the_same_file_with_the_usual_names(tmp_path):
    usual = dict(
        zip(("question", "better", "worse", "nation"), ("prompt", "chosen", "rejected", "country"), strict=True)
    )
    plain = load(DataConfig("file", (write(table().rename(columns=usual), tmp_path, "b.csv"),)))
    assert content_hash(read(write(table(), tmp_path), MAPPED)) == content_hash(plain)


def test_a_column_with_a_roles_name_that_is_not_mapped_is_left_aside(tmp_path):
    path = write(table(prompt="not this", chosen="nor this"), tmp_path)
    assert set(read(path, MAPPED).texts["prompt"].astype(str)) == {f"Why {n}?" for n in range(60)}


@pytest.mark.parametrize("named", ["response_b", "model_b", "B", "2", 2, "no"])
def test_a_winner_is_named_by_its_letter_its_number_or_its_text(tmp_path, named):
    winner = [f"no {n}" if named == "no" else named for n in range(60) for _ in COUNTRIES]
    path = write(table(winner=winner), tmp_path)
    data = read(path, "prompt=question,response_a=better,response_b=worse,winner=winner,country=nation")
    assert len(data.pairs) == 120
    assert all(text.startswith("no") for text in data.texts["response"].to_numpy()[data.pairs["chosen"]])


def test_a_label_of_0_and_1_counts_from_zero_and_ties_are_left_out_by_count(tmp_path):
    path = write(table(label=[("0", "1", "tie")[n % 3] for n in range(120)]), tmp_path)
    data = read(path, "prompt=question,response_a=better,response_b=worse,winner=label,country=nation")
    chosen = data.texts["response"].to_numpy()[data.pairs["chosen"]]
    assert sum(text.startswith("yes") for text in chosen) == 40 and data.card.dropped == {"rows that are ties": 40}


def test_scored_answers_need_no_user(tmp_path):
    frame = pd.concat([table(answer=f"answer {k}", mark=k) for k in range(3)])
    data = read(write(frame, tmp_path), "prompt=question,response=answer,score=mark,country=nation")
    assert len(data.pairs) == 120 * 3 and data.card.unit == "user"  # annotator_id names the people


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        (
            "prompt=question,chosen=better,rejected=better,country=nation",
            "`chosen=better` and `rejected=better` hold the",
        ),
        (
            "prompt=unique,response=better,score=mark,country=nation,user=annotator_id",
            "`prompt=unique` has 120 different",
        ),
        ("prompt=question,response=better,score=same,country=nation,user=nation", "the same `score=same`"),
        ("prompt=question,response=better,score=mark,country=nation,user=unique", "by `user=unique` no one scored two"),
    ],
)
def test_a_mapping_that_makes_no_pair_says_which_of_its_columns_is_the_reason(tmp_path, columns, reason):
    frame = table(mark=range(120), same=1, unique=[f"u{n}" for n in range(120)])
    frame["question"] = [f"Why {n // 4}?" for n in range(120)]
    with pytest.raises(InputError, match=reason):
        read(write(frame, tmp_path), columns)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (("prompt",), "ROLE=COLUMN"),
        (("speed=x",), "the role one of prompt"),
        (("prompt=a", "prompt=b"), "names prompt twice"),
        (("prompt=a", "chosen=b"), "columns names prompt, chosen; needed are"),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused(columns, message):
    with pytest.raises(ConfigError, match=message):
        layout_of(table(), DataConfig("file", ("a.csv",), columns=columns))


def test_a_mapped_column_that_is_not_there_is_a_fault(tmp_path):
    with pytest.raises(DataFaults, match="no column best"):
        read(write(table(), tmp_path), "prompt=question,chosen=best,rejected=worse,country=nation")


def test_a_file_that_fits_two_layouts_asks(tmp_path):
    path = write(table(prompt="p", pref="x", dispref="y", context="c", response="r", associated_culture="k"), tmp_path)
    with pytest.raises(InputError, match="fits 2 layouts, care and plural.*--layout care or --layout plural"):
        load(DataConfig("file", (path,)))
    assert look(DataConfig("file", (path,), layout="plural"))[0].card.title == "PLURAL"


def test_an_unknown_layout_is_named_with_those_that_are_known():
    with pytest.raises(ConfigError, match="layout is 'tea'; it must be one of pairs, scores, community-alignment"):
        layout_of(table(), DataConfig("file", ("a.csv",), layout="tea"))


def test_a_layout_with_one_column_of_another_name(tmp_path):
    rows = [
        {"instruction": f"Why {n}?", "completions": [{"response": "a", "overall_score": 1.0}] * 2} for n in range(9)
    ]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps(row | {"tongue": "Chile"}) for row in rows))
    with pytest.raises(InputError, match="the same the column `score`"):
        read(str(path), "country=tongue", layout="ultrafeedback")


def guessed(**columns):
    return guess_columns(pd.DataFrame({name.replace("__", " "): value for name, value in columns.items()}))


def test_a_guess_goes_by_names_and_values():
    assert flag(guess_columns(table())) == f"--columns {MAPPED}"
    assert guessed(Question=["q"], Answer_1=["a"], Answer_2=["b"], Choice=["1"], Home=["Kenya"]) == {
        "prompt": "Question",
        "response_a": "Answer_1",
        "response_b": "Answer_2",
        "winner": "Choice",
        "country": "Home",
    }
    assert guessed(text_of_prompt=["q"], modelAnswer=["a"], rating=[3], rater=["x"], lang=["it"]) == {
        "prompt": "text_of_prompt",
        "response": "modelAnswer",
        "score": "rating",
        "user": "rater",
    }


def test_a_guess_that_says_too_little_is_not_complete():
    assert not is_complete(guessed(prompt=["q"], text=["t"])) and guessed(x=[1]) == {}


def test_a_guess_is_given_to_paste_with_names_of_commas_and_quotes(tmp_path):
    frame = table().rename(columns={"better": 'the "better", one'})
    guess = guess_columns(frame)
    assert guess["chosen"] == 'the "better", one'
    with pytest.raises(DataFaults) as caught:
        load(DataConfig("file", (write(frame, tmp_path),)))
    (fault,) = caught.value.faults
    assert flag(guess) in fault.needed and "no column prompt, chosen, rejected, country" in fault.got
    assert len(load(DataConfig("file", (str(tmp_path / "a.csv"),), columns=words_of(guess))).pairs) == 120


def test_columns_of_another_data_set_than_a_file_are_refused():
    with pytest.raises(ConfigError, match="dataset 'survey' has columns of its own"):
        DataConfig("survey", ("a.csv",), columns=("prompt=question",))


def test_settings_of_columns_and_layout_are_kept_in_a_command_and_leave_other_configurations_what_they_were():
    plain = ExperimentConfig(DataConfig("file", ("a.csv",)))
    mapped = ExperimentConfig(DataConfig("file", ("a.csv",), columns=("prompt=a, b",)))
    assert not {"layout", "columns"} & {*plain.as_dict()["data"]}
    assert ExperimentConfig.from_dict(mapped.as_dict()) == mapped
    assert "--columns '\"prompt=a, b\"'" in mapped.command()


def test_a_mapping_of_the_country_alone_changes_the_layout_that_the_file_fits(tmp_path):
    """As the note on a file without a country says."""
    rows = [
        {
            side: f"\n\nHuman: Why {n}?\n\nAssistant: {said} {n}"
            for side, said in (("chosen", "yes"), ("rejected", "no"))
        }
        | {"nation": COUNTRIES[n % 2]}
        for n in range(240)
    ]
    path = tmp_path / "hh.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    pairs = load(DataConfig("file", (str(path),), columns=("country=nation",)))
    assert {*pairs.pairs["country"]} == {*COUNTRIES} and len(pairs.pairs) == 240


def test_a_missing_column_is_told_beside_the_columns_that_the_file_has(tmp_path):
    table().to_csv(tmp_path / "own.csv", index=False)
    with pytest.raises(DataFaults, match=r"columns: question, better, worse, nation, annotator_id\)"):
        load(DataConfig("file", (str(tmp_path / "own.csv"),)))


def test_a_name_with_a_line_break_can_be_pasted():
    words = flag({"prompt": "the\nquestion", "chosen": "a", "rejected": "b"})
    parser = argparse.ArgumentParser()
    add_settings(parser, DataConfig)
    args = parser.parse_args(["--dataset", "file", "--data-file", "a.csv", *shlex.split(words)])
    assert config_of(args).data.columns == ("prompt=the\nquestion", "chosen=a", "rejected=b")
