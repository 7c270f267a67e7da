"""Reward models beside a run: refused before it trains, judged at its end, asked once."""

import json

import numpy as np
import pytest
from models import WORDS, tiny_model

from scpo import DataConfig, ExperimentConfig, run
from scpo.cli.result_table import result_table
from scpo.data import load
from scpo.errors import ConfigError, Stopped
from scpo.export.report_figures import parts_of, results_table
from scpo.judging import judge_beside
from scpo.runs.judges import read_judges, write_judge
from scpo.runs.outcomes import read_outcomes
from scpo.runs.progress_log import read_progress
from scpo.text import findings
from scpo.text.judges import with_judges
from scpo.training.finetune.score_model import rewards_by_model


@pytest.fixture(scope="module")
def settings(tmp_path_factory, tiny_encoder):
    """A small experiment of two countries and a reference, with a reward model beside it."""
    folder, rng = tmp_path_factory.mktemp("brought"), np.random.default_rng(0)
    lines = ["prompt,chosen,rejected,country,user"]
    for at in range(270):
        words = [" ".join(rng.choice(WORDS, n)) for n in (3, 5, 4)]
        lines.append(",".join([*words, ("Chile", "Mexico", "Kenya")[at % 3], f"user{at % 90}"]))
    (folder / "pairs.csv").write_text("\n".join(lines))
    data = DataConfig("file", (str(folder / "pairs.csv"),), ("Chile", "Mexico"), ("Kenya",))
    model = tiny_model(folder / "some-model")
    training = {"methods": ("global", "full"), "seeds": 1, "steps": 6, "encoder": str(tiny_encoder)}
    return ExperimentConfig(data, score_models=(f"mine={model}",), **training)


@pytest.fixture(scope="module")
def result(settings, tmp_path_factory):
    return run(settings, tmp_path_factory.mktemp("with") / "run")


def changed(settings, *models):
    return ExperimentConfig.from_dict(settings.as_dict() | {"score_models": list(models)})


def test_a_score_model_is_a_row_of_the_run_on_every_table_that_judges_have(result):
    every = with_judges(result, read_judges(result.folder))
    assert findings.methods_in(every.tables["accuracy"]) == ["global", "full", "brought: mine"]
    assert findings.leading(every)[-1] == "brought: mine" and findings.main_method(every) == "full"
    assert set(findings.ranks(every, "full")["method"]) == {"global", "full", "brought: mine"}
    served = findings.served_by(every, ["brought: mine"])
    assert set(served["name"]) == {"Chile", "Mexico", "Kenya (reference)"} and served["accuracy"].notna().all()
    assert len(findings.gains(every, ["brought: mine"], "full")) == 3
    assert "brought: mine" in result_table(result) and "brought: mine" in results_table(result)
    parts = {part.name: part for part in parts_of(result)}
    assert any("brought: mine" in line for line in parts["countries"].lines) and "judge-1" in parts


def test_it_says_what_the_command_judge_says_of_the_same_model(result, settings, tmp_path):
    data, model = load(settings.data), settings.score_models[0].removeprefix("mine=")
    rewards, about = rewards_by_model(model, data, np.arange(len(data.pairs)), settings.finetune.max_length)
    expected = judge_beside(result.card, read_outcomes(result.folder), data, "mine", rewards, about)
    kept = [json.loads(path.read_text()) for path in (write_judge(tmp_path, expected), *result.folder.glob("judges/*"))]
    assert kept[0]["tables"] == kept[1]["tables"] and kept[1]["about"]["source"] == "some-model"


def test_a_run_without_score_models_has_no_trace_of_them(settings):
    plain = changed(settings)
    assert "score_models" not in plain.as_dict() and "finetune" not in plain.as_dict()


@pytest.mark.parametrize(
    ("kind", "told"), [("gone", "no such folder"), ("minilm", "no reward head"), ("bare", "tokenizer")]
)
def test_what_cannot_be_read_is_refused_before_anything_is_trained(settings, tmp_path, kind, told):
    given = {"gone": str(tmp_path / "gone"), "minilm": "minilm", "bare": str(tmp_path / "bare")}[kind]
    if kind == "bare":
        for path in tiny_model(tmp_path / "bare").glob("tokenizer*"):
            path.unlink()
    with pytest.raises(ConfigError, match=told) as refused:
        run(changed(settings, *settings.score_models, f"other={given}"), tmp_path / "run")
    assert "'other' cannot be used" in str(refused.value) and refused.value.setting == "score_models"
    assert {entry["stage"] for entry in read_progress(tmp_path / "run")} == {"data", "failed"}
    assert run(settings, tmp_path / "run").folder.is_dir()  # the folder of a refused run is free


def test_a_run_that_was_stopped_asks_no_model_again(settings, result, tmp_path, monkeypatch):
    seen = []
    with pytest.raises(Stopped):
        run(settings, tmp_path / "run", on_progress=seen.append, should_stop=lambda: seen[-1:] and in_training(seen))
    assert not (tmp_path / "run" / "judges").exists()
    monkeypatch.setattr("scpo.training.finetune.scoring._forward", None)
    again = run(settings, tmp_path / "run")
    both = [json.loads((folder / "judges" / "mine.json").read_text()) for folder in (again.folder, result.folder)]
    assert both[0] == both[1]


def in_training(entries):
    return entries[-1]["stage"] == "train"
