"""What test pairs have: phrases in one of their two answers alone, lengths, and the topics of their prompts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from scpo.data.preferences import TEST, Preferences
from scpo.metrics.intervals import FEWEST_FOR_PARTS, FEWEST_UNITS
from scpo.steering.clustered_regression import having, numbered
from scpo.steering.phrases import common_phrases
from scpo.steering.topics import Encode, Topics, topics_of

MOST_PAIRS = 20_000


@dataclass(frozen=True)
class Presence:
    """Which phrase is where, in the test pairs that are looked at.

    rows      (n,) of `Preferences.pairs`
    phrases   P of them
    has       (texts, P) sparse, 1 where a text has the phrase; texts of other pairs are empty
    x         (n, P) sparse, 1, 0 or -1: in the chosen answer alone, in both or none, in the rejected one alone
    length    (n,) log2 of the characters of the chosen answer over those of the rejected one
    groups    people (or questions), and prompts, of the pairs: (n,) int each, counted from 0
    topics    T of them
    topic     (n,) int, which of them the prompt of a pair is of; -1 for none
    """

    rows: np.ndarray
    phrases: list[str]
    has: sparse.csc_array
    x: sparse.csc_array
    length: np.ndarray
    groups: tuple[np.ndarray, ...]
    topics: list[str]
    topic: np.ndarray

    @classmethod
    def of(cls, data: Preferences, encode: Encode | None = None) -> Presence:
        """The phrases and topics that pairs of enough people (or questions) have; no topics without an encoder."""
        rows = _test_pairs(data)
        chosen, rejected = (data.pairs[side].to_numpy()[rows] for side in ("chosen", "rejected"))
        prompts, of_prompt = np.unique(data.texts["prompt"].cat.codes.to_numpy()[chosen], return_inverse=True)
        groups = numbered(data.pairs["unit"].to_numpy()[rows]), of_prompt
        responses = data.texts["response"].to_numpy()
        phrases, has = common_phrases(responses, np.unique([chosen, rejected]))
        x = sparse.csc_array(has[chosen] - has[rejected])
        x.eliminate_zeros()
        kept = np.flatnonzero(having(x, groups[0]) >= FEWEST_FOR_PARTS)
        characters = np.array([max(len(text), 1) for text in responses])
        length = np.log2(characters[chosen] / characters[rejected])
        topics = _common_topics(topics_of(data.texts["prompt"].cat.categories[prompts].tolist(), encode), groups)
        has, x = sparse.csc_array(has[:, kept]), x[:, kept]
        return cls(rows, [phrases[at] for at in kept], has, x, length, groups, *topics)

    def of_topics(self) -> sparse.csc_array:
        """(n, T) sparse: 1 where the prompt of a pair is of the topic."""
        return indicators(self.topic, len(self.topics))


def indicators(number: np.ndarray, count: int) -> sparse.csc_array:
    """(n, count) sparse: 1 in the column that number (n,) says, -1 for none."""
    return sparse.csc_array((number[:, None] == np.arange(count)).astype(np.float64))


def _common_topics(topics: Topics, groups: tuple[np.ndarray, ...]) -> tuple[list[str], np.ndarray]:
    """Names of the topics that enough people (or questions) and prompts have, and that of each pair, -1 for none."""
    topic = topics.of_prompt[groups[1]]
    x = indicators(topic, len(topics.names))
    kept = np.flatnonzero(np.min([having(x, group) for group in groups], axis=0) >= FEWEST_UNITS)
    new = np.full(len(topics.names) + 1, -1)
    new[kept] = np.arange(len(kept))
    return [topics.names[at] for at in kept], new[topic]


def _test_pairs(data: Preferences) -> np.ndarray:
    """Rows of the test pairs; of very many, those of some people (or questions), always the same."""
    rows = np.flatnonzero(data.split_of_pairs() == TEST)
    unit = data.pairs["unit"].to_numpy()[rows]
    size = np.bincount(unit, minlength=len(data.units))
    order = np.random.default_rng(0).permutation(len(size))
    taken = np.zeros(len(size), bool)
    taken[order[: max(int(np.searchsorted(np.cumsum(size[order]), MOST_PAIRS, "right")), 1)]] = True
    return rows[taken[unit]]
