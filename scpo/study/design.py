"""When does SCPO help? The design of the study: one factor at a time, and two grids; every point an experiment.

A point is an ordinary `ExperimentConfig`, so that anybody can run it alone and open it in the app. Every point has the
budgets that its factor names and all pairs; `world` is what is drawn anew to repeat it: the seed of the demo world, or
for a real survey the seed of the split.

    one at a time   the demo world's knobs, then scale, tau and beta; two numbers of pairs each
    pairs, steps    a grid; its rows and columns are the factors "pairs" and "steps"
    tau, scale      a grid; and "follow": tau and beta go with the scale, so that the same pairs stay with the same
                    weights: logit(tau) and beta times the scale

Knows nothing of torch.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from scipy.special import expit, logit

from scpo.config import PRISM_SIZED, DataConfig, ExperimentConfig

METHODS = ("full", "filter", "weight", "scpo")
FEW = 50  # pairs; beside all
PAIRS = (25, 50, 100, 200, 400, 800)
STEPS = (10, 30, 100, 300, 1000, 3000)
TAUS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.97)
SCALES = (0.25, 0.5, 1.0, 2.0, 4.0)
PAIRS_STEPS, TAU_SCALE, FOLLOW, BASE = "pairs_steps", "tau_scale", "follow", "base"
ALONG_PAIRS, ALONG_STEPS = "pairs", "steps"  # a row and a column of the first grid


@dataclass(frozen=True)
class Factor:
    """One thing that is varied.

    name     a setting's name, or one of the grids
    title    in words, with the unit
    values   what it takes, rising; for a grid, pairs of (first, second)
    planted  True if only the demo world has it
    """

    name: str
    title: str
    values: tuple
    planted: bool = False


FACTORS = (
    Factor(
        "demo_shift",
        "Size of the cultural difference (1 = 0.8 to 1.7 times the global taste)",
        (0.0, 0.25, 0.5, 1.0, 1.5, 2.0),
        True,
    ),
    Factor(
        "demo_user_noise",
        "Noise of each person's taste (standard deviation per axis, reward)",
        (0.0, 0.25, 0.5, 1.0),
        True,
    ),
    Factor("demo_score_noise", "Noise of each score (standard deviation, reward)", (0.0, 0.4, 0.8, 1.6, 3.2), True),
    Factor("demo_extreme_raters", "Share of people who only give extreme scores", (0.0, 0.12, 0.3, 0.6, 1.0), True),
    Factor(
        "demo_reference_people", "Quality of the global model: people it learns from", (20, 40, 80, 160, 320, 640), True
    ),
    Factor("global_scale", "Scale of the global model's rewards (tau and beta stay)", SCALES),
    Factor(FOLLOW, "Scale of the global model's rewards (tau and beta go with it)", SCALES),
    Factor("tau", "Filter threshold tau (probability)", TAUS),
    Factor("beta", "Weight temperature beta (reward)", (0.275, 0.55, 1.1, 2.2, 4.4, 100.0)),
    Factor(PAIRS_STEPS, "Pairs available and training steps", STEPS),
    Factor(
        TAU_SCALE,
        "Filter threshold tau and scale of the global model's rewards",
        tuple((t, s) for t in TAUS for s in SCALES),
    ),
)


OF_DOCS = DataConfig(demo_world=PRISM_SIZED)  # the data of what docs/study.md and docs/beyond.md tell
BASE_CONFIG = ExperimentConfig(
    OF_DOCS, methods=METHODS, seeds=1, budgets=(FEW,)
)  # what no factor varies, unless asked otherwise
ALONG = {  # what is shown over one axis
    ALONG_PAIRS: "Pairs available per country",
    ALONG_STEPS: "Training steps (16 pairs each)",
    **{f.name: f.title for f in FACTORS if f.name not in (PAIRS_STEPS, TAU_SCALE)},
}


@dataclass(frozen=True)
class Point:
    """One experiment of the study: factor, its value, its second value (NaN where there is none), settings."""

    factor: str
    value: float
    second: float
    config: ExperimentConfig


def first_point(base: ExperimentConfig, world: int) -> ExperimentConfig:
    """The experiment of one world in which nothing is varied. base: settings that no factor changes."""
    name = "demo_seed" if base.data.dataset == "demo" else "split_seed"
    data = dataclasses.replace(base.data, **{name: getattr(base.data, name) + world})
    return dataclasses.replace(base, budgets=(FEW,), seeds=1, data=data)


def points(start: ExperimentConfig, fewest: int, quick: bool = False) -> list[Point]:
    """Every experiment of one world, those of the same data side by side; that of `first_point` comes first.

    start   what `first_point` gave
    fewest  training pairs of the country that has the fewest: budgets stay below
    quick   the first two values of each factor alone: what a test takes
    """
    found = [Point(BASE, float("nan"), float("nan"), start)]
    for factor in FACTORS:
        if factor.planted and start.data.dataset != "demo":
            continue
        values = factor.values[:2] if quick else factor.values
        for value in values:
            first, second = value if isinstance(value, tuple) else (value, float("nan"))
            config = _set(start, factor.name, value, tuple(n for n in PAIRS if n < fewest))
            found.append(Point(factor.name, first, second, config))
    return sorted(found, key=lambda point: point.config.data != start.data)


def _set(start: ExperimentConfig, name: str, value, budgets: tuple[int, ...]) -> ExperimentConfig:
    if name == FOLLOW:
        tau = float(expit(value * logit(start.tau)))
        return dataclasses.replace(start, global_scale=value, tau=tau, beta=start.beta * value)
    if name == PAIRS_STEPS:
        return dataclasses.replace(start, budgets=budgets, steps=value)
    if name == TAU_SCALE:
        return dataclasses.replace(start, tau=value[0], global_scale=value[1])
    if name.startswith("demo_"):
        return dataclasses.replace(start, data=dataclasses.replace(start.data, **{name: value}))
    return dataclasses.replace(start, **{name: value})
