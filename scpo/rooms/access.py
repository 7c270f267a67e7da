"""Who sees more than the voting page while the app is shown to a class: whoever brings the key.

Rooms are off until `SCPO_ROOMS` is set. With it every page but the voting page needs a key, from the start of the app
to its end, so that nobody on the network comes in before a room is opened or after it has ended. The key is made once
and lies in the workspace, readable by its owner only; it survives a restart.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from scpo import runs
from scpo.errors import ConfigError, RoomError

VARIABLE = "SCPO_ROOMS"
FILE = "rooms.key"
OFF = ("", "0")
ADDRESS = re.compile(r"https?://[^\s/?#]+/?[^\s?#]*")
LONGEST = 200  # characters of an address
HERE = (None, "localhost", "127.0.0.1", "::1")  # hosts that mean another machine on every phone


def rooms_are_on() -> bool:
    """Whether rooms can be opened, and pages need the key."""
    return os.environ.get(VARIABLE, "").strip() not in OFF


def key() -> str:
    """The key of the workspace, made when it is first asked for. Raises `RoomError` if it cannot be kept."""
    path = key_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            return path.read_text().strip() or _empty(path)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(16))
        return path.read_text()
    except OSError as error:
        raise RoomError(
            f"The key cannot be kept in {path.parent} ({error.strerror}). Make the folder writable."
        ) from error


def _empty(path: Path) -> str:
    raise RoomError(f"{path} is empty, so nobody has the key. Delete the file; a new one is made.")


def key_file() -> Path:
    """Where the key lies."""
    return runs.workspace() / FILE


def is_key(given: str | None) -> bool:
    """True for the key; compared in the same time whatever is given."""
    return bool(given) and hmac.compare_digest(str(given).encode(), key().encode())


def voting_link(code: str, reached_at: str) -> str:
    """The link of a room's voting page.

    reached_at   the address by which the teacher's browser has the app; `SCPO_ROOMS` may name another
    Raises `ConfigError` if `SCPO_ROOMS` is neither 1 nor an address.
    """
    named = os.environ.get(VARIABLE, "").strip()
    if named != "1" and not _is_address(named):
        raise ConfigError(
            f"{VARIABLE} is {named!r:.120}; needed: 1, or the address by which the class reaches the app, such as "
            "http://192.168.1.20:8501. Set it and start the app again."
        )
    base = named if named != "1" else reached_at
    return f"{base.rstrip('/')}/vote?{urlencode({'room': code})}"


def _is_address(named: str) -> bool:
    """True for an address of the web, short enough for a QR code that a phone reads across a room."""
    try:
        return len(named) <= LONGEST and bool(ADDRESS.fullmatch(named)) and urlsplit(named).port != 0
    except ValueError:  # brackets or a port that mean nothing
        return False


def leads_elsewhere(link: str) -> bool:
    """False for a link to this machine by a name that means another machine on a phone."""
    return urlsplit(link).hostname not in HERE
