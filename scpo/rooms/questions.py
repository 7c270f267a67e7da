"""The pairs of answers that a room asks, chosen to tell countries apart, with what every model makes of them.

A head is linear in the features of an answer, so that all that a class's head can learn from n pairs follows from
their margins and from the inner products of their feature differences: a room keeps these and needs no model.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import expit

from scpo.data.preferences import TEST, Preferences
from scpo.errors import InputError
from scpo.metrics.rewards import Rewards

ASKED = 20  # pairs that each voter is asked
CANDIDATES = 4000  # pairs that are looked at
SHORT, LONG = 250, 500  # characters of an answer: two short ones fit on a phone, a longer one is never asked
ALIKE = 1e-4  # (p - p')^2 up to which two models agree on a pair
FLOOR = 0.05  # separation that two models are given at first, so that the first pair can be weighed too


@dataclass(frozen=True)
class Questions:
    """n pairs of answers, and what the global model and C countries' make of them.

    prompts, left, right   n texts each
    base      (n,) margin of the global model: its reward of the left answer less that of the right one
    own       (C, n) the same of each country's model
    gram      (n, n) inner products of the pairs' feature differences, left less right
    source    what the models were trained on, in words; simulated: whether that was made up
    """

    prompts: tuple[str, ...]
    left: tuple[str, ...]
    right: tuple[str, ...]
    countries: tuple[str, ...]
    base: np.ndarray
    own: np.ndarray
    gram: np.ndarray
    source: str
    simulated: bool

    def __len__(self) -> int:
        return len(self.prompts)

    def as_json(self) -> str:
        """As text, margins and inner products to six digits."""
        values = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in _rounded(self)}
        return json.dumps(values, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Questions:
        """What `as_json` wrote."""
        values = json.loads(text)
        values |= {name: np.array(values[name]) for name in ("base", "own", "gram")}
        values |= {name: tuple(values[name]) for name in ("prompts", "left", "right", "countries")}
        return cls(**values)


def _rounded(questions: Questions):
    for name, value in asdict(questions).items():
        yield name, value.astype(np.float64).round(6) if isinstance(value, np.ndarray) else value


def chosen_pairs(data: Preferences, rewards: Rewards, asked: int = ASKED) -> tuple[np.ndarray, np.ndarray]:
    """The pairs on which the models disagree most, as rows of the data's texts: left (n,), right (n,).

    Pairs of two answers to one prompt of the test people or questions; short ones where there are enough. Each next
    pair is the one that adds most to the sum over all pairs of models, the global one among them, of
    log(separation), where separation is the sum over the pairs chosen of (p - p')^2, p = sigmoid(margin): models that
    are hard to tell apart count as much as those that every pair tells apart. No answer is asked twice, no prompt
    more than its share.

    Raises `InputError` if there are too few pairs, or if the models agree on all.
    """
    left, right = _candidates(data)
    if len(left) < asked:
        raise InputError(
            f"{data.card.title} has {len(left)} pairs of different answers of at most {LONG} characters to one prompt; "
            f"a room asks {asked}. Choose another run."
        )
    margins = np.vstack([rewards.base.mean(0), rewards.own.mean(1)])
    p = expit(margins[:, left] - margins[:, right])
    first, second = np.triu_indices(len(p), 1)
    apart = (p[first] - p[second]) ** 2
    if apart.max(initial=0.0) < ALIKE:
        raise InputError(
            f"All models agree on every pair of {data.card.title}, so no pair tells them apart. Choose another run."
        )
    prompt = data.texts["prompt"].cat.codes.to_numpy()[left]
    each = max(1, -(-asked // len(np.unique(prompt))))
    separation, picked = np.full(len(first), FLOOR), []
    free = np.ones(len(left), bool)
    for _ in range(asked):
        gain = np.log((separation[:, None] + apart) / separation[:, None]).sum(0)
        at = int(np.where(free, gain, -1).argmax())
        picked.append(at)
        separation += apart[:, at]
        free[at] = False
        if (prompt[picked] == prompt[at]).sum() >= each and (free & (prompt != prompt[at])).any():
            free &= prompt != prompt[at]
        spent = {left[at], right[at]}
        others = free & ~np.isin(left, list(spent)) & ~np.isin(right, list(spent))
        free = others if others.any() else free
    return left[picked], right[picked]


def _candidates(data: Preferences) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of test people or questions without regard to who was preferred: left and right at random."""
    rows = np.flatnonzero(data.split_of_pairs() == TEST)
    both = np.sort(data.pairs[["chosen", "rejected"]].to_numpy()[rows], axis=1)
    both = np.unique(both, axis=0)
    response = data.texts["response"]
    size = response.str.len().to_numpy()[both].max(1)
    different = response.to_numpy()[both[:, 0]] != response.to_numpy()[both[:, 1]]
    rng = np.random.default_rng(0)
    answering = data.answering()[both].all(1)
    for good in (answering & (size <= SHORT), size <= SHORT, size <= LONG):
        fit = both[different & good]
        if len(fit) >= 5 * ASKED:
            break
    fit = rng.permutation(fit)[:CANDIDATES]
    turned = rng.uniform(size=len(fit)) < 0.5
    return np.where(turned, fit[:, 1], fit[:, 0]), np.where(turned, fit[:, 0], fit[:, 1])


def questions(data: Preferences, rewards: Rewards, left: np.ndarray, right: np.ndarray, gram: np.ndarray) -> Questions:
    """The pairs of these rows of the data's texts as a room keeps them; gram as in `Questions`."""
    texts = data.texts["response"].to_numpy()
    base, own = rewards.base.mean(0), rewards.own.mean(1)
    return Questions(
        tuple(map(str, data.texts["prompt"].iloc[left])),
        tuple(map(str, texts[left])),
        tuple(map(str, texts[right])),
        tuple(rewards.countries),
        base[left] - base[right],
        own[:, left] - own[:, right],
        gram,
        data.card.title,
        data.card.simulated,
    )
