"""What one stage has freed is not in memory while the next works."""

import numpy as np

from scpo.bench import _resident
from scpo.training.memory import give_back

MIB = 1 << 20


def test_freed_memory_goes_back_though_something_behind_it_is_still_in_use():
    pieces = [np.ones(MIB // 64, np.uint8) for _ in range(64 * 64)]
    behind, full = np.ones(MIB // 64, np.uint8), _resident("VmRSS")
    del pieces
    give_back()
    assert full - _resident("VmRSS") > 32 * MIB and behind.all()
