"""How large a file may be that is read, and how large what is packed in it."""

from __future__ import annotations

import os

from scpo.errors import ConfigError

MEGABYTE = 1 << 20
UNPACKED = 4  # a packed file may unpack to this many times the size limit, no more


def limit() -> int:
    """The largest file that is read, in megabytes. Raises `ConfigError` if SCPO_MAX_FILE_MB is no such number."""
    value = os.environ.get("SCPO_MAX_FILE_MB", "1024")
    if not value.isascii() or not value.isdigit() or len(value) > 9 or int(value) == 0:
        raise ConfigError(f"SCPO_MAX_FILE_MB is {value!r}; it must be a whole number of megabytes, such as 1024.")
    return int(value)
