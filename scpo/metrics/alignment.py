"""Opinion alignment: how like a country's answers a distribution over the same options is."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import jensenshannon

from scpo.errors import InputError


def opinion_alignment(p: np.ndarray, q: np.ndarray) -> float:
    """1 - Jensen-Shannon distance (base 2) of two distributions (options,), in [0, 1]; 1 = the same.

    The measure of GlobalOpinionQA (arXiv 2306.16388, section 2.3). Raises `InputError` unless both are distributions
    over the same options.
    """
    p, q = np.asarray(p, np.float64), np.asarray(q, np.float64)
    for one in (p, q):
        if one.shape != p.shape or one.ndim != 1 or not (one >= 0).all() or not np.isclose(one.sum(), 1, atol=1e-4):
            raise InputError(
                f"shares {p.tolist()} and {q.tolist()} are not two distributions over the same options: each needs a "
                "share of at least 0 per option, summing to 1."
            )
    return 1.0 - float(np.clip(np.nan_to_num(jensenshannon(p, q, base=2)), 0, 1))
