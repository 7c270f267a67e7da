"""`scpo study when` in a process of its own, which goes on when the page is closed."""

from __future__ import annotations

import time
from pathlib import Path

from scpo.jobs.launch import start_apart
from scpo.runs import workspace
from scpo.study import design
from scpo.study import folder as study_folder

WORLDS = 6  # as many as docs/study.md has
COMMAND = ("study", "when", "--worlds", str(WORLDS))
LOG = "study.log"


def own_study() -> Path:
    """The folder of the study that `start_study` measures."""
    return study_folder.place_of(design.BASE_CONFIG)


def start_study() -> None:
    """Measure it, or what is missing of it; returns when that has begun or failed.

    A second process would end at once, since one measures a study at a time.
    """
    space = workspace()
    space.mkdir(parents=True, exist_ok=True)
    with open(space / LOG, "wb") as output:
        process = start_apart(COMMAND, space, output)
    while process.returncode is None and not study_folder.being_measured(own_study()):
        time.sleep(0.2)


def last_word() -> str:
    """The last line that it has said, "" if none: how far it is, or why it has ended."""
    try:
        lines = (workspace() / LOG).read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line for line in reversed(lines) if line.strip()), "")
