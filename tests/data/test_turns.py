"""Turns are read once, by one rule for files and for the trainer."""

import pytest

from scpo.data import messages, turns
from scpo.data.turns import TwoBeginnings, before_answer, joined
from scpo.training.finetune import formats, prompts


def said(role, content):
    return {"role": role, "content": content}


Q, A, MORE, SYSTEM = said("user", "q"), said("assistant", "a"), said("user", "more"), said("system", "be kind")


@pytest.mark.parametrize(
    ("prompt", "before", "expected"),
    [
        ([], [Q], [Q]),
        ([Q], [], [Q]),
        ([Q], [Q], [Q]),
        ([Q], [said("user", " q\n"), A, MORE], None),
        ([SYSTEM, Q], [Q], [SYSTEM, Q]),
        ([Q, A, MORE], [MORE], [Q, A, MORE]),
        ([Q], [A, MORE], [Q, A, MORE]),
        ([Q, A], [MORE], [Q, A, MORE]),
        ([said("assistant", None)], [Q], [said("assistant", None), Q]),
    ],
)
def test_every_turn_is_read_once(prompt, before, expected):
    assert before_answer(prompt, before) == (before if expected is None else expected)


@pytest.mark.parametrize("before", [[MORE], [SYSTEM, MORE]])
def test_a_conversation_with_two_beginnings_is_told_with_both(before):
    with pytest.raises(TwoBeginnings, match="ends with a turn of the user and the answer begins with another of the"):
        before_answer([Q], before)


def test_several_turns_are_a_line_each_and_one_is_its_text():
    assert joined([Q]) == "q" and joined([Q, A]) == "user: q\nassistant: a"


def test_files_and_the_trainer_use_this_rule():
    assert messages.before_answer is prompts.before_answer is turns.before_answer
    assert messages.joined is formats.joined is turns.joined
