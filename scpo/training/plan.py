"""What one experiment trains: budgets, pools and one head per country, method, seed and budget.

Pure bookkeeping over numpy arrays; checks every request against the data before any work.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from scpo.budgets import budgets_below
from scpo.config import ExperimentConfig
from scpo.data.preferences import TEST, TRAIN, VALIDATION, Preferences
from scpo.selection import select
from scpo.training.heads import Pool


@dataclass(frozen=True)
class Rows:
    """Rows of the pair table of one country, by split."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def rows_by_country(data: Preferences, countries: tuple[str, ...], all_train: bool = False) -> dict[str, Rows]:
    """Rows of each country, (n,) int64 per split.

    all_train  the pairs of the validation split are trained on too
    """
    code, split = data.pairs["country"].cat.codes.to_numpy(), data.split_of_pairs()
    names = list(data.pairs["country"].cat.categories)
    found = {}
    for country in countries:
        here = np.flatnonzero(code == names.index(country))
        train, validation, test = (here[split[here] == part] for part in (TRAIN, VALIDATION, TEST))
        found[country] = Rows(np.union1d(train, validation) if all_train else train, validation, test)
    return found


def budgets_for(config: ExperimentConfig, rows: dict[str, Rows]) -> tuple[int, ...]:
    """`budgets_below` for the country with the fewest training pairs. Raises `ConfigError` as it does."""
    if config.finetune.model and not config.budgets:
        return ()  # every budget is another whole model, so only those asked for
    sizes = {country: len(part.train) for country, part in rows.items()}
    smallest = min(sizes, key=sizes.get)
    return budgets_below(config.budgets, smallest, sizes[smallest])


@dataclass(frozen=True)
class HeadPlan:
    """K trained heads: a table with country, method, seed, level, pairs, trained; and their pools."""

    table: pd.DataFrame
    pools: list[Pool]

    def take(self, indices: np.ndarray) -> HeadPlan:
        """The heads at these places, (n,) int; their table is numbered anew."""
        return HeadPlan(self.table.iloc[indices].reset_index(drop=True), [self.pools[i] for i in indices])


def plan_heads(
    config: ExperimentConfig, rows: dict[str, Rows], margin: dict[str, np.ndarray], budgets: tuple[int, ...]
) -> HeadPlan:
    """One head per country, trained method, seed and budget level (the last level = all pairs).

    margin  per country, the global model's margin on every row of the pair table that it needs:
            (pairs,) float, NaN elsewhere
    The first n pairs of a seed's shuffle are its budget n, so budgets are nested.
    """
    records, pools, shared = [], [], {}
    methods = config.trained
    shuffles = {
        (country, seed): np.random.default_rng([seed, place]).permutation(len(part.train))
        for place, (country, part) in enumerate(rows.items()) for seed in range(config.seeds)
    }  # fmt: skip
    for place, country in enumerate(rows):
        for seed in range(config.seeds):
            for level in range(len(budgets) + 1):
                for method in methods:
                    members = list(rows) if method == "pooled" else [country]
                    taken = [_take(rows[c].train, shuffles[c, seed], budgets, level) for c in members]
                    union = np.concatenate(taken)
                    keep, weight = select(method, margin[country][union], config.tau, config.beta)
                    stream = 0 if method == "pooled" else place + 1
                    made = Pool(union[keep], weight[keep].astype(np.float32), (seed, stream, level))
                    # pooled models of all countries train on the same pairs, kept once
                    pools.append(shared.setdefault((seed, level), made) if method == "pooled" else made)
                    records.append({
                        "country": country, "method": method, "seed": seed, "level": level,
                        "pairs": len(union), "trained": int(keep.sum()),
                    })  # fmt: skip
    columns = ["country", "method", "seed", "level", "pairs", "trained"]
    return HeadPlan(pd.DataFrame(records, columns=columns), pools)


def _take(train: np.ndarray, shuffle: np.ndarray, budgets: tuple[int, ...], level: int) -> np.ndarray:
    return train[shuffle if level == len(budgets) else shuffle[: budgets[level]]]


def marks_for(steps: int, count: int = 12) -> tuple[int, ...]:
    """Steps at which heads are evaluated, log-spaced, the last one included."""
    spaced = np.geomspace(max(steps / 60, 1), steps, count)
    return tuple(sorted({int(round(step)) for step in spaced} | {steps}))
