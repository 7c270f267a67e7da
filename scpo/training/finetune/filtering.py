"""Which pairs of a data set a method keeps, and what they weigh, from the starting model's margins."""

from __future__ import annotations

import numpy as np
from datasets import Dataset

from scpo.errors import InputError
from scpo.selection import select
from scpo.training.finetune.pairs import REFERENCE_MARGIN


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
        raise InputError("the column `weight` has values that are not finite and at least 0. Mend these rows.")
    weight = weight * own
    if not keep.any():
        raise InputError(
            f"of {len(margin)} pairs none has a probability below tau = {args.tau} under the starting model: it agrees "
            "with all of them already, and there is nothing to learn. Raise tau, or bring more pairs."
        )
    if args.method in ("filter", "scpo") and not (margin < 0).any():
        raise InputError(
            f"none of {len(margin)} pairs is distinct: the starting model prefers the chosen answer in all of them. "
            "Bring pairs on which it is wrong, or train with method='full'."
        )
    facts = {
        "pairs": len(margin), "kept": int(keep.sum()), "disagree": float((margin < 0).mean()),
        "weight_sum": float(weight[keep].sum()),
    }  # fmt: skip
    dataset = dataset.remove_columns("weight") if given else dataset
    return dataset.add_column("weight", weight.tolist()).select(np.flatnonzero(keep)), facts
