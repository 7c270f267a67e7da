"""A class as one more population: whom its votes are like, and its own head, pulled to the global model by ridge.

The head is where

    mean over the votes of -log sigmoid(margin)  +  (lambda / 2) |theta - theta_global|^2

is least, as in the method `ridge`. The minimum lies in the span of the pairs' feature differences d_i, so with
theta = theta_global + sum a_i d_i and K = d d^T the margins are m = m_global + K a, and the minimum is where
lambda a = -dL/dm (the representer theorem; Kimeldorf and Wahba 1971, J. Math. Anal. Appl. 33). Newton finds it.

Voters are resampled whole, and folds are of whole voters: the votes of one person are alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from scpo.methods import PULLS
from scpo.metrics.intervals import accuracy_draws, interval, resample_units
from scpo.metrics.outcomes import Outcomes, count_outcomes, subset_metrics
from scpo.rooms.questions import Questions

GLOBAL, OWN = "global", "class"  # names of the models that are no country's
FOLDS, INNER = 5, 4  # of voters: to measure the class's head, and within these to choose its pull
FEWEST_FOR_HEAD = 5  # voters
FEWEST_FOR_HALVES = 4
SPLITS, DRAWS, STEPS = 400, 200, 12
ITERATIONS, HALVINGS, EXACT = 50, 20, 1e-9


@dataclass(frozen=True)
class ClassPopulation:
    """What the votes of a class say.

    voters, votes   how many
    served    per model (`global`, the countries', `class`): accuracy on the votes with low and high; difference from
              the global model with its low and high; n, units. The class's head is asked on voters it has not seen.
    nearest   per country: share of resamples in which its model is ahead of the other countries'; similarity, the
              cosine of its shift from the global model with the class's, as far as these pairs show
    halves    per comparison: of how many pairs two random halves of the class prefer the same answer, and a half and
              a model: mean, low, high over the splits
    path      the class's head after so many voters, against each country: voters, country, similarity with low and
              high, length of its shift (1 = the countries' mean shift)
    """

    voters: int
    votes: int
    served: pd.DataFrame
    nearest: pd.DataFrame
    halves: pd.DataFrame
    path: pd.DataFrame


def class_population(questions: Questions, votes: pd.DataFrame) -> ClassPopulation:
    """The class from its votes: voter (any labels, in the order in which they came), pair (int), left (bool)."""
    voter = pd.factorize(votes["voter"])[0]
    left = np.zeros((int(voter.max(initial=-1)) + 1, len(questions)))
    right = left.copy()
    for side, chosen in ((left, votes["left"]), (right, ~votes["left"])):
        np.add.at(side, (voter[chosen], votes["pair"].to_numpy()[chosen]), 1)
    served, nearest = _served(questions, left, right)
    pull = chosen_pull(questions, left, right) if len(left) >= FEWEST_FOR_HEAD else np.inf
    path = _path(questions, left, right, pull)
    nearest["similarity"] = path["similarity"].to_numpy()[-len(questions.countries) :]
    halves = _halves(questions, left, right, nearest_country(served, nearest))
    return ClassPopulation(len(left), len(votes), served, nearest, halves, path)


def nearest_country(served: pd.DataFrame, nearest: pd.DataFrame) -> str:
    """The country whose model is right about most of the votes."""
    return str(served[served["model"].isin(nearest["country"])].set_index("model")["accuracy"].idxmax())


def fitted(questions: Questions, left: np.ndarray, right: np.ndarray, pull: np.ndarray) -> np.ndarray:
    """Heads as weights a of the pairs, (B, n): left, right (B, n) votes for either answer, pull (B,) lambda.

    An infinite pull is the global model, a = 0; so is a head without votes.
    """
    weights = np.zeros(left.shape)
    total = left.sum(1) + right.sum(1)
    moved = np.isfinite(pull) & (total > 0)
    if not moved.any():
        return weights
    left, right = (side[moved] / total[moved, None] for side in (left, right))
    gram, base, pull = questions.gram, questions.base, pull[moved, None]

    def cost(a: np.ndarray) -> np.ndarray:
        shift = a @ gram
        m = base + shift
        loss = left * np.logaddexp(0, -m) + right * np.logaddexp(0, m)
        return loss.sum(1) + (pull / 2 * a * shift).sum(1)

    a = weights[moved]
    now = cost(a)
    for _ in range(ITERATIONS):
        p = expit(base + a @ gram)
        residual = (left + right) * p - left + pull * a
        if np.abs(residual).max() < EXACT:
            break
        curve = ((left + right) * p * (1 - p))[:, :, None] * gram + pull[:, :, None] * np.eye(len(gram))
        step = np.linalg.solve(curve, residual[:, :, None])[:, :, 0]
        for _ in range(HALVINGS):
            then = cost(a - step)
            worse = then > now + 1e-12
            if not worse.any():
                break
            step[worse] /= 2
        a, now = a - step, cost(a - step)
    weights[moved] = a
    return weights


def chosen_pull(questions: Questions, left: np.ndarray, right: np.ndarray) -> float:
    """Of `PULLS` the one under which heads predict voters best that they have not seen; of equals the stronger.

    left, right (V, n): what each voter chose. By accuracy, then by the lower loss, as steps of training are chosen.
    """
    fold = np.arange(len(left)) % min(INNER, len(left))
    unseen = np.zeros((len(PULLS), *left.shape))
    for f in np.unique(fold):
        seen = fold != f
        pulls = np.array(PULLS)
        all_left, all_right = (np.tile(side[seen].sum(0), (len(pulls), 1)) for side in (left, right))
        unseen[:, ~seen] = _margins(questions, fitted(questions, all_left, all_right, pulls))[:, None]
    scores = [subset_metrics(_as_chosen(margins, left, right), None).get("score", 0.0) for margins in unseen]
    return PULLS[int(np.argmax(scores))]


def _margins(questions: Questions, weights: np.ndarray) -> np.ndarray:
    return questions.base + weights @ questions.gram


def _as_chosen(margins: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Margins (V, n) of left over right -> those of the chosen answers over the others, one per vote."""
    return np.concatenate([margins[left > 0], -margins[right > 0]])


def _unseen(questions: Questions, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Margins (V, n) by heads of the class that have not seen the voter, nor chosen their pull by them."""
    margins = np.full(left.shape, np.nan)
    fold = np.arange(len(left)) % FOLDS
    for f in range(FOLDS):
        chose_left, chose_right = left[fold != f], right[fold != f]
        pull = np.array([chosen_pull(questions, chose_left, chose_right)])
        weights = fitted(questions, chose_left.sum(0)[None], chose_right.sum(0)[None], pull)
        margins[fold == f] = _margins(questions, weights)
    return margins


def _served(questions: Questions, left: np.ndarray, right: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table `served`, and the table `nearest` without similarity."""
    names, models = [GLOBAL, *questions.countries], np.vstack([questions.base, questions.own])
    margins = np.repeat(models[:, None], len(left), axis=1)
    if len(left) >= FEWEST_FOR_HEAD:
        names, margins = [*names, OWN], np.concatenate([margins, _unseen(questions, left, right)[None]])
    outcomes = _outcomes(margins, left, right)
    drawn = resample_units([outcomes], shared=False)[0]
    value, draws = outcomes.accuracy()[:, 0], accuracy_draws(outcomes, drawn)[:, 0]
    units, effective = len(outcomes.units), outcomes.effective()[0]
    low, high = interval(draws, units, effective)
    change_low, change_high = interval(draws - draws[0], units, effective)
    served = pd.DataFrame({"model": names, "accuracy": value, "low": low, "high": high, "difference": value - value[0]})
    served = served.assign(change_low=change_low, change_high=change_high, n=int(left.sum() + right.sum()), units=units)
    of_countries = draws[1 : 1 + len(questions.countries)]
    ahead = of_countries == of_countries.max(0)
    return served, pd.DataFrame({"country": questions.countries, "share": (ahead / ahead.sum(0)).mean(1)})


def _outcomes(margins: np.ndarray, left: np.ndarray, right: np.ndarray) -> Outcomes:
    """What models (H, V, n) say on the votes, counted per voter."""
    heads = pd.DataFrame({"method": np.arange(len(margins))})
    signed = np.stack([_as_chosen(m, left, right) for m in margins])
    voter = np.concatenate([np.nonzero(left > 0)[0], np.nonzero(right > 0)[0]])
    return count_outcomes("class", heads, signed, signed[0], voter)


def _similarity(questions: Questions, heads: np.ndarray) -> np.ndarray:
    """Cosine of heads' shifts (B, n) with each country's, as far as the pairs show it, (C, B); NaN: no shift."""
    shifts = questions.own - questions.base
    size = np.sqrt(np.outer(np.diag(_shift_products(questions)), _squares(questions, heads)))
    return np.divide(shifts @ heads.T, size, out=np.full(size.shape, np.nan), where=size > 1e-12)


def _squares(questions: Questions, heads: np.ndarray) -> np.ndarray:
    """|theta - theta_global|^2 of heads (B, n), (B,)."""
    return np.maximum(np.einsum("bi,ij,bj->b", heads, questions.gram, heads), 0)


def _shift_products(questions: Questions) -> np.ndarray:
    """Inner products (C, C) of the countries' shifts from the global model, projected to the span of the pairs."""
    shifts = questions.own - questions.base
    return shifts @ np.linalg.pinv(questions.gram, rcond=1e-6, hermitian=True) @ shifts.T


def _path(questions: Questions, left: np.ndarray, right: np.ndarray, pull: float) -> pd.DataFrame:
    """The table `path`: the class's head after the first voters, then after more, each with resamples of these."""
    steps = np.unique(np.linspace(1, len(left), min(STEPS, len(left))).round().astype(int))
    usual = np.sqrt(np.diag(_shift_products(questions))).mean()
    frames = []
    for voters in steps:
        drawn = np.random.default_rng(0).multinomial(max(voters - 1, 1), np.full(voters, 1 / voters), DRAWS)
        times = np.vstack([np.ones(voters), drawn])
        heads = fitted(questions, times @ left[:voters], times @ right[:voters], np.full(len(times), pull))
        similarity = _similarity(questions, heads)
        low, high = interval(similarity[:, 1:], voters, voters, skewed=False)
        row = {"country": questions.countries, "similarity": similarity[:, 0], "low": low, "high": high}
        length = float(np.sqrt(_squares(questions, heads[:1]))[0] / usual) if usual > 0 else np.nan
        frames.append(pd.DataFrame(row).assign(voters=voters, length=length))
    return pd.concat(frames, ignore_index=True)


def _halves(questions: Questions, left: np.ndarray, right: np.ndarray, country: str) -> pd.DataFrame:
    """Of how many pairs the majorities of two random halves agree, and those of a half and of models; ties count half.

    A model is compared with halves too, so that each comparison has the same noise. Columns with, mean, low, high.
    """
    columns = ["with", "mean", "low", "high"]
    if len(left) < FEWEST_FOR_HALVES:
        return pd.DataFrame(columns=columns)
    rng, lead = np.random.default_rng(0), left - right
    order = rng.permuted(np.tile(np.arange(len(left)), (SPLITS, 1)), axis=1)
    half = np.zeros((SPLITS, len(left)))
    np.put_along_axis(half, order[:, : len(left) // 2], 1.0, axis=1)
    one, other = np.sign(half @ lead), np.sign((1 - half) @ lead)
    own = questions.own[questions.countries.index(country)]
    rows = []
    for name, theirs in (("half", other), (GLOBAL, np.sign(questions.base)), (country, np.sign(own))):
        same = ((1 + one * theirs) / 2).sum(1)
        rows.append((name, same.mean(), *np.quantile(same, (0.025, 0.975))))
    return pd.DataFrame(rows, columns=columns)
