"""A finished run read again under another ruler: every table that speaks of distinct and consensus pairs.

Nothing is trained or scored: what each model said of each test pair is kept with the run, and so are margins.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from scpo.errors import InputError
from scpo.judging import beside
from scpo.metrics.accuracy import ResampledOutcomes, accuracy_table, metric_records
from scpo.metrics.bias import bias_table
from scpo.metrics.frontier import HeldOutMargins, edge_table, frontier_table
from scpo.metrics.outcomes import SUBSETS, Outcomes, unmeasured
from scpo.metrics.paired import paired_table
from scpo.metrics.rulers import GLOBAL, POOLED, RULED, ruled, vote
from scpo.runs import Result
from scpo.runs.judges import UNSCORED, Judge
from scpo.runs.outcomes import RunOutcomes

FULL, DISTINCT, CONSENSUS = SUBSETS
OF_PARTS = (DISTINCT, CONSENSUS, *RULED)
RULERS = ["ruler", "method", "measure", "value", "low", "high", "n", "units"]
Signs = Mapping[str, np.ndarray]  # country -> 1, -1 or 0 of each test pair


def rulers_of(outcomes: RunOutcomes, judges: Sequence[Judge] = ()) -> dict[str, Signs]:
    """What may rule a run's test pairs, the global model first: name -> country -> 1, -1 or 0 of each, (n,)."""
    each = {country: o.each for country, o in outcomes.outcomes.items() if o.each}
    if len(each) < len(outcomes.outcomes):
        return {}
    found: dict[str, Signs] = {GLOBAL: {country: of.known for country, of in each.items()}}
    found |= {name: of for name, of in outcomes.rulings.items() if len(of) == len(each)}
    pooled = {c: np.flatnonzero(o.heads["method"] == POOLED) for c, o in outcomes.outcomes.items()}
    if all(map(len, pooled.values())):
        found[POOLED] = {country: vote(each[country].signs[heads]) for country, heads in pooled.items()}
    for judge in judges:
        said = {c: judge.signs.get(c, np.empty(0)) for c in each}
        if all(len(said[c]) == len(of.unit) for c, of in each.items()):
            found[judge.method] = {c: np.where(of == UNSCORED, 0, of) for c, of in said.items()}
    return found


def under(
    result: Result,
    outcomes: RunOutcomes,
    held_out: Sequence[HeldOutMargins],
    ruler: str,
    judges: Sequence[Judge] = (),
    unread: Collection[str] = (),
) -> tuple[Result, list[Judge]]:
    """A run and its judges with distinct and consensus by another ruler; what is of all test pairs stays as it is.

    held_out  margins of the test pairs, as the run kept them; without them it has no frontier under another ruler
    unread    countries whose texts the run's models cannot read
    Raises `InputError` for a ruler that this run does not have.
    """
    known = rulers_of(outcomes, judges)
    if ruler not in known:
        raise InputError(
            f"the run {result.folder.name} has no ruler {ruler!r}; it has {', '.join(known) or 'none'}. Scores "
            "that are brought beside a run may rule too, and `--second-global` trains a second global model."
        )
    if ruler == GLOBAL:
        return result, list(judges)
    signs, shared = known[ruler], result.card["unit"] == "question"
    each = {c: ruled(_top(o), signs[c]) for c, o in outcomes.outcomes.items()}
    read = ResampledOutcomes([unmeasured(o) if c in unread else o for c, o in each.items()], shared)
    accuracy, bias = accuracy_table(read), _with_ruled(result.tables["bias"], bias_table(read, None))
    again = metric_records(result.card["dataset"], read)
    old = result.metrics
    metrics = pd.concat([old[old["subset"] == FULL], again[again["subset"] != FULL]], ignore_index=True)
    parts = [replace(part, ruler=signs[part.country]) for part in held_out]
    frontier = frontier_table(parts) if parts else pd.DataFrame()
    edge = edge_table(parts, frontier, shared) if parts else pd.DataFrame()
    path = result.tables["path"].iloc[:0]  # along training, what became of the global model's subsets
    tables = {"accuracy": accuracy, "paired": paired_table(read), "bias": bias, "path": path}
    tables |= {"frontier": frontier, "edge": edge}
    found = replace(result, tables=result.tables | tables, metrics=metrics)
    return found, [_judge_under(judge, each, shared, unread) for judge in judges]


def compared(
    result: Result, outcomes: RunOutcomes, judges: Sequence[Judge] = (), unread: Collection[str] = ()
) -> pd.DataFrame:
    """Consensus kept and own taste learned of each method under every ruler, the mean over countries.

    Columns RULERS: value, low, high are shares; n, units: how many pairs, of how many people or questions, the ruler
    gets right (consensus retention) or wrong (distinct accuracy).
    """
    known, tables = rulers_of(outcomes, judges), []
    for name, signs in known.items():
        each = [ruled(_top(o), signs[c]) for c, o in outcomes.outcomes.items() if c not in unread]
        bias = bias_table(ResampledOutcomes(each, result.card["unit"] == "question"), None)
        tables.append(bias[bias["measure"].isin(RULED)].assign(ruler=name))
    return pd.concat(tables, ignore_index=True)[RULERS] if tables else pd.DataFrame(columns=RULERS)


def agreement(outcomes: RunOutcomes, signs: Signs) -> float:
    """The share of the pairs that both rule of which a ruler says the same as the global model; mean over countries."""
    shares = []
    for country, o in outcomes.outcomes.items():
        both = (o.each.known != 0) & (signs[country] != 0) if o.each else np.zeros(0, bool)
        if both.any() and o.each:
            shares.append((o.each.known == signs[country])[both].mean())
    return float(np.mean(shares)) if shares else np.nan


def _top(o: Outcomes) -> Outcomes:
    """The models with all pairs, which are those that a run keeps pair by pair, as the measures want them."""
    return replace(o, heads=o.heads.assign(level=0, trained=0, step=0))


def _with_ruled(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """The table `bias` with consensus kept and own taste learned from another, in its own order."""
    keys = ["method", "measure"]
    table, rows = old.set_index(keys), new[new["measure"].isin(RULED)].set_index(keys)
    rows = rows[rows.index.isin(table.index)]
    table.loc[rows.index] = rows[table.columns]
    return table.reset_index()[old.columns]


def _judge_under(judge: Judge, outcomes: Mapping[str, Outcomes], shared: bool, unread: Collection[str]) -> Judge:
    """A judge with distinct and consensus by another ruler; one of an older file has no rows of them then."""
    read = beside(outcomes, judge.signs, judge.method, shared, unread)
    if read is None:
        part = {name: table["measure" if name == "bias" else "subset"] for name, table in judge.tables.items()}
        return replace(judge, tables={name: judge.tables[name][~of.isin(OF_PARTS)] for name, of in part.items()})
    bias = _with_ruled(judge.tables["bias"], bias_table(read, None))
    tables = {"accuracy": accuracy_table(read), "paired": paired_table(read, (judge.method,)), "bias": bias}
    return replace(judge, tables=tables)
