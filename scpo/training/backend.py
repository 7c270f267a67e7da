"""What a back end hands back: trained models as their rewards, and their weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scpo.plan import HeadPlan


@dataclass(frozen=True)
class BackendResult:
    """What a back end made of a plan of K models, in the terms of the measures.

    plan      country, method, seed, level of each model
    rewards   per country, the reward of each of T texts by the global model it started from, (T,);
              NaN for texts that no measure asks for
    score     score(texts)(models): rewards of texts, (n,) rows of the text table, under models, (K,) bool -> (k, n)
    step      (K,) the step that was kept
    eval_steps  (M,) steps at which path (K, M, 3) holds the test accuracy on full, distinct, consensus
    weights   the content of the run's weights file
    reading   what of the texts was read, per country; see `scpo.training.encoder_reading`
    second    as `rewards`, by a second global model that nothing started from; None where there is none
    share     (K,) of the way from the global model to what was fitted, chosen on validation; NaN where none was
    """

    plan: HeadPlan
    rewards: dict[str, np.ndarray]
    score: Callable[[np.ndarray], Callable[[np.ndarray], np.ndarray]]
    step: np.ndarray
    eval_steps: tuple[int, ...]
    path: np.ndarray
    weights: bytes
    reading: pd.DataFrame | None = None
    share: np.ndarray | None = None
    second: dict[str, np.ndarray] | None = None
