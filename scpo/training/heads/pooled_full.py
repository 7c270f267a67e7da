"""The method `pooled_full`: one model is trained on the pairs of all countries, then on from there for each country.

The first stage is the method `pooled`, with as many pairs of each country as the budget has; the second is `full` begun
at that model. Each keeps its best validation step, the start included: the first by the pairs of all countries, the
second by those of its own. A country in which its own pairs say nothing new so keeps the model of all.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scpo.plan import HeadPlan, Pool
from scpo.progress import Progress
from scpo.training.heads.problem import HeadProblem
from scpo.training.heads.train import TrainedHeads, train_countries
from scpo.training.threads import one_thread


@one_thread()
def train_pooled_full(
    problem: HeadProblem, plan: HeadPlan, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> TrainedHeads:
    """The heads of a plan whose rows are all of the method `pooled_full`; `on_progress` is called often, may raise."""
    models = 1 + len(problem.rows)  # of a seed and budget: the one of all countries, and each country's own
    whole = models * problem.config.steps

    def stage(before: int, share: int) -> Progress:
        return Progress(lambda entry: on_progress(before + share * int(entry["done"]), whole))

    pooled = train_countries(problem, of_all(plan), stage(0, 1)).theta
    own = train_countries(problem, plan, stage(problem.config.steps, models - 1), begin=pooled)
    return TrainedHeads.fitted(problem, plan, own.theta)


def of_all(plan: HeadPlan) -> HeadPlan:
    """The plan of the method `pooled` with the same pairs: heads of a seed and budget share one pool."""
    pools = list(plan.pools)
    for _, group in plan.table.groupby(["seed", "level"], sort=False):
        members = [plan.pools[k] for k in group.index]
        rows, weight = (np.concatenate([getattr(pool, part) for pool in members]) for part in ("rows", "weight"))
        seed, _, level = members[0].seed
        together = Pool(rows, weight, (seed, 0, level))
        for k in group.index:
            pools[k] = together
    return HeadPlan(plan.table.assign(method="pooled"), pools)
