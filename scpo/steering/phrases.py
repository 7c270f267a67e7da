"""Phrases of answers, and which of them test pairs have on one side alone.

A phrase is up to three words in a row with nothing but blanks between them. In scripts that are written without blanks
(Chinese, Japanese, Thai, Lao, Burmese, Khmer) it is two to four characters in a row, which may cut a word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from scpo.data.preferences import TEST, Preferences
from scpo.metrics.intervals import FEWEST_FOR_PARTS

MOST_PAIRS, MOST_PHRASES = 20_000, 3_000
FEWEST_TEXTS = 20  # that have a phrase, and that have it not
MOST_WORDS, CHARACTERS = 3, (2, 4)  # of a phrase
NO_BLANKS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
SIGNS = r"\s!-/:-@\[-`{-¿\u2010-\u206f\u3000-\u303f\uff01-\uff0f\uff1a-\uff20।॥،؛؟۔"
WORD = rf"[^{SIGNS}{NO_BLANKS}]+"
TOKEN = re.compile(rf"[{NO_BLANKS}]|{WORD}(?:['’]{WORD})*")
ALONE = re.compile(f"[{NO_BLANKS}]")
BLANKS = re.compile(r"[ \t\xa0]+")


@dataclass(frozen=True)
class Presence:
    """Which phrase is where, in the test pairs that are looked at.

    rows      (n,) of `Preferences.pairs`
    phrases   P of them
    has       (texts, P) sparse, 1 where a text has the phrase; texts of other pairs are empty
    x         (n, P) sparse, 1, 0 or -1: in the chosen answer alone, in both or none, in the rejected one alone
    length    (n,) log2 of the characters of the chosen answer over those of the rejected one
    groups    people (or questions), and prompts, of the pairs: (n,) int each, counted from 0
    """

    rows: np.ndarray
    phrases: list[str]
    has: sparse.csc_array
    x: sparse.csc_array
    length: np.ndarray
    groups: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, data: Preferences) -> Presence:
        """The phrases that tell pairs of enough people (or questions) apart."""
        rows = _test_pairs(data)
        chosen, rejected = (data.pairs[side].to_numpy()[rows] for side in ("chosen", "rejected"))
        prompt = data.texts["prompt"].cat.codes.to_numpy()[chosen]
        groups = numbered(data.pairs["unit"].to_numpy()[rows]), numbered(prompt)
        responses = data.texts["response"].to_numpy()
        phrases, has = _common_phrases(responses, np.unique([chosen, rejected]))
        x = sparse.csc_array(has[chosen] - has[rejected])
        x.eliminate_zeros()
        kept = np.flatnonzero(having(x, groups[0]) >= FEWEST_FOR_PARTS)
        characters = np.array([max(len(text), 1) for text in responses])
        length = np.log2(characters[chosen] / characters[rejected])
        return cls(rows, [phrases[at] for at in kept], sparse.csc_array(has[:, kept]), x[:, kept], length, groups)


def numbered(group: np.ndarray) -> np.ndarray:
    """The same groups, (n,) int, counted from 0 without gaps."""
    return np.unique(group, return_inverse=True)[1]


def having(x: sparse.csc_array, group: np.ndarray) -> np.ndarray:
    """How many groups have an entry in each column of x, (P,): how many people have a phrase on one side of a pair."""
    return np.diff(sparse.csc_array(by_group(np.ones(len(group)), group) @ abs(x)).indptr)


def by_group(values: np.ndarray, group: np.ndarray) -> sparse.csr_array:
    """(groups, n): sums of whatever it multiplies, each of the n rows times its value (n,), within the groups."""
    shape = int(group.max(initial=0)) + 1, len(group)
    return sparse.csr_array((values, (group, np.arange(len(group)))), shape=shape)


def phrases_in(text: str) -> Iterator[tuple[str, int, int]]:
    """Phrases of a text, in small letters, each with where it begins and ends; one that comes twice comes twice."""
    words = [(match[0].lower(), *match.span()) for match in TOKEN.finditer(text)]
    for first, (word, begin, _) in enumerate(words):
        single = bool(ALONE.match(word))
        fewest, most = CHARACTERS if single else (1, MOST_WORDS)
        for size in range(1, min(most, len(words) - first) + 1):
            part = words[first : first + size]
            if size > 1 and not _follows(text, part[-2:], single):
                break
            if size >= fewest:
                yield ("" if single else " ").join(each[0] for each in part), begin, part[-1][2]


def _follows(text: str, two: Sequence[tuple[str, int, int]], single: bool) -> bool:
    """True if the second of two words goes on with a phrase: after blanks, or a character right after another."""
    between, same = text[two[0][2] : two[1][1]], bool(ALONE.match(two[1][0])) == single
    return same and (between == "" if single else BLANKS.fullmatch(between) is not None)


def _test_pairs(data: Preferences) -> np.ndarray:
    """Rows of the test pairs; of very many, those of some people (or questions), always the same."""
    rows = np.flatnonzero(data.split_of_pairs() == TEST)
    unit = data.pairs["unit"].to_numpy()[rows]
    size = np.bincount(unit, minlength=len(data.units))
    order = np.random.default_rng(0).permutation(len(size))
    taken = np.zeros(len(size), bool)
    taken[order[: max(int(np.searchsorted(np.cumsum(size[order]), MOST_PAIRS, "right")), 1)]] = True
    return rows[taken[unit]]


def _common_phrases(responses: np.ndarray, used: np.ndarray) -> tuple[list[str], sparse.csr_array]:
    """Phrases that enough of the used texts have, and which text has which; the longest of those that the same texts
    have, and the commonest if there are very many."""
    each = [{phrase for phrase, _, _ in phrases_in(responses[row])} for row in used]
    counts = Counter(phrase for phrases in each for phrase in phrases)
    rows_of: dict[str, list[int]] = {
        phrase: [] for phrase, n in counts.items() if FEWEST_TEXTS <= n <= len(used) - FEWEST_TEXTS
    }
    for row, phrases in zip(used.tolist(), each, strict=True):
        for phrase in phrases & rows_of.keys():
            rows_of[phrase].append(row)
    of_rows: dict[tuple[int, ...], str] = {}
    for phrase in sorted(rows_of, key=lambda phrase: (len(phrase), phrase)):
        of_rows[tuple(rows_of[phrase])] = phrase
    taken = sorted(of_rows.items(), key=lambda item: (-len(item[0]), item[1]))[:MOST_PHRASES]
    column = np.repeat(np.arange(len(taken)), [len(rows) for rows, _ in taken])
    row = np.array([row for rows, _ in taken for row in rows], np.int64)
    has = sparse.csr_array((np.ones(len(row)), (row, column)), shape=(len(responses), len(taken)))
    return [phrase for _, phrase in taken], has
