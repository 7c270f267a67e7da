"""The method `shared`: each country's shift from the global model, expected to be like those of the other countries.

The head of country c is theta_c = theta_g + (a_c D_c + R u_c) / 2: the global model, a mix of the directions D_c in
which the other countries differ from it, and what is the country's own. Mix and own part have normal priors around 0,
so that few pairs of a country are enough to place it among the others, and all are pulled towards the global model
(hierarchical shrinkage, with a covariance learnt from other tasks). D_c are the shifts of the others, each fitted to
all training pairs of that country alone; a budget limits the pairs of country c. Found are the most probable shifts s:

    s_c = a_c D_c + R u_c
    minimise  sum over pairs of c of -w log sigmoid(margin under theta_g + s_c)
              + |a_c|^2 / (2 like^2) + |u_c|^2 / (2 own^2)

R makes the pull on the own part one between a pull on parameters and a pull on rewards: R R' is the inverse root of the
second moment of phi(chosen) - phi(rejected), so that a step in a direction in which texts differ much costs more.

How strong the pulls should be is not known. Heads are fitted for every strength of a list and averaged, each weighing
what its log likelihood on the validation pairs says (at the scale of rewards that suits it best). An average has no
lucky pick among settings that the validation pairs cannot tell apart. Of the shift so found half is taken, as
Wortsman et al. do with fine-tuned models (https://arxiv.org/abs/2109.01903): what the global model knows outvotes a
shift that is unsure, so that the consensus is kept without a filter and without weights: w is 1 but in the study of
other rules. docs/beyond.md has what led here, and what failed. Knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import minimize
from torch.nn.functional import softplus

from scpo.config import ExperimentConfig
from scpo.data.preferences import Preferences
from scpo.plan import HeadPlan, Pool, Rows, marks_for
from scpo.training.heads.features import Features
from scpo.training.heads.held_out import HeldOut, subset_accuracy
from scpo.training.heads.stacked import HeadShape
from scpo.training.heads.train import Steered

SHARED = "shared"
# Prior standard deviations of what a shift does to the margin of an average pair, in units of reward: of the whole, and
# the share of its variance that is the country's own; then as (like, own)
SIZES, OWN_SHARE = (4.0, 2.0, 1.0, 0.5), 0.5
STRENGTHS = tuple((size * (1 - OWN_SHARE) ** 0.5, size * OWN_SHARE**0.5) for size in SIZES)
BESIDE, COMMON = 0.7, 2.0  # of `like`, a mix of the others' shifts and their mean
ALONE = 3.0  # the same for the shift of a country that is a direction for the others
TRUST = 2.0  # observations that one user or question is worth, however many pairs: these are alike
STRETCH = -0.25  # power of a direction's variance that its own part's prior deviation goes by; 0: parameters are pulled
WAY = 0.5  # of a shift that is taken
SCALES = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)  # of rewards, which must not count against a setting
ITERATIONS, PRECISION = 60, 4e-4  # of L-BFGS: steps at most, and the share of the loss that a step must lower it by


@dataclass(frozen=True)
class Member:
    """One country's pairs: phi (t, d) of its texts; chosen, rejected (n,) rows of them; weight (n,); start (p,)."""

    phi: torch.Tensor
    chosen: torch.Tensor
    rejected: torch.Tensor
    weight: torch.Tensor
    start: torch.Tensor

    @classmethod
    def of(cls, pool: Pool, start: torch.Tensor, phi: Callable, chosen: np.ndarray, rejected: np.ndarray) -> Member:
        """From a pool of rows of the pair table; phi(text rows) -> (n, d); chosen, rejected (pairs,) text rows."""
        texts, place = np.unique(np.stack([chosen[pool.rows], rejected[pool.rows]]), return_inverse=True)
        left, right = torch.from_numpy(place.reshape(2, -1))
        return cls(torch.from_numpy(phi(texts)), left, right, torch.from_numpy(pool.weight), start)

    def loss(self, shape: HeadShape, theta: torch.Tensor) -> torch.Tensor:
        """Sum over its pairs of -w log sigmoid(margin), a scalar, under theta (p,)."""
        reward = shape.rewards(theta[None], self.phi)[0]
        return (self.weight * softplus(reward[self.rejected] - reward[self.chosen])).sum()


Loss = Callable[[np.ndarray], tuple[float, np.ndarray]]  # shifts (C, p) of all countries -> of their pairs, gradient


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


def own_root(shape: HeadShape, members: Sequence[Member], stretch: float = STRETCH) -> np.ndarray:
    """R, the symmetric root of the prior covariance of an own part that moves the margin of an average pair by 1.

    (p, p) float32 for linear heads: the second moment of phi(chosen) - phi(rejected) to the power `stretch`, to scale.
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
    root = variance**stretch / np.sqrt((variance ** (1 + 2 * stretch)).sum())
    return ((directions * root) @ directions.T).astype(np.float32)


def fit(
    loss: Loss,
    size: tuple[int, int],
    root: np.ndarray,
    own: float,
    others: Others | None = None,
    like: float = 0.0,
    before: np.ndarray | None = None,
    precision: float = PRECISION,
) -> np.ndarray:
    """The most probable mixes and own parts, (C, m + p) float64 in units of their priors; see `shifts`.

    size        (C, p)
    root        of the prior covariance of an own part, of `own_root`
    own, like   prior standard deviations of the own part, and of the mix of the others' shifts
    before      what to begin at, zeros if None
    precision   a step that lowers the loss, a log probability, by less than this share of it is the last
    """
    others = others or Others.none(size)
    count = len(others.shift)

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        units = flat.reshape(size[0], -1)
        value, down = loss(shifts(units, root, own, others, like))
        slope = np.hstack([like * others.scale * (down @ others.shift.T), own * _times(down, root)])
        return value + 0.5 * flat @ flat, slope.ravel() + flat

    first = np.zeros((size[0], count + size[1])) if before is None else before
    options = {"maxiter": ITERATIONS, "ftol": precision, "gtol": 1e-4}
    found = minimize(objective, first.ravel(), jac=True, method="L-BFGS-B", options=options).x
    return found.reshape(first.shape)


def shifts(units: np.ndarray, root: np.ndarray, own: float, others: Others, like: float) -> np.ndarray:
    """Shifts (C, p) of mixes and own parts (C, m + p) in units of their priors."""
    count = len(others.shift)
    return like * (units[:, :count] * others.scale) @ others.shift + own * _times(units[:, count:], root)


def _times(rows: np.ndarray, root: np.ndarray) -> np.ndarray:
    """rows (C, p) times a root; by torch, which is held to one thread here, and in the precision of the heads."""
    if not root.ndim:
        return rows * root
    return torch.from_numpy(rows.astype(np.float32)).matmul(torch.from_numpy(root)).double().numpy()


def linear_heads(members: Sequence[Member]) -> Loss:
    """The loss of linear heads, by hand.

    Most of the time is spent reading phi, so that it is read by pairs where these are fewer than texts.
    """
    parts = []
    for m in members:
        by_pair = len(m.chosen) <= len(m.phi)
        rows = m.phi[m.chosen] - m.phi[m.rejected] if by_pair else m.phi
        sides = None if by_pair else (m.chosen.numpy(), m.rejected.numpy())
        parts.append((rows, m.start, m.weight.double().numpy(), sides))

    def work(shift: np.ndarray) -> tuple[float, np.ndarray]:
        loss, down = 0.0, np.empty(shift.shape)
        for c, (rows, start, weight, sides) in enumerate(parts):
            margin = rows.mv(start + torch.from_numpy(shift[c].astype(np.float32))).double().numpy()
            if sides:
                margin = margin[sides[0]] - margin[sides[1]]
            cost = np.logaddexp(0, -margin)
            loss += weight @ cost
            push = weight * np.expm1(-cost)  # of the loss by the margin: -w (1 - the probability of what was chosen)
            if sides:
                push = np.bincount(sides[0], push, len(rows)) - np.bincount(sides[1], push, len(rows))
            down[c] = torch.from_numpy(push.astype(np.float32)).matmul(rows).numpy()
        return loss, down

    return work


def any_heads(shape: HeadShape, members: Sequence[Member]) -> Loss:
    """The loss of heads of any shape, by autograd."""
    start = torch.stack([member.start for member in members])

    def work(shift: np.ndarray) -> tuple[float, np.ndarray]:
        theta = (start + torch.from_numpy(shift.astype(np.float32))).requires_grad_()
        loss = sum(member.loss(shape, theta[c]) for c, member in enumerate(members))
        loss.backward()
        return loss.item(), theta.grad.double().numpy()

    return work


def loss_of(shape: HeadShape, members: Sequence[Member]) -> Loss:
    """The loss of heads of this shape, the fast way where there is one."""
    return any_heads(shape, members) if shape.hidden else linear_heads(members)


def average_of_strengths(
    shape: HeadShape,
    members: Sequence[Member],
    root: np.ndarray,
    others: Others,
    log_loss: Callable[[torch.Tensor], np.ndarray],
    units: int,
    strengths: Sequence[tuple[float, float]] = STRENGTHS,
    trust: float = TRUST,
    way: float = WAY,
    pause: Callable[[float], None] = lambda share: None,
) -> torch.Tensor:
    """Heads of all countries, (C, p): `way` of the average over strengths, (like, own) each.

    log_loss     of heads (K, C, p) on the countries' validation pairs, mean over pairs, each at its best scale: (K,)
    units        number of users or questions that these pairs come from
    trust        observations that one of them is worth: 0 = every strength alike, inf = the likeliest alone
    way          of the way from the global model, 1 = all of it
    An MLP's settings are not averaged, since rewards are not linear in its parameters; the likeliest is taken.
    """
    start = torch.stack([member.start for member in members])
    loss, heads, found = loss_of(shape, members), [], None
    for at, (like, own) in enumerate(strengths):
        pause(at / len(strengths))
        found = fit(loss, tuple(start.shape), root, own, others, like, found)
        heads.append(start + torch.from_numpy(shifts(found, root, own, others, like).astype(np.float32)))
    heads = torch.stack(heads)
    losses = log_loss(heads)
    gap = losses - losses.min()
    alone = shape.hidden or np.isinf(trust)
    share = (gap == 0).astype(np.float64) if alone else np.exp(-gap * units * trust)
    mean = torch.einsum("k,kcp->cp", torch.from_numpy(share / share.sum()).float(), heads)
    return start + way * (mean - start)


def directions(shape: HeadShape, members: Sequence[Member], root: np.ndarray, precision: float = PRECISION) -> Others:
    """What other countries differ in: the shift of each, fitted to its own pairs alone."""
    units = fit(loss_of(shape, members), (len(members), shape.size), root, ALONE, precision=precision)
    return Others.of(shape, members, ALONE * _times(units, root))


def prior(shape: HeadShape, members: Sequence[Member], stretch: float = STRETCH) -> tuple[np.ndarray, Others]:
    """What is expected before a country's pairs are seen: the root of its own part's covariance, and the directions."""
    root = own_root(shape, members, stretch)
    return root, directions(shape, members, root)


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


def train_shared(
    config: ExperimentConfig,
    data: Preferences,
    features: Features,
    shape: HeadShape,
    start: dict[str, torch.Tensor],
    rows: dict[str, Rows],
    plan: HeadPlan,
    pause: Callable[[float], None] = lambda share: None,
    equal: bool = False,
    stretch: float = STRETCH,
    **how,
) -> Steered:
    """The heads of a plan that has the method `shared` alone, all countries of a seed and budget together.

    equal  the others' shifts are learnt from as many pairs as the country itself has, not from all of theirs
    how    strengths, trust and way, as of `average_of_strengths`; stretch as of `own_root`
    There is no path along training: `path` is NaN but for the last mark, and the kept step is the last.
    """
    sides = [data.pairs[side].to_numpy() for side in ("chosen", "rejected")]
    validation = {c: HeldOut(data, features, shape, part.validation) for c, part in rows.items()}
    units = len(np.unique(np.concatenate([held.unit for held in validation.values()])))

    def log_loss(heads: torch.Tensor) -> np.ndarray:
        margins = torch.cat([validation[c].margins(heads[:, k]) for k, c in enumerate(rows)], dim=1).double()
        if not margins.shape[1]:
            return np.zeros(len(heads))
        return torch.stack([softplus(-margins * by).mean(1) for by in SCALES]).amin(0).numpy()

    def members_of(places: np.ndarray) -> list[Member]:
        return [Member.of(plan.pools[k], start[c], features.of, *sides) for k, c in zip(places, rows, strict=True)]

    theta, known = torch.empty(len(plan.pools), shape.size), {}
    groups = plan.table.groupby(["seed", "level"], sort=False).indices
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # products this small, between steps of scipy, are ten times slower in two threads
    try:
        root, others = None, None
        if groups:
            root, others = prior(shape, members_of(groups[max(groups, key=lambda one: one[1])]), stretch)
        for at, places in enumerate(groups.values()):
            same = b"".join(np.sort(plan.pools[k].rows).tobytes() for k in places)  # the same at the last level
            if same not in known:
                members = members_of(places)
                known[same] = average_of_strengths(
                    shape,
                    members,
                    root,
                    directions(shape, members, root) if equal else others,
                    log_loss,
                    units,
                    pause=lambda share, at=at: pause((at + share) / len(groups)),
                    **how,
                )
            theta[torch.from_numpy(np.array(places))] = known[same]
    finally:
        torch.set_num_threads(threads)
    marks = (0, *marks_for(config.steps))
    path = np.full((len(theta), len(marks), 3), np.nan)
    for country, part in rows.items():
        mine, test = np.array(plan.table["country"] == country), HeldOut(data, features, shape, part.test)
        path[mine, -1] = subset_accuracy(test.margins(theta[mine]), test.margins(start[country][None])[0])
    return Steered(theta, np.full(len(theta), config.steps), marks, path)
