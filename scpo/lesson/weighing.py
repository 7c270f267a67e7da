"""The lesson's last step: which method serves best depends on how much a country's own taste and common ground count.

Each method is judged on people held out: how often it is right where the global model was wrong (what the country
wants) and where that was right (what everybody shares). A reader's weights turn the two into one number. Models are
those of `scpo.lesson.training_steps`, and the method `shared` in small: a country's shift from the global model has a
normal prior, which the shifts of the other countries give. Half of it is taken, whatever the data; the method itself
(`scpo.training.heads.shared`) lets validation pairs say how much.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

import numpy as np
import pandas as pd

from scpo.errors import ConfigError
from scpo.format import fixed
from scpo.lesson.bradley_terry import descend, shift
from scpo.lesson.steps import Seen, check
from scpo.lesson.training_steps import MOST_STEPS, RATE
from scpo.lesson.world import World
from scpo.methods import named, select
from scpo.metrics.intervals import ALPHA, FEWEST_FOR_PARTS, RESAMPLES

TRAINED = ("full", "filter", "scpo")
METHODS = ("global", *TRAINED, "shared")
SHRINKAGE = 0.5  # of a shift from the global model
OWN_SHARE = 0.5  # of the prior's variance: what is the country's own, and not a mix of the others' directions
WEIGHTS = range(101)  # percent


class Judged(NamedTuple):
    """Whom the methods serve on held-out pairs: rows are people.

    own, common  (people, methods): pairs got right where the global model was wrong, and where it was right
    pairs        (people, 2): how many there are of each
    """

    own: np.ndarray
    common: np.ndarray
    pairs: np.ndarray

    def shares(self) -> np.ndarray:
        """Right where the global model was wrong, and where it was right: (2, methods)."""
        return np.stack([self.own.sum(0), self.common.sum(0)]) / self.pairs.sum(0)[:, None]


def weighed(world: World, country: str, own: int, steps: int, tau: float, beta: float) -> Seen:
    """How well each method serves a country, and which of them wins in each, when its own taste counts `own` percent.

    steps   of training on all of a country's pairs; the global model and `shared` do not depend on it
    """
    check("weight", own, 0, 100)
    if country not in world.countries:
        raise ConfigError(f"{country!r} is no country to steer to; they are {', '.join(world.countries)}.")
    judged = {name: _judged(world, name, steps, tau, beta) for name in world.countries}
    shares = {name: of.shares() for name, of in judged.items()}
    rows = [
        (name, method, *right, score)
        for name, both in shares.items()
        for method, right, score in zip(METHODS, both.T, _score(both, own), strict=True)
    ]
    table = pd.DataFrame(rows, columns=["country", "method", "own_taste", "common_ground", "weighed"])
    here = table[table["country"] == country].set_index("method")["weighed"].sort_values(ascending=False, kind="stable")
    winners = table.loc[table.groupby("country", sort=False)["weighed"].idxmax(), "method"]
    best, second = here.index[:2]
    reign = {name: reigns(both) for name, both in shares.items()}
    return Seen(
        table,
        {
            "country": country,
            "own": own,
            "common": 100 - own,
            "steps": steps,
            "equal": 100 * float(judged[country].pairs[:, 0].sum() / judged[country].pairs.sum()),
            "best": named(best),
            "best_score": 100 * float(here[best]),
            "reigns": reign,
            "ahead_words": _ahead(judged[country], own, METHODS.index(best), METHODS.index(second)),
            "reign_words": _reign_words(reign[country]),
            "wins_words": _counted(winners),
        },
    )


def reigns(shares: np.ndarray) -> list[tuple[str, int, int]]:
    """Which method has the highest number from which weight on a country's own taste to which: (2, methods) shares."""
    winner = np.array([int(_score(shares, own).argmax()) for own in WEIGHTS])
    runs = [(METHODS[at], list(of)) for at, of in groupby(WEIGHTS, key=lambda own: winner[own])]
    return [(method, of[0], of[-1]) for method, of in runs]


def _score(shares: np.ndarray, own: int) -> np.ndarray:
    return own / 100 * shares[0] + (1 - own / 100) * shares[1]


def _ahead(judged: Judged, own: int, best: int, second: int) -> str:
    """By how many points the best is ahead of the next, with the 95 % interval from drawing people again, in words."""
    people, score = len(judged.pairs), _score(judged.shares(), own)
    said = f"{fixed(100 * float(score[best] - score[second]))} points ahead of {named(METHODS[second])}"
    if people < FEWEST_FOR_PARTS:
        return f"{said} ({people} people held out: too few for an interval)"
    times = np.random.default_rng(own).multinomial(people, np.full(people, 1 / people), RESAMPLES)
    pairs = np.maximum(times @ judged.pairs, 1)
    own_part, common = (times @ (part[:, best] - part[:, second]) for part in (judged.own, judged.common))
    drawn = 100 * (own / 100 * own_part / pairs[:, 0] + (1 - own / 100) * common / pairs[:, 1])
    low, high = map(float, np.quantile(drawn, [ALPHA / 2, 1 - ALPHA / 2]))
    return f"{said} (95 % interval {fixed(low)} to {fixed(high)}{'' if low > 0 else ', so it may be chance'})"


def _reign_words(found: list[tuple[str, int, int]]) -> str:
    """Where each method wins, in words."""
    return "; ".join(
        f"{named(method)} at {low} %" if low == high else f"{named(method)} from {low} to {high} %"
        for method, low, high in found
    )


def _counted(winners: pd.Series) -> str:
    """In how many countries each method wins, the most first."""
    return ", ".join(f"{named(str(method))} in {n}" for method, n in winners.value_counts(sort=True).items())


@lru_cache(maxsize=256)
def _judged(world: World, country: str, steps: int, tau: float, beta: float) -> Judged:
    """The methods' choices for people held out; the same for every reader, so that it is computed once."""
    check("steps", steps, 1, MOST_STEPS)
    rows, held = world.train(country), world.held_out(country)
    chosen = [select(method, world.margin[rows], tau, beta) for method in TRAINED]
    weight = np.stack([keep * weight for keep, weight in chosen], axis=1)
    trained = descend(world.difference[rows], weight, world.global_taste, np.array([steps]), RATE)[0]
    tastes = np.column_stack([world.global_taste, trained, _shared(world, country)])
    right = world.difference[held] @ tastes > 0
    wrong, person = world.margin[held] <= 0, np.unique(world.unit[held], return_inverse=True)[1]
    by_person = np.eye(person.max() + 1)[person].T
    return Judged(
        by_person @ (right & wrong[:, None]),
        by_person @ (right & ~wrong[:, None]),
        by_person @ np.stack([wrong, ~wrong], axis=1),
    )


def _shared(world: World, country: str) -> np.ndarray:
    """A country's taste where it is expected to differ from the global model as the other countries do: (axes,)."""
    others = np.stack([_alone(world, name) for name in world.countries if name != country])
    spread = others.T @ others / len(others)
    axes = len(spread)
    prior = (1 - OWN_SHARE) * spread + OWN_SHARE * np.trace(spread) / axes * np.eye(axes)
    pairs = world.difference[world.train(country)]
    return world.global_taste + SHRINKAGE * shift(pairs, world.global_taste, np.linalg.inv(prior))


@lru_cache(maxsize=64)
def _alone(world: World, country: str) -> np.ndarray:
    """The shift of a country's taste from the global model, from its own training pairs alone: (axes,)."""
    pairs = world.difference[world.train(country)]
    return shift(pairs, world.global_taste, np.eye(pairs.shape[1]))
