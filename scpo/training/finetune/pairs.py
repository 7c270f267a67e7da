"""Preference pairs of TRL's formats to token ids and to batches. Knows nothing of models, rewards or training."""

from __future__ import annotations

from typing import Any

import torch

from scpo.errors import InputError
from scpo.training.finetune.formats import Encoded, InputFormat
from scpo.training.finetune.prompts import SIDES, rendering, split_prompt
from scpo.training.finetune.scoring import padded

REFERENCE_MARGIN = "reference_margin"  # column: margin of the starting model, which names the subsets
KEPT = [
    "chosen_ids", "rejected_ids", "chosen_segments", "rejected_segments", "length", "margin", "weight",
    REFERENCE_MARGIN,
]  # fmt: skip


class SCPOCollator:
    """Chosen ids, then rejected ids, padded to the batch's longest (or the next multiple of a number of tokens), with
    weight and margin where given."""

    def __init__(self, pad_token_id: int, multiple: int | None = None):
        self._pad, self._multiple = pad_token_id, multiple or 1

    def __call__(self, examples: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        both = [
            Encoded(example[f"{side}_ids"], example.get(f"{side}_segments"))
            for side in ("chosen", "rejected") for example in examples
        ]  # fmt: skip
        batch = padded(both, self._pad, self._multiple)
        for name in ("weight", "margin", REFERENCE_MARGIN):
            if name in examples[0]:
                batch[name] = torch.tensor([example[name] for example in examples], dtype=torch.float32)
        return batch


def columns(chosen: Encoded, rejected: Encoded) -> dict[str, Any]:
    """The columns of one pair: ids and segments of both sides, and the length by which batches are grouped."""
    found: dict[str, Any] = {"length": max(len(chosen.ids), len(rejected.ids))}
    for side, one in zip(SIDES, (chosen, rejected), strict=True):
        found[f"{side}_ids"] = one.ids
        if one.segments:
            found[f"{side}_segments"] = one.segments
    return found


def tokenized(example: dict[str, Any], index: int, inputs: InputFormat, repeated: bool = False) -> dict[str, Any]:
    """The columns of one pair in any of TRL's preference formats. Raises `InputError` that names the row."""
    return columns(*(encode(example, index, side, inputs, repeated) for side in SIDES))


def encode(example: dict[str, Any], index: int, side: str, inputs: InputFormat, repeated: bool) -> Encoded:
    """One side of a pair whose columns are not made yet."""
    try:
        return inputs.encode(*split_prompt(example, side, repeated), rendering(example))
    except InputError as error:
        raise InputError(f"Row {index} (counted from 0): {error}") from error


def encoded(row: dict[str, Any], side: str) -> Encoded:
    """One side of a pair whose columns are made."""
    return Encoded(row[f"{side}_ids"], row.get(f"{side}_segments"))
