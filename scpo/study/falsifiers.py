"""Would a run find a gain where there can be none? Its training, again, on groups that were made to mean nothing.

Of each alteration of `scpo.data.altered_groups` the run's methods are trained anew, with its settings, one seed and all
pairs, from the same global model. What a group's own model has of the *group* is what it has before the other groups'
models on the group's own test pairs:

    advantage = mean over groups c of  A[c, c] - mean over c' != c of A[c', c]

A[i, j] is the accuracy of the model of i on the test pairs of j. Where groups are drawn by chance, all models are
equally good on everybody's pairs but for chance, whatever these are worth: sizes of groups and hard pairs cancel, and
the advantage is 0 on average. The gain over the global model is not: that one learned from the reference population
alone, so that any of the other people's pairs improve on it. docs/falsifiers.md has what must happen, and what did.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.special import stdtr

from scpo import data as sources
from scpo import runs
from scpo.data.altered_groups import equal_groups, flipped_group, shuffled_groups
from scpo.data.folds import check_one_split
from scpo.data.preferences import Preferences
from scpo.errors import ConfigError
from scpo.methods import METHODS
from scpo.metrics.accuracy import FULL, MEAN, ResampledOutcomes
from scpo.metrics.outcomes import Outcomes, count_outcomes
from scpo.plan import rows_by_country
from scpo.progress import Progress
from scpo.runs.falsifiers import (
    AS_IT_IS,
    BEFORE,
    COLUMNS,
    DRAWS,
    EQUAL,
    FLIPPED,
    GLOBAL,
    KINDS,
    OTHERS,
    POOLED,
    SHUFFLED,
    read_falsifiers,
    write_falsifiers,
)
from scpo.training.encoder_reading import readable
from scpo.training.encoders import load_encoder
from scpo.training.heads.backend import global_heads, problem_of, train_plan
from scpo.training.heads.problem import HeadProblem
from scpo.training.threads import one_thread

ALTERED = {SHUFFLED: shuffled_groups, EQUAL: equal_groups}
PLACE = {kind: place for place, kind in enumerate(KINDS)}
PER_DRAW = len(ALTERED) + 1  # trainings


@one_thread()
def falsify(
    folder: Path,
    methods: Sequence[str] = (),
    draws: int = DRAWS,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> pd.DataFrame:
    """Alter the groups of a finished run so many times; columns as of `scpo.runs.falsifiers.read_falsifiers`.

    methods      of the run, those with a model per country; none = all of them
    on_progress  called with the number of trainings done and their total; may raise
    Each draw is kept in the run's folder as soon as it is done, and is not made again. Raises `ConfigError` for a run
    without such methods, of fewer than two countries, of fine-tuned models or with folds, `RunFolderError` if its data
    changed.
    """
    result = runs.read(folder)
    methods = _methods(result, methods)
    table = read_falsifiers(folder)
    there = table[table["kind"] != AS_IT_IS].groupby("draw")["method"].agg(set).to_dict()
    missing = [draw for draw in range(draws) if not set(methods) <= there.get(draw, set())]
    if missing:
        trainings = _Trainings(result, methods, 1 + PER_DRAW * len(missing), on_progress)
        before = trainings.of(trainings.data)
        for draw in missing:
            rows = [*before.advantages(AS_IT_IS, 0), *_altered(trainings, before, draw)]
            table = _put(table, pd.DataFrame(rows, columns=COLUMNS))
            write_falsifiers(folder, table)
        trainings.tell()
    return table[table["method"].isin(methods) & (table["draw"] < draws)].reset_index(drop=True)


def _methods(result: runs.Result, asked: Sequence[str]) -> list[str]:
    """The methods to alter groups for. Raises `ConfigError` where the run cannot give them."""
    if result.config.finetune.model:
        raise ConfigError("this run fine-tuned whole models, which takes hours to do again; falsify takes heads.")
    check_one_split(result.config)
    if len(readable(result.tables.get("reading"), result.card["countries"])) < 2:
        which = "one country" if len(result.card["countries"]) == 1 else "fewer than two countries whose texts are read"
        raise ConfigError(f"this run has {which}; what its group means shows only beside another one's model.")
    known = [m for m in result.config.trained if not METHODS[m].one_for_all]
    if not known or not set(asked) <= set(known):
        told = f"it has {', '.join(known)}" if known else "it has none"
        raise ConfigError(
            f"{', '.join(asked) or 'falsify'}: a trained method with a model per country is needed; {told}."
        )
    return [m for m in known if m in asked or not asked]


def _altered(trainings: _Trainings, before: _Trained, draw: int) -> Iterator[tuple]:
    """The rows of one draw: each alteration, and one country flipped, those with the most test people first."""
    for kind, alter in ALTERED.items():
        yield from trainings.of(alter(trainings.data, draw)).advantages(kind, draw)
    by_size = sorted(before.outcomes, key=lambda country: -len(before.outcomes[country].units))
    country = by_size[draw % len(by_size)]
    yield from trainings.of(flipped_group(trainings.data, country)).flipped(before, country, draw)


def _put(table: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The table with these rows, in place of those of the same kind, draw and method."""
    keys = ["kind", "draw", "method"]
    stays = ~pd.MultiIndex.from_frame(table[keys]).isin(pd.MultiIndex.from_frame(rows[keys]))
    joined = pd.concat([table[stays], rows]) if stays.any() else rows
    return joined.sort_values(["kind", "draw"], key=lambda c: c.map(PLACE) if c.name == "kind" else c, kind="stable")


class _Trainings:
    """The run's training on any pairs of its texts; counts how many are done of all."""

    def __init__(self, result: runs.Result, methods: Sequence[str], total: int, on_progress: Callable):
        config = result.config
        pooled = [m for m in config.trained if m == POOLED]
        self.config = dataclasses.replace(config, methods=(*methods, *pooled), seeds=1, budgets=(), people=())
        self.methods, self.done, self.total, self.on_progress = list(methods), 0, total, on_progress
        self.data = sources.load_unchanged(config.data, result.card["content_hash"])
        self._read = readable(result.tables.get("reading"), result.card["countries"])
        self._encoder = load_encoder(config.encoder, config.precision)
        self._first: HeadProblem | None = None

    def tell(self) -> None:
        self.on_progress(self.done, self.total)

    def of(self, data: Preferences) -> _Trained:
        """The models of every method and country, trained on these pairs, put to everybody's test pairs."""
        self.tell()
        problem = self._problem(data)
        _, plan, trained = train_plan(problem, (), Progress())
        self.done += 1
        read = np.flatnonzero(plan.table["country"].isin(self._read))
        heads = pd.concat([plan.table.iloc[read], pd.DataFrame([_global_row()])], ignore_index=True)
        theta, tests = trained.theta[torch.from_numpy(read)], problem.held_out("test")
        outcomes = {}
        for on in self._read:
            test = tests[on]
            margins = test.margins(torch.cat([theta, problem.start[on][None]])).numpy()
            outcomes[on] = count_outcomes(on, heads, margins, margins[-1], test.unit)
        return _Trained(self.methods, outcomes, data.card.unit == "question")

    def _problem(self, data: Preferences) -> HeadProblem:
        """The reference population is not altered, so that its global model is trained once."""
        rows = rows_by_country(data, data.card.countries)
        if self._first is None or self.config.global_model == "others":
            features, globals_ = global_heads(self.config, data, self._encoder, Progress())
            self._first = problem_of(self.config, data, rows, features, globals_)
        return dataclasses.replace(self._first, data=data, rows=rows)


def _global_row() -> dict:
    return {"country": "", "method": GLOBAL, "seed": 0, "level": 0, "pairs": 0, "trained": 0}


@dataclasses.dataclass(frozen=True)
class _Trained:
    """What all models said on each country's test pairs; shared: countries were asked the same questions."""

    methods: list[str]
    outcomes: dict[str, Outcomes]
    shared: bool

    def side(self, on: str, method: str, which: str) -> np.ndarray:
        """Right answers per unit on a country's test pairs, (S, U): of its own model, or of what it is held against."""
        o = self.outcomes[on]
        named, own = (o.heads["method"] == method).to_numpy(), (o.heads["country"] == on).to_numpy()
        if which in (OTHERS, "own"):
            pick = named & (own if which == "own" else ~own)
        else:  # one model for all, listed under each country where it was trained
            pick = (o.heads["method"] == which).to_numpy() & (own | (which == GLOBAL))
        return o.wins[pick].mean(0)

    def advantages(self, kind: str, draw: int) -> Iterator[tuple]:
        """Own model against the others', against `pooled` where the run has it, and against the global model."""
        pooled = [POOLED] if any(POOLED == m for m in next(iter(self.outcomes.values())).heads["method"]) else []
        for method in self.methods:
            for which in (OTHERS, *pooled, GLOBAL):
                sides = {c: (self.side(c, method, "own"), self.side(c, method, which)) for c in self.outcomes}
                yield kind, draw, method, which, MEAN, *_difference(self.outcomes, sides, self.shared)

    def flipped(self, before: _Trained, country: str, draw: int) -> Iterator[tuple]:
        """The flipped country's own model against what it was before, and against the global model."""
        here = {country: self.outcomes[country]}
        for method in self.methods:
            now = self.side(country, method, "own")
            for which, other in (
                (BEFORE, before.side(country, method, "own")),
                (GLOBAL, self.side(country, method, GLOBAL)),
            ):
                yield FLIPPED, draw, method, which, country, *_difference(here, {country: (now, other)}, self.shared)


def _difference(outcomes: dict[str, Outcomes], sides: dict[str, tuple], shared: bool) -> tuple:
    """difference, low, high, p, units, pairs of the mean over countries; sides: right answers (S, U) of both."""
    heads = pd.DataFrame({"method": ["own", "other"], "seed": 0, "level": 0, "pairs": 0, "trained": 0})
    parts = [
        dataclasses.replace(o, heads=heads, wins=np.stack(sides[c]), ties=np.zeros((2, len(o.counts))), each=None)
        for c, o in outcomes.items()
    ]
    resampled = ResampledOutcomes(parts, shared)
    own, other = (resampled.result(MEAN, side) for side in ("own", "other"))
    draws, size = own.draws[FULL] - other.draws[FULL], resampled.size(MEAN, FULL)
    low, high = resampled.interval(MEAN, FULL, draws)
    difference = float(own.value[FULL] - other.value[FULL])
    return difference, low, high, _p(difference, draws, size.effective, low), size.units, size.pairs


def _p(difference: float, draws: np.ndarray, effective: float, low: float) -> float:
    """Two-sided p of a difference, by Student's t with the standard error of its draws; NaN without an interval."""
    error = float(np.nanstd(draws, ddof=1))
    if np.isnan(low):
        return float("nan")
    if error == 0:
        return 1.0 if difference == 0 else 0.0
    return float(2 * stdtr(max(effective - 1, 1), -abs(difference) / error))
