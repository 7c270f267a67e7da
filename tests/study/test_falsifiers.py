"""Falsifiers: a planted taste is an advantage as it is and none when shuffled; counts by hand; draws are kept."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from scpo import run, runs
from scpo.cli import main
from scpo.config import DataConfig, ExperimentConfig
from scpo.errors import ConfigError, RunFolderError
from scpo.metrics.bias import REFERENCE
from scpo.metrics.outcomes import count_outcomes
from scpo.runs.falsifiers import AS_IT_IS, BEFORE, FLIPPED, GLOBAL, OTHERS, POOLED, SHUFFLED, read_falsifiers
from scpo.runs.files import file_hash, write_json
from scpo.study.falsifiers import _difference, _Trained, falsify
from scpo.text.falsifiers import Verdict, rows_of_kind, verdict

from fakes import scored_rows


@pytest.fixture(scope="module")
def planted(tmp_path_factory, tiny_encoder):
    """A run on two groups of 60 people whose favourite words differ, and what came of altering them once."""
    folder = tmp_path_factory.mktemp("falsified")
    scored_rows(180).to_csv(folder / "rows.csv", index=False)
    data = DataConfig("file", (str(folder / "rows.csv"),), ("Borealis", "Cascadia"), ("Aland",), test_share=0.4)
    methods = ("global", "full", "pooled", "shared")
    config = ExperimentConfig(data, methods, 1, (50,), people=(3,), steps=300, encoder=str(tiny_encoder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCPO_WORKSPACE", str(folder))
        run(config, folder / "run")
        told = []
        falsify(folder / "run", draws=1, on_progress=lambda done, total: told.append((done, total)))
    return folder / "run", told


def test_a_planted_taste_is_an_advantage_that_vanishes_when_people_are_shuffled(planted):
    table = read_falsifiers(planted[0])
    as_it_is = rows_of_kind(table, AS_IT_IS, OTHERS)
    assert (as_it_is["low"] > 0).all() and as_it_is["method"].tolist() == ["full", "shared"]
    transfer = runs.read(planted[0]).tables["transfer"].query("method == 'shared'")  # of the models with all pairs
    transfer = transfer[transfer["on"] != REFERENCE]
    own = transfer[transfer["model"] == transfer["on"]]["accuracy"].mean()
    others = transfer[transfer["model"] != transfer["on"]]["accuracy"].mean()
    assert as_it_is.set_index("method").loc["shared", "difference"] == pytest.approx(own - others, abs=1e-6)
    shuffled = rows_of_kind(table, SHUFFLED, OTHERS)
    assert verdict(table, SHUFFLED) is Verdict.AS_IT_MUST
    assert (shuffled["difference"].abs() < as_it_is["difference"].to_numpy() / 2).all()


def test_equal_groups_have_equal_models_and_a_flipped_one_falls(planted):
    table = read_falsifiers(planted[0])
    equal = rows_of_kind(table, "equal", OTHERS).set_index("method")
    assert equal.loc["shared", "difference"] == 0 and abs(equal.loc["full", "difference"]) < 0.03
    assert set(table["quantity"]) == {OTHERS, POOLED, GLOBAL, BEFORE}
    flipped = rows_of_kind(table, FLIPPED, BEFORE)
    assert (flipped["difference"] < -0.1).all() and verdict(table, FLIPPED) is not Verdict.NOT_AS_IT_MUST


def test_progress_is_told_and_a_draw_that_is_there_is_not_made_again(planted):
    folder, told = planted
    assert told == [(done, 4) for done in range(5)]
    before, again = read_falsifiers(folder), []
    table = falsify(folder, ["full"], 1, lambda done, total: again.append(done))
    assert not again and set(table["method"]) == {"full"} and read_falsifiers(folder).equals(before)


def test_the_advantage_is_that_of_the_table_of_transfer():
    """Three groups, random rights: own accuracy less the mean of the others', as the formula has it."""
    rng, countries = np.random.default_rng(0), ("A", "B", "C")
    heads = pd.DataFrame({"country": countries, "method": "full", "seed": 0, "level": 0, "pairs": 1, "trained": 1})
    accuracy, outcomes = np.empty((3, 3)), {}
    for j, on in enumerate(countries):
        margins = rng.normal(size=(3, 40 + j))
        accuracy[:, j] = (margins > 0).mean(1)
        outcomes[on] = count_outcomes(on, heads, margins, margins[0], rng.integers(0, 10, 40 + j))
    first = next(_Trained(["full"], outcomes, False).advantages(AS_IT_IS, 0))
    wanted = np.mean([accuracy[c, c] - np.delete(accuracy[:, c], c).mean() for c in range(3)])
    assert first[3] == OTHERS and first[5] == pytest.approx(wanted)


def test_intervals_of_groups_that_mean_nothing_hold_0_in_nearly_all_draws():
    """60 worlds of two groups with models of different quality, given to people by chance: 3 misses are expected."""
    heads = pd.DataFrame({"country": ["A", "B"], "method": "full", "seed": 0, "level": 0, "pairs": 1, "trained": 1})
    missed = 0
    for world in range(60):
        rng, outcomes = np.random.default_rng(world), {}
        for on in "AB":
            person = np.repeat(np.arange(20), 15)
            chance = rng.normal(size=20)[person] + rng.normal(size=(2, 300))
            outcomes[on] = count_outcomes(on, heads, chance + np.array([[0.2], [0.8]]), chance[0], person)
        trained = _Trained(["full"], outcomes, False)
        low, high = next(trained.advantages(SHUFFLED, 0))[6:8]
        missed += not low <= 0 <= high
    assert missed <= 8


def test_the_same_models_differ_by_nothing_for_certain():
    heads = pd.DataFrame({"country": ["A"], "method": "full", "seed": 0, "level": 0, "pairs": 1, "trained": 1})
    o = count_outcomes("A", heads, np.ones((1, 30)), np.ones(30), np.arange(30) % 10)
    assert _difference({"A": o}, {"A": (o.wins[0], o.wins[0])}, False)[:4] == (0, 0, 0, 1)


def test_what_cannot_be_altered_is_refused_with_what_the_run_has(planted, tmp_path, capsys):
    with pytest.raises(ConfigError, match="it has full, shared"):
        falsify(planted[0], ["pooled"])
    assert main(["falsify", str(planted[0]), "--draws", "0"]) == 2 and "--draws is 0" in capsys.readouterr().err
    assert main(["falsify", str(tmp_path)]) != 0
    changed = shutil.copytree(planted[0], tmp_path / "run")
    rows = planted[0].parent / "rows.csv"
    kept = rows.read_text()
    try:
        rows.write_text("\n".join(kept.splitlines()[:-5]) + "\n")
        with pytest.raises(RunFolderError, match="not what it was"):
            falsify(changed, draws=2)
    finally:
        rows.write_text(kept)


def test_countries_whose_texts_are_not_read_are_in_no_figure(planted, tmp_path):
    """Of two countries one is left, so that none can be held against another."""
    folder = shutil.copytree(planted[0], tmp_path / "run")
    summary, done = (json.loads((folder / f"{name}.json").read_text()) for name in ("summary", "done"))
    reading = {"texts": 9, "tokens": 99, "unknown": 1.0, "cut": 0.0, "pairs": 9, "alike": 0.0}
    summary["reading"] = [{"country": "Cascadia", **reading, "readable": False}]
    write_json(folder / "summary.json", summary)
    done["files"]["summary.json"] = file_hash(folder / "summary.json")
    write_json(folder / "done.json", done)
    with pytest.raises(ConfigError, match="fewer than two countries whose texts are read"):
        falsify(folder, draws=1)


def test_the_command_prints_what_is_kept(planted, capsys, tmp_path):
    assert (
        main(["falsify", str(planted[0]), "--draws", "1", "--methods", "full", "--out", str(tmp_path / "f.csv")]) == 0
    )
    shown = capsys.readouterr().out
    assert "Groups shuffled among people (1 draw)" in shown and "shared" not in shown and "**" not in shown
    assert "shuffled" in (tmp_path / "f.csv").read_text()
