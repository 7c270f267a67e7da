"""Phrases of answers: what a phrase is, and which of them enough texts have.

A phrase is up to three words in a row with nothing but blanks between them. In scripts that are written without blanks
(Chinese, Japanese, Thai, Lao, Burmese, Khmer) it is two to four characters in a row, which may cut a word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from scipy import sparse

MOST_PHRASES = 3_000
FEWEST_TEXTS = 20  # that have a phrase, and that have it not
MOST_WORDS, CHARACTERS = 3, (2, 4)  # of a phrase
NO_BLANKS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
SIGNS = r"\s!-/:-@\[-`{-¿\u2010-\u206f\u3000-\u303f\uff01-\uff0f\uff1a-\uff20।॥،؛؟۔"
WORD = rf"[^{SIGNS}{NO_BLANKS}]+"
TOKEN = re.compile(rf"[{NO_BLANKS}]|{WORD}(?:['’]{WORD})*")
ALONE = re.compile(f"[{NO_BLANKS}]")
BLANKS = re.compile(r"[ \t\xa0]+")


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


def common_phrases(responses: np.ndarray, used: np.ndarray) -> tuple[list[str], sparse.csr_array]:
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
