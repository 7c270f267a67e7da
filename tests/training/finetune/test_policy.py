"""The example of docs/finetuning.md: a tiny policy, a tiny steered reward model, GRPO, opinions before and after."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from models import WORDS, tiny_model, tiny_tokenizer
from scipy.special import softmax
from transformers import LlamaConfig, LlamaForCausalLM

from scpo.config import DataConfig
from scpo.data.globalopinionqa import load, opinions
from scpo.errors import InputError
from scpo.export.huggingface import export
from scpo.metrics.alignment import opinion_alignment

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "scripts"))
import train_policy  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning", "ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def policy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("policy")
    tokenizer = tiny_tokenizer(chat=True)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        LlamaForCausalLM(
            LlamaConfig(
                vocab_size=len(tokenizer),
                hidden_size=16,
                num_hidden_layers=1,
                num_attention_heads=2,
                num_key_value_heads=2,
                intermediate_size=32,
                max_position_embeddings=64,
                pad_token_id=0,
                eos_token_id=tokenizer.eos_token_id,
                bos_token_id=None,
            )
        ).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    rng, path = np.random.default_rng(0), tmp_path_factory.mktemp("answers") / "answers.jsonl"
    rows = []
    for at in range(40):
        options = [WORDS[w] for w in rng.choice(40, 3, replace=False)]
        shares = rng.dirichlet(np.ones(3)) * 0.9
        for country in ("Mexico", "Japan"):
            rows.append(
                {
                    "question": f"w1 w{at}",
                    "country": country,
                    "options": [*options, "DK/Refused"],
                    "distribution": [*shares.tolist(), 0.1],
                }
            )
    path.write_text("\n".join(map(json.dumps, rows)))
    return str(path)


def test_opinions_leave_out_those_without_one_and_are_split_as_the_pairs(answers):
    config = DataConfig("globalopinionqa", (answers,), countries=("Mexico",), reference=("Japan",))
    table, data = opinions(config), load(config)
    assert len(table) == 80 and all(len(options) == 3 for options in table["options"])
    assert np.allclose([shares.sum() for shares in table["shares"]], 1)
    split = dict(zip(data.units["name"], data.units["split"], strict=True))
    assert (table["split"] == table["question"].map(split)).all()


def test_alignment_is_one_for_the_same_and_zero_for_the_opposite():
    assert opinion_alignment(np.array([0.2, 0.8]), np.array([0.2, 0.8])) == pytest.approx(1)
    assert opinion_alignment(np.array([1.0, 0]), np.array([0, 1.0])) == pytest.approx(0)
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.3, 0.6])
    middle = (p + q) / 2
    slow = 1 - np.sqrt(((p * np.log2(p / middle)).sum() + (q * np.log2(q / middle)).sum()) / 2)
    assert opinion_alignment(p, q) == pytest.approx(slow)
    for wrong in (np.array([0.5, 0.6]), np.array([-0.1, 1.1]), np.array([1.0]), np.array([np.nan, 1.0])):
        with pytest.raises(InputError, match="distributions"):
            opinion_alignment(np.array([0.5, 0.5]), wrong)


def test_probabilities_are_those_of_the_whole_answers(policy):
    tokenizer = train_policy.AutoTokenizer.from_pretrained(policy)
    model = LlamaForCausalLM.from_pretrained(policy).eval()
    found = train_policy.option_probabilities(model, tokenizer, "w1 w2", ["w3", "w4 w5"])
    start = tokenizer.apply_chat_template([{"role": "user", "content": "w1 w2"}], tokenize=False)
    slow = []
    for option in ("w3", "w4 w5"):  # one token at a time
        ids, total = tokenizer(start, add_special_tokens=False)["input_ids"], 0.0
        for token in tokenizer(option, add_special_tokens=False)["input_ids"]:
            with torch.no_grad():
                total += float(model(torch.tensor([ids])).logits[0, -1].log_softmax(-1)[token])
            ids = [*ids, token]
        slow.append(total)
    assert found == pytest.approx(softmax(slow), abs=1e-5)


def test_a_policy_that_trained_in_bfloat16_is_asked_in_the_precision_of_its_weights(policy):
    """As GRPO's trainer leaves it on a GPU: autocast around its forward."""
    tokenizer, model = train_policy.AutoTokenizer.from_pretrained(policy), LlamaForCausalLM.from_pretrained(policy)
    table = pd.DataFrame({"question": ["w1 w2"], "options": [["w3", "w4 w5"]], "shares": [np.array([0.4, 0.6])]})
    before = train_policy.alignment(model, tokenizer, table)
    model._original_forward = model.forward
    model.forward = torch.autocast("cpu", dtype=torch.bfloat16)(model.forward)
    assert model(torch.tensor([[1, 2]])).logits.dtype == torch.bfloat16
    assert train_policy.alignment(model, tokenizer, table) == before


@pytest.mark.parametrize("kind", ["deberta", "heads"])
def test_a_policy_is_trained_on_a_steered_reward_model(kind, policy, answers, result, demo_run, tmp_path, capsys):
    """TRL takes an exported model as its reward model, a fine-tuned one and encoder with head."""
    if kind == "deberta":
        export(result.folder, "Chile", tmp_path / "reward", "full")
    else:
        export(demo_run, "Galune", tmp_path / "reward")
    command = [
        "--policy",
        str(policy),
        "--reward",
        str(tmp_path / "reward"),
        "--answers",
        answers,
        "--country",
        "Mexico",
        "--out",
        str(tmp_path / "out"),
        "--steps",
        "3",
        "--lr",
        "0.01",
    ]
    assert train_policy.main(command) == 0
    found = json.loads([line for line in capsys.readouterr().out.splitlines() if line.startswith('{"country')][-1])
    assert found["questions"] == 6 and 0 < found["alignment_before"] < 1 and 0 < found["alignment_after"] < 1
    assert found["alignment_before"] != found["alignment_after"] and np.isfinite(found["reward_last"])
    again = LlamaForCausalLM.from_pretrained(tmp_path / "out").eval()
    table = opinions(DataConfig("globalopinionqa", (answers,)))
    mine = table[(table["country"] == "Mexico") & (table["split"] == "test")]
    tokenizer = train_policy.AutoTokenizer.from_pretrained(policy)
    assert train_policy.alignment(again, tokenizer, mine) == pytest.approx(found["alignment_after"], abs=1e-4)


def test_a_country_without_questions_is_a_message(policy, answers, tmp_path, capsys):
    tiny_model(tmp_path / "reward", "deberta")
    command = [
        "--policy",
        str(policy),
        "--reward",
        str(tmp_path / "reward"),
        "--answers",
        answers,
        "--country",
        "Nowhere",
        "--out",
        str(tmp_path / "out"),
    ]
    assert train_policy.main(command) == 2 and "no training" in capsys.readouterr().err
