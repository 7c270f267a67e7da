"""Accuracy and log loss on all pairs, on distinct and on consensus ones, from the margins of all of them."""

from __future__ import annotations

import numpy as np
from scipy.special import log_expit


def subset_metrics(margins: np.ndarray, known: np.ndarray | None) -> dict[str, float]:
    """accuracy, loss and n of `full`, and of `distinct` (known < 0) and `consensus` (known > 0).

    margins (n,) of the model, known (n,) of the starting model, None if it is not known. `accuracy` and `loss` without
    a prefix are those of all pairs. A tie counts as wrong; a subset without pairs has NaN. `score` orders steps as
    `scpo.training.evaluation.validation_score` does.
    """
    parts = {"": np.ones(len(margins), bool)}
    if known is not None:
        parts |= {"distinct_": known < 0, "consensus_": known > 0}
    found: dict[str, float] = {}
    for name, part in parts.items():
        here = margins[part].astype(np.float64)
        found |= {
            f"{name}accuracy": float((here > 0).mean()) if len(here) else float("nan"),
            f"{name}loss": float(-log_expit(here).mean()) if len(here) else float("nan"),
            f"{name}n": len(here),
        }
    if len(margins):  # by which the best step is chosen: accuracy, then the lower loss
        found["score"] = found["accuracy"] - 1e-6 * min(found["loss"], 1e3)
    return found
