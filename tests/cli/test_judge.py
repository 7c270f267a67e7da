"""`judge`: from the texts to score, over a file of scores, to a judge beside a run; and whole data sets alone."""

import hashlib
import json
import shutil

import pandas as pd
import pytest

from scpo.cli import main
from scpo.runs.judges import read_judges

from fakes import scored_rows


@pytest.fixture
def run_folder(demo_run, tmp_path):
    return shutil.copytree(demo_run, tmp_path / "run")


@pytest.fixture
def scores(run_folder, tmp_path, capsys):
    """A file in which the longer answer is the better one."""
    assert main(["judge", str(run_folder), "--write-texts", str(tmp_path / "texts.jsonl")]) == 0
    table = pd.read_json(tmp_path / "texts.jsonl", lines=True)
    table.assign(reward=table["response"].str.len()).to_csv(tmp_path / "scores.csv", index=False)
    capsys.readouterr()
    return str(tmp_path / "scores.csv")


def test_a_judge_of_longer_answers_is_the_method_longer_and_the_run_stays_as_it_was(run_folder, scores, capsys):
    before = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in run_folder.iterdir()}
    assert main(["judge", str(run_folder), "--scores", scores, "--name", "by length"]) == 0
    said = capsys.readouterr().out
    assert "brought: by length is right on" in said and "SIMULATED" in said and "test pairs have scores" in said
    (judge,) = read_judges(run_folder)
    table = judge.tables["paired"]
    assert (table.loc[table["against"] == "longer", "difference"] == 0).all()
    after = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in run_folder.glob("*.*")}
    assert after == {name: known for name, known in before.items() if name in after} and len(after) == len(before)


def test_a_name_that_is_taken_is_refused_before_anything_is_read(run_folder, scores, capsys):
    assert main(["judge", str(run_folder), "--scores", scores, "--name", "a"]) == 0
    assert main(["judge", str(run_folder), "--scores", "gone.csv", "--name", "a"]) == 2
    assert "already" in capsys.readouterr().err
    assert main(["judge", str(run_folder), "--scores", scores, "--name", "a", "--replace"]) == 0


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ([], "nothing to do"),
        (["--out", "x", "--scores", "s.csv"], "--out is for a data set"),
        (["--scores", "s.csv", "--name", "../x"], "letters, digits"),
        (["--scores", "s.csv", "--name", "a", "--name", "b"], "2 times for 1"),
        (["--scores", "s.csv", "--scores", "d/s.csv"], "called alike"),
        (["--scores", "gone.csv"], "does not exist"),
    ],
)
def test_unusable_requests_say_why(run_folder, capsys, more, told):
    assert main(["judge", str(run_folder), *more]) == 2
    assert told in capsys.readouterr().err and not (run_folder / "judges").exists()


def test_a_data_set_alone_is_judged_without_a_run(tmp_path, capsys):
    rows = scored_rows(60)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    scored = rows[["prompt", "response"]].drop_duplicates().assign(reward=lambda t: t["response"].str.len())
    scored.to_csv(tmp_path / "length.csv", index=False)
    scored.assign(reward=-scored["reward"]).to_csv(tmp_path / "brevity.csv", index=False)
    data = ["--dataset", "file", "--data-file", str(tmp_path / "rows.csv"), "--reference", "Aland"]
    judges = ["--scores", str(tmp_path / "length.csv"), "--scores", str(tmp_path / "brevity.csv")]
    assert main(["judge", *data, *judges]) == 2
    assert "--out is missing" in capsys.readouterr().err
    assert main(["judge", *data, *judges, "--out", str(tmp_path / "served")]) == 0
    said = capsys.readouterr().out
    assert "brevity.csv minus length.csv" in said and "serves" in said and "Aland" in said
    kept = json.loads((tmp_path / "served" / "judges.json").read_text())
    assert kept["judges"]["length.csv"]["source"] == "length.csv" and set(kept["tables"]) == {
        "accuracy",
        "paired",
        "bias",
    }
    assert (tmp_path / "served" / "accuracy.csv").is_file()
    assert main(["judge", *data, *judges, "--out", str(tmp_path / "served")]) == 2
