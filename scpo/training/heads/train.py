"""Steer the global model to every country: train all heads, keep each one's best validation step.

Knows nothing of files; tables come from the plan, measures are taken elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from scpo.config import ExperimentConfig
from scpo.data.preferences import Preferences
from scpo.methods import METHODS
from scpo.plan import HeadPlan, Pool, Rows, marks_for
from scpo.progress import Progress
from scpo.training.checkpoint import Checkpoint
from scpo.training.heads.features import Features
from scpo.training.heads.held_out import HeldOut, subset_accuracy, validation_score
from scpo.training.heads.stacked import Heads, HeadShape

STRIDE = 200  # steps between two chances of a checkpoint


@dataclass(frozen=True)
class Steered:
    """K trained heads. theta (K, p) at the best validation step, step (K,), and the way there:
    marks (M,) steps with test accuracy path (K, M, 3) on full, distinct, consensus."""

    theta: torch.Tensor
    step: np.ndarray
    marks: tuple[int, ...]
    path: np.ndarray

    @classmethod
    def join(cls, parts: Sequence[Steered], places: Sequence[np.ndarray]) -> Steered:
        """One from several: the heads of each part go to its places, (n,) int."""
        order = np.argsort(np.concatenate(places), kind="stable")
        return cls(
            torch.cat([part.theta for part in parts])[torch.from_numpy(order)],
            np.concatenate([part.step for part in parts])[order],
            parts[0].marks,
            np.concatenate([part.path for part in parts])[order],
        )


def train_countries(
    config: ExperimentConfig,
    data: Preferences,
    features: Features,
    shape: HeadShape,
    start: dict[str, torch.Tensor],
    rows: dict[str, Rows],
    plan: HeadPlan,
    progress: Progress,
    checkpoint: Checkpoint | None = None,
) -> Steered:
    """Train every head of the plan from its country's global model (`scratch`: from a fresh head).

    At each mark all heads are scored on validation; the best step, step 0 included, is kept.
    With a checkpoint, goes on from the state that it holds, to the same weights.
    """
    table, marks = plan.table, (0, *marks_for(config.steps))
    theta = _first(shape, start, plan)
    sides = (data.pairs[side].to_numpy() for side in ("chosen", "rejected"))
    training = Heads(
        shape,
        theta,
        plan.pools,
        features.of,
        *sides,
        steps=config.steps,
        batch_size=config.batch_size,
        lr=config.lr,
    )
    judge = _Judge(data, features, shape, start, rows, plan)
    kept = _Kept.fresh(theta, len(marks))
    if checkpoint:
        checkpoint = checkpoint.narrowed(theta.numpy().tobytes(), *_pool_bytes(plan.pools))
        kept.restore(training, checkpoint.load())
    for at, mark in enumerate(marks):
        if at < kept.scored:
            continue
        while training.step < mark:
            _advance(training, min(mark, training.step + STRIDE), progress)
            if checkpoint and training.step < mark:
                checkpoint.save(training.step, kept.tensors(training))
        score, kept.path[:, at] = judge.score(training.theta)
        better = score > kept.score
        kept.best[better], kept.score[better], kept.step[better] = training.theta[better], score[better], mark
        kept.scored = at + 1
        if checkpoint:
            checkpoint.save(mark, kept.tensors(training))
        progress.report("train", mark, config.steps, accuracy=_current(table, kept.path[:, at, 0].numpy()))
    return Steered(kept.best, kept.step.numpy(), marks, kept.path.numpy())


def _first(shape: HeadShape, start: dict[str, torch.Tensor], plan: HeadPlan) -> torch.Tensor:
    """Where every head of the plan begins, (K, p)."""
    table = plan.table
    begin = [
        shape.fresh(seed + 1) if METHODS[method].start == "fresh" else start[country]
        for country, method, seed in zip(table["country"], table["method"], table["seed"], strict=True)
    ]
    return torch.stack(begin) if begin else torch.empty(0, shape.size)


def _advance(training: Heads, to_step: int, progress: Progress) -> None:
    first = training.step
    training.advance(
        to_step, lambda share: progress.report("train", round(first + share * (to_step - first)), training.steps)
    )


def _pool_bytes(pools: Sequence[Pool]) -> Iterator[bytes]:
    for pool in pools:
        yield pool.rows.tobytes() + pool.weight.tobytes() + repr(pool.seed).encode()


@dataclass
class _Kept:
    """What is kept of K heads on the way, as tensors, so that a checkpoint can hold it."""

    best: torch.Tensor  # (K, p)
    score: torch.Tensor  # (K,) float64, of the best step
    step: torch.Tensor  # (K,) int64, the best step
    path: torch.Tensor  # (K, marks, 3) float64
    scored: int = 0  # marks scored so far

    @classmethod
    def fresh(cls, theta: torch.Tensor, marks: int) -> _Kept:
        k = len(theta)
        nothing = torch.full((k,), -torch.inf, dtype=torch.float64)
        path = torch.full((k, marks, 3), torch.nan, dtype=torch.float64)
        return cls(theta.clone(), nothing, torch.zeros(k, dtype=torch.int64), path)

    def tensors(self, training: Heads) -> dict[str, torch.Tensor]:
        return {
            "theta": training.theta,
            "m": training.m,
            "v": training.v,
            "best": self.best,
            "score": self.score,
            "step": self.step,
            "path": self.path,
            "scored": torch.tensor(self.scored),
        }

    def restore(self, training: Heads, saved: tuple[int, dict[str, torch.Tensor]] | None) -> None:
        if saved:
            training.step, state = saved
            training.theta, training.m, training.v = state["theta"], state["m"], state["v"]
            self.best, self.score, self.step, self.path = (state[n] for n in ("best", "score", "step", "path"))
            self.scored = int(state["scored"])


class _Judge:
    """Scores all heads: validation score (K,), and test accuracy per subset (K, 3)."""

    def __init__(self, data, features, shape, start, rows: dict[str, Rows], plan: HeadPlan):
        country = plan.table["country"].to_numpy()
        self.for_all = torch.tensor([METHODS[m].one_for_all for m in plan.table["method"]], dtype=torch.bool)
        self.heads = {c: torch.from_numpy(country == c) for c in rows}
        self.validation = {c: HeldOut(data, features, shape, part.validation) for c, part in rows.items()}
        self.test = {c: HeldOut(data, features, shape, part.test) for c, part in rows.items()}
        self.known = {c: self.test[c].margins(start[c][None])[0] for c in rows}

    def score(self, theta: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        score, accuracy = torch.empty(len(theta), dtype=torch.float64), np.empty((len(theta), 3))
        for country, mine in self.heads.items():
            score[mine] = validation_score([self.validation[country].margins(theta[mine])])
            accuracy[mine.numpy()] = subset_accuracy(self.test[country].margins(theta[mine]), self.known[country])
        if self.for_all.any():  # one model for all countries is chosen on the validation pairs of all
            everyone = [held.margins(theta[self.for_all]) for held in self.validation.values()]
            score[self.for_all] = validation_score(everyone)
        return score, torch.from_numpy(accuracy)


def _current(table, accuracy: np.ndarray) -> dict[str, dict[str, float]]:
    """Accuracy so far of the heads with all pairs, per country and method, mean over seeds."""
    top = (table["level"] == table["level"].max()).to_numpy()
    mean = table[top].assign(accuracy=accuracy[top]).groupby(["country", "method"], sort=False)["accuracy"].mean()
    current: dict[str, dict[str, float]] = {}
    for (country, method), value in mean.items():
        current.setdefault(country, {})[method] = float(value)
    return current
