"""What tells countries apart: phrases whose presence moves a country's model, or its people, away from the global one.

Over test pairs, D is the country's margin minus the global one, and x is 1 where a phrase is in the chosen answer
alone, -1 where it is in the rejected one alone. What is looked for is b in

    D = a1 * global margin + a2 * difference of log2 length + b * x + e

so that a model that is merely surer, or likes longer answers, has no phrases for that. The length is one more row.
Standard errors come from the sums of whole people (or questions), or of whole prompts where those give larger ones,
held against a t distribution of as few as have the phrase (Cameron and Miller 2015, J. Hum. Resour. 50, 317-372). p is
corrected for false discovery over all phrases and countries (Benjamini and Hochberg 1995, J. R. Stat. Soc. B 57,
289-300); clear is what has q of at most 0.05.

That says what the model does. Whether the country's people do so too is asked of their held-out choices: b again, by
one step of a logistic regression of the choices on the same terms (a score test), in the same unit, log odds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import expit, stdtr

from scpo.data.preferences import Preferences
from scpo.metrics.intervals import ALPHA, FEWEST_UNITS, reach
from scpo.metrics.rewards import Rewards
from scpo.steering.phrases import Presence, by_group, having, numbered, phrases_in
from scpo.steering.taste import AXIS, LENGTH
from scpo.table_rows import rows_of

COLUMNS = ["country", "phrase", "effect", "low", "high", "p", "q", "clear", "people", "people_low", "people_high"]
COLUMNS += ["pairs", "units", "prompts", "planted"]
RIGHT, WRONG, ELSEWHERE = 1, -1, 0  # of an effect in the demo world: the planted tastes have it, its opposite, neither
ALIKE = 0.8  # of the texts of the rarer of two phrases have both: then they are one finding
EXAMPLES, AROUND = 2, 60  # of a phrase, and characters to either side of it
NEWTON_STEPS, CELLS = 8, 4_000_000


@dataclass(frozen=True)
class Effects:
    """Effects of P columns with their standard errors and degrees of freedom, (P,) each; NaN where none can be told."""

    effect: np.ndarray
    error: np.ndarray
    freedom: np.ndarray

    def interval(self) -> tuple[np.ndarray, np.ndarray]:
        """The 95 % interval, NaN with too few groups."""
        half = np.where(self.freedom + 1 >= FEWEST_UNITS, reach(self.freedom + 1) * self.error, np.nan)
        return self.effect - half, self.effect + half

    def p(self) -> np.ndarray:
        """Two-sided, that the effect is 0; 1 where nothing can be told."""
        told = np.nan_to_num(np.abs(self.effect / self.error))
        return np.where(self.freedom + 1 >= FEWEST_UNITS, 2 * stdtr(np.maximum(self.freedom, 1), -told), 1.0)


def effects(
    x: sparse.csc_array, controls: np.ndarray, residual: np.ndarray, weight: np.ndarray, groups: Sequence[np.ndarray]
) -> Effects:
    """Effects of the columns of x (n, P), one at a time, beside controls (n, K): score over information.

    residual   (n,) what the controls leave of the outcome; weight (n,) the information of each pair
    groups     (n,) each; of several groupings the one with the largest error counts
    """
    weighted = controls * weight[:, None]
    cross = (x.T @ weighted).T  # (K, P)
    slope = np.linalg.pinv(controls.T @ weighted) @ cross  # x as the controls explain it
    whole = x.power(2).T @ weight
    left = whole - (slope * cross).sum(0)
    information = np.where(left > 1e-9 * whole, left, np.nan)
    score = x.T @ residual - slope.T @ (controls.T @ residual)
    variance = np.max([_variance(x, slope, controls, residual, group) for group in groups], axis=0)
    error = np.sqrt(variance) / information
    freedom = np.min([having(x, group) for group in groups], axis=0) - 1
    return Effects(score / information, np.where(error > 0, error, np.nan), freedom)


def _variance(
    x: sparse.csc_array, slope: np.ndarray, controls: np.ndarray, residual: np.ndarray, group: np.ndarray
) -> np.ndarray:
    """Variance of each column's score, (P,), from the sums of whole groups."""
    summed = by_group(residual, group)
    count = summed.shape[0]
    of_controls, step = summed @ controls, max(CELLS // count, 1)
    found = np.full(x.shape[1], np.nan)
    for first in range(0, x.shape[1] if count > 1 else 0, step):
        here = slice(first, first + step)
        sums = (summed @ x[:, here]).toarray() - of_controls @ slope[:, here]
        found[here] = sums.var(0, ddof=1) * count
    return found


def false_discovery(p: np.ndarray) -> np.ndarray:
    """q (n,) of p (n,): of all that are at most as large, the share that is expected to be chance."""
    order = np.argsort(p, kind="stable")
    raised = p[order] * len(p) / np.arange(1, len(p) + 1)
    q = np.empty(len(p))
    q[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1)
    return q


def phrase_table(data: Preferences, rewards: Rewards, presence: Presence | None = None) -> pd.DataFrame:
    """Every phrase, and the length, of every country that has rewards, the clearest first; columns as `COLUMNS`.

    effect    how much more the country's model than the global one gives an answer that has the phrase, in log odds,
              mean over seeds; low, high its 95 % interval; clear after the correction
    people    the same of the country's own held-out people, against what the global model expects of them
    pairs, units, prompts   how many have the phrase on one side
    planted   demo world only: RIGHT, WRONG or ELSEWHERE
    """
    presence = presence or Presence.of(data)
    table = _tested(data, rewards, presence)
    table["planted"] = _planted(data, presence, table)
    return table.sort_values(["p", "pairs"], ascending=[True, False], kind="stable", ignore_index=True)[COLUMNS]


def _tested(data: Preferences, rewards: Rewards, presence: Presence) -> pd.DataFrame:
    """All rows, country by country, corrected together."""
    parts = [_of_country(data, rewards, presence, place) for place in range(len(rewards.countries))]
    table = pd.concat(parts, ignore_index=True)
    q = false_discovery(table["p"].to_numpy())
    return table.assign(q=q, clear=q <= ALPHA)


def _of_country(data: Preferences, rewards: Rewards, presence: Presence, place: int) -> pd.DataFrame:
    """One country's rows: the phrases with margin and length held equal, the length with the margin held equal."""
    pairs = data.pairs.iloc[presence.rows]
    chosen, rejected = pairs["chosen"].to_numpy(), pairs["rejected"].to_numpy()
    base, own = rewards.base[place].astype(np.float64), rewards.own[place].mean(0, dtype=np.float64)
    margin = base[chosen] - base[rejected]
    change = own[chosen] - own[rejected] - margin
    here = np.flatnonzero((pairs["country"] == rewards.countries[place]).to_numpy())
    own_groups = [numbered(group[here]) for group in presence.groups]
    both = np.column_stack([margin, presence.length])
    of_length = sparse.csc_array(presence.length[:, None])
    parts = []
    for names, x, controls in ((presence.phrases, presence.x, both), ([LENGTH], of_length, both[:, :1])):
        model = effects(x, controls, *_left_of_change(controls, change), presence.groups)
        people = effects(sparse.csc_array(x[here]), controls[here], *_left_of_choices(controls[here]), own_groups)
        (low, high), (people_low, people_high) = model.interval(), people.interval()
        numbers = {"effect": model.effect, "low": low, "high": high, "p": model.p(), "people": people.effect}
        sizes = dict(zip(("units", "prompts"), (having(x, group) for group in presence.groups), strict=True))
        numbers |= {"people_low": people_low, "people_high": people_high, "pairs": np.diff(x.indptr), **sizes}
        parts.append(pd.DataFrame({"country": rewards.countries[place], "phrase": names, **numbers}))
    return pd.concat(parts, ignore_index=True)


def _left_of_change(controls: np.ndarray, change: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What least squares on the controls leaves of the change, (n,), nothing where it is rounding; and weights of 1."""
    left = change - controls @ np.linalg.lstsq(controls, change)[0]
    near = 1e-5 * np.abs(controls[:, 0]).mean() if len(left) else 0.0
    return np.where(np.abs(left) > near, left, 0.0), np.ones(len(change))


def _left_of_choices(controls: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a logistic regression on the controls leaves of choices, all of the first answer, (n,), and the information
    of each. It starts from the global model's own margins, and has a little ridge, so that it ends."""
    slope = np.eye(1, controls.shape[1])[0]
    for _ in range(NEWTON_STEPS):
        p = expit(controls @ slope)
        curve = (controls * (p * (1 - p))[:, None]).T @ controls + 1e-3 * np.eye(len(slope))
        slope = slope + np.linalg.solve(curve, controls.T @ (1 - p) - 1e-3 * slope)
    p = expit(controls @ slope)
    return 1 - p, p * (1 - p)


def _planted(data: Preferences, presence: Presence, table: pd.DataFrame) -> np.ndarray:
    """What the planted tastes say of each row, (rows,): RIGHT, WRONG or ELSEWHERE; NaN if nobody knows them.

    The planted tastes are put in the place of the models, on the same pairs: their effects are the true ones.
    """
    if data.truth is None:
        return np.full(len(table), np.nan)
    levels = data.texts[[AXIS + name for name in data.truth.columns]].to_numpy(np.float64)
    of_reference = levels @ data.truth.loc[data.card.reference[0]].to_numpy()
    countries = tuple(table["country"].unique())
    own = np.stack([levels @ data.truth.loc[country].to_numpy() for country in countries])
    truth = _tested(data, Rewards(countries, np.tile(of_reference, (len(countries), 1)), own[:, None]), presence)
    sign = np.sign(truth["effect"]).where(truth["clear"], ELSEWHERE)
    return (sign * np.sign(table["effect"])).to_numpy() + 0.0  # which makes -0.0 a 0.0


def findings(table: pd.DataFrame, presence: Presence) -> pd.DataFrame:
    """The clear rows of `phrase_table`, the largest effect first; of phrases of a country that mostly stand in the same
    answers and move its model the same way, only the one that moves it most."""
    clear = table[table["clear"]].sort_values("effect", key=np.abs, ascending=False, kind="stable")
    ends, place = presence.has.indptr, {phrase: at for at, phrase in enumerate(presence.phrases)}
    taken: dict[tuple[str, bool], list[set[int]]] = {}
    kept = []
    for row in rows_of(clear):
        at, others = place.get(row.phrase), taken.setdefault((row.country, row.effect > 0), [])
        mine = set() if at is None else set(presence.has.indices[ends[at] : ends[at + 1]].tolist())
        kept.append(not any(len(mine & other) >= ALIKE * min(len(mine), len(other)) for other in others if mine))
        if kept[-1] and mine:
            others.append(mine)
    return clear[np.array(kept, bool)].reset_index(drop=True)


def in_context(data: Preferences, rewards: Rewards, presence: Presence, country: str, phrase: str) -> list[str]:
    """Parts of `EXAMPLES` answers to different prompts that have the phrase, « and » around it; none for the length.

    They are of the pairs in which the country's model goes furthest from the global one the way the phrase moves it.
    """
    if phrase not in presence.phrases:
        return []
    column, place = presence.x[:, [presence.phrases.index(phrase)]], rewards.countries.index(country)
    pairs = data.pairs.iloc[presence.rows[column.indices]]
    chosen, rejected = pairs["chosen"].to_numpy(), pairs["rejected"].to_numpy()
    change = rewards.own[place].mean(0) - rewards.base[place]
    moved = column.data * (change[chosen] - change[rejected])
    has = np.where(column.data > 0, chosen, rejected)[np.argsort(-moved * np.sign(moved.sum()), kind="stable")]
    found: dict[str, str] = {}
    for prompt, response in zip(data.texts["prompt"].iloc[has], data.texts["response"].iloc[has], strict=True):
        begin, end = next((begin, end) for said, begin, end in phrases_in(response) if said == phrase)
        found.setdefault(prompt, _around(response, begin, end))
        if len(found) == EXAMPLES:
            break
    return list(found.values())


def told_phrases(data: Preferences, rewards: Rewards) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every phrase that was tested, as `phrase_table` has them, and the findings among them with their examples."""
    presence = Presence.of(data)
    table = phrase_table(data, rewards, presence)
    return table, with_examples(data, rewards, presence, findings(table, presence))


def with_examples(data: Preferences, rewards: Rewards, presence: Presence, found: pd.DataFrame) -> pd.DataFrame:
    """The rows with columns `example_1` and so on: the phrase in context, "" where there is none."""
    each = [in_context(data, rewards, presence, row.country, row.phrase) for row in rows_of(found)]
    columns = {f"example_{at + 1}": [texts[at] if at < len(texts) else "" for texts in each] for at in range(EXAMPLES)}
    return found.assign(**columns)


def _around(text: str, begin: int, end: int) -> str:
    """A phrase with what stands around it, on one line."""
    before, after = text[max(begin - AROUND, 0) : begin], text[end : end + AROUND]
    if begin > AROUND:
        before = f"… {before.split(maxsplit=1)[-1]}"
    if end + AROUND < len(text):
        after = f"{after.rsplit(maxsplit=1)[0]} …"
    return " ".join(f"{before}«{text[begin:end]}»{after}".split())
