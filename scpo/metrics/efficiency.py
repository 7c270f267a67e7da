"""Data efficiency: how many pairs a method needs for the accuracy that `full` ends with.

The target is the accuracy that `full` has with all pairs, as it was measured. The curves over pairs are made
monotone (isotonic regression) and read between budgets on a log axis. The ratio is
pairs_full / pairs_method: 2.8 means 2.8 times as efficient, that is 180 % more.
"""

from __future__ import annotations

import numpy as np


def monotone(accuracy: np.ndarray) -> np.ndarray:
    """Isotonic regression over the first axis, (B, ...) -> (B, ...), equal weights.

    By the max-min formula: the fit at i is max over a <= i of min over b >= i of mean(a..b).
    """
    size = len(accuracy)
    total = np.concatenate([np.zeros_like(accuracy[:1]), np.cumsum(accuracy, axis=0)])
    fit = np.empty_like(accuracy)
    for i in range(size):
        lows = [np.min([(total[b + 1] - total[a]) / (b + 1 - a) for b in range(i, size)], axis=0) for a in range(i + 1)]
        fit[i] = np.max(lows, axis=0)
    return fit


def pairs_to_reach(pairs: np.ndarray, accuracy: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Pairs at which a monotone curve first reaches a target; NaN where it never does.

    pairs (B,) rising; accuracy (B, ...) rising over B; target (...). At or above the target from
    the first budget on, the answer is that budget: an upper bound.
    """
    reached = accuracy >= target - 1e-9
    first = reached.argmax(0)
    before = np.maximum(first - 1, 0)
    take = lambda at: np.take_along_axis(accuracy, at[None], 0)[0]  # noqa: E731
    rise = take(first) - take(before)
    part = np.divide(target - take(before), rise, out=np.ones_like(rise), where=rise > 0)
    log_pairs = np.log(pairs)
    answer = np.exp(log_pairs[before] + np.clip(part, 0, 1) * (log_pairs[first] - log_pairs[before]))
    return np.where(reached.any(0), answer, np.nan)


def efficiency_ratio(
    pairs_full: np.ndarray, full: np.ndarray, pairs_method: np.ndarray, method: np.ndarray
) -> dict[str, np.ndarray]:
    """Pairs `full` and a method need for the accuracy `full` ends with.

    pairs_* (B,); full, method (B, ...) accuracies (estimate or resamples in the last axis).
    Returns target, pairs_full, pairs_method and ratio, each (...); NaN where not reached.

    The target is no value of the monotone curve: that one never ends below the measured one, so a method ahead of
    `full` could be said to have missed it. `full` itself always reaches it, and whoever ends ahead of it does.
    """
    target = full[-1]
    full, method = monotone(full), monotone(method)
    needed_full = pairs_to_reach(pairs_full, full, target)
    needed = pairs_to_reach(pairs_method, method, target)
    return {
        "target": target, "pairs_full": needed_full, "pairs_method": needed, "ratio": needed_full / needed,
    }  # fmt: skip
