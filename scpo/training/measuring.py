"""Everything that is shown of trained heads, taken on the test split: outcomes and summary tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from scpo.config import UNTRAINED, ExperimentConfig
from scpo.data.preferences import TEST, Preferences
from scpo.metrics.bias import bias_table, transfer_table
from scpo.metrics.outcomes import Outcomes, tally
from scpo.metrics.paired import paired_table
from scpo.metrics.summary import MEAN, Measures, accuracy_table, curve_table, efficiency_table
from scpo.progress import Progress
from scpo.selection import keep_mask, pair_weights
from scpo.training.evaluation import HeldOut, coin_margin, longer_margin
from scpo.training.features import Features
from scpo.training.heads import HeadShape
from scpo.training.plan import HeadPlan, Rows
from scpo.training.steering import Steered

REFERENCE = "reference population"


def measure(
    config: ExperimentConfig, data: Preferences, features: Features, shape: HeadShape,
    start: dict[str, torch.Tensor], rows: dict[str, Rows], margin: dict[str, np.ndarray],
    plan: HeadPlan, steered: Steered, progress: Progress,
) -> tuple[Measures, dict[str, pd.DataFrame]]:  # fmt: skip
    """Everything that is shown of the trained heads, from the test split: measures, and the tables of summary.json."""
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
    return measures, {
        "accuracy": accuracy_table(measures), "paired": paired_table(measures),
        "bias": bias_table(measures, reference), "transfer": transfer_table(crossed),
        "curve": curve_table(measures), "efficiency": efficiency_table(measures),
        "path": path_table(config, plan, steered), "selection": selection_table(config, rows, margin),
    }  # fmt: skip


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
