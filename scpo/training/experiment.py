"""One experiment from settings to a run folder: the order of the work, and nothing else.

    data -> features -> global model -> one head per country, method, seed, budget -> measures

The same function serves the app, the command line and Python.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import safetensors.torch
import torch

from scpo import data as sources
from scpo import runs
from scpo.config import ExperimentConfig
from scpo.data.preferences import Preferences
from scpo.errors import Fenced, ScpoError, Stopped
from scpo.metrics.margins import write_margins
from scpo.metrics.summary import metric_records
from scpo.metrics.tallies import write_tallies
from scpo.progress import Progress, expected_seconds
from scpo.training.checkpoint import Checkpoint
from scpo.training.encoders import load_encoder
from scpo.training.features import Features, cache_folder, embed_texts
from scpo.training.global_model import STEPS, load_global, train_global
from scpo.training.heads import HeadShape
from scpo.training.measuring import measure
from scpo.training.plan import budgets_for, plan_heads, rows_by_country
from scpo.training.steering import Steered, train_countries

Listener = Callable[[Mapping], None]


def run(
    config: ExperimentConfig, out: Path | str, *,
    on_progress: Listener | None = None, should_stop: Callable[[], bool] | None = None,
    guard: Callable[[], None] = lambda: None, train: Callable[..., Steered] = train_countries,
) -> runs.Result:  # fmt: skip
    """Run one experiment and write its run folder.

    out          the run folder; an unfinished run of these settings in it is gone on with from its
                 last checkpoint, to the same results
    on_progress  gets each entry of progress.jsonl as it is written
    should_stop  asked at every safe point; True ends the run with `Stopped`, folder unfinished
    guard        called before each result is written; raises `Fenced` if somebody else owns the run now
    train        `train_countries`, or what does the same elsewhere
    Raises `ScpoError` with what to do; bad input is refused before any work.
    """
    folder, began = Path(out), time.monotonic()
    runs.create(folder, config)

    def listen(entry: Mapping) -> None:
        runs.add_progress(folder, entry)
        if on_progress:
            on_progress(entry)

    try:
        checkpoint = _run(config, folder, Progress(listen, should_stop), guard, train)
        guard()
        runs.finish(folder, time.monotonic() - began)
        checkpoint.remove()
    except Fenced:
        raise  # the folder is somebody else's: not a line more in it
    except (ScpoError, KeyboardInterrupt, OSError, MemoryError) as error:
        stage = "stopped" if isinstance(error, (Stopped, KeyboardInterrupt)) else "failed"
        with contextlib.suppress(OSError):  # a full disk must not hide why the run failed
            runs.add_progress(folder, {"stage": stage, "message": str(error) or type(error).__name__})
        raise
    listen({"stage": "done", "done": 1, "total": 1, "fraction": 1.0, "seconds_left": 0.0})
    return runs.read(folder)


def _run(config: ExperimentConfig, folder: Path, progress: Progress, guard, train) -> Checkpoint:
    progress.report("data", 0, 1)
    data = sources.load(config.data)
    rows = rows_by_country(data, data.card.countries)
    budgets = budgets_for(config, rows)
    encoder = load_encoder(config.encoder, config.precision)
    content = sources.content_hash(data)
    checkpoint = Checkpoint(folder, f"{config.digest()}-{content}")
    guard()
    write_card(folder, data, content)
    progress.expect(**expected_seconds(**sizes(config, data, len(budgets))))
    progress.report("data", 1, 1)

    features = embed_texts(
        data.texts, encoder, cache_folder(), lambda done, total: progress.report("embed", done, total)
    )
    progress.report("embed", 1, 1)

    shape = HeadShape(features.width, config.hidden)
    if config.global_model in ("reference", "others"):
        globals_ = train_global(
            data, features, shape, config.global_model, lambda step: progress.report("global", step, STEPS)
        )
    else:
        globals_, mean = load_global(config.global_model, encoder.key, config)
        features = dataclasses.replace(features, prompt_mean=mean)
    start = {c: globals_[min(place, len(globals_) - 1)] for place, c in enumerate(rows)}
    progress.report("global", 1, 1)

    rewards = global_rewards(len(data.texts), features, shape, start)
    chosen, rejected = (data.pairs[side].to_numpy() for side in ("chosen", "rejected"))
    margin = {country: reward[chosen] - reward[rejected] for country, reward in rewards.items()}
    plan = plan_heads(config, rows, margin, budgets)
    steered = train(config, data, features, shape, start, rows, plan, progress, checkpoint)
    guard()
    write_margins(folder, data.pairs, {country: part.train for country, part in rows.items()}, rewards)
    write_heads(folder, config, encoder.key, features, globals_, plan, steered)

    progress.report("measure", 0, 1)
    measures, summary = measure(config, data, features, shape, start, rows, margin, plan, steered, progress)
    guard()
    write_tallies(folder, measures, {country: part.test for country, part in rows.items()})
    runs.write_json(folder / "metrics.json", metric_records(data.card.dataset, measures))
    runs.write_json(folder / "summary.json", summary)
    progress.report("measure", 1, 1)
    return checkpoint


def sizes(config: ExperimentConfig, data: Preferences, budgets: int) -> dict[str, int]:
    """What the time of an experiment depends on, for `expected_seconds`."""
    strings = [*data.texts["response"].unique(), *data.texts["prompt"].cat.categories]
    heads = len(data.card.countries) * len(config.trained) * config.seeds * (budgets + 1)
    characters = sum(map(len, strings))
    return {"characters": characters, "heads": heads, "steps": config.steps, "batch_size": config.batch_size}


def global_rewards(
    texts: int, features: Features, shape: HeadShape, start: dict[str, torch.Tensor]
) -> dict[str, np.ndarray]:
    """Per country, the reward of every text by its global model, (texts,) float32.

    Computed in slices that keep memory flat.
    """
    theta, place = torch.unique(torch.stack(list(start.values())), dim=0, return_inverse=True)
    rewards, slice_ = np.empty((len(theta), texts), np.float32), 16_384
    for first in range(0, texts, slice_):
        part = slice(first, first + slice_)
        rewards[:, part] = shape.rewards(theta, torch.from_numpy(features.of(part))).numpy()
    return {country: rewards[int(place[at])] for at, country in enumerate(start)}


def write_card(folder: Path, data: Preferences, content_hash: str) -> None:
    """data.json: the data card, counts per country, and the hash of the content."""
    card = dataclasses.asdict(data.card)
    runs.write_json(folder / "data.json", {
        **card, "counts": sources.counts(data), "content_hash": content_hash,
    })  # fmt: skip


def write_heads(folder: Path, config, encoder_key: str, features: Features, globals_, plan, steered) -> None:
    """heads.safetensors: global and trained heads; a header says which head is which."""
    about = {
        "encoder": config.encoder, "encoder_key": encoder_key, "hidden": config.hidden,
        "heads": plan.table.assign(step=steered.step).to_dict("records"),
    }  # fmt: skip
    tensors = {
        "global": globals_.contiguous(), "heads": steered.theta.contiguous(),
        "prompt_mean": torch.from_numpy(np.ascontiguousarray(features.prompt_mean)),
    }  # fmt: skip
    content = safetensors.torch.save(tensors, metadata={"about": json.dumps(about)})
    runs.write_bytes(folder / "heads.safetensors", content)
