"""Tiny reward models with random weights, saved as model folders: a pair encoder and a chat model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    DebertaV2Config,
    DebertaV2ForSequenceClassification,
    LlamaConfig,
    LlamaForSequenceClassification,
    PreTrainedTokenizerFast,
)

from scpo.config import DataConfig, ExperimentConfig, FinetuneConfig

WORDS = [f"w{k}" for k in range(40)]
COUNTRIES = ("Chile", "Mexico")
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "<user>", "<assistant>", "<end>"]
TEMPLATE = (
    "{% for m in messages %}{{ '<user> ' if m.role == 'user' else '<assistant> ' }}{{ m.content }} <end> {% endfor %}"
)


def tiny_tokenizer(segments: bool = False, chat: bool = False) -> PreTrainedTokenizerFast:
    vocabulary = {word: at for at, word in enumerate([*SPECIAL, *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if not chat:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
        )
    names = ["input_ids", "attention_mask", *(["token_type_ids"] if segments else [])]
    made = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        eos_token="<end>" if chat else None,
        model_input_names=names,
        model_max_length=64,
        additional_special_tokens=SPECIAL[4:],
    )
    made.chat_template = TEMPLATE if chat else None
    return made


def tiny_model(folder: Path, kind: str = "bert") -> Path:
    """kind: bert (tells segments apart), deberta, or chat (a Llama with a template)."""
    sizes = {
        "vocab_size": len(SPECIAL) + len(WORDS),
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 64,
        "pad_token_id": 0,
        "num_labels": 1,
    }
    with torch.random.fork_rng():
        torch.manual_seed(0)
        if kind == "bert":
            model = BertForSequenceClassification(BertConfig(**sizes))
        elif kind == "deberta":
            model = DebertaV2ForSequenceClassification(DebertaV2Config(**sizes, type_vocab_size=0))
        else:
            model = LlamaForSequenceClassification(LlamaConfig(**sizes, num_key_value_heads=2))
        head = model.score if kind == "chat" else model.classifier
        head.weight.data.mul_(500)  # random models are nearly constant; make rewards differ
    model.save_pretrained(folder)
    tiny_tokenizer(segments=kind == "bert", chat=kind == "chat").save_pretrained(folder)
    return folder


def prism_files(folder: Path, users: int = 210, countries=None) -> list[str]:
    """survey.jsonl and utterances.jsonl of PRISM's form, in the tiny models' words; each country likes its own."""
    from scpo.data.prism import COUNTRIES, REFERENCE

    rng = np.random.default_rng(0)
    names = [*(countries or COUNTRIES), REFERENCE[0]]
    taste = {name: rng.normal(size=len(WORDS)) for name in names}
    country = [names[user % len(names)] for user in range(users)]
    survey = [{"user_id": f"user{u}", "location": {"reside_country": c}} for u, c in enumerate(country)]
    said = []
    for user, place in enumerate(country):
        for turn in range(4):
            prompt = " ".join(WORDS[w] for w in rng.integers(0, 40, 4))
            for _ in range(3):
                words = rng.integers(0, 40, 6)
                said.append(
                    {
                        "interaction_id": f"int{user}-{turn}",
                        "user_id": f"user{user}",
                        "user_prompt": prompt,
                        "model_response": " ".join(WORDS[w] for w in words),
                        "score": int(np.clip(50 + 12 * taste[place][words].sum(), 1, 100)),
                    }
                )
    paths = [str(folder / "survey.jsonl"), str(folder / "utterances.jsonl")]
    for path, rows in zip(paths, (survey, said), strict=True):
        pd.DataFrame(rows).to_json(path, orient="records", lines=True)
    return paths


def settings(files, model, **more):
    whole = {"model": str(model), "model_lr": 3e-3, "max_length": 48} | more.pop("finetune", {})
    plain = {"methods": ("global", "full", "scpo"), "seeds": 1, "steps": 8, "batch_size": 8, "precision": "fp32"}
    return ExperimentConfig(
        data=DataConfig("prism", tuple(files), countries=COUNTRIES), finetune=FinetuneConfig(**whole), **plain | more
    )
