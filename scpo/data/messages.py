"""Messages, lists of role and content, as the texts of a prompt and an answer.

They come as lists in json and parquet, or as their text in a cell of a csv. The prompt is every turn but the last, the
answer is the last: the same that `SCPOTrainer` reads. A prompt of one turn is its content; of several it is one line
per turn, `user: ...`, `assistant: ...`. What looks like messages and cannot be read so is never taken for prose.
"""

from __future__ import annotations

import ast
import json
import re

import numpy as np
import pandas as pd

from scpo.data.checks import each, is_missing, short
from scpo.data.faults import Faults
from scpo.data.turns import ASKING, TwoBeginnings, before_answer, joined, same

LOOKS = re.compile(r"""\s*(\[\s*)?\{\s*["'](role|content|from|value)["']\s*:""")
BEGINNINGS = "[{"  # of what LOOKS finds
LONGEST = 1 << 22  # characters of a cell that are parsed
OTHER_NAMES = {"human": "user", "gpt": "assistant", "prompter": "user"}
NEEDED = "a list of messages with role and content (text), the last one the assistant's"


class _Unreadable(ValueError):
    """What looks like messages and is none, with what was got."""


def looks_like_messages(value: object) -> bool:
    """True for a list of messages, one message, or the text of either, whether or not they can be read."""
    if isinstance(value, str):
        return LOOKS.match(value) is not None
    items = [value] if isinstance(value, dict) else value
    return isinstance(items, (list, tuple, np.ndarray)) and any(
        isinstance(item, dict) and ({"role", "content"} & item.keys() or {"from", "value"} <= item.keys())
        for item in items
    )


def as_texts(table: pd.DataFrame, answers: tuple[str, ...], faults: Faults, rows_are: str) -> pd.DataFrame:
    """The table with texts for messages in `prompt` and in the columns of answers; a missing `prompt` is added.

    Rows of messages that cannot be read are left out (`Faults.at`). A table without messages is given back as it is.
    """
    answers = tuple(name for name in answers if name in table.columns)
    columns = [name for name in ("prompt", *answers) if name in table.columns]
    with_messages = np.zeros(len(table), bool)
    for name in columns:
        begins = [type(c) is not str or c.lstrip()[:1] in BEGINNINGS for c in table[name].to_numpy(object)]
        maybe = np.flatnonzero(begins)
        with_messages[maybe] |= each(table[name].iloc[maybe], looks_like_messages).to_numpy(bool)
    if not answers or not with_messages.any():
        return table
    prompts = table["prompt"].tolist() if "prompt" in table.columns else [None] * len(table)
    cells, good = [table[name].tolist() for name in answers], np.ones(len(table), bool)
    for at in map(int, np.flatnonzero(with_messages)):
        try:
            prompts[at], texts = _texts(prompts[at], [column[at] for column in cells])
        except _Unreadable as error:
            faults.at([table.index[at]], str(error), NEEDED, f"{rows_are} whose messages cannot be read")
            good[at] = False
            continue
        for column, text in zip(cells, texts, strict=True):
            column[at] = text
    found = dict(zip(("prompt", *answers), (prompts, *cells), strict=True))
    new = {name: pd.Series(values, dtype=object, index=table.index) for name, values in found.items()}
    result = table.assign(**new)[good]
    result.attrs = dict(table.attrs)
    return result


def turns_of(value: object) -> list[dict[str, str]]:
    """The messages in a cell; empty if they cannot be read."""
    try:
        return _turns(value)
    except _Unreadable:
        return []


def _texts(prompt: object, answers: list[object]) -> tuple[str, list[object]]:
    """The prompt, and the answers to it. Raises `_Unreadable`."""
    before, found, texts = _prompt_turns(prompt), [], []
    for answer in answers:
        if not looks_like_messages(answer):
            found.append(before)
            texts.append(answer)
            continue
        *context, last = _turns(answer)
        if last["role"] in ASKING:
            raise _Unreadable(f"the last message is of the {last['role']}")
        try:
            found.append(before_answer(before, context))
        except TwoBeginnings as error:
            raise _Unreadable(str(error)) from error
        texts.append(last["content"])
    if any([*map(same, turns)] != [*map(same, found[0])] for turns in found):
        raise _Unreadable("the answers follow different turns")
    return (joined(found[0]) if found[0] else ""), texts


def _prompt_turns(prompt: object) -> list[dict[str, str]]:
    if is_missing(prompt) or (isinstance(prompt, str) and not prompt.strip()):
        return []
    if looks_like_messages(prompt):
        return _turns(prompt)
    listed = literal(prompt) if isinstance(prompt, str) and prompt.lstrip().startswith("[") else prompt
    if isinstance(listed, (list, tuple, np.ndarray)) and len(listed) and all(isinstance(p, str) for p in listed):
        prompt = "\n".join(listed)
    if not isinstance(prompt, str):
        raise _Unreadable(f"prompt is {short(prompt)}")
    return [{"role": "user", "content": prompt}]


def _turns(value: object) -> list[dict[str, str]]:
    tree = literal(value) if isinstance(value, str) else value
    items = [tree] if isinstance(tree, dict) else tree
    if not isinstance(items, (list, tuple, np.ndarray)) or not len(items):
        raise _Unreadable(f"messages cannot be parsed: {short(value)}")
    return [_turn(item) for item in items]


def _turn(item: object) -> dict[str, str]:
    if not isinstance(item, dict):
        raise _Unreadable(f"a message is {short(item)}")
    role, content = item.get("role", item.get("from")), item.get("content", item.get("value"))
    if not isinstance(role, str) or not role.strip():
        raise _Unreadable("a message has no role")
    if isinstance(content, (list, tuple, np.ndarray)):
        content = "\n".join(_part(part) for part in content)
    if not isinstance(content, str):
        raise _Unreadable(f"the content of a message is {short(content)}")
    role = role.strip().lower()
    return {"role": OTHER_NAMES.get(role, role), "content": content}


def _part(part: object) -> str:
    text = part.get("text") if isinstance(part, dict) else part
    if not isinstance(text, str):
        raise _Unreadable(f"a part of a message is no text: {short(part)}")
    return text


def literal(text: str) -> object:
    """The list in a cell, as json or as the text of a Python list; None if it is neither. Never evaluates code."""
    if len(text) > LONGEST:
        return None
    for parse in (json.loads, ast.literal_eval):
        try:
            return parse(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
    return None
