"""From what a file says to a country: one rule for every source.

Blanks at the ends and case do not count. A cell may hold a country's name in a usual spelling, its ISO code of two or
three letters or three digits, or the adjective ('Kenyan'). Spellings of one country become one, under its most frequent
name in the file. Names that the standard (pycountry) does not know, such as regions, stay what they are.
"""

from __future__ import annotations

import csv
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pandas as pd

from scpo.data.country_words import ADJECTIVES, NO_COUNTRY, SPELLINGS
from scpo.grouping import no_row_of_ours, worded

SAMPLE = re.compile(r"\s*\((?:[^()]*\bsample)\)\s*$", re.IGNORECASE)
DIGITS = re.compile(r"(\d{1,3})(?:\.0+)?")  # a table with gaps makes 840.0 of 840
NAME, CODE, ADJECTIVE = "name", "code", "adjective"
PARTS = frozenset({"england", "scotland", "wales", "northern ireland"})  # on the United Kingdom's place, yet apart
FULL = {
    "rep": "republic",
    "dem": "democratic",
    "st": "saint",
    "s": "south",
    "n": "north",
    "is": "islands",
    "fed": "federated",
    "ter": "territories",
    "sts": "states",
}
SILENT = {"the", "of", "and"}
LISTED = 30  # spellings in one note


@dataclass(frozen=True)
class Countries:
    """What a column of countries says.

    names   (n,) object: each row's country under its one spelling, None where the cell names none
    none    what cells say that name none -> rows
    notes   what was merged, and what was read from a code or an adjective
    """

    names: np.ndarray
    none: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def named(self) -> np.ndarray:
        """(n,) bool: the rows that name a country."""
        return pd.notna(self.names)

    def left_out(self, rows: str) -> dict[str, int]:
        """The reason and count of the rows that name no country, for `DataCard.dropped`; empty if there are none."""
        said = _listed([repr(word) if word else "empty" for word in sorted(self.none)], ", ")
        return {f"{rows} {worded('that name no country')}: {said}": sum(self.none.values())} if self.none else {}


def text(value: object) -> str:
    """A cell as text: blanks cut at the ends and single within, a whole number without its point, missing as ''."""
    if value is None or value is pd.NA or value is pd.NaT or isinstance(value, bool):
        return "" if not isinstance(value, bool) else str(value)
    if isinstance(value, (float, np.floating)):
        value = "" if math.isnan(value) else int(value) if float(value).is_integer() else value
    return " ".join(str(value).split())


def names_country(value: object) -> bool:
    """False for nothing and for words such as 'Prefer not to say', 'N/A' and 'other'; True for any name."""
    said = text(value).casefold().replace("’", "'").strip(" .()[]*-–—_'\"")
    return bool(said) and said not in _no_country()


def base_name(name: str) -> str:
    """The country of a sample: 'Brazil (Non-national sample)' -> 'Brazil'."""
    return SAMPLE.sub("", name)


def iso3(name: str) -> str | None:
    """ISO 3166-1 alpha-3 code of a country's name, code or adjective; None if it is no country ('Assam')."""
    found = lookup(name)
    return found[0] if found else None


@cache
def lookup(name: str) -> tuple[str, str] | None:
    """A country's alpha-3 code, and whether it was read from its NAME, a CODE or an ADJECTIVE; None if unknown."""
    plain = base_name(text(name))
    by_words, by_code = _standard()
    said = words(plain)
    if said and said in by_words:
        return by_words[said]
    digits = DIGITS.fullmatch(plain)
    code = by_code.get(digits[1].zfill(3) if digits else plain.upper())
    return (code, CODE) if code else None


def words(name: str) -> frozenset[str]:
    """The words of a name that tell it apart: without accents, case, order, dots, `the`, `of`, `and`."""
    letters = unicodedata.normalize("NFKD", re.sub("[’´`]", "'", name))
    letters = "".join(c for c in letters if not unicodedata.combining(c)).casefold()
    letters = re.sub(r"\b([a-z])\.", r"\1", letters).replace("'", "")
    return frozenset(FULL.get(word, word) for word in re.findall(r"[^\W_]+", letters)) - SILENT


def key(name: str) -> tuple[str, str]:
    """Equal for spellings of one country or region: its code, or its name in lower case; samples stay apart."""
    plain = text(name)
    sample = plain[len(base_name(plain)) :].strip().casefold()
    found = None if base_name(plain).casefold() in PARTS else lookup(plain)
    return found[0] if found else base_name(plain).casefold(), sample


def read_countries(values: Iterable[object]) -> Countries:
    """What a column says, cell by cell: one spelling per country, None where a cell names none."""
    countable = [cell if type(cell) is str else _hashable(cell) for cell in values]
    code, cells = pd.factorize(np.fromiter(countable, object, len(countable)), use_na_sentinel=False)
    rows = np.bincount(code, minlength=len(cells))
    said = [text(cell) for cell in cells]
    spelled: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    none: Counter[str] = Counter()
    for name, n in zip(said, rows, strict=True):
        if names_country(name):
            spelled[key(name)][name] += int(n)
        else:
            none[name] += int(n)
    chosen = {at: _spelling(found) for at, found in spelled.items()}
    names = np.array([chosen[key(name)] if names_country(name) else None for name in said], dtype=object)
    return Countries(names[code] if len(code) else np.empty(0, object), dict(none), _notes(spelled, chosen, cells))


def one_spelling(labels: Sequence[str], together: Iterable[Iterable[str]] = ()) -> tuple[dict[str, str], tuple]:
    """For a survey, in which two names of one country are two samples: each label under its one spelling, and notes.

    Labels that differ in blanks or case only, and a code or an adjective beside a name, are one; other names stay.
    together  labels that answered one question: those are samples of their own, and stay what they are
    """
    spelled: defaultdict[str, Counter[str]] = defaultdict(Counter)
    codes: defaultdict[str, list[str]] = defaultdict(list)
    for label in labels:
        country = lookup(label)
        if country is None or country[1] == NAME:
            spelled[text(label).casefold()][label] += 1
        else:
            codes[country[0]].append(label)
    for code, same in codes.items():
        name = next((name for name in spelled if iso3(name) == code), code)
        spelled[name].update(same)
    apart = {at for at, found in spelled.items() if any(len({*both} & {*found}) > 1 for both in together)}
    merged = {at: Counter(map(text, found)) for at, found in spelled.items() if at not in apart}
    chosen = {at: _spelling(found) for at, found in merged.items()}
    return {label: chosen.get(at, label) for at, found in spelled.items() for label in found}, _notes(
        merged, chosen, labels
    )


def split_names(said: str) -> list[str]:
    """Names separated by commas; one with a comma of its own is a country's ('Korea, Republic of') or in quotes."""
    parts = [part.strip() for part in next(csv.reader([said.replace("\n", " ")], skipinitialspace=True), [])]
    names: list[str] = []
    while parts:
        long = next((n for n in range(len(parts), 1, -1) if _is_one(parts[:n])), 1)
        names.append(", ".join(parts[:long]))
        del parts[:long]
    return [name for name in names if name]


def _is_one(parts: Sequence[str]) -> bool:
    """True if these make one country's name, and are not each a country by itself ('China, Taiwan')."""
    found = lookup(", ".join(parts))
    return found is not None and found[1] == NAME and not all(map(iso3, parts))


def find(asked: str, known: Sequence[str]) -> list[str]:
    """The names among `known` that `asked` means: itself, else all spellings of that country or region."""
    if asked in known:
        return [asked]
    return [name for name in known if key(name) == key(asked)]


def standard_name(code: str) -> str:
    """The usual English name of an alpha-3 code."""
    import pycountry

    country = pycountry.countries.get(alpha_3=code)
    if country is None:
        return code
    name = getattr(country, "common_name", country.name)
    return {"COD": "DR Congo", "PSE": "Palestine", "FSM": "Micronesia"}.get(code, name)


def _spelling(found: Counter) -> str:
    """The most frequent name, of equally frequent ones the first by alphabet; the standard's where only codes are.

    A row of the tables is called by none.
    """
    names = [name for name in found if (lookup(name) or ("", NAME))[1] == NAME]
    if not names:
        name = next(iter(found))
        return standard_name(iso3(name) or name)
    return no_row_of_ours(min(names, key=lambda name: (-found[name], name)))


def _notes(spelled: dict, chosen: dict, cells: Iterable[object]) -> tuple[str, ...]:
    """What was merged, and what was read from a code or an adjective."""
    raw = defaultdict(list)
    for cell in cells:
        if isinstance(cell, str) and cell != text(cell):
            raw[text(cell)].append(cell)
    also, read = [], []
    for at, name in chosen.items():
        others = [said for said in spelled[at] if said != name]
        unread = [said for said in others if (lookup(said) or ("", NAME))[1] == NAME]
        shown = sorted([*unread, *(cell for said in spelled[at] for cell in raw[said])])
        also += [f"{name} (also {', '.join(map(repr, shown))})"] if shown else []
        read += [f"{said} as {name}" for said in sorted(set(others) - set(unread))]
    told = (("one country under several spellings", "; ", also), ("read from a code or an adjective", ", ", read))
    return tuple(f"{what}: {_listed(sorted(found), mark)}" for what, mark, found in told if found)


def _listed(found: list[str], mark: str) -> str:
    more = f"{mark}and {len(found) - LISTED} more" if len(found) > LISTED else ""
    return mark.join(found[:LISTED]) + more


def _hashable(cell: object) -> object:
    """A cell that can be counted: a list or dict as its text, a number as the text of a whole one."""
    return str(cell) if isinstance(cell, str) else text(cell)


@cache
def _no_country() -> frozenset[str]:
    return frozenset(word.strip() for line in NO_COUNTRY.strip().splitlines() for word in line.split("|"))


@cache
def _standard() -> tuple[dict[frozenset[str], tuple[str, str]], dict[str, str]]:
    """Words of a name -> its code and what it is; codes of two letters, three letters, three digits -> alpha-3."""
    import pycountry

    found: dict[frozenset[str], tuple[str, str]] = {}
    by_code: dict[str, str] = {}
    several: set[frozenset[str]] = set()
    for kind, table in ((ADJECTIVE, ADJECTIVES), (NAME, SPELLINGS)):
        for line in table.strip().splitlines():
            code, _, spellings = line.partition(" ")
            found |= {words(spelling): (code, kind) for spelling in spellings.split("|")}
    usual = set(found)
    for country in pycountry.countries:
        by_code |= dict.fromkeys((country.alpha_2, country.alpha_3, country.numeric), country.alpha_3)
        for name in {words(getattr(country, a, "")) for a in ("name", "official_name", "common_name")} - usual:
            several |= {name} if name in found and found[name][0] != country.alpha_3 else set()
            found[name] = (country.alpha_3, NAME)
    for name in (*several, frozenset()):
        found.pop(name, None)
    return found, by_code
