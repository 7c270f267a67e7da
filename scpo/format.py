"""Numbers as a reader sees them: one rule for what is not known, for signs and for intervals.

A number that is not there (None, NaN, infinite) is a dash; one that rounds to zero has no sign.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TypeGuard

NONE = "-"
IRREGULAR = {"person": "people"}
TOO_FEW = "no interval: too few people or questions"


def known(value: float | None) -> TypeGuard[float]:
    """False for None, NaN and the infinite."""
    return value is not None and math.isfinite(value)


def fixed(value: float | None, digits: int = 1) -> str:
    """1234.56 -> 1,234.6."""
    return f"{_round(value, digits):,.{digits}f}" if known(value) else NONE


def signed(value: float | None, digits: int = 1) -> str:
    """The same with its sign: +1.2, -1.2, 0.0."""
    if not known(value):
        return NONE
    near = _round(value, digits)
    return f"{near:+,.{digits}f}" if near else f"{0:.{digits}f}"


def percent(share: float | None) -> str:
    """0.6543 -> 65.4 %."""
    return f"{fixed(100 * share)} %" if known(share) else NONE


def rounded_down(fraction: float) -> str:
    """How much of a job is done, rounded down: 0.999 -> 99 %, so that only what has ended is at 100 %."""
    return f"{math.floor(100 * min(fraction, 1.0) + 1e-9)} %"


def points(difference: float | None) -> str:
    """A difference of shares in points, with its sign: 0.049 -> +4.9."""
    return signed(100 * difference) if known(difference) else NONE


def span(low: float | None, high: float | None, none: str = TOO_FEW) -> str:
    """A 95 % interval of shares in percent, or why there is none."""
    return f"95 %: {fixed(100 * low)} to {fixed(100 * high)}" if known(low) and known(high) else none


def brackets(low: float | None, high: float | None, of: Callable[[float], str] = points) -> str:
    """An interval for a table of text, [+1.2, +3.4]; a dash where there is none."""
    return f"[{of(low)}, {of(high)}]" if known(low) and known(high) else NONE


def counted(number: float | None, what: str) -> str:
    """1 country, 2 countries, 1,000 people: a number with its noun, which is given in the singular."""
    return f"{round(number):,} {noun(what, number)}" if known(number) else f"{NONE} {noun(what)}"


def noun(what: str, number: float = 2) -> str:
    """The noun after a number, given in the singular: country, countries."""
    if round(number) == 1:
        return what
    if re.search("[^aeiou]y$", what):
        return f"{what[:-1]}ies"
    return IRREGULAR.get(what, f"{what}es" if re.search("(s|x|ch|sh)$", what) else f"{what}s")


def people(unit: str, number: float = 2) -> str:
    """What a split's units are called after a number: people for users; questions, prompts."""
    return noun("person" if unit == "user" else unit, number)


def _round(value: float, digits: int) -> float:
    return round(value, digits) + 0.0  # which makes -0.0 a 0.0


MARKUP = re.compile(r"([\\`*\[\]<>$~|]|(?<![^\W_])_|_(?![^\W_]))")  # an underscore inside a word marks up nothing


def inert(text: object) -> str:
    """A text of a file or a link, to stand in markdown: no picture, link, formula or tag of it comes alive."""
    return MARKUP.sub(r"\\\1", str(text))


def shortened(text: str, most: int) -> str:
    """A text on one line, cut to so many characters."""
    words = " ".join(text.split())
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def both_ends(text: str, most: int) -> str:
    """A text on one line, of so many characters at most: where it begins and where it ends, as survey questions of one
    form differ in their ends."""
    words = " ".join(text.split())
    if len(words) <= most:
        return words
    first = most * 2 // 5
    return f"{words[:first].rstrip()} … {words[-(most - first - 3) :].lstrip()}"


def duration(seconds: float) -> str:
    """12 s, 3 min, 2.5 h: as exact as an estimate is."""
    if seconds < 90:
        return f"{math.ceil(seconds)} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
