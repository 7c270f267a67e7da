"""Checkpoints of a training: written whole or not at all, and never taken for another training's.

A file is named by the hash of its content, so one that was cut or altered is found and left
out. Knows nothing of what the tensors mean.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from pathlib import Path

import safetensors
import safetensors.torch
import torch

import scpo
from scpo.runs.files import write_bytes

FOLDS = "folds"  # the folder of folders, one per fold
SECONDS = 5.0  # between two checkpoints; a killed run loses at most about this much training


class Checkpoint:
    """The last state of one training in a run folder.

    folder  where the files lie
    key     names the training: a file of another key is not read
    every   least seconds between two files; 0 = at every call of `save`; None = `SECONDS`
    """

    def __init__(self, folder: Path, key: str, every: float | None = None):
        self.folder, self.key, self._every = folder, key, SECONDS if every is None else every
        self._last = time.monotonic()

    def narrowed(self, *parts: bytes) -> Checkpoint:
        """The same with a key that also depends on these bytes: what the training starts from."""
        digest = hashlib.sha256(f"{self.key} {scpo.__version__}".encode())
        for part in parts:
            digest.update(hashlib.sha256(part).digest())
        return Checkpoint(self.folder, digest.hexdigest()[:32], self._every)

    def of_fold(self, fold: int) -> Checkpoint:
        """That of one fold's training, in a folder of its own, so that what is trained stays while others train."""
        folder = self.folder / FOLDS / str(fold)
        folder.mkdir(parents=True, exist_ok=True)
        return Checkpoint(folder, f"{self.key} fold {fold}", self._every)

    def save(self, step: int, tensors: dict[str, torch.Tensor]) -> None:
        """Keep this state in place of the one before; does nothing if that one is recent."""
        if time.monotonic() - self._last >= self._every:
            self.save_now(step, tensors)

    def save_now(self, step: int, tensors: dict[str, torch.Tensor]) -> None:
        """Keep this state in place of the one before."""
        kept = self._files()
        content = safetensors.torch.save(
            {name: tensor.contiguous() for name, tensor in tensors.items()},
            metadata={"key": self.key, "step": str(step)},
        )
        new = self.folder / f"checkpoint-{_hash(content)}.safetensors"
        write_bytes(new, content)
        for path in kept:
            if path != new:  # an equal state has the same name
                path.unlink(missing_ok=True)
        self._last = time.monotonic()

    def load(self) -> tuple[int, dict[str, torch.Tensor]] | None:
        """The step and tensors of the furthest whole file of this training; None if there is none."""
        furthest: tuple[int, dict] | None = None
        for path in self._files():
            try:
                content = path.read_bytes()
                if path.stem != f"checkpoint-{_hash(content)}":
                    continue
                with safetensors.safe_open(path, "pt") as file:
                    about = file.metadata() or {}
            except (OSError, safetensors.SafetensorError):  # removed meanwhile, or nothing that `save` wrote
                continue
            if about.get("key") == self.key and (furthest is None or int(about["step"]) > furthest[0]):
                furthest = int(about["step"]), safetensors.torch.load(content)
        return furthest

    def remove(self) -> None:
        """Delete the files; for a run that is done."""
        for path in self._files():
            path.unlink(missing_ok=True)
        shutil.rmtree(self.folder / FOLDS, ignore_errors=True)

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("checkpoint-*.safetensors"))


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
