"""Coverage of intervals from folds on planted people; `python -m scpo study coverage --folds` counts over more."""

import numpy as np

from scpo.data.folds import CODE
from scpo.study.fold_coverage import OF_ALL, OF_FOLDS, asked, fold_coverage_table, pooled_world, trained_heads


def test_intervals_from_folds_hold_both_truths_and_none_is_given_of_ten_people(monkeypatch):
    """20 worlds tell a coverage to 5 points: what this holds is that it is not far off."""
    monkeypatch.setattr("scpo.study.fold_coverage.TRUTH_FROM", 3000)
    table = fold_coverage_table(worlds=20, people=(10, 20)).set_index("people")
    assert (table.loc[20, "coverage"] >= 0.85).all() and (table.loc[20, "counted"] == 20).all()
    assert set(table["truth"]) == {OF_FOLDS, OF_ALL} and (table.loc[10, "counted"] == 0).all()


def test_planted_heads_learn_what_people_choose_and_keep_the_best_validation_step():
    rng = np.random.default_rng(0)
    taste = rng.normal(size=12)
    world = asked(rng, taste, np.full(60, 8))
    part = np.where(world.unit < 40, CODE["train"], np.where(world.unit < 50, CODE["validation"], CODE["test"]))
    head = trained_heads(np.zeros(12), world.pairs, part[None])[0]
    fresh = asked(rng, taste, np.ones(4000, int)).pairs
    assert (fresh @ head > 0).mean() > 0.8


def test_a_world_has_outcomes_of_everybody():
    outcomes, truth = pooled_world(np.random.default_rng(1), 20)
    assert len(outcomes.units) == 20 and outcomes.folds == 5 and truth[OF_ALL][0] > 0.5
