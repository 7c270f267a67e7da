"""From (prompt, response) to the token ids that a reward model expects, one format for scoring and training.

A tokenizer with a chat template gets the prompt's turns and an assistant turn; any other gets the sentence
pair (question, answer) that encoders such as DeBERTa reward models were trained on. What does not fit is cut
from the front of the prompt, so that the end of the prompt and the answer stay; an answer that alone is
too long is cut at its end. Knows nothing of pairs, weights or training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scpo.data.turns import joined
from scpo.errors import ConfigError, InputError

PROMPT_SHARE = 0.25  # of the length, at least, stays for the prompt when the answer is cut
OFFSET_KINDS = ("roberta", "camembert", "mpnet")  # types whose positions begin after that of the padding token

Prompt = str | list[dict[str, str]]  # one text, or messages of several turns
Response = str | dict[str, str]  # a text, or a message that has more than role and content


@dataclass(frozen=True)
class Encoded:
    """One input: ids and, for models that tell two segments apart, segments, of equal length."""

    ids: list[int]
    segments: list[int] | None = None


class InputFormat:
    """How a model reads a prompt and a response.

    tokenizer     of the model
    max_length    tokens at most [tokens]
    as_published  'prompt [SEP] response' as one text, as the authors' training code joins them; only for
                  comparison with their numbers, since the models were made for sentence pairs
    Raises `ConfigError` for a tokenizer without a padding token, or a chat template that fails.
    """

    def __init__(self, tokenizer, max_length: int, as_published: bool = False):
        if tokenizer.pad_token_id is None:
            raise ConfigError(
                f"the tokenizer {_name(tokenizer)} has no padding token, so texts of different length cannot share a "
                "batch. Set one before training, such as tokenizer.pad_token = tokenizer.eos_token; for a model in a "
                'folder, add "pad_token" to its tokenizer_config.json.'
            )
        self._tokenizer, self._max_length, self._as_published = tokenizer, max_length, as_published
        self.chat = bool(tokenizer.chat_template)
        self.frame: tuple[list[int], list[int], list[int]] | None = None  # ids before, between, after a pair's texts
        if self.chat:
            self._render(_turns("a"), "b", {})
            return
        self.frame = self._before, self._between, self._after = self._frame()
        if as_published and tokenizer.sep_token is None:
            raise ConfigError(
                f"the tokenizer {_name(tokenizer)} has no separator, so there is no 'prompt [SEP] response' of the "
                "authors' code. Train without as_published, or start from an encoder such as DeBERTa."
            )

    def encode(self, prompt: Prompt, response: Response, rendering: dict | None = None) -> Encoded:
        """Token ids of one (prompt, response).

        rendering  what the chat template is given beside the messages, such as tools
        Raises `InputError` for what only a chat template could render, if there is none.
        """
        if self.chat:
            return Encoded(self._chat_ids(_turns(prompt), response, rendering or {}))
        if rendering:
            raise InputError(
                f"it has {' and '.join(rendering)} for a chat template, and the tokenizer {_name(self._tokenizer)} has "
                "none. Remove the columns tools and chat_template_kwargs, or train a chat model."
            )
        prompt, response = _joined(prompt), response if isinstance(response, str) else _joined([response])
        if self._as_published:
            text = f"{prompt} {self._tokenizer.sep_token} {response}"
            return Encoded(self._tokenizer(text, truncation=True, max_length=self._max_length)["input_ids"])
        first, second = self._plain(prompt), self._plain(response)
        first, second = self._cut(first, second, len(self._before) + len(self._between) + len(self._after))
        ids = [*self._before, *first, *self._between, *second, *self._after]
        if "token_type_ids" not in self._tokenizer.model_input_names:
            return Encoded(ids)
        head = len(self._before) + len(first) + len(self._between)
        return Encoded(ids, [0] * head + [1] * (len(ids) - head))

    def text(self, prompt: Prompt, response: Response) -> str:
        """What the model sees, with its special tokens, as text; for tests and documentation."""
        return self._tokenizer.decode(self.encode(prompt, response).ids)

    def _plain(self, text: str) -> list[int]:
        return self._tokenizer(text, add_special_tokens=False, truncation=False, verbose=False)["input_ids"]

    def _cut(self, prompt: list[int], response: list[int], frame: int) -> tuple[list[int], list[int]]:
        """Shorten the answer's end only if it alone leaves too little for the prompt, then the prompt's front."""
        room = self._max_length - frame
        kept = min(len(prompt), int(room * PROMPT_SHARE))
        response = response[: max(room - kept, 1)]
        spare = max(room - len(response), 0)
        return prompt[len(prompt) - spare :] if len(prompt) > spare else prompt, response

    def _frame(self) -> tuple[list[int], list[int], list[int]]:
        """The special tokens before, between and after the two texts of a pair."""
        (a, b), ids = (self._plain("a"), self._plain("b")), self._tokenizer("a", "b")["input_ids"]
        first = _find(ids, a, 0)
        second = _find(ids, b, first + len(a))
        return ids[:first], ids[first + len(a) : second], ids[second + len(b) :]

    def _render(self, turns: list[dict[str, str]], response: Response, rendering: dict) -> str:
        said = [*turns, {"role": "assistant", "content": response} if isinstance(response, str) else response]
        try:
            return self._tokenizer.apply_chat_template(said, tokenize=False, **rendering)
        except Exception as error:  # a template is a program of the model's author; jinja raises many kinds
            raise ConfigError(
                f"the chat template of {_name(self._tokenizer)} fails on the turns "
                f"{', '.join(turn['role'] for turn in said)}: {error}. Give the model's folder a template that takes "
                "them, or remove the template to use plain pairs."
            ) from error

    def _chat_ids(self, turns: list[dict[str, str]], response: Response, rendering: dict) -> list[int]:
        for _ in range(len(turns) + 8):  # words may be cut in the middle of a token, so a few rounds may be needed
            ids = self._plain(self._render(turns, response, rendering))
            if len(ids) <= self._max_length:
                break
            if len(turns) > 1:  # the oldest turns go whole
                turns = turns[next((k for k in range(1, len(turns)) if turns[k]["role"] == "user"), -1) :]
                continue
            first = self._plain(turns[0]["content"] or "") if turns else []
            second = self._plain(response if isinstance(response, str) else response["content"] or "")
            short, shorter = self._cut(first, second, len(ids) - len(first) - len(second))
            turns = [turns[0] | {"content": self._tokenizer.decode(short)}] if turns else []
            said = self._tokenizer.decode(shorter)
            response = said if isinstance(response, str) else response | {"content": said}
        return ids[: self._max_length]


def longest_input(asked: int, tokenizer, config) -> int:
    """Tokens that a model of this config reads at most, and no more than asked for."""
    positions = getattr(config.get_text_config(), "max_position_embeddings", None) or asked
    if any(kind in config.model_type for kind in OFFSET_KINDS):
        positions -= (config.pad_token_id or 0) + 1
    return min(asked, positions, tokenizer.model_max_length)


def _turns(prompt: Prompt) -> list[dict[str, str]]:
    return [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt


def _joined(prompt: Prompt) -> str:
    """Turns as one text for models that read no turns. Raises `InputError` for a turn without text."""
    if isinstance(prompt, str):
        return prompt
    if any(turn["content"] is None for turn in prompt):
        raise InputError("a message has no text but calls of tools, which only a chat template can render.")
    return joined(prompt)


def _find(ids: Sequence[int], part: Sequence[int], start: int) -> int:
    for at in range(start, len(ids)):
        if list(ids[at : at + len(part)]) == list(part):
            return at
    raise ConfigError("the tokenizer does not put two texts side by side; it cannot be used for a reward model here.")


def _name(tokenizer) -> str:
    return repr(tokenizer.name_or_path or type(tokenizer).__name__)
