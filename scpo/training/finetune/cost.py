"""What fine-tuning a model will take, told from its files before it is loaded: parameters, memory, seconds.

Work is 2 floating-point operations per parameter and token forwards, 4 backwards (embeddings aside). Memory is that of
weights, gradients and Adam's two averages, and of activations per layer as in https://arxiv.org/abs/2205.05198, eq. 2.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path

from scpo.config import ExperimentConfig
from scpo.errors import SourceMissing
from scpo.hub import BRING_A_FOLDER

RATE = 120e9  # operations per second of fp32 on two cores
CHARACTERS_PER_TOKEN = 4.5
OWN = 0.8 * 2**30  # bytes of the libraries themselves
LORA_SHARE = 0.01  # of the weights, about, at common ranks


@dataclass(frozen=True)
class Model:
    """Sizes of a model: parameters, of which embedding; layers, hidden width, attention heads."""

    parameters: int
    embedding: int
    layers: int
    hidden: int
    attention: int


def model_of(folder: Path) -> Model:
    """Sizes from config.json and the headers of the weights. Raises `SourceMissing` if they are not there."""
    try:
        about = json.loads((folder / "config.json").read_bytes())
        parameters = sum(_numbers_in(path) for path in folder.glob("*.safetensors"))
        about = about.get("encoder") or about.get("text_config") or about
        hidden = int(about["hidden_size"])
        return Model(
            parameters, int(about["vocab_size"]) * hidden, int(about["num_hidden_layers"]), hidden,
            int(about["num_attention_heads"]),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise SourceMissing(
            f"{folder} has no readable config.json and weights ({error!r}). {BRING_A_FOLDER}"
        ) from error


def _numbers_in(path: Path) -> int:
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    total = 0
    for name, tensor in header.items():
        if name != "__metadata__":
            size = 1
            for side in tensor["shape"]:
                size *= side
            total += size
    return total


def seconds(
    config: ExperimentConfig, model: Model, characters: int, texts: int, models: int, fast: bool, headless: bool
) -> dict:
    """Expected seconds of the stages on two cores.

    characters, texts  of all texts that are scored; models: how many are trained; fast: bf16 arithmetic; headless:
    the model is an encoder, whose head is trained first on vectors of all texts
    """
    rate = RATE * (2 if fast else 1)
    tokens = min(characters / CHARACTERS_PER_TOKEN / max(texts, 1), config.finetune.max_length)
    forward = 2 * max(model.parameters - model.embedding, 1) * tokens / RATE  # one text; rewards are in fp32
    evaluated = 0.15 * texts  # validation and test of one country, at each of four marks
    training = config.steps * config.batch_size * 2 * 3 * forward * RATE / rate + 4 * evaluated * forward
    embed = texts * forward if headless else 0.0
    return {"embed": embed, "global": texts * forward, "train": models * training, "measure": 2.0}


def memory(config: ExperimentConfig, model: Model, characters: int, texts: int) -> float:
    """Bytes at the height of training."""
    tokens = min(2 * characters / CHARACTERS_PER_TOKEN / max(texts, 1), config.finetune.max_length)
    trained = model.parameters * (LORA_SHARE if config.finetune.lora else 1)
    rows = 2 * config.batch_size
    per_layer = rows * tokens * (34 * model.hidden + 5 * model.attention * tokens) * 2
    return OWN + 4 * model.parameters + 12 * trained + per_layer * model.layers
