"""One experiment from settings to a run folder: the order of the work, and nothing else.

    data -> score models -> global model -> one model per country, method, seed, budget -> measures

A model is a head on a frozen encoder, or a whole reward model (`scpo.training.finetune.backend`). The same function
serves the app, the command line and Python.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import time
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path

from scpo import data as sources
from scpo import runs
from scpo.config import ExperimentConfig
from scpo.data.folds import fold_of_pairs, splits_to_train
from scpo.data.preferences import TEST, Preferences
from scpo.errors import Fenced, ScpoError, Stopped
from scpo.estimate import expected_of_run, of_folds
from scpo.grouping import speaking_of
from scpo.metrics.accuracy import metric_records
from scpo.plan import budgets_for, people_for, rows_by_country
from scpo.progress import FoldProgress, Progress
from scpo.runs.files import write_bytes, write_json
from scpo.runs.global_rewards import write_margins
from scpo.runs.outcomes import write_outcomes
from scpo.runs.progress_log import add_progress
from scpo.training.backend import BackendResult
from scpo.training.brought_models import judge_at_the_end, rewards_of_models
from scpo.training.checkpoint import Checkpoint
from scpo.training.encoder_reading import unreadable
from scpo.training.encoders import load_encoder
from scpo.training.evaluate import Trained, measure
from scpo.training.heads import ray_cluster
from scpo.training.heads.backend import train_heads
from scpo.training.memory import give_back
from scpo.training.rulings import rulings_of
from scpo.training.threads import one_thread

Listener = Callable[[Mapping], None]


@one_thread()
def run(
    config: ExperimentConfig,
    out: Path | str,
    *,
    on_progress: Listener | None = None,
    should_stop: Callable[[], bool] | None = None,
    guard: Callable[[], None] = lambda: None,
) -> runs.Result:
    """Run one experiment and write its run folder.

    out          the run folder; an unfinished run of these settings in it is gone on with from its
                 last checkpoint, to the same results
    on_progress  gets each entry of progress.jsonl as it is written
    should_stop  asked at every safe point; True ends the run with `Stopped`, folder unfinished
    guard        called before each result is written; raises `Fenced` if somebody else owns the run now
    Raises `ScpoError` with what to do; bad input is refused before any work.
    """
    folder, began = Path(out), time.monotonic()
    runs.create(folder, config)

    def listen(entry: Mapping) -> None:
        add_progress(folder, entry)
        if on_progress:
            on_progress(entry)

    try:
        with speaking_of(config.data.group):
            checkpoint = _run(config, folder, Progress(listen, should_stop), guard)
        guard()
        runs.finish(folder, time.monotonic() - began)
        checkpoint.remove()
    except Fenced:
        raise  # the folder is somebody else's: not a line more in it
    except (ScpoError, KeyboardInterrupt, OSError, MemoryError) as error:
        stage = "stopped" if isinstance(error, (Stopped, KeyboardInterrupt)) else "failed"
        with contextlib.suppress(OSError):  # a full disk must not hide why the run failed
            add_progress(folder, {"stage": stage, "message": str(error) or type(error).__name__})
        raise
    listen({"stage": "done", "done": 1, "total": 1, "fraction": 1.0, "seconds_left": 0.0})
    return runs.read(folder)


def _run(config: ExperimentConfig, folder: Path, progress: Progress, guard: Callable[[], None]) -> Checkpoint:
    if not config.finetune.model:
        ray_cluster.check()
    progress.report("data", 0, 1)
    data = sources.load(config.data)
    sources.check_global(config, data)
    parts = splits_to_train(data)
    rows = [rows_by_country(part, data.card.countries, config.finetune.as_published) for part in parts]
    budgets, people = budgets_for(config, *rows), people_for(config, *rows)
    train_models = _back_end(config)
    content = sources.content_hash(data)
    checkpoint = Checkpoint(folder, f"{config.digest()}-{content}")
    guard()
    write_card(folder, data, content)
    expected = expected_of_run(config, data, len(budgets) + len(people))
    progress.expect(**expected if len(parts) == 1 else of_folds(expected, len(parts)))
    progress.report("data", 1, 1)
    asked = rewards_of_models(config, data, progress)

    trained = []
    for place, (part, of_part) in enumerate(zip(parts, rows, strict=True)):
        fold = place + 1 if len(parts) > 1 else 0
        told = FoldProgress(progress, place, len(parts), expected) if fold else progress
        saved = checkpoint.of_fold(fold) if fold else checkpoint
        trained.append(Trained.of(part, of_part, train_models(config, part, of_part, budgets, told, saved), fold))
    whole = trained[-1]
    guard()
    write_margins(folder, data.pairs, {c: part.train for c, part in whole.rows.items()}, whole.result.rewards)
    write_bytes(folder / runs.weights_file(config), whole.result.weights)

    give_back()
    progress.report("measure", 0, 1)
    folds, unread = trained[:-1] or trained, unreadable(whole.result.reading)
    resampled, summary, held_out = measure(config, data, folds, whole, progress)
    rulings = rulings_of(folds, unread)
    guard()
    tested = {c: data.of(c, TEST) for c in whole.rows}
    write_outcomes(folder, resampled, tested, fold_of_pairs(data), rulings, held_out)
    write_json(folder / "metrics.json", metric_records(data.card.dataset, resampled))
    write_json(folder / "summary.json", summary)
    judge_at_the_end(folder, data, asked, unread)
    progress.report("measure", 1, 1)
    return checkpoint


def _back_end(config: ExperimentConfig) -> Callable[..., BackendResult]:
    """The back end that is asked for, its encoder or model at hand: what is not here is refused before work."""
    one_device(os.environ)
    if config.finetune.model:
        from scpo.training.finetune.backend import fine_tune
        from scpo.training.finetune.loading import load_start

        return functools.partial(fine_tune, load_start(config))
    return functools.partial(train_heads, load_encoder(config.encoder, config.precision))


def one_device(environment: MutableMapping[str, str]) -> None:
    """Show this process one GPU, the first that it may use: TRL takes one per process. Before any is asked for."""
    environment["CUDA_VISIBLE_DEVICES"] = environment.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]


def write_card(folder: Path, data: Preferences, content_hash: str) -> None:
    """data.json: the data card, counts per country, and the hash of the content."""
    card = dataclasses.asdict(data.card)
    write_json(
        folder / "data.json",
        {
            **card,
            "counts": sources.counts(data),
            "content_hash": content_hash,
        },
    )
