"""Is one method better than another? Paired differences on the same test pairs, with tests.

Both methods judge the same pairs of the same people, so everything is worked out on differences per user
or question:

interval    from the resamples that all measures share (`scpo.metrics.intervals`)
p           two-sided, by swapping the two methods within whole users or questions at random: if they do
            not differ, which of them a user's outcomes belong to is arbitrary (Fisher's randomisation test
            with clusters as units; Rosenbaum 2002, Observational Studies, section 2.4)
p_holm      p after Holm's correction over the countries of one comparison (Holm 1979)
unit_se     standard error from users or questions; seed_sd: standard deviation over seeds. Two sources of
            variance, shown apart: more seeds do not make more people.
detectable  the difference that would be found with a chance of 80 % at the strictest level of the correction:
            (z(1 - 0.05 / 2 countries) + z(0.8)) unit_se
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import pandas as pd
from scipy.special import ndtri

from scpo.methods import UNTRAINED
from scpo.metrics.accuracy import MEAN, ResampledOutcomes, nan_mean
from scpo.metrics.intervals import ALPHA, interval
from scpo.metrics.outcomes import SUBSETS, fold_variance, ratio

BLOCKS, BLOCK = 9, 1_111
SWAPS = BLOCKS * BLOCK
POWER = 0.8
COLUMNS = "country subset method against difference low high p p_holm units pairs detectable seed_sd unit_se".split()
TIE = 1e-6  # differences of accuracy closer than this are equal


def paired_table(resampled: ResampledOutcomes, of: Collection[str] = ()) -> pd.DataFrame:
    """Every trained method against every other method at the largest budget, per country, mean and subset.

    of  only these methods against the others; none = all that are trained

    Columns country, subset, method, against, difference (of accuracies), low, high, p, p_holm, units, pairs,
    detectable, seed_sd, unit_se; NaN where there are too few users or questions. The mean over
    countries is one comparison, so its p_holm is its p.
    """
    methods = resampled.methods
    left, right = _comparisons(methods, of)
    if not left:
        return pd.DataFrame(columns=COLUMNS)
    seeds = {c: _by_seed(resampled, c) for c in resampled.countries}
    difference = {c: {m: wins.mean(0) for m, wins in part.items()} for c, part in seeds.items()}
    # Both directions of a comparison have one p, so that it is worked out once.
    pairs, place = np.unique(np.sort([left, right], axis=0), axis=1, return_inverse=True)
    gaps = {c: np.stack([part[methods[a]] - part[methods[b]] for a, b in pairs.T]) for c, part in difference.items()}
    p_values = {c: p[place.ravel()] for c, p in swap_test(resampled, gaps).items()}
    rows = []
    for country in [MEAN, *resampled.countries]:
        alone = 1 if country == MEAN else len(resampled.countries)
        sizes = [resampled.size(country, s) for s in range(len(SUBSETS))]
        errors_apart = errors_needed(alone)
        for k, (a, b) in enumerate(zip(left, right, strict=True)):
            result, other = (resampled.result(country, methods[at]) for at in (a, b))
            draws = result.draws - other.draws
            spread = _seed_spread(resampled, seeds, country, methods[a], methods[b])
            low, high = interval(draws, [z.units for z in sizes], [z.effective for z in sizes], fewest=resampled.fewest)
            for s, subset in enumerate(SUBSETS):
                told = not np.isnan(low[s])
                error = float(np.nanstd(draws[s], ddof=1)) if told else np.nan
                rows.append(
                    {
                        "country": country,
                        "subset": subset,
                        "method": methods[a],
                        "against": methods[b],
                        "difference": result.value[s] - other.value[s],
                        "low": low[s],
                        "high": high[s],
                        "p": p_values[country][k, s] if told else np.nan,
                        "units": sizes[s].units,
                        "pairs": sizes[s].pairs,
                        "detectable": errors_apart * error if error > 0 else np.nan,
                        "seed_sd": spread[s],
                        "unit_se": error,
                    }
                )
    return _corrected(pd.DataFrame(rows))


def errors_needed(comparisons: int) -> float:
    """How many standard errors a difference must have to be found with the chance `POWER`, at the strictest level of
    Holm's correction over so many comparisons."""
    return float(ndtri(1 - ALPHA / (2 * comparisons)) + ndtri(POWER))


def decided(difference: float, low: float, high: float, p: float = np.nan) -> int:
    """What a paired difference tells: 1 above, -1 below, 0 not decided.

    By p after the correction at `ALPHA`, or by the interval where a run has no test; without either nothing is decided.
    """
    told = p < ALPHA if not np.isnan(p) else low > 0 or high < 0
    return int(np.sign(difference)) if told and not np.isnan(low) else 0


def _comparisons(methods: list[str], of: Collection[str]) -> tuple[list[int], list[int]]:
    """Places of both methods of each comparison."""
    first = [a for a, m in enumerate(methods) if m not in UNTRAINED and (not of or m in of)]
    pairs = [(a, b) for a in first for b in range(len(methods)) if b != a]
    return [a for a, _ in pairs], [b for _, b in pairs]


def _by_seed(resampled: ResampledOutcomes, country: str) -> dict[str, np.ndarray]:
    """Right answers per seed at the largest budget, method -> (seeds, S, U)."""
    o = resampled.outcomes[country]
    top = o.heads["level"] == o.heads["method"].map(resampled.top)
    return {m: o.wins[np.flatnonzero(top & (o.heads["method"] == m))].astype(np.float64) for m in resampled.methods}


def _seed_spread(resampled: ResampledOutcomes, seeds: dict, country: str, method: str, against: str) -> np.ndarray:
    """Standard deviation over seeds of the difference in accuracy, (S,); NaN with one seed."""
    parts = []
    for c in resampled.countries if country == MEAN else [country]:
        a, b = seeds[c][method], seeds[c][against]
        b = b if len(b) == len(a) else b.mean(0)
        parts.append(ratio((a - b).sum(-1), resampled.outcomes[c].counts.sum(-1)))
    mean = nan_mean(parts)
    return mean.std(0, ddof=1) if len(mean) > 1 else np.full(len(SUBSETS), np.nan)


def swap_test(resampled: ResampledOutcomes, gaps: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """p of each comparison and subset per country and for the mean over countries, (K, S) each.

    gaps    country -> difference of right answers, (K, S, U)

    A unit's outcomes are swapped in all countries at once, since survey questions are shared. Of folds chance is as
    much larger as `outcomes.fold_variance` says.
    """
    countries = resampled.countries
    larger = np.sqrt(fold_variance(resampled.outcomes[countries[0]].folds))
    units = np.unique(np.concatenate([resampled.outcomes[c].units for c in countries]))
    place = {c: np.searchsorted(units, resampled.outcomes[c].units) for c in countries}
    share = {c: ratio(gaps[c], resampled.outcomes[c].counts.sum(-1)[None, :, None]) for c in countries}
    seen = {c: share[c].sum(-1) for c in countries}
    seen[MEAN] = nan_mean(list(seen.values()))
    beyond = {c: np.zeros(value.shape, np.int64) for c, value in seen.items()}
    for signs in _signs(len(units)):
        swapped = {c: share[c] @ signs[place[c]] for c in countries}  # (K, S, BLOCK)
        swapped[MEAN] = nan_mean(list(swapped.values()))
        for c, value in swapped.items():
            beyond[c] += (larger * np.abs(value) >= np.abs(seen[c])[..., None] - TIE).sum(-1)
    return {c: np.where(np.isnan(seen[c]), np.nan, (1 + n) / (1 + SWAPS)) for c, n in beyond.items()}


def _signs(units: int) -> Iterator[np.ndarray]:
    """SWAPS random columns of -1 and 1, (units, BLOCK) at a time."""
    rng = np.random.default_rng(0)
    for _ in range(BLOCKS):
        yield rng.integers(0, 2, (units, BLOCK)).astype(np.float64) * 2 - 1


def _corrected(table: pd.DataFrame) -> pd.DataFrame:
    """The table with p_holm, over the countries of each comparison."""
    family = table["country"] != MEAN
    grouped = table[family].groupby(["subset", "method", "against"], sort=False)["p"]
    table["p_holm"] = grouped.transform(lambda p: holm(p.to_numpy()))
    return table.assign(p_holm=table["p_holm"].where(family, table["p"]))[COLUMNS]


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's step-down correction, (n,) -> (n,); a NaN is no test and stays out.

    The k-th smallest of m values is multiplied by m - k + 1, and none is smaller than the one before.
    `multipletests` of statsmodels gives the same (a test holds that), but collects garbage on each call.
    """
    order = np.argsort(p)[: (~np.isnan(p)).sum()]
    stepped = np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1))
    corrected = np.full(len(p), np.nan)
    corrected[order] = np.minimum(stepped, 1)
    return corrected
