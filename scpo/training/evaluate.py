"""Everything that is shown of trained models, taken on the test split: outcomes and summary tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd

from scpo.config import ExperimentConfig
from scpo.data.preferences import Preferences
from scpo.errors import ScpoError
from scpo.methods import UNTRAINED
from scpo.metrics.accuracy import MEAN, ResampledOutcomes, accuracy_table, curve_table
from scpo.metrics.alignment import align, alignment_table, answers_of, average_answers
from scpo.metrics.bias import REFERENCE, bias_table, transfer_table
from scpo.metrics.efficiency import efficiency_table, per_pair_table
from scpo.metrics.frontier import HeldOutMargins, edge_table, frontier_table
from scpo.metrics.groups import group_tables
from scpo.metrics.outcomes import Outcomes, count_outcomes, unmeasured
from scpo.metrics.paired import paired_table
from scpo.plan import Rows, pair_margins, reference_rows
from scpo.progress import Progress
from scpo.selection import effective_size, keep_mask, pair_weights
from scpo.training.backend import BackendResult
from scpo.training.encoder_reading import unreadable
from scpo.training.heads.held_out import coin_margin, longer_margin
from scpo.training.memory import give_back
from scpo.training.threads import spread

# Steps of the progress for each country: its outcomes, at home and elsewhere, what tables take, and the files after.
OUTCOMES, TABLES, ALIGNED, FILES = 2, {"paired": 6, "efficiency": 3, "curve": 1, "accuracy": 1}, 8, 5


def measure(
    config: ExperimentConfig, data: Preferences, rows: dict[str, Rows], trained: BackendResult, progress: Progress
) -> tuple[ResampledOutcomes, dict[str, pd.DataFrame]]:
    """All that is shown of the trained models, from the test split: measures, and the tables of summary.json.

    The measures hold what every model said. In the tables a country whose texts cannot be read has no numbers: they
    would say how ties are counted, and nothing of a taste.
    """
    shared, unread = data.card.unit == "question", set(unreadable(trained.reading))
    margin = pair_margins(data, trained.rewards)
    tests = {c: _margins(data, trained, part.test) for c, part in rows.items()}
    survey = shared and bool(set(rows) - unread)
    steps = _Steps(progress, len(rows) * (OUTCOMES + sum(TABLES.values()) + ALIGNED * survey + FILES))
    own = steps.spread(lambda c: _own_outcomes(config, data, rows[c].test, tests[c], c, margin[c], trained), rows)
    everything = ResampledOutcomes(own, shared)
    resampled = ResampledOutcomes([_seen(o, {o.country}, unread) for o in own], shared) if unread else everything

    crossed: dict[tuple[str, str], Outcomes] = {}
    found = steps.spread(lambda model: _on_every_country(model, data, rows, tests, margin, trained), rows)
    for model, by_country in zip(rows, found, strict=True):
        crossed |= {(model, on): _seen(o, {model, on}, unread) for on, o in by_country.items()}
    there = [_seen(o, {o.country, *data.card.reference}, unread) for o in _on_reference(data, margin, trained)]
    crossed |= {(o.country, REFERENCE): o for o in there}
    reference = ResampledOutcomes(there, shared_units=True) if there else None
    give_back()
    make = {
        "accuracy": lambda: accuracy_table(resampled),
        "paired": lambda: paired_table(resampled),
        "bias": lambda: bias_table(resampled, reference),
        "transfer": lambda: transfer_table(crossed),
        "curve": lambda: curve_table(resampled),
        "efficiency": lambda: efficiency_table(resampled),
        "per_pair": lambda: per_pair_table(resampled),
        "path": lambda: path_table(config, trained, unread),
        "selection": lambda: selection_table(config, rows, margin),
    }
    found = steps.spread(lambda name: make[name](), make, lambda name: TABLES.get(name, 0) * len(rows))
    tables = dict(zip(make, found, strict=True))
    tables["groups"], tables["group_gaps"] = group_tables(resampled, data.units)
    read = {c: part for c, part in rows.items() if c not in unread}
    if read and config.trained:
        tables |= _frontier(data, read, tests, margin, trained)
    if survey:
        tables["alignment"] = _alignment(data, read, trained, resampled)
    if trained.share is not None and np.isfinite(trained.share).any():
        tables["shares"] = share_table(trained.plan.table, trained.share)
    if trained.reading is not None:
        tables["reading"] = trained.reading
    return everything, tables


class _Steps:
    """Spreads work over threads and tells how far all of it is."""

    def __init__(self, progress: Progress, total: int):
        self._progress, self._done, self._total = progress, 0, total

    def spread(self, function: Callable, items: Iterable, steps: Callable[[Any], int] = lambda _: 1) -> list:
        """[function(item) for item in items]; steps(item): how many of the total it is."""
        items = list(items)

        def tell(done: int) -> None:
            self._done += steps(items[done - 1])
            self._progress.report("measure", self._done, self._total)

        return spread(function, items, tell)


def _on_every_country(
    model: str,
    data: Preferences,
    rows: dict[str, Rows],
    tests: dict[str, Callable],
    margin: dict,
    trained: BackendResult,
) -> dict[str, Outcomes]:
    """Outcomes of one country's models on the test pairs of every country, its own too."""
    unit = data.pairs["unit"].to_numpy()
    return {
        on: _crossed(tests[on], model, margin[model][part.test], margin[on][part.test], trained, unit[part.test])
        for on, part in rows.items()
    }


def _on_reference(data: Preferences, margin: dict[str, np.ndarray], trained: BackendResult) -> list[Outcomes]:
    """Outcomes of each country's models on the test pairs of the reference population; none where there is none."""
    there = reference_rows(data)
    if not len(there):
        return []
    held, unit = _margins(data, trained, there), data.pairs["unit"].to_numpy()[there]
    return [_crossed(held, c, of[there], of[there], trained, unit) for c, of in margin.items()]


def _seen(outcomes: Outcomes, countries: set[str], unread: set[str]) -> Outcomes:
    """Outcomes that stand on these countries, unmeasured if one of them cannot be read."""
    return unmeasured(outcomes) if countries & unread else outcomes


def _margins(data: Preferences, trained: BackendResult, rows: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """r(chosen) - r(rejected) of pairs (n,) under models, (K,) bool -> (k, n)."""
    sides = np.stack([data.pairs[side].to_numpy()[rows] for side in ("chosen", "rejected")])
    texts, place = np.unique(sides, return_inverse=True)
    chosen, rejected = place.reshape(2, -1)
    score = trained.score(texts)

    def of(models: np.ndarray) -> np.ndarray:
        rewards = score(models)
        return rewards[:, chosen] - rewards[:, rejected]

    return of


def _alignment(
    data: Preferences, rows: dict[str, Rows], trained: BackendResult, resampled: ResampledOutcomes
) -> pd.DataFrame:
    """Opinion alignment of the models with all pairs and of the global model, where scores are shares of answers."""
    table, answers = trained.plan.table, {}
    for name, of in data.pairs.groupby("country", observed=True).indices.items():
        answers[name] = answers_of(data.pairs.iloc[of])
    found = {}
    for country, part in rows.items():
        mine = np.array((table["country"] == country) & (table["level"] == table["level"].max()))
        test, validation = (answers_of(data.pairs.iloc[of]) for of in (part.test, part.validation))
        start = trained.rewards[country]
        rewards = [
            np.vstack([start[texts][None], trained.score(texts)(mine)]) for texts in (test.texts(), validation.texts())
        ]
        others = [answer for name, answer in answers.items() if name != country]
        averages = average_answers(test, [*others, test]), average_answers(test, others)
        found[country] = align(test, validation, averages, ["global", *table["method"][mine]], *rewards)
        if not np.array_equal(test.unit, resampled.outcomes[country].units):
            raise ScpoError(f"{country}: the questions of the answers are not those of the test pairs.")
    return alignment_table(found, resampled.drawn)


def _frontier(
    data: Preferences, rows: dict[str, Rows], tests: dict[str, Callable], margin: dict, trained: BackendResult
) -> dict[str, pd.DataFrame]:
    """Accuracy against consensus kept at every step of the models with all pairs, and who is on the edge."""
    table, unit, parts = trained.plan.table, data.pairs["unit"].to_numpy(), []
    for country, part in rows.items():
        pick = np.array((table["country"] == country) & (table["level"] == table["level"].max()))
        base, methods = margin[country][part.test], table["method"][pick].to_numpy()
        parts.append(HeldOutMargins(country, unit[part.test], base, tests[country](pick), methods))
    frontier = frontier_table(parts)
    return {"frontier": frontier, "edge": edge_table(parts, frontier, data.card.unit == "question")}


def _own_outcomes(config, data, test: np.ndarray, margins, country, margin, trained: BackendResult) -> Outcomes:
    """Outcomes of a country's models, the global model and the trivial baselines on its test pairs."""
    plan = trained.plan
    mine = np.array(plan.table["country"] == country)
    heads = plan.table[mine].drop(columns="country").assign(step=trained.step[mine])
    parts = [margins(mine)]
    known, n = margin[test], len(test)
    untrained = {
        "global": [known],
        "longer": [longer_margin(data, test)],
        "random": [coin_margin(n, (seed, 7)) for seed in range(config.seeds)],
    }
    for method in [m for m in UNTRAINED if m in config.methods or m == "global"]:
        parts.append(np.stack(untrained[method]))
        seeds = range(len(untrained[method]))
        rows = [{"method": method, "seed": s, "level": 0, "pairs": 0, "trained": 0, "step": 0} for s in seeds]
        heads = pd.concat([heads, pd.DataFrame(rows)])
    return count_outcomes(
        country, heads.reset_index(drop=True), np.concatenate(parts), known, data.pairs["unit"].to_numpy()[test]
    )


def _crossed(margins, model: str, start: np.ndarray, known: np.ndarray, trained: BackendResult, unit) -> Outcomes:
    """Outcomes of a country's models with all pairs, and of its global model (margins start), on other pairs."""
    table = trained.plan.table
    pick = np.array((table["country"] == model) & (table["level"] == table["level"].max()))
    first = pd.DataFrame([{"method": "global", "seed": 0, "level": 0, "pairs": 0, "trained": 0}])
    heads = pd.concat([first, table[pick].drop(columns="country")], ignore_index=True)
    return count_outcomes(model, heads, np.concatenate([start[None], margins(pick)]), known, unit)


def path_table(config: ExperimentConfig, trained: BackendResult, unread: Iterable[str] = ()) -> pd.DataFrame:
    """Test accuracy along the training of the models with all pairs, mean over seeds; those that are fitted at once
    have no steps and are not in it, nor are countries that cannot be read."""
    table = trained.plan.table.assign(at=np.arange(len(trained.plan.table)))
    table = table[(table["level"] == trained.plan.table["level"].max()) & ~table["country"].isin(list(unread))]
    frames = []
    for (country, method), heads in table.groupby(["country", "method"], sort=False):
        mean = trained.path[heads["at"].to_numpy()].mean(0)  # (eval_steps, subsets)
        if np.isnan(mean[0]).all():
            continue
        frame = pd.DataFrame(mean, columns=["full", "distinct", "consensus"])
        frames.append(frame.assign(country=country, method=method, step=trained.eval_steps))
    if not frames:
        return pd.DataFrame(columns=["country", "method", "step", "seen", "subset", "accuracy"])
    wide = pd.concat(frames)
    overall = wide.groupby(["method", "step"], sort=False)[["full", "distinct", "consensus"]].mean()
    wide = pd.concat([overall.reset_index().assign(country=MEAN), wide])
    long = wide.melt(["country", "method", "step"], var_name="subset", value_name="accuracy")
    return long.assign(seen=long["step"] * config.batch_size)


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
