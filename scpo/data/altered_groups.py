"""Data whose groups are made to mean nothing: shuffled among people, made equal, or one of them turned round.

What is given to another group is a *block*: all pairs of one person (or of one question's answers) in one of the
countries that are steered to. A block stays in its split, so that test pairs stay test pairs, and the reference
population is never touched. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from scpo.data.preferences import TEST, TRAIN, VALIDATION, Preferences

SPLITS = (TRAIN, VALIDATION, TEST)
SCORES = ["score_chosen", "score_rejected"]


@dataclass(frozen=True)
class _Blocks:
    """of_pair (n,): the block of each pair, -1 for one that no country steered to has; country (B,), split (B,)."""

    of_pair: np.ndarray
    country: np.ndarray
    split: np.ndarray


def _blocks(data: Preferences) -> _Blocks:
    country = data.pairs["country"].astype(str).to_numpy()
    steered = np.flatnonzero(np.isin(country, data.card.countries))
    names = np.array(data.card.countries)
    place = pd.Index(names).get_indexer(country[steered])
    units = len(data.units)
    known, of_steered = np.unique(place * units + data.pairs["unit"].to_numpy()[steered], return_inverse=True)
    of_pair = np.full(len(country), -1)
    of_pair[steered] = of_steered
    return _Blocks(of_pair, names[known // units], data.units["split"].astype(str).to_numpy()[known % units])


def shuffled_groups(data: Preferences, seed: int) -> Preferences:
    """The same people and pairs; which country each block is of is drawn anew, within each split.

    Each country keeps its number of blocks. Countries then differ by chance alone.
    """
    blocks = _blocks(data)
    return _given(data, blocks.of_pair, _shuffled(blocks, SPLITS, seed))


def equal_groups(data: Preferences, seed: int) -> Preferences:
    """Every country learns from the same blocks, drawn from all countries; its test blocks are drawn anew.

    As many training (and validation) blocks as a country has on average, the same ones for all. Test blocks are
    shuffled as in `shuffled_groups`.
    """
    blocks, countries = _blocks(data), data.card.countries
    tests = _given(data, blocks.of_pair, _shuffled(blocks, (TEST,), seed))
    rng = np.random.default_rng([seed, len(SPLITS)])
    learnt_from = np.concatenate([_sample(blocks, split, len(countries), rng) for split in (TRAIN, VALIDATION)])
    same = np.flatnonzero(np.isin(blocks.of_pair, learnt_from))
    stays = (blocks.of_pair < 0) | np.isin(blocks.of_pair, np.flatnonzero(blocks.split == TEST))
    copies = [_named(data.pairs.iloc[same], country) for country in countries]
    return replace(data, pairs=pd.concat([tests.pairs[stays], *copies], ignore_index=True))


def flipped_group(data: Preferences, country: str) -> Preferences:
    """One country says the opposite of what it said, in training and validation; its test pairs stay as they are."""
    turned = (data.pairs["country"] == country).to_numpy() & (data.split_of_pairs() != TEST)
    pairs = data.pairs.copy()
    for one, other in (("chosen", "rejected"), SCORES):
        pairs.loc[turned, [one, other]] = data.pairs.loc[turned, [other, one]].to_numpy()
    return replace(data, pairs=pairs)


def _shuffled(blocks: _Blocks, splits: Sequence[str], seed: int) -> np.ndarray:
    """The country of each block (B,) after a draw within each of these splits."""
    country = blocks.country.copy()
    for split in splits:
        here = np.flatnonzero(blocks.split == split)
        country[here] = np.random.default_rng([seed, SPLITS.index(split)]).permutation(country[here])
    return country


def _sample(blocks: _Blocks, split: str, countries: int, rng: np.random.Generator) -> np.ndarray:
    """Blocks of a split, as many as a country has on average."""
    here = np.flatnonzero(blocks.split == split)
    return rng.permutation(here)[: round(len(here) / countries)]


def _given(data: Preferences, of_pair: np.ndarray, country: np.ndarray) -> Preferences:
    """The same pairs, those of each block in the country that it is given, (B,)."""
    names = data.pairs["country"].astype(str).to_numpy().copy()
    inside = of_pair >= 0
    names[inside] = country[of_pair[inside]]
    return replace(data, pairs=data.pairs.assign(country=_like(names, data.pairs)))


def _named(pairs: pd.DataFrame, country: str) -> pd.DataFrame:
    return pairs.assign(country=_like(np.full(len(pairs), country), pairs))


def _like(names: np.ndarray, pairs: pd.DataFrame) -> pd.Series:
    """Countries in the categories that a table of pairs has."""
    return pd.Series(names, pairs.index).astype(pairs["country"].dtype)
