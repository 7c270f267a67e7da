"""Rows of preference data sets: the prompt is read once, cut where it ends, and rendered as TRL renders it."""

import logging

import pytest
from datasets import Dataset
from models import tiny_model
from test_trainer import config, loaded, rows, turns
from trl import RewardTrainer

from scpo.errors import InputError
from scpo.training.finetune.prompts import answers_repeat, rendering, split_prompt
from scpo.training.finetune.trainer import SCPOTrainer

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated.*:FutureWarning", "ignore:.*pin_memory.*:UserWarning")


def said(role, content, **more):
    return {"role": role, "content": content, **more}


P, A, S = said("user", "p"), said("assistant", "a"), said("system", "be kind")


@pytest.mark.parametrize(
    "example, expected",
    [
        ({"prompt": "p", "chosen": "a", "rejected": "b"}, ("p", "a")),
        ({"prompt": [P], "chosen": [A], "rejected": [said("assistant", "b")]}, ([P], "a")),
        ({"chosen": [P, A], "rejected": [P, said("assistant", "b")]}, ([P], "a")),
        ({"prompt": [P], "chosen": "a", "rejected": "b"}, ([P], "a")),
        ({"prompt": "p", "chosen": [A], "rejected": [A]}, ([P], "a")),
    ],
)
def test_every_preference_format_is_read(example, expected):
    assert split_prompt(example, "chosen") == expected


MORE = [said("assistant", "m"), said("user", "q")]


@pytest.mark.parametrize(
    "prompt, chosen, before",
    [
        ("p", [P, A], [P]),
        (" p\n", [P, A], [P]),
        ([P], [P, A], [P]),
        ([S, P], [S, P, A], [S, P]),
        ("p", [S, P, A], [S, P]),
        ([S, P], [P, A], [S, P]),
        ([P], [P, *MORE, A], [P, *MORE]),
        ([P, *MORE], [MORE[1], A], [P, *MORE]),
        ([P], [*MORE, A], [P, *MORE]),
        ([P, MORE[0]], [P, A], [P, MORE[0], P]),
        ([P], [MORE[0], P, A], [P, MORE[0], P]),
        ([S], [P, A], [S, P]),
    ],
)
def test_the_turns_of_a_prompt_that_the_answer_holds_are_read_once(prompt, chosen, before):
    assert split_prompt({"prompt": prompt, "chosen": chosen, "rejected": chosen}, "chosen") == (before, "a")


@pytest.mark.parametrize("prompt, chosen", [("another", [P, A]), ([P], [said("user", "q"), A]), ([P], [S, A])])
def test_a_conversation_with_two_beginnings_is_refused_with_the_form_that_is_needed(prompt, chosen):
    with pytest.raises(InputError, match="two beginnings.*Give the turns before the answer as `prompt`"):
        split_prompt({"prompt": prompt, "chosen": chosen, "rejected": chosen}, "chosen")


def test_texts_that_begin_with_their_prompt_are_cut_if_all_do_and_refused_if_most_do():
    whole = [{"prompt": f"Why {k}?", "chosen": f"Why {k}? Good", "rejected": f"Why {k}? Bad"} for k in range(3)]
    alone = [{"prompt": f"Why {k}?", "chosen": "Good", "rejected": "Bad"} for k in range(3)]
    assert answers_repeat(Dataset.from_list(whole)) and split_prompt(whole[0], "chosen", True) == ("Why 0?", "Good")
    assert not answers_repeat(Dataset.from_list(alone))
    assert not answers_repeat(Dataset.from_list([*alone, whole[0]])), "an answer may quote its question"
    with pytest.raises(InputError, match="in 3 of 4 rows.*row 3, counted from 0"):
        answers_repeat(Dataset.from_list([*whole, alone[0]]))


@pytest.mark.parametrize(
    "one, other, prompt",
    [
        ("What is it? It is blue.", "What is it? It is green.", "What is it? "),
        ("Name a river. The Volga", "Name a river. The Nile", "Name a river. "),
        ("Is 3.5 more? Yes", "Is 3.5 more? No", "Is 3.5 more? "),
        ("same start a", "same start b", "same start "),
        ("A question\nIt is so", "A question\nIt is not", "A question\n"),
        ("天空是什么颜色？它是蓝色。", "天空是什么颜色？它是绿色。", "天空是什么颜色？"),
        ("東京はどこですか。東京は日本です", "東京はどこですか。東京は海です", "東京はどこですか。"),
        ("ท้องฟ้าสีอะไร? สีฟ้า", "ท้องฟ้าสีอะไร? สีเขียว", "ท้องฟ้าสีอะไร? "),
        ("กา", "กี", ""),
        ("天空蓝色", "天空绿色", "天空"),
        ("Why? Yes.", "Why? Yes. Really.", "Why? "),
        ("天空？蓝。", "天空？蓝。真的", "天空？"),
        ("no", "yes", ""),
        ("equal", "equal", ""),
    ],
)
def test_an_implicit_prompt_ends_with_a_sentence_and_takes_nothing_of_the_answers(one, other, prompt):
    row = {"chosen": one, "rejected": other}
    for side, text in row.items():
        assert split_prompt(row, side) == (prompt, text[len(prompt) :])


def test_an_implicit_prompt_ends_with_the_last_mark_of_the_assistant():
    before = "\n\nHuman: Why?\n\nAssistant: Who asks?\n\nHuman: I do.\n\nAssistant: "
    row = {"chosen": before + "I think. Yes", "rejected": before + "I think. No"}
    assert split_prompt(row, "chosen") == (before, "I think. Yes")


def test_where_an_implicit_prompt_ends_is_told_once(tmp_path, caplog):
    data = [
        {"chosen": f"{row['prompt']}? {row['chosen']}", "rejected": f"{row['prompt']}? {row['rejected']} w1"}
        for row in rows(6)
    ]
    with caplog.at_level(logging.WARNING, "scpo"):
        trainer_of(tiny_model(tmp_path / "model"), data)
    assert caplog.text.count("there is no column prompt") == 1 and repr(rows(6)[0]["chosen"][:30]) in caplog.text


def test_the_parts_of_a_message_that_are_texts_are_joined_and_others_refused_with_their_row(tmp_path):
    parts = [{"type": "text", "text": "w1"}, {"type": "text", "text": "w2"}]
    row = {"prompt": [said("user", parts)], "chosen": [said("assistant", parts)], "rejected": [A]}
    assert split_prompt(row, "chosen") == ([said("user", "w1\nw2")], "w1\nw2")
    for kind in ("bert", "chat"):
        folder = tiny_model(tmp_path / kind, kind)
        data = [{name: [dict(turn) for turn in value] for name, value in row.items()} for _ in range(3)]
        data = [turn | {"rejected": [said("assistant", [{"type": "text", "text": "w3"}])]} for turn in data]
        text = loaded(folder)[1].decode(trainer_of(folder, data).train_dataset[0]["chosen_ids"])
        assert text in ("[CLS] w1 w2 [SEP] w1 w2 [SEP]", "<user> w1 w2 <end> <assistant> w1 w2 <end>")
        data[2]["rejected"][0]["content"] = [{"type": "image", "text": None}]
        with pytest.raises(InputError, match=r"Row 2 \(counted from 0\).*`rejected`.*parts that are texts"):
            trainer_of(folder, data)


@pytest.mark.parametrize(
    "change, match",
    [
        ({"chosen": [P]}, "last message of `chosen` is of the user"),
        ({"chosen": [said("assistant", None)]}, "content None"),
        ({"chosen": []}, "`chosen` is"),
        ({"chosen": [{"from": "gpt", "value": "a"}]}, "role and content"),
        ({"prompt": 7}, "`prompt` is 7"),
        ({"tools": "{"}, "not JSON"),
    ],
)
def test_what_is_no_pair_is_refused_with_what_was_got(change, match):
    row = {"prompt": [P], "chosen": [A], "rejected": [A]} | change
    with pytest.raises(InputError, match=match):
        split_prompt(row, "chosen")
        rendering(row)


def test_pairs_without_answers_are_refused_by_column(tmp_path):
    with pytest.raises(InputError, match="no column rejected; they have prompt, chosen, label"):
        trainer_of(tiny_model(tmp_path / "model"), [{"prompt": "p", "chosen": "a", "label": True}])


def trainer_of(folder, data, kind=SCPOTrainer, **settings):
    model, tokenizer = loaded(folder)
    return kind(
        model,
        config(folder, method="full", **settings),
        processing_class=tokenizer,
        train_dataset=Dataset.from_list(data),
    )


TEMPLATE = (
    "{% for t in tools or [] %}{{ t.name }} {% endfor %}{% if loud %}w9 {% endif %}{% for m in messages %}"
    "{{ '<user> ' if m.role != 'assistant' else '<assistant> ' }}{{ m.content or '' }} "
    "{% for c in m.tool_calls or [] %}{{ c.name }} {% endfor %}<end> {% endfor %}"
)
TOOLS = [{"name": "w30", "description": "x"}]
CALL = [said("assistant", None, tool_calls=[{"name": "w30"}]), said("tool", "w7")]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"tools": TOOLS},
        {"tools": '[{"name": "w30"}]'},
        {"chat_template_kwargs": {"loud": True}},
        {"tools": TOOLS, "chat_template_kwargs": {"loud": True}},
    ],
)
@pytest.mark.parametrize("before", [turns("w1"), turns("w1", "w2", "w3"), [*turns("w1"), *CALL]])
def test_a_chat_model_reads_what_trl_renders(before, more, tmp_path):
    """Tools, arguments of the template and calls of tools; explicit and implicit prompts."""
    folder = tiny_model(tmp_path / "chat", "chat")
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    answers = [[said("assistant", name)] for name in ("w4", "w5")]
    explicit = {"prompt": before, "chosen": answers[0], "rejected": answers[1]}
    implicit = {"chosen": [*before, *answers[0]], "rejected": [*before, *answers[1]]}
    for row in (explicit, implicit):
        ours = trainer_of(folder, [row | more] * 4).train_dataset
        theirs = trainer_of(folder, [row | more] * 4, RewardTrainer, max_length=None).train_dataset
        assert all(ours[0][f"{side}_ids"] == theirs[0][f"{side}_ids"] for side in ("chosen", "rejected"))
    read = loaded(folder)[1].decode(ours[0]["chosen_ids"])
    assert read.startswith("w30 ") == ("tools" in more) and ("w9 " in read) == ("chat_template_kwargs" in more)


def test_tools_are_refused_where_no_template_renders_them(tmp_path):
    folder = tiny_model(tmp_path / "model")
    with pytest.raises(InputError, match="Row 0.*has tools for a chat template.*Remove the columns"):
        trainer_of(folder, [{"prompt": "w1", "chosen": "w2", "rejected": "w3", "tools": TOOLS}])
    trainer_of(folder, [{"prompt": "w1", "chosen": "w2", "rejected": "w3", "tools": None}])


def test_a_long_conversation_with_tools_keeps_them_and_its_end(tmp_path):
    folder = tiny_model(tmp_path / "chat", "chat")
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    row = {"prompt": turns("w1 " * 80), "chosen": [said("assistant", "w4")], "rejected": [said("assistant", "w5")]}
    data = trainer_of(folder, [row | {"tools": TOOLS}] * 4).train_dataset
    read = loaded(folder)[1].decode(data[0]["chosen_ids"])
    assert (
        len(data[0]["chosen_ids"]) == 64 and read.startswith("w30 <user> w1") and read.endswith("<assistant> w4 <end>")
    )
