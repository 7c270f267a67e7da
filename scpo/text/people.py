"""People or pairs, in words: with how many people a method is ahead, and what pairs of few people are worth."""

from __future__ import annotations

import pandas as pd

from scpo.format import TOO_FEW, counted, fixed, known, people, percent, points, span
from scpo.methods import named
from scpo.metrics.accuracy import MEAN, NOT_REACHED
from scpo.metrics.people import AT_THE_FEWEST
from scpo.metrics.rulers import GLOBAL, POOLED
from scpo.table_rows import rows_of

HOW = "--people 1,2,5,10,20"  # what of a command line asks for curves over people
AGAINST = {GLOBAL: "the global model", POOLED: "one model for all countries"}


def needed_sentence(needed: pd.DataFrame, country: str, method: str, unit: str) -> str:
    """With how many people a method is ahead of the global model, and of one model for all countries."""
    rows = needed[(needed["country"] == country) & (needed["method"] == method)]
    told = [f"{_ahead(row, unit)}{_clear(row, unit)}" for row in rows_of(rows)]
    return f"**{named(method)}** {'; '.join(told)}." if told else ""


def _ahead(row, unit: str) -> str:
    who, other = people(unit), AGAINST[str(row.against)]
    if row.note == NOT_REACHED:
        often = percent(row.share_reached)
        return f"is not ahead of {other} with any number of {who} that was tried (in {often} of resamples it is)"
    if row.note == AT_THE_FEWEST:
        fewest = f"the fewest {who} that were tried, {_number(row.people)}"
        return f"is ahead of {other} already with {fewest}{_span(row, unit)}"
    return f"is ahead of {other} from {_number(row.people)} {who} on{_span(row, unit)}"


def _span(row, unit: str) -> str:
    if not known(row.low):
        return f" ({TOO_FEW})"
    high = _number(row.high) if known(row.high) else "never"
    return f" (95 %: {_number(row.low)} to {high})"


def _number(value: float) -> str:
    return fixed(value, 0 if value >= 10 or round(value, 1) == round(value) else 1)


def _clear(row, unit: str) -> str:
    if not known(row.clear_from):
        return ", which may be chance with any number"
    return f", by more than chance from {counted(row.clear_from, people(unit, 1))} on"


def worth_sentence(curve: pd.DataFrame, country: str, method: str, unit: str) -> str:
    """Pairs of few people against as many pairs of everybody, at the numbers of people where both are known."""
    rows = curve[(curve["country"] == country) & (curve["method"] == method) & curve["spread"].notna()]
    told = [
        f"{points(row.spread)} points with the {row.pairs:,.0f} pairs of {counted(row.people, people(unit, 1))} "
        f"({span(row.spread_low, row.spread_high)})"
        for row in rows_of(rows)
    ]
    if not told:
        return ""
    return f"**{named(method)}**, against as many pairs of everybody: {'; '.join(told)}."


def per_person_sentence(curve: pd.DataFrame, country: str, unit: str) -> str:
    """How many pairs a person gives, on average over all of them."""
    rows = curve[(curve["country"] == country) & (curve["people"] > 0)]
    if not len(rows):
        return ""
    own = rows[rows["method"] == rows["method"].iloc[0]].sort_values("people").iloc[-1]
    return f"A {people(unit, 1)} gives {fixed(own['pairs'] / own['people'], 1)} training pairs on average."


def people_lines(needed: pd.DataFrame, unit: str) -> list[str]:
    """The mean over countries as lines of text, for a terminal."""
    mean = needed[needed["country"] == MEAN] if len(needed) else needed
    methods = dict.fromkeys(mean["method"]) if len(mean) else {}
    lines = [needed_sentence(needed, MEAN, str(method), unit).replace("**", "") for method in methods]
    return [f"Over {people(unit)}, each with all their pairs:", *(f"  {line}" for line in lines)] if lines else []
