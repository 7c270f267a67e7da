"""Bias against people, not only countries: the same accuracy by any column of the survey, within a country.

Each person is judged by the model of their own country. Beside the countries stands everybody together, where small
groups have people enough to be seen. A group of fewer than FEWEST_SHOWN people is not shown: its number would say
little about it, and too much about them. One of fewer than `intervals.FEWEST_UNITS` has no interval.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from scpo.metrics.accuracy import FULL, ResampledOutcomes
from scpo.metrics.intervals import gap_and_lowest, interval
from scpo.metrics.outcomes import Outcomes, effective_units, fold_variance, ratio

EVERYBODY = "everybody"
FEWEST_SHOWN = 5  # people
MOST_GROUPS = 30  # a column with more answers than this is a text, not a group
GROUP = ["column", "group", "country", "method", "accuracy", "low", "high", "units", "n"]
GAP = ["column", "country", "method", "gap", "low", "high", "best", "worst", "groups", "hidden"]


def survey_columns(units: pd.DataFrame) -> list[str]:
    """Columns about people that group them: 2 to MOST_GROUPS answers, one of which many people share."""
    found = []
    for name in units.columns:
        if name not in ("name", "split", "country"):
            size = units[name].dropna().value_counts()
            if 2 <= len(size) <= MOST_GROUPS and (size >= FEWEST_SHOWN).sum() >= 2:
                found.append(name)
    return found


def group_tables(resampled: ResampledOutcomes, units: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Accuracy per group, and the gap between the best and the worst served group, at the largest budget.

    units   one row per person, as `Preferences` has them; outcomes name them by row
    Returns tables of columns GROUP and GAP; `hidden` counts groups with too few people, who are in no number here.
    """
    accuracies: list[tuple] = []
    gaps: list[tuple] = []
    for column in survey_columns(units):
        answer = units[column].astype(object).where(units[column].notna(), None).to_numpy()
        for country, parts in _populations(resampled):
            if len({e for c in parts for e in answer[resampled.outcomes[c].units]} - {None}) < 2:
                continue
            _one(resampled, column, country, parts, answer, accuracies, gaps)
    return pd.DataFrame(accuracies, columns=GROUP), pd.DataFrame(gaps, columns=GAP)


def _populations(resampled: ResampledOutcomes) -> Iterator[tuple[str, list[str]]]:
    known = [country for country in resampled.countries if resampled.size(country, FULL).pairs]
    if len(known) > 1:
        yield EVERYBODY, known
    for country in known:
        yield country, [country]


def _one(
    resampled: ResampledOutcomes, column: str, country: str, parts: list[str], answer, accuracies: list, gaps: list
):
    """Rows of one column and population."""
    groups = sorted({e for c in parts for e in answer[resampled.outcomes[c].units]} - {None}, key=str)
    shown: dict[str, tuple[int, float, dict[str, tuple]]] = {}
    hidden, fewest = 0, resampled.fewest[FULL]
    for group in groups:
        masks = {c: answer[resampled.outcomes[c].units] == group for c in parts}
        people = sum(int(mask.sum()) for mask in masks.values())
        if people < FEWEST_SHOWN:
            hidden += 1
            continue
        effective = sum(_effective(resampled.outcomes[c], m) for c, m in masks.items())
        shown[group] = people, effective, _counted(resampled, masks)
    units, effectives = [size[0] for size in shown.values()], [size[1] for size in shown.values()]
    for method in resampled.methods if len(shown) > 1 else []:
        value, draws = [], []
        for group, (people, effective, counted) in shown.items():
            right, again, n, n_again = counted[method]
            value.append(float(right / n))
            draws.append(ratio(again, n_again))
            low, high = map(float, interval(draws[-1], people, effective, fewest=fewest))
            accuracies.append((column, str(group), country, method, value[-1], low, high, people, int(n)))
        (low, high), _ = gap_and_lowest(np.array(value), np.array(draws), units, effectives, fewest)
        best, worst = (list(shown)[int(at)] for at in (np.argmax(value), np.argmin(value)))
        gaps.append(
            (column, country, method, max(value) - min(value), low, high, str(best), str(worst), len(shown), hidden)
        )


def _effective(o: Outcomes, mask: np.ndarray) -> float:
    """How many alike people those of a group are worth, as `Outcomes.effective` says of all."""
    return float(effective_units(o.counts[FULL, mask]) / np.sqrt(fold_variance(o.folds)))


def _counted(resampled: ResampledOutcomes, masks: dict[str, np.ndarray]) -> dict[str, tuple]:
    """Method -> right answers and pairs of a group, as they are and in every resample, over countries."""
    found = {}
    for method in resampled.methods:
        right, again, n, n_again = 0.0, 0.0, 0.0, 0.0
        for country, mask in masks.items():
            o, drawn = resampled.outcomes[country], resampled.drawn[country][:, mask]
            top = (o.heads["level"] == resampled.top[method]) & (o.heads["method"] == method)
            wins = o.wins[np.flatnonzero(top), FULL][:, mask].mean(0)
            counts = o.counts[FULL, mask]
            right, n = right + wins.sum(), n + counts.sum()
            again, n_again = again + drawn @ wins, n_again + drawn @ counts
        found[method] = right, again, n, n_again
    return found
