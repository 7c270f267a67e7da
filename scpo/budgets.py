"""Budgets: the numbers of training pairs at which methods are compared."""

from __future__ import annotations

import numpy as np

from scpo.errors import ConfigError

SMALLEST, AUTOMATIC = 50, 5


def budgets_below(asked: tuple[int, ...], country: str, pairs: int) -> tuple[int, ...]:
    """Budgets below 'all pairs', rising: those asked for, or some spaced evenly on a log axis.

    country, pairs  the country with the fewest training pairs, and how many it has
    Raises `ConfigError` naming any budget that exceeds them.
    """
    beyond = [b for b in asked if b > pairs]
    if beyond:
        raise ConfigError(
            f"budgets {beyond} are beyond the data: {country} has {pairs} training pairs. "
            f"Use budgets up to {pairs}, or leave out {country}.",
            "budgets",
        )
    if asked:
        return tuple(sorted({b for b in asked if b < pairs}))
    spaced = np.geomspace(min(SMALLEST, max(pairs // 4, 1)), pairs, AUTOMATIC + 1)[:-1]
    return tuple(sorted({_two_digits(b) for b in spaced}))


def _two_digits(value: float) -> int:
    size = 10 ** max(int(np.log10(value)) - 1, 0)
    return int(value / size + 1e-9) * size
