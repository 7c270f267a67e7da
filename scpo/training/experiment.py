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
import pandas as pd
import safetensors.torch
import torch

from scpo import data as sources
from scpo import runs
from scpo.config import UNTRAINED, ExperimentConfig
from scpo.data.preferences import TEST, Preferences
from scpo.errors import Fenced, ScpoError, Stopped
from scpo.metrics.bias import bias_table, transfer_table
from scpo.metrics.outcomes import Outcomes, tally
from scpo.metrics.summary import MEAN, Measures, metric_records, tables
from scpo.progress import Progress, expected_seconds
from scpo.selection import keep_mask, pair_weights
from scpo.training.checkpoint import Checkpoint
from scpo.training.encoders import load_encoder
from scpo.training.evaluation import HeldOut, coin_margin, longer_margin
from scpo.training.features import Features, cache_folder, embed_texts
from scpo.training.global_model import STEPS, load_global, train_global
from scpo.training.heads import HeadShape
from scpo.training.plan import HeadPlan, Rows, budgets_for, plan_heads, rows_by_country
from scpo.training.steering import Steered, train_countries

REFERENCE = "reference population"
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

    margin = global_margins(data, features, shape, start)
    plan = plan_heads(config, rows, margin, budgets)
    steered = train(config, data, features, shape, start, rows, plan, progress, checkpoint)
    guard()
    write_heads(folder, config, encoder.key, features, globals_, plan, steered)

    progress.report("measure", 0, 1)
    measures, summary = measure(config, data, features, shape, start, rows, margin, plan, steered, progress)
    guard()
    runs.write_json(folder / "metrics.json", metric_records(data.card.dataset, measures))
    runs.write_json(folder / "summary.json", summary)
    progress.report("measure", 1, 1)
    return checkpoint


def sizes(config: ExperimentConfig, data: Preferences, budgets: int) -> dict[str, int]:
    """What the time of an experiment depends on, for `expected_seconds`."""
    strings = [*data.texts["response"].unique(), *data.texts["prompt"].cat.categories]
    trained = len([m for m in config.methods if m not in UNTRAINED])
    heads = len(data.card.countries) * trained * config.seeds * (budgets + 1)
    characters = sum(map(len, strings))
    return {"characters": characters, "heads": heads, "steps": config.steps, "batch_size": config.batch_size}


def global_margins(
    data: Preferences, features: Features, shape: HeadShape, start: dict[str, torch.Tensor]
) -> dict[str, np.ndarray]:
    """Per country, the margin of its global model on every pair, (pairs,) float32.

    Rewards are computed per text once, in slices that keep memory flat.
    """
    theta, place = torch.unique(torch.stack(list(start.values())), dim=0, return_inverse=True)
    texts, slice_ = len(data.texts), 16_384
    rewards = np.empty((len(theta), texts), np.float32)
    for first in range(0, texts, slice_):
        part = slice(first, first + slice_)
        rewards[:, part] = shape.rewards(theta, torch.from_numpy(features.of(part))).numpy()
    chosen, rejected = data.pairs["chosen"].to_numpy(), data.pairs["rejected"].to_numpy()
    margins = rewards[:, chosen] - rewards[:, rejected]
    return {country: margins[int(place[at])] for at, country in enumerate(start)}


def measure(
    config: ExperimentConfig, data: Preferences, features: Features, shape: HeadShape,
    start: dict[str, torch.Tensor], rows: dict[str, Rows], margin: dict[str, np.ndarray],
    plan: HeadPlan, steered: Steered, progress: Progress,
) -> tuple[Measures, dict[str, pd.DataFrame]]:  # fmt: skip
    """Everything that is shown of the trained heads, from the test split."""
    shared = data.card.unit == "question"
    tests = {c: HeldOut(data, features, shape, part.test) for c, part in rows.items()}
    own = []
    for at, c in enumerate(rows):
        own.append(_own_outcomes(config, data, tests[c], c, start[c], margin[c], plan, steered))
        progress.report("measure", at, 2 * len(rows))
    measures = Measures(own, shared)

    top = plan.table["level"] == plan.table["level"].max()
    crossed = {
        (model, on): _crossed(tests[on], model, start[model], margin[on][tests[on].rows], plan, steered, top)
        for model in rows for on in rows
    }  # fmt: skip
    reference = None
    is_reference = np.isin(data.pairs["country"].to_numpy(), data.card.reference)
    reference_rows = np.flatnonzero(is_reference & (data.split_of_pairs() == TEST))
    if len(reference_rows):
        held = HeldOut(data, features, shape, reference_rows)
        outcomes = [_crossed(held, c, start[c], margin[c][held.rows], plan, steered, top) for c in rows]
        crossed |= {(o.country, REFERENCE): o for o in outcomes}
        reference = Measures(outcomes, shared_units=True)
    path = path_table(config, plan, steered)
    bias, transfer = bias_table(measures, reference), transfer_table(crossed)
    return measures, tables(measures, bias, transfer, path, selection_table(config, rows, margin))


def _own_outcomes(config, data, test: HeldOut, country, start, margin, plan: HeadPlan, steered) -> Outcomes:
    """Outcomes of a country's heads, the global model and the trivial baselines on its test pairs."""
    mine = np.array(plan.table["country"] == country)
    heads = plan.table[mine].drop(columns="country").assign(step=steered.step[mine])
    parts = [test.margins(steered.theta[torch.from_numpy(mine)]).numpy()]
    known, n = margin[test.rows], len(test.rows)
    untrained = {
        "global": [known], "longer": [longer_margin(data, test.rows)],
        "random": [coin_margin(n, (seed, 7)) for seed in range(config.seeds)],
    }  # fmt: skip
    for method in [m for m in UNTRAINED if m in config.methods or m == "global"]:
        parts.append(np.stack(untrained[method]))
        seeds = range(len(untrained[method]))
        rows = [{"method": method, "seed": s, "level": 0, "pairs": 0, "trained": 0, "step": 0} for s in seeds]
        heads = pd.concat([heads, pd.DataFrame(rows)])
    return tally(country, heads.reset_index(drop=True), np.concatenate(parts), known, test.unit)


def _crossed(test: HeldOut, model: str, start, known: np.ndarray, plan: HeadPlan, steered, top) -> Outcomes:
    """Outcomes of a country's heads with all pairs, and of its global model, on other pairs."""
    pick = np.array((plan.table["country"] == model) & top)
    theta = torch.cat([start[None], steered.theta[torch.from_numpy(pick)]])
    first = pd.DataFrame([{"method": "global", "seed": 0, "level": 0, "pairs": 0, "trained": 0}])
    heads = pd.concat([first, plan.table[pick].drop(columns="country")], ignore_index=True)
    return tally(model, heads, test.margins(theta).numpy(), known, test.unit)


def path_table(config: ExperimentConfig, plan: HeadPlan, steered: Steered) -> pd.DataFrame:
    """Test accuracy along the training of the heads with all pairs, mean over seeds."""
    table = plan.table.assign(at=np.arange(len(plan.table)))
    table = table[table["level"] == plan.table["level"].max()]
    frames = []
    for (country, method), heads in table.groupby(["country", "method"], sort=False):
        mean = steered.path[heads["at"].to_numpy()].mean(0)  # (marks, subsets)
        frame = pd.DataFrame(mean, columns=["full", "distinct", "consensus"])
        frames.append(frame.assign(country=country, method=method, step=steered.marks))
    if not frames:
        return pd.DataFrame(columns=["country", "method", "step", "seen", "subset", "accuracy"])
    wide = pd.concat(frames)
    overall = wide.groupby(["method", "step"], sort=False)[["full", "distinct", "consensus"]].mean()
    wide = pd.concat([overall.reset_index().assign(country=MEAN), wide])
    long = wide.melt(["country", "method", "step"], var_name="subset", value_name="accuracy")
    return long.assign(seen=long["step"] * config.batch_size)


def selection_table(config: ExperimentConfig, rows: dict[str, Rows], margin: dict) -> pd.DataFrame:
    """What filter and weight do to each country's training pairs."""
    records = []
    for country, part in rows.items():
        m = margin[country][part.train].astype(np.float64)
        keep, weight = keep_mask(m, config.tau), pair_weights(m, config.beta)
        kept = weight[keep]
        effective = kept.sum() ** 2 / max((kept**2).sum(), 1e-12) / len(m) if len(kept) else 0.0
        records.append({
            "country": country, "pairs": len(m), "kept": keep.mean(), "effective": effective,
            "disagree": (m < 0).mean(), "accuracy": (m > 0).mean(),
        })  # fmt: skip
    return pd.DataFrame(records)


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
