"""The smallest difference that so many people can show, before anything is trained, and how many would show 5 points.

After a run `scpo.metrics.paired` says which difference of two methods would have been found, from the spread of their
differences over people or questions. Beforehand that spread is assumed: two methods are right on different pairs in a
share of them, and differences on two pairs of one person (or question) are a little alike, so that

    SE^2 = differing (1 + (m - 1) alike) / n,    m = sum over people of pairs^2 / n

with n test pairs (the design effect; Kish 1965, Survey Sampling, section 5.4). The rest is the same as after the run:
found with a chance of 80 % at the strictest level of Holm's correction over the countries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scpo.data.preferences import TEST, Preferences
from scpo.metrics.accuracy import FULL, MEAN
from scpo.metrics.intervals import fewest_units
from scpo.metrics.outcomes import fold_variance
from scpo.metrics.paired import errors_needed

COLUMNS = ["country", "role", "units", "prompts", "pairs", "test_units", "test_pairs", "detectable", "needed"]
Cells = tuple[np.ndarray, np.ndarray, np.ndarray]
WANTED = 0.05  # the difference of accuracies of which it is said how many people would show it


@dataclass(frozen=True)
class Spread:
    """How the differences between two methods vary.

    differing   share of the pairs on which one of them is right and the other wrong
    alike       correlation of the differences on two pairs of one person or question
    """

    differing: float
    alike: float


USUAL = Spread(0.17, 0.01)  # a steered model and the global one; docs/measures.md holds it against two runs


def plan_table(data: Preferences, wanted: float = WANTED, countries: Sequence[str] = ()) -> pd.DataFrame:
    """What the test pairs of each country can show, and how many people or questions would show `wanted`.

    countries   those to steer to; none = the card's, and all where it has none

    Columns country, role, units, prompts, pairs, test_units, test_pairs, detectable, needed. The mean over these
    countries comes first (not of one alone), the reference last. detectable is NaN where too few people have test pairs
    for an interval; needed is how many in the test would do, with as many pairs each; NaN where there is none.
    """
    of = _Counts(data)
    steered = list(countries or data.card.countries or of.names)
    larger = np.sqrt(fold_variance(data.card.folds))
    errors = [larger * standard_error(of.test_pairs_per_unit([name])) for name in steered]
    apart, mean = errors_needed(max(len(steered), 1)), float(np.sqrt(np.square(errors).sum()) / max(len(errors), 1))
    rows = [of.row(MEAN, "", steered, errors_needed(1) * mean, wanted)] if len(steered) > 1 else []
    rows += [of.row(c, "steered to", [c], apart * error, wanted) for c, error in zip(steered, errors, strict=True)]
    for name in [c for c in data.card.reference if c not in steered]:
        error = larger * standard_error(of.test_pairs_per_unit([name]))
        rows.append(of.row(name, "reference", [name], apart * error, wanted))
    return pd.DataFrame(rows, columns=COLUMNS)


class _Counts:
    """People (or questions), prompts and pairs of some countries together, from cells that are counted once."""

    def __init__(self, data: Preferences):
        self._fewest = int(fewest_units(data.card.folds)[FULL])
        country = data.pairs["country"].cat
        code = country.codes.to_numpy(np.int64)
        self._place = {str(name): at for at, name in enumerate(country.categories)}
        self._units = _cells(code, data.pairs["unit"].to_numpy())
        in_test = data.split_of_pairs() == TEST
        self._test_units = _cells(code[in_test], data.pairs["unit"].to_numpy()[in_test])
        prompt = data.texts["prompt"].cat.codes.to_numpy()[data.pairs["chosen"].to_numpy()]
        self._prompts = _cells(code, prompt)
        self.names = [name for name, at in self._place.items() if at in self._units[0]]

    def _of(self, cells: Cells, countries: Sequence[str]) -> np.ndarray:
        """Pairs of each unit or prompt of these countries, (U,)."""
        code, number, pairs = cells
        here = np.isin(code, [self._place[c] for c in countries if c in self._place])
        return np.bincount(np.unique(number[here], return_inverse=True)[1], pairs[here]).astype(np.int64)

    def test_pairs_per_unit(self, countries: Sequence[str]) -> np.ndarray:
        return self._of(self._test_units, countries)

    def row(self, name: str, role: str, countries: Sequence[str], smallest: float, wanted: float) -> dict:
        """A row of the plan; smallest: the difference that would be found, NaN where nobody is in the test."""
        units, in_test = self._of(self._units, countries), self.test_pairs_per_unit(countries)
        needed = np.fmax(np.ceil(len(in_test) * (smallest / wanted) ** 2), self._fewest)
        return {
            "country": name,
            "role": role,
            "units": len(units),
            "prompts": len(self._of(self._prompts, countries)),
            "pairs": int(units.sum()),
            "test_units": len(in_test),
            "test_pairs": int(in_test.sum()),
            "detectable": smallest if len(in_test) >= self._fewest else np.nan,
            "needed": np.nan if np.isnan(smallest) else needed,
        }


def _cells(code: np.ndarray, number: np.ndarray) -> Cells:
    """Country and unit (or prompt) of each cell that has pairs, and how many, (n,) each."""
    most = int(number.max(initial=0)) + 1
    cell, pairs = np.unique(code * most + number, return_counts=True)
    return cell // most, cell % most, pairs


def standard_error(pairs: np.ndarray, spread: Spread = USUAL) -> float:
    """Of the difference in accuracy of two methods on people (or questions) with so many test pairs each, (U,)."""
    n = pairs.sum()
    if not n:
        return float("nan")
    together = np.square(pairs.astype(np.float64)).sum() / n
    return float(np.sqrt(spread.differing * (1 + (together - 1) * spread.alike) / n))
