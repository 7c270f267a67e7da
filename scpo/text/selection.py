"""What the Filter and weight page shows of a run's margins: frames, example pairs, words. Knows nothing of Streamlit.

The numbers come from `scpo.metrics.filtering`, the method from `scpo.selection`.
"""

from __future__ import annotations

import numpy as np

from scpo.format import NONE, inert, percent, points
from scpo.grouping import called
from scpo.metrics.filtering import Chosen, Margins, nearest

TARGETS = (0.0, 0.25, 0.5, 0.75, 1.0)  # the filter values and weights of the paper's example pairs
MOVED = 3  # pairs shown of those that the sliders change most
ALONG = ("F", "W", "changed")

MEASURES = {  # name -> the question it answers, what it is in one sentence, and its formula
    "F": (
        "Which pairs stay?",
        "**F**, the filter value, is the probability that the global model gives to the answer people chose; a pair "
        "is kept if F is below τ.",
        r"F = \sigma(m) = \frac{1}{1 + e^{-m}} < \tau, \quad m = r_g(x, y^+) - r_g(x, y^-)",
    ),
    "W": (
        "What do they weigh?",
        "**W**, the weight, is how much a kept pair counts in training: 1 where the global model agrees with the "
        "choice, falling towards 0 the more it disagrees.",
        r"W = \min\left(e^{\,m / \beta},\ 1\right)",
    ),
    "share kept and effective share": (
        "What is left of each country?",
        "**Share kept** is the part of a country's training pairs that passes the filter; **effective share** is the "
        "part that would count as much at equal weight as the kept pairs do with their weights.",
        r"\frac{k}{n} \quad\text{and}\quad \frac{1}{n}\,"
        r"\frac{\left(\sum_{i=1}^{k} W_i\right)^2}{\sum_{i=1}^{k} W_i^2}, \quad k \text{ of } n \text{ pairs kept}",
    ),
    "disagreement": (
        "How often does the global model disagree with a country?",
        "**Disagreement** is the share of a country's training pairs on which the global model prefers the answer "
        "people rejected, before any training for that country.",
        r"\frac{\#\{\,m < 0\,\}}{n}",
    ),
}


def example_places(margins: Margins, country: str, own: Chosen, now: Chosen, along: str) -> list[tuple[int, str]]:
    """Pairs to read, as (place, why it was picked): always the same ones for the same sliders.

    own     under the settings that the run trained with
    along   `F` and `W`: nearest to 0, .25, .5, .75, 1; `changed`: those whose share in the loss (the
            weight of a kept pair, 0 of a dropped one) differs most from that in the run
    """
    at = margins.of(country)
    m = margins.margin[at]
    if along == "changed":
        change = np.abs(np.where(now.keep, now.weight, 0.0) - np.where(own.keep, own.weight, 0.0))[at]
        found = nearest(change, m, (change.max(initial=0.0),) * MOVED)
        return [(int(at[k]), moved_words(own, now, at[k])) for k in found if change[k] > 0]
    value = (margins.p_global if along == "F" else now.weight)[at]
    return [
        (int(at[k]), f"nearest to {along} = {target:g}")
        for k, target in zip(nearest(value, m, TARGETS), TARGETS, strict=False)
    ]


def moved_words(own: Chosen, now: Chosen, place: int) -> str:
    """What the sliders do to one pair of the run."""
    was, is_ = (f"W = {c.weight[place]:.2f}" if c.keep[place] else "dropped" for c in (own, now))
    return f"{was} → {is_}"


def moved_sentence(own: Chosen, now: Chosen) -> str:
    """What the sliders change against the run's own settings, over all countries, and which country most."""
    settings = (("τ", own.tau, now.tau), ("β", own.beta, now.beta))
    move = ", ".join(f"{name} {was:.2f} → {is_:.2f}" for name, was, is_ in settings if was != is_)
    if not move:
        return (
            f"Move a slider, and this line says what it changes against this run, which trained with τ = {own.tau:.2f} "
            f"and β = {own.beta:.2f}. A slider trains nothing."
        )
    was, is_ = own.shares.iloc[-1], now.shares.iloc[-1]
    kept, effective = (int(round(is_[c]) - round(was[c])) for c in ("kept_pairs", "effective_pairs"))
    if not kept and not effective:
        return f"**{move}**: no pair crosses the cut, and the effective sample stays at {was['effective_pairs']:,.0f}."
    first = f"{_more(kept)} kept ({is_['kept_pairs']:,} of {is_['pairs']:,})" if kept else "no pair crosses the cut"
    second = f"the effective sample goes from {was['effective_pairs']:,.0f} to {is_['effective_pairs']:,.0f} pairs"
    column, sign = ("kept", np.sign(kept)) if kept else ("effective", np.sign(effective))
    change = sign * (now.shares[column] - own.shares[column])[:-1]
    country, most = now.shares["country"][change.idxmax()], 100 * change.max()
    verb, what = "gains" if sign > 0 else "loses", "share kept" if kept else "effective share"
    return f"**{move}**: {first}; {second}. {inert(country)} {verb} most: {most:.1f} points of its {what}."


def _more(pairs: int) -> str:
    one = abs(pairs) == 1
    return f"{abs(pairs):,} pair{'' if one else 's'} {'more' if pairs > 0 else 'fewer'} {'is' if one else 'are'}"


def headline(own: Chosen, now: Chosen, country: str) -> list[tuple[str, str, str | None, str]]:
    """Share kept and effective share of one country: label, value, difference from the run, and the pairs behind."""
    was, is_, found = own.of(country), now.of(country), []
    for label, name in (("Share kept", "kept"), ("Effective share", "effective")):
        moved = points(is_[name] - was[name])
        change = None if moved in (points(0), NONE) else f"{moved} points against this run"
        note = f"{is_[f'{name}_pairs']:,.0f} of {is_['pairs']:,.0f} training pairs"
        found.append((f"{label}, {inert(called(country))}", percent(is_[name]), change, note))
    return found
