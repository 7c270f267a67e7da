"""The same training on a Ray cluster: one task per country and seed, put together again here.

Stands in for `train_countries`, so everything before and after it stays on this machine: reading the
data, encoding, the global model, measuring, and the run folder. Only numbers travel, no texts. A task
whose node dies is run again elsewhere by Ray. Loads neither Ray nor torch before a training begins.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import logging
import platform
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scpo.config import ExperimentConfig
from scpo.data.preferences import Preferences
from scpo.errors import ScpoError
from scpo.jobs.cluster_connection import CPUS, Watch, address, connected, reach
from scpo.methods import METHODS
from scpo.progress import Progress

if TYPE_CHECKING:
    import torch

    from scpo.plan import HeadPlan, Rows
    from scpo.training.checkpoint import Checkpoint
    from scpo.training.heads.features import Features
    from scpo.training.heads.stacked import HeadShape
    from scpo.training.heads.train import Steered

RETRIES = 5  # how often Ray runs a task again whose node died
POLL = 0.5  # seconds between two safe points while tasks run
log = logging.getLogger("scpo")


def trainer() -> Callable[..., Steered]:
    """What trains the heads: `train_on_cluster` if SCPO_RAY_ADDRESS is set, else `train_countries`.

    Raises `ScpoError` if a cluster is asked for and cannot be used, before any work is done.
    """
    if address():
        reach(address())
        return train_on_cluster
    from scpo.training.heads.train import train_countries

    return train_countries


def train_on_cluster(
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
    """Train every head of the plan, as `train_countries` does, to the same weights.

    With a checkpoint, a resumed run trains only what no task had finished. Raises `ScpoError` if
    the cluster cannot be used, `Stopped` about half a second after a stop is asked for.
    """
    from scpo.training.heads.train import Steered, _current, train_countries

    if not plan.pools:  # only methods that train nothing
        return train_countries(config, data, features, shape, start, rows, plan, progress)
    shared = Shared.of(config, data, features, shape, start, rows)
    places = [np.sort(place) for place in plan.table.groupby(["country", "seed"], sort=False).indices.values()]
    if checkpoint:
        begin = (theta.tobytes() for theta in shared.start.values())
        given = (part.tobytes() for pool in plan.pools for part in (pool.rows, pool.weight))
        checkpoint = checkpoint.narrowed(b"cluster", *begin, *given)
    parts = _resumed(checkpoint, places, config)

    def pause() -> None:
        progress.report("train", round(config.steps * len(parts) / len(places)), config.steps)

    def keep(part: int, steered: Steered) -> None:
        parts[part] = steered
        if checkpoint:
            checkpoint.save(len(parts), _tensors(parts))

    missing = {part: plan.take(place) for part, place in enumerate(places) if part not in parts}
    if missing:
        _train(shared, missing, pause, keep)
    whole = Steered.join(list(parts.values()), [places[part] for part in parts])
    for at, mark in enumerate(whole.marks):  # the curve, which a run on one machine tells on the way
        progress.report("train", mark, config.steps, accuracy=_current(plan.table, whole.path[:, at, 0]))
    return whole


def _tensors(parts: dict[int, Steered]) -> dict[str, torch.Tensor]:
    """Finished tasks in a form that a checkpoint keeps."""
    import torch

    return {
        "parts": torch.tensor(list(parts)),
        "theta": torch.cat([part.theta for part in parts.values()]),
        "step": torch.from_numpy(np.concatenate([part.step for part in parts.values()])),
        "path": torch.from_numpy(np.concatenate([part.path for part in parts.values()])),
    }


def _resumed(checkpoint: Checkpoint | None, places: list[np.ndarray], config: ExperimentConfig) -> dict[int, Steered]:
    """The tasks that an earlier attempt had finished, by their number."""
    from scpo.plan import marks_for
    from scpo.training.heads.train import Steered

    saved = checkpoint.load() if checkpoint else None
    if not saved:
        return {}
    done = saved[1]["parts"].tolist()
    theta, step, path = (saved[1][name].split([len(places[p]) for p in done]) for name in ("theta", "step", "path"))
    marks = (0, *marks_for(config.steps))
    return {p: Steered(theta[i], step[i].numpy(), marks, path[i].numpy()) for i, p in enumerate(done)}


@dataclasses.dataclass(frozen=True)
class Shared:
    """What every task needs, put into the cluster's memory once. No text and no person's name is in it."""

    config: ExperimentConfig
    data: Preferences  # the numbers of its pairs only
    features: Features
    shape: HeadShape
    start: dict[str, np.ndarray]  # country -> its global model, (p,)
    rows: dict[str, Rows]

    @classmethod
    def of(cls, config, data, features, shape, start, rows) -> Shared:
        """From the arguments of `train_countries`."""
        pairs = data.pairs[["chosen", "rejected", "unit"]]
        bare = dataclasses.replace(data, texts=pd.DataFrame(), units=pd.DataFrame(), truth=None, pairs=pairs)
        return cls(config, bare, features, shape, {c: theta.numpy() for c, theta in start.items()}, rows)


def _train(shared: Shared, plans: dict[int, HeadPlan], pause: Callable, keep: Callable) -> None:
    """Train each plan as a task of the cluster.

    pause()              called every half second; if it raises, what is left is cancelled
    keep(part, steered)  called as tasks finish
    """
    import torch

    from scpo.training.heads.train import Steered

    with connected(address()) as ray:
        watch, given, versions = Watch(ray), ray.put(shared), own_versions()
        task = ray.remote(num_cpus=CPUS, max_retries=RETRIES)(train_part)
        # references in lists: a task looks at its versions before it reads anything
        pending = {task.remote([given], [ray.put(plan)], versions): part for part, plan in plans.items()}
        log.info("%d tasks go to the Ray cluster at %s", len(pending), address())
        try:
            while pending:
                pause()
                watch.look()
                for reference in ray.wait(list(pending), timeout=POLL)[0]:
                    theta, step, marks, path = ray.get(reference)
                    keep(pending.pop(reference), Steered(torch.from_numpy(theta.copy()), step, marks, path))
        finally:
            for reference in pending:
                ray.cancel(reference, force=True)


def train_part(shared: list, plan: list, versions: dict[str, str]) -> tuple:
    """One task, on a node of the cluster: the fields of `Steered` for the plan's heads, theta in numpy.

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
    import torch

    from scpo.training.heads.train import train_countries

    torch.set_num_threads(CPUS)
    s, own_plan = ray.get([shared[0], plan[0]])
    start = {country: torch.from_numpy(theta.copy()) for country, theta in s.start.items()}
    for_all = any(METHODS[method].one_for_all for method in own_plan.table["method"])
    needed = set(s.rows if for_all else own_plan.table["country"])
    rows = {country: part for country, part in s.rows.items() if country in needed}
    steered = train_countries(s.config, s.data, s.features, s.shape, start, rows, own_plan, Progress())
    return steered.theta.numpy(), steered.step, steered.marks, steered.path


def own_versions() -> dict[str, str]:
    """What is installed here and the trained numbers depend on; scpo by a hash of the source that trains."""
    source = hashlib.sha256()
    for path in sorted((Path(__file__).parents[1] / "training").glob("*.py")):
        source.update(path.read_bytes())
    versions = {name: importlib.metadata.version(name) for name in ("ray", "torch", "numpy", "pandas")}
    return {"Python": ".".join(platform.python_version_tuple()[:2]), **versions, "scpo": source.hexdigest()[:12]}
