"""Any reward model's rewards of a data set's texts: those of the back end's scoring, kept, with what was cut."""

import numpy as np
import pytest
from models import WORDS, tiny_model

from scpo.cli import main
from scpo.config import DataConfig
from scpo.data import look
from scpo.errors import ConfigError, SourceMissing
from scpo.training.finetune.formats import InputFormat
from scpo.training.finetune.loading import load_model, load_tokenizer
from scpo.training.finetune.score_model import rewards_by_model
from scpo.training.finetune.scoring import score

SHORT = 24  # tokens


@pytest.fixture(scope="module")
def pairs_file(tmp_path_factory):
    rng, lines = np.random.default_rng(0), ["prompt,chosen,rejected,country,user"]
    for at in range(120):
        words = [" ".join(rng.choice(WORDS, n)) for n in (rng.integers(2, 30), 5, 4)]
        lines.append(",".join([*words, ("Chile", "Mexico", "Kenya")[at % 3], f"user{at % 30}"]))
    path = tmp_path_factory.mktemp("pairs") / "pairs.csv"
    path.write_text("\n".join(lines))
    return str(path)


@pytest.fixture(scope="module")
def data(pairs_file):
    return look(DataConfig("file", (pairs_file,)))[0]


def test_rewards_are_those_of_the_scoring_and_cut_texts_are_counted(data, model):
    rows = np.arange(30)
    rewards, about = rewards_by_model(str(model), data, rows, SHORT)
    texts = np.unique(data.pairs[["chosen", "rejected"]].to_numpy()[rows])
    table, tokenizer = data.texts.iloc[texts], load_tokenizer(model)
    asked = list(zip(table["prompt"].astype(object), table["response"], strict=True))
    expected = score(load_model(model, tokenizer), InputFormat(tokenizer, SHORT), asked)
    assert rewards[texts] == pytest.approx(expected) and np.isnan(np.delete(rewards, texts)).all()
    long = sum(len(f"{prompt} {response}".split()) + 3 > SHORT for prompt, response in asked)
    assert 0 < long == about["cut"] < about["texts"] == len(texts)


def test_the_same_question_is_answered_from_the_disk(data, model, monkeypatch):
    first, _ = rewards_by_model(str(model), data, np.arange(10), SHORT)
    monkeypatch.setattr("scpo.training.finetune.scoring._forward", None)
    assert np.array_equal(first, rewards_by_model(str(model), data, np.arange(10), SHORT)[0], equal_nan=True)


def test_what_is_no_reward_model_of_one_label_is_refused_with_a_remedy(data, model, tmp_path):
    from transformers import AutoModelForSequenceClassification

    two = AutoModelForSequenceClassification.from_pretrained(model, num_labels=2, ignore_mismatched_sizes=True)
    two.save_pretrained(tmp_path / "two")
    with pytest.raises(ConfigError, match="2 labels"):
        rewards_by_model(str(tmp_path / "two"), data, np.arange(3), SHORT)
    bare = tiny_model(tmp_path / "bare")
    for path in bare.glob("tokenizer*"):
        path.unlink()
    with pytest.raises(SourceMissing, match="tokenizer"):
        rewards_by_model(str(bare), data, np.arange(3), SHORT)
    with pytest.raises(ConfigError, match="no reward head"):
        rewards_by_model("minilm", data, np.arange(3), SHORT)
    with pytest.raises(ConfigError, match="at least 8 tokens"):
        rewards_by_model(str(model), data, np.arange(3), 4)


def test_two_models_are_compared_on_a_data_set_without_any_training(pairs_file, model, tmp_path, capsys):
    other = tiny_model(tmp_path / "other")
    command = ["judge", "--dataset", "file", "--data-file", pairs_file, "--model", str(model), "--model", str(other)]
    assert (
        main([*command, "--name", "first", "--max-length", str(SHORT), "--quiet", "--out", str(tmp_path / "out")]) == 0
    )
    said = capsys.readouterr().out
    assert "other minus first" in said and "longer than 24 tokens and were cut" in said and "Kenya" in said


def test_a_model_beside_a_fine_tuned_run_is_its_global_model_where_it_started_from_it(result, model, tmp_path, capsys):
    out = ["--name", "start", "--quiet", "--json", "--replace"]
    assert main(["judge", str(result.folder), "--model", str(model), *out]) == 0
    assert '"difference": 0.0' in capsys.readouterr().out
