"""From (prompt, response) to the token ids that a reward model expects, one format for scoring and training.

A tokenizer with a chat template gets a user and an assistant turn; any other gets the sentence pair
(question, answer) that encoders such as DeBERTa reward models were trained on. What does not fit is cut
from the front of the prompt, so that the end of the prompt and the answer stay; an answer that alone is
too long is cut at its end. Knows nothing of pairs, weights or training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scpo.errors import ConfigError

PROMPT_SHARE = 0.25  # of the length, at least, stays for the prompt when the answer is cut


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
                "batch. Set one before training, such as tokenizer.pad_token = tokenizer.eos_token."
            )
        self._tokenizer, self._max_length, self._as_published = tokenizer, max_length, as_published
        self.chat = bool(tokenizer.chat_template)
        if self.chat:
            self._render("a", "b")
        else:
            self._before, self._between, self._after = self._frame()

    def encode(self, prompt: str, response: str) -> Encoded:
        """Token ids of one (prompt, response)."""
        if self.chat:
            return Encoded(self._chat_ids(prompt, response))
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

    def text(self, prompt: str, response: str) -> str:
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

    def _render(self, prompt: str, response: str) -> str:
        turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": response}]
        try:
            return self._tokenizer.apply_chat_template(turns, tokenize=False)
        except Exception as error:  # a template is a program of the model's author; jinja raises many kinds
            raise ConfigError(
                f"the chat template of {_name(self._tokenizer)} fails on a user and an assistant turn: {error}. "
                "Give the model's folder a template that takes both, or remove it to use plain pairs."
            ) from error

    def _chat_ids(self, prompt: str, response: str) -> list[int]:
        for _ in range(8):  # words may be cut in the middle of a token, so a few rounds may be needed
            ids = self._plain(self._render(prompt, response))
            excess = len(ids) - self._max_length
            if excess <= 0:
                return ids
            first, second = self._plain(prompt), self._plain(response)
            short, shorter = self._cut(first, second, len(ids) - len(first) - len(second))
            prompt, response = self._tokenizer.decode(short), self._tokenizer.decode(shorter)
        return ids[: self._max_length]


def _find(ids: Sequence[int], part: Sequence[int], start: int) -> int:
    for at in range(start, len(ids)):
        if list(ids[at : at + len(part)]) == list(part):
            return at
    raise ConfigError("the tokenizer does not put two texts side by side; it cannot be used for a reward model here.")


def _name(tokenizer) -> str:
    return repr(tokenizer.name_or_path or type(tokenizer).__name__)
