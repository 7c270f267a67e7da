"""The two steps that train while one looks: how filtering collapses, and how many pairs a method needs.

Both start from the global model and train small models in numpy on the same pairs, with the filter and
the weights of `scpo.selection`. Nothing of their outcome is written in.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from scpo.data.preferences import TEST, VALIDATION
from scpo.errors import ConfigError
from scpo.format import counted
from scpo.lesson.bradley_terry import accuracy, descend, push
from scpo.lesson.steps import Seen, check
from scpo.lesson.world import HELPFUL, World
from scpo.methods import select
from scpo.metrics.efficiency import monotone, pairs_to_reach
from scpo.metrics.outcomes import subset_masks

RATE, MOST_STEPS = 0.5, 300
METHODS = ("full", "filter", "scpo")
BUDGETS, MOST_SEEDS = (25, 50, 100, 200, 400, 800), 8
READINGS = ("labelled", "trained")
BATCH, BATCH_RATE, BATCH_STEPS, LOOK_EVERY = 32, 0.3, 100, 10


def collapse(world: World, country: str, steps: int, tau: float, beta: float) -> Seen:
    """What three models keep of the consensus while they train on a country's pairs, on people held out."""
    check("steps", steps, 1, MOST_STEPS)
    rows, held = world.train(country), world.held_out(country)
    chosen = [select(method, world.margin[rows], tau, beta) for method in METHODS]
    weight = np.stack([keep * weight for keep, weight in chosen], axis=1)
    marks = np.unique(np.geomspace(1, steps, 18).round().astype(int))
    tastes = descend(world.difference[rows], weight, world.global_taste, marks, RATE)
    held_margin, pairs = world.margin[held], world.difference[held]
    _, distinct, shared = (pairs[mask] for mask in subset_masks(held_margin))
    table = pd.concat(
        [
            pd.DataFrame(
                {
                    "method": method,
                    "step": marks,
                    "consensus": [accuracy(shared, taste[:, at]) for taste in tastes],
                    "distinct": [accuracy(distinct, taste[:, at]) for taste in tastes],
                    "all": [accuracy(pairs, taste[:, at]) for taste in tastes],
                    "taste_for_help": tastes[:, HELPFUL, at],
                }
            )
            for at, method in enumerate(METHODS)
        ],
        ignore_index=True,
    )
    end = table[table["step"] == steps].set_index("method")
    facts = {
        "country": country,
        "steps": steps,
        "steps_words": counted(steps, "step"),
        "n_consensus": len(shared),
        "n_distinct": len(distinct),
        "help_before": float(world.global_taste[HELPFUL]),
    }
    for method, row in end.iterrows():
        facts |= {f"{method}_{name}": 100 * float(row[name]) for name in ("consensus", "distinct", "all")}
        facts[f"{method}_help"] = float(row["taste_for_help"])
    return Seen(table, facts)


def efficiency(world: World, country: str, seeds: int, part: int, reading: str, tau: float, beta: float) -> Seen:
    """How many pairs `full` and `scpo` need for a part of what `full` gains over the global model with all pairs.

    seeds    how many times everything is trained, each time on other subsets in another order
    part     percent of that gain; 100 is the target of the app's other pages
    reading  `labelled`: pairs that somebody had to label; `trained`: those the filter leaves of them
    """
    check("seeds", seeds, 1, MOST_SEEDS)
    check("part", part, 10, 100)
    if reading not in READINGS:
        raise ConfigError(f"reading is {reading!r}; it must be {' or '.join(READINGS)}.")
    rows = world.train(country)
    budgets = np.array([b for b in BUDGETS if b < len(rows)] + [len(rows)])
    reached, kept = _trained(world, country, rows, budgets, seeds, tau, beta)
    pairs = {"full": budgets.astype(float), "scpo": kept if reading == "trained" else budgets.astype(float)}
    held = world.of(country, TEST)
    base = float(accuracy(world.difference[held], world.global_taste))
    top = float(reached["full"].mean(1)[-1])  # what full ends with, as measured
    target = base + part / 100 * (top - base)
    at = {m: float(pairs_to_reach(pairs[m], monotone(a.mean(1)), np.array(target))) for m, a in reached.items()}
    alone = {m: pairs_to_reach(pairs[m], monotone(a), np.full(seeds, target)) for m, a in reached.items()}
    if top <= base or not kept.any():  # nothing to be efficient at, or a method that is trained on no pair
        at, alone = at | {"scpo": np.nan}, alone | {"scpo": np.full(seeds, np.nan)}
    ratios = alone["full"] / alone["scpo"]
    return Seen(
        _curves(reached, budgets, pairs),
        {
            "country": country,
            "seeds": seeds,
            "seeds_counted": counted(seeds, "seed"),
            "part": part,
            "reading": reading,
            "base": 100 * base,
            "top": 100 * top,
            "target": 100 * target,
            "n": len(held),
            "full": at["full"],
            "scpo": at["scpo"],
            "ratio": at["full"] / at["scpo"],
            "ratios": ratios,
            "missed": int(np.isnan(ratios).sum()),
        }
        | _words(at, pairs, ratios, _why_none(base, top, kept)),
    )


def _curves(reached: dict[str, np.ndarray], budgets: np.ndarray, pairs: dict[str, np.ndarray]) -> pd.DataFrame:
    """A row per method and budget: test accuracy as a curve that never falls, its mean over seeds, and each seed's."""
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "method": method,
                    "labelled": budgets,
                    "pairs": pairs[method],
                    "accuracy": monotone(by_seed.mean(1)),
                    "seed_mean": by_seed.mean(1),
                    **{f"seed_{s + 1}": by_seed[:, s] for s in range(by_seed.shape[1])},
                }
            )
            for method, by_seed in reached.items()
        ],
        ignore_index=True,
    )


def _why_none(base: float, top: float, kept: np.ndarray) -> str:
    """Why there is no ratio at all; '' where there may be one."""
    if top <= base:
        return "none: fine-tuning gains nothing over the global model, so there is nothing to be efficient at"
    return "" if kept.any() else "none: SCPO trained on no pair"


def _words(at: dict[str, float], pairs: dict[str, np.ndarray], ratios: np.ndarray, none: str) -> dict[str, str]:
    """Pairs needed, their ratio and its spread over seeds, in words; what is not reached is said, and why if none."""
    need = {
        method: "never with all pairs"
        if np.isnan(n)
        else f"with at most {n:,.0f} pairs"
        if n <= pairs[method][0]
        else f"with about {n:,.0f} pairs"
        for method, n in at.items()
    }
    ratio, known = at["full"] / at["scpo"], ratios[np.isfinite(ratios)]
    told = none or ("not reached" if np.isnan(ratio) else f"{ratio:.2f}")
    spread = f"from {known.min():.2f} to {known.max():.2f}" if len(known) else "never reached"
    missed = f", not reached in {len(ratios) - len(known)} of {len(ratios)}" if 0 < len(known) < len(ratios) else ""
    seeds = (
        "only one seed: nobody can say how much of it is luck"
        if len(ratios) == 1
        else f"in the {len(ratios)} seeds one by one {spread}{missed} (a ratio of means need not lie among them)"
    )
    return {"full_needs": need["full"], "scpo_needs": need["scpo"], "ratio_words": told, "seeds_words": seeds}


def _trained(world, country, rows, budgets, seeds, tau, beta) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Test accuracy of each method, (budgets, seeds), at the best validation step; and pairs left by the filter."""
    difference, margin = world.difference[rows], world.margin[rows]
    weights = {method: np.multiply(*select(method, margin, tau, beta)) for method in ("full", "scpo")}
    draws, heads, kept = [], [], np.zeros((len(budgets), seeds))
    for seed in range(seeds):
        order = np.random.default_rng([2606, seed]).permutation(len(rows))
        for at, budget in enumerate(budgets):
            for method, weight in weights.items():
                stays = order[:budget][weight[order[:budget]] > 0]
                if method == "scpo":
                    kept[at, seed] = len(stays)
                random = np.random.default_rng([seed, at])
                draws.append(stays[random.integers(0, max(len(stays), 1), (BATCH_STEPS, BATCH))])
                heads.append(method == "scpo")
    batches = np.stack(draws, axis=1)  # (steps, heads, batch) rows of `difference`
    each = np.where(np.array(heads)[:, None], weights["scpo"][batches], 1.0)
    best = _best(world, country, difference, batches, each)
    test = accuracy(world.difference[world.of(country, TEST)], best.T).reshape(seeds, len(budgets), 2)
    return {"full": test[:, :, 0].T, "scpo": test[:, :, 1].T}, kept.mean(1)


def _best(world, country, difference, batches, weight) -> np.ndarray:
    """Tastes (heads, axes) at the step that does best on the country's validation people, the start included."""
    valid = world.difference[world.of(country, VALIDATION)]
    taste = np.tile(world.global_taste, (batches.shape[1], 1))
    best, record = taste.copy(), accuracy(valid, taste.T)
    for step, rows in enumerate(batches, 1):
        pairs = difference[rows]
        miss = weight[step - 1] * push((pairs @ taste[:, :, None])[:, :, 0])
        taste = taste + BATCH_RATE / BATCH * (miss[:, None, :] @ pairs)[:, 0]
        if step % LOOK_EVERY == 0:
            now = accuracy(valid, taste.T)
            better = now > record
            best[better], record[better] = taste[better], now[better]
    return best
