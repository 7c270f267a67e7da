"""How an exported reward model is loaded and asked, in the words and lines of its model card.

Every line stands in a test that runs it as it is. Loads no torch.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from scpo import runs
from scpo.training.finetune.listing import model_places

OF_HEADS = "import scpo.training.reward_model  # makes the type known; no code of this folder is run\n"
LOAD = """from transformers import AutoModelForSequenceClassification, AutoTokenizer
{of_heads}
model = AutoModelForSequenceClassification.from_pretrained({folder})
tokenizer = AutoTokenizer.from_pretrained({folder})
{inputs}
reward = model(**inputs).logits[0, 0]"""
PAIR = 'inputs = tokenizer("a prompt", "an answer"{cut}, return_tensors="pt")'
CUT = ', truncation="only_first"'
CHAT = """turns = [{"role": "user", "content": "a prompt"}, {"role": "assistant", "content": "an answer"}]
text = tokenizer.apply_chat_template(turns, tokenize=False)
inputs = tokenizer(text, add_special_tokens=False, return_tensors="pt")"""
JOINED = 'inputs = tokenizer(f"a prompt {tokenizer.sep_token} an answer", truncation=True, return_tensors="pt")'
PIPELINE = """from transformers import pipeline
{of_heads}
judge = pipeline("text-classification", {folder})
reward = judge({{"text": "a prompt", "text_pair": "an answer"}}{cut})["score"]"""

EACH = "It reads {n:,} tokens of each of prompt and answer, and itself cuts what is longer, as the run did."
TOGETHER = "It reads {n:,} tokens of prompt and answer together; of longer ones {who}."
ALIKE = (
    "The same reward comes from a pair, `tokenizer(prompt, answer)`, and from messages through the chat template, "
    "whether the tokenizer is told to add special tokens or not. (Some templates cut blanks at the ends of a text; a "
    "pair keeps them.)"
)
PAIRS_ONLY = (
    "Ask it by pairs: it was trained on two texts that are told apart, and it has no chat template, since one text "
    "cannot say where the answer begins."
)
TEMPLATE_ONLY = (
    "Ask it by these lines alone. A pair, `tokenizer(prompt, answer)`, lacks the template, and a tokenizer that adds "
    "special tokens to a text of the template doubles them; so transformers' `pipeline` is not for this model."
)
JOINED_ONLY = (
    "Ask it by these lines alone: it was trained as the authors' code does, on prompt and answer joined to one text, "
    "so a pair is not what it was trained on."
)
SIGMOID = (
    "transformers' `pipeline` and sentence-transformers' `CrossEncoder` put a sigmoid on the output of a model of one "
    "label. The `config.json` here keeps them from it (`problem_type`, `sentence_transformers`): both give the reward."
)
NO_SIGMOID = (
    'Where a program takes no notice of that, say `function_to_apply="none"` or `activation_fn=torch.nn.Identity()`: '
    "differences of sigmoids are not differences of rewards, and large rewards tie at 1."
)


@dataclass(frozen=True)
class Asked:
    """How an export can be asked.

    longest  tokens that it reads, of prompt and answer together, or of each
    alike    a pair, a text of the chat template, and one with special tokens added all give the reward of the run
    chat     the run asked it through its own chat template
    each     prompt and answer are cut each, by the model itself
    joined   the run asked it by prompt and answer joined to one text, as the authors' code does
    """

    longest: int
    alike: bool = True
    chat: bool = False
    each: bool = False
    joined: bool = False


def load_lines(result: runs.Result, folder: str = "FOLDER") -> str:
    """Python that loads an export of this run from a folder and asks it for one reward."""
    known, chat = form(result)
    pair = JOINED if result.config.finetune.as_published else PAIR.format(cut=_cut(result))
    inputs = CHAT if chat else pair
    return LOAD.format(of_heads="" if known else OF_HEADS, folder=_quoted(folder), inputs=inputs)


def usage(result: runs.Result, asked: Asked, folder: str) -> list[str]:
    """The lines of a model card on loading and asking an export that lies in a folder of this name."""
    length = EACH if asked.each else TOGETHER
    cut = "end" if asked.joined else "front of the prompt"
    length = length.format(n=asked.longest, who=f"{'you' if asked.chat else 'the lines'} cut the {cut}")
    told = ["```python", load_lines(result, folder), "```", "", length, ""]
    if not asked.alike and (asked.chat or asked.joined):
        return [*told, TEMPLATE_ONLY if asked.chat else JOINED_ONLY, ""]
    of_heads = "" if form(result)[0] else OF_HEADS
    short = PIPELINE.format(of_heads=of_heads, folder=_quoted(folder), cut=_cut(result))
    ways = ALIKE if asked.alike else PAIRS_ONLY
    return [*told, ways, "", SIGMOID, "", "```python", short, "```", "", NO_SIGMOID, ""]


def _cut(result: runs.Result) -> str:
    """What makes a tokenizer cut the front of a prompt; the export of a head cuts texts itself."""
    return CUT if result.config.finetune.model else ""


def _quoted(folder: str) -> str:
    return json.dumps(folder, ensure_ascii=False)


def form(result: runs.Result) -> tuple[bool, bool]:
    """Of a run's models: whether transformers knows their type by itself, and whether they read a chat template.

    Looks into model folders of this machine only; of one that is gone, nothing is known beyond the usual: a type of
    transformers that reads pairs.
    """
    if not result.config.finetune.model:
        return False, False
    places = model_places(result.folder)
    configs = (place / "config.json" for place in places)
    kind = next((json.loads(path.read_bytes())["model_type"] for path in configs if path.is_file()), "")
    return kind != "scpo-reward", any(map(_has_template, places))


def _has_template(folder: Path) -> bool:
    path = folder / "tokenizer_config.json"
    named = path.is_file() and bool(json.loads(path.read_bytes()).get("chat_template"))
    return named or (folder / "chat_template.jinja").is_file()
