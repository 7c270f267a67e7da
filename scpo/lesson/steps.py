"""What the steps without training compute: each from the world and its controls to a table and its facts.

`Seen.table` is what the chart draws and the reader can download; `Seen.facts` are the numbers in the
step's sentences (`scpo.lesson.texts`), shares in percent. Controls come from links too, so each function
checks what it is given and raises `ConfigError`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from scpo.errors import ConfigError
from scpo.lesson.bradley_terry import accuracy, push
from scpo.lesson.world import World
from scpo.metrics.intervals import RESAMPLES
from scpo.selection import keep_mask, p_global, pair_weights

MOST_TIMES = 30
STEP_SIZE = 0.1  # of the one training step that is shown
SPAN = (-6.0, 6.0)  # of margins; what lies beyond is in the outermost bins of a histogram
BINS = {"probability": 20, "margin": 24}
EXAMPLE_MARGIN, EXAMPLE_LENGTHS = -1.5, (60, 220)
FEWEST_PEOPLE = 5


class Seen(NamedTuple):
    """What a step computed: its numbers as a table, and the single ones that its sentences name."""

    table: pd.DataFrame
    facts: dict[str, Any]


class Example(NamedTuple):
    """Two answers that a simulated person compared: A is the one chosen."""

    prompt: str
    a: str
    b: str
    margin: float  # what the global model thinks: reward of A minus reward of B
    distance: float  # squared length of the difference of the two answers


def check(name: str, value: float, low: float, high: float) -> None:
    """Raises `ConfigError` unless a control lies within its bounds."""
    if not low <= value <= high:
        raise ConfigError(f"{name} is {value!r}; it must be from {low:g} to {high:g}.")


def average_taste(world: World, loudest: str, times: int) -> Seen:
    """How well one average taste serves each population, when one has `times` as many pairs as each other."""
    check("times", times, 1, MOST_TIMES)
    names = list(world.taste.index)
    world.of(loudest)
    loud = np.array([times if name == loudest else 1 for name in names], float)
    average = (loud / loud.sum()) @ world.taste.to_numpy()
    rows = []
    for name in names:
        pairs = world.difference[world.of(name)]
        mine, own = accuracy(pairs, average), accuracy(pairs, world.taste.loc[name].to_numpy())
        rows.append((name, mine, own, own - mine, len(pairs)))
    table = pd.DataFrame(rows, columns=["country", "average_taste", "own_taste", "lost", "pairs"])
    worst, loud_row = table.iloc[int(table["lost"].argmax())], table[table["country"] == loudest].iloc[0]
    return Seen(
        table,
        {
            "loudest": loudest,
            "times": times,
            "share": 100 * times / loud.sum(),
            "loud": 100 * loud_row["average_taste"],
            "worst": worst["country"],
            "worst_now": 100 * worst["average_taste"],
            "worst_own": 100 * worst["own_taste"],
        },
    )


def example(world: World) -> Example:
    """A pair of short answers on which the global model and a person disagree; always the same one."""
    rows = world.train(world.countries[0])
    pairs, response = world.pairs.pairs.iloc[rows], world.pairs.texts["response"].astype("str")
    size = [response.iloc[pairs[side]].str.len().to_numpy() for side in ("chosen", "rejected")]
    short = np.minimum(*size) >= EXAMPLE_LENGTHS[0]
    short &= np.maximum(*size) <= EXAMPLE_LENGTHS[1]
    off = np.where(short, np.abs(world.margin[rows] - EXAMPLE_MARGIN), np.inf)
    at = int(off.argmin())
    chosen, rejected = (int(pairs[side].iloc[at]) for side in ("chosen", "rejected"))
    difference = world.difference[rows[at]]
    return Example(
        str(world.pairs.texts["prompt"].iloc[chosen]),
        response.iloc[chosen],
        response.iloc[rejected],
        float(world.margin[rows[at]]),
        float(difference @ difference),
    )


def one_choice(pair: Example, difference: float, chosen: str) -> Seen:
    """Bradley-Terry for a difference of rewards r(A) - r(B), before and after one training step on a choice."""
    check("difference", difference, *SPAN)
    if chosen not in ("A", "B"):
        raise ConfigError(f"chosen is {chosen!r}; it must be A or B.")
    sign = 1 if chosen == "A" else -1
    surprise = float(push(np.array(sign * difference)))
    after = difference + sign * STEP_SIZE * surprise * pair.distance
    x = np.linspace(*SPAN, 121)
    table = pd.DataFrame(
        {
            "reward_difference": x,
            "probability_of_A": p_global(x),
            "push_towards_A_if_chosen": push(x),
            "push_towards_B_if_chosen": push(-x),
        }
    )
    before_p, after_p = map(float, p_global(np.array([difference, after])))
    mine = before_p if chosen == "A" else 1 - before_p
    return Seen(
        table,
        {
            "difference": difference,
            "after": after,
            "p": 100 * before_p,
            "p_after": 100 * after_p,
            "chosen": chosen,
            "p_chosen": 100 * mine,
            "push": surprise,
            "loss": -float(np.log(mine)),
            "moved": after - difference,
        },
    )


def filtered(world: World, country: str, tau: float) -> Seen:
    """A country's training pairs over the probability the global model gives to their choice, cut at tau."""
    edges = np.linspace(0, 1, BINS["probability"] + 1)
    return _histogram(world, country, tau, None, p_global, edges)


def weighted(world: World, country: str, tau: float, beta: float) -> Seen:
    """A country's training pairs over the margin, with the weight of each that the filter keeps."""
    edges = np.linspace(*SPAN, BINS["margin"] + 1)
    seen = _histogram(world, country, tau, beta, lambda margin: np.clip(margin, *SPAN), edges)
    middle = (seen.table["low"] + seen.table["high"]) / 2
    return Seen(seen.table.assign(weight=pair_weights(middle.to_numpy(), beta)), seen.facts)


def _histogram(world: World, country: str, tau: float, beta: float | None, place, edges) -> Seen:
    rows = world.train(country)
    margin = world.margin[rows]
    keep, against = keep_mask(margin, tau), world.against_own_taste(rows, country)
    weight = np.ones(len(rows)) if beta is None else pair_weights(margin, beta)
    kinds = {"kept_with_own_taste": keep & ~against, "kept_against_own_taste": keep & against, "dropped": ~keep}
    count = {name: np.histogram(place(margin[of]), edges)[0] for name, of in kinds.items()}
    table = pd.DataFrame({"low": edges[:-1], "high": edges[1:], **count})
    kept_weight = float(weight[keep].sum())
    return Seen(
        table,
        {
            "country": country,
            "tau": tau,
            "beta": beta,
            "pairs": len(rows),
            "kept": int(keep.sum()),
            "kept_share": 100 * float(keep.mean()),
            "against_all": 100 * float(against.mean()),
            "against_kept": 100 * float(against[keep].mean()) if keep.any() else np.nan,
            "against_weighted": 100 * float(weight[keep & against].sum()) / kept_weight if kept_weight else np.nan,
            "effective": kept_weight,
            "agree_kept": int((margin[keep] > 0).sum()),
            "weight_at_minus_3": float(pair_weights(np.array(-3.0), beta or 1.0)),
        },
    )


def people_of(world: World, country: str) -> int:
    """How many people of a country the world has."""
    return len(np.unique(world.unit[world.of(country)]))


def people(world: World, country: str, asked: int, sample: int) -> Seen:
    """The best model a country can have, its own planted taste, on the choices of some of its people.

    asked   how many people are drawn; sample: which draw
    Intervals are at 95 %: from drawing whole people again, and from drawing single pairs again, which is wrong.
    """
    rows = world.of(country)
    names, place = np.unique(world.unit[rows], return_inverse=True)
    check("people", asked, FEWEST_PEOPLE, len(names))
    right = ~world.against_own_taste(rows, country)
    pairs, wins = np.bincount(place), np.bincount(place, right)
    rng = np.random.default_rng([sample, asked])
    drawn = np.sort(rng.permutation(len(names))[:asked])
    table = pd.DataFrame(
        {
            "person": [f"person {n + 1}" for n in range(len(names))],
            "asked": np.isin(np.arange(len(names)), drawn),
            "accuracy": wins / pairs,
            "pairs": pairs,
        }
    )
    wins, pairs = wins[drawn], pairs[drawn]
    again = rng.integers(0, asked, (RESAMPLES, asked))
    by_person = np.quantile(wins[again].sum(1) / pairs[again].sum(1), [0.025, 0.975])
    estimate = wins.sum() / pairs.sum()
    by_pair = np.quantile(rng.binomial(pairs.sum(), estimate, RESAMPLES) / pairs.sum(), [0.025, 0.975])
    every = table["accuracy"]
    return Seen(
        table,
        {
            "country": country,
            "asked": asked,
            "all_people": len(names),
            "estimate": 100 * float(estimate),
            "low": 100 * by_person[0],
            "high": 100 * by_person[1],
            "width": 100 * float(np.ptp(by_person)),
            "low_pairs": 100 * by_pair[0],
            "high_pairs": 100 * by_pair[1],
            "width_pairs": 100 * float(np.ptp(by_pair)),
            "truth": 100 * float(right.mean()),
            "least": 100 * every.min(),
            "most": 100 * every.max(),
            "n": int(pairs.sum()),
        },
    )
