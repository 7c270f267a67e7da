"""Turns of a conversation, each a dict with role and content, and the rule by which they are read once.

The same for files of messages (`scpo.data.messages`) and for the rows of a trainer
(`scpo.training.finetune.prompts`), whose prompt may stand in `prompt`, in the answers, or in both.
"""

from __future__ import annotations

ASKING = ("user", "system", "developer", "tool")  # roles that give no answer


class TwoBeginnings(ValueError):
    """The prompt and the turns before an answer are no one conversation: they begin with the turns `first` and
    `second`, of which neither follows on the other."""

    def __init__(self, first: dict, second: dict):
        super().__init__(
            f"`prompt` ends with a turn of the {first['role']} and the answer begins with another of the "
            f"{second['role']} ({str(second['content'])!r:.60}), so that one conversation has two beginnings"
        )


def before_answer(prompt: list[dict], before: list[dict]) -> list[dict]:
    """The turns that an answer follows: those of the prompt and those before it in the answer, each once.

    Raises `TwoBeginnings`.
    """
    if not prompt or not before or before[0]["role"] == "assistant":
        return [*prompt, *before]  # the answer's turns go on where the prompt ends
    given, told = [*map(same, prompt)], [*map(same, before)]
    if any(told[at : at + len(given)] == given for at in range(len(told))):
        return before  # the whole conversation
    for shared in range(min(len(given), len(told)), 0, -1):
        if given[-shared:] == told[:shared]:
            return [*prompt, *before[shared:]]
    if prompt[-1]["role"] == "user" or before[0]["role"] == "system":
        raise TwoBeginnings(prompt[-1], before[0])
    return [*prompt, *before]


def same(turn: dict) -> tuple[str, str]:
    """What two turns must share to be one: role and content, without blanks around it."""
    return turn["role"], (turn["content"] or "").strip()


def joined(turns: list[dict]) -> str:
    """Turns as one text: a single one as it is, several each on a line with its role."""
    if len(turns) == 1:
        return turns[0]["content"]
    return "\n".join(f"{turn['role']}: {turn['content']}" for turn in turns)
