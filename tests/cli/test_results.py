"""The table of a finished run once more, and under another ruler."""

import shutil

import pandas as pd
import pytest

from scpo import runs
from scpo.cli import main
from scpo.cli.result_table import result_table

from fakes import chance_judge


def test_it_prints_what_run_printed_and_another_ruler_changes_what_is_kept(demo_run, capsys, tmp_path):
    folder = shutil.copytree(demo_run, tmp_path / "run")
    ruler = chance_judge(folder)
    assert main(["results", str(folder)]) == 0
    usual = capsys.readouterr().out
    assert usual.strip() == result_table(runs.read(folder)).strip()
    assert main(["results", str(folder), "--ruler", ruler, "--out", str(tmp_path / "t.csv")]) == 0
    ruled = capsys.readouterr().out
    assert "the pairs that J gets right" in ruled
    kept = [next(line for line in text.splitlines() if line.startswith("global  ")) for text in (usual, ruled)]
    assert kept[0].split()[-3:-1] == ["100.0", "0.0"] and kept[1].split()[-3:-1] != kept[0].split()[-3:-1]
    table = pd.read_csv(tmp_path / "t.csv")
    assert set(table["ruler"]) == {ruler} and set(table["subset"]) == {"full", "distinct", "consensus"}


@pytest.mark.parametrize("name", ["nobody", "second"])
def test_a_ruler_that_is_not_there_is_named_with_those_that_are(demo_run, capsys, name):
    assert main(["results", str(demo_run), "--ruler", name]) == 2
    assert f"no ruler '{name}'; it has global, majority" in capsys.readouterr().err
