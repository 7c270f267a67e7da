"""From scored responses to preference pairs, in whole arrays.

Knows nothing of files or data sets: loaders bring columns, this module makes pairs of them.
"""

from __future__ import annotations

import os

import numpy as np
import pandas as pd

from scpo.data.preferences import TEST, TRAIN, VALIDATION
from scpo.errors import InputError

# Shares are rounded decimals: 0.52 - 0.50 must count as 0.02, whatever its last bit.
SHARE_ROUNDING = 1e-9
BYTES_PER_PAIR = 200  # at the height of making them
MEMORY_SHARE = 0.5  # of the machine's memory, at most, for pairs


def pairs_within_groups(
    group: np.ndarray, score: np.ndarray, min_gap: float = 0.0, most: int | None = None, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Every two rows of a group whose scores differ, the higher one first.

    group   (n,) int: rows with the same number were answers to the same prompt
    score   (n,) float, no NaN
    min_gap the scores must differ by at least this (and by more than 0)
    most    of a group with more couples of rows than this, so many are looked at, drawn from `seed`; None = all
    Returns (chosen, rejected), each (p,) int64 row numbers, ordered by group.
    Raises `InputError`, before any memory is taken, if the couples would fill half of it.

    Groups of one size are handled together as a matrix, so the loop runs over the few
    distinct sizes and never over groups, those aside of which couples are drawn.
    """
    order = np.argsort(group, kind="stable")
    _, first, size = np.unique(group[order], return_index=True, return_counts=True)
    all_couples = couples(size)
    _check_memory(int((all_couples if most is None else np.minimum(all_couples, most)).sum()))
    large = np.zeros(len(size), bool) if most is None else all_couples > most
    lefts: list[np.ndarray] = []
    rights: list[np.ndarray] = []
    for s in np.unique(size[(size > 1) & ~large]):
        rows = order[first[(size == s) & ~large][:, None] + np.arange(s)]  # (groups, s)
        i, j = np.triu_indices(s, k=1)
        lefts.append(rows[:, i].ravel())
        rights.append(rows[:, j].ravel())
    if most is not None:
        for at in np.flatnonzero(large):
            i, j = _drawn(int(size[at]), most, np.random.default_rng([seed, int(at)]))
            lefts.append(order[first[at] + i])
            rights.append(order[first[at] + j])
    if not lefts:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    left, right = np.concatenate(lefts), np.concatenate(rights)
    gap = score[left].astype(np.float64) - score[right].astype(np.float64)
    keep = (gap != 0) & (np.abs(gap) >= min_gap - SHARE_ROUNDING)
    left, right, gap = left[keep], right[keep], gap[keep]
    chosen, rejected = np.where(gap > 0, left, right), np.where(gap > 0, right, left)
    by_group = np.argsort(group[chosen], kind="stable")
    return chosen[by_group], rejected[by_group]


def couples(size: np.ndarray) -> np.ndarray:
    """How many couples of two rows groups of these sizes have."""
    size = np.asarray(size, np.int64)
    return size * (size - 1) // 2


def _drawn(size: int, most: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """`most` distinct couples i < j of `size` rows, in order, without listing all couples."""
    number = np.sort(rng.choice(size * (size - 1) // 2, most, replace=False))
    # Couples are numbered by j: those of j = 1 come first, then those of 2; j has j couples, from j (j - 1) / 2 on.
    j = ((1 + np.sqrt(1 + 8 * number.astype(np.float64))) / 2).astype(np.int64)
    j -= couples(j) > number
    j += couples(j + 1) <= number
    return number - couples(j), j


def _check_memory(pairs: int) -> None:
    memory, needed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), pairs * BYTES_PER_PAIR
    if needed > MEMORY_SHARE * memory:
        raise InputError(
            f"The answers would make {pairs:,} pairs, which take about {needed / 1e9:,.1f} GB of this machine's "
            f"{memory / 1e9:,.1f} GB of memory. Take fewer of each prompt (`pairs_per_group`), or fewer rows."
        )


def distinct_texts(prompt: pd.Series, response: pd.Series) -> tuple[pd.DataFrame, np.ndarray]:
    """The distinct (prompt, response) rows, and for each input row its number among them.

    Returns texts (t rows: `prompt` category, `response` str) and codes (n,) int32.
    """
    prompt_code, prompts = pd.factorize(prompt)
    response_code, responses = pd.factorize(response)
    both = prompt_code.astype(np.int64) * max(len(responses), 1) + response_code
    code, distinct = pd.factorize(both)
    prompt_of, response_of = np.divmod(distinct, max(len(responses), 1))
    texts = pd.DataFrame(
        {
            "prompt": pd.Categorical.from_codes(prompt_of, categories=pd.Index(prompts, dtype="str")),
            "response": pd.Series(np.asarray(responses, dtype=object)[response_of], dtype="str"),
        }
    )
    return texts, code.astype(np.int32)


def scored_pairs(
    rows: pd.DataFrame, min_gap: float = 0.0, most: int | None = None, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Texts and pairs of a table of scored responses.

    rows    `prompt`, `response`, `score`, `country`, `unit` (int), `group` (int)
    min_gap, most, seed  as in `pairs_within_groups`
    Returns (texts, pairs) as `Preferences` holds them.
    """
    texts, code = distinct_texts(rows["prompt"], rows["response"])
    score = rows["score"].to_numpy(np.float64)
    chosen, rejected = pairs_within_groups(rows["group"].to_numpy(), score, min_gap, most, seed)
    same = code[chosen] == code[rejected]  # one text scored twice says nothing
    chosen, rejected = chosen[~same], rejected[~same]
    pairs = pd.DataFrame(
        {
            "chosen": code[chosen],
            "rejected": code[rejected],
            "country": rows["country"].astype("category").array[chosen],
            "unit": rows["unit"].to_numpy(np.int32)[chosen],
            "score_chosen": score[chosen].astype(np.float32),
            "score_rejected": score[rejected].astype(np.float32),
        }
    )
    return texts, pairs


def beyond(group: np.ndarray, most: int) -> dict[str, int]:
    """What `scored_pairs` does not look at, for a card's `dropped`: couples beyond the most of a group."""
    all_couples = couples(np.bincount(group)) if len(group) else np.zeros(0, int)
    large = all_couples > most
    if not large.any():
        return {}
    return {f"pairs beyond {most:,} of one group of answers": int((all_couples[large] - most).sum())}


def split_units(n: int, seed: int, test_share: float, validation_share: float) -> pd.Categorical[str]:
    """The split of each of n users or questions, by `datasets.Dataset.train_test_split`'s rule.

    A permutation from `numpy.random.default_rng(seed)`; its first ceil(n * test_share) are the
    test, as the authors split PRISM's survey rows. Of the rest, the last
    ceil(rest * validation_share) are the validation split.
    """
    permutation = np.random.default_rng(seed).permutation(n)
    n_test = int(np.ceil(n * test_share))
    n_validation = int(np.ceil((n - n_test) * validation_share))
    code = np.zeros(n, np.int8)
    code[permutation[:n_test]] = 2
    code[permutation[n - n_validation :]] = 1
    return pd.Categorical.from_codes(code.tolist(), categories=pd.Index([TRAIN, VALIDATION, TEST]))
