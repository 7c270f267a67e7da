"""`scpo export` in a process of its own, one at a time: torch and an encoder would hold up every other session."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from scpo.errors import RunFolderError

SECONDS = 600  # how long an export may take
NOT_PASSED_ON = ("HF_TOKEN", "HF_DEBUG")  # another's token; a mode in which the hub's client prints what it sends
_one_at_a_time = threading.Lock()


def run_export(folder: Path, options: Sequence[str], token: str = "") -> str:
    """What `scpo export` prints. Raises `RunFolderError` with what it says if it refuses, without the token.

    token  of the hub: it goes through a pipe, since arguments and files can be read by others
    """
    environment = {name: value for name, value in os.environ.items() if name not in NOT_PASSED_ON}
    with _one_at_a_time:
        try:
            done = subprocess.run(
                [sys.executable, "-m", "scpo", "export", str(folder), *options],
                cwd=Path(__file__).parents[2],
                env=environment,
                input=f"{token}\n",
                capture_output=True,
                text=True,
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise RunFolderError(
                f"The model is not exported after {SECONDS // 60} minutes; the command has no such limit."
            ) from None
    if done.returncode:
        told = done.stderr.replace(token, "***") if token else done.stderr
        raise RunFolderError(f"The model cannot be exported: {told.strip()[-2000:]}")
    return done.stdout.strip()
