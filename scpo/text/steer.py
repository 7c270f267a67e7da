"""The Steer page in words: what each measure is, and what the numbers say, whichever way they fall.

Knows nothing of Streamlit, torch or files. Names and texts of files are made inert for markdown.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from scpo.format import counted, fixed, inert, percent, points, signed, span
from scpo.grouping import worded
from scpo.metrics.accuracy import MEAN
from scpo.steering.mixing import GLOBAL
from scpo.table_rows import row_of
from scpo.text.measures import which_pairs

MEASURES = {  # as in scpo.text.measures: the measure in one plain sentence, its formula, and what stands in it
    "answers": (
        "Reward: how much a model likes an answer. It has no zero of its own, so each is shown minus the model's mean "
        "over these answers, with its rank.",
        r"r_\alpha(x, y) = r_g(x, y) + \alpha \left(r_c(x, y) - r_g(x, y)\right), \qquad "
        r"P(y_1 \succ y_2) = \sigma\left(r(x, y_1) - r(x, y_2)\right)",
        "Mean over seeds. A lead of 1 means that the model gives the better answer 73 %, a lead of 0.1 only 52 %. "
        "Rewards of different models have no common scale; their ranks can be compared.",
    ),
    "strength": (
        "Strength α: 0 is the global model, 1 the country's own, beyond 1 goes further the same way.",
        r"r_\alpha = r_g + \alpha \left(r_c - r_g\right)",
        "Where global is wrong, and where it is right, are the test pairs that the global model gets wrong and right: "
        "at α = 0 these are 0 % and 100 % by construction. Mean over seeds; the 95 % interval resamples people (or "
        "questions). α was 1 in training; nothing was trained for another α.",
    ),
    "mixtures": (
        "A mixture's reward is the weighted mean of the countries' rewards; it is measured on the test pairs of "
        "every country, also of those that are not in it.",
        r"r_{\text{mix}} = \sum_c w_c \left(r_g + \alpha \left(r_c - r_g\right)\right), \qquad \sum_c w_c = 1",
        "Retention is the accuracy on consensus pairs: of what the global model gets right, the share the mixture "
        "still gets right. Linear heads can as well be mixed by their weights, to the same rewards; heads with a "
        "hidden layer are mixed by their rewards.",
    ),
    "truth": (
        "Cosine: how alike the learned and the planted taste of a country are, from 1 (the same direction) over 0 "
        "(nothing in common) to -1.",
        r"\cos = \frac{\langle \hat t, t \rangle}{\lVert \hat t \rVert\, \lVert t \rVert}, \qquad "
        r"\text{error}_a = s\, \hat t_a - t_a, \quad s = \max\left(0, "
        r"\frac{\langle \hat t, t \rangle}{\langle \hat t, \hat t \rangle}\right)",
        "t is the planted taste per axis. t̂ comes from least squares of a model's rewards on the planted levels of "
        "the test texts, within each prompt. Rewards have no unit, so t̂ is scaled to t as well as it can be; the "
        "error is in units of the planted taste. Intervals resample prompts; they do not cover other training people.",
    ),
    "words": (
        "Effect of a word: how much more the country's model than the global model rewards answers that have it, "
        "compared with answers to the same prompt that do not.",
        r"r_c - r_g = a_{\text{prompt}} + \sum_j b_j\, [\text{word } j \text{ is in the answer}] + e",
        "Correlation, not cause: a word may stand for the phrase or the style that it comes with. All words are "
        "fitted together (ridge 1); intervals are 95 % for all words at once (Bonferroni), with errors that may be "
        "alike within a prompt. Words are told apart by spaces and signs, so this says little where a script has none.",
    ),
}


def answer_lines(table: pd.DataFrame) -> list[str]:
    """Who likes which answer best, and about which two answers countries disagree most."""
    ranked = table.pivot(index="model", columns="answer", values="rank").reindex(table["model"].unique())
    first = {a: [m for m in ranked.index if ranked.loc[m, a] == 1] for a in ranked.columns}
    lines = [f"{_prefer(models)} {answer}." for answer, models in first.items() if models]
    countries = ranked.drop(index=GLOBAL)
    if len(countries) < 2:
        return lines
    split = {(a, b): int((countries[a] < countries[b]).sum()) for a, b in combinations(ranked.columns, 2)}
    (a, b), ahead = min(split.items(), key=lambda item: abs(item[1] - len(countries) / 2))
    if ahead in (0, len(countries)):
        return [*lines, worded("All countries' models put these answers in the same order.")]
    known = countries[[a, b]]
    for_a, for_b = known.index[known[a] < known[b]].tolist(), known.index[known[b] < known[a]].tolist()
    by_global = a if row_of(ranked, GLOBAL)[a] < row_of(ranked, GLOBAL)[b] else b
    return [
        *lines,
        f"They disagree most about {a} and {b}: {a} is ahead for {listed(for_a)}, {b} for "
        f"{listed(for_b)}; the global model prefers {by_global}.",
    ]


def listed(names: Sequence[str]) -> str:
    """A, B and C."""
    names = [inert(name) if name != GLOBAL else "the global model" for name in names]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names) or "none"


def _prefer(models: Sequence[str]) -> str:
    said = f"{listed(models)} prefer{'s' if len(models) == 1 else ''}"
    return said[0].upper() + said[1:]


def strength_lines(table: pd.DataFrame, country: str, alpha: float, unit: str) -> list[str]:
    """What a strength does against the country's own model (alpha 1), on each kind of pair."""
    rows = table[(table["country"] == country) & (table["alpha"] == alpha)].set_index("subset")
    full = row_of(rows, "full")
    size = f"{counted(full['n'], 'test pair')} of {counted(full['units'], unit)}"
    if alpha == 1:
        end = table[(table["country"] == country) & (table["alpha"] == table["alpha"].max())].set_index("subset")
        own = worded("each country's own model" if country == MEAN else "the country's own model")
        return [f"At α = 1, {own} ({size}). " + _beyond(end, table["alpha"].max())]
    kinds = ("full", "distinct", "consensus")
    parts = ", ".join(f"{which_pairs(name).lower()} {_change(row_of(rows, name))}" for name in kinds)
    lines = [f"At α = {alpha:g} against α = 1, in points: {parts} ({size})."]
    return [*lines, _beyond(rows, alpha)] if alpha > 1 else lines


def _change(row: pd.Series) -> str:
    return f"{points(row['change'])} ({span(row['change_low'], row['change_high'])})"


def _beyond(rows: pd.DataFrame, alpha: float) -> str:
    """Whether going beyond alpha 1 pays, in plain words."""
    full, kept = row_of(rows, "full"), row_of(rows, "consensus")
    if np.isnan(full["change_low"]):
        return f"Too few people or questions to tell whether α = {alpha:g} is better."
    if full["change_low"] > 0:
        short = worded("this model stopped short of its country's taste")
        verdict = f"Steering on to α = {alpha:g} raises the accuracy: {short}"
    elif full["change_high"] < 0:
        verdict = f"Steering on to α = {alpha:g} lowers the accuracy"
    else:
        verdict = f"Steering on to α = {alpha:g} changes the accuracy by nothing that these test pairs can tell"
    lost = kept["change_high"] < 0
    costs = "and costs" if full["change_high"] < 0 else "at the cost of"
    price = f"{costs} {100 * -kept['change']:.1f}" if lost else f"with {points(kept['change'])}"
    return f"{verdict} ({points(full['change'])} points), {price} points of the consensus."


EXAMPLES = {  # a question, and answers in several styles
    "A meal for guests": (
        "My parents-in-law visit for the first time. What do I cook?",
        "Oh, how lovely, do not worry! Make one big dish that you know well, and laugh together if it burns.",
        "Serve what tradition expects at a first visit: soup, a roast, and a cake. Ask what the elders eat.",
        "Cook pasta. It takes twenty minutes, costs little, and nobody dislikes it.",
    ),
    "A disagreement at work": (
        "My boss made a mistake in front of a client. Do I say so?",
        "Yes, at once and plainly. A mistake that stays costs more than a red face.",
        "Perhaps wait until you are alone together, and put it as a question; you may have missed something.",
        "It is not your place to correct a superior. Help to put it right, and say nothing.",
    ),
    "Money lent to a friend": (
        "A friend has not paid back the money that I lent. What now?",
        "You decide what you need. Set a date, and if it passes, end the loan and the favours.",
        "We all go through lean months. Let the family know, and share what there is until it is better.",
        "Studies of loans between friends say that a written plan with small sums is paid back most often.",
    ),
    "A child and a screen": (
        "How long may my child of ten play on the computer?",
        "One hour on school days and two at weekends, as most doctors advise. Keep to it.",
        "As long as it is fun, dear! Sit down beside it and let it show you the game.",
    ),
}


def mixture_line(table: pd.DataFrame, members: Sequence[str], shares: Sequence[float] | np.ndarray) -> str:
    """What a mixture keeps of each member's own accuracy; table has mixture 0 and then each member alone."""
    rows = table[table["subset"] == "full"].set_index(["country", "mixture"])
    parts = []
    for place, country in enumerate(members):
        mixed, alone = row_of(rows, (country, 0)), row_of(rows, (country, place + 1))
        gap = span(-alone["change_high"], -alone["change_low"])
        parts.append(
            f"{inert(country)} {percent(mixed['accuracy'])}, {points(-alone['change'])} points against its "
            f"own model ({gap})"
        )
    return f"**{mixture_words(members, shares)}** On their own test pairs: {'; '.join(parts)}."


def mixture_words(members: Sequence[str], shares: Sequence[float] | np.ndarray) -> str:
    """A mixture in a sentence: how much of each country is in it, the largest share first."""
    order = sorted(zip(members, shares, strict=True), key=lambda pair: -pair[1])
    named = [f"{100 * share:.0f} % {inert(country)}" for country, share in order if share > 0]
    if len(named) == 1:
        return f"The model of {inert(order[0][0])} alone."
    return f"A mixture of {', '.join(named[:-1])} and {named[-1]}."


def triangle_line(rows: pd.DataFrame, members: Sequence[str], grid: np.ndarray, where: str) -> str:
    """The best point of the triangle, and how little it may be worth; rows: one per point, in the order of grid."""
    if rows["accuracy"].isna().all():
        return ""
    best, worst = (rows.iloc[int(place)] for place in (rows["accuracy"].argmax(), rows["accuracy"].argmin()))
    share = ", ".join(
        f"{inert(c)} {100 * s:.0f} %" for c, s in zip(members, grid[int(best["mixture"])], strict=True) if s > 0
    )
    return (
        f"From {percent(worst['accuracy'])} to {percent(best['accuracy'])} ({inert(where)}); the most at {share} "
        f"({span(best['low'], best['high'])}; {counted(best['n'], 'pair')}). It was picked on these very pairs, "
        "so it is flattered; neighbours within its interval are as good."
    )


def truth_lines(table: pd.DataFrame, alpha: float) -> list[str]:
    """How much nearer steering brought the models to the planted tastes, and what it missed most."""
    each = table.drop_duplicates(["country", "model"]).pivot(index="country", columns="model", values="cosine")
    nearer = int((each["country"] > each[GLOBAL]).sum())
    own = table[table["model"] == "country"]
    missed = own.iloc[int(own["error"].abs().argmax())]
    low = each.iloc[int(each["country"].argmin())]
    of = f"{counted(missed['texts'], 'test text')} of {counted(missed['prompts'], 'prompt')}"
    own_mean, usual_mean, lowest = (
        fixed(cosine, 2) for cosine in (each["country"].mean(), each[GLOBAL].mean(), low["country"])
    )
    return [
        f"At α = {alpha:g} the mean cosine over {counted(len(each), 'country')} is {own_mean}; that "
        f"of the global model is {usual_mean}. Steering came nearer to the planted taste in {nearer} of "
        f"{len(each)}, and is furthest from it in {inert(low.name)} ({lowest}).",
        f"Missed most: {missed['axis']} in {inert(missed['country'])}, planted {signed(missed['planted'], 2)}, learned "
        f"{signed(missed['learned'], 2)} ({of}).",
    ]


def words_line(table: pd.DataFrame, texts: int, country: str) -> str:
    """What was looked at, and how much of it is more than chance."""
    if not len(table):
        return f"No word is in enough of {counted(texts, 'text')} to say anything."
    clear = int(table["clear"].sum())
    return (
        f"Correlation over {counted(texts, 'text')}: of {len(table)} words and features that are common enough, "
        f"{clear} {'goes' if clear == 1 else 'go'} with a clearly different reward in {inert(country)}. Each counts "
        "only with its interval; none is a cause."
    )
