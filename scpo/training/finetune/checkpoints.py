"""Checkpoints of a fine-tuning that can be trusted: a list of hashes, written last, says that one is whole.

transformers writes the files of a checkpoint one by one, takes the highest number for the latest, and goes on with a
fresh optimiser where that file is missing. A checkpoint without its list, or with a file that was cut, altered or
lost, is therefore passed over; the one before it is used.
"""

from __future__ import annotations

import json
from pathlib import Path

from scpo.errors import InputError
from scpo.runs.files import file_hash, write_json

LIST = "files.json"


def seal(checkpoint: Path) -> None:
    """Write the list of hashes of all files of a checkpoint; to be called when all are written."""
    write_json(checkpoint / LIST, _hashes(checkpoint))


def is_whole(checkpoint: Path) -> bool:
    """True if every file of the list is as it was written."""
    try:
        return json.loads((checkpoint / LIST).read_bytes()) == _hashes(checkpoint)
    except (OSError, ValueError, RecursionError):
        return False


def last_whole(folder: Path) -> Path | None:
    """The furthest whole checkpoint-N of a folder; None if there is none."""
    numbered = [(int(p.name[11:]), p) for p in folder.glob("checkpoint-*") if p.name[11:].isdigit()]
    return next((path for _, path in sorted(numbered, reverse=True) if is_whole(path)), None)


def to_resume(asked: bool | str | None, folder: Path) -> str | None:
    """The checkpoint to go on from: the one asked for, or the last whole one; None to begin.

    Raises `InputError` if the one asked for by name is not whole: it is never taken as it is.
    """
    if not asked:
        return None
    if asked is True:
        found = last_whole(folder)
        return str(found) if found else None
    if not is_whole(Path(asked)):
        raise InputError(
            f"{asked} is not a whole checkpoint: its {LIST}, or a file that it lists, is missing or was changed. Give "
            "resume_from_checkpoint=True to go on from the last whole one."
        )
    return str(asked)


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / LIST)
    return {str(path.relative_to(folder)): file_hash(path) for path in files}
