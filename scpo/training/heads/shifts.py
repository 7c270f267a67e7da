"""The most probable shifts of the method `shared`: what is expected before a country's pairs are seen, and the fit.

The formulas are in `scpo.training.heads.shared`: a mix of the other countries' shifts and an own part, both with normal
priors around 0; and the shift that a country's own pairs ask for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import minimize

from scpo.training.heads.pair_loss import Loss, Member, loss_of
from scpo.training.heads.stacked import HeadShape

# Prior standard deviations of what a shift does to the margin of an average pair, in units of reward:
BESIDE, COMMON = 0.7, 2.0  # of `mix_sd`, a mix of the others' shifts and their mean
ALONE = 3.0  # of the shift of a country that is a direction for the others
PRIOR_POWER = -0.25  # of a direction's variance, to which its own part's prior deviation goes; 0: parameters are pulled
ITERATIONS, PRECISION = 60, 4e-4  # of L-BFGS: steps at most, and the share of the loss that a step must lower it by


@dataclass(frozen=True)
class Others:
    """Directions that countries may be expected to differ in: shift (m, p), and by country which of them are for it
    and at what scale, (C, m), 0 where a direction is not."""

    shift: np.ndarray
    scale: np.ndarray

    @classmethod
    def none(cls, size: tuple[int, int]) -> Others:
        """No directions; size (C, p)."""
        return cls(np.zeros((0, size[1])), np.zeros((size[0], 0)))

    @classmethod
    def of(cls, shape: HeadShape, members: Sequence[Member], shift: np.ndarray) -> Others:
        """From the shifts (C, p) of all countries: for each those of the others, and their mean.

        A unit of mix of the first changes an average margin by BESIDE, of the second by COMMON.
        """
        apart, count = 1 - np.eye(len(shift)), max(len(shift) - 1, 1)
        mean = apart @ shift / count
        size, size_of_mean = _moves(shape, members, np.vstack([shift, mean])).reshape(2, -1)
        scale = np.hstack([BESIDE * apart / _root(apart @ size)[:, None], np.diag(COMMON / _root(size_of_mean))])
        return cls(np.vstack([shift, mean]), scale)


def own_root(shape: HeadShape, members: Sequence[Member], prior_power: float = PRIOR_POWER) -> np.ndarray:
    """R, the symmetric root of the prior covariance of an own part that moves the margin of an average pair by 1.

    (p, p) float32 for linear heads: the second moment of phi(chosen) - phi(rejected) to the `prior_power`, to scale.
    An MLP's parameters are all pulled alike: (), a number.
    """
    moment, count = torch.zeros(members[0].phi.shape[1:] * 2, dtype=torch.float64), 0
    for m in members:
        apart = m.phi[m.chosen] - m.phi[m.rejected]
        moment, count = moment + apart.T @ apart, count + len(apart)
    moment = moment.numpy() / max(count, 1)
    if not moment.trace():
        return np.array(1.0)
    if shape.hidden:
        return np.array(moment.trace() ** -0.5)
    variance, directions = np.linalg.eigh(moment)
    variance = np.maximum(variance, 1e-6 * variance.max())
    root = variance**prior_power / np.sqrt((variance ** (1 + 2 * prior_power)).sum())
    return ((directions * root) @ directions.T).astype(np.float32)


def fit(
    loss: Loss,
    size: tuple[int, int],
    root: np.ndarray,
    own_sd: float | np.ndarray,
    others: Others | None = None,
    mix_sd: float = 0.0,
    before: np.ndarray | None = None,
    precision: float = PRECISION,
) -> np.ndarray:
    """The most probable mixes and own parts, (C, m + p) float64 in standard deviations of their priors; see `shifts`.

    size            (C, p)
    root            of the prior covariance of an own part, of `own_root`
    own_sd, mix_sd  prior standard deviations of the own part, (C, 1) where countries differ, and of the mix of the
                    others' shifts
    before          what to begin at, zeros if None
    precision       a step that lowers the loss, a log probability, by less than this share of it is the last
    """
    others = others or Others.none(size)
    count = len(others.shift)

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        standard = flat.reshape(size[0], -1)
        value, down = loss(shifts(standard, root, own_sd, others, mix_sd))
        slope = np.hstack([mix_sd * others.scale * (down @ others.shift.T), own_sd * _times(down, root)])
        return value + 0.5 * flat @ flat, slope.ravel() + flat

    first = np.zeros((size[0], count + size[1])) if before is None else before
    options = {"maxiter": ITERATIONS, "ftol": precision, "gtol": 1e-4}
    found = minimize(objective, first.ravel(), jac=True, method="L-BFGS-B", options=options).x
    return found.reshape(first.shape)


def shifts(
    standard: np.ndarray, root: np.ndarray, own_sd: float | np.ndarray, others: Others, mix_sd: float
) -> np.ndarray:
    """Shifts (C, p) of mixes and own parts (C, m + p) in standard deviations of their priors."""
    count = len(others.shift)
    return mix_sd * (standard[:, :count] * others.scale) @ others.shift + own_sd * _times(standard[:, count:], root)


def _times(rows: np.ndarray, root: np.ndarray) -> np.ndarray:
    """rows (C, p) times a root; by torch, which is held to one thread here, and in the precision of the heads."""
    if not root.ndim:
        return rows * root
    return torch.from_numpy(rows.astype(np.float32)).matmul(torch.from_numpy(root)).double().numpy()


def directions(shape: HeadShape, members: Sequence[Member], root: np.ndarray, precision: float = PRECISION) -> Others:
    """What other countries differ in: the shift of each, fitted to its own pairs alone."""
    standard = fit(loss_of(shape, members), (len(members), shape.size), root, ALONE, precision=precision)
    return Others.of(shape, members, ALONE * _times(standard, root))


def pulled(shape: HeadShape, members: Sequence[Member], pull: float, precision: float = PRECISION) -> np.ndarray:
    """The shift (C, p) of each country that its own pairs ask for under a pull on parameters.

    pull  lambda of `scpo.training.heads.ridge`: (pull / 2) |shift|^2 is added to the mean loss of the country's pairs
    """
    sd = np.array([[max(len(m.chosen), 1) * pull] for m in members]) ** -0.5
    return sd * fit(loss_of(shape, members), (len(members), shape.size), np.array(1.0), sd, precision=precision)


def _root(square: np.ndarray) -> np.ndarray:
    """Square roots; where there is nothing, infinity, so that what is divided by it is 0."""
    return np.where(square > 0, np.sqrt(square), np.inf)


def _moves(shape: HeadShape, members: Sequence[Member], shift: np.ndarray) -> np.ndarray:
    """Mean square of what each shift (m, p) does to the margin of a pair, over all pairs, (m,); 0 if there are none."""
    total, moved = np.zeros(len(shift)), torch.from_numpy(shift.astype(np.float32))
    for m in members:
        change = shape.rewards(m.start + moved, m.phi) - shape.rewards(m.start[None], m.phi)
        total += ((change[:, m.chosen] - change[:, m.rejected]) ** 2).double().sum(1).numpy()
    return total / max(sum(len(m.chosen) for m in members), 1)
