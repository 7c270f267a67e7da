"""Survey questions on which models differ, by hand."""

import numpy as np
import pandas as pd
import pytest

from scpo.data.preferences import DataCard, Preferences
from scpo.metrics.rewards import Rewards
from scpo.steering.questions import is_survey, question_table

QUESTIONS = 12


def survey():
    """Twelve questions of two options; half are for validation, half for the test; 80 % of Aland chose the first."""
    rows = np.arange(QUESTIONS)
    texts = pd.DataFrame(
        {
            "prompt": pd.Categorical([f"Is {at // 2:02} good?" for at in range(2 * QUESTIONS)]),
            "response": ["Yes", "No"] * QUESTIONS,
        }
    )
    pairs = pd.DataFrame(
        {"chosen": 2 * rows, "rejected": 2 * rows + 1, "country": pd.Categorical(["Aland"] * QUESTIONS), "unit": rows}
    ).assign(score_chosen=0.8, score_rejected=0.2)
    units = pd.DataFrame({"name": "q", "split": ["validation", "test"] * (QUESTIONS // 2)})
    return Preferences(texts, pairs, units, DataCard("survey", "s", False, "question", "", "", (), ("Aland",)))


def rewards(seeds, spread=0.01):
    """The global model finds all alike; the country's says yes to the second half of them, no to the others."""
    own = np.where(np.arange(2 * QUESTIONS) % 2 == 0, 1.0, -1.0) * np.where(np.arange(2 * QUESTIONS) < QUESTIONS, -1, 1)
    own = np.stack([own * (1 + spread * seed) for seed in range(seeds)])
    return Rewards(("Aland",), np.zeros((1, 2 * QUESTIONS), np.float32), own[None].astype(np.float32))


def test_the_option_that_moves_most_is_told_with_its_interval_and_held_against_the_people():
    table = question_table(survey(), rewards(4))
    assert is_survey(survey()) and len(table) == QUESTIONS // 2 == table["question"].nunique()
    assert table["clear"].all() and (table["low"] < table["change"]).all() and (table["change"] < table["high"]).all()
    assert table["moved"].to_numpy() == pytest.approx(table["change"].abs())
    towards = table.set_index("question")["nearer"]
    assert towards["Is 11 good?"] and not towards["Is 01 good?"]


@pytest.mark.parametrize("seeds, spread", [(2, 0.01), (4, 0.0)])
def test_without_several_different_seeds_nothing_is_called_clear(seeds, spread):
    table = question_table(survey(), rewards(seeds, spread))
    assert len(table) and not table["clear"].any() and table["low"].isna().all()


def test_a_model_that_stayed_as_it_was_moves_nothing():
    same = Rewards(("Aland",), np.zeros((1, 24), np.float32), np.zeros((1, 3, 24), np.float32))
    table = question_table(survey(), same)
    assert (table["change"] == 0).all() and not table["clear"].any() and not table["nearer"].any()


def test_pairs_of_people_are_no_survey():
    data = survey()
    assert not is_survey(Preferences(data.texts, data.pairs.assign(score_chosen=np.nan), data.units, data.card))
