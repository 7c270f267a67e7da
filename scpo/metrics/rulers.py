"""Other rulers than the global model: who says which test pairs are distinct, and which are of a consensus.

distinct are the pairs that the ruler gets wrong, consensus those that it gets right. The global model is the usual
ruler, and it is also what filters pairs and where training begins, so that its errors are in both. A model that leaves
it anywhere, by chance alone, is right on some pairs that it gets wrong. Another ruler's errors are its own.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from scpo.errors import RunFolderError
from scpo.metrics.outcomes import Outcomes, count_outcomes

GLOBAL = "global"
SECOND = "second"  # a second global model, of people that the first one never saw
PEOPLE = "people"  # surveys: what the people of all other countries answered
MAJORITY = "majority"  # of the other countries' own models
POOLED = "pooled"  # one model for all countries
STORED = (SECOND, PEOPLE, MAJORITY)  # with a run; the model `pooled` is among its methods
RULED = ("consensus retention", "distinct accuracy")  # measures of the table `bias` that a ruler changes
VOTER = "full"  # the method of which each other country's model has a vote


def ruled(o: Outcomes, signs: np.ndarray) -> Outcomes:
    """Outcomes with the subsets of another ruler: 1 where it is right, -1 where it is wrong, 0 where it says nothing.

    signs  (n,) in the order of the pairs. Raises `RunFolderError` where nothing is known pair by pair.
    """
    if o.each is None or len(signs) != len(o.each.unit):
        raise RunFolderError(
            f"What was said of {o.country} pair by pair is not known, or of other pairs, so that no other model can "
            "rule them. Run it again."
        )
    return replace(count_outcomes(o.country, o.heads, o.each.signs, signs, o.each.unit), folds=o.folds)


def vote(signs: np.ndarray) -> np.ndarray:
    """What most of K say of each pair, (K, n) -> (n,) int8; 0 where as many say one as the other."""
    return np.sign(signs.astype(np.int64).sum(0)).astype(np.int8)


def ruled_by_people(pairs: pd.DataFrame, rows: np.ndarray, country: str) -> np.ndarray:
    """Surveys: whether the people of all other countries prefer the chosen option too, on average: (n,) int8.

    pairs   chosen, rejected (text rows), country, score_chosen, score_rejected; rows: (n,) whose pairs are ruled
    An average is over the countries that have both options, each with the same weight; 0 where none has.
    """
    sides = ("chosen", "rejected")
    others = pairs[pairs["country"] != country]
    asked = np.unique(np.concatenate([pairs[side].to_numpy()[rows] for side in sides]))
    countries, code = np.unique(others["country"].to_numpy().astype(str), return_inverse=True)
    share = np.full((len(countries), len(asked)), np.nan)
    for side in sides:
        text = others[side].to_numpy()
        here = np.isin(text, asked)
        share[code[here], np.searchsorted(asked, text[here])] = others[f"score_{side}"].to_numpy()[here]
    chosen, rejected = (np.searchsorted(asked, pairs[side].to_numpy()[rows]) for side in sides)
    return np.sign(np.nansum(share[:, chosen] - share[:, rejected], axis=0)).astype(np.int8)
