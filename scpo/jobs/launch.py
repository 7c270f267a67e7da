"""Start an experiment in a process of its own, and tell whether it still runs.

A run's folder is named by its settings, so that starting the same settings twice, by a double
click or from two tabs, is one run. Knows nothing of pages.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import psutil
from filelock import FileLock

from scpo import runs
from scpo.config import ExperimentConfig

PROCESS = "process.json"  # pid and start time: a number alone may belong to another process by now


def folder_for(config: ExperimentConfig, space: Path) -> Path:
    """Where a workspace keeps the run of these settings."""
    return space / "runs" / f"{config.data.dataset}-{config.digest()}"


def start(config: ExperimentConfig, space: Path) -> Path:
    """The folder of a run of these settings: finished, running already, or started now."""
    folder = folder_for(config, space)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(str(folder.parent / ".start.lock"), timeout=30):
        if runs.is_done(folder) or alive(folder):
            return folder
        runs.create(folder, config)
        with open(log_file(folder), "ab") as log:
            command = [sys.executable, "-m", "scpo", "run", "--quiet", "--config", str(folder / "config.json")]
            process = subprocess.Popen(
                [*command, "--out", str(folder)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, cwd=Path(__file__).parents[2],
            )  # fmt: skip
        threading.Thread(target=process.wait, daemon=True).start()  # so that it leaves no zombie behind
        child = psutil.Process(process.pid)
        child.nice(10)  # training takes every core there is; the pages go first
        runs.write_json(folder / PROCESS, {"pid": child.pid, "began": child.create_time()})
    return folder


def alive(folder: Path) -> bool:
    """True if the process that was started for a run still works on it."""
    try:
        about = json.loads((folder / PROCESS).read_bytes())
        process = psutil.Process(about["pid"])
        return abs(process.create_time() - about["began"]) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, KeyError, psutil.Error):
        return False


def state(folder: Path) -> str:
    """done, running, failed (refused or stopped, with a message) or lost (its process is gone)."""
    if runs.is_done(folder):
        return "done"
    if alive(folder):
        return "running"
    last = runs.progress(folder, 1)
    return "failed" if last and last[-1]["stage"] in ("failed", "stopped") else "lost"


def log_file(folder: Path) -> Path:
    """What the process printed, beside the run folder."""
    return folder.with_name(folder.name + ".log")
