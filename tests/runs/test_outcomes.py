"""What a run keeps of its test outcomes, and differences between runs on the same pairs."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from scpo.errors import RunFolderError
from scpo.metrics.accuracy import MEAN, ResampledOutcomes, accuracy_table
from scpo.metrics.outcomes import count_outcomes
from scpo.runs.comparison import differences
from scpo.runs.outcomes import FILE, read_outcomes, write_outcomes

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
