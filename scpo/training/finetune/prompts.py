"""A row of a preference data set to a prompt and a response per side, in which the prompt is read once.

In TRL's forms: `prompt` explicit, or in both answers; texts, or messages with role and content, whose content is a text
or a list of text parts. Knows nothing of tokens and models.
"""

from __future__ import annotations

import json
import logging
import re
import unicodedata

from datasets import Dataset

from scpo.data.turns import ASKING, TwoBeginnings, before_answer
from scpo.errors import InputError
from scpo.training.finetune.formats import Prompt, Response

log = logging.getLogger("scpo")
SIDES = ("chosen", "rejected")
ASSISTANT = re.compile(r"(?:^|\n)[ \t]*(?:Assistant|ASSISTANT|AI|Bot|GPT)[ \t]*[:：][ \t]*")
SENTENCE = re.compile(r"(?:[.…][\"'”’)]?\s+|[?!؟][\"'”’)]?\s*|[。．？！｡।][」』”’]?\s*)")
NEEDED = (
    "Give the turns before the answer as `prompt` and the answer alone as `chosen` and `rejected`, or whole "
    "conversations without a `prompt`."
)


def split_prompt(example: dict, side: str, repeated: bool = False) -> tuple[Prompt, Response]:
    """(prompt, response) of one side of a pair.

    repeated  both answers of every row begin with the text of their prompt (`answers_repeat`)
    Explicit prompt: `prompt` with `chosen` and `rejected`. If the answers are conversations that hold the prompt's
    turns, these are read once. Implicit prompt: messages of which the last is the response; or a text that both sides
    begin with (`_boundary`). Raises `InputError` for what is no such pair.
    """
    said, prompt = example[side], example.get("prompt")
    if isinstance(said, str):
        if prompt is None:
            at = _boundary(example["chosen"], example["rejected"], side)
            return said[:at], said[at:]
        if isinstance(prompt, str):
            return prompt, said[len(prompt) :].lstrip() if repeated else said
        return _turns(prompt, "prompt"), said
    turns = _turns(said, side)
    earlier = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else _turns(prompt or [], "prompt")
    return _before(earlier, turns[:-1], side), _answer(turns, side)


def rendering(example: dict) -> dict:
    """What a chat template is given beside the messages, as TRL gives it: `tools` and `chat_template_kwargs`."""
    tools, more = example.get("tools"), example.get("chat_template_kwargs") or {}
    try:
        tools = json.loads(tools) if isinstance(tools, str) and tools else tools
    except ValueError as error:
        raise InputError(f"`tools` is a text that is not JSON ({error}). Give a list of tools, or its JSON.") from error
    return ({"tools": tools} if tools else {}) | dict(more)


def answers_repeat(dataset: Dataset) -> bool:
    """True if answers that are texts begin with their prompt, in every row.

    Raises `InputError` if most do and some do not: then it cannot be told what is prompt and what is answer.
    """
    columns = ("prompt", *SIDES)
    if not set(columns) <= set(dataset.column_names):
        return False
    rows = list(zip(*(dataset[name] for name in columns), strict=True))
    texts = [row for row in rows if all(isinstance(cell, str) for cell in row) and row[0].strip()]
    found = [all(cell.startswith(row[0]) and cell[len(row[0]) :].strip() for cell in row[1:]) for row in texts]
    if 2 * sum(found) > len(found) and not all(found):
        other = rows.index(texts[found.index(False)])
        raise InputError(
            f"in {sum(found)} of {len(found)} rows both answers begin with the prompt, in others they do not (first in "
            f"row {other}, counted from 0), so that the prompt would be read twice or not at all. {NEEDED}"
        )
    return bool(found) and all(found)


def tell_boundary(dataset: Dataset) -> None:
    """Log where the prompt of texts is taken to end that have it in both answers, at the first row."""
    if "prompt" in dataset.column_names or not len(dataset) or not isinstance(dataset[0]["chosen"], str):
        return
    at = _boundary(dataset[0]["chosen"], dataset[0]["rejected"], "chosen")
    prompt, answer = dataset[0]["chosen"][:at], dataset[0]["chosen"][at:]
    log.warning(
        "there is no column prompt, so it is taken to be what both answers begin with, up to their last common mark of "
        "the assistant, line, sentence or word; in the first row it ends %r and the answer begins %r. Give a column "
        "prompt, or messages, if that is not the boundary.",
        prompt[-30:],
        answer[:30],
    )


def _turns(messages, where: str) -> list[dict]:
    """Messages with text for content; keys of their own stay, for templates that read them."""
    if not isinstance(messages, (list, tuple)) or (not messages and where != "prompt"):
        raise InputError(f"`{where}` is {messages!r:.80}; needed: a text, or a list of messages with role and content.")
    found = []
    for message in messages:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise InputError(f"a message of `{where}` is {message!r:.80}; needed: role and content.")
        kept = {name: value for name, value in message.items() if value is not None or name == "content"}
        found.append(kept | {"content": _text(message, where)})
    return found


def _text(message: dict, where: str) -> str | None:
    content = message.get("content")
    if isinstance(content, (list, tuple)):
        parts = [part.get("text") if isinstance(part, dict) else part for part in content]
        texts = [part for part in parts if isinstance(part, str)]
        if len(texts) == len(parts):
            return "\n".join(texts)
    elif isinstance(content, str) or (content is None and message.get("tool_calls")):
        return content
    raise InputError(
        f"a message of the {message['role']} in `{where}` has the content {content!r:.80}; needed: a text, or a list "
        "of parts that are texts. Images and other parts cannot be read; leave these rows out."
    )


def _answer(turns: list[dict], side: str) -> Response:
    """The last turn: its text, or the whole message if a template may read more of it."""
    last = turns[-1]
    if last["role"] in ASKING:
        raise InputError(
            f"the last message of `{side}` is of the {last['role']}, so there is no answer to judge. {NEEDED}"
        )
    return last["content"] if last.keys() == {"role", "content"} and last["role"] == "assistant" else last


def _before(prompt: list[dict], before: list[dict], side: str) -> list[dict]:
    """The turns that an answer follows. Raises `InputError` where prompt and answer are no one conversation."""
    try:
        return before_answer(prompt, before)
    except TwoBeginnings as error:
        raise InputError(f"in `{side}` {error}. {NEEDED}") from error


def _boundary(chosen: str, rejected: str, side: str) -> int:
    """Where the answer begins in a text without a `prompt` of its own.

    After the last mark of the assistant's turn; without one, both sides begin with the prompt and it ends with their
    last common line, else sentence, else word; in a script without blanks, with the last common character.
    """
    said = {"chosen": chosen, "rejected": rejected}[side]
    marked = [[*ASSISTANT.finditer(text)] for text in (chosen, rejected)]
    if all(marked):
        return [*ASSISTANT.finditer(said)][-1].end()
    shortest = min(len(chosen), len(rejected))
    at = next((k for k in range(shortest) if chosen[k] != rejected[k]), shortest)
    while at and any(unicodedata.category(text[at]).startswith("M") for text in (chosen, rejected) if at < len(text)):
        at -= 1  # a mark belongs to the letter before it
    common = said[:at]
    ends = [[common.rfind("\n") + 1], [end.end() for end in SENTENCE.finditer(common)], [common.rfind(" ") + 1], [at]]
    for found in ends:
        usable = [end for end in found if end and all(text[end:].strip() for text in (chosen, rejected))]
        if usable:
            return usable[-1]
    return 0
