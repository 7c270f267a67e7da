"""Train every country's heads from its global model step by step, and keep each one's best validation step.

Knows nothing of files; tables come from the plan, measures are taken elsewhere.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from scpo.config import ExperimentConfig
from scpo.methods import METHODS
from scpo.plan import HeadPlan, Pool, eval_steps_for
from scpo.progress import Progress
from scpo.training.checkpoint import Checkpoint
from scpo.training.heads.held_out import subset_accuracy, validation_score
from scpo.training.heads.problem import HeadProblem
from scpo.training.heads.stacked import Heads

STRIDE = 200  # steps between two chances of a checkpoint


@dataclass(frozen=True)
class TrainedHeads:
    """K trained heads. theta (K, p) at the best validation step, step (K,), and the way there:
    eval_steps (M,) with test accuracy path (K, M, 3) on full, distinct, consensus; share (K,) of the way from the
    global model to a fitted head that validation chose, NaN or None where nothing was chosen so."""

    theta: torch.Tensor
    step: np.ndarray
    eval_steps: tuple[int, ...]
    path: np.ndarray
    share: np.ndarray | None = None

    @classmethod
    def join(cls, parts: Sequence[TrainedHeads], places: Sequence[np.ndarray]) -> TrainedHeads:
        """One from several: the heads of each part go to its places, (n,) int."""
        order = np.argsort(np.concatenate(places), kind="stable")
        return cls(
            torch.cat([part.theta for part in parts])[torch.from_numpy(order)],
            np.concatenate([part.step for part in parts])[order],
            parts[0].eval_steps,
            np.concatenate([part.path for part in parts])[order],
            np.concatenate([part.shares() for part in parts])[order],
        )

    def shares(self) -> np.ndarray:
        """`share` with a number for each head, NaN where nothing was chosen, (K,)."""
        return np.full(len(self.theta), np.nan) if self.share is None else self.share

    def tensors(self) -> dict[str, torch.Tensor]:
        """All of them, by the names that a checkpoint has."""
        arrays = {"step": self.step, "path": self.path, "share": self.shares()}
        return {"theta": self.theta} | {name: torch.from_numpy(array) for name, array in arrays.items()}

    @classmethod
    def from_tensors(cls, saved: dict[str, torch.Tensor], config: ExperimentConfig) -> TrainedHeads:
        """The inverse of `tensors`."""
        eval_steps = (0, *eval_steps_for(config.steps))
        step, path, share = (saved[name].numpy() for name in ("step", "path", "share"))
        return cls(saved["theta"], step, eval_steps, path, share)

    @classmethod
    def fitted(
        cls, problem: HeadProblem, plan: HeadPlan, theta: torch.Tensor, share: np.ndarray | None = None
    ) -> TrainedHeads:
        """Heads (K, p) that were fitted at once, without a way there: the kept step is the last, and `path` is NaN
        before it."""
        eval_steps = (0, *eval_steps_for(problem.config.steps))
        path = np.full((len(theta), len(eval_steps), 3), np.nan)
        for country, test in problem.held_out("test").items():
            own = np.array(plan.table["country"] == country)
            start = problem.start[country][None]
            path[own, -1] = subset_accuracy(test.margins(theta[own]), test.margins(start)[0])
        return cls(theta, np.full(len(theta), eval_steps[-1]), eval_steps, path, share)


def train_countries(
    problem: HeadProblem,
    plan: HeadPlan,
    progress: Progress,
    checkpoint: Checkpoint | None = None,
    begin: torch.Tensor | None = None,
) -> TrainedHeads:
    """Train every head of the plan by steps, from its country's global model or a fresh head, or from heads (K, p).

    At each evaluation step all heads are scored on validation; the best step, step 0 included, is kept.
    With a checkpoint, goes on from the state that it holds, to the same weights.
    """
    config, eval_steps = problem.config, (0, *eval_steps_for(problem.config.steps))
    theta = _first(problem, plan) if begin is None else begin
    training = problem.heads(theta, plan.pools)
    evaluator = Evaluator(problem, plan)
    best = BestSoFar.fresh(theta, len(eval_steps))
    if checkpoint:
        checkpoint = checkpoint.narrowed(theta.numpy().tobytes(), *_pool_bytes(plan.pools))
        best.restore(training, checkpoint.load())
    for place, step in enumerate(eval_steps):
        if place < best.evaluated:
            continue
        while training.step < step:
            training.advance(min(step, training.step + STRIDE), functools.partial(progress.report, "train"))
            if checkpoint and training.step < step:
                checkpoint.save(training.step, best.tensors(training))
        score, accuracy = evaluator.score(training.theta)
        best.update(place, step, training.theta, score, accuracy)
        if checkpoint:
            checkpoint.save(step, best.tensors(training))
        so_far = accuracy_so_far(plan.table, accuracy[:, 0].numpy())
        progress.report("train", step, config.steps, accuracy=so_far)
    return TrainedHeads(best.theta, best.step.numpy(), eval_steps, best.path.numpy())


def _first(problem: HeadProblem, plan: HeadPlan) -> torch.Tensor:
    """Where every head of the plan begins, (K, p)."""
    table = plan.table
    begin = [
        problem.shape.fresh(seed + 1) if METHODS[method].start == "fresh" else problem.start[country]
        for country, method, seed in zip(table["country"], table["method"], table["seed"], strict=True)
    ]
    return torch.stack(begin) if begin else torch.empty(0, problem.shape.size)


def _pool_bytes(pools: Sequence[Pool]) -> Iterator[bytes]:
    for pool in pools:
        yield pool.rows.tobytes() + pool.weight.tobytes() + repr(pool.seed).encode()


@dataclass
class BestSoFar:
    """The best of each of K heads on its way, as tensors, so that a checkpoint can hold them."""

    theta: torch.Tensor  # (K, p), at the best step
    score: torch.Tensor  # (K,) float64, on validation at that step
    step: torch.Tensor  # (K,) int64
    path: torch.Tensor  # (K, evaluation steps, 3) float64
    evaluated: int = 0  # evaluation steps that are done

    @classmethod
    def fresh(cls, theta: torch.Tensor, eval_steps: int) -> BestSoFar:
        k = len(theta)
        score = torch.full((k,), -torch.inf, dtype=torch.float64)
        path = torch.full((k, eval_steps, 3), torch.nan, dtype=torch.float64)
        return cls(theta.clone(), score, torch.zeros(k, dtype=torch.int64), path)

    def update(self, place: int, step: int, theta: torch.Tensor, score: torch.Tensor, accuracy: torch.Tensor) -> None:
        """Heads (K, p) were evaluated: their validation score (K,), and accuracy (K, 3) on test pairs."""
        better = score > self.score
        self.theta[better], self.score[better], self.step[better] = theta[better], score[better], step
        self.path[:, place] = accuracy
        self.evaluated = place + 1

    def tensors(self, training: Heads) -> dict[str, torch.Tensor]:
        """The whole state of a training, by the names that a checkpoint has."""
        return {
            "theta": training.theta,
            "m": training.m,
            "v": training.v,
            "best": self.theta,
            "score": self.score,
            "step": self.step,
            "path": self.path,
            "scored": torch.tensor(self.evaluated),
        }

    def restore(self, training: Heads, saved: tuple[int, dict[str, torch.Tensor]] | None) -> None:
        """Go on from what a checkpoint holds, if it holds anything."""
        if saved:
            training.step, state = saved
            training.theta, training.m, training.v = state["theta"], state["m"], state["v"]
            self.theta, self.score, self.step, self.path = (state[n] for n in ("best", "score", "step", "path"))
            self.evaluated = int(state["scored"])


class Evaluator:
    """Scores all heads of a plan: on validation (K,), and accuracy on test pairs per subset (K, 3)."""

    def __init__(self, problem: HeadProblem, plan: HeadPlan):
        country = plan.table["country"].to_numpy()
        self.for_all = torch.tensor([METHODS[m].one_for_all for m in plan.table["method"]], dtype=torch.bool)
        self.heads = {c: torch.from_numpy(country == c) for c in problem.rows}
        self.validation, self.test = problem.held_out("validation"), problem.held_out("test")
        self.global_margin = {c: test.margins(problem.start[c][None])[0] for c, test in self.test.items()}

    def score(self, theta: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        score, accuracy = torch.empty(len(theta), dtype=torch.float64), np.empty((len(theta), 3))
        for country, own in self.heads.items():
            score[own] = validation_score([self.validation[country].margins(theta[own])])
            margins = self.test[country].margins(theta[own])
            accuracy[own.numpy()] = subset_accuracy(margins, self.global_margin[country])
        if self.for_all.any():  # one model for all countries is chosen on the validation pairs of all
            everyone = [held_out.margins(theta[self.for_all]) for held_out in self.validation.values()]
            score[self.for_all] = validation_score(everyone)
        return score, torch.from_numpy(accuracy)


def accuracy_so_far(table: pd.DataFrame, accuracy: np.ndarray) -> dict[str, dict[str, float]]:
    """Accuracy (K,) of the heads with all pairs, per country and method, mean over seeds."""
    top = (table["level"] == table["level"].max()).to_numpy()
    mean = table[top].assign(accuracy=accuracy[top]).groupby(["country", "method"], sort=False)["accuracy"].mean()
    current: dict[str, dict[str, float]] = {}
    for (country, method), value in mean.items():
        current.setdefault(country, {})[method] = float(value)
    return current
