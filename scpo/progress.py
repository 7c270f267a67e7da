"""How far an experiment is, and how long it will still take. Knows nothing of what is done.

Every stage is given its expected seconds in advance; while a stage runs, its own pace replaces
the expectation.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

STAGES = ("data", "embed", "global", "train", "measure")


class Progress:
    """Collects reports of the stages and hands each on as one entry of progress.jsonl."""

    def __init__(self, listener: Callable[[Mapping], None] | None = None, clock=time.monotonic):
        self._listener, self._clock = listener, clock
        self._expected = dict.fromkeys(STAGES, 5.0)  # until the sizes are known
        self._spent = dict.fromkeys(STAGES, 0.0)
        self._stage, self._began, self._fraction = STAGES[0], clock(), 0.0

    def expect(self, **seconds: float) -> None:
        """Expected seconds of stages, as soon as they can be told from the data."""
        self._expected.update(seconds)

    def report(self, stage: str, done: int, total: int, **extra) -> None:
        """A stage has done so many of its steps. The listener gets fraction and seconds_left too."""
        now = self._clock()
        if stage != self._stage:
            self._stage, self._began = stage, now
        self._spent[stage] = now - self._began
        part = done / total if total else 1.0
        if part >= 1:
            self._expected[stage] = self._spent[stage]
        elif part >= 0.05:
            self._expected[stage] = self._spent[stage] / part
        left = max(self._expected[stage] - self._spent[stage], 0.0)
        left += sum(self._expected[s] for s in STAGES[STAGES.index(stage) + 1 :])
        spent = sum(self._spent.values())
        self._fraction = max(self._fraction, spent / (spent + left) if spent + left > 0 else 0.0)
        entry = {
            "stage": stage, "done": done, "total": total, "seconds_left": left,
            "fraction": self._fraction, **extra,
        }  # fmt: skip
        if self._listener:
            self._listener(entry)
