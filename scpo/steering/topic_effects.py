"""On which topics a country's model goes further from the global one than on others, and whether its people do.

e is what the margin and the length leave of the change of a pair's margin (`scpo.steering.phrase_effects`): how far,
and towards which of its two answers, the country's model goes on its own account. Looked for is b in

    |e| = a0 + a1 * |global margin| + a2 * |difference of log2 length| + b * (the pair's prompt is of the topic)

Held-out people of the country are asked how much more often than the global model expects they choose the answer
towards which their model goes on that topic: the logistic regression of their choices on the sign of e there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse
from scipy.special import ndtri
from scipy.stats import rankdata

from scpo.data.preferences import Preferences
from scpo.format import both_ends, shortened
from scpo.steering.clustered_regression import Effects, contrasts, left_of_change
from scpo.steering.presence import Presence

LONGEST_PROMPT, LONGEST_ANSWER = 120, 80  # characters of an example


def topic_effects(
    x: sparse.csc_array, controls: np.ndarray, moves: np.ndarray, groups: Sequence[np.ndarray]
) -> tuple[Effects, np.ndarray]:
    """Effects b of T topics, and p, (T,): the larger of that of the sizes and that of their ranks, as normal scores.

    The sizes alone are so skewed that few large ones, or their lack, would look like a topic's.

    x          (n, T) 1 where a pair is of the topic; groups (n,) each: people (or questions), and prompts
    controls   (n, 2) global margin and difference of length; moves (n,) e as above
    """
    held = np.column_stack([np.ones(len(moves)), np.abs(controls)])
    size = np.abs(moves)
    scores = ndtri((rankdata(size) - 0.5) / max(len(size), 1))
    of_size, of_ranks = (contrasts(x, held, left_of_change(held, each)[0], groups) for each in (size, scores))
    return of_size, np.maximum(of_size.p(), of_ranks.p())


def examples_of_topic(data: Preferences, presence: Presence, moves: np.ndarray, topic: str, most: int) -> list[str]:
    """Prompts of a topic on which the country's model goes furthest, each with the answer that it goes towards."""
    here = np.flatnonzero(presence.topic == presence.topics.index(topic))
    found: dict[str, str] = {}
    for at in here[np.argsort(-np.abs(moves[here]), kind="stable")]:
        pair = data.pairs.iloc[presence.rows[at]]
        text = data.texts.iloc[pair["chosen" if moves[at] > 0 else "rejected"]]
        said = f"{both_ends(text['prompt'], LONGEST_PROMPT)} → {shortened(text['response'], LONGEST_ANSWER)}"
        found.setdefault(text["prompt"], said)
        if len(found) == most:
            break
    return list(found.values())
