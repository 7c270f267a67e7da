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
from scpo.config.judge_names import named_models
from scpo.errors import SourceMissing
from scpo.hub import ADAPTER, BRING_A_FOLDER, has_head, local_folder

RATE = 120e9  # operations per second of fp32 on two cores
CHARACTERS_PER_TOKEN = 4.5
OWN = 0.8 * 2**30  # bytes of the libraries themselves
# what transformers' own kinds of models call their sizes
HIDDEN = ("hidden_size", "d_model", "n_embd", "dim", "emb_dim")
LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "encoder_layers", "num_layers")
HEADS = ("num_attention_heads", "n_head", "n_heads", "encoder_attention_heads", "num_heads")
DECODER = ("decoder_layers", "num_decoder_layers")  # beside the encoder's
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


def model_of(folder: Path) -> Model | None:
    """Sizes from config.json and the headers of the weights; None for a kind of model that names them otherwise, or
    adapters whose base is not on this machine: it is trained without an estimate.

    Raises `SourceMissing` if the files are not there or cannot be read.
    """
    if (folder / ADAPTER).is_file():
        base = local_folder(_read(folder / ADAPTER).get("base_model_name_or_path") or "")
        return model_of(base) if base else None
    about = _read(folder / "config.json")
    body = next((about[part] for part in ("encoder", "text_config") if isinstance(about.get(part), dict)), about)
    hidden, layers, heads, words = (_number(body, names) for names in (HIDDEN, LAYERS, HEADS, ("vocab_size",)))
    if not (hidden and layers and heads and words):
        return None
    try:
        parameters = sum(_numbers_in(path) for path in folder.glob("*.safetensors"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise SourceMissing(f"the weights in {folder} cannot be read ({error!r}). {BRING_A_FOLDER}") from error
    return Model(parameters, words * hidden, layers + (_number(body, DECODER) or 0), hidden, heads, has_head(folder))


def _read(path: Path) -> dict:
    try:
        about = json.loads(path.read_bytes())
        if not isinstance(about, dict):
            raise ValueError("it is no json object")
    except (OSError, ValueError) as error:
        raise SourceMissing(f"{path.parent} has no readable {path.name} ({error}). {BRING_A_FOLDER}") from error
    return about


def _number(about: dict, names: tuple[str, ...]) -> int | None:
    """The size under the first of these names that holds one."""
    return next((about[name] for name in names if isinstance(about.get(name), int) and about[name] > 0), None)


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
    forward = _forward(config, model, characters, texts)
    faster = 2 if config.precision != "fp32" and fast_bf16() else 1
    evaluated = 0.15 * texts  # validation and test of one country, at each of four marks
    training = config.steps * config.batch_size * 2 * 3 * forward / faster + 4 * evaluated * forward
    embed = 0.0 if model.head else texts * forward
    return {"embed": embed, "global": texts * forward, "train": models * training, "share": 0.0, "measure": 2.0}


def _forward(config: ExperimentConfig, model: Model, characters: int, texts: int) -> float:
    """Seconds for the reward of one text, which is in fp32."""
    tokens = min(characters / CHARACTERS_PER_TOKEN / max(texts, 1), config.finetune.max_length)
    return 2 * max(model.parameters - model.embedding, 1) * tokens / RATE


def scoring_seconds(config: ExperimentConfig, characters: int, texts: int) -> float:
    """Expected seconds in which the score models give their rewards; of a model that cannot be told none.

    characters, texts  of all (prompt, response) that are scored
    """
    found = [local_folder(model) for model in named_models(config.score_models).values()]
    models = [model_of(folder) for folder in found if folder]
    return sum(texts * _forward(config, model, characters, texts) for model in models if model)


def memory(config: ExperimentConfig, model: Model, characters: int, texts: int) -> float:
    """Bytes at the height of training."""
    tokens = min(2 * characters / CHARACTERS_PER_TOKEN / max(texts, 1), config.finetune.max_length)
    trained = model.parameters * (LORA_SHARE if config.finetune.lora else 1)
    rows = 2 * config.batch_size
    per_layer = rows * tokens * (34 * model.hidden + 5 * model.attention * tokens) * 2
    return OWN + 4 * model.parameters + 12 * trained + per_layer * model.layers
