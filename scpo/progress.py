"""How far an experiment is, and how long it will still take. Knows nothing of what is done.

Every stage is given its expected seconds in advance; while a stage runs, its own pace replaces
the expectation.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from scpo.errors import Stopped

EVERY = 0.25  # seconds between two entries of one stage
STAGES = ("data", "embed", "global", "train", "share", "measure")


class Progress:
    """Collects reports of the stages and hands each on as one entry of progress.jsonl."""

    def __init__(
        self, listener: Callable[[Mapping], None] | None = None,
        should_stop: Callable[[], bool] | None = None, clock=time.monotonic,
    ):  # fmt: skip
        """should_stop is asked at every report, the safe points of the work; True raises `Stopped`."""
        self._listener, self._should_stop, self._clock = listener, should_stop, clock
        self._expected = dict.fromkeys(STAGES, 5.0)  # until the sizes are known
        self._spent = dict.fromkeys(STAGES, 0.0)
        self._stage, self._began, self._fraction = STAGES[0], clock(), 0.0
        self._told = -EVERY

    def expect(self, **seconds: float) -> None:
        """Expected seconds of stages, as soon as they can be told from the data."""
        self._expected.update(seconds)

    def report(self, stage: str, done: int, total: int, **extra) -> None:
        """A stage has done so many of its steps. The listener gets fraction and seconds_left too.

        May be called as often as one likes: in between, the listener hears of it every `EVERY` seconds.
        """
        if self._should_stop and self._should_stop():
            raise Stopped("stopped as asked, at a safe point; it can be resumed.")
        now = self._clock()
        if stage != self._stage:
            self._stage, self._began = stage, now
        self._spent[stage] = now - self._began
        part = done / total if total else 1.0
        if part >= 1:
            self._expected[stage] = self._spent[stage]
        elif part >= 0.05 or (part > 0 and self._spent[stage] > self._expected[stage]):
            self._expected[stage] = self._spent[stage] / part
        left = max(self._expected[stage] - self._spent[stage], 0.0)
        left += sum(self._expected[s] for s in STAGES[STAGES.index(stage) + 1 :])
        spent = sum(self._spent.values())
        self._fraction = max(self._fraction, spent / (spent + left) if spent + left > 0 else 0.0)
        entry = {
            "stage": stage, "done": done, "total": total, "seconds_left": left,
            "fraction": self._fraction, **extra,
        }  # fmt: skip
        if self._listener and (extra or part in (0, 1) or now - self._told >= EVERY):
            self._told = now
            self._listener(entry)


def expected_seconds(
    characters: int, heads: int, steps: int, batch_size: int, shared: int = 0, subsets: int = 0
) -> dict[str, float]:
    """Expected seconds of the stages on 2 cores, from sizes alone.

    characters  of all distinct prompts and responses, 0 if they are in the cache
    heads       countries x trained methods x seeds x (budgets + 1)
    shared      training pairs of all countries, if the method `shared` is asked for; subsets: seeds x budgets of them
    """
    return {
        "embed": characters / 4.5 / 15_000, "global": 1.5,
        "train": 1e-9 * heads * steps * batch_size * 768 + 0.5,
        "share": 1.2e-4 * shared * (1 + 0.15 * subsets), "measure": 1.0,
    }  # fmt: skip
