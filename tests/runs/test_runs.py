"""A run folder is complete or visibly unfinished, and never overwritten."""

import json

import numpy as np
import pandas as pd
import pytest

from scpo import runs
from scpo.config import ExperimentConfig
from scpo.errors import RunFolderError
from scpo.runs.files import write_bytes, write_json
from scpo.runs.progress_log import add_progress, read_progress


def finished(folder, config=None):
    runs.create(folder, config or ExperimentConfig())
    write_json(folder / "data.json", {})
    write_json(folder / "summary.json", {name: [] for name in runs.TABLES})
    write_json(folder / "metrics.json", [])
    for name in ("margins", "tallies"):
        write_bytes(folder / f"{name}.safetensors", name.encode())
    write_bytes(folder / "heads.safetensors", b"weights")
    runs.finish(folder, 1.0)
    return folder


def test_a_finished_run_reads_back(tmp_path):
    config = ExperimentConfig(seeds=2, budgets=(5, 10))
    result = runs.read(finished(tmp_path / "run", config))
    assert result.config == config and list(result.metrics.columns) == list(runs.METRIC_COLUMNS)


def test_the_folder_holds_exactly_the_documented_files(tmp_path):
    folder = finished(tmp_path / "run")
    assert {p.name for p in folder.iterdir()} == {*runs.RESULT_FILES, runs.HEADS, "done.json"}


def test_an_unfinished_run_is_never_read_as_a_result(tmp_path):
    folder = finished(tmp_path / "run")
    (folder / "done.json").unlink()
    with pytest.raises(RunFolderError, match="not finished"):
        runs.read(folder)


@pytest.mark.parametrize("name", ["config.json", "data.json", "metrics.json", "summary.json"])
def test_a_file_changed_after_the_end_is_found(tmp_path, name):
    folder = finished(tmp_path / "run")
    with open(folder / name, "a") as file:
        file.write(" ")
    with pytest.raises(RunFolderError, match=name):
        runs.read(folder)


@pytest.mark.parametrize("missing", ["paired", "groups", "efficiency"])
def test_a_run_of_another_version_is_a_message_that_says_how_to_run_it_again(tmp_path, missing):
    folder = finished(tmp_path / "run")
    tables = {name: [] for name in runs.TABLES if name != missing}
    write_json(folder / "summary.json", tables)
    runs.finish(folder, 1.0)
    with pytest.raises(RunFolderError, match=f"another version.*no table {missing}.*scpo run --config"):
        runs.read(folder)


def test_ratios_by_another_rule_than_the_present_one_are_not_shown(tmp_path):
    folder = finished(tmp_path / "run")
    tables = {name: [] for name in runs.TABLES} | {"efficiency": [{"country": "Galune", "ratio": 1e10}]}
    write_json(folder / "summary.json", tables)
    runs.finish(folder, 1.0)
    with pytest.raises(RunFolderError, match="another version.*efficiency by the present rule"):
        runs.read(folder)


def test_a_missing_run_is_said_to_be_missing(tmp_path):
    with pytest.raises(RunFolderError, match="not there"):
        runs.read(tmp_path / "gone")


def test_a_finished_run_is_not_overwritten(tmp_path):
    folder = finished(tmp_path / "run")
    with pytest.raises(RunFolderError, match="not overwritten"):
        runs.create(folder, ExperimentConfig())


def test_an_unfinished_run_is_taken_up_by_equal_settings_only(tmp_path):
    runs.create(tmp_path / "run", ExperimentConfig())
    runs.create(tmp_path / "run", ExperimentConfig())
    with pytest.raises(RunFolderError, match="other settings"):
        runs.create(tmp_path / "run", ExperimentConfig(tau=0.5))


def test_a_folder_of_other_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(RunFolderError, match="not a run folder"):
        runs.create(tmp_path, ExperimentConfig())
    with pytest.raises(RunFolderError, match="is a file"):
        runs.create(tmp_path / "thesis.txt", ExperimentConfig())


def test_a_failed_write_leaves_the_old_file_whole(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, [1])
    with pytest.raises(TypeError):
        write_json(path, [object()])
    with pytest.raises(TypeError):
        write_bytes(path, "text, not bytes")
    assert json.loads(path.read_text()) == [1] and list(tmp_path.iterdir()) == [path]


def test_nan_is_written_as_null_and_numpy_values_as_numbers(tmp_path):
    write_json(tmp_path / "a.json", {"t": pd.DataFrame({"x": [np.nan, np.float32(0.5)]}), "n": np.int64(3)})
    assert json.loads((tmp_path / "a.json").read_text()) == {"t": [{"x": None}, {"x": 0.5}], "n": 3}


def test_a_progress_line_cut_short_is_left_out(tmp_path):
    add_progress(tmp_path, {"stage": "train", "done": 1})
    with open(tmp_path / "progress.jsonl", "a") as file:
        file.write('{"stage": "tr')
    assert [entry["stage"] for entry in read_progress(tmp_path)] == ["train"]


def test_runs_are_listed_newest_first_unfinished_ones_too(workspace):
    import os

    for age, name in enumerate(("new", "old")):
        runs.create(workspace / "runs" / name, ExperimentConfig())
        os.utime(workspace / "runs" / name / "config.json", (1000 - age, 1000 - age))
    (workspace / "runs" / "stray").mkdir()
    assert [p.name for p in runs.list_runs(runs.workspace())] == ["new", "old"]
