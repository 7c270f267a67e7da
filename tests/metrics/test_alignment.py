"""Opinion alignment against worked examples and scipy one question at a time."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from scpo.grouping import AVERAGE, OTHERS
from scpo.metrics.alignment import (
    TEMPERATURES,
    UNIFORM,
    Aligned,
    align,
    alignment_table,
    answers_of,
    average_answers,
    fit_temperature,
    opinion_alignment,
    predicted,
)

COLUMNS = ["unit", "chosen", "rejected", "score_chosen", "score_rejected"]


def answers(questions, first=0):
    """Answers to questions given as lists of shares; texts are numbered from `first` in their order."""
    rows, text = [], first
    for unit, shares in enumerate(questions):
        numbers = range(text, text + len(shares))
        text += len(shares)
        rows += [
            (unit, a, b, s, t)
            for a, s in zip(numbers, shares, strict=True)
            for b, t in zip(numbers, shares, strict=True)
            if s > t
        ]
    return answers_of(pd.DataFrame(rows, columns=COLUMNS))


def test_answers_are_read_from_pairs_of_options():
    found = answers([[0.5, 0.3, 0.2], [0.9, 0.1]])
    assert found.text.tolist() == [[0, 1, 2], [3, 4, -1]]
    assert found.share == pytest.approx(np.array([[0.5, 0.3, 0.2], [0.9, 0.1, 0]]))
    partly = answers([[0.4, 0.2]])  # shares of a question whose other options made no pair
    assert partly.share == pytest.approx(np.array([[2 / 3, 1 / 3]]))


def test_shares_of_a_model_are_its_softmax_over_the_options_of_each_question():
    found = answers([[0.5, 0.3, 0.2], [0.9, 0.1]])
    rewards, temperature = np.array([[1.0, 0.5, -1.0, 2.0, 0.0]]), np.array([0.5])
    shares = predicted(found, found.texts(), rewards, temperature)[0]
    one, two = np.exp(rewards[0, :3] / 0.5), np.exp(rewards[0, 3:] / 0.5)
    assert shares[0] == pytest.approx(one / one.sum()) and shares[1, :2] == pytest.approx(two / two.sum())
    assert shares[1, 2] == 0


def test_a_model_whose_rewards_are_log_shares_is_wholly_aligned_at_its_own_temperature():
    validation, test = answers([[0.5, 0.3, 0.2], [0.9, 0.1]]), answers([[0.6, 0.3, 0.1]])
    scale = TEMPERATURES[20]
    by = [scale * np.log(np.array([[0.5, 0.3, 0.2, 0.9, 0.1]])), scale * np.log(np.array([[0.6, 0.3, 0.1]]))]
    assert fit_temperature(validation, validation.texts(), by[0]) == pytest.approx(scale)
    found = align(test, validation, (test.share, test.share), ["scpo"], by[1], by[0])
    assert found.methods == ["scpo", UNIFORM, AVERAGE, OTHERS]
    uniform = 1 - jensenshannon([0.6, 0.3, 0.1], [1, 1, 1], base=2)
    assert found.values[:, 0] == pytest.approx([1, uniform, 1, 1], abs=1e-6)


def test_the_temperature_is_chosen_on_validation_questions_only():
    """Test questions on which another temperature is better leave it as it is."""
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(4), 12).round(3)
    validation = answers(shares[:8].tolist())
    rewards = rng.normal(size=(3, 32))
    chosen = fit_temperature(validation, validation.texts(), rewards)
    for at, temperature in enumerate(chosen):  # the slow twin: every temperature, question by question
        fits = []
        for t in TEMPERATURES:
            soft = np.exp(rewards[at].reshape(8, 4) / t - (rewards[at] / t).max())
            soft /= soft.sum(1, keepdims=True)
            fits.append(np.mean([1 - jensenshannon(p, q, base=2) for p, q in zip(soft, shares[:8], strict=True)]))
        assert temperature == pytest.approx(TEMPERATURES[int(np.argmax(fits))])


def test_the_averages_of_all_and_of_the_other_countries():
    own, one = answers([[0.9, 0.1], [0.8, 0.2]]), answers([[0.6, 0.4]])
    two = answers([[0.3, 0.7]])
    everybody = average_answers(own, [own, one, two])
    assert everybody[0] == pytest.approx([0.6, 0.4]) and everybody[1] == pytest.approx([0.8, 0.2])
    average = average_answers(own, [one, two])
    assert average[0] == pytest.approx([0.45, 0.55]) and np.isnan(average[1]).all()


def test_gains_are_paired_and_the_mean_weighs_countries_equally():
    rng = np.random.default_rng(1)

    def country(better, questions):
        base = rng.uniform(0.4, 0.9, questions)
        values = np.vstack([base, base + better, base + better, np.full(questions, 0.5)])
        return Aligned(np.arange(questions), ["global", "scpo", "scpo", OTHERS], values, np.array([1, 2, 4, np.nan]))

    aligned = {"A": country(0.1, 40), "B": country(0.02, 10)}
    drawn = {
        c: np.random.default_rng(2).multinomial(len(a.unit), np.full(len(a.unit), 1 / len(a.unit)), 500)
        for c, a in aligned.items()
    }
    table = alignment_table(aligned, drawn).set_index(["country", "method"])
    row = table.loc["mean", "scpo"]
    assert row["gain"] == pytest.approx(0.06) and row["temperature"] == pytest.approx(3) and row["questions"] == 40
    assert row["gain_low"] == pytest.approx(0.06) and row["gain_high"] == pytest.approx(0.06)  # the same on each
    assert (
        table.loc[("A", "global"), "gain"] == 0
        and table.loc[("A", "global"), "low"] < table.loc[("A", "global"), "alignment"]
    )


def test_intervals_of_folds_take_twelve_questions():
    for questions, told in ((11, False), (12, True)):
        values = np.random.default_rng(questions).uniform(0.4, 0.9, (1, questions))
        drawn = np.random.default_rng(2).multinomial(questions, np.full(questions, 1 / questions), 500)
        one = {"A": Aligned(np.arange(questions), ["global"], values, np.ones(1))}
        assert alignment_table(one, {"A": drawn})["low"].notna().all()
        assert alignment_table(one, {"A": drawn}, folds=5)["low"].notna().all() == told


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=6))
def test_alignment_is_symmetric_between_zero_and_one_and_one_only_of_the_same(shares):
    p, q = (np.array(column) + 1e-3 for column in zip(*shares, strict=True))
    p, q = p / p.sum(), q / q.sum()
    value = opinion_alignment(p, q)
    assert 0 <= value <= 1 and value == pytest.approx(opinion_alignment(q, p), abs=1e-7)
    assert opinion_alignment(p, p) == pytest.approx(1, abs=1e-6) and (value < 1 or np.abs(p - q).max() < 1e-3)
