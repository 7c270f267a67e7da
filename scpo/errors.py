"""The errors this project raises on purpose: one small tree, safe to show to a user.

Every message says what was got, what is needed and what to do next. A `ScpoError` never
needs a stack trace; anything else that escapes is a bug.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class ScpoError(Exception):
    """The work could not be done; the message is meant for the user. Exit code 1."""

    exit_code = 1

    def __init__(self, message: str = ""):
        """The message can be printed anywhere: what is not Unicode in it, such as a file's name, is escaped."""
        super().__init__(message.encode("utf-8", "backslashreplace").decode())


class InputError(ScpoError):
    """The input cannot be used as it is: a setting, a file, a name. Exit code 2."""

    exit_code = 2


class ConfigError(InputError):
    """A setting is out of range, or two settings contradict each other.

    setting  the name of the setting to change, so that a form can tell it there; '' if no single one is meant
    """

    def __init__(self, message: str = "", setting: str = ""):
        super().__init__(message)
        self.setting = setting


class SourceMissing(InputError):
    """A data set or model is not on this machine and cannot be fetched."""


class RunFolderError(InputError):
    """A run folder is missing, unfinished, or not one that this version can read."""


class Stopped(ScpoError):
    """The work was asked to stop and did so at a safe point."""

    exit_code = 130


class Fenced(ScpoError):
    """This worker no longer owns the job: it was taken for gone, or the job was deleted."""


class DatabaseError(ScpoError):
    """The job database cannot be used: locked, damaged, read-only, or of a later version."""


class JobError(InputError):
    """A job is not there, or is not in a state in which that can be done."""


class RoomError(InputError):
    """A room is not there, has ended, or does not take this vote."""


@dataclass(frozen=True)
class Fault:
    """One fault of a file: where it is, what was got, what is needed.

    `row` counts from 1 and includes a csv's header line, so that it is the line an editor
    shows; None for a fault of the whole file.
    """

    row: int | None
    got: str
    needed: str

    def __str__(self) -> str:
        where = "file" if self.row is None else f"row {self.row}"
        return f"{where}: {self.got}; needed: {self.needed}"


class DataFaults(InputError):
    """A file has faults. All of them are in `faults`; the message shows the first few, and `why` says what they are."""

    shown = 20

    def __init__(self, path: str, faults: Sequence[Fault], why: str = ""):
        self.path, self.faults, self.why = path, tuple(faults), why
        lines = [f"  {fault}" for fault in self.faults[: self.shown]]
        hidden = len(self.faults) - self.shown
        if hidden > 0:
            lines.append(f"  and {hidden:,} more; `data check --json` lists every one")
        plural = "fault" if len(self.faults) == 1 else "faults"
        said = " ".join(filter(None, [f"{path}: {len(self.faults):,} {plural}.", why, f"{self.remedy} and try again."]))
        super().__init__("\n".join([said, *lines]))

    @property
    def remedy(self) -> str:
        """What is to be mended: some rows, one, or the file."""
        rows = sum(fault.row is not None for fault in self.faults)
        return "Fix these rows" if rows > 1 else "Fix this row" if rows else "Fix the file"
