"""Budgets, pools and evaluation steps."""

import numpy as np
import pytest

from scpo.config import ExperimentConfig
from scpo.errors import ConfigError
from scpo.plan import budgets_for, eval_steps_for, people_for, plan_heads, rows_by_country

from fakes import tiny_preferences


@pytest.fixture
def data():
    return tiny_preferences()


def planned(data, **settings):
    config = ExperimentConfig(**settings)
    rows = rows_by_country(data, data.card.countries)
    margin = {c: np.linspace(-3, 3, len(data.pairs)) for c in rows}
    return rows, plan_heads(config, rows, margin, budgets_for(config, rows)), margin


def test_rows_of_a_country_are_its_own_and_no_unit_is_in_two_splits(data):
    rows = rows_by_country(data, data.card.countries)
    for country, part in rows.items():
        units = [set(data.pairs["unit"].to_numpy()[r]) for r in (part.train, part.validation, part.test)]
        assert not (units[0] & units[1] or units[0] & units[2] or units[1] & units[2])
        everything = np.concatenate([part.train, part.validation, part.test])
        assert (data.pairs["country"].iloc[everything] == country).all()
        assert len(everything) == (data.pairs["country"] == country).sum()


def test_a_budget_beyond_the_data_is_refused_by_name(data):
    rows = rows_by_country(data, data.card.countries)
    with pytest.raises(ConfigError, match=r"budgets \[100000\].*training pairs"):
        budgets_for(ExperimentConfig(budgets=(10, 100_000)), rows)


def test_automatic_budgets_rise_and_stay_below_the_smallest_country(data):
    rows = rows_by_country(data, data.card.countries)
    budgets = budgets_for(ExperimentConfig(), rows)
    assert list(budgets) == sorted(set(budgets)) and budgets[-1] < min(len(p.train) for p in rows.values())


def test_one_head_per_country_method_seed_and_budget(data):
    _, plan, _ = planned(data, methods=("global", "full", "scpo", "longer"), seeds=2, budgets=(5, 20))
    assert len(plan.table) == len(plan.pools) == 2 * 2 * 2 * 3
    assert set(plan.table["method"]) == {"full", "scpo"}


def test_heads_with_all_pairs_are_those_above_every_budget(data):
    rows, plan, _ = planned(data, methods=("full",), seeds=2, budgets=(5, 20))
    whole = [len(rows[country].train) for country in plan.table["country"]]
    assert list(plan.with_all_pairs()) == list(plan.table["pairs"] == whole)
    assert set(plan.table["country"][plan.with_all_pairs("Borealis")]) == {"Borealis"}
    assert plan.with_all_pairs("Borealis").sum() == 2


def test_budgets_are_nested_and_seeds_differ(data):
    _, plan, _ = planned(data, methods=("full",), seeds=2, budgets=(5, 20))
    one = plan.table[(plan.table["country"] == "Borealis") & (plan.table["seed"] == 0)].index
    small, middle, large = (set(plan.pools[i].rows) for i in one)
    assert len(small) == 5 and len(middle) == 20 and small < middle < large
    other = plan.table[(plan.table["country"] == "Borealis") & (plan.table["seed"] == 1)].index
    assert set(plan.pools[other[0]].rows) != small


def test_a_filtered_pool_keeps_only_pairs_under_tau_and_counts_them(data):
    _, plan, margin = planned(data, methods=("scpo",), seeds=1, budgets=())
    for row, pool in zip(plan.table.itertuples(), plan.pools, strict=True):
        m = margin[row.country][pool.rows]
        assert (1 / (1 + np.exp(-m)) < 0.7).all() and len(pool.rows) == row.trained <= row.pairs
        assert pool.weight == pytest.approx(np.minimum(np.exp(m / 1.1), 1))


def test_pooled_takes_the_budget_from_every_country(data):
    rows, plan, _ = planned(data, methods=("pooled",), seeds=1, budgets=(5,))
    assert plan.table["pairs"].tolist() == [10, sum(len(p.train) for p in rows.values())] * 2
    assert np.array_equal(plan.pools[0].rows, plan.pools[2].rows) and plan.pools[0].seed == plan.pools[2].seed


def test_no_training_pool_holds_a_held_out_pair(data):
    _, plan, _ = planned(data, seeds=1)
    split = data.split_of_pairs()
    assert all((split[pool.rows] == "train").all() for pool in plan.pools)


@pytest.mark.parametrize("steps", [1, 2, 7, 300, 5000])
def test_evaluation_steps_rise_to_the_last_step(steps):
    found = eval_steps_for(steps)
    assert found[-1] == steps and found[0] >= 1 and list(found) == sorted(set(found))


def test_people_are_drawn_whole_nested_and_beside_the_same_budgets(data):
    asked = {"methods": ("full", "pooled"), "seeds": 2, "budgets": (5, 20)}
    rows, without, _ = planned(data, **asked)
    _, plan, _ = planned(data, **asked, people=(3, 1))
    same = (plan.table["level"] >= 0).to_numpy()
    assert plan.table[same].reset_index(drop=True).equals(without.table)
    for k, other in zip(np.flatnonzero(same), without.pools, strict=True):
        assert np.array_equal(plan.pools[k].rows, other.rows) and plan.pools[k].seed == other.seed
    unit, country = data.pairs["unit"].to_numpy(), data.pairs["country"].to_numpy()
    drawn = {}
    for row, pool in zip(plan.table.itertuples(), plan.pools, strict=True):
        if row.level < 0:
            n = {-1: 1, -2: 3}[row.level]
            for name in rows if row.method == "pooled" else [row.country]:
                here = rows[name].train[np.isin(rows[name].train, pool.rows)]
                people = set(unit[here])
                assert len(people) == n and set(unit[country == name]) > people
                assert set(here) == set(rows[name].train[np.isin(rows[name].unit, list(people))])
                drawn[name, row.seed, n] = people
    assert all(drawn[name, seed, 1] < drawn[name, seed, 3] for name in rows for seed in (0, 1))
    assert any(drawn[name, 0, 1] != drawn[name, 1, 1] for name in rows)
    assert all(min(pool.seed) >= 0 for pool in plan.pools)  # which numpy's generators need


def test_more_people_than_a_country_has_are_refused_by_name(data):
    rows = rows_by_country(data, data.card.countries)
    fewest = min(len(np.unique(part.unit)) for part in rows.values())
    assert people_for(ExperimentConfig(people=(fewest, 1, 1)), rows) == (1, fewest)
    with pytest.raises(ConfigError, match=rf"people \[99\] are beyond the data: \w+ has {fewest} training people"):
        people_for(ExperimentConfig(people=(1, 99)), rows)
