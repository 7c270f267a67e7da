"""The command line: exit codes, what goes where, and that nothing half-written is left as a result."""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scpo import runs
from scpo.cli import _parser, main
from scpo.cli.options import config_of
from scpo.config import DataConfig, ExperimentConfig
from scpo.runs.progress_log import read_progress

from fakes import scored_rows

ROOT = Path(__file__).parents[2]


@pytest.fixture
def own_file(tmp_path):
    scored_rows(120).to_csv(tmp_path / "rows.csv", index=False)
    return str(tmp_path / "rows.csv")


def arguments(own_file, tiny_encoder, out, *more):
    return [
        "run",
        "--dataset",
        "file",
        "--data-file",
        own_file,
        "--test-share",
        "0.3",
        "--encoder",
        str(tiny_encoder),
        "--seeds",
        "1",
        "--steps",
        "5",
        "--budgets",
        "10",
        "--out",
        str(out),
        *more,
    ]


def test_a_run_prints_its_table_on_stdout_and_its_bar_on_stderr(own_file, tiny_encoder, tmp_path, capsys):
    assert main(arguments(own_file, tiny_encoder, tmp_path / "out")) == 0
    out, err = capsys.readouterr()
    assert "gain over global" in out and "scpo" in out and "Data efficiency: no ratio" in out
    assert "%" in err and "left" in err and runs.is_done(tmp_path / "out")


def only_one_country(tmp_path):
    table = scored_rows(120)
    table[table["country"] == "Aland"].to_csv(tmp_path / "one.csv", index=False)
    return str(tmp_path / "one.csv")


def test_one_country_alone_is_refused_before_any_text_is_encoded(tiny_encoder, tmp_path, capsys):
    one = only_one_country(tmp_path)
    for more in ([], ["--countries", "Aland"], ["--countries", "Aland", "--global-model", "others"]):
        assert main(["data", "check", "--dataset", "file", "--data-file", one, *more]) == 2
        assert main(arguments(one, tiny_encoder, tmp_path / "out", "--quiet", *more)) == 2
        told = capsys.readouterr().err
        assert told.count("Aland is the only country") == 2 and "a reward model with a head of its own" in told
        assert {entry["stage"] for entry in read_progress(tmp_path / "out")} == {"data", "failed"}


def test_one_country_alone_is_steered_to_from_the_global_model_of_an_earlier_run(
    own_file, tiny_encoder, tmp_path, capsys
):
    assert main(arguments(own_file, tiny_encoder, tmp_path / "a", "--quiet")) == 0
    more = ["--countries", "aland", "--global-model", str(tmp_path / "a" / "heads.safetensors")]
    one = only_one_country(tmp_path)
    assert main(["data", "check", "--dataset", "file", "--data-file", one, *more]) == 0
    assert main(arguments(one, tiny_encoder, tmp_path / "b", "--quiet", *more)) == 0
    out = capsys.readouterr().out
    assert runs.read(tmp_path / "b").card["countries"] == ["Aland"] and "The split goes by user." in out


def test_json_prints_the_records_of_metrics_json_alone(own_file, tiny_encoder, tmp_path, capsys):
    assert main(arguments(own_file, tiny_encoder, tmp_path / "out", "--json", "--quiet")) == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == json.loads((tmp_path / "out" / "metrics.json").read_text()) and err == ""


def test_settings_from_a_file_are_overridden_by_options(own_file, tiny_encoder, tmp_path):
    assert main(arguments(own_file, tiny_encoder, tmp_path / "a", "--quiet")) == 0
    again = [
        "run",
        "--config",
        str(tmp_path / "a" / "config.json"),
        "--tau",
        "0.6",
        "--out",
        str(tmp_path / "b"),
        "--quiet",
    ]
    assert main(again) == 0
    config = runs.read_config(tmp_path / "b")
    assert config.tau == 0.6 and config.steps == 5


@pytest.mark.parametrize(
    "option, value, named",
    [
        ("--tau", "0", "tau"),
        ("--tau", "1.2", "tau"),
        ("--beta", "-1", "beta"),
        ("--budgets", "10,999999", "beyond the data"),
        ("--budgets", "ten", "budgets"),
        ("--methods", "scpo,magic", "magic"),
        ("--countries", "Atlantis", "Atlantis"),
        ("--encoder", "/no/such", "no such folder"),
        ("--data-file", "/no/such.csv", "does not exist"),
    ],
)
def test_unusable_input_exits_with_2_and_names_what_is_wrong(
    own_file, tiny_encoder, tmp_path, capsys, option, value, named
):
    assert main(arguments(own_file, tiny_encoder, tmp_path / "out", option, value, "--quiet")) == 2
    err = capsys.readouterr().err
    assert named in err and "Traceback" not in err and not runs.is_done(tmp_path / "out")


def test_a_finished_run_is_not_overwritten(own_file, tiny_encoder, tmp_path, capsys):
    command = arguments(own_file, tiny_encoder, tmp_path / "out", "--quiet")
    assert main(command) == 0 and main(command) == 2
    assert "not overwritten" in capsys.readouterr().err


def test_data_check_counts_and_lists_every_fault(own_file, tmp_path, capsys):
    assert main(["data", "check", "--dataset", "file", "--data-file", own_file]) == 0
    assert "Borealis" in capsys.readouterr().out
    scored_rows(30).assign(score="x").to_csv(tmp_path / "bad.csv", index=False)
    assert main(["data", "check", "--dataset", "file", "--data-file", str(tmp_path / "bad.csv"), "--json"]) == 2
    assert len(json.loads(capsys.readouterr().out)["faults"]) == len(scored_rows(30))


def test_data_check_of_the_demo_says_that_it_is_simulated(capsys):
    assert main(["data", "check", "--dataset", "demo"]) == 0
    assert "nothing here is measured from real people" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["--help"], ["run", "--help"], ["data", "check", "--help"], ["bench", "--help"]])
def test_help_exits_with_0(command, capsys):
    with pytest.raises(SystemExit) as end:
        main(command)
    assert end.value.code == 0 and "usage" in capsys.readouterr().out


def test_ctrl_c_leaves_an_unfinished_folder(own_file, tiny_encoder, tmp_path):
    command = arguments(own_file, tiny_encoder, tmp_path / "out", "--steps", "1000000", "--batch-size", "2", "--quiet")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "scpo", *command], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 300
    while not (tmp_path / "out" / "data.json").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    for _ in range(4):  # an interrupt that lands inside a library's callback is lost, as for a user at the keys
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=30)
            break
    _, err = process.communicate(timeout=300)
    assert process.returncode == 130 and "interrupted" in err and "Traceback" not in err
    assert (tmp_path / "out" / "config.json").exists() and not runs.is_done(tmp_path / "out")


@pytest.mark.shared_data
def test_the_published_command_runs_on_real_survey_data(shared_data, tiny_encoder, tmp_path, capsys):
    sample = str(shared_data / "globalopinionqa_sample.jsonl")
    command = [
        "run",
        "--dataset",
        "globalopinionqa",
        "--data-file",
        sample,
        "--countries",
        "Mexico,Japan,Kenya",
        "--seeds",
        "2",
        "--steps",
        "20",
        "--encoder",
        str(tiny_encoder),
        "--out",
        str(tmp_path / "out"),
    ]
    assert main([*command, "--quiet"]) == 0
    assert "SIMULATED" not in capsys.readouterr().out
    result = runs.read(tmp_path / "out")
    assert list(dict.fromkeys(result.metrics["country"])) == ["Mexico", "Japan", "Kenya"]
    assert result.card["unit"] == "question" and result.card["licence"] == "CC BY-NC-SA 4.0"


def test_a_write_that_fails_is_a_message_and_exit_code_1(tmp_path, capsys):
    (tmp_path / "file").write_text("not a folder")
    assert main(["bench", "--only", "nothing", "--json", str(tmp_path / "file" / "bench.json")]) == 1
    err = capsys.readouterr().err
    assert err.startswith("error:") and "Traceback" not in err


def test_the_command_of_an_experiment_gives_its_settings_back():
    config = ExperimentConfig(
        DataConfig("globalopinionqa", ("a b.jsonl", "c.csv"), ("Mexico", "South Korea"), merge_samples=True),
        ("full", "scpo"),
        2,
        (50, 100),
        0.1 + 0.2,
        1 / 3,
        global_scale=0.25,
    )
    words = shlex.split(config.command())
    assert words[:4] == ["python", "-m", "scpo", "run"]
    assert config_of(_parser().parse_args([*words[3:], "--out", "x"])) == config
