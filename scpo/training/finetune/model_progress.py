"""How far the fine-tuning of all models of a plan is, and how good they are so far."""

from __future__ import annotations

import numpy as np

from scpo.config import ExperimentConfig
from scpo.methods import METHODS
from scpo.plan import HeadPlan
from scpo.progress import Progress
from scpo.training.finetune.train_model import steps_of


class ProgressOfModels:
    """Progress over all models, with the accuracy so far of those with all pairs, mean over seeds."""

    def __init__(self, progress: Progress, plan: HeadPlan, config: ExperimentConfig, twins: list[int]):
        self._progress, self._plan = progress, plan
        self._top, self._done, self._total = plan.table["level"].max(), 0, 0
        self._seen: dict[tuple[str, str], dict[int, float]] = {}
        self._begin: list[int] = []  # the steps that are done when a model begins
        self._common: dict[tuple[int, int], int] = {}  # when what countries share begins, by seed and budget
        sizes = [len(pool.rows) for pool in plan.pools]
        rows = plan.table.assign(pairs=sizes)[["method", "seed", "level", "pairs"]]
        for k, (method, seed, budget_index, pairs) in enumerate(rows.itertuples(index=False)):
            if METHODS[method].borrows and (seed, budget_index) not in self._common:
                together = rows.query("method == @method and seed == @seed and level == @budget_index")["pairs"].sum()
                self._common[seed, budget_index] = self._total
                self._total += steps_of(config, int(together))
            self._begin.append(self._total)
            self._total += steps_of(config, pairs) if twins[k] == k else 0

    def of(self, k: int, step: int, accuracy: float | None) -> None:
        """The k-th model is at a step, with this test accuracy where it was just evaluated."""
        record, extra = self._plan.table.iloc[k], {}
        if accuracy is not None and record["level"] == self._top:
            self._seen.setdefault((record["country"], record["method"]), {})[int(record["seed"])] = accuracy
            means: dict[str, dict[str, float]] = {}
            for (country, method), seeds in self._seen.items():
                means.setdefault(country, {})[method] = float(np.mean(list(seeds.values())))
            extra = {"accuracy": means}
        self._report(self._begin[k] + step, **extra)

    def common(self, k: int, step: int) -> None:
        """The model that all countries share, which the k-th begins at; the first of them trains it."""
        self._report(self._common[tuple(self._plan.table.loc[k, ["seed", "level"]])] + step)

    def _report(self, done: int, **extra) -> None:
        self._done = max(self._done, done)
        self._progress.report("train", self._done, self._total, **extra)

    def done(self) -> None:
        self._progress.report("train", self._total, self._total)
