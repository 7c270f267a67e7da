"""Files of a run, written whole or not at all, and their hashes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import safetensors.numpy

from scpo.errors import ConfigError
from scpo.runs.progress_log import plain


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that it exists whole or not at all: temporary name, flush, rename."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def tensor_bytes(tensors: Mapping[str, np.ndarray], about: Mapping[str, str] | None = None) -> bytes:
    """Arrays as safetensors, with `about` in the header.

    Each is laid row after row first: safetensors 0.8.0 writes an array as it lies in memory, which for a transposed or
    sliced one is another order than its shape says (https://github.com/safetensors/safetensors/issues/825).
    """
    rows = {name: np.asarray(values, order="C") for name, values in tensors.items()}
    return safetensors.numpy.save(rows, metadata=dict(about) if about else None)


@contextlib.contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder to write into that appears as `out` whole, at the end, or not at all. Nothing is overwritten.

    Raises `ConfigError` unless `out` is free, or an empty folder, in a folder that exists.
    """
    check_free(out)
    if not out.parent.is_dir():
        raise ConfigError(f"{out.parent} does not exist; make the folder first, or name another --out.")
    made = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        yield made
        for path in (made, *made.iterdir()):
            path.chmod(0o755 if path.is_dir() else 0o644)
        if out.exists():
            out.rmdir()
        made.rename(out)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def check_free(out: Path) -> None:
    """Raise `ConfigError` if something is there already that would be overwritten."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"{out} exists and is not an empty folder; nothing is overwritten. Name another --out.")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_json(path: Path, value: object) -> None:
    """Write a value as json; NaN becomes null, since json has no NaN."""
    text = json.dumps(plain(value), indent=1, allow_nan=False, ensure_ascii=False)
    write_bytes(path, text.encode())


def file_hash(path: Path) -> str:
    """sha256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
