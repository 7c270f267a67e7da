"""Why a model rewards an answer as it does: its reward shared out over the answer's sentences.

A shortened answer has some of the sentences, in their order; its reward v(S) comes from the model itself. A sentence's
share is its Shapley value, what it adds averaged over all orders in which the sentences can join:

    share_i = sum over S without i of |S|! (n - |S| - 1)! / n! * (v(S and i) - v(S))

Shares add up to v(all) - v(none) (Shapley 1953; Lundberg and Lee 2017, https://arxiv.org/abs/1705.07874). With few
sentences every S is rewarded; with more, the mean is over some orders, each with its reverse (Mitchell et al. 2022,
https://arxiv.org/abs/2104.12199): the sum is as exact, and each share has a standard error. A share is linear in v, so
that shares of a difference of rewards are differences of shares, between two models as between two answers, since the
empty answer cancels. numpy only; rewards come in as arrays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import factorial

import numpy as np
import pandas as pd

from scpo.data.demo_answers import phrase_levels
from scpo.data.preferences import Preferences
from scpo.metrics.rewards import Rewards

MOST_EXACT = 6  # sentences: every subset of them is rewarded, 64 shortened answers
PAIRS_OF_ORDERS = 8  # of more sentences: an order and its reverse; of very many as few as three, by the next line
MOST_FORMS = 128  # shortened answers that are rewarded, about: two answers of 150 words take about a second
MOST_SENTENCES = 40  # of a longer answer the last part is one piece
END = re.compile(r"(?<=[.!?…])[\"'”’»)\]]*\s+|(?<=[。！？；।؟])\s*|\n+")


def sentences(text: str) -> list[str]:
    """The sentences of a text in their order, each with the blanks after it; none of a text of blanks.

    A sentence ends with a stop of its script, or a line break. Of more than `MOST_SENTENCES` the rest is one.
    """
    starts = [0, *(match.end() for match in END.finditer(text)), len(text)]
    parts = [text[first:last] for first, last in zip(starts, starts[1:], strict=False)]
    parts = [part for part in parts if part.strip()]
    if len(parts) > MOST_SENTENCES:
        parts = [*parts[: MOST_SENTENCES - 1], "".join(parts[MOST_SENTENCES - 1 :])]
    return parts


@dataclass(frozen=True)
class Shortened:
    """The shortened forms of one answer that its shares are worked out from.

    answer      the whole answer
    sentences   its n sentences
    present     (T, n) bool, which of them each form has; the whole answer first, the empty one last
    weights     (R, n, T): shares are weights @ rewards, by each of R pairs of orders, or 1 for all orders together
    """

    answer: str
    sentences: tuple[str, ...]
    present: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, answer: str) -> Shortened:
        """All subsets of few sentences; of more, those that some orders go through."""
        parts = tuple(sentences(answer))
        n = len(parts)
        if n <= MOST_EXACT:
            codes = np.arange(2**n)[::-1]
            present = (codes[:, None] >> np.arange(n) & 1).astype(bool)
            return cls(answer, parts, present, _shapley(present)[None])
        return cls(answer, parts, *_by_orders(n))

    @property
    def texts(self) -> list[str]:
        """The T forms as texts."""
        parts = np.array(self.sentences, object)
        return [self.answer, *("".join(parts[row]).strip() for row in self.present[1:])]

    def shares(self, rewards: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rewards of the forms, (M, T) by M models, to shares and their standard errors, (M, n), in units of reward.

        shares.sum(-1) is v(all) - v(none). The errors are 0 where all orders are counted.
        """
        each = np.einsum("rnt,mt->rmn", self.weights, np.asarray(rewards, np.float64))
        pairs = len(each)
        error = each.std(0, ddof=1) / np.sqrt(pairs) if pairs > 1 else np.zeros(each.shape[1:])
        return each.mean(0), error


def _shapley(present: np.ndarray) -> np.ndarray:
    """(n, T) weights: share_i = sum_T weight * v(T), for all subsets of n sentences."""
    n = present.shape[1]
    size = present.sum(1)
    joins = np.array([factorial(max(s - 1, 0)) * factorial(n - s) / factorial(n) for s in size])
    waits = np.array([factorial(s) * factorial(max(n - s - 1, 0)) / factorial(n) for s in size])
    return np.where(present, joins[:, None], -waits[:, None]).T


def _by_orders(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Forms (T, n) that pairs of orders of n sentences go through, and weights (R, n, T): always the same orders."""
    pairs = min(PAIRS_OF_ORDERS, max(MOST_FORMS // (2 * (n - 1)), 3))
    rng, row_of = np.random.default_rng(n), {tuple([True] * n): 0}
    steps = []  # pair, sentence, row with it, row without it
    for pair in range(pairs):
        order = rng.permutation(n)
        for joining in (order, order[::-1]):
            there = np.ones(n, bool)
            for last in joining[::-1]:
                full = row_of[tuple(there.tolist())]
                there[last] = False
                steps.append((pair, last, full, row_of.setdefault(tuple(there.tolist()), len(row_of))))
    empty = row_of[tuple([False] * n)]
    order_of_rows = [row for row in range(len(row_of)) if row != empty] + [empty]
    place = np.argsort(order_of_rows)
    weights = np.zeros((pairs, n, len(row_of)))
    for pair, sentence, whole, without in steps:
        weights[pair, sentence, place[whole]] += 0.5
        weights[pair, sentence, place[without]] -= 0.5
    return np.array(list(row_of))[order_of_rows], weights


def held_against_taste(shares: pd.DataFrame, data: Preferences, country: str) -> pd.DataFrame:
    """Shares with a column planted: what the phrases of each sentence are worth by the country's shift of taste, which
    the demo world knows; as they are for data of real people."""
    if data.truth is None:
        return shares
    shift = data.truth.loc[country] - data.truth.loc[data.card.reference[0]]
    return shares.assign(planted=phrase_levels(shares["text"].tolist()) @ shift.to_numpy())


def explained(
    answers: Sequence[str], ask: Callable[[list[str]], Rewards], country: str, alpha: float = 1.0
) -> tuple[list[Shortened], pd.DataFrame, pd.DataFrame]:
    """The shortened forms of answers to one prompt, shares of their sentences, and the sums that these explain.

    ask   gives the rewards of any number of answers; the others as in `reasons_table`
    """
    forms = [Shortened.of(text) for text in answers]
    return forms, *reasons_table(forms, ask([text for form in forms for text in form.texts]), country, alpha)


def reasons_table(
    forms: Sequence[Shortened], rewards: Rewards, country: str, alpha: float = 1.0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Shares of the sentences of some answers, and the sums that they explain.

    rewards   of the forms of all answers one after another
    alpha     the strength of the country's model, 1 as it was trained
    Returns the shares with columns answer (its number), sentence (from 1), text, global_share, country_share, change
    (country minus global) and error (standard error of the change, 0 where all orders are counted), and one row per
    answer: answer, global_reward, country_reward, both minus that of the empty answer. Mean over seeds.
    """
    place, first, shares, sums = rewards.countries.index(country), 0, [], []
    both = np.stack([rewards.base[place], rewards.at(alpha)[place]]).astype(np.float64)
    three = np.vstack([both, both[1] - both[0]])
    for number, form in enumerate(forms):
        own = three[:, first : first + len(form.present)]
        first += len(form.present)
        parts, error = form.shares(own)
        shares.append(
            pd.DataFrame(
                {
                    "answer": number,
                    "sentence": 1 + np.arange(len(form.sentences)),
                    "text": [part.strip() for part in form.sentences],
                    **dict(zip(("global_share", "country_share", "change"), parts, strict=True)),
                    "error": error[2],
                }
            )
        )
        sums.append((number, *(own[:2, 0] - own[:2, -1])))
    columns = ["answer", "global_reward", "country_reward"]
    return pd.concat(shares, ignore_index=True), pd.DataFrame(sums, columns=columns)
