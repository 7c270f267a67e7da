"""Budgets, pools and evaluation steps."""

import numpy as np
import pytest

from scpo.config import ExperimentConfig
from scpo.errors import ConfigError
from scpo.plan import budgets_for, eval_steps_for, plan_heads, rows_by_country

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
