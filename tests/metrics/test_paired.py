"""Paired tests between methods: against slow twins, by hand, and by how often they err on planted data."""

import itertools

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from statsmodels.stats.multitest import multipletests

from scpo.metrics import paired
from scpo.metrics.accuracy import MEAN, ResampledOutcomes
from scpo.metrics.outcomes import count_outcomes
from scpo.metrics.paired import holm, paired_table

from fakes import tried

HEADS = ["method", "seed", "level", "pairs", "trained", "step"]


def outcomes(name, rng, better=0.0, users=12, first=0, pairs=6):
    """A country with global, full and scpo (two seeds each); scpo is right more often by `better`."""
    taste = np.repeat(rng.normal(0, 0.15, users), pairs)  # people differ, alike for both methods
    unit = np.repeat(np.arange(first, first + users), pairs)
    known = rng.normal(0.3, 1, len(unit))
    rows, margins = [("global", 0, 0, 0, 0, 0)], [known]
    for method, chance in (("full", 0.5), ("scpo", 0.5 + better)):
        for seed in (0, 1):
            rows.append((method, seed, 0, 50, 50, 10))
            margins.append(np.where(rng.random(len(unit)) < chance + taste, 1.0, -1.0))
    return count_outcomes(name, pd.DataFrame(rows, columns=HEADS), np.array(margins), known, unit)


def row_of(table, **wanted):
    mask = np.logical_and.reduce([table[name] == value for name, value in wanted.items()])
    assert mask.sum() == 1
    return table[mask].iloc[0]


def slow_p(wins_a, wins_b, counts):
    """Every way to swap the methods within people, one by one."""
    gap = (wins_a - wins_b) / counts.sum()
    seen = [abs(np.dot(signs, gap)) for signs in itertools.product((-1, 1), repeat=len(gap))]
    return np.mean(np.array(seen) >= abs(gap.sum()) - 1e-9)


def test_p_agrees_with_every_swap_worked_one_by_one():
    country = outcomes("A", np.random.default_rng(3), 0.15)
    row = row_of(
        paired_table(ResampledOutcomes([country], False)), country="A", subset="full", method="scpo", against="full"
    )
    wins = country.wins[:, 0]
    assert row["p"] == pytest.approx(slow_p(wins[3:5].mean(0), wins[1:3].mean(0), country.counts[0]), abs=0.015)
    gap = (wins[3:5].mean(0) - wins[1:3].mean(0)).sum() / country.counts[0].sum()
    assert row["difference"] == pytest.approx(gap) and row["low"] < gap < row["high"]


def test_p_agrees_with_scipys_permutation_test_of_people():
    country = outcomes("A", np.random.default_rng(6), 0.12)
    row = row_of(
        paired_table(ResampledOutcomes([country], False)), country="A", subset="full", method="scpo", against="full"
    )
    scpo, full = country.wins[3:5, 0].mean(0), country.wins[1:3, 0].mean(0)
    theirs = scipy.stats.permutation_test(
        (scpo, full),
        lambda a, b, axis=-1: (a - b).sum(axis),
        vectorized=True,
        permutation_type="samples",
        n_resamples=np.inf,
    )
    assert 0.001 < theirs.pvalue < 0.9 and row["p"] == pytest.approx(theirs.pvalue, abs=0.015)


def test_the_mean_over_countries_swaps_shared_questions_together():
    """Two countries with the same outcomes on shared questions tell no more than one of them."""
    one, again = (outcomes(name, np.random.default_rng(5), 0.1) for name in "AB")
    table = paired_table(ResampledOutcomes([one, again], shared_units=True))
    wanted = {"subset": "full", "method": "scpo", "against": "full"}
    assert row_of(table, country=MEAN, **wanted)["p"] == row_of(table, country="A", **wanted)["p"]
    apart = outcomes("B", np.random.default_rng(5), 0.1, first=12)
    table = paired_table(ResampledOutcomes([one, apart], shared_units=False))
    assert row_of(table, country=MEAN, **wanted)["p"] < row_of(table, country="A", **wanted)["p"]


def test_a_method_is_told_from_itself_by_nothing():
    country = outcomes("A", np.random.default_rng(0))
    country.wins[3:5] = country.wins[1:3]
    row = row_of(
        paired_table(ResampledOutcomes([country], False)), country="A", subset="full", method="scpo", against="full"
    )
    assert row["difference"] == 0 and row["p"] == 1 and row["unit_se"] == 0 and np.isnan(row["detectable"])


def test_both_directions_are_mirror_images():
    table = paired_table(ResampledOutcomes([outcomes("A", np.random.default_rng(1), 0.1)], False))
    there = row_of(table, country="A", subset="full", method="scpo", against="full")
    back = row_of(table, country="A", subset="full", method="full", against="scpo")
    assert there["difference"] == -back["difference"] and there["p"] == back["p"]
    assert there["low"] == pytest.approx(-back["high"]) and there["unit_se"] == pytest.approx(back["unit_se"])


def test_too_few_people_get_no_test():
    table = paired_table(ResampledOutcomes([outcomes("A", np.random.default_rng(1), users=4)], False))
    part = table[(table["country"] == "A") & (table["subset"] == "full")]
    assert part[["low", "high", "p", "p_holm", "detectable", "unit_se"]].isna().all(axis=None)
    assert part["difference"].notna().all()


def test_sources_of_variance_by_hand():
    """Seeds 0.5 and 1.0 of scpo against 0.5 and 0.5 of full: differences 0 and 0.5, standard deviation 0.354."""
    unit, known = np.repeat(np.arange(12), 2), np.ones(24)
    half, all_right = np.tile([1.0, -1.0], 12), np.ones(24)
    rows = [("global", 0), ("full", 0), ("full", 1), ("scpo", 0), ("scpo", 1)]
    heads = pd.DataFrame([(m, s, 0, 9, 9, 1) for m, s in rows], columns=HEADS)
    country = count_outcomes("A", heads, np.array([known, half, half, half, all_right]), known, unit)
    table = paired_table(ResampledOutcomes([country], False))
    row = row_of(table, country="A", subset="full", method="scpo", against="full")
    assert row["seed_sd"] == pytest.approx(np.sqrt(0.125)) and row["unit_se"] == pytest.approx(0, abs=1e-6)
    against_global = row_of(table, country="A", subset="full", method="scpo", against="global")
    assert against_global["seed_sd"] == pytest.approx(np.sqrt(0.125))


def test_the_detectable_difference_is_found_four_times_in_five():
    """Planted at the size that is said on average, with people drawn anew each time."""
    rng, wanted = np.random.default_rng(8), {"country": "A", "subset": "full", "method": "scpo", "against": "full"}

    def drawn(better):
        return row_of(paired_table(ResampledOutcomes([outcomes("A", rng, better, users=40)], False)), **wanted)

    size = np.mean([drawn(0.1)["detectable"] for _ in range(10)])
    assert 0.65 <= np.mean([drawn(size)["p"] < 0.05 for _ in range(60)]) <= 0.92


def test_the_test_errs_as_often_as_it_says(monkeypatch):
    """Two methods that are alike: p below 0.05 in 5 % of worlds, with few and unequal people."""
    monkeypatch.setattr(paired, "BLOCKS", 1)
    monkeypatch.setattr(paired, "SWAPS", paired.BLOCK)
    rng = np.random.default_rng(4)
    below = []
    for _ in range(400):
        users = 10
        gap = rng.normal(0, rng.uniform(0.5, 3, users)).round()[None, None]
        known = count_outcomes(
            "A",
            pd.DataFrame([("full", 0, 0, 1, 1, 1)], columns=HEADS),
            np.ones((1, 60)),
            np.ones(60),
            np.repeat(np.arange(users), 6),
        )
        resampled = ResampledOutcomes([known], False)
        below.append(paired.swap_test(resampled, {"A": np.repeat(gap, 3, axis=1)})["A"][0, 0] <= 0.05)
    assert 0.02 <= np.mean(below) <= 0.075


def test_holm_by_hand():
    """0.01 x 3, 0.02 x 2 and 0.04 x 1; then none below the one before."""
    assert holm(np.array([0.02, 0.01, np.nan, 0.04])).tolist()[:2] == [0.04, 0.03]
    assert holm(np.array([0.03, 0.03, 0.5])).tolist() == [0.09, 0.09, 0.5]
    assert np.isnan(holm(np.array([np.nan]))).all()


@tried(30)
@given(hnp.arrays(np.float64, st.integers(1, 12), elements=st.floats(0, 1)))
def test_holm_equals_statsmodels(p):
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])
