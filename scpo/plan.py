"""What one experiment trains: budgets, pools and one head per country, method, seed and budget.

Pure bookkeeping over numpy arrays; checks every request against the data before any work.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from scpo import selection
from scpo.config import ExperimentConfig
from scpo.data.preferences import TEST, TRAIN, VALIDATION, Preferences
from scpo.errors import ConfigError
from scpo.methods import METHODS, select


@dataclass(frozen=True)
class Rows:
    """Rows of the pair table of one country, by split; unit: the person (or question) of each training pair."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    unit: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))


def rows_by_country(data: Preferences, countries: tuple[str, ...], all_train: bool = False) -> dict[str, Rows]:
    """Rows of each country, (n,) int64 per split.

    all_train  the pairs of the validation split are trained on too
    """
    code, split = data.pairs["country"].cat.codes.to_numpy(), data.split_of_pairs()
    names, unit = list(data.pairs["country"].cat.categories), data.pairs["unit"].to_numpy()
    rows_of = {}
    for country in countries:
        here = np.flatnonzero(code == names.index(country))
        train, validation, test = (here[split[here] == part] for part in (TRAIN, VALIDATION, TEST))
        train = np.union1d(train, validation) if all_train else train
        rows_of[country] = Rows(train, validation, test, unit[train])
    return rows_of


def reference_rows(data: Preferences) -> np.ndarray:
    """Rows of the reference countries' test pairs, (n,) int."""
    is_reference = np.isin(data.pairs["country"].to_numpy(), data.card.reference)
    return np.flatnonzero(is_reference & (data.split_of_pairs() == TEST))


def tested_rows(data: Preferences) -> np.ndarray:
    """Rows of the test pairs of every country that is steered to, in the card's order, (n,) int."""
    return np.concatenate([data.of(country, TEST) for country in data.card.countries])


def budgets_for(config: ExperimentConfig, *rows: dict[str, Rows]) -> tuple[int, ...]:
    """`budgets_below` for the country with the fewest training pairs, in any of the folds. Raises `ConfigError` as it
    does.

    rows  of the one split, or of each fold
    """
    if config.finetune.model and not config.budgets:
        return ()  # every budget is another whole model, so only those asked for
    sizes = {country: min(len(fold[country].train) for fold in rows) for country in rows[0]}
    smallest = min(sizes, key=lambda country: sizes[country])
    return budgets_below(config.budgets, smallest, sizes[smallest])


def people_for(config: ExperimentConfig, *rows: dict[str, Rows]) -> tuple[int, ...]:
    """The numbers of people that are asked for, rising. Raises `ConfigError` naming any that a country does not have.

    rows  of the one split, or of each fold
    """
    sizes = {country: min(len(np.unique(fold[country].unit)) for fold in rows) for country in rows[0]}
    smallest = min(sizes, key=lambda country: sizes[country])
    beyond = [n for n in config.people if n > sizes[smallest]]
    if beyond:
        raise ConfigError(
            f"people {beyond} are beyond the data: {smallest} has {sizes[smallest]} training people (or questions). "
            f"Use numbers up to {sizes[smallest]}, or leave out {smallest}.",
            "people",
        )
    return tuple(sorted(set(config.people)))


@dataclass(frozen=True)
class HeadPlan:
    """K trained heads: a table with country, method, seed, level, pairs, trained; and their pools."""

    table: pd.DataFrame
    pools: list[Pool]

    def take(self, indices: np.ndarray) -> HeadPlan:
        """The heads at these places, (n,) int; their table is numbered anew."""
        return HeadPlan(self.table.iloc[indices].reset_index(drop=True), [self.pools[i] for i in indices])

    def with_all_pairs(self, country: str = "") -> np.ndarray:
        """Which heads are trained on all pairs, (K,) bool; of one country alone, if it is named."""
        level = self.table["level"].to_numpy()
        all_pairs = level == level.max(initial=0)
        return all_pairs & (self.table["country"] == country).to_numpy() if country else all_pairs

    def alike(self) -> list[list[np.ndarray]]:
        """Heads of all countries of a seed and budget, (C,) each, beside those of other seeds with the same pairs."""
        group = self.table.groupby(["seed", "level"], sort=False).ngroup().to_numpy()
        alike: dict[bytes, list[np.ndarray]] = {}
        for number in np.unique(group):
            heads = np.flatnonzero(group == number)
            pairs = b"".join(np.sort(self.pools[k].rows).tobytes() for k in heads)
            alike.setdefault(pairs, []).append(heads)
        return list(alike.values())


def plan_heads(
    config: ExperimentConfig, rows: dict[str, Rows], margin: dict[str, np.ndarray], budgets: tuple[int, ...]
) -> HeadPlan:
    """One head per country, trained method, seed and budget (`level` numbers budgets; the last = all pairs), and for
    each number of people that `people_for` gives (levels -1, -2, ...).

    margin  per country, the global model's margin on every row of the pair table that it needs:
            (pairs,) float, NaN elsewhere
    The first n pairs of a seed's shuffle are its budget n, so budgets are nested; so are numbers of people.
    """
    records, pools = [], []
    people = people_for(config, rows)
    levels = [*range(len(budgets) + 1), *range(-1, -1 - len(people), -1)]
    for_all: dict[tuple[str, int, int], Pool] = {}
    shuffles = {
        (country, seed): np.random.default_rng([seed, place]).permutation(len(part.train))
        for place, (country, part) in enumerate(rows.items())
        for seed in range(config.seeds)
    }
    drawn = {
        (country, seed): _places_of_people(part.unit, [seed, place, 1])
        for place, (country, part) in enumerate(rows.items())
        for seed in range(config.seeds * bool(people))
    }
    cells = itertools.product(enumerate(rows), range(config.seeds), levels, config.trained)
    for (place, country), seed, level, method in cells:
        one_for_all = METHODS[method].one_for_all
        members = list(rows) if one_for_all else [country]
        if level < 0:
            taken = [rows[c].train[drawn[c, seed] < people[-1 - level]] for c in members]
        else:
            taken = [_take(rows[c].train, shuffles[c, seed], budgets, level) for c in members]
        pairs = np.concatenate(taken)
        keep, weight = select(method, margin[country][pairs], config.tau, config.beta, bool(config.finetune.model))
        stream = 0 if one_for_all else place + 1
        order = (seed, stream, level if level >= 0 else len(budgets) - level)
        pool = Pool(pairs[keep], weight[keep].astype(np.float32), order)
        # countries that share one model share its pool, kept once
        pools.append(for_all.setdefault((method, seed, level), pool) if one_for_all else pool)
        records.append((country, method, seed, level, len(pairs), int(keep.sum())))
    columns = ["country", "method", "seed", "level", "pairs", "trained"]
    return HeadPlan(pd.DataFrame(records, columns=columns), pools)


def _places_of_people(unit: np.ndarray, seed: list[int]) -> np.ndarray:
    """Of each pair, the place of its person in a draw of all people, from 0: (n,). unit (n,) who gave it."""
    units, person = np.unique(unit, return_inverse=True)
    return np.random.default_rng(seed).permutation(len(units))[person]


def _take(train: np.ndarray, shuffle: np.ndarray, budgets: tuple[int, ...], budget_index: int) -> np.ndarray:
    return train[shuffle if budget_index == len(budgets) else shuffle[: budgets[budget_index]]]


def eval_steps_for(steps: int, count: int = 12) -> tuple[int, ...]:
    """Steps at which heads are evaluated, log-spaced, the last one included."""
    spaced = np.geomspace(max(steps / 60, 1), steps, count)
    return tuple(sorted({int(round(step)) for step in spaced} | {steps}))


SMALLEST, AUTOMATIC = 50, 5


def budgets_below(asked: tuple[int, ...], country: str, pairs: int) -> tuple[int, ...]:
    """Budgets below 'all pairs', rising: those asked for, or some spaced evenly on a log axis.

    country, pairs  the country with the fewest training pairs, and how many it has
    Raises `ConfigError` naming any budget that exceeds them.
    """
    beyond = [b for b in asked if b > pairs]
    if beyond:
        raise ConfigError(
            f"budgets {beyond} are beyond the data: {country} has {pairs} training pairs. "
            f"Use budgets up to {pairs}, or leave out {country}.",
            "budgets",
        )
    if asked:
        return tuple(sorted({b for b in asked if b < pairs}))
    spaced = np.geomspace(min(SMALLEST, max(pairs // 4, 1)), pairs, AUTOMATIC + 1)[:-1]
    return tuple(sorted({_two_digits(b) for b in spaced}))


def _two_digits(value: float) -> int:
    size = 10 ** max(int(np.log10(value)) - 1, 0)
    return int(value / size + 1e-9) * size


def pair_margins(data: Preferences, rewards: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Per country (or any name), the margin of every pair under its model, (pairs,), from rewards of texts."""
    chosen, rejected = (data.pairs[side].to_numpy() for side in ("chosen", "rejected"))
    margins: dict[int, np.ndarray] = {}  # countries that start from one model share its rewards and margins
    for reward in rewards.values():
        if id(reward) not in margins:
            margins[id(reward)] = selection.margin(reward[chosen], reward[rejected])
    return {country: margins[id(reward)] for country, reward in rewards.items()}


@dataclass(frozen=True)
class Pool:
    """The pairs one head trains on: rows (n,) int64 of the pair table, weights (n,), and the seed
    of the order in which it meets them. Pools of one seed and size meet them in the same order."""

    rows: np.ndarray
    weight: np.ndarray
    seed: tuple[int, ...]
