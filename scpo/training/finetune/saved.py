"""The fine-tuned models of a finished run: read back with their hashes checked, and put to any text."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import safetensors

from scpo import runs
from scpo.errors import RunFolderError
from scpo.hub import model_folder
from scpo.training.device import device
from scpo.training.finetune.formats import InputFormat, longest_input
from scpo.training.finetune.listing import listed
from scpo.training.finetune.loading import load_model, load_tokenizer
from scpo.training.finetune.scoring import score
from scpo.training.threads import one_thread

RUN_AGAIN = "Run it again."


def global_rewards(result: runs.Result) -> np.ndarray:
    """Rewards (texts,) of the run's data by its starting model; NaN for texts that no measure asked for."""
    path = runs.unchanged(result.folder, runs.MODELS)
    with safetensors.safe_open(path, "np") as file:
        return file.get_tensor("global")


def model_folders(result: runs.Result, country: str, method: str) -> list[Path]:
    """Where the models of one country and method with all pairs lie, one per seed; a model that stayed as it started
    is the starting one. Raises `RunFolderError` if one was changed, or is not here any more."""
    about, found = _listed(result), []
    top = max(row["level"] for row in about["models"])
    for row in about["models"]:
        if (row["country"], row["method"], row["level"]) != (country, method, top):
            continue
        place = result.folder / row["folder"] if row["folder"] else start_folder(result, about["start"])
        if weights_hash(place) != (row["hash"] or about["start_hash"]):
            raise RunFolderError(f"the weights in {place} were changed after the run finished. {RUN_AGAIN}")
        found.append(place)
    return found


def start_folder(result: runs.Result, name: str) -> Path:
    """Where the model that a run started from lies: in the run, or where its name says."""
    return result.folder / name if (result.folder / name).is_dir() else model_folder(name)


@one_thread()
def reward_texts(
    result: runs.Result, folders: Sequence[Path], texts: Sequence[tuple[str, str]], dropout: bool = False
) -> np.ndarray:
    """Rewards (n,) of (prompt, response) texts, mean over models, each in the form in which the run judged it.

    dropout  on only to do as others did
    """
    found, start, whole = [], start_of(result), result.config.finetune
    for folder in folders:
        tokenizer = load_tokenizer(folder)
        model = load_model(folder, tokenizer)
        longest = longest_input(whole.max_length, tokenizer, model.config)
        inputs = InputFormat(tokenizer, longest, whole.as_published and folder != start)
        found.append(score(model.to(device()), inputs, texts, dropout=dropout))
    return np.mean(found, axis=0)


def start_of(result: runs.Result) -> Path:
    """The folder of the starting model."""
    return start_folder(result, _listed(result)["start"])


def weights_hash(folder: Path) -> str:
    """A hash of the weights of a model folder, a run's list of rewards aside."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*model*.safetensors")):
        with open(path, "rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _listed(result: runs.Result) -> dict:
    runs.unchanged(result.folder, runs.MODELS)
    return listed(result.folder)
