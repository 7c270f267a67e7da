"""Messages become the texts that SCPOTrainer's pairs have, and what cannot be read so is never prose."""

import json

import numpy as np
import pandas as pd
import pytest

from scpo.config import DataConfig
from scpo.data import load
from scpo.data.faults import Faults
from scpo.data.messages import as_texts, looks_like_messages
from scpo.errors import DataFaults


def said(role, content):
    return {"role": role, "content": content}


def read(*rows, strict=False):
    faults = Faults("a", strict=strict)
    table = pd.DataFrame(list(rows), dtype=object)
    return as_texts(table, ("chosen", "rejected"), faults, "pairs"), faults


def pair(before, good="yes", bad="no", **more):
    return {"chosen": [*before, said("assistant", good)], "rejected": [*before, said("assistant", bad)], **more}


def texts(row):
    found, faults = read(row)
    faults.raise_any()
    return found[["prompt", "chosen", "rejected"]].iloc[0].tolist()


ASKED = [said("user", "Why?")]
FORMS = {
    "implicit": pair(ASKED),
    "explicit": pair([], prompt=ASKED),
    "explicit, prompt in the answers too": pair(ASKED, prompt=ASKED),
    "prompt as a text": pair([], prompt="Why?"),
    "prompt as a text, and in the answers": pair(ASKED, prompt="Why?"),
    "answers as texts": {"prompt": ASKED, "chosen": "yes", "rejected": "no"},
    "json text": {k: json.dumps(v) for k, v in pair(ASKED).items()},
    "text of a Python list": {k: str(v) for k, v in pair(ASKED).items()},
    "prompt in a list as json text": {"prompt": '["Why?"]', **{k: json.dumps(v) for k, v in pair([]).items()}},
    "parts": pair([said("user", [{"type": "text", "text": "Why?"}])]),
    "arrays, as parquet has them": {k: np.array(v, dtype=object) for k, v in pair(ASKED).items()},
    "one message, no list": {"prompt": "Why?", "chosen": said("assistant", "yes"), "rejected": said("assistant", "no")},
    "other names": pair([{"from": "human", "value": "Why?"}]),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_messages_gives_the_same_texts(form):
    assert texts(FORMS[form]) == ["Why?", "yes", "no"]


def test_a_prompt_of_several_turns_is_one_line_per_turn_with_its_role():
    turns = [said("user", "A"), said("assistant", "B"), said("user", "C")]
    assert texts(pair(turns))[0] == "user: A\nassistant: B\nuser: C"
    assert texts(pair(turns[1:], prompt=turns[:1]))[0] == "user: A\nassistant: B\nuser: C"


UNREADABLE = {
    "the answers follow different turns": {"chosen": pair(ASKED)["chosen"], "rejected": pair([])["rejected"]},
    "the last message is of the user": {"chosen": ASKED, "rejected": ASKED},
    "cannot be parsed": {"prompt": "p", "chosen": '[{"role": "assistant", "content": ', "rejected": "b"},
    "no text": pair([said("user", [{"type": "image", "url": "x"}])]),
    "has no role": {"prompt": "p", "chosen": [{"content": "x"}], "rejected": "b"},
    "content of a message is": pair([said("user", 7)]),
}


@pytest.mark.parametrize("got", UNREADABLE)
def test_messages_that_cannot_be_read_are_left_out_and_never_taken_for_prose(got):
    table, faults = read(UNREADABLE[got])
    assert len(table) == 0 and faults.left_out == {"pairs whose messages cannot be read": 1}
    with pytest.raises(DataFaults, match=got):
        read(UNREADABLE[got], strict=True)[1].raise_any()


@pytest.mark.parametrize("text", ["[1, 2, 3]", '["a", "b"]', "{x} and [y]", "role: user", "[link](x)", '{"a": 1}'])
def test_prose_with_brackets_stays_prose(text):
    assert not looks_like_messages(text)
    row = {"prompt": text, "chosen": text, "rejected": "b"}
    assert read(row)[0].iloc[0].to_dict() == row


def test_a_file_of_messages_is_the_data_set_of_its_texts(tmp_path):
    rows = [{**pair([said("user", f"Ask {i}?")], f"a{i}", f"b{i}"), "country": c} for i in range(40) for c in "XY"]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    table = pd.DataFrame([{k: v if k == "country" else json.dumps(v) for k, v in row.items()} for row in rows])
    table.to_csv(tmp_path / "a.csv", index=False)
    table.to_parquet(tmp_path / "a.parquet")
    for name in ("a.jsonl", "a.csv", "a.parquet"):
        data = load(DataConfig("file", (str(tmp_path / name),)))
        assert len(data.pairs) == 80 and data.texts["response"].iloc[0] == "a0"
        assert data.texts["prompt"].iloc[0] == "Ask 0?"


def test_turns_of_the_prompt_that_the_answers_repeat_in_part_are_read_once():
    turns = [said("user", "A"), said("assistant", "B"), said("user", "C")]
    assert texts(pair(turns[2:], prompt=turns))[0] == "user: A\nassistant: B\nuser: C"
    assert texts(pair(turns, prompt=turns[2:]))[0] == "user: A\nassistant: B\nuser: C"


def test_a_conversation_with_two_beginnings_is_left_out():
    table, faults = read(pair([said("user", "Other?")], prompt="Why?"))
    assert len(table) == 0 and faults.left_out
