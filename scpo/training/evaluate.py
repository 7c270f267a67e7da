"""Everything that is shown of trained models, taken on the test split: outcomes and summary tables."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from scpo.config import ExperimentConfig
from scpo.data.preferences import Preferences
from scpo.errors import ScpoError
from scpo.methods import UNTRAINED
from scpo.metrics.accuracy import ResampledOutcomes, accuracy_table, curve_table
from scpo.metrics.alignment import Aligned, Answers, align, alignment_table, answers_of, average_answers
from scpo.metrics.best_of_n import GLOBAL, Candidates, best_of_n_table, pool_candidates
from scpo.metrics.bias import REFERENCE, bias_table, transfer_table
from scpo.metrics.efficiency import efficiency_table, per_pair_table
from scpo.metrics.frontier import HeldOutMargins, edge_table, frontier_table
from scpo.metrics.groups import group_tables
from scpo.metrics.outcomes import Outcomes, count_outcomes, unmeasured
from scpo.metrics.paired import paired_table
from scpo.metrics.pooling import fold_table, pool_aligned, pool_margins, pool_outcomes
from scpo.plan import Rows, pair_margins, reference_rows
from scpo.progress import Progress
from scpo.training.backend import BackendResult
from scpo.training.encoder_reading import unreadable
from scpo.training.heads.held_out import coin_margin, longer_margin
from scpo.training.memory import give_back
from scpo.training.threads import spread
from scpo.training.training_tables import path_table, people_tables, selection_table, tables_of_some

# Steps of the progress for each country: its outcomes, at home and elsewhere, what tables take, and the files after.
OUTCOMES, TABLES, FILES = 2, {"paired": 6, "efficiency": 3, "curve": 1, "accuracy": 1}, 5
FRONTIER, PICKS, ALIGNED = 3, 7, 8


@dataclass(frozen=True)
class Trained:
    """The models of one training, and the split that they are tested on.

    margin  per country, the margin of every pair under its global model, (pairs,)
    tests   per country, what gives the margins of its test pairs under models
    fold    its number, from 1; 0 = it is none of several
    """

    data: Preferences
    rows: dict[str, Rows]
    result: BackendResult
    margin: dict[str, np.ndarray]
    tests: dict[str, Callable[[np.ndarray], np.ndarray]]
    fold: int = 0

    @classmethod
    def of(cls, data: Preferences, rows: dict[str, Rows], result: BackendResult, fold: int = 0) -> Trained:
        tests = {country: _margins(data, result, part.test) for country, part in rows.items()}
        return cls(data, rows, result, pair_margins(data, result.rewards), tests, fold)


def measure(
    config: ExperimentConfig, data: Preferences, folds: Sequence[Trained], whole: Trained, progress: Progress
) -> tuple[ResampledOutcomes, dict[str, pd.DataFrame], list[HeldOutMargins]]:
    """All that is shown of the trained models, from the test split: measures, the tables of summary.json, and margins.

    folds  one training where there is one split; else one per fold, and every pair is judged by the models of its fold
    whole  the training whose models are kept: that of the one split, or of all pairs

    The measures hold what every model said. In the tables a country whose texts cannot be read has no numbers: they
    would say how ties are counted, and nothing of a taste.
    """
    rows, shared = whole.rows, data.card.unit == "question"
    unread = set(unreadable(whole.result.reading))
    read = [c for c in rows if c not in unread]
    survey = shared and bool(read)
    picked = (FRONTIER + PICKS) * bool(read and config.trained)
    each = OUTCOMES + sum(TABLES.values()) + picked + ALIGNED * survey + FILES
    steps = _Steps(progress, len(rows) * each)
    own = steps.spread(lambda c: _pooled(folds, lambda t: _own_outcomes(config, t, c), c), rows)
    everything = ResampledOutcomes(own, shared)
    resampled = ResampledOutcomes([_seen(o, {o.country}, unread) for o in own], shared) if unread else everything
    crossed, reference = _elsewhere(steps, folds, unread)
    give_back()
    make = {
        "accuracy": lambda: accuracy_table(resampled),
        "paired": lambda: paired_table(resampled),
        "bias": lambda: bias_table(resampled, reference),
        "transfer": lambda: transfer_table(crossed),
        "curve": lambda: curve_table(resampled),
        "efficiency": lambda: efficiency_table(resampled),
        "per_pair": lambda: per_pair_table(resampled),
        "path": lambda: path_table(config, [t.result for t in folds], unread),
        "selection": lambda: selection_table(config, rows, whole.margin),
    }
    found = steps.spread(lambda name: make[name](), make, lambda name: TABLES.get(name, 0) * len(rows))
    tables = dict(zip(make, found, strict=True))
    if config.people:
        tables |= people_tables(config, [t.rows for t in folds], resampled)
    about = data.units if data.folds is None else data.units.drop(columns="fold")
    tables["groups"], tables["group_gaps"] = group_tables(resampled, about)
    held_out = [_held_out(folds, country) for country in read if config.trained]
    if held_out:
        frontier = frontier_table(held_out)
        tables |= {"frontier": frontier, "edge": edge_table(held_out, frontier, shared)}
        steps.take(FRONTIER * len(rows))
        tables["best_of_n"] = _best_of_n(folds, read, everything, shared)
        steps.take(PICKS * len(rows))
    if survey:
        tables["alignment"] = _alignment(data, folds, read, resampled)
        steps.take(ALIGNED * len(rows))
    tables |= tables_of_some(whole.result)
    if data.folds is not None:
        tables["folds"] = fold_table(resampled, data.units["fold"].to_numpy())
    return everything, tables, held_out


def _pooled(folds: Sequence[Trained], outcomes: Callable[[Trained], Outcomes], on: str) -> Outcomes:
    """The outcomes of all folds on the test pairs of a country as one."""
    return pool_outcomes([outcomes(trained) for trained in folds], [trained.rows[on].test for trained in folds])


class _Steps:
    """Spreads work over threads and tells how far all of it is."""

    def __init__(self, progress: Progress, total: int):
        self._progress, self._done, self._total = progress, 0, total

    def take(self, steps: int) -> None:
        """So many more are done."""
        self._done += steps
        self._progress.report("measure", self._done, self._total)

    def spread(self, function: Callable, items: Iterable, steps: Callable[[Any], int] = lambda _: 1) -> list:
        """[function(item) for item in items]; steps(item): how many of the total it is."""
        items = list(items)
        return spread(function, items, lambda done: self.take(steps(items[done - 1])))


def _elsewhere(
    steps: _Steps, folds: Sequence[Trained], unread: set[str]
) -> tuple[dict[tuple[str, str], Outcomes], ResampledOutcomes | None]:
    """Outcomes of each country's models on everybody's test pairs, by (country of the model, whose pairs), and those on
    the reference population's alone; None where there is none."""
    rows = folds[0].rows
    crossed: dict[tuple[str, str], Outcomes] = {}
    found = steps.spread(lambda model: _on_every_country(model, folds), rows)
    for model, by_country in zip(rows, found, strict=True):
        crossed |= {(model, on): _seen(o, {model, on}, unread) for on, o in by_country.items()}
    reference = folds[0].data.card.reference
    there = [_seen(o, {o.country, *reference}, unread) for o in _on_reference(folds)]
    crossed |= {(o.country, REFERENCE): o for o in there}
    return crossed, ResampledOutcomes(there, shared_units=True) if there else None


def _on_every_country(model: str, folds: Sequence[Trained]) -> dict[str, Outcomes]:
    """Outcomes of one country's models on the test pairs of every country, its own too."""

    def of(t: Trained, on: str) -> Outcomes:
        test = t.rows[on].test
        start, known = t.margin[model][test], t.margin[on][test]
        return _crossed(t.tests[on], model, start, known, t.result, t.data.pairs["unit"].to_numpy()[test])

    return {on: _pooled(folds, functools.partial(of, on=on), on) for on in folds[0].rows}


def _on_reference(folds: Sequence[Trained]) -> list[Outcomes]:
    """Outcomes of each country's models on the test pairs of the reference population; none where there is none."""
    there = [reference_rows(t.data) for t in folds]
    if not sum(map(len, there)):
        return []
    found = []
    for t, rows in zip(folds, there, strict=True):
        held, unit = _margins(t.data, t.result, rows), t.data.pairs["unit"].to_numpy()[rows]
        found.append([_crossed(held, c, of[rows], of[rows], t.result, unit) for c, of in t.margin.items()])
    return [pool_outcomes(parts, there) for parts in zip(*found, strict=True)]


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
    data: Preferences, folds: Sequence[Trained], countries: Sequence[str], resampled: ResampledOutcomes
) -> pd.DataFrame:
    """Opinion alignment of the models with all pairs and of the global model, where scores are shares of answers."""
    of_country = data.pairs.groupby("country", observed=True).indices
    answers = {name: answers_of(data.pairs.iloc[rows]) for name, rows in of_country.items()}
    found = {}
    for country in countries:
        others = [answer for name, answer in answers.items() if name != country]
        found[country] = pool_aligned([_aligned(trained, country, others) for trained in folds])
        if not np.array_equal(found[country].unit, resampled.outcomes[country].units):
            raise ScpoError(f"{country}: the questions of the answers are not those of the test pairs.")
    return alignment_table(found, resampled.drawn, data.card.folds)


def _held_out(folds: Sequence[Trained], country: str) -> HeldOutMargins:
    """Margins of a country's models with all pairs on its test pairs."""
    parts = []
    for trained in folds:
        plan, test = trained.result.plan, trained.rows[country].test
        pick = plan.with_all_pairs(country)
        unit, base = trained.data.pairs["unit"].to_numpy()[test], trained.margin[country][test]
        method = plan.table["method"][pick].to_numpy()
        parts.append(HeldOutMargins(country, unit, base, trained.tests[country](pick), method))
    return pool_margins(parts, [trained.rows[country].test for trained in folds])


def _aligned(trained: Trained, country: str, others: Sequence[Answers]) -> Aligned:
    """The same of one training and country; others: what the other countries answered."""
    result, part = trained.result, trained.rows[country]
    mine = result.plan.with_all_pairs(country)
    test, validation = (answers_of(trained.data.pairs.iloc[of]) for of in (part.test, part.validation))
    start = result.rewards[country]
    rewards = [
        np.vstack([start[texts][None], result.score(texts)(mine)]) for texts in (test.texts(), validation.texts())
    ]
    averages = average_answers(test, [*others, test]), average_answers(test, others)
    return align(test, validation, averages, ["global", *result.plan.table["method"][mine]], *rewards)


def _best_of_n(
    folds: Sequence[Trained], countries: Sequence[str], resampled: ResampledOutcomes, shared: bool
) -> pd.DataFrame:
    """Agreement of held-out people with what the models with all pairs pick out of n answers."""
    picks = [pool_candidates([_candidates(trained, c, resampled) for trained in folds]) for c in countries]
    return best_of_n_table(picks, shared)


def _candidates(trained: Trained, country: str, resampled: ResampledOutcomes) -> Candidates:
    """A country's test pairs among all answers to their prompts that any test pair has, and the models' rewards."""
    data, result, part = trained.data, trained.result, trained.rows[country]
    prompt = data.texts["prompt"].cat.codes.to_numpy()
    sides = [data.pairs[side].to_numpy() for side in ("chosen", "rejected")]
    answers = np.unique(np.concatenate([side[other.test] for other in trained.rows.values() for side in sides]))
    chosen, rejected = (side[part.test] for side in sides)
    pool = answers[np.isin(prompt[answers], prompt[chosen])]
    pick = result.plan.with_all_pairs(country)
    return Candidates(
        country,
        np.unique(prompt[pool], return_inverse=True)[1],
        np.vstack([result.rewards[country][pool][None], result.score(pool)(pick)]),
        np.array([GLOBAL, *result.plan.table["method"][pick]]),
        np.searchsorted(pool, chosen),
        np.searchsorted(pool, rejected),
        np.searchsorted(resampled.outcomes[country].units, data.pairs["unit"].to_numpy()[part.test]),
        resampled.drawn[country],
    )


def _own_outcomes(config: ExperimentConfig, trained: Trained, country: str) -> Outcomes:
    """Outcomes of a country's models, the global model and the trivial baselines on its test pairs."""
    result, test = trained.result, trained.rows[country].test
    plan = result.plan
    mine = np.array(plan.table["country"] == country)
    heads = plan.table[mine].drop(columns="country").assign(step=result.step[mine])
    parts = [trained.tests[country](mine)]
    known, n = trained.margin[country][test], len(test)
    untrained = {
        "global": [known],
        "longer": [longer_margin(trained.data, test)],
        "random": [coin_margin(n, (seed, 7, *([trained.fold] * (trained.fold > 0)))) for seed in range(config.seeds)],
    }
    for method in [m for m in UNTRAINED if m in config.methods or m == "global"]:
        parts.append(np.stack(untrained[method]))
        seeds = range(len(untrained[method]))
        rows = [{"method": method, "seed": s, "level": 0, "pairs": 0, "trained": 0, "step": 0} for s in seeds]
        heads = pd.concat([heads, pd.DataFrame(rows)])
    unit = trained.data.pairs["unit"].to_numpy()[test]
    return count_outcomes(country, heads.reset_index(drop=True), np.concatenate(parts), known, unit)


def _crossed(margins, model: str, start: np.ndarray, known: np.ndarray, trained: BackendResult, unit) -> Outcomes:
    """Outcomes of a country's models with all pairs, and of its global model (margins start), on other pairs."""
    pick = trained.plan.with_all_pairs(model)
    first = pd.DataFrame([{"method": "global", "seed": 0, "level": 0, "pairs": 0, "trained": 0}])
    heads = pd.concat([first, trained.plan.table[pick].drop(columns="country")], ignore_index=True)
    return count_outcomes(model, heads, np.concatenate([start[None], margins(pick)]), known, unit)
