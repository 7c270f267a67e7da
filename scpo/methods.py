"""The methods that an experiment compares: what each trains on, and with which weight."""

from __future__ import annotations

import numpy as np

from scpo.selection import inverse_weights, keep_mask, pair_weights

METHODS = {
    "global": "the global model as it is, no training",
    "full": "all of the country's pairs, every weight 1",
    "filter": "only pairs the global model does not clearly agree with, every weight 1",
    "weight": "all pairs, weighted down the more the global model disagrees",
    "scpo": "filter and weight: the paper's method",
    "shared": "beyond the paper: a country is expected to differ from the global model as the other countries do, and "
    "their pairs show how that is",
    "inverse": "all pairs, weighted up the more the global model disagrees",
    "pooled": "one model for the pairs of all countries, every weight 1",
    "scratch": "the country's pairs alone, from a fresh head",
    "longer": "no model: the longer answer wins",
    "random": "no model: a coin decides",
}


UNTRAINED = ("global", "longer", "random")


def select(method: str, margin: np.ndarray, tau: float, beta: float) -> tuple[np.ndarray, np.ndarray]:
    """Which pairs a method trains on, and their weights: (keep (n,) bool, weight (n,) float).

    `full`, `pooled`, `scratch` and `shared` keep all with weight 1; `filter` and `scpo` filter;
    `weight` and `scpo` weigh down; `inverse` weighs up.
    """
    margin = np.asarray(margin, dtype=np.float64)
    everything, ones = np.ones(len(margin), bool), np.ones(len(margin))
    keep = keep_mask(margin, tau) if method in ("filter", "scpo") else everything
    if method in ("weight", "scpo"):
        return keep, pair_weights(margin, beta)
    return keep, inverse_weights(margin) if method == "inverse" else ones
