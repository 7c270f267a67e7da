"""What makes an exported reward model give the rewards of the run, however it is asked.

A reward model is asked in four ways: by a pair, tokenizer(prompt, answer), as transformers' pipeline does; by messages
through the chat template and a tokenizer told to add nothing, as TRL does; by the same with a tokenizer that adds its
special tokens once more, as RewardBench does; and, as sentence-transformers' CrossEncoder 6.2 does where there is a
chat template, by messages of the roles query and document. Here the tokenizer and its template learn to write the same
ids each time, and the config says that the output is a reward and no probability.
"""

from __future__ import annotations

from pathlib import Path

from tokenizers.processors import TemplateProcessing
from transformers import AutoTokenizer

from scpo.training.finetune.formats import InputFormat

IDENTITY = "torch.nn.modules.linear.Identity"
SAMPLES = (
    ("What is 0?", "A tea, please."),
    ("one", "two"),
    ("Line one.\nLine two: what, then?", "First:\n\n* a list"),
    ("Où est-ce? 你好 مرحبا", '"Здесь", he said.'),
)
LONG = 1 << 20  # tokens; longer than any sample
ROLES = (
    "{%- if messages | length == 2 and messages[0]['role'] == 'query' and messages[1]['role'] == 'document' %}"
    "{%- set messages = [{'role': 'user', 'content': messages[0]['content']}, "
    "{'role': 'assistant', 'content': messages[1]['content']}] %}{%- endif %}"
)
ASKED, SAID = "qqAskedqq", "qqSaidqq"  # stand for prompt and answer while a template is taken apart


def tell_reward(config) -> None:
    """Keep transformers' pipeline and sentence-transformers' CrossEncoder from putting a sigmoid on the reward.

    Both do so with every model of one label, unless its config names another problem, or another activation.
    """
    config.problem_type = "regression"
    config.sentence_transformers = {"activation_fn": IDENTITY}


def save_tokenizer(tokenizer, longest: int, segments: bool, folder: Path) -> bool:
    """Save the tokenizer of a whole model so that each way of asking gives the ids of the run; False if it cannot.

    longest   tokens at most
    segments  the model tells the two texts of a pair apart, which one text of a template cannot carry

    One that reads pairs gets a template for those who have messages. A pair becomes what the template makes of it, and
    a single text is taken as one that came out of the template: nothing is added. Where that does not give the very
    ids of the run, since the tokenizer splits a text by what stands beside it, pairs and texts are read as before.
    """
    set_limits(tokenizer, longest)
    inputs, given = InputFormat(tokenizer, LONG), tokenizer.chat_template
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None and isinstance(given or "", str) and not (segments and inputs.frame):
        before, frame = backend.post_processor, inputs.frame or _template_frame(tokenizer)
        texts = ["".join(tokenizer.convert_ids_to_tokens(ids)) for ids in frame]
        tokenizer.chat_template = ROLES + given if given else pair_template(*texts)
        backend.post_processor = _processor(tokenizer, frame)
        tokenizer.save_pretrained(folder)
        if _asks_alike(folder, inputs):
            return True
        backend.post_processor, tokenizer.chat_template = before, ROLES + given if given else None
        (folder / "chat_template.jinja").unlink(missing_ok=True)
    tokenizer.save_pretrained(folder)
    return False


def set_limits(tokenizer, longest: int) -> None:
    """Where a tokenizer pads and cuts, and how much it reads, as the run did; kept when it is saved."""
    sides = {"padding_side": "right", "truncation_side": "left"}
    tokenizer.init_kwargs.update(sides)  # an attribute alone that the tokenizer came without is not saved
    tokenizer.padding_side, tokenizer.truncation_side = sides.values()
    tokenizer.model_max_length = longest


def pair_template(before: str, between: str, after: str) -> str:
    """A chat template that writes messages as a pair: an answer is the last message, all before it is its prompt.

    A prompt of several messages is one text with their roles, as `formats.InputFormat` joins them.
    """
    role = "{% if messages | length > 2 %}{{ m['role'] }}: {% endif %}"
    turn = "{{ m['content'] }}{% if not loop.last %}{{ '\\n' }}{% endif %}"
    prompt = "{% for m in messages[:-1] %}" + role + turn + "{% endfor %}"
    return before + prompt + between + "{{ messages[-1]['content'] }}" + after


def _template_frame(tokenizer) -> tuple[list[int], list[int], list[int]]:
    """What a chat template puts before, between and after a prompt and its answer, as ids."""
    text = tokenizer.apply_chat_template(_turns(ASKED, SAID), tokenize=False)
    before, _, rest = text.partition(ASKED)
    between, _, after = rest.partition(SAID)
    return tuple(tokenizer(part, add_special_tokens=False)["input_ids"] for part in (before, between, after))


def _processor(tokenizer, frame: tuple[list[int], list[int], list[int]]) -> TemplateProcessing:
    """Writes a pair in a frame of ids, and adds nothing to a single text; no segments."""
    named = dict(zip(("<<before>>", "<<between>>", "<<after>>"), frame, strict=True))
    special = [
        {"id": name, "ids": ids, "tokens": tokenizer.convert_ids_to_tokens(ids)} for name, ids in named.items() if ids
    ]
    before, between, after = (f"{name}:0" if ids else "" for name, ids in named.items())
    pair = [part for part in (before, "$A:0", between, "$B:0", after) if part]
    return TemplateProcessing(single="$A:0", pair=pair, special_tokens=special)


def _asks_alike(folder: Path, inputs: InputFormat) -> bool:
    """True if a saved tokenizer writes the ids of the run for pairs and for texts of the template."""
    saved = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    for prompt, answer in SAMPLES:
        turns, ids = _turns(prompt, answer), inputs.encode(prompt, answer).ids
        longer = [*turns, *_turns(answer, prompt)]
        said = turns, _turns(prompt, answer, ("query", "document")), longer
        wanted = [ids, ids, inputs.encode(longer[:-1], prompt).ids]
        texts = [saved.apply_chat_template(messages, tokenize=False) for messages in said]
        if saved(prompt, answer)["input_ids"] != ids or any(
            saved(texts, add_special_tokens=add)["input_ids"] != wanted for add in (True, False)
        ):
            return False
    return True


def _turns(prompt: str, answer: str, roles: tuple[str, str] = ("user", "assistant")) -> list[dict[str, str]]:
    return [{"role": role, "content": text} for role, text in zip(roles, (prompt, answer), strict=True)]
