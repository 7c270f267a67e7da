"""What a whole reward model reads of the texts: by its own tokenizer, prompt and answer in one input."""

import json

import numpy as np
import pandas as pd
import pytest
from models import WORDS, tiny_model

from scpo import DataConfig, ExperimentConfig, run
from scpo.cli import main
from scpo.cli.result_table import result_table
from scpo.config import FinetuneConfig
from scpo.data import load
from scpo.training import encoder_reading
from scpo.training.encoder_reading import unreadable
from scpo.training.finetune.loading import load_tokenizer
from scpo.training.finetune.reading import reading_by_model, reading_of


@pytest.fixture(autouse=True)
def the_rule(monkeypatch):
    monkeypatch.setattr(encoder_reading, "MOST_UNKNOWN", 0.5)
    monkeypatch.setattr(encoder_reading, "MOST_ALIKE", 0.5)


@pytest.fixture(scope="module", params=["bert", "chat"])
def either(request, tmp_path_factory):
    return tiny_model(tmp_path_factory.mktemp(request.param), request.param)


def known(n):
    return f"{WORDS[n % 40]} {WORDS[n % 7]}", f"{WORDS[(n + 11) % 40]} {WORDS[n % 5]} w1"


def in_another_script(n):
    return "ጥሩ ደስታ", "መጥፎ ሀዘን"


def behind_the_limit(n):
    return "w1 " * 80 + "w2", "w1 " * 80 + "w3"


def written(folder, answers):
    """Pairs of Chile in the models' words, and of Kenya by `answers`."""
    rows = [
        {
            "prompt": f"w0 {WORDS[n % 30]}",
            **dict(zip(("chosen", "rejected"), of(n), strict=True)),
            "country": country,
            "user": f"{country}-{n % 40}",
        }
        for country, of in (("Chile", known), ("Kenya", answers))
        for n in range(120)
    ]
    path = folder / "pairs.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def settings(path, model, **more):
    data = DataConfig("file", (str(path),), ("Chile",), ("Kenya",))
    return ExperimentConfig(
        data,
        ("global", "full"),
        seeds=1,
        steps=2,
        batch_size=8,
        budgets=(20,),
        precision="fp32",
        finetune=FinetuneConfig(str(model), max_length=48),
        **more,
    )


def test_tokens_are_those_of_the_models_own_tokenizer_and_nothing_is_cut_that_fits(either, tmp_path):
    config = settings(written(tmp_path, known), either)
    table = reading_by_model(load(config.data), config.finetune).set_index("country")
    assert set(table.index) == {"Chile", "Kenya"} and table["readable"].all()
    assert (table[["unknown", "cut", "alike"]] == 0).all(axis=None)
    tokens = {text for n in range(120) for text in ((n % 30, known(n)[0]), (n % 30, known(n)[1]))}
    assert table.loc["Chile", "texts"] == len(tokens)
    assert table.loc["Chile", "tokens"] == sum(2 + len(answer.split()) for _, answer in tokens)


@pytest.mark.parametrize("answers, column", [(in_another_script, "unknown"), (behind_the_limit, "cut")])
def test_answers_that_the_model_cannot_tell_apart_are_counted(either, answers, column, tmp_path):
    config = settings(written(tmp_path, answers), either)
    table = reading_by_model(load(config.data), config.finetune).set_index("country")
    assert table.loc["Kenya", column] >= 0.5 and table.loc["Kenya", "alike"] == 1 and not table.loc["Kenya", "readable"]
    assert table.loc["Chile", "readable"] and table.loc["Chile", "alike"] == 0


def test_an_input_of_exactly_the_longest_is_not_cut(either, tmp_path):
    data, tokenizer = load(settings(written(tmp_path, known), either).data), load_tokenizer(either)
    whole = reading_of(data, tokenizer, 64)
    longest = next(most for most in range(8, 64) if not reading_of(data, tokenizer, most)["cut"].any())
    frame = 3 if not tokenizer.chat_template else 4  # <user> ... <end> <assistant> ... <end>
    assert longest == 2 + 3 + frame and (whole["cut"] == 0).all()


def test_a_fine_tuned_run_says_what_its_model_cannot_read_and_shows_no_accuracy_of_it(model, tmp_path):
    result = run(settings(written(tmp_path, in_another_script), model), tmp_path / "run")
    assert unreadable(result.tables["reading"]) == ["Kenya"]
    assert np.isnan(result.tables["accuracy"].query("country == 'Kenya'")["accuracy"]).all()
    text = result_table(result)
    assert "Kenya: " in text and "No accuracy is shown" in text and "nan" not in text


def test_the_check_uses_the_tokenizer_of_the_model_to_fine_tune(model, tmp_path, capsys):
    given = [
        "data",
        "check",
        "--dataset",
        "file",
        "--data-file",
        str(written(tmp_path, in_another_script)),
        "--reference",
        "Chile",
        "--countries",
        "Kenya",
        "--model",
        str(model),
    ]
    assert main(given) == 0
    out = capsys.readouterr().out
    assert f"what the model {model.name} reads" in out and "Kenya: " in out and "cannot be told apart" in out
    assert main([*given, "--json"]) == 0
    table = pd.DataFrame(json.loads(capsys.readouterr().out)["reading"]).set_index("country")
    assert table.loc["Kenya", "alike"] == 1 and table.loc["Chile", "unknown"] == 0


def test_the_check_of_a_model_without_a_head_uses_its_tokenizer_too(tiny_encoder, tmp_path, capsys):
    given = ["data", "check", "--dataset", "file", "--data-file", str(written(tmp_path, known))]
    assert main([*given, "--model", str(tiny_encoder)]) == 0
    out = capsys.readouterr()
    assert f"what the model {tiny_encoder.name} reads" in out.out and "not checked" not in out.err
