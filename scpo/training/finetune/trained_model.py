"""One model of the plan that is done: what is known of it, and its folder, written and read.

The folder appears whole; what is under way has a folder `.part` beside it, with the checkpoints to go on from.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors
from transformers import PreTrainedModel

from scpo.runs.files import tensor_bytes, write_bytes
from scpo.training.finetune.loading import StartingModel

KEPT = "rewards.safetensors"


@dataclass(frozen=True)
class TrainedModel:
    """A trained model: the step that was kept (0 = as it started), test accuracy at each evaluation (steps, 3) on full,
    distinct and consensus pairs, rewards (texts,) with NaN where not asked for, and its folder; None = the start."""

    step: int
    path: np.ndarray
    rewards: np.ndarray
    folder: Path | None


def write_model(
    folder: Path,
    work: Path,
    start: StartingModel,
    model: PreTrainedModel | None,
    key: str,
    step: int,
    path: np.ndarray,
    rewards: np.ndarray,
) -> TrainedModel:
    """Keep a model: its folder appears whole, then its checkpoints go."""
    partial = folder.with_name(f".{folder.name}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    if model is not None:
        model.save_pretrained(partial)
        start.tokenizer.save_pretrained(partial)
    about = {"key": key, "step": step, "model": model is not None, "sha256": _hash(path, rewards)}
    content = {"path": path, "rewards": rewards}
    write_bytes(partial / KEPT, tensor_bytes(content, {"about": json.dumps(about)}))
    partial.rename(folder)
    shutil.rmtree(work, ignore_errors=True)
    return TrainedModel(step, path, rewards, folder if model is not None else None)


def read_model(folder: Path, key: str) -> TrainedModel | None:
    """A model that is done; None if there is none, or one of another experiment or a damaged one, which is removed."""
    if not (folder / KEPT).is_file():
        return None
    try:
        with safetensors.safe_open(folder / KEPT, "np") as file:
            about = json.loads(file.metadata()["about"])
            path, rewards = file.get_tensor("path"), file.get_tensor("rewards")
    except (safetensors.SafetensorError, ValueError):
        about = {}
    if about.get("key") == key and about["sha256"] == _hash(path, rewards):
        return TrainedModel(about["step"], path, rewards, folder if about["model"] else None)
    shutil.rmtree(folder)
    shutil.rmtree(folder.with_name(f"{folder.name}.part"), ignore_errors=True)
    return None


def _hash(*arrays: np.ndarray) -> str:
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()
