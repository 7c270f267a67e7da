"""Files of a run, written whole or not at all, and their hashes."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path

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
