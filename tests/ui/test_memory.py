"""What keeps the app's memory level while it is looked at for hours; scripts/soak.py measures it."""

import platform
import subprocess
import sys

import pyarrow
import pytest

import scpo.ui  # noqa: F401

ARENAS = """
import ctypes, sys, threading
if sys.argv[1] == "shared":
    import scpo.ui
kept, together = [], threading.Barrier(8)
def work():
    kept.append(ctypes.create_string_buffer(50_000))
    together.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
[t.start() for t in threads], [t.join() for t in threads]
ctypes.CDLL(None).malloc_info(0, ctypes.c_void_p.in_dll(ctypes.CDLL(None), "stdout"))
"""


def test_arrow_allocates_where_all_threads_share():
    assert pyarrow.default_memory_pool().backend_name == "system"


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the setting is glibc's")
def test_threads_get_no_heap_of_their_own():
    def heaps(how):
        done = subprocess.run([sys.executable, "-c", ARENAS, how], capture_output=True, text=True, check=True)
        return done.stdout.count("<heap nr=")

    assert heaps("shared") < heaps("apart")
