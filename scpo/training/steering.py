"""Steer the global model to every country: train all heads, keep each one's best validation step.

Knows nothing of files; tables come from the plan, measures are taken elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from scpo.config import ExperimentConfig
from scpo.data.preferences import Preferences
from scpo.progress import Progress
from scpo.training.evaluation import HeldOut, subset_accuracy, validation_score
from scpo.training.features import Features
from scpo.training.heads import Heads, HeadShape
from scpo.training.plan import HeadPlan, Rows, marks_for


@dataclass(frozen=True)
class Steered:
    """K trained heads. theta (K, p) at the best validation step, step (K,), and the way there:
    marks (M,) steps with test accuracy path (K, M, 3) on full, distinct, consensus."""

    theta: torch.Tensor
    step: np.ndarray
    marks: tuple[int, ...]
    path: np.ndarray


def train_countries(
    config: ExperimentConfig, data: Preferences, features: Features, shape: HeadShape,
    start: dict[str, torch.Tensor], rows: dict[str, Rows], plan: HeadPlan, progress: Progress,
) -> Steered:  # fmt: skip
    """Train every head of the plan from its country's global model (`scratch`: from a fresh head).

    At each mark all heads are scored on validation; the best step, step 0 included, is kept.
    """
    table, marks = plan.table, (0, *marks_for(config.steps))
    begin = [
        shape.fresh(seed + 1) if method == "scratch" else start[country]
        for country, method, seed in zip(table["country"], table["method"], table["seed"], strict=True)
    ]
    theta = torch.stack(begin) if begin else torch.empty(0, shape.size)
    sides = (data.pairs[side].to_numpy() for side in ("chosen", "rejected"))
    training = Heads(
        shape, theta, plan.pools, features.of, *sides,
        steps=config.steps, batch_size=config.batch_size, lr=config.lr,
    )  # fmt: skip
    judge = _Judge(data, features, shape, start, rows, plan)
    best, best_score = theta.clone(), torch.full((len(theta),), -torch.inf, dtype=torch.float64)
    step, path = np.zeros(len(theta), np.int64), np.full((len(theta), len(marks), 3), np.nan)
    for at, mark in enumerate(marks):
        training.advance(mark, lambda at=at: progress.report("train", marks[max(at - 1, 0)], config.steps))
        score, path[:, at] = judge.score(training.theta)
        better = score > best_score
        best[better], best_score[better] = training.theta[better], score[better]
        step[better.numpy()] = mark
        progress.report("train", mark, config.steps, accuracy=_current(table, path[:, at, 0]))
    return Steered(best, step, marks, path)


class _Judge:
    """Scores all heads: validation score (K,), and test accuracy per subset (K, 3)."""

    def __init__(self, data, features, shape, start, rows: dict[str, Rows], plan: HeadPlan):
        country, method = plan.table["country"].to_numpy(), plan.table["method"].to_numpy()
        self.pooled = torch.from_numpy(method == "pooled")
        self.heads = {c: torch.from_numpy(country == c) for c in rows}
        self.validation = {c: HeldOut(data, features, shape, part.validation) for c, part in rows.items()}
        self.test = {c: HeldOut(data, features, shape, part.test) for c, part in rows.items()}
        self.known = {c: self.test[c].margins(start[c][None])[0] for c in rows}

    def score(self, theta: torch.Tensor) -> tuple[torch.Tensor, np.ndarray]:
        score, accuracy = torch.empty(len(theta), dtype=torch.float64), np.empty((len(theta), 3))
        for country, mine in self.heads.items():
            score[mine] = validation_score([self.validation[country].margins(theta[mine])])
            accuracy[mine.numpy()] = subset_accuracy(self.test[country].margins(theta[mine]), self.known[country])
        if self.pooled.any():  # one model for all countries is chosen on the validation pairs of all
            everyone = [held.margins(theta[self.pooled]) for held in self.validation.values()]
            score[self.pooled] = validation_score(everyone)
        return score, accuracy


def _current(table, accuracy: np.ndarray) -> dict[str, dict[str, float]]:
    """Accuracy so far of the heads with all pairs, per country and method, mean over seeds."""
    top = (table["level"] == table["level"].max()).to_numpy()
    mean = table[top].assign(accuracy=accuracy[top]).groupby(["country", "method"], sort=False)["accuracy"].mean()
    current: dict[str, dict[str, float]] = {}
    for (country, method), value in mean.items():
        current.setdefault(country, {})[method] = float(value)
    return current
