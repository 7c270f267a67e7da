"""Heads trained by steps on a Ray cluster: one task per country and seed, put together again here.

Stands in for `train_countries`, so everything before and after it stays on this machine: reading the
data, encoding, the global model, measuring, and the run folder. Only numbers travel, no texts. A task
whose node dies is run again elsewhere by Ray. Does not load Ray before a training begins.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import logging
import platform
import socket
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from scpo.config import ExperimentConfig
from scpo.errors import ScpoError
from scpo.methods import METHODS
from scpo.plan import HeadPlan, eval_steps_for
from scpo.progress import Progress
from scpo.training.checkpoint import Checkpoint
from scpo.training.heads.problem import HeadProblem
from scpo.training.heads.ray_connection import CPUS, Watch, address, connected, reach
from scpo.training.heads.train import TrainedHeads, accuracy_so_far, train_countries

RETRIES = 5  # how often Ray runs a task again whose node died
POLL = 0.5  # seconds between two safe points while tasks run
TRAINING = Path(__file__).parents[1]
log = logging.getLogger("scpo")


def check() -> None:
    """Raises `ScpoError` if a cluster is asked for and cannot be used, before any work is done."""
    if address():
        reach(address())


def trainer() -> Callable[..., TrainedHeads]:
    """What trains heads by steps: `train_on_cluster` if SCPO_RAY_ADDRESS is set, else `train_countries`."""
    return train_on_cluster if address() else train_countries


def train_on_cluster(
    problem: HeadProblem, plan: HeadPlan, progress: Progress, checkpoint: Checkpoint | None = None
) -> TrainedHeads:
    """Train every head of the plan, as `train_countries` does, to the same weights.

    With a checkpoint, a resumed run trains only what no task had finished. Raises `ScpoError` if
    the cluster cannot be used, `Stopped` about half a second after a stop is asked for.
    """
    if not plan.pools:  # only methods that train nothing
        return train_countries(problem, plan, progress)
    config = problem.config
    places = [np.sort(place) for place in plan.table.groupby(["country", "seed"], sort=False).indices.values()]
    if checkpoint:
        begin = (theta.numpy().tobytes() for theta in problem.start.values())
        given = (part.tobytes() for pool in plan.pools for part in (pool.rows, pool.weight))
        checkpoint = checkpoint.narrowed(b"cluster", *begin, *given)
    parts = _resumed(checkpoint, places, config)

    def still_wanted() -> None:
        progress.report("train", round(config.steps * len(parts) / len(places)), config.steps)

    def keep(part: int, trained: TrainedHeads) -> None:
        parts[part] = trained
        if checkpoint:
            checkpoint.save(len(parts), _tensors(parts))

    missing = {part: plan.take(place) for part, place in enumerate(places) if part not in parts}
    if missing:
        _train(problem.without_texts(), missing, still_wanted, keep)
    whole = TrainedHeads.join(list(parts.values()), [places[part] for part in parts])
    for place, step in enumerate(whole.eval_steps):  # the curve, which a run on one machine tells on the way
        so_far = accuracy_so_far(plan.table, whole.path[:, place, 0])
        progress.report("train", step, config.steps, accuracy=so_far)
    return whole


def _tensors(parts: dict[int, TrainedHeads]) -> dict[str, torch.Tensor]:
    """Finished tasks in a form that a checkpoint keeps."""
    return {
        "parts": torch.tensor(list(parts)),
        "theta": torch.cat([part.theta for part in parts.values()]),
        "step": torch.from_numpy(np.concatenate([part.step for part in parts.values()])),
        "path": torch.from_numpy(np.concatenate([part.path for part in parts.values()])),
    }


def _resumed(
    checkpoint: Checkpoint | None, places: list[np.ndarray], config: ExperimentConfig
) -> dict[int, TrainedHeads]:
    """The tasks that an earlier attempt had finished, by their number."""
    saved = checkpoint.load() if checkpoint else None
    if not saved:
        return {}
    parts = saved[1]["parts"].tolist()
    theta, step, path = (saved[1][name].split([len(places[p]) for p in parts]) for name in ("theta", "step", "path"))
    eval_steps = (0, *eval_steps_for(config.steps))
    return {p: TrainedHeads(theta[i], step[i].numpy(), eval_steps, path[i].numpy()) for i, p in enumerate(parts)}


def _train(problem: HeadProblem, plans: dict[int, HeadPlan], still_wanted: Callable, keep: Callable) -> None:
    """Train each plan as a task of the cluster.

    problem              without texts; put into the cluster's memory once
    still_wanted()       called every half second; if it raises, what is left is cancelled
    keep(part, trained)  called as tasks finish
    """
    with connected(address()) as ray:
        watch, given, versions = Watch(ray), ray.put(problem), own_versions()
        task = ray.remote(num_cpus=CPUS, max_retries=RETRIES)(train_part)
        # references in lists: a task looks at its versions before it reads anything
        pending = {task.remote([given], [ray.put(plan)], versions): part for part, plan in plans.items()}
        log.info("%d tasks go to the Ray cluster at %s", len(pending), address())
        try:
            while pending:
                still_wanted()
                watch.look()
                for reference in ray.wait(list(pending), timeout=POLL)[0]:
                    theta, step, eval_steps, path = ray.get(reference)
                    trained = TrainedHeads(torch.from_numpy(theta.copy()), step, eval_steps, path)
                    keep(pending.pop(reference), trained)
        finally:
            for reference in pending:
                ray.cancel(reference, force=True)


def train_part(problem: list, plan: list, versions: dict[str, str]) -> tuple:
    """One task, on a node of the cluster: the fields of `TrainedHeads` for the plan's heads, theta in numpy.

    Raises `ScpoError` if this node has other versions than the machine that started the run.
    """
    own = own_versions()
    wrong = [f"{name} {own[name]} instead of {wanted}" for name, wanted in versions.items() if own[name] != wanted]
    if wrong:
        raise ScpoError(
            f"The node {socket.gethostname()} has {', '.join(wrong)}. Every node needs the versions of the machine "
            "that starts the run: install them there, start its Ray again, and resume the run."
        )
    import ray

    torch.set_num_threads(CPUS)
    whole, own_plan = ray.get([problem[0], plan[0]])
    for_all = any(METHODS[method].one_for_all for method in own_plan.table["method"])
    needed = set(whole.rows if for_all else own_plan.table["country"])
    own_problem = whole.of_countries([country for country in whole.rows if country in needed])
    trained = train_countries(own_problem, own_plan, Progress())
    return trained.theta.numpy(), trained.step, trained.eval_steps, trained.path


def own_versions() -> dict[str, str]:
    """What is installed here and the trained numbers depend on; scpo by a hash of the source that trains."""
    source = hashlib.sha256()
    for path in sorted(TRAINING.rglob("*.py")):
        source.update(path.read_bytes())
    versions = {name: importlib.metadata.version(name) for name in ("ray", "torch", "numpy", "pandas")}
    return {"Python": ".".join(platform.python_version_tuple()[:2]), **versions, "scpo": source.hexdigest()[:12]}
