"""Memory that one stage of a run has freed, given back before the next begins."""

from __future__ import annotations

import contextlib
import ctypes


def give_back() -> None:
    """What was freed goes back to the operating system, where the C library can do that.

    It keeps freed memory at hand, in pieces; without this a run's height is nearly the sum of its stages.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):  # of glibc alone
        ctypes.CDLL(None).malloc_trim(0)
