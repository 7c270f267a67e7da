"""What the pages are drawn with: charts, caches and state of the app.

Every look at a page is a thread of its own, and allocators that keep memory apart for each thread keep more and more of
it in an app that is looked at for hours (scripts/soak.py measures it). Here all threads share theirs.
"""

import contextlib
import ctypes

import pyarrow

M_ARENA_MAX = -8  # of glibc's malloc.h; other systems have no such setting and need none

pyarrow.set_memory_pool(pyarrow.system_memory_pool())
with contextlib.suppress(AttributeError, OSError, TypeError):
    ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)
