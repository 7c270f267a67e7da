"""Reward models to start from: of the hub, of a local folder, or an encoder that gets a fresh head.

Weights are read from safetensors only, and no code of a model folder is run. A folder of LoRA adapters is put on its
base model and merged, so that what is returned is always a whole model.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging

import scpo.training.reward_model  # makes exported models known to transformers
from scpo.config import ExperimentConfig
from scpo.errors import ConfigError, SourceMissing
from scpo.hub import ADAPTER, BRING_A_FOLDER, MINILM, has_head, model_folder
from scpo.training.encoders import Encoder, load_encoder
from scpo.training.finetune.checks import check_padding

LOCAL = {"local_files_only": True, "trust_remote_code": False}


@dataclass
class StartingModel:
    """The model that a fine-tuning starts from.

    encoder  set if the model has no reward head: a head is trained for it first
    """

    name: str
    folder: Path
    tokenizer: PreTrainedTokenizerBase
    encoder: Encoder | None = field(default=None)


def load_start(config: ExperimentConfig) -> StartingModel:
    """Find the model and its tokenizer. Raises `SourceMissing` or `ConfigError` for what cannot be used."""
    name = config.finetune.model
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    folder = model_folder(name)
    headless = name == MINILM or not has_head(folder)
    if headless and config.finetune.lora:
        raise ConfigError(
            f"lora is {config.finetune.lora}, but {name!r} has no reward head and gets one that adapters cannot hold. "
            "Use lora=0 for it: a model without a head is small enough here; or start from a reward model."
        )
    if config.finetune.lora and not (folder / ADAPTER).is_file() and _kind(folder) == scpo.training.reward_model.KIND:
        raise ConfigError(
            f"lora is {config.finetune.lora}, but {name!r} is an encoder with a head that adapters cannot hold. Use "
            "lora=0 for it, which trains all its weights; or start from a reward model whose head is a layer."
        )
    return StartingModel(name, folder, load_tokenizer(folder), load_encoder(name, "fp32") if headless else None)


def _kind(folder: Path) -> str:
    return json.loads((folder / "config.json").read_bytes()).get("model_type", "")


def load_tokenizer(folder: Path):
    """The tokenizer of a folder; an end-of-text token stands in for a missing padding token.

    Raises `SourceMissing` where there is none, or one that knows no words.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, **LOCAL)
    except Exception as error:  # tokenizers raise many kinds, some of them bare
        raise SourceMissing(f"the tokenizer in {folder} cannot be read ({error}). {BRING_A_FOLDER}") from error
    if not any(c.isalnum() for token in tokenizer.get_vocab().keys() - {*tokenizer.all_special_tokens} for c in token):
        raise SourceMissing(
            f"the tokenizer in {folder} knows no word, as transformers makes one for a folder that has none of a "
            f"tokenizer's files. {BRING_A_FOLDER}"
        )
    if tokenizer.pad_token is None and tokenizer.eos_token is not None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(folder: Path, tokenizer, dtype: torch.dtype = torch.float32) -> PreTrainedModel:
    """The reward model of a folder, one label, in evaluation mode.

    Raises `SourceMissing` if there are no safetensors or the base of an adapter is not here, `ConfigError` for a
    model whose head is not in its weights, that only its own code could load, or that lacks the padding token.
    """
    if (folder / ADAPTER).is_file():
        model = _merged(folder, tokenizer, dtype)
    else:
        model = _whole(folder, dtype)
    check_padding(model, tokenizer)
    for config in (model.config, model.config.get_text_config()):
        config.pad_token_id = tokenizer.pad_token_id  # models that read the last token need it
    return model.eval()


def _whole(folder: Path, dtype: torch.dtype) -> PreTrainedModel:
    if not list(folder.glob("*.safetensors")):
        raise SourceMissing(
            f"{folder} has no .safetensors file (pickled weights are never read). The hub converts a model to "
            "safetensors in a pull request of the model's page: name its revision, as owner/model@refs/pr/1. "
            f"{BRING_A_FOLDER}"
        )
    try:
        model, found = AutoModelForSequenceClassification.from_pretrained(
            folder, dtype=dtype, use_safetensors=True, output_loading_info=True, **LOCAL
        )
    except Exception as error:  # an unknown type, a cut file, a shape that does not fit: transformers raises many
        raise ConfigError(
            f"the model in {folder} cannot be loaded by transformers without code of its own ({error}). Bring a model "
            "of a type that transformers knows, with whole .safetensors files."
        ) from error
    if found["missing_keys"]:
        raise ConfigError(
            f"the weights in {folder} lack {', '.join(sorted(found['missing_keys'])[:4])}, so these would be random. "
            "Download the model anew, or save it with its head (save_pretrained)."
        )
    return model


def _merged(folder: Path, tokenizer, dtype: torch.dtype) -> PreTrainedModel:
    from peft import PeftModel

    base = json.loads((folder / ADAPTER).read_bytes()).get("base_model_name_or_path") or ""
    model = load_model(model_folder(base), tokenizer, dtype)
    return PeftModel.from_pretrained(model, folder, local_files_only=True).merge_and_unload()
