"""Preference pairs of TRL's formats to token ids and to batches. Knows nothing of models, rewards or training."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from datasets import Dataset

from scpo.data.preferences import Preferences
from scpo.errors import InputError
from scpo.methods import METHODS, select
from scpo.training.finetune.formats import Encoded, InputFormat
from scpo.training.finetune.prompts import SIDES, rendering, split_prompt
from scpo.training.finetune.scoring import padded

REFERENCE_MARGIN = "reference_margin"  # column: margin of the starting model, which names the subsets
KEPT = [
    "chosen_ids",
    "rejected_ids",
    "chosen_segments",
    "rejected_segments",
    "length",
    "margin",
    "weight",
    REFERENCE_MARGIN,
]


class SCPOCollator:
    """Chosen ids, then rejected ids, padded to the batch's longest (or the next multiple of a number of tokens), with
    weight and margin where given."""

    def __init__(self, pad_token_id: int, multiple: int | None = None):
        self._pad, self._multiple = pad_token_id, multiple or 1

    def __call__(self, examples: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        both = [
            Encoded(example[f"{side}_ids"], example.get(f"{side}_segments"))
            for side in ("chosen", "rejected")
            for example in examples
        ]
        batch = padded(both, self._pad, self._multiple)
        for name in ("weight", "margin", REFERENCE_MARGIN):
            if name in examples[0]:
                batch[name] = torch.tensor([example[name] for example in examples], dtype=torch.float32)
        return batch


def columns(chosen: Encoded, rejected: Encoded) -> dict[str, Any]:
    """The columns of one pair: ids and segments of both sides, and the length by which batches are grouped."""
    row: dict[str, Any] = {"length": max(len(chosen.ids), len(rejected.ids))}
    for side, one in zip(SIDES, (chosen, rejected), strict=True):
        row[f"{side}_ids"] = one.ids
        if one.segments:
            row[f"{side}_segments"] = one.segments
    return row


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


def kept_pairs(dataset: Dataset, args) -> tuple[Dataset, dict[str, float]]:
    """The pairs that the filter keeps, with their weights, and what filter and weight did.

    args  `SCPOConfig`: method, tau, beta. A `weight` column given multiplies the weights.
    Raises `InputError` if no pair is left, none is distinct, or a weight is not a number of at least 0.
    """
    margin = np.array(dataset[REFERENCE_MARGIN])
    keep, weight = select(args.method, margin, args.tau, args.beta)
    given = "weight" in dataset.column_names
    own = np.array(dataset["weight"], dtype=np.float64) if given else np.ones(len(margin))
    if not np.isfinite(own).all() or (own < 0).any():
        raise InputError("the column `weight` has values that are not finite and at least 0. Fix these rows.")
    weight = weight * own
    if not keep.any():
        raise InputError(
            f"of {len(margin)} pairs none has a probability below tau = {args.tau} under the starting model: it agrees "
            "with all of them already, and there is nothing to learn. Raise tau, or bring more pairs."
        )
    if METHODS[args.method].filters and not (margin < 0).any():
        raise InputError(
            f"none of {len(margin)} pairs is distinct: the starting model prefers the chosen answer in all of them. "
            "Bring pairs on which it is wrong, or train with method='full'."
        )
    facts = {
        "pairs": len(margin),
        "kept": int(keep.sum()),
        "disagree": float((margin < 0).mean()),
        "weight_sum": float(weight[keep].sum()),
    }
    dataset = dataset.remove_columns("weight") if given else dataset
    return dataset.add_column("weight", weight.tolist()).select(np.flatnonzero(keep)), facts


class Texts:
    """Token ids of the texts of a data set, each encoded once; and pairs of them as a data set of the trainer."""

    def __init__(self, data: Preferences, inputs: InputFormat):
        self._data, self._inputs = data, inputs
        self._known: dict[int, Encoded] = {}
        self._sides = [data.pairs[side].to_numpy() for side in ("chosen", "rejected")]

    def encoded(self, text: int) -> Encoded:
        if text not in self._known:
            row = self._data.texts.iloc[text]
            self._known[text] = self._inputs.encode(row["prompt"], row["response"])
        return self._known[text]

    def margin(self, rows: np.ndarray, reward: np.ndarray) -> np.ndarray:
        """Margins (n,) of pairs by rewards of all texts (texts,)."""
        chosen, rejected = (reward[side[rows]] for side in self._sides)
        return chosen - rejected

    def pairs(self, rows: np.ndarray, margin: np.ndarray, weight: np.ndarray | None = None) -> Dataset:
        """Pairs (n,) with the starting model's margin of every pair (pairs,) and their weights (n,)."""
        table = [columns(*(self.encoded(int(side[row])) for side in self._sides)) for row in rows]
        for at, row in enumerate(rows):
            table[at][REFERENCE_MARGIN] = float(margin[row])
            if weight is not None:
                table[at]["weight"] = float(weight[at])
        return Dataset.from_list(table)
