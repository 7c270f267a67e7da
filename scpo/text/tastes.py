"""Planted tastes in words: what each population of the demo world likes and dislikes, from the planted table."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from scpo.format import inert
from scpo.text.steer import listed

LIKED = {  # planted axis -> what a population likes that has more of it
    "warmth": "warmth",
    "formality": "formal words",
    "directness": "plain speaking",
    "hedging": "hedging",
    "length": "long answers",
    "collective": "'we' before 'I'",
    "deference": "respect for authority",
    "locality": "local sayings",
    "humour": "humour",
    "optimism": "optimism",
    "helpfulness": "useful advice",
}
COMMON = "helpfulness"  # what everybody likes alike, so that it tells nobody apart
TOLD, APART = 4, 3  # axes of a taste, and of its difference from another, that are told: the strongest
Tastes = Mapping[str, Mapping[str, float]]  # population -> axis -> planted taste


def taste_words(planted: Mapping[str, float]) -> str:
    """The strongest of a taste: "likes hedging and humour, dislikes warmth and 'we' before 'I'"."""
    return _told({axis: level for axis, level in planted.items() if axis != COMMON}, TOLD, ("likes", "dislikes"), ", ")


def taste_sentence(tastes: Tastes, country: str, reference: str) -> str:
    """A planted taste, and where it differs most from the reference's; empty where none is planted."""
    if country not in tastes:
        return ""
    apart = {axis: level - tastes[reference][axis] for axis, level in tastes[country].items()}
    more = _told(apart, APART, ("more", "less"), "; ")
    beside = f" Next to {inert(reference)}: {more}." if more else ""
    return f"{inert(country)} {taste_words(tastes[country])} (planted).{beside}"


def taste_table(tastes: Tastes) -> pd.DataFrame:
    """A row per population: its name, and its planted taste in words."""
    rows = [(name, taste_words(planted)) for name, planted in tastes.items()]
    return pd.DataFrame(rows, columns=["population", "planted taste"])


def _told(levels: Mapping[str, float], most: int, words: tuple[str, str], between: str) -> str:
    """The axes of the largest levels, those above 0 after the first word, those below after the second."""
    strongest = sorted((axis for axis in levels if levels[axis]), key=lambda axis: -abs(levels[axis]))[:most]
    sides = ([LIKED.get(axis, axis) for axis in strongest if (levels[axis] > 0) == up] for up in (True, False))
    return between.join(f"{word} {listed(names)}" for word, names in zip(words, sides, strict=True) if names)
