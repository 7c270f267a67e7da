"""What judges are called: by the user, or by the last part of where a model lies."""

import pytest

from scpo.config import ExperimentConfig
from scpo.config.judge_names import named_models
from scpo.errors import ConfigError


@pytest.mark.parametrize(
    ("given", "name", "model"),
    [
        ("owner/some-rm", "some-rm", "owner/some-rm"),
        ("owner/some-rm@refs/pr/1", "some-rm", "owner/some-rm@refs/pr/1"),
        ("/data/rm.v2/", "rm.v2", "/data/rm.v2/"),
        ("Skywork v2=owner/some-rm", "Skywork v2", "owner/some-rm"),
        ("./a=b", "", None),  # no name: a path
    ],
)
def test_a_model_has_the_name_it_is_given_or_its_own(given, name, model):
    if model is None:
        with pytest.raises(ConfigError, match="letters, digits"):
            named_models([given])
    else:
        assert named_models([given]) == {name: model}


@pytest.mark.parametrize(
    ("given", "told"),
    [(["a/x", "b/x"], "two models called 'x'"), (["x="], "names no model"), (["."], "Give one: NAME=FOLDER")],
)
def test_an_experiment_refuses_models_that_cannot_be_told_apart(given, told):
    with pytest.raises(ConfigError, match=told) as refused:
        ExperimentConfig(score_models=tuple(given))
    assert refused.value.setting == "score_models"


def test_the_command_of_an_experiment_names_each_model_and_its_folder_whole(tmp_path, monkeypatch):
    (tmp_path / "rm").mkdir()
    monkeypatch.chdir(tmp_path)
    config = ExperimentConfig(score_models=("mine=rm", "owner/other")).located()
    assert config.score_models == (f"mine={tmp_path / 'rm'}", "owner/other")
    assert config.command().endswith(f"--score-model mine={tmp_path / 'rm'} --score-model owner/other")
    assert ExperimentConfig.from_dict(config.as_dict()) == config
