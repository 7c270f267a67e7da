"""The noun of what reward models are steered to: a country, or a language where the setting `group` names that column.

Sentences are written of countries, and `worded` says them of what is steered to. As with the language of an interface,
the noun in force is set once for all that is shown of some data (a page, a command, a report) and read where a sentence
is made, so that no function hands it on. Tables keep a column `country` whatever the groups are: files of runs, and
scripts that read them, are the same for any group.

Knows nothing of data or pages; `scpo.data.steered_groups` reads the groups.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from scpo.format import noun, shortened

COUNTRY = "country"
# Rows of tables that are no country's, under the names that they have there.
ALL, AVERAGE, OTHERS = "all countries", "average of all countries", "average of the other countries"
OURS = {ALL, AVERAGE, OTHERS, "mean", "global", "class"}  # the mean over groups; the models that are no group's
CROSSED = " x "  # between the values, and the names, of columns that are crossed
PERSON = ("annotator", "user", "rater", "worker", "participant", "respondent", "person", "speaker")
SHORT = {"lang": "language", "edu": "education"}
# Last words of columns whose values are called by them: languages, but age groups.
NAMES = set(
    "category city class cohort country culture dialect district domain ethnicity faith gender generation group "
    "language level locale nationality occupation party profession province race region religion school sex state "
    "status topic type".split()
)
LONGEST = 40  # characters of a noun: a column may be called by a whole question
WORD = re.compile(r"\b(?:(an?) )?(countries|country)\b", re.IGNORECASE)

_in_force: ContextVar[str] = ContextVar("noun", default=COUNTRY)


def of_countries(group: Sequence[str]) -> bool:
    """True if the setting `group` means countries: it names no column, or theirs."""
    return [name.strip().casefold() for name in group] in ([], [COUNTRY])


def crossed(said: str) -> list[str]:
    """The columns that "gender x age" crosses."""
    return [name for part in re.split(f"{CROSSED}| \N{MULTIPLICATION SIGN} ", said) if (name := part.strip())]


def noun_of(group: Sequence[str]) -> str:
    """What one group is called, in the singular: country, language, age group, gender x age group."""
    if of_countries(group):
        return COUNTRY
    words = [_words(column) for column in group]
    named = len(words) == 1 and words[0].split()[-1] in NAMES
    return words[0] if named else f"{CROSSED.join(words)} group"


def value_of(column: str, said: str) -> str:
    """A value of a column as a name of a group, by which no table has anything else.

    One without a letter says what it is, as in "age 18-24"; so does one that a row or a model of ours is called by.
    """
    return no_row_of_ours(said, column) if any(c.isalpha() for c in said) else f"{_words(column)} {said}"


def no_row_of_ours(said: str, column: str = COUNTRY) -> str:
    """A name from a file, by which no row or model of ours is called, in any case: "Global" is "country Global"."""
    return f"{_words(column)} {said}" if said.casefold() in OURS else said


def speak_of(group: Sequence[str]) -> None:
    """Set the noun in force, for this thread: that of the setting `group` of what is shown."""
    _in_force.set(noun_of(group))


@contextmanager
def speaking_of(group: Sequence[str]) -> Iterator[None]:
    """The same for a while."""
    before = _in_force.set(noun_of(group))
    try:
        yield
    finally:
        _in_force.reset(before)


def worded(text: str) -> str:
    """A text of ours about countries, of what is steered to: "no country" becomes "no language".

    Never of a text that holds data: what a file says of countries stays as it is.
    """
    one = _in_force.get()
    return text if one == COUNTRY else WORD.sub(lambda found: _said(one, found), text)


def called(name: str) -> str:
    """The name of a row of a table as a reader has it: a country's or group's as it is, one of ours `worded`."""
    return worded(name) if name in (ALL, AVERAGE, OTHERS) else name


def _said(one: str, found: re.Match[str]) -> str:
    article, word = found[1], found[2]
    said = noun(one) if word.casefold() == "countries" else one
    if article:
        vowel = said[0] in "aeio"
        return f"{article[0]}{'n' if vowel else ''} {said}"
    return said[0].upper() + said[1:] if word[0].isupper() else said


def _words(column: str) -> str:
    """The words of a column's name, without whose they are: `annotator_gender` is a gender."""
    words = re.findall(r"[^\W_]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", column).casefold()) or ["group"]
    if len(words) > 1 and words[0] in PERSON:
        del words[0]
    return shortened(" ".join(SHORT.get(word, word) for word in words), LONGEST)
