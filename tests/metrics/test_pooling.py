"""Outcomes of folds as one: the same as counting everything at once, with a spread that is larger."""

import numpy as np
import pandas as pd
import pytest

from scpo.metrics.accuracy import FULL, ResampledOutcomes, accuracy_table
from scpo.metrics.bias import bias_table
from scpo.metrics.groups import group_tables
from scpo.metrics.intervals import FEWEST_OF_FOLDS
from scpo.metrics.outcomes import count_outcomes, fold_variance
from scpo.metrics.paired import paired_table
from scpo.metrics.pooling import fold_table, pool_outcomes

HEADS = pd.DataFrame({"method": ["global", "full"], "seed": 0, "level": 0, "pairs": [0, 40], "trained": 0, "step": 0})


def made(people=30, folds=5, seed=0):
    """Margins of two heads, the person of each pair, and the rows of each fold."""
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(people), rng.integers(1, 6, people))[rng.permutation(people * 2)[:people]]
    unit = np.sort(unit)
    margins = rng.normal(0.3, 1, (2, len(unit)))
    fold = rng.permutation(people)[unit] % folds
    return margins, unit, [np.flatnonzero(fold == f) for f in range(folds)]


def parts_of(margins, unit, rows, heads=HEADS):
    return [count_outcomes("A", heads, margins[:, r], margins[0, r], unit[r]) for r in rows]


def test_pooled_outcomes_are_those_of_all_pairs_counted_at_once():
    margins, unit, rows = made()
    pooled, once = (
        pool_outcomes(parts_of(margins, unit, rows), rows),
        parts_of(margins, unit, [np.arange(len(unit))])[0],
    )
    for name in ("units", "wins", "counts", "ties"):
        assert np.array_equal(getattr(pooled, name), getattr(once, name)), name
    for name in ("unit", "known", "signs"):
        assert np.array_equal(getattr(pooled.each, name), getattr(once.each, name)), name
    assert pooled.folds == 5 and once.folds == 0


def test_a_fold_without_pairs_of_a_country_changes_nothing():
    margins, unit, rows = made()
    empty = [*rows, np.empty(0, np.int64)]
    with_empty = pool_outcomes(parts_of(margins, unit, empty), empty)
    assert np.array_equal(with_empty.wins, pool_outcomes(parts_of(margins, unit, rows), rows).wins)


def test_numbers_of_heads_are_means_over_folds():
    margins, unit, rows = made(folds=2)
    parts = [parts_of(margins, unit, [r], HEADS.assign(pairs=[0, n]))[0] for r, n in zip(rows, (40, 45), strict=True)]
    assert pool_outcomes(parts, rows).heads["pairs"].tolist() == [0, 42]


def test_the_spread_of_folds_is_that_of_nadeau_and_bengio():
    assert fold_variance(0) == 1 and fold_variance(5) == 2.25 and fold_variance(2) == 3
    margins, unit, rows = made(people=200)
    pooled, once = (
        pool_outcomes(parts_of(margins, unit, rows), rows),
        parts_of(margins, unit, [np.arange(len(unit))])[0],
    )
    spread = [ResampledOutcomes([o], False).result("A", "full").draws[FULL].std() for o in (pooled, once)]
    assert spread[0] / spread[1] == pytest.approx(1.5, rel=0.1)


def test_a_difference_from_folds_is_tested_more_strictly():
    margins, unit, rows = made(people=60, seed=3)
    margins[1] += 0.3
    pooled, once = (
        pool_outcomes(parts_of(margins, unit, rows), rows),
        parts_of(margins, unit, [np.arange(len(unit))])[0],
    )
    p = [paired_table(ResampledOutcomes([o], False)).query("subset == 'full'")["p"].iloc[0] for o in (pooled, once)]
    assert p[0] > p[1]


def test_with_few_people_no_interval_of_folds_is_given():
    for people, told in ((FEWEST_OF_FOLDS - 1, False), (FEWEST_OF_FOLDS, True)):
        unit = np.repeat(np.arange(people), 3)
        margins = np.random.default_rng(0).normal(size=(2, len(unit)))
        rows = [np.flatnonzero(unit % 5 == f) for f in range(5)]
        resampled = ResampledOutcomes([pool_outcomes(parts_of(margins, unit, rows), rows)], False)
        table = accuracy_table(resampled)
        assert table.query("subset == 'full' and method == 'full'")["low"].notna().all() == told
        assert bias_table(resampled, None).query("measure == 'worst country'")["low"].notna().all() == told
        about = pd.DataFrame({"age": [["old", "young"][n % 2] for n in range(2 * people)]})  # of so many people each
        twice = np.concatenate([unit, unit + people])
        both = [np.flatnonzero(twice % 5 == f) for f in range(5)]
        halves = pool_outcomes(parts_of(np.tile(margins, 2), twice, both), both)
        groups, gaps = group_tables(ResampledOutcomes([halves], False), about)
        assert groups["units"].tolist() == [people] * 4
        assert groups["low"].notna().all() == told and (told or gaps["low"].isna().all())


def test_the_table_of_folds_adds_up_to_the_accuracy_of_all():
    margins, unit, rows = made()
    pooled = pool_outcomes(parts_of(margins, unit, rows), rows)
    fold = np.zeros(unit.max() + 1, np.int64)
    for number, r in enumerate(rows, start=1):
        fold[unit[r]] = number
    table = fold_table(ResampledOutcomes([pooled], False), fold).query("method == 'full'")
    assert (table["accuracy"] * table["n"]).sum() / table["n"].sum() == pytest.approx(pooled.accuracy()[1, FULL])
    assert table["n"].sum() == len(unit) and table["fold"].tolist() == [1, 2, 3, 4, 5]
