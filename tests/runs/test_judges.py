"""A judge's file beside a run: whole or not at all, by a name that no path can be made of."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from scpo.errors import ConfigError, RunFolderError
from scpo.runs.judges import TABLES, UNSCORED, Judge, check_name, read_judges, remove_judge, write_judge


def judge(name="LLM judge", accuracy=0.6):
    tables = {table: pd.DataFrame([{"method": f"brought: {name}", "accuracy": accuracy}]) for table in TABLES}
    return Judge({"name": name, "source": "scores.csv"}, tables)


def test_judges_are_read_back_by_name_and_removed(tmp_path):
    write_judge(tmp_path, judge("b"))
    write_judge(tmp_path, judge("a", float("nan")))
    first, second = read_judges(tmp_path)
    assert (first.about["name"], second.method) == ("a", "brought: b") and first.tables["bias"]["accuracy"].isna().all()
    assert second.tables["accuracy"].equals(judge("b").tables["accuracy"])
    remove_judge(tmp_path, "a")
    remove_judge(tmp_path, "a")
    assert [each.about["name"] for each in read_judges(tmp_path)] == ["b"]


def test_a_second_judge_of_one_name_is_refused_unless_it_is_to_replace_the_first(tmp_path):
    write_judge(tmp_path, judge())
    with pytest.raises(ConfigError, match="already"):
        write_judge(tmp_path, judge(accuracy=0.7))
    write_judge(tmp_path, judge(accuracy=0.8), replace=True)
    assert read_judges(tmp_path)[0].tables["accuracy"]["accuracy"].item() == 0.8


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", " a", "a ", "a" * 61, "naïve", "a\nb"])
def test_a_name_that_is_no_file_name_is_refused(name):
    with pytest.raises(ConfigError, match="letters, digits"):
        check_name(name)


def test_usual_names_are_names():
    for name in ("g", "GPT-4.1 mini", "Skywork-Reward_v2", "a" * 60):
        assert check_name(name) == name


@pytest.mark.parametrize("content", ["{", "[]", json.dumps({"about": {"name": "a"}, "tables": {"accuracy": []}})])
def test_a_damaged_file_says_so(tmp_path, content):
    (tmp_path / "judges").mkdir()
    (tmp_path / "judges" / "a.json").write_text(content)
    with pytest.raises(RunFolderError, match="judge|cannot be read"):
        read_judges(tmp_path)


@pytest.mark.parametrize("name", ["../../evil", "<b>x</b>", "", 7])
def test_a_judge_of_an_altered_name_is_none(tmp_path, name):
    """Its name becomes a file's in an archive, and stands in charts."""
    path = write_judge(tmp_path, judge("a", 0.5))
    said = json.loads(path.read_text())
    path.write_text(json.dumps(said | {"about": said["about"] | {"name": name}}))
    with pytest.raises(RunFolderError, match="holds no judge"):
        read_judges(tmp_path)


def test_what_a_judge_said_pair_by_pair_reads_back_and_an_altered_file_has_none(tmp_path):
    said = {"A": np.array([1, -1, 0, UNSCORED], np.int8), "B": np.array([], np.int8)}
    path = write_judge(tmp_path, dataclasses.replace(judge("a"), signs=said))
    (read,) = read_judges(tmp_path)
    assert {c: of.tolist() for c, of in read.signs.items()} == {"A": [1, -1, 0, 2], "B": []}
    kept = json.loads(path.read_text())
    for signs in ({"A": "+x"}, {"A": [1]}, "++", None):
        path.write_text(json.dumps(kept | {"signs": signs}))
        assert read_judges(tmp_path)[0].signs == {}
