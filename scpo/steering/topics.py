"""Topics of prompts: groups of prompts that an encoder puts near each other, named by their most telling words.

k-means from a few fixed starts, the tightest of them. A name is made of words that the topic's prompts have more often
than others have, those first whose own vectors lie furthest the way of the topic. So equal data has equal topics.
Prompts are grouped by what they say and by how they say it: survey questions of one form may be one topic.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.cluster.vq import ClusterError, kmeans2

from scpo.steering.phrases import phrases_in

Encode = Callable[[Sequence[str], int], np.ndarray]  # strings, of which the first so many are prompts: (n, d) vectors
PROMPTS_OF_TOPIC, MOST_TOPICS = 12, 30  # on average
STARTS, ROUNDS = 5, 30
NAME_WORDS, CANDIDATES, SHORTEST_WORD = 3, 20, 3  # characters of a word
FEWEST_OF_WORD, COMMONEST, MOST_WORDS = 2, 0.25, 4_000  # prompts that have a word: at least, at most as a share; words


@dataclass(frozen=True)
class Topics:
    """Topics by name, and which of them each prompt is of: (prompts,) int, -1 for none."""

    names: list[str] = field(default_factory=list)
    of_prompt: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))


def topics_of(prompts: Sequence[str], encode: Encode | None) -> Topics:
    """The topics of distinct prompts; none if there are too few of them, or no encoder."""
    none = Topics([], np.full(len(prompts), -1))
    count = min(len(prompts) // PROMPTS_OF_TOPIC, MOST_TOPICS)
    if encode is None or count < 2:
        return none
    has = _words(prompts)
    vectors = encode([*prompts, *has], len(prompts)).astype(np.float64)
    of_prompts, of_words = vectors[: len(prompts)], vectors[len(prompts) :]
    of_prompt = _grouped(of_prompts, count)
    if of_prompt is None:
        return none
    middle, names = of_prompts.mean(0), []
    for topic in range(count):
        here = of_prompt == topic
        names.append(_name(has, here, of_words @ (of_prompts[here].mean(0) - middle)))
    same = Counter(names)
    return Topics([f"{name} ({at + 1})" if same[name] > 1 else name for at, name in enumerate(names)], of_prompt)


def _words(prompts: Sequence[str]) -> dict[str, np.ndarray]:
    """Words that some prompts have, but not most of them, and which prompts: word -> rows."""
    rows: dict[str, list[int]] = {}
    for row, prompt in enumerate(prompts):
        for word in sorted({said for said, _, _ in phrases_in(prompt) if " " not in said}):
            rows.setdefault(word, []).append(row)
    most = max(COMMONEST * len(prompts), FEWEST_OF_WORD)
    found = [word for word in rows if len(word) >= SHORTEST_WORD and FEWEST_OF_WORD <= len(rows[word]) <= most]
    return {word: np.array(rows[word]) for word in sorted(found, key=lambda word: -len(rows[word]))[:MOST_WORDS]}


def _grouped(vectors: np.ndarray, count: int) -> np.ndarray | None:
    """The group of each vector, (n,), of `count` groups; None if the vectors do not make so many."""
    if len(np.unique(vectors.round(6), axis=0)) < 2 * count:
        return None
    best, least = None, np.inf
    for start in range(STARTS):
        try:
            centres, group = kmeans2(vectors, count, ROUNDS, minit="++", missing="raise", rng=start)
        except ClusterError:  # a group that nothing is nearest to
            continue
        spread = ((vectors - centres[group]) ** 2).sum()
        if spread < least:
            best, least = group.astype(np.int64), spread
    return best


def _name(has: dict[str, np.ndarray], here: np.ndarray, nearness: np.ndarray) -> str:
    """The words of a topic, of prompts here (n,) bool: nearest first of those that stand out most in its prompts."""
    expected = np.array([len(rows) for rows in has.values()]) * here.mean()
    beyond = np.array([here[rows].sum() for rows in has.values()]) - expected
    standing_out = np.argsort(-beyond / np.sqrt(np.maximum(expected, 1e-9)), kind="stable")[:CANDIDATES]
    telling = standing_out[beyond[standing_out] > 0]
    words = [list(has)[at] for at in telling[np.argsort(-nearness[telling], kind="stable")][:NAME_WORDS]]
    return ", ".join(words) or f"{int(here.sum())} prompts"
