"""A run under another ruler: noise of the global model that looks like taste, and what stays as it is."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from scpo.errors import InputError
from scpo.judging import beside
from scpo.metrics.accuracy import MEAN, ResampledOutcomes, accuracy_table, metric_records
from scpo.metrics.bias import bias_table
from scpo.metrics.frontier import HeldOutMargins, edge_table, frontier_table
from scpo.metrics.outcomes import count_outcomes
from scpo.metrics.paired import paired_table
from scpo.rulers import agreement, compared, rulers_of, under
from scpo.runs import Result
from scpo.runs.judges import UNSCORED, Judge
from scpo.runs.outcomes import RunOutcomes
from scpo.text.judges import with_judges


def planted(seed, people=60, each=20):
    """Margins on chosen answers: a common taste, that is against every fifth choice; a global model and a second one,
    each the common taste with errors of its own. `full` is the same with other errors: it learned nothing of this
    country. `scpo` is the global model with the country's own taste learned on half of the pairs that it is against."""
    rng = np.random.default_rng(seed)
    n = people * each
    common = np.abs(rng.normal(1, 0.5, n)) * np.where(rng.random(n) < 0.2, -1, 1)
    base, second, redrawn = (common + rng.normal(0, 1.2, n) for _ in range(3))
    learned = np.where((common < 0) & (rng.random(n) < 0.5), 2.0, base)
    return np.arange(n) % people, base, second, {"full": redrawn, "scpo": learned}


def run_of(names="AB"):
    """A run with the tables that a ruler changes, its outcomes, and its margins."""
    outcomes, rulings, held = {}, {}, []
    for seed, name in enumerate(names):
        unit, base, second, own = planted(seed)
        heads = pd.DataFrame({"method": [*own, "global"], "seed": 0, "level": 0, "pairs": [99, 99, 0]})
        heads = heads.assign(trained=heads["pairs"], step=1)
        outcomes[name] = count_outcomes(name, heads, np.stack([*own.values(), base]), base, unit)
        rulings[name] = np.sign(second).astype(np.int8)
        held.append(HeldOutMargins(name, unit, np.float32(base), np.float32([*own.values()]), np.array([*own])))
    resampled = ResampledOutcomes(list(outcomes.values()), False)
    frontier = frontier_table(held)
    tables = {
        "accuracy": accuracy_table(resampled),
        "paired": paired_table(resampled),
        "bias": bias_table(resampled, None),
        "frontier": frontier,
        "edge": edge_table(held, frontier, False),
        "path": pd.DataFrame({"method": ["full"]}),
        "curve": pd.DataFrame({"method": ["full"]}),
    }
    card = {"unit": "user", "dataset": "file", "content_hash": "x", "countries": list(names)}
    result = Result(SimpleNamespace(name="planted"), None, card, metric_records("file", resampled), tables)
    said = RunOutcomes(outcomes, dict.fromkeys(names, ""), {"second": rulings})
    return result, said, held


@pytest.fixture(scope="module")
def run():
    return run_of()


@pytest.fixture(scope="module")
def again(run):
    return under(*run, "second")[0]


def mean_of(result, method, subset):
    table = result.tables["accuracy"].set_index(["country", "method", "subset"])
    return table.loc[(MEAN, method, subset)]


def test_noise_of_the_global_model_looks_like_taste_learned_until_another_model_rules(run, again):
    """`full` learned nothing, and is right on 40 % and more of what the global model gets wrong; by another ruler it
    gains nothing, while `scpo` gains on what the common taste is against."""
    assert mean_of(run[0], "full", "distinct")["gain"] > 0.35 and mean_of(run[0], "full", "consensus")["gain"] < -0.1
    for subset in ("distinct", "consensus"):
        row = mean_of(again, "full", subset)
        assert abs(row["gain"]) < 0.04 and row["gain_low"] < 0 < row["gain_high"]
    learned = mean_of(again, "scpo", "distinct")
    assert learned["gain_low"] > 0.1
    assert (
        0.2 < mean_of(again, "global", "distinct")["accuracy"] < mean_of(again, "global", "consensus")["accuracy"] < 1
    )


def test_what_is_of_all_pairs_stays_as_it_is(run, again):
    for name in ("accuracy", "paired"):
        old, new = (r.tables[name][lambda t: t["subset"] == "full"] for r in (run[0], again))
        pd.testing.assert_frame_equal(old, new)
    rest = [r.tables["bias"][lambda t: t["measure"].isin(["gap", "worst country"])] for r in (run[0], again)]
    pd.testing.assert_frame_equal(*rest)
    assert list(again.tables["bias"].columns) == list(run[0].tables["bias"].columns)
    assert again.tables["curve"] is run[0].tables["curve"] and not len(again.tables["path"])


def test_every_table_says_the_same_of_the_ruled_pairs(again):
    kept = again.tables["bias"].set_index(["method", "measure"]).loc[("scpo", "consensus retention")]
    assert kept["value"] == mean_of(again, "scpo", "consensus")["accuracy"] and kept["n"] > 1000
    step = again.tables["frontier"].query("country == 'mean' and method == 'scpo' and step == 1").iloc[0]
    assert step["consensus"] == pytest.approx(kept["value"], abs=1e-6)
    start = again.tables["frontier"].query("country == 'mean' and step == 0").iloc[0]
    assert start["consensus"] == pytest.approx(mean_of(again, "global", "consensus")["accuracy"], abs=1e-6)
    seeds = again.metrics.query("method == 'scpo' and subset == 'consensus'")["accuracy"].mean()
    assert seeds == pytest.approx(kept["value"], abs=1e-6)
    gap = again.tables["paired"].query("country == 'mean' and subset == 'distinct' and method == 'scpo'")
    gap = gap.set_index("against").loc["full", "difference"]
    assert gap == pytest.approx(
        mean_of(again, "scpo", "distinct")["accuracy"] - mean_of(again, "full", "distinct")["accuracy"], abs=1e-6
    )


def test_the_usual_ruler_is_the_run_itself(run):
    result, beside = under(*run, "global")
    assert result is run[0] and beside == []
    table = compared(run[0], run[1])
    usual = table[table["ruler"] == "global"].set_index(["method", "measure"])
    for row in run[0].tables["bias"].itertuples():
        if row.measure in ("consensus retention", "distinct accuracy"):
            assert usual.loc[(row.method, row.measure), "value"] == row.value


def test_a_country_that_cannot_be_read_has_no_numbers_under_any_ruler(run):
    result, _ = under(*run, "second", unread=["B"])
    rows = result.tables["accuracy"].query("country == 'B'")
    assert len(rows) and rows["accuracy"].isna().all() and (rows["n"] == 0).all()


def test_a_ruler_that_the_run_does_not_have_is_refused_with_those_that_it_has(run):
    with pytest.raises(InputError, match="no ruler 'pooled'; it has global, second"):
        under(*run, "pooled")


def test_the_model_of_all_countries_rules_by_most_of_its_seeds(run):
    """Its seeds differ from the global model on every third pair; of two of three seeds that agree, these count."""
    outcomes = {}
    for name, o in run[1].outcomes.items():
        flipped = np.where(np.arange(len(o.each.known)) % 3 == 0, -1, 1).astype(np.int8) * o.each.known
        heads = pd.concat([o.heads, pd.DataFrame({"method": ["pooled"] * 3, "seed": range(3)})], ignore_index=True)
        signs = np.vstack([o.each.signs, flipped, flipped, o.each.known])
        outcomes[name] = replace(o, heads=heads, each=replace(o.each, signs=signs))
    said = RunOutcomes(outcomes, run[1].test)
    assert agreement(said, rulers_of(said)["pooled"]) == pytest.approx(2 / 3)


def judge_of(run, scored):
    """A judge whose scores are the country's own taste, of this share of the pairs."""
    rng = np.random.default_rng(5)
    signs = {}
    for name, o in run[1].outcomes.items():
        said = np.where(rng.random(len(o.each.known)) < 0.9, 1, -1)
        signs[name] = np.where(rng.random(len(said)) < scored, said, UNSCORED).astype(np.int8)
    return Judge({"name": "J"}, {name: pd.DataFrame() for name in ("accuracy", "paired", "bias")}, signs)


def test_a_judge_of_the_run_may_rule_and_pairs_without_scores_are_in_neither_part(run):
    judge = judge_of(run, 0.5)
    ruler = rulers_of(run[1], [judge])["brought: J"]
    assert all(((said == 0) == (judge.signs[name] == UNSCORED)).all() for name, said in ruler.items())
    parts = compared(run[0], run[1], [judge]).query("ruler == 'brought: J' and method == 'full'").set_index("measure")
    scored = sum(int((of != UNSCORED).sum()) for of in judge.signs.values())
    assert parts["n"].sum() == scored
    older = replace(judge, signs={})
    assert "brought: J" not in rulers_of(run[1], [older])


def test_a_judge_beside_the_run_is_read_again_with_it(run):
    judge = judge_of(run, 1.0)
    read = beside(run[1].outcomes, judge.signs, judge.method, False)
    tables = {"accuracy": accuracy_table(read), "paired": paired_table(read, (judge.method,))}
    judge = replace(judge, tables=tables | {"bias": bias_table(read, None)})
    new, (same,) = under(*run, "second", [judge])
    every = with_judges(new, [same])
    for subset, n in (("distinct", None), ("consensus", None), ("full", 2400)):
        mine, base = (mean_of(every, method, subset) for method in ("brought: J", "global"))
        assert mine["n"] == base["n"] and (n is None or n == mine["n"])
    before = mean_of(with_judges(run[0], [judge]), "brought: J", "full")
    assert mean_of(every, "brought: J", "full")["accuracy"] == before["accuracy"]
    assert mean_of(every, "brought: J", "distinct")["accuracy"] > 0.8
    (older,) = under(*run, "second", [replace(judge, signs={})])[1]
    assert set(older.tables["accuracy"]["subset"]) == {"full"}
    assert set(older.tables["bias"]["measure"]) == {"gap", "worst country"}
