"""Two or more runs side by side: what they were set to, and how far their results differ.

Runs that were put to the same test pairs are compared on each user or question (`scpo.runs.outcomes`), so that
the intervals of their differences are paired. Where the test pairs are others, the interval of a difference is put
together from two. With d = b - a, and l and u the ends of each interval (Zou and Donner 2008, Statistics in Medicine
27(10), 1693-1702):

    low  = d - sqrt((b - l_b)^2 + (u_a - a)^2)
    high = d + sqrt((u_b - b)^2 + (a - l_a)^2)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from scpo import runs
from scpo.config import DataConfig, ExperimentConfig, FinetuneConfig
from scpo.format import inert
from scpo.jobs.job import Job
from scpo.methods import METHODS
from scpo.metrics.accuracy import MEAN
from scpo.metrics.outcomes import SUBSETS
from scpo.runs.comparison import differences
from scpo.runs.outcomes import RunOutcomes
from scpo.ui.cache import job_store
from scpo.ui.context import link
from scpo.ui.experiment_form import NONE
from scpo.ui.labels import label

SAME, DIFFERS = "same", "differs"
PAIRED, APART = "paired", "apart"
KINDS = {  # what an interval rests on
    PAIRED: "The runs were tested on the same pairs. The interval is **paired**: both runs are resampled by the same "
    "users or questions.",
    APART: "The runs were tested on **different** pairs, so that a difference may come from the data as well as from "
    "the settings. The interval is one of **unpaired** runs: it adds the variances of both accuracies.",
}
SUBSET = "full"


@dataclass(frozen=True)
class Difference:
    """How far a run's accuracies are from another's. kind: a key of KINDS; table: see `difference`."""

    kind: str
    table: pd.DataFrame


def offer(result: runs.Result) -> None:
    """A link to the comparison with a run of the other back end on the same data, to whichever countries; none
    where there is no such run."""
    data, whole = dataclasses.replace(result.config.data, countries=()), bool(result.config.finetune.model)
    jobs = job_store().jobs()
    mine = next((job.id for job in jobs if job.folder == result.folder), None)
    for job in jobs:
        alike = job.state == "done" and dataclasses.replace(job.config.data, countries=()) == data
        if mine and alike and bool(job.config.finetune.model) != whole:
            kind = "heads" if whole else "whole models"
            link("runs", f"Compare with a run of {kind} on the same data: {inert(job.name)}", run=[mine, job.id])
            return


def names(jobs: Sequence[Job]) -> dict[str, str]:
    """A name for each run id that no other of these runs has, and no other column of a table."""
    plain = [job.name for job in jobs] + ["setting", "compared"]
    return {job.id: job.name if plain.count(job.name) == 1 else f"{job.name} ({job.id[:4]})" for job in jobs}


def settings_table(jobs: Sequence[Job], cards: Mapping[str, dict]) -> pd.DataFrame:
    """Settings as rows, runs as columns, and whether they differ; those that differ come first.

    cards   run id -> data card, of the runs that have one: equal files may have had different content
    """
    columns = {name: _settings(job.config) for job, name in zip(jobs, names(jobs).values(), strict=True)}
    table = pd.DataFrame(columns).fillna("-")
    if len(cards) == len(jobs):
        table.loc["Content of the data (hash)"] = [cards[job.id].get("content_hash", "-")[:12] for job in jobs]
    same = table.nunique(axis=1) == 1
    table.insert(0, "compared", np.where(same, SAME, DIFFERS))
    table = table.rename_axis("setting").reset_index()
    return table.sort_values("compared", key=lambda c: c == SAME, kind="stable", ignore_index=True)


def _settings(config: ExperimentConfig) -> dict[str, str]:
    """Every setting in words, as plain text."""
    found = {}
    parts: list[DataConfig | ExperimentConfig | FinetuneConfig] = [config.data, config]
    for part in [*parts, config.finetune] if config.finetune.model else parts:
        for spec in dataclasses.fields(part):
            value = getattr(part, spec.name)
            if spec.name in ("data", "finetune", "data_names"):
                continue
            if spec.name == "data_files":
                value = config.data.shown_files
            elif spec.name in ("encoder", "global_model", "model"):  # a file's name, not where it lies
                value = Path(value).name
            empty = "default" if spec.name in NONE else "none"
            found[label(spec)] = ", ".join(map(str, value)) or empty if isinstance(value, tuple) else str(value)
    return found


def difference(
    base: runs.Result, other: runs.Result, left: RunOutcomes, right: RunOutcomes, subset: str = SUBSET
) -> Difference:
    """The accuracy of `other` minus that of `base`, for every country and method that both have.

    left, right   the outcomes of base and other
    subset        of the test pairs

    Columns country, method, base, other (accuracies), delta, low, high, n, units, reading. The mean
    over countries is there if both have the same countries.
    """
    methods = [name for name, row in METHODS.items() if row.is_model]
    kind = PAIRED if base.card["content_hash"] == other.card["content_hash"] else APART
    shared, place = base.card["unit"] == "question", SUBSETS.index(subset)
    table = differences(left, right, methods, shared, place) if kind == PAIRED else pd.DataFrame()
    if not len(table):
        kind, table = APART, _apart(base, other, methods, subset)
    return Difference(kind, table.assign(reading=list(map(reading, table["low"], table["high"]))))


def _apart(base: runs.Result, other: runs.Result, methods: list[str], subset: str) -> pd.DataFrame:
    """The same for runs of different test pairs, from the accuracies and intervals of each."""
    a, b = (_rows(run, methods, subset) for run in (base, other))
    if set(a.index.get_level_values(0)) != set(b.index.get_level_values(0)):
        a, b = (part.drop(index=MEAN, level=0, errors="ignore") for part in (a, b))
    both = a.index[a.index.isin(b.index)]
    a, b = a.loc[both], b.loc[both]
    delta = b["accuracy"] - a["accuracy"]
    down = np.hypot(b["accuracy"] - b["low"], a["high"] - a["accuracy"])
    up = np.hypot(b["high"] - b["accuracy"], a["accuracy"] - a["low"])
    return pd.DataFrame(
        {
            "base": a["accuracy"],
            "other": b["accuracy"],
            "delta": delta,
            "low": delta - down,
            "high": delta + up,
            "n": np.minimum(a["n"], b["n"]),
            "units": np.minimum(a["units"], b["units"]),
        }
    ).reset_index()


def reading(low: float, high: float) -> str:
    """An interval in a word."""
    if np.isnan(low):
        return "no interval: too few people or questions"
    return "higher" if low > 0 else "lower" if high < 0 else "no clear difference"


def _rows(run: runs.Result, methods: list[str], subset: str) -> pd.DataFrame:
    table = run.tables["accuracy"]
    table = table[(table["subset"] == subset) & table["method"].isin(methods)]
    return table.astype(dict.fromkeys(["accuracy", "low", "high"], float)).set_index(["country", "method"])
