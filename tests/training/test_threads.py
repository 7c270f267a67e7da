"""No product is shared between threads, whoever asks for it, and afterwards it is as it was before."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import threadpoolctl
import torch

from scpo.training.threads import one_thread


def blas_threads():
    return [part["num_threads"] for part in threadpoolctl.threadpool_info() if part["user_api"] == "blas"]


def test_torch_and_numpy_have_one_thread_while_it_lasts_and_theirs_again_afterwards():
    torch.set_num_threads(2)
    try:
        before = blas_threads()
        with one_thread():
            assert torch.get_num_threads() == 1 and set(blas_threads()) == {1}
        assert torch.get_num_threads() == 2 and blas_threads() == before
    finally:
        torch.set_num_threads(1)


def test_numpy_has_its_threads_again_only_when_the_last_who_asked_is_done():
    before = blas_threads()
    inside, leave = threading.Event(), threading.Event()

    def other():
        with one_thread():
            inside.set()
            leave.wait(300)

    thread = threading.Thread(target=other)
    with one_thread():
        thread.start()
        assert inside.wait(300)
    assert set(blas_threads()) == {1}
    leave.set()
    thread.join()
    assert blas_threads() == before


def test_no_product_is_shared_here_or_in_what_is_spread():
    """In a process where nothing says how many threads torch has, which is how an app is started."""
    code = """if True:
        import os, threading
        import torch
        from scpo.training.threads import one_thread, spread

        square = torch.ones(256, 256)

        def helpers(item):
            square @ square
            return len(os.listdir("/proc/self/task")) - threading.active_count()

        with one_thread():
            before = helpers(0)
            assert spread(helpers, range(2), threads=2) == [before, before]
    """
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
