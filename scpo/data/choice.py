"""Which countries of a data set are steered to, and which are the reference: one rule for every source.

    asked for   what the settings name, by any spelling
    usual       the data set's usual countries, where the file has them with enough pairs
    own         else every country of the file with enough pairs

The reference is what the settings name, else the data set's usual reference countries that are in the file, else the
country with the most pairs. The loader, the command line and the app's estimate all ask `choose`.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from scpo.config import DataConfig, ExperimentConfig
from scpo.data.group_values import find_group
from scpo.data.preferences import TEST, TRAIN, VALIDATION
from scpo.grouping import worded
from scpo.hub import MINILM, has_head, local_folder

FEWEST = {TRAIN: 10, VALIDATION: 1, TEST: 5}  # pairs a country needs to be steered to and measured
NEEDED = ", ".join(f"{n} {split}" for split, n in FEWEST.items())
OWN_MODEL = (
    "a global model of your own: `model`, a reward model with a head of its own, or `global_model`, the weights file "
    "of an earlier run"
)


@dataclass(frozen=True)
class Usual:
    """Countries that a data set is usually asked for; empty for a user's own file."""

    countries: tuple[str, ...] = ()
    reference: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """Countries to steer to and reference countries, what a reader must know of how they came about, and why they
    cannot be used; without problems there is at least one country to steer to."""

    countries: tuple[str, ...]
    reference: tuple[str, ...]
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def choose(counts: pd.DataFrame, usual: Usual, config: DataConfig) -> Choice:
    """The countries that a configuration means.

    counts  one row per country of the file, most pairs first: `country`, `pairs`, and pairs per split
    """
    table = counts.set_index("country")
    names, enough = list(table.index), set(table.index[(table[list(FEWEST)] >= pd.Series(FEWEST)).all(axis=1)])
    problems: list[str] = []
    asked, asked_reference = (_known(which, config, names, problems) for which in ("countries", "reference"))
    both = [c for c in asked if c in asked_reference]
    if both:
        problems.append(f"{listed(both)} cannot be both steered to and reference; name it once")
    few = [c for c in asked if c not in enough]
    problems += [f"{c} has too few pairs ({_have(table, c)}; needed: at least {NEEDED}); leave it out" for c in few]
    notes: list[str] = []
    reference = asked_reference or _reference(table, usual, asked, notes)
    if asked or problems:
        return Choice(asked, tuple(c for c in reference if c not in asked), tuple(notes), tuple(problems))
    mine = [c for c in _present(usual.countries, names) if c not in reference]
    others = [c for c in names if c not in reference]
    if usual.countries and others and not set(mine) & enough:
        notes.append("none of the data set's usual countries is in the file with enough pairs; its own are steered to")
    candidates = mine if set(mine) & enough else others
    few = [f"{c} ({_have(table, c)})" for c in candidates if c not in enough]
    if few:
        notes.append(f"too few pairs to steer to (needed: {NEEDED}): {', '.join(few)}")
    countries = tuple(c for c in candidates if c in enough)
    problem = None if countries else _nobody(table, enough, reference, asked_reference)
    return Choice(countries, reference, tuple(notes), (problem,) if problem else ())


def listed(names: Sequence[str]) -> str:
    """Names in a sentence; semicolons keep apart those that hold a comma themselves."""
    return ("; " if any("," in name for name in names) else ", ").join(names)


def _present(usual: Sequence[str], names: list[str]) -> list[str]:
    """Usual countries that are in the file: by their own name, else the one that is another spelling of it."""
    found = [(c, find_group(c, names, ())) for c in usual]
    own = [c for c, meant in found if c in meant]
    return list(dict.fromkeys(meant[0] for c, meant in found if len(meant) == 1 and (c in own or meant[0] not in own)))


def _have(table: pd.DataFrame, country: str) -> str:
    row = table.loc[country]
    return ", ".join(f"{row[split]:,} {split}" for split in FEWEST)


def _known(which: str, config: DataConfig, names: list[str], problems: list[str]) -> tuple[str, ...]:
    """The file's own names of the countries asked for; each that it does not have is a problem."""
    found = []
    for country in _rejoined(getattr(config, which), names, config.group):
        meant = find_group(country, names, config.group)
        if len(meant) == 1:
            found += meant
        elif meant:
            problems.append(f"{which} has {country!r}, which could be {' or '.join(meant)}; name one of them")
        else:
            near = difflib.get_close_matches(country, names, n=3) or names[:12]
            told = listed(near) or "none, no two answers differ"
            problems.append(f"{which} has {country!r}, which has no pairs in the data; near: {told}")
    return tuple(dict.fromkeys(found))


def _rejoined(asked: Sequence[str], names: list[str], group: Sequence[str]) -> list[str]:
    """The names asked for; one of the file that was cut at its commas is whole again."""
    left, whole = list(asked), []
    while left:
        cut = not find_group(left[0], names, group)
        whole_of = (n for n in range(len(left), 1, -1) if cut and find_group(", ".join(left[:n]), names, group))
        long = next(whole_of, 1)
        whole.append(", ".join(left[:long]))
        del left[:long]
    return whole


def _reference(table: pd.DataFrame, usual: Usual, asked: tuple[str, ...], notes: list[str]) -> tuple[str, ...]:
    """The usual reference countries that are in the file, else the country with the most pairs."""
    names = list(table.index)
    found = _present(usual.reference, names)
    free = [c for c in table.index if c not in asked]
    if found or not free:
        return tuple(c for c in found if c not in asked)
    unusual = [c for c in free if c not in _present(usual.countries, names)] or free
    most = [c for c in unusual if table.loc[c, "pairs"] == table.loc[unusual[0], "pairs"]]
    pairs = f"{table.loc[most[0], 'pairs']:,}"
    how = f"{most[0]} has the most pairs ({pairs}) and is the reference"
    if len(most) > 1:
        how = f"{listed(most)} have the most pairs ({pairs} each); {most[0]}, the first by name, is the reference"
    if len(table) > 1:
        notes.append(f"{how}; the setting `reference` names another")
    return (most[0],)


def _nobody(table: pd.DataFrame, enough: set[str], reference: Sequence[str], asked: Sequence[str]) -> str:
    """Why no country is left to steer to, and what can be done."""
    ready = [c for c in reference if c in enough]
    if ready and len(table) == 1:
        return (
            f"{ready[0]} {worded('is the only country of the data')} and is taken as the reference, so that none is "
            f"left to steer to. {own_global_model(ready[0])}"
        )
    if asked:
        return (
            f"{worded('no country but the reference has enough pairs')}; needed: {NEEDED}. "
            f"{worded('Name fewer reference countries')}"
        )
    if ready:
        return (
            f"{worded('no country has enough pairs')}, other than {listed(ready)}, which is the reference; needed: "
            f"{NEEDED}. {worded('Bring more pairs of another country')}. {own_global_model(ready[0])}"
        )
    return f"{worded('no country has enough pairs')}; needed: {NEEDED}. Bring more pairs, of more people or prompts"


def own_global_model(country: str) -> str:
    """What can be done with one country alone."""
    second = worded("add pairs of a second country")
    return f"Ways on: {second}; or steer to it (`countries`: {country}) from {OWN_MODEL}"


def without_global(config: ExperimentConfig, known: Sequence[str], reference: Sequence[str]) -> str | None:
    """Why no global model can be had from these countries' pairs; None if it can, or is the user's own.

    known  all countries that have pairs; reference: those that were chosen of them
    A model that is not on this machine is not asked whether it has a head.
    """
    if config.finetune.model:
        folder = local_folder(config.finetune.model)
        if folder is None or (config.finetune.model != MINILM and has_head(folder)):
            return None
    if config.global_model == "reference" and not reference and len(known) > 1:
        return (
            f"{worded('no reference country is left to train the global model')}. Steer to fewer `countries`, name "
            f"another as `reference`, or set `global_model` to `others`. Or take {OWN_MODEL}"
        )
    if (config.global_model == "reference" and not reference) or (config.global_model == "others" and len(known) < 2):
        only = worded("is the only country of the data: no pairs are left to train the global model")
        return f"{listed(known)} {only}. {own_global_model(listed(known))}"
    return None
