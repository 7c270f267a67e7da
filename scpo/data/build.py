"""From scored responses to preference pairs, in whole arrays.

Knows nothing of files or data sets: loaders bring columns, this module makes pairs of them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from scpo.data.preferences import TEST, TRAIN, VALIDATION

# Shares are rounded decimals: 0.52 - 0.50 must count as 0.02, whatever its last bit.
SHARE_ROUNDING = 1e-9


def pairs_within_groups(group: np.ndarray, score: np.ndarray, min_gap: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Every two rows of a group whose scores differ, the higher one first.

    group   (n,) int: rows with the same number were answers to the same prompt
    score   (n,) float, no NaN
    min_gap the scores must differ by at least this (and by more than 0)
    Returns (chosen, rejected), each (p,) int64 row numbers, ordered by group.

    Groups of one size are handled together as a matrix, so the loop runs over the few
    distinct sizes and never over groups.
    """
    order = np.argsort(group, kind="stable")
    _, first, size = np.unique(group[order], return_index=True, return_counts=True)
    lefts, rights = [], []
    for s in np.unique(size[size > 1]):
        rows = order[first[size == s][:, None] + np.arange(s)]  # (groups, s)
        i, j = np.triu_indices(s, k=1)
        lefts.append(rows[:, i].ravel())
        rights.append(rows[:, j].ravel())
    if not lefts:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    left, right = np.concatenate(lefts), np.concatenate(rights)
    gap = score[left].astype(np.float64) - score[right].astype(np.float64)
    keep = (gap != 0) & (np.abs(gap) >= min_gap - SHARE_ROUNDING)
    left, right, gap = left[keep], right[keep], gap[keep]
    chosen, rejected = np.where(gap > 0, left, right), np.where(gap > 0, right, left)
    by_group = np.argsort(group[chosen], kind="stable")
    return chosen[by_group], rejected[by_group]


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


def scored_pairs(rows: pd.DataFrame, min_gap: float = 0.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Texts and pairs of a table of scored responses.

    rows    `prompt`, `response`, `score`, `country`, `unit` (int), `group` (int)
    Returns (texts, pairs) as `Preferences` holds them.
    """
    texts, code = distinct_texts(rows["prompt"], rows["response"])
    score = rows["score"].to_numpy(np.float64)
    chosen, rejected = pairs_within_groups(rows["group"].to_numpy(), score, min_gap)
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


def split_units(n: int, seed: int, test_share: float, validation_share: float) -> pd.Categorical:
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
    return pd.Categorical.from_codes(code, categories=[TRAIN, VALIDATION, TEST])
