"""Run folders: written so that a folder is complete or visibly unfinished, and read back.

Every file is written under a temporary name and renamed; `done.json` is written last and
lists the hash of each other file, so its presence means that the run completed. Knows
nothing of models or pages.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from scpo.config import ExperimentConfig
from scpo.errors import RunFolderError
from scpo.runs.files import file_hash, write_json
from scpo.runs.progress_log import log_lines, read_progress

METRIC_COLUMNS = tuple("dataset country method seed pairs step subset accuracy low high n ties".split())
RESULT_FILES = (
    "config.json",
    "data.json",
    "margins.safetensors",
    "tallies.safetensors",
    "metrics.json",
    "summary.json",
)
TABLES = "accuracy paired bias transfer curve efficiency per_pair path selection groups group_gaps".split()
HEADS, MODELS = "heads.safetensors", "models.safetensors"


def weights_file(config: ExperimentConfig) -> str:
    """The file of what a run trained: its heads, or the rewards and the folders of its fine-tuned models."""
    return MODELS if config.finetune.model else HEADS


@dataclass(frozen=True)
class Result:
    """A finished run: its settings, data card, metrics and summary tables."""

    folder: Path
    config: ExperimentConfig
    card: dict
    metrics: pd.DataFrame  # columns METRIC_COLUMNS, accuracies in 0..1, NaN where there is no data
    tables: dict[str, pd.DataFrame]  # TABLES, and others, which `has` asks for

    def has(self, table: str) -> bool:
        """Whether the run has rows of a table that not every run has, such as `alignment` or `frontier`."""
        return len(self.tables.get(table, ())) > 0


def workspace() -> Path:
    """The folder of runs: `SCPO_WORKSPACE`, or `.scpo` in the home folder."""
    return Path(os.environ.get("SCPO_WORKSPACE") or Path.home() / ".scpo").expanduser()


def list_runs(space: Path) -> list[Path]:
    """Run folders of a workspace, the newest first; an unfinished one is listed too."""
    folder = space / "runs"
    found = [p for p in folder.iterdir() if (p / "config.json").is_file()] if folder.is_dir() else []
    return sorted(found, key=lambda p: ((p / "config.json").stat().st_mtime, p.name), reverse=True)


def create(folder: Path, config: ExperimentConfig) -> None:
    """Make a run folder, or take up the unfinished one of the same settings, or one that was refused.

    Raises `RunFolderError` if the folder holds a finished run, a run of other settings, or
    files that are not a run: nothing is overwritten.
    """
    if folder.exists() and not folder.is_dir():
        raise RunFolderError(f"{folder} is a file; a run needs a folder. Give another --out.")
    if (folder / "done.json").exists():
        raise RunFolderError(f"{folder} holds a finished run; it is not overwritten. Give another --out.")
    if (folder / "config.json").exists():
        if read_config(folder) != config:
            if not _failed_early(folder):
                raise RunFolderError(
                    f"{folder} holds an unfinished run of other settings. Give another --out, or delete the folder."
                )
            for name in ("progress.jsonl", "data.json"):
                (folder / name).unlink(missing_ok=True)
    elif folder.exists() and any(folder.iterdir()):
        raise RunFolderError(f"{folder} is not empty and is not a run folder. Give another --out.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "config.json", config.as_dict())
    except OSError as error:
        raise RunFolderError(f"{folder} cannot be written: {error.strerror}. Give another --out.") from error


def _failed_early(folder: Path) -> bool:
    """True if a run was refused before it trained anything, so that nothing is lost by starting over."""
    last = read_progress(folder, 1)
    trained = [folder / name for name in (HEADS, MODELS, "models")]
    return bool(last) and last[-1]["stage"] == "failed" and not any(path.exists() for path in trained)


def finish(folder: Path, seconds: float) -> None:
    """Write `done.json`, the last file of a run, with the hash of every other."""
    names = [*RESULT_FILES, weights_file(read_config(folder))]
    files = {name: file_hash(folder / name) for name in sorted(names)}
    write_json(folder / "done.json", {"finished": time.time(), "seconds": seconds, "files": files})


def is_done(folder: Path) -> bool:
    """True if the run completed."""
    return (folder / "done.json").is_file()


def read_config(folder: Path) -> ExperimentConfig:
    """The settings of a run, finished or not."""
    return ExperimentConfig.from_dict(read_json(folder / "config.json"))


def content_hash(folder: Path) -> str | None:
    """The hash of the pairs that a run was made of, as its data card says; None where no card can be read."""
    try:
        card = read_json(folder / "data.json")
    except RunFolderError:
        return None
    return card.get("content_hash") if isinstance(card, dict) else None


def read(folder: Path | str) -> Result:
    """A finished run. Raises `RunFolderError` if it is missing, unfinished or damaged."""
    folder = Path(folder)
    if not folder.is_dir():
        raise RunFolderError(f"{folder} is not there; it may have been deleted or moved.")
    if not is_done(folder):
        raise RunFolderError(f"{folder} has no done.json: the run has not finished. Resume or run it again.")
    for name in ("config.json", "data.json", "metrics.json", "summary.json"):
        unchanged(folder, name)
    card, metrics, summary = (read_json(folder / name) for name in ("data.json", "metrics.json", "summary.json"))
    if not isinstance(card, dict) or not isinstance(summary, dict):
        raise RunFolderError(f"data.json or summary.json of {folder} is no json object. Run it again.")
    tables = {name: read_table(rows, folder / "summary.json") for name, rows in summary.items()}
    _check_version(folder, tables)
    return Result(
        folder, read_config(folder), card, read_table(metrics, folder / "metrics.json", METRIC_COLUMNS), tables
    )


def unchanged(folder: Path, name: str) -> Path:
    """The path of a finished run's file. Raises `RunFolderError` unless it is what the run wrote."""
    path, done = folder / name, read_json(folder / "done.json")
    files = done.get("files") if isinstance(done, dict) else None
    if not isinstance(files, dict):
        raise RunFolderError(f"{folder / 'done.json'} is damaged: it lists no files. Run it again.")
    if not path.is_file() or file_hash(path) != files.get(name):
        raise RunFolderError(f"{path} is missing or was changed after the run finished. Run it again.")
    return path


def _check_version(folder: Path, tables: dict[str, pd.DataFrame]) -> None:
    """Raises `RunFolderError` for a run without what this version writes and shows."""
    missing = [name for name in TABLES if name not in tables]
    if not missing and len(tables["efficiency"]) and "share_gain" not in tables["efficiency"]:
        missing = ["efficiency by the present rule"]
    if missing:
        raise RunFolderError(
            f"The run {folder.name} is of another version of this program: it has no table {', '.join(missing)}. "
            f"Run it again: python -m scpo run --config {folder / 'config.json'} --out DIR"
        )


def read_table(rows: object, path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    try:
        if isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
            table = pd.DataFrame(rows, columns=None if columns is None else list(columns))
            unknown = [name for name in table.columns if len(table) and table[name].isna().all()]
            return table.astype(dict.fromkeys(unknown, float))  # a number that no row has is NaN, not None
    except ValueError:  # half of a surrogate pair
        pass
    raise RunFolderError(f"{path} does not hold tables of records, or a text in it is broken. Run it again.")


def read_json(path: Path):
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise RunFolderError(f"{path} is missing; this is not a run folder.") from error
    except (ValueError, RecursionError, OSError) as error:
        raise RunFolderError(f"{path} cannot be read: {error}.") from error


def warnings(folder: Path, last: int = 200) -> list[str]:
    """Warnings among the last lines of a run's log, such as that a machine does not answer."""
    return [line.partition(" WARNING ")[2] for line in log_lines(folder, last) if " WARNING " in line]
