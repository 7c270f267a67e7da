"""How far an experiment is, told by a clock that the test sets."""

import pytest

from scpo.progress import STAGES, Progress


def test_a_stage_that_takes_longer_than_expected_is_told_by_its_own_pace():
    now, heard = [0.0], []
    progress = Progress(heard.append, clock=lambda: now[0])
    progress.expect(**dict.fromkeys(STAGES, 0.0) | {"train": 10.0})
    progress.report("train", 0, 100)
    assert heard[-1]["seconds_left"] == 10
    now[0] = 20.0  # twice what was expected, and one step of a hundred is done
    progress.report("train", 1, 100)
    assert heard[-1]["seconds_left"] == pytest.approx(1980) and heard[-1]["fraction"] == pytest.approx(0.01)
