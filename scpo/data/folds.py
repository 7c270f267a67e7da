"""Folds for small data: every person (or prompt) is tested once, by models that were trained on the others.

Units are dealt out in turn, those of one country after those of another, in an order by the seed, so that each fold has
its share of every country. The validation split of a fold is taken from its training units, country by country too:
nothing that learns or chooses sees the fold that is tested.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from scpo.config import DataConfig, ExperimentConfig
from scpo.data.preferences import PARTS, TEST, TRAIN, VALIDATION, Preferences
from scpo.errors import ConfigError

LEAST_VALIDATION = 2  # units of each country: one alone chooses steps by chance, see docs/coverage.md
CODE = {part: at for at, part in enumerate(PARTS)}


def dealt(data: Preferences, config: DataConfig) -> Preferences:
    """The pairs in folds. Raises `ConfigError` where there are more folds than units."""
    units, folds = len(data.units), config.folds
    if folds > units:
        raise ConfigError(
            f"folds is {folds}, and there are {units:,} {data.card.unit}s in the data: each fold needs at least one. "
            f"Use at most {units:,} folds.",
            "folds",
        )
    stratum = _rarest_country(data)
    order = np.random.default_rng(config.split_seed).permutation(units)
    order = order[np.argsort(stratum[order], kind="stable")]
    fold = np.empty(units, np.int64)
    fold[order] = 1 + np.arange(units) % folds
    splits = [_split(stratum, fold == at, (config.split_seed, at), config.validation_share) for at in range(folds + 1)]
    split = pd.Categorical.from_codes([CODE[TEST]] * units, categories=pd.Index(list(PARTS)))
    card = dataclasses.replace(data.card, folds=folds)
    return dataclasses.replace(data, units=data.units.assign(split=split, fold=fold), card=card, folds=np.stack(splits))


def check_one_split(config: ExperimentConfig) -> None:
    """Raise `ConfigError` for a run with folds, of what trains a run again on its one split."""
    if config.data.folds > 1:
        raise ConfigError(
            f"this run tests by {config.data.folds} folds; training again takes one split. Run it without folds first."
        )


def split_of_fold(data: Preferences, fold: int) -> Preferences:
    """The pairs of data with folds under the split of one fold, from 1; under 0 nobody is in the test."""
    assert data.folds is not None
    split = pd.Categorical.from_codes(data.folds[fold].tolist(), categories=pd.Index(list(PARTS)))
    return dataclasses.replace(data, units=data.units.assign(split=split), folds=None)


def splits(data: Preferences) -> list[Preferences]:
    """The pairs under the split of each fold; of data without folds, under its one split."""
    return [data] if data.folds is None else [split_of_fold(data, fold) for fold in range(1, len(data.folds))]


def splits_to_train(data: Preferences) -> list[Preferences]:
    """What a run trains on: its one split; or that of each fold, and last that without a test, whose models stay."""
    return [data] if data.folds is None else [*splits(data), split_of_fold(data, 0)]


def fold_of_pairs(data: Preferences) -> np.ndarray | None:
    """The fold in which each pair is tested, (pairs,) from 1; None of data without folds."""
    return None if data.folds is None else data.units["fold"].to_numpy()[data.pairs["unit"].to_numpy()]


def _rarest_country(data: Preferences) -> np.ndarray:
    """Of each unit, the country with the fewest units that it has pairs of, (units,) int."""
    cells = pd.DataFrame({"unit": data.pairs["unit"], "country": data.pairs["country"].cat.codes}).drop_duplicates()
    cells = cells.assign(size=cells.groupby("country")["unit"].transform("size")).sort_values(["size", "country"])
    first = cells.drop_duplicates("unit").set_index("unit")["country"]
    return first.reindex(range(len(data.units)), fill_value=-1).to_numpy(np.int64)


def _split(stratum: np.ndarray, test: np.ndarray, seed: tuple[int, ...], validation_share: float) -> np.ndarray:
    """The part of each unit, (units,) int. Of each country's training units a share is for validation, at least
    LEAST_VALIDATION, at most half of them."""
    part, rng = np.where(test, CODE[TEST], CODE[TRAIN]), np.random.default_rng(seed)
    for country in np.unique(stratum):
        mine = rng.permutation(np.flatnonzero((stratum == country) & ~test))
        wanted = max(int(np.ceil(validation_share * len(mine))), LEAST_VALIDATION)
        part[mine[: min(wanted, len(mine) // 2)]] = CODE[VALIDATION]
    return part
