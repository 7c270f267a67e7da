"""One thread for every product of torch and numpy, and torch's work spread over threads that never wait for each other.

`scpo.threads` has why. A thread asks for its own number: torch's products in a new one are shared as if nothing had
been said elsewhere (`findings/torch_set_num_threads_in_new_threads.sh`).
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator

import threadpoolctl
import torch

from scpo import threads


class _OneThreadOfBlas:
    """BLAS has one number for the whole process: the first who asks for one thread sets it, the last restores it."""

    def __init__(self) -> None:
        self._alone, self._users, self._limits = threading.Lock(), 0, contextlib.ExitStack()

    def __enter__(self) -> None:
        with self._alone:
            if not self._users:
                self._limits.enter_context(threadpoolctl.threadpool_limits(1, user_api="blas"))
            self._users += 1

    def __exit__(self, *error: object) -> None:
        with self._alone:
            self._users -= 1
            if not self._users:
                self._limits.close()


_blas = _OneThreadOfBlas()


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """No product is shared between threads while this lasts, here and in what `spread` starts.

    Also a decorator, of whatever trains, encodes or scores. Numbers are then the same on any number of cores.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with _blas:
            yield
    finally:
        torch.set_num_threads(before)


spread = functools.partial(threads.spread, begin=lambda: torch.set_num_threads(1))
