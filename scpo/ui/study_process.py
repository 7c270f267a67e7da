"""`scpo study when` in a process of its own, which goes on when the page is closed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

from scpo.runs import workspace
from scpo.study import design
from scpo.study import folder as study_folder

WORLDS = 6  # as many as the shipped study has
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
        process = subprocess.Popen(
            [sys.executable, "-m", "scpo", *COMMAND],
            start_new_session=True,
            env={**os.environ, "SCPO_WORKSPACE": str(space)},
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    threading.Thread(target=process.wait, daemon=True).start()  # so that it leaves no zombie behind
    psutil.Process(process.pid).nice(10)  # the pages go first
    while process.returncode is None and not study_folder.being_measured(own_study()):
        time.sleep(0.2)


def last_word() -> str:
    """The last line that it has said, "" if none: how far it is, or why it has ended."""
    try:
        lines = (workspace() / LOG).read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line for line in reversed(lines) if line.strip()), "")
