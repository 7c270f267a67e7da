"""Measures against hand-worked numbers and against scipy."""

import numpy as np
import pandas as pd
import pytest
import scipy.optimize
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scpo.errors import ScpoError
from scpo.metrics import intervals
from scpo.metrics.accuracy import MEAN, ResampledOutcomes, accuracy_table, curve_table, metric_records
from scpo.metrics.bias import bias_table, transfer_table
from scpo.metrics.efficiency import efficiency_ratio, efficiency_table, monotone, pairs_to_reach
from scpo.metrics.intervals import accuracy_draws, fieller, gap_and_lowest, interval, resample_units
from scpo.metrics.outcomes import count_outcomes, effective_units, size_of

from fakes import tried


def heads(*rows):
    return pd.DataFrame(rows, columns=["method", "seed", "level", "pairs", "trained", "step"])


def country(name="A", seed=0, users=30, methods=("global", "full", "scpo")):
    """Random outcomes of one country: two budgets for trained methods, two seeds."""
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(users), rng.integers(3, 12, users))
    known = rng.normal(0.3, 1, len(unit))
    rows, margins = [("global", 0, 0, 0, 0, 0)], [known]
    for method in methods[1:]:
        for s in range(2):
            for budget_index, pairs in enumerate((50, 200)):
                rows.append((method, s, budget_index, pairs, pairs if method == "full" else pairs // 2, 10))
                margins.append(known + rng.normal(0.1, 0.4 + budget_index, len(unit)))
    return count_outcomes(name, heads(*rows), np.array(margins), known, unit)


def test_ties_count_as_wrong_and_are_counted():
    """Two users: margins (1, 0) and (-1, 2); the global model is wrong on the last pair of each."""
    known = np.array([1.0, -1.0, 2.0, -0.5])
    result = count_outcomes(
        "A", heads(("full", 0, 0, 4, 4, 1)), np.array([[1.0, 0.0, -1.0, 2.0]]), known, np.array([5, 5, 9, 9])
    )
    assert result.accuracy().tolist() == [[0.5, 0.5, 0.5]]
    assert result.ties.tolist() == [[1, 1, 0]]
    assert result.wins[0, 0].tolist() == [1, 1] and result.counts.tolist() == [[2, 2], [1, 1], [1, 1]]


def test_the_global_model_keeps_all_consensus_and_no_distinct_pair_by_construction():
    result = country()
    assert result.accuracy()[0, 1:].tolist() == [0.0, 1.0]


def test_an_empty_subset_is_nan_not_zero():
    result = count_outcomes("A", heads(("full", 0, 0, 1, 1, 1)), np.array([[1.0]]), np.array([1.0]), np.array([0]))
    assert np.isnan(result.accuracy()[0, 1])


def test_a_nan_margin_is_an_error():
    with pytest.raises(ScpoError, match="training diverged"):
        count_outcomes("A", heads(("full", 0, 0, 1, 1, 1)), np.array([[np.nan]]), np.array([1.0]), np.array([0]))


def test_intervals_agree_with_scipys_bootstrap_over_people():
    result = country(users=60)
    (drawn,) = resample_units([result], shared=False)
    low, high = interval(accuracy_draws(result, drawn))
    for head in (0, 3, 7):
        sample = (result.wins[head, 0], result.counts[0])
        theirs = scipy.stats.bootstrap(
            sample,
            lambda w, c, axis=-1: w.sum(axis) / c.sum(axis),
            paired=True,
            method="BCa",
            n_resamples=4000,
            rng=np.random.default_rng(0),
        ).confidence_interval
        assert (low[head, 0], high[head, 0]) == pytest.approx((theirs.low, theirs.high), abs=0.012)


def test_too_few_people_get_no_interval():
    draws = np.ones((2, 50))
    low, high = interval(draws, np.array([intervals.FEWEST_UNITS - 1, intervals.FEWEST_UNITS]))
    assert np.isnan(low[0]) and np.isnan(high[0]) and low[1] == high[1] == 1


def test_shared_questions_are_resampled_together_and_people_apart():
    first, second = country("A", seed=1), country("B", seed=1)
    together = resample_units([first, second], shared=True)
    apart = resample_units([first, second], shared=False)
    assert np.array_equal(*together) and not np.array_equal(*apart)
    assert (together[0].sum(1) == len(first.units) - 1).all()


def test_the_variance_of_draws_is_that_of_a_mean_also_of_few_people():
    """With one pair per person accuracy is a mean; its textbook variance is s^2 / n."""
    right = np.array([1, 0, 1, 1, 0, 1])
    margins = np.stack([right - 0.5, 0.5 - right])
    result = count_outcomes(
        "A", heads(("global", 0, 0, 0, 0, 0), ("full", 0, 0, 9, 9, 1)), margins, margins[0], np.arange(6)
    )
    (drawn,) = resample_units([result], shared=False)
    spread = accuracy_draws(result, drawn)[:, 0].var(1)
    expected = result.wins[:, 0].var(1, ddof=1) / 6
    assert spread == pytest.approx(expected, rel=0.1) and expected.max() > 0


def test_the_interval_of_few_people_is_as_wide_as_students():
    """Of draws that are normal, as those of a mean of n normal numbers are: mean +- t(n - 1) s / sqrt(n)."""
    draws = scipy.stats.norm.ppf(np.linspace(0, 1, 20_003)[1:-1])
    for units in (10, 12, 30):
        low, high = interval(draws[None], np.array([units]))
        half = scipy.stats.t.ppf(0.975, units - 1)
        assert high[0] == pytest.approx(half, rel=0.02) and low[0] == pytest.approx(-half, rel=0.02)
    assert interval(draws)[1] == pytest.approx(scipy.stats.norm.ppf(0.975), rel=0.001)


def test_skewed_draws_get_the_interval_of_scipys_bca_and_few_units_make_the_skewness_count_less():
    """Shares near 100 %, of many people: both ends move down, as far as BCa moves them."""
    rng = np.random.default_rng(2)
    share, drawn = rng.beta(8, 0.6, 60), resample_units([country(users=60)], shared=False)[0]
    draws = drawn @ share / drawn.sum(1)
    theirs = scipy.stats.bootstrap((share,), np.mean, method="BCa", rng=np.random.default_rng(0))
    straight = interval(draws, skewed=False)
    for end, (ours, plain) in enumerate(zip(interval(draws), straight, strict=True)):
        assert ours < plain and ours == pytest.approx(theirs.confidence_interval[end], abs=0.006)
    assert straight[0] > interval(draws, None, 1000)[0] > interval(draws)[0] - 0.003
    few, many = (interval(draws, 60, alike, skewed=False) for alike in (8, 60))
    assert few[0] < many[0] and few[1] > many[1]  # the fewer alike ones they are worth, the wider


def test_people_who_left_most_pairs_count_as_fewer():
    """Ten people with 4 pairs each are worth ten; with 31 and nine times 1: 40^2 / (31^2 + 9) = 1.65."""
    assert effective_units(np.full((2, 10), 4)).tolist() == [10, 10]
    assert effective_units(np.array([31] + 9 * [1])) == pytest.approx(1600 / 970)
    assert effective_units(np.zeros(3)) == 0


def test_a_question_that_two_countries_answered_is_one_unit_and_people_are_many():
    parts = [country("A", seed=1), country("B", seed=1)]
    assert size_of(parts, 0, True)[1:] == size_of(parts[:1], 0, True)[1:]
    assert size_of(parts, 0, False).units == 2 * size_of(parts[:1], 0, False).units
    assert size_of(parts, 0, True).pairs == size_of(parts, 0, False).pairs


def test_the_gap_of_countries_that_are_alike_may_be_0_and_that_of_others_may_not():
    rng, noise = np.random.default_rng(0), np.random.default_rng(1).normal(0, 0.02, (6, 2000))
    alike, apart = rng.normal(0.6, 0.02, 6), np.array([0.4, 0.6, 0.61, 0.62, 0.63, 0.64])
    for values in (alike, apart):
        (low, high), (least, most) = gap_and_lowest(values, values[:, None] + noise, [50] * 6, [1e6] * 6)
        assert low <= np.ptp(values) <= high and least <= values.min() <= most
        assert (low == 0) == (values is alike)
    percentile = np.quantile(np.ptp(alike[:, None] + noise, axis=0), 0.025)
    assert percentile > 0  # which is why it is not used
    assert np.isnan(gap_and_lowest(alike, alike[:, None] + noise, [50] * 5 + [7], [50] * 6)).all()


def test_tukeys_range_is_as_wide_as_scipys_studentised_range():
    """Of countries with equal errors a gap of g has the interval g +- q s / sqrt(2), q by scipy."""
    values, noise = np.array([0.4, 0.5, 0.7]), np.random.default_rng(0).normal(0, 0.03, (3, 40_000))
    (low, high), _ = gap_and_lowest(values, values[:, None] + noise, [99] * 3, [1e9] * 3)
    half = scipy.stats.studentized_range.ppf(0.95, 3, 1e6) * 0.03
    assert (low, high) == pytest.approx((0.3 - half, 0.3 + half), abs=0.003)


def test_fiellers_interval_by_hand_and_none_where_the_whole_may_be_nothing():
    """Part 2 +- 0.1 and whole 4 +- 0.2, independent, 2 errors: (8 +- sqrt(64 - 15.84 x 3.96)) / 15.84."""
    rng = np.random.default_rng(0)
    draws = scipy.stats.norm.ppf(np.linspace(0, 1, 20_001)[1:-1])
    part, whole = 2 + 0.1 * rng.permutation(draws), 4 + 0.2 * rng.permutation(draws)
    half = np.sqrt(64 - 15.84 * 3.96)
    assert fieller(2, 4, part, whole, 2) == pytest.approx(((8 - half) / 15.84, (8 + half) / 15.84), abs=0.002)
    assert np.isnan(fieller(2, 4, part, 4 + 2.1 * draws, 2)).all() and np.isnan(fieller(2, -4, part, -whole, 2)).all()


@given(hnp.arrays(np.float64, st.integers(1, 8), elements=st.floats(0, 1)))
def test_monotone_equals_scipys_isotonic_regression(accuracy):
    assert monotone(accuracy) == pytest.approx(scipy.optimize.isotonic_regression(accuracy).x, abs=1e-9)


def test_pairs_to_reach_is_read_between_budgets_on_a_log_axis():
    """From 0.6 at 100 to 0.8 at 400: 0.7 lies halfway, at the geometric mean 200."""
    pairs, accuracy = np.array([100.0, 400.0]), np.array([0.6, 0.8])
    assert pairs_to_reach(pairs, accuracy, np.array(0.7)) == pytest.approx(200)
    assert pairs_to_reach(pairs, accuracy, np.array(0.5)) == pytest.approx(100)
    assert np.isnan(pairs_to_reach(pairs, accuracy, np.array(0.9)))


def test_efficiency_ratio_of_a_method_that_needs_half_is_two():
    pairs = np.array([100.0, 200.0, 400.0])
    found = efficiency_ratio(pairs, np.array([0.5, 0.6, 0.7]), pairs / 2, np.array([0.5, 0.6, 0.7]))
    assert found["ratio"] == pytest.approx(2) and found["target"] == pytest.approx(0.7)


def test_not_reached_is_said():
    worse = country(users=60)
    worse.wins[worse.heads["method"] == "scpo"] = 0
    worse.wins[worse.heads["method"] == "full"] = worse.counts
    table = efficiency_table(ResampledOutcomes([worse], shared_units=False))
    row = table[(table["method"] == "scpo") & (table["country"] == "A")].iloc[0]
    assert not row["reached"] and np.isnan(row["ratio"]) and row["note"] == "not reached"


def test_gains_are_paired_and_the_global_models_gain_is_exactly_zero():
    table = accuracy_table(ResampledOutcomes([country("A"), country("B", seed=3)], shared_units=False))
    base = table[table["method"] == "global"]
    assert (base[["gain", "gain_low", "gain_high"]].fillna(0) == 0).all().all()
    full = table[(table["method"] == "full") & (table["subset"] == "full")].set_index("country")
    assert full.loc[MEAN, "accuracy"] == pytest.approx(full.loc[["A", "B"], "accuracy"].mean())
    assert full.loc[MEAN, "n"] == full.loc[["A", "B"], "n"].sum()
    width = full["high"] - full["low"]
    assert (width > 0).all() and (full["gain_high"] - full["gain_low"] > 0).all()


def test_metric_records_have_a_row_per_head_and_subset():
    resampled = ResampledOutcomes([country("A"), country("B", seed=3)], shared_units=False)
    records = metric_records("demo", resampled)
    assert len(records) == 2 * 9 * 3
    one = records[(records["country"] == "A") & (records["method"] == "full")].iloc[0]
    assert one["low"] <= one["accuracy"] <= one["high"] and one["n"] > 0


def test_curves_carry_both_readings_of_pairs():
    table = curve_table(ResampledOutcomes([country("A")], shared_units=False))
    scpo = table[(table["method"] == "scpo") & (table["country"] == "A")]
    assert scpo["pairs"].tolist() == [50, 200] and scpo["trained"].tolist() == [25, 100]


def test_bias_names_the_worst_country_and_the_gap():
    good, bad = country("Good", seed=1), country("Bad", seed=2)
    bad.wins[:, 0] *= 0.5
    table = bias_table(ResampledOutcomes([good, bad], shared_units=False), None)
    full = table[table["method"] == "full"].set_index("measure")
    assert full.loc["worst country", "country"] == "Bad"
    gap = (
        accuracy_table(ResampledOutcomes([good, bad], False))
        .query("method == 'full' and subset == 'full'")
        .set_index("country")
    )
    assert full.loc["gap", "value"] == pytest.approx(gap.loc["Good", "accuracy"] - gap.loc["Bad", "accuracy"])


def test_gap_and_worst_country_agree_with_fairlearn():
    """Its groups are our countries: every pair one prediction, right if the chosen answer has the higher reward."""
    from fairlearn.metrics import MetricFrame

    rng, countries, right, names = np.random.default_rng(9), [], [], []
    for name, users in zip("ABCD", (9, 14, 30, 22), strict=True):
        unit = np.repeat(np.arange(users), rng.integers(3, 12, users))
        margins = rng.normal(rng.uniform(-0.3, 0.6), 1, (2, len(unit)))
        countries.append(
            count_outcomes(name, heads(("global", 0, 0, 0, 0, 0), ("scpo", 0, 0, 9, 9, 1)), margins, margins[0], unit)
        )
        right.append(margins[1] > 0)
        names += [name] * len(unit)
    frame = MetricFrame(
        metrics=lambda truth, said: float(np.mean(truth == said)),
        y_true=np.ones(len(names), bool),
        y_pred=np.concatenate(right),
        sensitive_features=names,
    )
    table = bias_table(ResampledOutcomes(countries, shared_units=False), None)
    ours = table[table["method"] == "scpo"].set_index("measure")
    assert ours.loc["gap", "value"] == pytest.approx(frame.difference(method="between_groups"))
    assert ours.loc["worst country", "value"] == pytest.approx(frame.group_min())
    assert ours.loc["worst country", "country"] == frame.by_group.idxmin()


def test_transfer_is_the_mean_over_seeds():
    result = country("A")
    table = transfer_table({("A", "B"): result})
    full = table[table["method"] == "full"].iloc[0]
    assert full["accuracy"] == pytest.approx(result.accuracy()[result.heads["method"] == "full", 0].mean())
    assert (full["model"], full["on"], full["n"]) == ("A", "B", result.counts[0].sum())


@given(
    st.integers(1, 4), st.lists(st.tuples(st.integers(0, 5), st.integers(-2, 2)), min_size=1, max_size=20), st.data()
)
def test_counts_per_unit_are_those_of_a_loop_over_pairs(models, pairs, data):
    unit, known = (np.array(column) for column in zip(*pairs, strict=True))
    margins = np.array(
        data.draw(
            st.lists(
                st.lists(st.integers(-2, 2), min_size=len(pairs), max_size=len(pairs)), min_size=models, max_size=models
            )
        ),
        float,
    )
    said = count_outcomes(
        "A", heads(*[("full", k, 0, 1, 1, 1) for k in range(models)]), margins, known.astype(float), unit
    )
    for place, (name, part) in enumerate({"full": known > -9, "distinct": known < 0, "consensus": known > 0}.items()):
        for at, u in enumerate(said.units):
            here = [i for i in range(len(pairs)) if unit[i] == u and part[i]]
            assert said.counts[place, at] == len(here), name
            for k in range(models):
                assert said.wins[k, place, at] == sum(margins[k, i] > 0 for i in here), name
    assert (said.counts[1] + said.counts[2] <= said.counts[0]).all() and said.counts[0].sum() == len(pairs)


@given(
    hnp.arrays(np.float64, st.tuples(st.integers(1, 3), st.integers(2, 60)), elements=st.floats(0, 1)),
    st.integers(1, 200),
)
def test_an_interval_lies_among_its_draws_and_few_people_have_none(draws, units):
    low, high = interval(draws, units)
    if units < intervals.FEWEST_UNITS:
        assert np.isnan(low).all() and np.isnan(high).all()
        return
    assert (draws.min(-1) <= low).all() and (low <= high).all() and (high <= draws.max(-1)).all()
    many = interval(draws)
    assert (low <= many[0] + 1e-12).all() and (many[1] <= high + 1e-12).all()


@tried(15)
@given(st.integers(5, 40), st.integers(0, 99))
def test_every_resample_draws_one_unit_fewer_than_there_are_and_the_same_again(users, seed):
    said = country(users=users, seed=seed)
    (drawn,), (again,) = (resample_units([said], shared=False) for _ in range(2))
    assert (drawn.sum(1) == users - 1).all() and np.array_equal(drawn, again)
    accuracy = accuracy_draws(said, drawn)
    assert ((accuracy >= 0) & (accuracy <= 1) | np.isnan(accuracy)).all()


@given(hnp.arrays(np.float64, st.integers(2, 7), elements=st.floats(0, 1)), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_target_needs_no_fewer_pairs(accuracy, a, b):
    pairs, curve = np.geomspace(10, 1000, len(accuracy)), monotone(accuracy)
    low, high = (float(pairs_to_reach(pairs, curve, np.array(target))) for target in sorted((a, b)))
    assert np.isnan(high) or low <= high * (1 + 1e-12)
    assert np.isnan(low) or pairs[0] * (1 - 1e-12) <= low <= pairs[-1] * (1 + 1e-12)
