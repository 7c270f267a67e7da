"""Why a model prefers an answer, in words and in marked text. Names and texts of files are made inert for markdown."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from scpo.format import counted, inert, percent, signed, span
from scpo.grouping import worded
from scpo.methods import named
from scpo.steering.measured_reasons import Measured, measured
from scpo.steering.mixing import letter

MEASURES = {  # as in scpo.text.measures: the measure in one plain sentence, its formula, and what stands in it
    "reasons": (
        "Share of a sentence: how much of the answer's reward goes when the sentence goes. Shares add up to the "
        "reward of the whole answer, less that of an empty one.",
        r"\phi_i = \sum_{S \not\ni i} \frac{|S|!\,(n - |S| - 1)!}{n!} \left(v(S \cup \{i\}) - v(S)\right), \qquad "
        r"\sum_i \phi_i = v(\text{all}) - v(\text{none})",
        "v(S) is the model's reward of an answer that has the sentences S alone, in their order (Shapley values). With "
        "up to six sentences every subset is rewarded; with more, the subsets of up to sixteen orders, so that a share "
        "has a standard error, and the sum is still exact. The change is the country's share minus the global model's. "
        "A share says what moves this model, not what people mean.",
    ),
}
SHARES = {  # column -> what it explains
    "change": "What steering changed",
    "country_share": "The country's reward",
    "global_share": "The global model's reward",
}
UNKNOWN = (
    "Shares say what moves the model. Whether people of the country have these reasons is not known for real data; in "
    "the demo world, where it is planted, `study why` counts how often shares point at it."
)
SHARE = "Blue: the sentence adds to the reward. Orange: it takes away. The number is its share."
CHANGE = "Blue: steering raises what the sentence adds. Orange: it lowers it. The number is the change of its share."
LEGENDS = {"change": CHANGE, "country_share": SHARE, "global_share": SHARE}  # of the marked sentences
FAINT = 0.05  # of the largest share: less is left unmarked
LONGEST_QUOTE = 80


def marked(parts: Sequence[str], shares: Sequence[float], largest: float) -> str:
    """An answer's sentences as markdown, each on a ground that tells its sign, with its share behind it.

    largest   the largest size of a share on the page, in units of reward; sentences of nearly none are left plain
    """
    pieces = []
    for part, share in zip(parts, shares, strict=True):
        text, number = inert(" ".join(part.split())), f":small[{signed(share, 2)}]"
        ground = "gray" if abs(share) < FAINT * largest else "blue" if share > 0 else "orange"
        pieces.append(f":{ground}-background[{text}] {number}" if ground != "gray" else f"{text} {number}")
    return " ".join(pieces)


def preference(lead: float, who: str) -> str:
    """Which of two answers a model prefers, by a lead of the first over the second in units of reward."""
    if signed(lead, 2) == signed(0, 2):
        return f"{who} puts A and B level"
    return f"{who} prefers {'A' if lead > 0 else 'B'} by {signed(abs(lead), 2).lstrip('+')}"


def reason_lines(shares: pd.DataFrame, sums: pd.DataFrame, country: str) -> list[str]:
    """What both models prefer, and which sentence moves the difference most."""
    leads = {who: sums[f"{who}_reward"].iloc[0] - sums[f"{who}_reward"].iloc[1] for who in ("global", "country")}
    name = f"{inert(country)}'s model"
    lines = [f"{preference(leads['country'], name)}; {preference(leads['global'], 'the global model')}."]
    # A sentence of B that is rewarded speaks for B.
    towards_a = shares["change"] * shares["answer"].map({0: 1, 1: -1})
    place = int(towards_a.abs().argmax()) if len(shares) else None
    most = None if place is None else shares.iloc[place]
    if place is not None and most is not None and signed(most["change"], 2) != signed(0, 2):
        quote = " ".join(most["text"].split())
        quote = quote if len(quote) <= LONGEST_QUOTE else quote[:LONGEST_QUOTE].rstrip() + " ..."
        speaks = "A" if towards_a.iloc[place] > 0 else "B"
        outweighed = (leads["country"] - leads["global"]) * towards_a.iloc[place] < 0
        begins = "What steering changes most is" if outweighed else "Most of what steering changes between them lies in"
        ends = "; the others together outweigh it" if outweighed else ""
        lines.append(
            f"{begins} sentence {most['sentence']} of {letter(int(most['answer']))}, "
            f'"{inert(quote)}": {signed(most["change"], 2)}, which speaks for {speaks}{ends}.'
        )
    return lines


def planted_line(shares: pd.DataFrame) -> str:
    """How well what steering changed agrees with what is planted in the demo world's phrases.

    shares   change and planted, the level of a sentence's phrases times the country's shift of taste
    """
    known = shares[shares["planted"] != 0]
    if not len(known):
        return worded(
            "No sentence here has a phrase in which the country's planted taste differs from the reference's."
        )
    right = int((known["change"] * known["planted"] > 0).sum())
    return (
        f"Planted, so that it can be checked: {counted(len(known), 'sentence')} {'has' if len(known) == 1 else 'have'} "
        f"a phrase in which the {worded('country')}'s taste differs from the reference's, and the change has the "
        f"planted sign in {right} of {len(known)}. `study why` counts this over many answers."
    )


def measured_line(method: str, whole: bool = False) -> str:
    """How often reasons were true on the demo run that the app comes with, by its kept study, in words.

    whole   of whole models, which that study did not ask
    """
    if whole:
        return "How often this holds over many answers was counted for heads on a frozen encoder, not for whole models."
    found, of = measured(method), named(method)
    if found is None:
        return f"How often this holds over many answers was not counted for {of}; `study why` counts it on a run."
    sign, precision = found["sign"], found["precision"]
    return (
        f"Counted over many answers of the demo run ({of}): the sign of a share is right in {_told(sign)}, by chance "
        f"in {percent(sign.chance)}; of the sentences with the largest shares {_told(precision)} are planted, by "
        f"chance {percent(precision.chance)}. So trust the sign, and the size hardly."
    )


def _told(share: Measured) -> str:
    return f"{percent(share.value)} ({span(share.low, share.high)})"


def faults_of_pair(answers: Sequence[str]) -> list[str]:
    """Why two answers cannot be told apart, a sentence each; none if they can."""
    first, second = (" ".join(text.split()) for text in answers)
    if not first and not second:
        return ["Both answers are empty, so there is no sentence to look at."]
    if first == second:
        return ["The two answers are equal: every model gives them one reward, and there is nothing to explain."]
    return []


def unread_line(answer: int, share: float) -> str:
    """That the encoder cannot read an answer: the share of its tokens that it does not know."""
    return (
        f"The encoder cannot read answer {letter(answer)}: it does not know {percent(share)} of its tokens, as of a "
        "language that it was not made for. What its sentences get here means nothing."
    )


def unlike_line(answer: int, near: float, usual: float) -> str:
    """That an answer is unlike the data: the similarity of its nearest answer there, and what 99 % of those reach."""
    return (
        f"Answer {letter(answer)} is unlike every answer of the run's data (similarity of the nearest "
        f"{signed(near, 2).lstrip('+')}; 99 % of the data's own have {signed(usual, 2).lstrip('+')} or more), so the "
        "models guess here."
    )
