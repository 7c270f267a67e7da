"""The search for a better training rule: every candidate on data for development, the winner on data for the test.

Candidates are variants of `scpo.training.heads.shared`, each changed in one thing. They are compared on the pairs of
GlobalOpinionQA's training questions alone, split anew for every seed, and on demo worlds of seeds from 100 on. The
winner is then compared with the paper's method on the test questions, and on worlds of seeds from 0 on, that played
no part.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.stats
import torch

from scpo import data as sources
from scpo.config import DataConfig, ExperimentConfig
from scpo.data.pairing import split_units
from scpo.data.preferences import TEST, Preferences
from scpo.metrics.accuracy import MEAN, ResampledOutcomes
from scpo.metrics.intervals import FEWEST, interval
from scpo.metrics.outcomes import SUBSETS, count_outcomes
from scpo.plan import HeadPlan, Pool, budgets_for, pair_margins, plan_heads, rows_by_country
from scpo.progress import Progress
from scpo.selection import keep_mask, pair_weights
from scpo.training.encoders import Encoder
from scpo.training.heads.backend import global_heads, global_rewards, problem_of
from scpo.training.heads.problem import HeadProblem
from scpo.training.heads.shared import OBSERVATIONS_PER_UNIT, SHRINKAGE, SIZES, STRENGTHS, train_shared
from scpo.training.heads.shifts import PRIOR_POWER
from scpo.training.heads.train import train_countries
from scpo.training.threads import one_thread

SHARED = "shared"
AGAINST = ("full", "scpo")
BUDGET = 50  # pairs; beside all
NONE = 0.01  # a prior standard deviation, in units of reward, that lets next to nothing move
COLUMNS = ["candidate", "pairs", "against", "subset", "accuracy", "difference", "low", "high", "n"]


@dataclass(frozen=True)
class Candidate:
    """A training rule. shrinkage: factor of a shift; prior_power: of the own part; power: of SCPO's weight;
    filtered: tau drops pairs too; by_gap: pairs weigh the root of the gap of their scores; scale: of the global model's
    rewards; equal: the others' shifts are learnt from as few pairs as the country has."""

    strengths: tuple[tuple[float, float], ...] = STRENGTHS
    observations_per_unit: float = OBSERVATIONS_PER_UNIT
    shrinkage: float = SHRINKAGE
    prior_power: float = PRIOR_POWER
    power: float = 0.0
    filtered: bool = False
    by_gap: bool = False
    scale: float = 1.0
    equal: bool = False


CANDIDATES = {
    SHARED: Candidate(),
    "no sharing": Candidate(tuple((NONE, own_sd) for own_sd in SIZES)),
    "nothing of its own": Candidate(tuple((mix_sd, NONE) for mix_sd, _ in STRENGTHS)),
    "as few pairs of the others": Candidate(equal=True),
    "the whole way": Candidate(shrinkage=1.0),
    "the whole way, root of SCPO's weights": Candidate(shrinkage=1.0, power=0.5),
    "root of SCPO's weights": Candidate(power=0.5),
    "SCPO's weights": Candidate(power=1.0),
    "SCPO's filter too": Candidate(filtered=True),
    "a pull on parameters": Candidate(prior_power=0.0),
    "a pull on rewards": Candidate(prior_power=-0.5),
    "the likeliest strength": Candidate(observations_per_unit=np.inf),
    "every strength alike": Candidate(observations_per_unit=0.0),
    "global rewards times 0.7": Candidate(scale=0.7),
    "weights by score gap": Candidate(by_gap=True),
}


@one_thread()
def development(files: tuple[str, ...], splits: int, encoder: Encoder, tell: Callable[[str], None]) -> pd.DataFrame:
    """Every candidate, on `splits` splits of the training questions and as many worlds, in columns data, COLUMNS."""
    worlds = [DataConfig(demo_seed=100 + at) for at in range(splits)]
    tables = [_over("demo, development worlds", [sources.load(world) for world in worlds], CANDIDATES, encoder, tell)]
    if files:
        whole = sources.load(DataConfig("globalopinionqa", files))
        parts = [without_test(whole, seed + 1) for seed in range(splits)]
        tables.append(_over("GlobalOpinionQA, training questions", parts, CANDIDATES, encoder, tell))
    return pd.concat(tables, ignore_index=True)


@one_thread()
def final(
    files: tuple[str, ...],
    countries: tuple[str, ...],
    worlds: int,
    seeds: int,
    encoder: Encoder,
    tell: Callable[[str], None],
) -> pd.DataFrame:
    """The winner alone, on the test questions and on fresh worlds, columns as of `development`."""
    winner = {SHARED: CANDIDATES[SHARED]}
    fresh = [sources.load(DataConfig(demo_seed=at)) for at in range(worlds)]
    tables = [_over("demo, fresh worlds", fresh, winner, encoder, tell, seeds)]
    if files:
        tell("GlobalOpinionQA, test questions")
        resampled = measure(sources.load(DataConfig("globalopinionqa", files, countries)), winner, encoder, seeds)
        tables.append(_of(resampled, winner).assign(data="GlobalOpinionQA, test questions"))
    return pd.concat(tables, ignore_index=True)


def without_test(data: Preferences, seed: int) -> Preferences:
    """The same data without the pairs of its test split, and the other users or questions split anew."""
    held_out = (data.units["split"] == TEST).to_numpy()
    split = np.full(len(held_out), TEST, object)
    split[~held_out] = split_units(int((~held_out).sum()), seed, DataConfig.test_share, DataConfig.validation_share)
    pairs = data.pairs[~held_out[data.pairs["unit"].to_numpy()]].reset_index(drop=True)
    return dataclasses.replace(data, pairs=pairs, units=data.units.assign(split=split))


def _over(name: str, parts: Sequence[Preferences], candidates, encoder, tell, seeds: int = 2) -> pd.DataFrame:
    """Differences averaged over data sets of one kind; the interval is Student's over these."""
    tables = []
    for at, data in enumerate(parts):
        tell(f"{name}: {at + 1} of {len(parts)}")
        tables.append(_of(measure(data, candidates, encoder, seeds), candidates))
    together = pd.concat(tables).groupby(COLUMNS[:4], sort=False)
    table = together[["accuracy", "difference"]].mean()
    reach = scipy.stats.t.ppf(0.975, len(parts) - 1) * together["difference"].sem() if len(parts) > 1 else np.nan
    table = table.assign(low=table["difference"] - reach, high=table["difference"] + reach, n=len(parts))
    return table.reset_index().assign(data=name)


def _of(resampled: ResampledOutcomes, candidates) -> pd.DataFrame:
    """Mean over countries, per budget and subset, paired with the methods of the paper on the same pairs."""
    rows = []
    for budget_index in range(2):
        for name in ("global", *candidates):
            mine = resampled.result(MEAN, name, budget_index if name != "global" else 0)
            for against in AGAINST:
                other = resampled.result(MEAN, against, budget_index)
                sizes = [resampled.size(MEAN, s) for s in range(len(SUBSETS))]
                low, high = interval(
                    mine.draws - other.draws,
                    [z.units for z in sizes],
                    [z.effective for z in sizes],
                    fewest=np.array(FEWEST),
                )
                for s, subset in enumerate(SUBSETS):
                    rows.append(
                        (
                            name,
                            "all" if budget_index else str(BUDGET),
                            against,
                            subset,
                            mine.value[s],
                            mine.value[s] - other.value[s],
                            low[s],
                            high[s],
                            sizes[s].units,
                        )
                    )
    return pd.DataFrame(rows, columns=COLUMNS)


def measure(data: Preferences, candidates: dict[str, Candidate], encoder: Encoder, seeds: int) -> ResampledOutcomes:
    """Test outcomes of the global model, the paper's methods and candidates, with BUDGET and with all pairs."""
    config = ExperimentConfig(methods=(*AGAINST, SHARED), seeds=seeds, budgets=(BUDGET,))
    rows = rows_by_country(data, data.card.countries)
    features, globals_ = global_heads(config, data, encoder, Progress())
    problem = problem_of(config, data, rows, features, globals_)
    margin = pair_margins(data, global_rewards(problem))
    plan = plan_heads(config, rows, margin, budgets_for(config, rows))
    is_shared = (plan.table["method"] == SHARED).to_numpy()
    by_steps, together = plan.take(np.flatnonzero(~is_shared)), plan.take(np.flatnonzero(is_shared))
    trained = train_countries(problem, by_steps, Progress())
    heads, margins = [by_steps.table], [_margins(problem, by_steps, trained.theta)]
    for name, rule in candidates.items():
        own = _reweighed(rule, together, data, margin, config)
        theta = train_shared(
            problem.scaled(rule.scale),
            own,
            equal=rule.equal,
            prior_power=rule.prior_power,
            strengths=rule.strengths,
            observations_per_unit=rule.observations_per_unit,
            shrinkage=rule.shrinkage,
        ).theta
        heads.append(own.table.assign(method=name))
        margins.append(_margins(problem, own, theta))
    unit, outcomes = data.pairs["unit"].to_numpy(), []
    first = pd.DataFrame([{"method": "global", "seed": 0, "level": 0, "pairs": 0, "trained": 0}])
    for c, part in rows.items():
        known = margin[c][part.test]
        table = pd.concat([first, *(t[t["country"] == c].drop(columns="country") for t in heads)], ignore_index=True)
        outcomes.append(
            count_outcomes(c, table, np.vstack([known[None], *(m[c] for m in margins)]), known, unit[part.test])
        )
    return ResampledOutcomes(outcomes, shared_units=data.card.unit == "question")


def _margins(problem: HeadProblem, plan: HeadPlan, theta: torch.Tensor) -> dict[str, np.ndarray]:
    """Country -> margins (K, n) of its heads on its test pairs."""
    country = plan.table["country"]
    return {c: test.margins(theta[np.array(country == c)]).numpy() for c, test in problem.held_out("test").items()}


def _reweighed(rule: Candidate, plan: HeadPlan, data: Preferences, margin, config: ExperimentConfig) -> HeadPlan:
    """The plan with the candidate's pairs and weights."""
    gap = (data.pairs["score_chosen"] - data.pairs["score_rejected"]).abs().to_numpy(np.float64)
    pools = []
    for country, pool in zip(plan.table["country"], plan.pools, strict=True):
        kept = pool.rows[keep_mask(margin[country][pool.rows], config.tau)] if rule.filtered else pool.rows
        weight = pair_weights(margin[country][kept].astype(np.float64), config.beta) ** rule.power
        if rule.by_gap and len(kept):
            root = np.sqrt(np.minimum(gap[kept] / np.median(gap[kept]), 3))
            weight = weight * root / root.mean()
        pools.append(Pool(kept, weight.astype(np.float32), pool.seed))
    return HeadPlan(plan.table, pools)
