"""Pairs built in whole arrays equal pairs built one by one."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scpo.data.pairing import distinct_texts, pairs_within_groups, scored_pairs, split_units

rows = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 20)), max_size=30)


@given(rows, st.sampled_from([0.0, 0.02, 0.5]))
def test_pairs_equal_those_of_two_loops(rows, gap):
    group, score = np.array([g for g, _ in rows], int), np.array([s / 20 for _, s in rows])
    slow = {
        (i, j)
        for i in range(len(rows))
        for j in range(len(rows))
        if group[i] == group[j] and score[i] > score[j] and score[i] - score[j] >= gap - 1e-9
    }
    chosen, rejected = pairs_within_groups(group, score, gap)
    assert sorted(zip(chosen, rejected, strict=True)) == sorted(slow)


def test_a_gap_of_two_hundredths_counts_whatever_its_last_bit():
    chosen, _ = pairs_within_groups(np.zeros(2, int), np.array([0.58, 0.56]), 0.02)
    assert 0.58 - 0.56 < 0.02 and len(chosen) == 1


@given(st.lists(st.tuples(st.sampled_from("pqr"), st.sampled_from("abc")), max_size=20))
def test_distinct_texts_give_every_row_back(rows):
    prompt, response = pd.Series([r[0] for r in rows], dtype="str"), pd.Series([r[1] for r in rows], dtype="str")
    texts, code = distinct_texts(prompt, response)
    assert len(texts) == len(set(rows))
    back = list(zip(texts["prompt"].astype(str).iloc[code], texts["response"].iloc[code], strict=True))
    assert back == rows


def test_a_text_scored_twice_makes_no_pair_with_itself():
    table = pd.DataFrame(
        {
            "prompt": ["p"] * 3,
            "response": ["a", "a", "b"],
            "score": [1, 5, 9],
            "country": ["X"] * 3,
            "unit": [0] * 3,
            "group": [0] * 3,
        }
    )
    _, pairs = scored_pairs(table)
    assert len(pairs) == 2 and (pairs["chosen"] != pairs["rejected"]).all()


@pytest.mark.parametrize("n, seed", [(1500, 0), (7, 3), (100, 1)])
def test_the_test_split_is_that_of_the_datasets_library(n, seed):
    from datasets import Dataset

    theirs = Dataset.from_dict({"row": list(range(n))}).train_test_split(test_size=0.15, seed=seed)
    ours = np.asarray(split_units(n, seed, 0.15, 0.10))
    assert sorted(np.flatnonzero(ours == "test")) == sorted(theirs["test"]["row"])
    assert (ours == "validation").sum() == int(np.ceil(len(theirs["train"]) * 0.10))


@given(st.integers(1, 300), st.integers(0, 50), st.floats(0.01, 0.5), st.floats(0.01, 0.5))
def test_every_unit_is_in_one_split_and_the_held_out_ones_are_as_many_as_asked_for(n, seed, test, validation):
    split = split_units(n, seed, test, validation)
    counts = split.value_counts()
    assert len(split) == n == counts.sum() and not split.isna().any()
    assert counts["test"] == np.ceil(n * test)
    assert counts["validation"] == np.ceil((n - counts["test"]) * validation)
    assert (split == split_units(n, seed, test, validation)).all()
