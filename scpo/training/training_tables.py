"""Tables of a run's training rather than of its test: accuracy on the way, chosen shares, what filter and weight do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd

from scpo.config import ExperimentConfig
from scpo.metrics.accuracy import MEAN, ResampledOutcomes
from scpo.metrics.outcomes import SUBSETS
from scpo.metrics.people import people_curve, people_needed
from scpo.plan import Rows, people_for
from scpo.selection import effective_size, keep_mask, pair_weights
from scpo.training.backend import BackendResult


def path_table(config: ExperimentConfig, folds: Sequence[BackendResult], unread: Iterable[str] = ()) -> pd.DataFrame:
    """Test accuracy along the training of the models with all pairs, mean over seeds, and over folds; those that are
    fitted at once have no steps and are not in it, nor are countries that cannot be read."""
    frames = [frame for trained in folds for frame in _paths(trained, unread)]
    if not frames:
        return pd.DataFrame(columns=["country", "method", "step", "seen", "subset", "accuracy"])
    wide = pd.concat(frames)
    if len(folds) > 1:
        wide = wide.groupby(["country", "method", "step"], sort=False, as_index=False)[list(SUBSETS)].mean()
    overall = wide.groupby(["method", "step"], sort=False)[list(SUBSETS)].mean()
    wide = pd.concat([overall.reset_index().assign(country=MEAN), wide])
    long = wide.melt(["country", "method", "step"], var_name="subset", value_name="accuracy")
    return long.assign(seen=long["step"] * config.batch_size)


def _paths(trained: BackendResult, unread: Iterable[str]) -> Iterator[pd.DataFrame]:
    table = trained.plan.table.assign(at=np.arange(len(trained.plan.table)))
    table = table[trained.plan.with_all_pairs() & ~table["country"].isin(list(unread))]
    for (country, method), heads in table.groupby(["country", "method"], sort=False):
        mean = trained.path[heads["at"].to_numpy()].mean(0)  # (eval_steps, subsets)
        if not np.isnan(mean[0]).all():
            frame = pd.DataFrame(mean, columns=list(SUBSETS))
            yield frame.assign(country=str(country), method=str(method), step=trained.eval_steps)


def tables_of_some(result: BackendResult) -> dict[str, pd.DataFrame]:
    """The tables that only some trainings have: the shares that validation chose, and what an encoder can read."""
    tables = {}
    if result.share is not None and np.isfinite(result.share).any():
        tables["shares"] = share_table(result.plan.table, result.share)
    if result.reading is not None:
        tables["reading"] = result.reading
    return tables


def share_table(heads: pd.DataFrame, share: np.ndarray) -> pd.DataFrame:
    """The share of the way from the global model that validation chose, (K,), of the heads that have one."""
    table = heads[["country", "method", "seed", "pairs"]].assign(share=share)
    return table[np.isfinite(share)].reset_index(drop=True)


def selection_table(config: ExperimentConfig, rows: dict[str, Rows], margin: dict) -> pd.DataFrame:
    """What filter and weight do to each country's training pairs."""
    records = []
    for country, part in rows.items():
        m = margin[country][part.train].astype(np.float64)
        keep, weight = keep_mask(m, config.tau), pair_weights(m, config.beta)
        records.append(
            {
                "country": country,
                "pairs": len(m),
                "kept": keep.mean(),
                "effective": effective_size(weight[keep]) / len(m),
                "disagree": (m < 0).mean(),
                "accuracy": (m > 0).mean(),
            }
        )
    return pd.DataFrame(records)


def people_tables(
    config: ExperimentConfig, rows: Sequence[dict[str, Rows]], resampled: ResampledOutcomes
) -> dict[str, pd.DataFrame]:
    """Accuracy over numbers of training people, and with how many of them a method is ahead. rows: of each fold."""
    people = people_for(config, *rows)
    everybody = {c: float(np.mean([len(np.unique(of_fold[c].unit)) for of_fold in rows])) for c in rows[0]}
    curve = people_curve(resampled, people, everybody)
    return {"people": curve, "people_needed": people_needed(resampled, curve, people)}
