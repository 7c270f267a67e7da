"""Bradley-Terry in plain numpy, for reward models of a few numbers. Every row is a pair, its chosen answer first.

A model is a taste (axes,); its margin on a pair is difference @ taste, and the probability it gives to
the choice is sigmoid(margin). The loss is that of the paper: the mean over the pairs trained on of
-w log sigmoid(margin), divided by their number and not by the sum of their weights.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit


def fit(difference: np.ndarray, ridge: float = 1.0, rounds: int = 8) -> np.ndarray:
    """The taste (axes,) under which the choices in `difference` (n, axes) are likeliest, by Newton's method."""
    axes = difference.shape[1]
    return shift(difference, np.zeros(axes), ridge * np.eye(axes), rounds)


def shift(difference: np.ndarray, start: np.ndarray, precision: np.ndarray, rounds: int = 8) -> np.ndarray:
    """The most probable step (axes,) away from a taste, with a normal prior around 0 of this precision (axes, axes)."""
    step = np.zeros(difference.shape[1])
    for _ in range(rounds):
        miss = expit(-(difference @ (start + step)))
        slope = difference.T @ miss - precision @ step
        curve = (difference * (miss * (1 - miss))[:, None]).T @ difference + precision
        step = step + np.linalg.solve(curve, slope)
    return step


def push(margin: np.ndarray) -> np.ndarray:
    """How hard one choice pushes its pair's margin up: 1 - sigmoid(margin), the model's surprise."""
    return expit(-np.asarray(margin))


def descend(
    difference: np.ndarray, weight: np.ndarray, start: np.ndarray, marks: np.ndarray, rate: float
) -> np.ndarray:
    """Tastes (marks, axes, K) of K models after so many steps of gradient descent over all their pairs.

    weight  (n, K): the weight of each pair for each model, 0 where the model does not train on it
    start   (axes,): where every model begins; marks: rising steps, at which the tastes are kept
    """
    share = weight / np.maximum((weight > 0).sum(0), 1)
    taste = np.repeat(start[:, None], weight.shape[1], axis=1)
    flipped = np.ascontiguousarray(difference.T)
    kept: list[np.ndarray] = []
    for step in range(1, int(marks[-1]) + 1):
        taste = taste + rate * (flipped @ (share * push(difference @ taste)))
        if step == marks[len(kept)]:
            kept.append(taste)
    return np.stack(kept)


def accuracy(difference: np.ndarray, taste: np.ndarray) -> np.ndarray:
    """Share of pairs whose choice a taste gets right, strictly: (n, axes) and (axes, ...) to (...)."""
    return (difference @ taste > 0).mean(0)
