"""Community Alignment: people of five countries pick the best of four answers, turn after turn.

Source: https://huggingface.co/datasets/facebook/community-alignment-dataset (arXiv 2507.09650), licence CC BY 4.0. One
row per conversation. A pick is preferred to each of the other answers; the prompt of a later turn is the conversation
before it, with the answers that were picked.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from scpo.data.checks import is_missing
from scpo.data.faults import Faults
from scpo.data.turns import joined

TITLE = "Community Alignment"
URL = "https://huggingface.co/datasets/facebook/community-alignment-dataset"
LICENCE = "CC BY 4.0"
CITATION = "Zhang et al. 2025, Cultivating Pluralism In Algorithmic Monoculture: The Community Alignment Dataset, "
CITATION += "arXiv 2507.09650"
TURNS, LETTERS = ("first", "second", "third", "fourth"), "abcd"
COLUMNS = (
    "annotator_id",
    "annotator_country",
    "first_turn_prompt",
    "first_turn_preferred_response",
    *(f"first_turn_response_{letter}" for letter in LETTERS),
)
PERSON = "annotator_"
END_OF_TEXT = re.compile(r"(\s*(<\|[a-z_]+\|>|</s>))+\s*$")


def pairs(table: pd.DataFrame, faults: Faults) -> pd.DataFrame:
    """Three pairs per pick. A conversation is read up to its last turn with a pick; one without any is left out."""
    rows, index, picks = [], [], 0
    about = {c: c.removeprefix(PERSON) for c in table.columns if c.startswith(PERSON)} | {"annotator_id": "user"}
    for at, row in zip(table.index, table.to_dict("records"), strict=True):
        person = {name: row[column] for column, name in about.items()}
        found = _of_conversation(row)
        if not found:
            faults.at(
                [at],
                "no turn has a pick among its answers",
                "first_turn_preferred_response: such as response_a",
                "conversations without a pick",
            )
        for prompt, chosen, others in found:
            rows += [{"prompt": prompt, "chosen": chosen, "rejected": other, **person} for other in others]
            index += [at] * len(others)
            picks += 1
    columns = ["prompt", "chosen", "rejected", *about.values()]
    result = pd.DataFrame(rows, columns=columns, dtype=object)
    if index:
        result = result.set_axis(pd.MultiIndex.from_tuples(index), axis=0)
    said = f"{picks:,} {'pick' if picks == 1 else 'picks'} of one answer out of four"
    result.attrs = {**table.attrs, "notes": (f"read as {TITLE}: {said}",)}
    return result


def _of_conversation(row: dict) -> list[tuple[str, str, list[str]]]:
    """Prompt, pick and the other answers of each turn, up to the first turn that lacks one of them."""
    said, found = [], []
    for turn in TURNS:
        prompt = _text(row.get(f"{turn}_turn_prompt"))
        answers = {letter: _text(row.get(f"{turn}_turn_response_{letter}")) for letter in LETTERS}
        chosen = answers.pop(str(row.get(f"{turn}_turn_preferred_response")).strip()[-1:].lower(), None)
        if not prompt or not chosen:
            break
        said.append({"role": "user", "content": prompt})
        found.append((joined(said), chosen, [answer for answer in answers.values() if answer]))
        said.append({"role": "assistant", "content": chosen})
    return found


def _text(value: object) -> str | None:
    """A text without the marks of its end that a model leaves; None if there is none."""
    if is_missing(value) or not isinstance(value, (str, np.str_)):
        return None
    return END_OF_TEXT.sub("", value).strip() or None
