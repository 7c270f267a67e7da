"""What a run of whole models lists in the header of `models.safetensors`: which model is which, and where it lies."""

from __future__ import annotations

import json
from pathlib import Path

import safetensors

from scpo import runs
from scpo.hub import local_folder


def listed(run: Path) -> dict:
    """start: name or folder of the starting model, start_hash; models: records of country, method, seed, level, step,
    folder and hash, both None for a model that stayed as it started."""
    with safetensors.safe_open(run / runs.MODELS, "np") as file:
        about = json.loads(file.metadata()["about"])
    for row in about["models"]:  # a column of texts and gaps is written with NaN in the gaps
        row |= {name: row[name] if isinstance(row[name], str) else None for name in ("folder", "hash")}
    return about


def model_places(run: Path) -> list[Path]:
    """Folders of the run's models that lie on this machine, the one it started from last; no network is asked."""
    about = listed(run)
    kept = [run / row["folder"] for row in about["models"] if row["folder"]]
    start = run / about["start"] if (run / about["start"]).is_dir() else local_folder(about["start"])
    return [place for place in [*kept, start] if place and place.is_dir()]
