"""The search for a better training rule: every candidate on data for development, the winner on data for the test.

Candidates are variants of `scpo.training.heads.shared`, each changed in one thing. They are compared on the pairs of a
survey's training questions alone, split anew for every seed, and on demo worlds of seeds from 100 on. The winner is
then compared with other methods on the test questions, and on worlds of seeds from 0 on, that played no part.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.stats
import torch
from torch.nn.functional import softplus

from scpo import data as sources
from scpo.config import DataConfig, ExperimentConfig
from scpo.data.pairing import split_units
from scpo.data.preferences import TEST, Preferences
from scpo.metrics.accuracy import MEAN, ResampledOutcomes
from scpo.metrics.intervals import FEWEST, interval
from scpo.metrics.outcomes import SUBSETS, count_outcomes
from scpo.plan import HeadPlan, Pool, pair_margins, plan_heads, rows_by_country
from scpo.progress import Progress
from scpo.selection import keep_mask, pair_weights
from scpo.training.encoders import Encoder
from scpo.training.heads.backend import global_heads, problem_of, train_plan
from scpo.training.heads.held_out import HeldOut
from scpo.training.heads.problem import HeadProblem
from scpo.training.heads.shared import STEPS, Rule, common_step, margins_at, train_shared
from scpo.training.threads import one_thread

SHARED = "shared"
AGAINST = ("full", "scpo", "ridge", "interpolated", "lowrank", "prototypes", "pooled_full", "robust")
BUDGETS = (50, 200)  # pairs; beside all
COLUMNS = ["candidate", "pairs", "against", "subset", "accuracy", "difference", "low", "high", "n"]


def step_by_accuracy(start: torch.Tensor, shift: torch.Tensor, validation: Sequence[HeldOut]) -> np.ndarray:
    """The step of most right validation pairs; of equals the smaller."""
    right = (margins_at(start, shift, validation) > 0).sum(1)
    return np.full(len(start), STEPS[int(right.argmax())])


def step_per_country(start: torch.Tensor, shift: torch.Tensor, validation: Sequence[HeldOut]) -> np.ndarray:
    """Each country's step by its own validation pairs."""
    each = zip(start[:, None], shift[:, None], validation, strict=True)
    return np.concatenate([common_step(*one[:2], [one[2]]) for one in each])


def smallest_step(start: torch.Tensor, shift: torch.Tensor, validation: Sequence[HeldOut]) -> np.ndarray:
    """The smallest step whose log loss is within one standard error, over users or questions, of the least."""
    loss = softplus(-margins_at(start, shift, validation)).numpy()
    units, unit = np.unique(np.concatenate([held_out.unit for held_out in validation]), return_inverse=True)
    behind = loss - loss[loss.mean(1).argmin()]
    error = np.array([np.bincount(unit, row, len(units)).std(ddof=1) for row in behind]) * len(units) ** 0.5
    return np.full(len(start), STEPS[int((behind.sum(1) <= error).argmax())])


def taking(step: float) -> Callable[..., np.ndarray]:
    """Always the same step."""
    return lambda start, shift, validation: np.full(len(start), step)


@dataclass(frozen=True)
class Candidate:
    """A training rule, and the pairs that it is given. power: of SCPO's weight; filtered: tau drops pairs too; by_gap:
    pairs weigh the root of the gap of their scores; scale: of the global model's rewards."""

    rule: Rule = Rule()
    power: float = 0.0
    filtered: bool = False
    by_gap: bool = False
    scale: float = 1.0


CANDIDATES = {
    SHARED: Candidate(),
    "among others alone": Candidate(Rule(alone=0.0)),
    "its own pairs alone": Candidate(Rule(alone=1.0)),
    "as few pairs of the others": Candidate(Rule(equal=True)),
    "half of it": Candidate(Rule(choose=taking(0.5))),
    "all of it": Candidate(Rule(choose=taking(1.0))),
    "the step by accuracy": Candidate(Rule(choose=step_by_accuracy)),
    "the smallest step within an error": Candidate(Rule(choose=smallest_step)),
    "a step per country": Candidate(Rule(choose=step_per_country)),
    "half the size": Candidate(Rule(size=1.0)),
    "twice the size": Candidate(Rule(size=4.0)),
    "a third of the pull": Candidate(Rule(pull=3.0)),
    "three times the pull": Candidate(Rule(pull=30.0)),
    "R to the power 0: a pull on parameters": Candidate(Rule(prior_power=0.0)),
    "R to the power 1: a pull on rewards": Candidate(Rule(prior_power=-0.5)),
    "root of SCPO's weights": Candidate(power=0.5),
    "SCPO's filter too": Candidate(filtered=True),
    "global rewards times 0.7": Candidate(scale=0.7),
    "weights by score gap": Candidate(by_gap=True),
}


@one_thread()
def development(
    config: DataConfig, parts: int, encoder: Encoder, tell: Callable[[str], None], against: Sequence[str] = AGAINST
) -> pd.DataFrame:
    """Every candidate, on so many demo worlds, or splits of the training questions; in columns data, COLUMNS."""
    if config.dataset == "demo":
        worlds = [sources.load(dataclasses.replace(config, demo_seed=100 + at)) for at in range(parts)]
        return _over(f"demo ({config.demo_world}), development worlds", worlds, CANDIDATES, encoder, tell, against)
    whole = sources.load(config)
    splits = [without_test(whole, seed + 1) for seed in range(parts)]
    return _over(f"{whole.card.title}, training questions", splits, CANDIDATES, encoder, tell, against)


@one_thread()
def final(
    config: DataConfig,
    worlds: int,
    seeds: int,
    encoder: Encoder,
    tell: Callable[[str], None],
    against: Sequence[str] = AGAINST,
) -> pd.DataFrame:
    """The winner alone, on fresh worlds or on the test questions, columns as of `development`."""
    winner = {SHARED: CANDIDATES[SHARED]}
    if config.dataset == "demo":
        fresh = [sources.load(dataclasses.replace(config, demo_seed=at)) for at in range(worlds)]
        return _over(f"demo ({config.demo_world}), fresh worlds", fresh, winner, encoder, tell, against, seeds)
    data = sources.load(config)
    resampled = measure(data, winner, encoder, seeds, against)
    return _of(resampled, winner, against).assign(data=f"{data.card.title}, test questions")


def without_test(data: Preferences, seed: int) -> Preferences:
    """The same data without the pairs of its test split, and the other users or questions split anew."""
    held_out = (data.units["split"] == TEST).to_numpy()
    split = np.full(len(held_out), TEST, object)
    split[~held_out] = split_units(int((~held_out).sum()), seed, DataConfig.test_share, DataConfig.validation_share)
    pairs = data.pairs[~held_out[data.pairs["unit"].to_numpy()]].reset_index(drop=True)
    return dataclasses.replace(data, pairs=pairs, units=data.units.assign(split=split))


def _over(name: str, parts: Sequence[Preferences], candidates, encoder, tell, against, seeds: int = 2) -> pd.DataFrame:
    """Differences averaged over data sets of one kind; the interval is Student's over these."""
    tables = []
    for at, data in enumerate(parts):
        tell(f"{name}: {at + 1} of {len(parts)}")
        tables.append(_of(measure(data, candidates, encoder, seeds, against), candidates, against))
    together = pd.concat(tables).groupby(COLUMNS[:4], sort=False)
    table = together[["accuracy", "difference"]].mean()
    count = together["difference"].count()
    reach = scipy.stats.t.ppf(0.975, count - 1) * together["difference"].sem()
    table = table.assign(low=table["difference"] - reach, high=table["difference"] + reach, n=count)
    return table.reset_index().assign(data=name)


def _of(resampled: ResampledOutcomes, candidates, against: Sequence[str]) -> pd.DataFrame:
    """Mean over countries, per budget and subset, paired with other methods on the same pairs."""
    rows = []
    for budget_index in range(resampled.top[SHARED] + 1):
        pairs = resampled.result(MEAN, SHARED, budget_index).pairs
        for name in ("global", *candidates):
            mine = resampled.result(MEAN, name, budget_index if name != "global" else 0)
            for method in against:
                other = resampled.result(MEAN, method, budget_index)
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
                            "all" if budget_index == resampled.top[SHARED] else f"{pairs:.0f}",
                            method,
                            subset,
                            mine.value[s],
                            mine.value[s] - other.value[s],
                            low[s],
                            high[s],
                            sizes[s].units,
                        )
                    )
    return pd.DataFrame(rows, columns=COLUMNS)


def measure(
    data: Preferences,
    candidates: dict[str, Candidate],
    encoder: Encoder,
    seeds: int,
    against: Sequence[str] = AGAINST,
) -> ResampledOutcomes:
    """Test outcomes of the global model, the methods `against` and candidates, with BUDGETS and with all pairs."""
    rows = rows_by_country(data, data.card.countries)
    budgets = tuple(b for b in BUDGETS if b < min(len(part.train) for part in rows.values()))
    config = ExperimentConfig(methods=tuple(against), seeds=seeds, budgets=budgets)
    features, globals_ = global_heads(config, data, encoder, Progress())
    problem = problem_of(config, data, rows, features, globals_)
    rewards, plan, trained = train_plan(problem, budgets, Progress())
    margin = pair_margins(data, rewards)
    together = plan_heads(dataclasses.replace(config, methods=(SHARED,)), rows, margin, budgets)
    heads, margins = [plan.table], [_margins(problem, plan, trained.theta)]
    for name, candidate in candidates.items():
        own = _reweighed(candidate, together, data, margin, config)
        theta = train_shared(problem.scaled(candidate.scale), own, rule=candidate.rule).theta
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


def _reweighed(candidate: Candidate, plan: HeadPlan, data: Preferences, margin, config: ExperimentConfig) -> HeadPlan:
    """The plan with the candidate's pairs and weights."""
    gap = (data.pairs["score_chosen"] - data.pairs["score_rejected"]).abs().to_numpy(np.float64)
    pools = []
    for country, pool in zip(plan.table["country"], plan.pools, strict=True):
        kept = pool.rows[keep_mask(margin[country][pool.rows], config.tau)] if candidate.filtered else pool.rows
        weight = pair_weights(margin[country][kept].astype(np.float64), config.beta) ** candidate.power
        if candidate.by_gap and len(kept):
            root = np.sqrt(np.minimum(gap[kept] / np.median(gap[kept]), 3))
            weight = weight * root / root.mean()
        pools.append(Pool(kept, weight.astype(np.float32), pool.seed))
    return HeadPlan(plan.table, pools)
