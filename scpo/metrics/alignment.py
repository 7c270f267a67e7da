"""Opinion alignment: how close a model comes to a country's answers, its rewards read as shares of the options.

A question's rewards become shares by softmax(reward / T). T is chosen per model on the country's validation questions
and held fixed on its test questions. The measure is 1 - Jensen-Shannon distance (base 2), that of GlobalOpinionQA
(arXiv 2306.16388, section 2.3). Beside the models stand three that need none: every option alike, the average of what
all countries answered, and that of all other countries; the former knows the country's own answers, as no model does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import softmax

from scpo.errors import InputError
from scpo.grouping import AVERAGE, OTHERS
from scpo.metrics.accuracy import FULL, MEAN, nan_mean
from scpo.metrics.intervals import fewest_units, interval
from scpo.metrics.outcomes import fold_variance, ratio

UNIFORM = "every option alike"
BASELINES = (UNIFORM, AVERAGE, OTHERS)
TEMPERATURES = np.geomspace(0.02, 50, 60)  # in units of reward
COLUMNS = ["country", "method", "alignment", "low", "high", "gain", "gain_low", "gain_high", "temperature", "questions"]


def opinion_alignment(p: np.ndarray, q: np.ndarray) -> float:
    """1 - Jensen-Shannon distance (base 2) of two distributions (options,), in [0, 1]; 1 = the same.

    Raises `InputError` unless both are distributions over the same options.
    """
    p, q = np.asarray(p, np.float64), np.asarray(q, np.float64)
    for one in (p, q):
        if one.shape != p.shape or one.ndim != 1 or not (one >= 0).all() or not np.isclose(one.sum(), 1, atol=1e-4):
            raise InputError(
                f"shares {p.tolist()} and {q.tolist()} are not two distributions over the same options: each needs a "
                "share of at least 0 per option, summing to 1."
            )
    return float(_alignment(p, q))


def _alignment(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """1 - Jensen-Shannon distance over the last axis; shares need not sum to 1."""
    from scipy.spatial.distance import jensenshannon  # slow to load, and only surveys need it

    with np.errstate(invalid="ignore"):  # of equal shares the divergence may be a rounding error below 0
        return 1.0 - np.clip(np.nan_to_num(jensenshannon(p, q, base=2, axis=-1)), 0, 1)


@dataclass(frozen=True)
class Answers:
    """What one country answered to Q questions of at most O options.

    unit (Q,) numbers of the questions; text (Q, O) rows of the text table, -1 past a question's last option;
    share (Q, O) summing to 1
    """

    unit: np.ndarray
    text: np.ndarray
    share: np.ndarray

    def spread(self, values: np.ndarray, texts: np.ndarray) -> np.ndarray:
        """Values (..., t) of sorted texts (t,) laid out as (..., Q, O); -inf where there is no option."""
        there = self.text >= 0
        place = np.searchsorted(texts, np.where(there, self.text, texts[0]))
        return np.where(there, values[..., place], -np.inf)

    def texts(self) -> np.ndarray:
        """All texts, sorted."""
        return np.unique(self.text[self.text >= 0])


def answers_of(pairs: pd.DataFrame) -> Answers:
    """The answers behind pairs of options: columns chosen, rejected (text rows), unit, score_chosen, score_rejected.

    An option that differs from no other by enough to make a pair is not in it.
    """
    sides = [
        pairs[["unit", side, f"score_{side}"]].set_axis(["unit", "text", "share"], axis=1)
        for side in ("chosen", "rejected")
    ]
    options = pd.concat(sides).drop_duplicates(["unit", "text"]).sort_values(["unit", "text"])
    units, row = np.unique(options["unit"].to_numpy(), return_inverse=True)
    place = options.groupby("unit").cumcount().to_numpy()
    text = np.full((len(units), place.max(initial=0) + 1), -1, np.int64)
    share = np.zeros(text.shape)
    text[row, place], share[row, place] = options["text"], options["share"]
    total = share.sum(1, keepdims=True)
    return Answers(units, text, np.divide(share, total, out=share, where=total > 0))


def predicted(answers: Answers, texts: np.ndarray, rewards: np.ndarray, temperature: np.ndarray) -> np.ndarray:
    """softmax(reward / T) over the options: rewards (K, t) of sorted texts (t,), T (K,) -> shares (K, Q, O)."""
    laid = answers.spread(np.asarray(rewards, np.float64), texts)
    return softmax(laid / temperature[:, None, None], axis=-1)


def fit_temperature(answers: Answers, texts: np.ndarray, rewards: np.ndarray) -> np.ndarray:
    """The temperature of K models that brings them nearest to the answers on average, (K,), of TEMPERATURES."""
    if not len(answers.unit):
        return np.ones(len(rewards))
    k = len(rewards)
    fit = [_alignment(predicted(answers, texts, rewards, np.full(k, t)), answers.share).mean(-1) for t in TEMPERATURES]
    return TEMPERATURES[np.argmax(fit, axis=0)]


def average_answers(mine: Answers, countries: Iterable[Answers]) -> np.ndarray:
    """Mean share that countries gave to each option of the questions of `mine`, (Q, O); NaN if nobody did."""
    total, count = np.zeros(mine.share.shape), np.zeros(mine.share.shape)
    for other in countries:
        known = pd.Series(other.share[other.text >= 0], index=other.text[other.text >= 0])
        found = known.reindex(mine.text.ravel()).to_numpy().reshape(mine.text.shape)
        here = ~np.isnan(found) & (mine.text >= 0)
        total[here] += found[here]
        count[here] += 1
    mean = ratio(total, count)
    mean[(mine.text >= 0).sum(1) == 0] = np.nan
    mean[mine.text < 0] = 0
    return mean


@dataclass(frozen=True)
class Aligned:
    """Alignment of some models with one country: values (K, Q) per test question, temperature (K,) (NaN = none)."""

    unit: np.ndarray
    methods: list[str]
    values: np.ndarray
    temperature: np.ndarray


def align(
    test: Answers,
    validation: Answers,
    averages: tuple[np.ndarray, np.ndarray],
    methods: list[str],
    on_test: np.ndarray,
    on_validation: np.ndarray,
) -> Aligned:
    """Alignment of K models by their rewards of the sorted texts of both splits, (K, t) and (K, v); and of the three
    baselines without a model. averages: (Q, O) each, of all countries and of all others, as of `average_answers`."""
    temperature = fit_temperature(validation, validation.texts(), on_validation)
    shares = predicted(test, test.texts(), on_test, temperature)
    alike = np.where(test.text >= 0, 1.0, 0.0)
    rows = [_alignment(shares, test.share), _alignment(alike, test.share)[None]]
    for average in averages:
        known = ~np.isnan(average).any(-1)
        rows.append(np.where(known, _alignment(np.nan_to_num(average), test.share), np.nan)[None])
    return Aligned(test.unit, [*methods, *BASELINES], np.vstack(rows), np.append(temperature, [np.nan] * 3))


def alignment_table(aligned: dict[str, Aligned], drawn: dict[str, np.ndarray], folds: int = 0) -> pd.DataFrame:
    """One row per country (and their mean) and method: alignment, its gain over `global` on the same questions.

    drawn   country -> (R, Q) how often each resample draws each test question
    folds   of how many the figures are, 0 = none
    Seeds of a method are averaged. Columns as COLUMNS; temperature is the mean over seeds.
    """
    names = list(dict.fromkeys(m for a in aligned.values() for m in a.methods))
    found = {}
    for country, a in aligned.items():
        for name in names:
            at = np.flatnonzero(np.array(a.methods) == name)
            per_question = a.values[at].mean(0)
            known = ~np.isnan(per_question)
            value = per_question[known].mean() if known.any() else np.nan
            draws = _means(drawn[country], per_question)
            gain = per_question - a.values[a.methods.index("global")]
            ahead = gain[known].mean() if known.any() else np.nan
            found[country, name] = (
                value,
                draws,
                ahead,
                _means(drawn[country], gain),
                a.temperature[at].mean(),
                a.unit[known],
            )
    rows, fewest = [], fewest_units(folds)[FULL]
    for country in [MEAN, *aligned]:

        def of(name: str, country: str = country):
            if country != MEAN:
                return found[country, name]
            parts = [found[c, name] for c in aligned]
            return *(nan_mean([np.asarray(p[at]) for p in parts]) for at in range(5)), np.concatenate(
                [p[5] for p in parts]
            )

        for name in names:
            value, draws, gain, gain_draws, temperature, units = of(name)
            questions = len(np.unique(units))
            both = np.stack([draws, gain_draws])
            low, high = interval(both, questions, questions / fold_variance(folds) ** 0.5, fewest=fewest)
            numbers = value, low[0], high[0], gain, low[1], high[1], temperature
            rows.append((country, name, *map(float, numbers), questions))
    return pd.DataFrame(rows, columns=COLUMNS)


def _means(drawn: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Mean of values (Q,) in each resample (R, Q) over the questions that are drawn and not NaN, (R,)."""
    return ratio(drawn @ np.nan_to_num(values), drawn @ (~np.isnan(values)).astype(np.float64))
