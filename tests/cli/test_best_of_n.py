"""Candidates re-ranked by a country's reward: the same rewards as the run's, a file of them, and what is refused."""

import contextlib
import json

import pandas as pd
import pytest

from scpo import data, runs
from scpo.cli import main
from scpo.cli.best_of_n import rank, read_candidates
from scpo.errors import ConfigError, DataFaults
from scpo.jobs.store import open_store
from scpo.training.heads import saved


@pytest.fixture(scope="module")
def pairs(demo_run):
    return data.load(runs.read(demo_run).config.data)


@pytest.fixture
def candidates(pairs, tmp_path):
    """Four answers to each of three prompts of the demo world."""
    table = pairs.texts.assign(prompt=pairs.texts["prompt"].astype(str))[["prompt", "response"]]
    table = table.groupby("prompt").head(4)
    table = table[table["prompt"].isin(table["prompt"].unique()[:3])]
    table.to_csv(tmp_path / "candidates.csv", index=False)
    return tmp_path / "candidates.csv"


def test_ranks_are_by_the_rewards_of_the_run(demo_run, pairs, candidates):
    table = rank(demo_run, read_candidates(str(candidates)), "Galune")
    result = runs.read(demo_run)
    models = saved.load_models(demo_run, result.config, result.card["countries"])
    rewards = saved.reward_texts(models, pairs.texts, "scpo")
    place = rewards.countries.index("Galune")
    known = pd.DataFrame(
        {
            "prompt": pairs.texts["prompt"].astype(str),
            "response": pairs.texts["response"],
            "expected": rewards.own[place].mean(0),
            "expected_global": rewards.base[place],
        }
    ).drop_duplicates(["prompt", "response"])
    both = table.merge(known, on=["prompt", "response"])
    assert len(both) == len(table) == 12
    assert both["reward"].to_numpy() == pytest.approx(both["expected"].to_numpy(), abs=1e-4)
    assert both["reward_global"].to_numpy() == pytest.approx(both["expected_global"].to_numpy(), abs=1e-4)
    for _, rows in table.groupby("prompt"):
        assert sorted(rows["rank"]) == sorted(rows["rank_global"]) == [1, 2, 3, 4]
        assert rows.loc[rows["rank"] == 1, "reward"].item() == rows["reward"].max()
        assert rows.loc[rows["rank_global"] == 1, "reward_global"].item() == rows["reward_global"].max()


def test_equal_answers_share_their_reward_and_rank(demo_run, candidates, tmp_path, capsys):
    once = read_candidates(str(candidates))
    often = pd.concat([once, once.iloc[[0, 0, 5]]], ignore_index=True)
    often.to_csv(tmp_path / "often.csv", index=False)
    command = ["best-of-n", str(demo_run), "--country", "Galune", "--candidates", str(tmp_path / "often.csv")]
    assert main([*command, "--out", str(tmp_path / "ranked.csv")]) == 0
    ranked = pd.read_csv(tmp_path / "ranked.csv")
    assert list(ranked["response"]) == list(often["response"])
    assert (ranked.groupby(["prompt", "response"])[["reward", "rank", "rank_global"]].nunique() == 1).all(axis=None)
    single = rank(demo_run, once, "Galune")
    assert ranked["reward"][:12].to_numpy() == pytest.approx(single["reward"].to_numpy(), abs=1e-6)
    firsts = [json.loads(line)["response"] for line in capsys.readouterr().out.splitlines()]
    assert firsts == list(single.loc[single["rank"] == 1, "response"])  # each prompt once


def test_at_strength_zero_the_global_model_ranks(demo_run, candidates):
    table = rank(demo_run, read_candidates(str(candidates)), "Galune", alpha=0.0)
    assert (table["rank"] == table["rank_global"]).all() and (table["reward"] == table["reward_global"]).all()


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_the_command_prints_the_best_and_writes_them_all(demo_run, candidates, tmp_path, capsys, kind):
    out = tmp_path / f"ranked.{kind}"
    given = ["best-of-n", str(demo_run), "--country", "Alvoria", "--candidates", str(candidates), "--out", str(out)]
    assert main([*given, "--method", "full"]) == 0
    best = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    written = pd.read_csv(out) if kind == "csv" else pd.read_json(out, lines=True)
    assert len(best) == 3 and len(written) == 12
    firsts = written[written["rank"] == 1]
    assert {b["response"] for b in best} == set(firsts["response"])
    assert list(written["response"]) == list(pd.read_csv(candidates)["response"])  # in the order given


@pytest.mark.parametrize(
    "given, said",
    [
        ({"country": "Atlantis"}, "no model for 'Atlantis'; it has Alvoria"),
        ({"country": "Galune", "method": "global"}, "no models of 'global'; it has full"),
        ({"country": "Galune", "alpha": float("nan")}, "alpha is nan"),
    ],
)
def test_what_the_run_cannot_give_is_refused_with_what_it_has(demo_run, candidates, given, said):
    with pytest.raises(ConfigError, match=said):
        rank(demo_run, read_candidates(str(candidates)), **given)


def test_every_fault_of_the_candidates_is_told_with_its_row(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("prompt,response\np,a\np,\n,b\n")
    with pytest.raises(DataFaults) as caught:
        read_candidates(str(path))
    assert sorted(fault.row for fault in caught.value.faults) == [3, 4]
    path.write_text("prompt,answer\np,a\n")
    with pytest.raises(DataFaults, match="no column response"):
        read_candidates(str(path))


def test_an_unusable_target_is_refused_before_any_work(demo_run, candidates, tmp_path, capsys):
    given = ["best-of-n", str(demo_run), "--country", "Galune", "--candidates", str(candidates), "--out"]
    for bad in ("ranked.txt", "nowhere/ranked.csv"):
        assert main([*given, str(tmp_path / bad)]) == 2
    assert "must end in .csv or .jsonl" in capsys.readouterr().err and not list(tmp_path.glob("ranked*"))


def test_a_folder_that_is_no_run_is_a_message(tmp_path, candidates, capsys):
    assert main(["best-of-n", str(tmp_path), "--country", "Galune", "--candidates", str(candidates)]) == 2
    assert "has no done.json" in capsys.readouterr().err


def test_a_run_is_named_by_its_id_and_a_country_in_any_spelling(demo_run, candidates, capsys):
    with contextlib.closing(open_store()) as store:
        run_id = store.get(demo_run).id
    said = {}
    for run, country in ((str(demo_run), "Galune"), (run_id, "GALUNE")):
        assert main(["best-of-n", run, "--country", country, "--candidates", str(candidates)]) == 0
        said[country] = capsys.readouterr().out
    assert said["GALUNE"] == said["Galune"]
