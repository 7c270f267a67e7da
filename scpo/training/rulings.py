"""What every other ruler than the global model says of a run's test pairs, so that it can be asked afterwards."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np

from scpo.metrics.rulers import MAJORITY, PEOPLE, SECOND, VOTER, ruled_by_people, vote
from scpo.plan import pair_margins
from scpo.training.evaluate import Trained

Rulings = dict[str, dict[str, np.ndarray]]  # ruler -> country -> signs (n,) of its test pairs


def rulings_of(folds: Sequence[Trained], unread: Collection[str]) -> Rulings:
    """Of each ruler that this training has: per country 1 where it is right on a test pair, -1 where it is wrong, 0
    where it says nothing, in the order of the pair table.

    unread  countries whose texts the models cannot read; they have no vote
    """
    found: Rulings = {}
    for name, said in _rulers(unread).items():
        for country in folds[0].rows:
            parts = [said(trained, country) for trained in folds]
            known = [part for part in parts if part is not None]
            if len(known) == len(parts):
                order = np.argsort(np.concatenate([t.rows[country].test for t in folds]), kind="stable")
                found.setdefault(name, {})[country] = np.concatenate(known)[order]
    return found


def _rulers(unread: Collection[str]) -> dict[str, Callable[[Trained, str], np.ndarray | None]]:
    return {SECOND: _second, PEOPLE: _people, MAJORITY: lambda trained, country: _majority(trained, country, unread)}


def _second(trained: Trained, country: str) -> np.ndarray | None:
    second = trained.result.second
    if second is None:
        return None
    margin = pair_margins(trained.data, {country: second[country]})[country]
    return np.sign(margin[trained.rows[country].test]).astype(np.int8)


def _people(trained: Trained, country: str) -> np.ndarray | None:
    if trained.data.card.unit != "question":
        return None
    return ruled_by_people(trained.data.pairs, trained.rows[country].test, country)


def _majority(trained: Trained, country: str, unread: Collection[str]) -> np.ndarray | None:
    """A vote per country, whatever number of seeds it has."""
    plan = trained.result.plan
    pick = plan.with_all_pairs() & (plan.table["method"] == VOTER).to_numpy()
    pick &= ~plan.table["country"].isin([country, *unread]).to_numpy()
    if not pick.any():
        return None
    said, voter = np.sign(trained.tests[country](pick)), plan.table["country"].to_numpy()[pick]
    return vote(np.stack([vote(said[voter == name]) for name in dict.fromkeys(voter)]))
