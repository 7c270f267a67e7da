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
from scpo.hub import BRING_A_FOLDER, has_head

RATE = 120e9  # operations per second of fp32 on two cores
CHARACTERS_PER_TOKEN = 4.5
OWN = 0.8 * 2**30  # bytes of the libraries themselves
LORA_SHARE = 0.01  # of the weights, about, at common ranks


@dataclass(frozen=True)
class Model:
    """Sizes of a model: parameters, of which embedding; layers, hidden width, attention heads; head: it has a reward
    head, and is no encoder that gets one first."""

    parameters: int
    embedding: int
    layers: int
    hidden: int
    attention: int
    head: bool


def model_of(folder: Path) -> Model:
    """Sizes from config.json and the headers of the weights. Raises `SourceMissing` if they are not there."""
    try:
        about, head = json.loads((folder / "config.json").read_bytes()), has_head(folder)
        parameters = sum(_numbers_in(path) for path in folder.glob("*.safetensors"))
        about = about.get("encoder") or about.get("text_config") or about
        hidden = int(about["hidden_size"])
        return Model(
            parameters, int(about["vocab_size"]) * hidden, int(about["num_hidden_layers"]), hidden,
            int(about["num_attention_heads"]), head,
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise SourceMissing(
            f"{folder} has no readable config.json and weights ({error!r}). {BRING_A_FOLDER}"
        ) from error


def fast_bf16() -> bool:
    """True if this processor has bf16 arithmetic, as `scpo.training.device` asks torch."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_tile" in flags


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


def seconds(config: ExperimentConfig, model: Model, characters: int, texts: int, models: int) -> dict[str, float]:
    """Expected seconds of the stages on two cores.

    characters, texts  of all (prompt, response) that are scored; models: how many are trained
    """
    tokens = min(characters / CHARACTERS_PER_TOKEN / max(texts, 1), config.finetune.max_length)
    forward = 2 * max(model.parameters - model.embedding, 1) * tokens / RATE  # of one text; rewards are in fp32
    faster = 2 if config.precision != "fp32" and fast_bf16() else 1
    evaluated = 0.15 * texts  # validation and test of one country, at each of four marks
    training = config.steps * config.batch_size * 2 * 3 * forward / faster + 4 * evaluated * forward
    embed = 0.0 if model.head else texts * forward
    return {"embed": embed, "global": texts * forward, "train": models * training, "share": 0.0, "measure": 2.0}


def memory(config: ExperimentConfig, model: Model, characters: int, texts: int) -> float:
    """Bytes at the height of training."""
    tokens = min(2 * characters / CHARACTERS_PER_TOKEN / max(texts, 1), config.finetune.max_length)
    trained = model.parameters * (LORA_SHARE if config.finetune.lora else 1)
    rows = 2 * config.batch_size
    per_layer = rows * tokens * (34 * model.hidden + 5 * model.attention * tokens) * 2
    return OWN + 4 * model.parameters + 12 * trained + per_layer * model.layers
