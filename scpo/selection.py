"""The method of SCPO: which pairs to keep, how much each weighs. Pure functions of arrays.

A preference pair is (prompt, chosen, rejected). The global reward model rewards both
responses; everything here follows from the margin between the two rewards
(arXiv 2606.18606, https://arxiv.org/abs/2606.18606):

    margin    m        = r_g(chosen) - r_g(rejected)
    p_global           = sigmoid(m)          probability the global model gives the choice
    filter    keep     : p_global < tau      drop what the global model clearly agrees with
    weight    w        = min(exp(m / beta), 1)   the stronger the disagreement, the lighter

The loss that uses them is `scpo.training.loss`. This file knows nothing of torch.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from scpo.errors import ConfigError


def margin(chosen: np.ndarray, rejected: np.ndarray) -> np.ndarray:
    """r(chosen) - r(rejected), (n,) from two (n,). Raises `ConfigError` unless the shapes agree."""
    chosen, rejected = np.asarray(chosen), np.asarray(rejected)
    if chosen.shape != rejected.shape or chosen.ndim != 1:
        raise ConfigError(
            f"rewards have shapes {chosen.shape} and {rejected.shape}; both must be (n,), one reward per pair."
        )
    return chosen - rejected


def p_global(margin: np.ndarray) -> np.ndarray:
    """Bradley-Terry probability of the choice, sigmoid(m), (n,) in [0, 1]; no overflow at any m."""
    return expit(np.asarray(margin))


def keep_mask(margin: np.ndarray, tau: float = 0.7) -> np.ndarray:
    """True where the pair stays: p_global < tau, (n,) bool. A NaN margin never stays.

    tau = 1 keeps every finite margin whose probability rounds below 1.
    Raises `ConfigError` unless 0 < tau <= 1.
    """
    if not 0 < tau <= 1:
        raise ConfigError(f"tau is {tau!r}; it must be in (0, 1].")
    return p_global(margin) < tau


def pair_weights(margin: np.ndarray, beta: float = 1.10) -> np.ndarray:
    """w = min(exp(m / beta), 1), (n,) in [0, 1].

    1 where the global model agrees; falls towards 0 the more it disagrees. beta is in units
    of reward. The exponent is clipped at 0 before exp, so that no margin overflows.
    Raises `ConfigError` unless beta > 0.
    """
    if not beta > 0:
        raise ConfigError(f"beta is {beta!r}; it must be above 0.")
    return np.exp(np.minimum(np.asarray(margin) / beta, 0.0))


def inverse_weights(margin: np.ndarray) -> np.ndarray:
    """The ablation max(exp(-m), 1), (n,) >= 1: heavier the more the global model disagrees.

    Overflows to the largest finite number instead of inf, so that a loss stays a number.
    """
    margin = np.asarray(margin)
    with np.errstate(over="ignore"):
        weight = np.exp(np.maximum(-margin, 0.0))
    return np.minimum(weight, np.finfo(weight.dtype).max)


def effective_size(weight: np.ndarray) -> float:
    """(sum w)^2 / sum w^2, how many pairs of equal weight count as much (Kish 1965, Survey Sampling); weight (n,) >= 0.

    0 where no pair has a weight above 0. The weights are first brought near 1 by a power of two, which rounds
    nothing: the squares of very small weights would vanish, those of very large ones overflow.
    """
    weight = np.asarray(weight, np.float64)
    if not weight.any():
        return 0.0
    near_one = np.ldexp(weight, -np.frexp(weight.max())[1])
    return float(near_one.sum() ** 2 / (near_one**2).sum())
