"""Rewards of several models on the same texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

STEPS = tuple(round(0.05 * step, 2) for step in range(31))  # from the global model, 0, past the country's own, 1


@dataclass(frozen=True)
class Rewards:
    """Rewards of T texts: base (C, T) by the global model each country started from, own (C, S, T) by each
    country's model of one method and seed."""

    countries: tuple[str, ...]
    base: np.ndarray
    own: np.ndarray

    def at(self, alpha: float) -> np.ndarray:
        """r_alpha of every country, mean over seeds, (C, T)."""
        return steered(self.base, self.own.mean(1), alpha)

    def of(self, texts: np.ndarray) -> Rewards:
        """Those of some texts, (n,) int."""
        return Rewards(self.countries, self.base[:, texts], self.own[:, :, texts])


def steered(base: np.ndarray, own: np.ndarray, alpha: float) -> np.ndarray:
    """r_g + alpha (r_c - r_g), written so that alpha 0 and 1 give r_g and r_c to the last digit."""
    return np.float32(1 - alpha) * base + np.float32(alpha) * own
