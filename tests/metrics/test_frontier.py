"""The frontier: counts by hand, its slow twin, the ends that are known, and who is on the edge."""

import numpy as np
import pandas as pd
import pytest

from scpo.metrics.accuracy import MEAN
from scpo.metrics.frontier import HeldOutMargins, edge_table, frontier_table, on_edge
from scpo.metrics.outcomes import SUBSETS
from scpo.metrics.rewards import STEPS, steered


def part(own, base, country="A", people=10):
    """Margins of methods: name -> (seeds, n)."""
    method = np.array([name for name, margins in own.items() for _ in margins])
    unit = np.arange(len(base)) % people
    return HeldOutMargins(country, unit, np.float32(base), np.float32(np.concatenate(list(own.values()))), method)


def planted(rng, country="A", people=60, each=12):
    """`wise` moves to the truth on every pair that the global model gets wrong, `rash` anywhere: steps cost it more."""
    n = people * each
    base = rng.normal(0.4, 1, n)
    wise = base + np.where(base < 0, rng.normal(1, 1, n), rng.normal(0.2, 0.5, n))
    rash = base + rng.normal(0, 2, n)
    return part({"shared": [wise], "full": [rash]}, base, country, people)


def test_by_hand():
    """Of pairs -1, 1, 2, steered to 1, -1, 2: at 0.5 both margins are 0, and a tie is wrong; at 1 they are turned."""
    table = frontier_table([part({"full": [[1, -1, 2]]}, [-1, 1, 2])], (0.0, 0.5, 1.0)).query("country == 'A'")
    assert table["accuracy"].tolist() == pytest.approx([2 / 3, 1 / 3, 2 / 3])
    assert table["consensus"].tolist() == [1, 0.5, 0.5] and table["distinct"].tolist() == [0, 0, 1]
    assert table["n"].tolist() == [3, 3, 3]


def test_it_is_what_counting_pair_by_pair_gives():
    rng = np.random.default_rng(1)
    parts = [
        part({"full": rng.normal(size=(3, 50)), "scpo": rng.normal(size=(2, 50))}, rng.normal(size=50), c) for c in "AB"
    ]
    table = frontier_table(parts).set_index(["country", "method", "step"]).sort_index()
    for each in parts:
        for method in ("full", "scpo"):
            for step in STEPS:
                shares = []
                for own in each.own[each.method == method]:
                    right = [(steered(b, o, step) > 0, b > 0) for b, o in zip(each.base, own, strict=True)]
                    kept = [r for r, agreed in right if agreed]
                    shares.append((np.mean([r for r, _ in right]), np.mean(kept)))
                wanted = np.mean(shares, 0)
                assert table.loc[(each.country, method, step), ["accuracy", "consensus"]].tolist() == pytest.approx(
                    wanted
                )
    mean = table.loc[["A", "B"]].groupby(["method", "step"])["accuracy"].mean()
    assert table.loc[MEAN, "accuracy"].sort_index().tolist() == pytest.approx(mean.sort_index().tolist())


def test_every_curve_begins_at_the_global_model():
    start = frontier_table([planted(np.random.default_rng(0))]).query("step == 0 and country == 'A'")
    assert (start["consensus"] == 1).all() and (start["distinct"] == 0).all() and start["accuracy"].nunique() == 1


def test_the_edge_by_hand():
    """(2, 2) beats (1, 1) and (2, 1); (1, 3) is ahead of it in one; two equal points leave each other on the edge."""
    accuracy, consensus = np.array([1, 2, 2, 1, 2.0]), np.array([1, 2, 1, 3, 2.0])
    assert on_edge(accuracy, consensus).tolist() == [False, True, False, True, True]


def test_the_method_that_is_planted_to_be_better_is_the_edge_and_the_other_behind_it_by_more_than_chance():
    parts = [planted(np.random.default_rng(at), country) for at, country in enumerate("AB")]
    table = frontier_table(parts)
    edge = edge_table(parts, table, False).set_index("method")
    assert edge.loc["shared", "by"] in ("", "shared") and edge.loc["full", "by"] == "shared"
    row = edge.loc["full"]
    assert row["accuracy_low"] > 0 and row["consensus_low"] > 0
    values = table[table["country"] == MEAN].set_index(["method", "step"])
    for name in ("accuracy", "consensus"):
        difference = values.loc[("shared", row["step"]), name] - values.loc[("full", 1.0), name]
        assert row[name] == pytest.approx(difference) and row[f"{name}_low"] < difference < row[f"{name}_high"]


def test_two_methods_that_are_alike_leave_each_other_on_the_edge():
    rng = np.random.default_rng(2)
    base = rng.normal(0.5, 1, 400)
    own = base + 0.5  # every step is right more often, and loses nothing: further is better, so the last is ahead of 1
    edge = edge_table([p := part({"full": [own], "scpo": [own]}, base)], frontier_table([p], (0.0, 1.0)), False)
    assert edge["by"].tolist() == ["", ""] and edge["accuracy"].isna().all()


def test_a_country_without_a_kind_of_pair_has_none_and_the_mean_is_that_of_the_others():
    parts = [part({"full": [[1.0] * 12]}, [1.0] * 12, "A"), part({"full": [[1.0, -1.0] * 6]}, [-1.0, 1.0] * 6, "B")]
    table = frontier_table(parts, (0.0, 1.0)).set_index(["country", "step"])
    assert np.isnan(table.loc[("A", 1.0), "distinct"]) and table.loc[(MEAN, 1.0), "distinct"] == 1.0
    assert len(SUBSETS) == 3 and isinstance(edge_table(parts, table.reset_index(), False), pd.DataFrame)
