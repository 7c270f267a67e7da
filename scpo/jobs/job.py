"""What a job is: its fields, its states, and when two jobs are the same."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import scpo
from scpo import runs
from scpo.config import ExperimentConfig
from scpo.errors import ScpoError

STATES = ("queued", "running", "done", "failed", "cancelled", "lost")
RESUMABLE = ("failed", "cancelled", "lost")
BEAT, LEASE = 2.0, 15.0  # seconds between two signs of life, and without one until a job counts as lost
KEPT_SECONDS = 7 * 86_400  # how long a deleted run can be brought back
NAME_LENGTH, NOTE_LENGTH, KEY_LENGTH = 120, 4000, 48


@dataclass(frozen=True)
class Job:
    """One experiment: its settings, run folder and state. Times are unix seconds."""

    id: str
    name: str
    note: str
    state: str
    config: ExperimentConfig
    folder: Path
    created: float
    started: float | None
    finished: float | None
    deleted: float | None
    attempt: int
    stage: str
    fraction: float
    seconds_left: float | None
    message: str
    cancelling: bool


def fingerprint(config: ExperimentConfig) -> str:
    """A hash of settings, content of local files and program version: equal if the results would be."""
    digest = hashlib.sha256()
    for name in local_files(config):
        with contextlib.suppress(OSError), open(name, "rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    plain = config.as_dict()
    plain["data"]["data_files"] = len(config.data.data_files)
    plain["data"].pop("data_names", None)  # the same data under another name
    digest.update(json.dumps([plain, scpo.__version__], sort_keys=True).encode())
    return digest.hexdigest()[:KEY_LENGTH]


def local_files(config: ExperimentConfig) -> list[str]:
    return [*config.data.data_files, *([config.global_model] if Path(config.global_model).is_file() else [])]


def can_go_on(job: Job) -> bool:
    """True if a job ended without a result that can be read."""
    if job.state != "done":
        return job.state in RESUMABLE
    return not is_whole(job.folder)


def is_whole(folder: Path) -> bool:
    """True if the run folder holds a finished run that can be read."""
    try:
        runs.read(folder)
    except ScpoError:  # missing, cut or altered
        return False
    return True


def settings_text(config: ExperimentConfig) -> str:
    return json.dumps(config.as_dict(), sort_keys=True)


def clean(text: str) -> str:
    """Text that every database takes: no NUL, no half of a character."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def line(text: str, length: int) -> str:
    return " ".join(clean(text).split())[:length]


def usual_name(config: ExperimentConfig, id: str) -> str:
    """What a run is called that was given no name: by its data, and the first letters of its id."""
    data = config.data
    own = data.dataset in ("file", "survey")
    of = data.title or (Path(data.shown_files[0]).stem if own else data.dataset)
    return f"{line(of, NAME_LENGTH - 5)} {id[:4]}"
