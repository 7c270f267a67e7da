"""What cells of a column say of a group, where models are steered to the values of a column in place of countries.

Blanks and case do not count, and words that say nothing ('Prefer not to say') name no group; beyond that, a value is
what the file says, and nothing is read from codes or adjectives as it is for countries (`scpo.data.countries`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from scpo.data.countries import Countries, find, names_country, read_countries, text
from scpo.grouping import CROSSED, of_countries, value_of, worded

VALUES = ("other", "others", "none of these", "none of the above")  # name no country, but may be somebody's gender


def read_groups(values: Iterable[object], group: Sequence[str]) -> Countries:
    """What a column says, cell by cell: one spelling per country, or per group where `group` names other columns."""
    if of_countries(group):
        return read_countries(values)
    code, cells = pd.factorize(pd.Series([text(value) for value in values], dtype=object), use_na_sentinel=False)
    rows, none = np.bincount(code, minlength=len(cells)), Counter[str]()
    spelled: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for said, n in zip(cells, rows, strict=True):
        if names_group(said):
            spelled[said.casefold()][said] += int(n)
        else:
            none[said] += int(n)
    chosen = {key: min(found.items(), key=lambda one: (-one[1], one[0]))[0] for key, found in spelled.items()}
    names = np.array([chosen.get(said.casefold()) if names_group(said) else None for said in cells], dtype=object)
    notes = _notes(chosen, spelled)
    return Countries(names[code] if len(code) else np.empty(0, object), dict(none), notes)


def names_group(value: object) -> bool:
    """False for nothing and for words such as 'Prefer not to say' and 'N/A'; True for any value of a column."""
    return text(value).casefold() in VALUES or names_country(value)


def find_group(asked: str, known: Sequence[str], group: Sequence[str]) -> list[str]:
    """The names among `known` that `asked` means: countries in any spelling, other groups in any case and blanks."""
    if of_countries(group) or asked in known:
        return find(asked, known)
    parts = asked.split(CROSSED)
    if len(parts) == len(group):
        asked = CROSSED.join(value_of(column, text(part)) for column, part in zip(group, parts, strict=True))
    return [name for name in known if text(name).casefold() == text(asked).casefold()]


def _notes(chosen: dict[str, str], spelled: dict[str, Counter[str]]) -> tuple[str, ...]:
    also = [
        f"{chosen[key]} (also {', '.join(map(repr, sorted({*found} - {chosen[key]})))})"
        for key, found in spelled.items()
        if len(found) > 1
    ]
    return (f"{worded('one country under several spellings')}: {'; '.join(sorted(also))}",) if also else ()
