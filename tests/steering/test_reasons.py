"""Shares of sentences, against worked cases and the definition of the Shapley value, order by order."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scpo.metrics.rewards import Rewards
from scpo.steering.reasons import (
    MOST_EXACT,
    MOST_SENTENCES,
    PAIRS_OF_ORDERS,
    Shortened,
    _shapley,
    reasons_table,
    sentences,
)


@pytest.mark.parametrize(
    "text, parts",
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ('He said "no." Then he left', ['He said "no."', "Then he left"]),
        ("First line\nsecond line\n\n- third", ["First line", "second line", "- third"]),
        ("今日は。元気？はい", ["今日は。", "元気？", "はい"]),
        ("यह एक है। यह दो है।", ["यह एक है।", "यह दो है।"]),
        ("It costs 3.5 dollars, e.g.that much", ["It costs 3.5 dollars, e.g.that much"]),
        ("  \n ", []),
        ("", []),
    ],
)
def test_sentences_end_with_a_stop_of_their_script_or_a_line_break(text, parts):
    assert [part.strip() for part in sentences(text)] == parts


@given(st.text(alphabet="ab .!?\n。\"'", max_size=200))
def test_sentences_lose_nothing_but_blanks(text):
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


def test_a_very_long_answer_has_its_rest_in_one_piece():
    parts = sentences("A b. " * 100)
    assert (
        len(parts) == MOST_SENTENCES
        and "".join(parts) == "A b. " * 100
        and parts[-1].count("A b.") == 100 - MOST_SENTENCES + 1
    )


def by_orders(n: int, value: dict) -> np.ndarray:
    """The slow twin: what each sentence adds, averaged over all orders."""
    shares = np.zeros(n)
    orders = list(permutations(range(n)))
    for order in orders:
        there = frozenset()
        for joins in order:
            shares[joins] += value[there | {joins}] - value[there]
            there |= {joins}
    return shares / len(orders)


@given(st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_shares_are_means_over_all_orders_and_add_up(n, seed):
    form = Shortened.of(" ".join(f"s{i}." for i in range(n)))
    rewards = np.random.default_rng(seed).normal(size=(2, len(form.present)))
    shares, error = form.shares(rewards)
    assert not error.any() and shares.sum(-1) == pytest.approx(rewards[:, 0] - rewards[:, -1], abs=1e-12)
    for own, share in zip(rewards, shares, strict=True):
        value = {frozenset(np.flatnonzero(row)): v for row, v in zip(form.present, own, strict=True)}
        assert share == pytest.approx(by_orders(n, value), abs=1e-12)


def test_two_sentences_by_hand():
    """v(none) 0, v(a) 1, v(b) 2, v(both) 5: a adds 1 or 3, b adds 4 or 2, so a 2 and b 3."""
    form = Shortened.of("a. b.")
    value = {"a. b.": 5, "a.": 1, "b.": 2, "": 0}
    shares, error = form.shares([[value[text] for text in form.texts]])
    assert shares.tolist() == [[2, 3]] and error.tolist() == [[0, 0]]


@given(st.integers(MOST_EXACT + 1, 12), st.integers(0, 2**32 - 1))
def test_shares_of_many_sentences_add_up_too(n, seed):
    form = Shortened.of(" ".join(f"s{i}." for i in range(n)))
    rewards = np.random.default_rng(seed).normal(size=(1, len(form.present)))
    shares, _ = form.shares(rewards)
    assert shares.sum() == pytest.approx(rewards[0, 0] - rewards[0, -1], abs=1e-9)
    assert len(form.present) <= 2 + 2 * PAIRS_OF_ORDERS * (n - 1)


def test_shares_of_many_sentences_are_near_the_shapley_values_within_their_errors():
    """A reward of what each sentence adds plus what two of them add together: an order and its reverse share the extra
    out evenly, so that these shares are exact. A reward that saturates: shares lie within four standard errors."""
    n = MOST_EXACT + 3
    form = Shortened.of(" ".join(f"s{i}." for i in range(n)))
    own, there = np.arange(n) + 1.0, form.present
    two = there @ own + 3 * (there[:, 0] & there[:, 4])
    shares, error = form.shares(two[None])
    assert shares[0] == pytest.approx(own + 1.5 * np.isin(range(n), (0, 4))) and error.max() < 1e-12

    every = (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(bool)
    truth = _shapley(every) @ np.sqrt(every @ own)
    shares, error = form.shares(np.sqrt(there @ own)[None])
    assert (np.abs(shares[0] - truth) <= 4 * error[0]).all() and 0 < error.max() < 0.2 * truth.max()


def test_the_whole_answer_is_first_and_the_empty_one_last():
    for n in (1, 3, MOST_EXACT + 1):
        form = Shortened.of(" ".join(f"s{i}." for i in range(n)))
        assert form.present[0].all() and not form.present[-1].any() and form.texts[-1] == ""
        assert len(set(form.texts)) == len(form.texts)


def test_the_difference_of_two_answers_is_shared_out_over_both():
    forms = [Shortened.of("a. b. c."), Shortened.of("d. e.")]
    rng = np.random.default_rng(0)
    empty = rng.normal(size=(2, 1))
    values = [rng.normal(size=(2, len(f.present) - 1)) for f in forms]
    both = np.hstack([values[0], empty, values[1], empty])
    rewards = Rewards(("A",), both[:1].astype(np.float32), both[None, 1:].astype(np.float32))
    shares, sums = reasons_table(forms, rewards, "A")
    by_answer = shares.groupby("answer")[["global_share", "country_share", "change"]].sum()
    between = both[:, 0] - both[:, len(forms[0].present)]
    apart = by_answer.loc[0] - by_answer.loc[1]
    assert apart["global_share"] == pytest.approx(between[0], abs=1e-5)
    assert apart["change"] == pytest.approx(between[1] - between[0], abs=1e-5)
    assert sums["global_reward"].tolist() == pytest.approx(by_answer["global_share"], abs=1e-6)
    assert shares["text"].tolist() == ["a.", "b.", "c.", "d.", "e."]


@pytest.mark.parametrize("n, most", [(7, 128), (19, 128), (40, 240)])
def test_answers_of_many_sentences_are_rewarded_in_few_forms_and_still_add_up(n, most):
    form = Shortened.of(" ".join(f"Sentence {at}." for at in range(n)))
    assert len(form.present) <= most and len(form.sentences) == n
    value = np.random.default_rng(n).normal(size=(1, len(form.present)))
    shares, error = form.shares(value)
    assert shares.sum() == pytest.approx(value[0, 0] - value[0, -1]) and (error > 0).mean() > 0.9
