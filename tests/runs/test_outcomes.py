"""What a run keeps of its test outcomes, and differences between runs on the same pairs."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from scpo.errors import RunFolderError
from scpo.metrics.accuracy import MEAN, ResampledOutcomes, accuracy_table
from scpo.metrics.frontier import HeldOutMargins
from scpo.metrics.outcomes import count_outcomes
from scpo.runs.comparison import differences
from scpo.runs.outcomes import FILE, read_held_out, read_outcomes, write_outcomes

COLUMNS = ["method", "seed", "level", "pairs", "trained", "step"]


def country(name, seed, users=20):
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(users), 5)
    known = np.random.default_rng(0).normal(0.3, 1, len(unit))
    rows = [("global", 0, 0, 0, 0, 0)] + [
        ("scpo", s, budget_index, 9, 9, 1) for s in range(2) for budget_index in range(2)
    ]
    margins = [known] + [known + rng.normal(0, 1, len(unit)) for _ in rows[1:]]
    return count_outcomes(name, pd.DataFrame(rows, columns=COLUMNS), np.array(margins), known, unit)


def kept(folder, *seeds, names="AB", rows=None, users=20):
    folder.mkdir(exist_ok=True)
    resampled = ResampledOutcomes([country(name, seed, users) for name, seed in zip(names, seeds, strict=False)], True)
    rows = rows or {name: np.arange(100) for name in names}
    write_outcomes(folder, resampled, rows)
    return resampled, read_outcomes(folder)


def test_only_the_largest_budget_is_kept_and_reads_back(tmp_path):
    resampled, found = kept(tmp_path, 1, 2)
    assert list(found.outcomes) == ["A", "B"]
    for name, o in found.outcomes.items():
        assert o.heads.to_dict("list") == {"method": ["global", "scpo", "scpo"], "seed": [0, 0, 1], "pairs": [0, 9, 9]}
        assert np.array_equal(o.wins, resampled.outcomes[name].wins[[0, 2, 4]])
        assert np.array_equal(o.counts, resampled.outcomes[name].counts)


def test_a_run_differs_from_itself_by_nothing(tmp_path):
    _, found = kept(tmp_path, 1, 2)
    table = differences(found, found, ["scpo", "global", "full"], shared=True)
    assert list(table["country"].unique()) == [MEAN, "A", "B"] and set(table["method"]) == {"scpo", "global"}
    assert (table[["delta", "low", "high"]] == 0).all(axis=None)


def test_differences_are_those_of_the_accuracies_with_paired_intervals(tmp_path):
    one, base = kept(tmp_path / "a", 1, 2)
    two, other = kept(tmp_path / "b", 3, 4)
    table = differences(base, other, ["scpo"], shared=True).set_index("country")
    for name in ("A", "B", MEAN):
        values = [
            accuracy_table(m).set_index(["country", "method", "subset"]).loc[(name, "scpo", "full")] for m in (one, two)
        ]
        row = table.loc[name]
        assert row["base"] == pytest.approx(values[0]["accuracy"])
        assert row["delta"] == pytest.approx(values[1]["accuracy"] - values[0]["accuracy"], abs=1e-6)
        assert (row["n"], row["units"]) == (values[0]["n"], values[0]["units"])
    wins = [t.outcomes["A"].wins[1:, 0].mean(0) for t in (base, other)]
    theirs = scipy.stats.bootstrap(
        (wins[1] - wins[0], base.outcomes["A"].counts[0]),
        lambda g, n, axis=-1: g.sum(axis) / n.sum(axis),
        paired=True,
        method="percentile",
        n_resamples=4000,
        rng=np.random.default_rng(0),
    ).confidence_interval
    row = table.loc["A"]
    assert (row["low"], row["high"]) == pytest.approx((theirs.low, theirs.high), abs=0.02)


def test_only_countries_with_the_same_test_pairs_are_compared(tmp_path):
    _, base = kept(tmp_path / "a", 1, 2)
    _, other = kept(tmp_path / "b", 3, 4, rows={"A": np.arange(100), "B": np.arange(1, 101)})
    assert list(differences(base, other, ["scpo"], True)["country"]) == ["A"]
    _, apart = kept(tmp_path / "c", 3, 4, rows={"A": np.arange(2), "B": np.arange(3)})
    assert len(differences(base, apart, ["scpo"], True)) == 0


def test_too_few_questions_give_no_interval(tmp_path):
    _, base = kept(tmp_path / "a", 1, names="A", users=3, rows={"A": np.arange(15)})
    _, other = kept(tmp_path / "b", 2, names="A", users=3, rows={"A": np.arange(15)})
    table = differences(base, other, ["scpo"], True)
    assert table["low"].isna().all() and table["delta"].notna().all()


@pytest.mark.parametrize("damage", ["gone", "cut", "shape", "impossible"])
def test_missing_and_damaged_files_say_so(tmp_path, damage):
    _, found = kept(tmp_path, 1, 2)
    path = tmp_path / FILE
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-5])
    else:
        o = found.outcomes["A"]
        wrong = o.wins[:, :, 1:] if damage == "shape" else o.wins + 100
        broken = ResampledOutcomes([country("A", 1)], True)
        object.__setattr__(broken.outcomes["A"], "wins", np.repeat(wrong, [1, 2, 2], axis=0))
        write_outcomes(tmp_path, broken, {"A": np.arange(100)})
    with pytest.raises(RunFolderError, match="older version" if damage == "gone" else "damaged"):
        read_outcomes(tmp_path)


def test_margins_and_what_other_rulers_say_read_back_however_they_lie_in_memory(tmp_path):
    """Columns of an array lie side by side in memory after some products; row after row is what a file holds."""
    rng = np.random.default_rng(0)
    resampled = ResampledOutcomes([country("A", 1), country("B", 2)], True)
    own = np.asfortranarray(rng.normal(size=(2, 100)).astype(np.float32))
    held = HeldOutMargins("A", np.repeat(np.arange(20), 5), rng.normal(size=100), own, np.array(["scpo", "scpo"]))
    said = {name: rng.integers(-1, 2, 100).astype(np.int8) for name in "AB"}
    test = {name: np.arange(100) for name in "AB"}
    write_outcomes(tmp_path, resampled, test, rulings={"majority": said}, held_out=[held])
    (found,) = read_held_out(tmp_path)
    assert found.country == "A" and found.method.tolist() == ["scpo", "scpo"] and found.folds == 0
    assert np.array_equal(found.own, own) and np.array_equal(found.base, np.float32(held.base))
    rulings = read_outcomes(tmp_path).rulings
    assert list(rulings) == ["majority"] and all(np.array_equal(rulings["majority"][name], said[name]) for name in "AB")


def test_a_run_without_margins_and_other_rulers_has_none(tmp_path):
    _, found = kept(tmp_path, 1, 2)
    assert found.rulings == {} and read_held_out(tmp_path) == []


@pytest.mark.parametrize("wrong", [np.zeros(99, np.int8), np.full(100, 4, np.int8)])
def test_what_a_ruler_says_of_other_pairs_is_refused(tmp_path, wrong):
    resampled = ResampledOutcomes([country("A", 1)], True)
    write_outcomes(tmp_path, resampled, {"A": np.arange(100)}, rulings={"majority": {"A": wrong}})
    with pytest.raises(RunFolderError, match="what a ruler says of A does not go with its pairs"):
        read_outcomes(tmp_path)


def test_margins_that_do_not_go_with_the_heads_are_refused(tmp_path):
    resampled = ResampledOutcomes([country("A", 1)], True)
    own = np.zeros((3, 100), np.float32)
    held = HeldOutMargins("A", np.arange(100), np.zeros(100), own, np.array(["scpo"] * 3))
    write_outcomes(tmp_path, resampled, {"A": np.arange(100)}, held_out=[held])
    with pytest.raises(RunFolderError, match="the margins of A do not go with its heads"):
        read_held_out(tmp_path)
