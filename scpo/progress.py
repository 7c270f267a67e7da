"""How far an experiment is, and how long it will still take. Knows nothing of what is done.

Every stage is given its expected seconds in advance. While a stage runs, its own recent pace replaces the expectation;
the stages to come are expected to be as much slower or faster as those before them were found to be.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Mapping

from scpo.errors import Stopped

EVERY = 0.25  # seconds between two entries of one stage
STAGES = ("data", "score", "embed", "global", "train", "share", "measure")
OF_TRAINING = ("global", "train", "share")
FOLD_STEPS = 1000  # steps of the stage `train` that the training of one fold is told as
TRUSTED = 0.3  # of a stage, after which its own pace is all that counts
RECENT = 0.25  # of a stage's seconds, those in which its pace is taken
SMOOTH = 0.25  # of a stage's steps, at least so many are in its pace: some are much longer than others
FINE = 0.005  # of a stage's seconds: marks of its pace do not lie closer
DOUBT = 0.5  # seconds expected of a stage; what is measured on less says little of the machine
FADES = 0.3  # of its weight, what a stage has once the next has begun: a machine may have become slower since
SKIPPED = 0.2  # of the expected seconds; a stage below it had less to do, such as texts that were encoded before
UNSEEN = 1 / 9  # of what is done: at least so much is left as long as a stage is to come that was never measured


class _Stage:
    """One stage as it was seen: seconds since it began, the share that is done, and its recent pace."""

    def __init__(self, began: float, now: float, part: float):
        """began: when the stage before it ended; what comes before the first report is no part of its pace."""
        self.began, self.start, self.now, self.first, self.part = began, now, now, part, part
        self._marks = deque([(now, part)])

    def at(self, now: float, part: float) -> None:
        self.now, self.part = now, max(part, self.part)
        since, before = now - RECENT * (now - self.start), self.part - SMOOTH
        while len(self._marks) > 1 and self._marks[1][0] <= since and self._marks[1][1] <= before:
            self._marks.popleft()
        if now - self._marks[-1][0] >= FINE * (now - self.start):
            self._marks.append((now, self.part))

    @property
    def spent(self) -> float:
        return self.now - self.began

    @property
    def measured(self) -> float:
        return self.now - self.start

    @property
    def gained(self) -> float:
        """The share that was done in this run of the program; a resumed one begins with what was done before."""
        return self.part - self.first

    @property
    def pace(self) -> float | None:
        """Seconds of the whole stage at its recent pace; None before a step of it was done."""
        then, before = self._marks[0]
        return (self.now - then) / (self.part - before) if self.part > before else None


class Progress:
    """Collects reports of the stages and hands each on as one entry of progress.jsonl."""

    def __init__(
        self,
        listener: Callable[[Mapping], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
        clock=time.monotonic,
    ):
        """should_stop is asked at every report, the safe points of the work; True raises `Stopped`."""
        self._listener, self._should_stop, self._clock = listener, should_stop, clock
        self._expected = dict.fromkeys(STAGES, 5.0) | {"score": 0.0}  # until the sizes are known; few runs score
        self._told_of: set[str] = set()  # stages with an expectation made from sizes
        self._seen: dict[str, _Stage] = {}
        self._now, self._told, self._fraction = clock(), -EVERY, 0.0

    @property
    def is_first(self) -> bool:
        """False for another training of the same run, of which nothing is told that was told before."""
        return True

    def expect(self, **seconds: float) -> None:
        """Expected seconds of stages, as soon as they can be told from the data."""
        self._expected.update(seconds)
        self._told_of.update(seconds)

    def check(self) -> None:
        """Raise `Stopped` if the work is to end here, which is a safe point."""
        if self._should_stop and self._should_stop():
            raise Stopped("stopped as asked, at a safe point; it can be resumed.")

    def report(self, stage: str, done: int, total: int, **extra) -> None:
        """A stage has done so many of its steps. The listener gets fraction and seconds_left too.

        May be called as often as one likes: in between, the listener hears of it every `EVERY` seconds.
        """
        self.check()
        before, self._now = self._now, self._clock()
        part = min(done / total, 1.0) if total else 1.0
        if stage in self._seen:
            self._seen[stage].at(self._now, part)
        else:
            self._seen[stage] = _Stage(before, self._now, part)
        here, guessed, trust = self._left(stage)
        entry = {
            "stage": stage,
            "done": done,
            "total": total,
            "seconds_left": here + guessed,
            "fraction": self._share(here, guessed, trust),
            **extra,
        }
        if self._listener and (extra or part in (0, 1) or self._now - self._told >= EVERY):
            self._told = self._now
            self._listener(entry)

    def _left(self, stage: str) -> tuple[float, float, float]:
        """Seconds left of this stage by its own pace, those that are guessed, and how far the pace can be trusted."""
        now = self._seen[stage]
        expected = self._slowness(stage) * self._expected[stage]
        rest, pace = 1 - now.part, now.pace
        trust = 0.0 if pace is None else 1.0 if now.spent > expected else min(now.gained / TRUSTED, 1.0)
        if not rest:
            trust = 1.0
        own = rest * pace if pace is not None else 0.0
        to_come = [s for s in STAGES[STAGES.index(stage) + 1 :] if s not in self._seen]
        later = self._slowness() * sum(self._expected[s] for s in to_come)
        guess = (1 - trust) * rest * max(expected, now.spent if pace is None else 0.0)
        return trust * own, guess + later, 0.0 if later else trust

    def _slowness(self, but: str = "") -> float:
        """How many times longer than expected the work takes, by the stages so far, the last ones most; 1 at first."""
        weight, logs = DOUBT, 0.0
        for name, seen in self._seen.items():
            expected = self._expected[name] * seen.gained
            if name == but or name not in self._told_of or not expected:
                continue
            actual = seen.gained * seen.pace if seen.part < 1 and seen.pace is not None else seen.measured
            if actual > 0 and (seen.part < 1 or actual > SKIPPED * expected):
                weight, logs = FADES * weight + expected, FADES * logs + expected * math.log(actual / expected)
        return math.exp(logs / weight)

    def _share(self, here: float, guessed: float, trust: float) -> float:
        """The share of the whole that is done; never less than was said before."""
        done = sum(
            s.spent / (1 - s.first) if s.part == 1 > s.first else s.spent + s.first * (s.pace or 0.0)
            for s in self._seen.values()
        )
        guessed = max(guessed, (1 - trust) * UNSEEN * done)
        whole = done + here + guessed
        self._fraction = max(self._fraction, done / whole if whole > 0 else 0.0)
        return self._fraction


class EncodingProgress(Progress):
    """Hands on how far texts are encoded, and nothing of the head that is trained on them in a second or two."""

    def __init__(self, whole: Progress):
        self._whole = whole

    def report(self, stage: str, done: int, total: int, **extra) -> None:
        if stage == "embed":
            self._whole.report(stage, done, total)
        else:
            self._whole.check()


class FoldProgress(Progress):
    """Reports of one of several trainings alike, handed on as a share of the stage `train` of the whole.

    The texts are encoded once, in the first. What is told of a training's own test pairs on the way is not handed on:
    each has others.
    """

    def __init__(self, whole: Progress, place: int, of: int, seconds: Mapping[str, float]):
        """place: from 0, of so many; seconds: expected of each stage of one training."""
        self._whole, self._place, self._of = whole, place, of
        self._seconds = {stage: max(seconds.get(stage, 1.0), 1e-3) for stage in OF_TRAINING}

    @property
    def is_first(self) -> bool:
        return self._place == 0

    def report(self, stage: str, done: int, total: int, **extra) -> None:
        if stage == "embed":
            if self.is_first:
                self._whole.report(stage, done, total)
            return
        before = sum(self._seconds[name] for name in OF_TRAINING[: OF_TRAINING.index(stage)])
        part = before + self._seconds[stage] * (min(done / total, 1.0) if total else 1.0)
        steps = int(FOLD_STEPS * part / sum(self._seconds.values()) + 1e-9)
        self._whole.report("train", FOLD_STEPS * self._place + steps, FOLD_STEPS * self._of)
