"""The progress of a run as lines of a file: written while it works, read while one watches."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path

import pandas as pd


def plain(value):
    if isinstance(value, pd.DataFrame):
        return plain(value.to_dict("records"))
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def add_progress(folder: Path, entry: Mapping) -> None:
    """Append one line to `progress.jsonl`, in one write so that a reader sees whole lines."""
    line = json.dumps(plain({"time": time.time(), **entry}), allow_nan=False) + "\n"
    with open(folder / "progress.jsonl", "ab", buffering=0) as file:
        file.write(line.encode())


def read_progress(folder: Path, last: int = 200) -> list[dict]:
    """The last lines of `progress.jsonl`; a line cut short by a kill is left out."""
    path = folder / "progress.jsonl"
    entries = []
    for line in path.read_bytes().split(b"\n")[-last - 1 :] if path.is_file() else []:
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(entry, dict):
            entries.append(entry)
    return entries


def log_lines(folder: Path, last: int = 200) -> list[str]:
    """The last lines of a run's log, where a worker wrote one."""
    path = folder / "log.txt"
    return path.read_text(errors="replace").splitlines()[-last:] if path.is_file() else []
