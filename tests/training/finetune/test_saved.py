"""What is done with fine-tuned models: exported, loaded by plain transformers and by TRL, put to candidates."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from models import settings, tiny_model
from safetensors import safe_open
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from scpo import runs
from scpo.cli import main
from scpo.cli.best_of_n import rank
from scpo.errors import ConfigError
from scpo.export.huggingface import export
from scpo.training.experiment import run
from scpo.training.finetune.saved import model_folders, reward_texts

from fakes import card_rewards

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated.*:FutureWarning")
TEXTS = [("w1 w2 w3", "w4 w5"), ("w1 w2 w3", "w6"), ("w9", "w7 w8 w30 w31"), ("w1", "w2 " * 60)]
LONG = ("w1 w9 " * 60 + "w2 w3", "w4 w5")  # of which the front of the prompt is cut
PLAIN = """
import sys, torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer
folder = sys.argv[1]
model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
tokenizer = AutoTokenizer.from_pretrained(folder)
with torch.no_grad():
    for prompt, answer in [("w1 w2 w3", "w4 w5"), ("w1 w2 w3", "w6"), ("w9", "w7 w8 w30 w31")]:
        print(float(model(**tokenizer(prompt, answer, return_tensors="pt")).logits[0, 0]))
assert not any(name.startswith("scpo") for name in sys.modules)
"""


def trained_of(result):
    with safe_open(result.folder / runs.MODELS, "np") as file:
        return next(row for row in json.loads(file.metadata()["about"])["models"] if row["folder"])


@pytest.fixture(scope="module")
def exported(result, tmp_path_factory):
    row, out = trained_of(result), tmp_path_factory.mktemp("exported") / "model"
    export(result.folder, row["country"], out, row["method"])
    served = reward_texts(result, model_folders(result, row["country"], row["method"]), TEXTS)
    return out, served


def test_an_export_is_loaded_by_plain_transformers_in_a_process_without_scpo(exported, tmp_path):
    folder, served = exported
    done = subprocess.run([sys.executable, "-c", PLAIN, str(folder)], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert np.array(done.stdout.split(), float) == pytest.approx(served[:3], abs=1e-4)


def test_messages_through_the_template_give_the_same_rewards(exported):
    """The way TRL puts messages to a reward model."""
    folder, served = exported
    model, tokenizer = (kind.from_pretrained(folder) for kind in (AutoModelForSequenceClassification, AutoTokenizer))
    for (prompt, answer), reward in list(zip(TEXTS, served, strict=True))[:3]:
        turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
        text = tokenizer.apply_chat_template(turns, tokenize=False)
        with torch.no_grad():
            ids = tokenizer(text, return_tensors="pt", add_special_tokens=False)
            assert float(model.eval()(**ids).logits) == pytest.approx(reward, abs=1e-4)


def test_the_card_of_a_fine_tuned_model_says_what_it_is(exported, result):
    card = (exported[0] / "README.md").read_text()
    row = trained_of(result)
    accuracy = result.tables["accuracy"].set_index(["country", "method", "subset"])["accuracy"]
    assert f"{100 * accuracy[row['country'], row['method'], 'full']:.1f} %" in card
    assert "fine-tuned from" in card and "import scpo" not in card and "CC BY" in card and "seed 0 of 1" in card
    assert str(result.folder) not in card and "/tmp" not in card


@pytest.fixture(scope="module", params=["bert", "deberta", "chat", "minilm"])
def asked(request, files, tmp_path_factory, tiny_encoder):
    """An export of each kind: a model that tells segments apart, one that does not, a chat model, and an encoder that
    got a head; with rewards by the run."""
    folder = tmp_path_factory.mktemp(f"asked-{request.param}")
    start = tiny_encoder if request.param == "minilm" else tiny_model(folder / "start", request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCPO_WORKSPACE", str(folder))
        result = run(settings(files, start, methods=("full",)), folder / "run")
    export(result.folder, "Chile", folder / "model", "full")
    texts = [("a prompt", "an answer"), *TEXTS, LONG]
    served = reward_texts(result, model_folders(result, "Chile", "full"), texts)
    return request.param, folder / "model", dict(zip(texts, served, strict=True))


def test_every_line_of_a_card_gives_the_reward_of_the_run(asked):
    kind, folder, served = asked
    long = [] if kind == "chat" else [LONG]  # the card tells whoever has messages to cut them
    blocks = card_rewards(folder, [*TEXTS[:3], *long])
    assert len(blocks) == 2  # its own lines, and transformers' pipeline
    for rewards in blocks:
        assert list(rewards.values()) == pytest.approx([served[text] for text in rewards], abs=1e-4)


def test_the_card_of_a_model_trained_as_published_joins_the_texts_as_the_run_did(files, model, tmp_path):
    as_published = {"max_length": 48, "as_published": True}
    result = run(settings(files, model, methods=("full",), finetune=as_published), tmp_path / "run")
    export(result.folder, "Chile", tmp_path / "model", "full")
    texts = [("a prompt", "an answer")]
    served = reward_texts(result, model_folders(result, "Chile", "full"), texts)
    (rewards,) = card_rewards(tmp_path / "model", [])
    assert rewards[texts[0]] == pytest.approx(served[0], abs=1e-4)
    assert "joined to one text" in (tmp_path / "model" / "README.md").read_text()


def test_a_template_and_added_special_tokens_give_the_reward_of_the_run(asked):
    """As RewardBench asks; padding on either side of a batch changes nothing with a mask."""
    kind, folder, served = asked
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert bool(tokenizer.chat_template) == (kind != "bert")  # one text cannot say where its second segment begins
    if not tokenizer.chat_template:
        return
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    for roles in (("user", "assistant"), ("query", "document")):  # the second are those of sentence-transformers
        said = [[{"role": r, "content": text} for r, text in zip(roles, pair, strict=True)] for pair in TEXTS[:3]]
        batch = tokenizer(tokenizer.apply_chat_template(said, tokenize=False), padding=True, return_tensors="pt")
        with torch.no_grad():
            rewards = model(**batch).logits[:, 0].numpy()
        assert rewards == pytest.approx([served[text] for text in TEXTS[:3]], abs=1e-4)


def test_sentence_transformers_gives_the_reward_of_the_run(asked):
    kind, folder, served = asked
    cross = pytest.importorskip("sentence_transformers", reason="sentence-transformers is not installed")
    model = cross.CrossEncoder(str(folder), local_files_only=True)
    assert model.predict(TEXTS[:3]) == pytest.approx([served[text] for text in TEXTS[:3]], abs=1e-4)


def test_a_seed_that_the_run_has_not_is_refused(result, tmp_path):
    with pytest.raises(ConfigError, match="no seed 3"):
        export(result.folder, "Chile", tmp_path / "out", "scpo", seed=3)
    assert not (tmp_path / "out").exists()


def test_adapters_are_exported_merged(files, tmp_path, capsys):
    chat = tiny_model(tmp_path / "chat", "chat")
    result = run(settings(files, chat, finetune={"lora": 2, "model_lr": 3e-2}, methods=("full",)), tmp_path / "run")
    row = trained_of(result)
    command = ["export", str(tmp_path / "run"), "--country", row["country"], "--method", "full"]
    assert main([*command, "--out", str(tmp_path / "out")]) == 0
    assert not (tmp_path / "out" / "adapter_config.json").exists()
    assert "LoRA of rank 2, merged" in (tmp_path / "out" / "README.md").read_text()
    served = reward_texts(result, model_folders(result, row["country"], "full"), TEXTS[:1])
    model, tokenizer = (
        kind.from_pretrained(tmp_path / "out") for kind in (AutoModelForSequenceClassification, AutoTokenizer)
    )
    turns = [{"role": "user", "content": TEXTS[0][0]}, {"role": "assistant", "content": TEXTS[0][1]}]
    ids = tokenizer(tokenizer.apply_chat_template(turns, tokenize=False), return_tensors="pt", add_special_tokens=False)
    with torch.no_grad():
        assert float(model.eval()(**ids).logits) == pytest.approx(served[0], abs=1e-4)


def test_best_of_n_ranks_by_a_fine_tuned_model(result):
    row = trained_of(result)
    candidates = pd.DataFrame(TEXTS[:2], columns=["prompt", "response"])
    table = rank(result.folder, candidates, row["country"], row["method"])
    served = reward_texts(result, model_folders(result, row["country"], row["method"]), TEXTS[:2])
    assert table["reward"].to_numpy() == pytest.approx(served, abs=1e-5)
    assert sorted(table["rank"]) == [1, 2] and table["rank"].idxmin() == int(np.argmax(served))
    start = rank(result.folder, candidates, row["country"], row["method"], alpha=0.0)
    assert start["reward"].to_numpy() == pytest.approx(table["reward_global"].to_numpy())
