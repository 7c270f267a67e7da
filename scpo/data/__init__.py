"""Where data comes in: every source as one form, `Preferences`.

    demo              a simulated world (scpo.data.demo)
    prism             PRISM, from the hub or local files
    globalopinionqa   GlobalOpinionQA, from the hub or local files
    survey            any survey in the same forms
    file              the user's own pairs or scored responses

numpy and pandas only; nothing here knows of models.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
from collections.abc import Iterable

import numpy as np
import pandas as pd

from scpo.config import DataConfig, ExperimentConfig
from scpo.data.choice import Choice, Usual, choose, listed, without_global
from scpo.data.countries import iso3
from scpo.data.leaks import leaks, one_person
from scpo.data.naming import named
from scpo.data.preferences import PARTS, TEST, Preferences
from scpo.data.splitting import arranged
from scpo.errors import InputError, RunFolderError
from scpo.grouping import of_countries, speaking_of, worded

LOADERS = {
    "demo": "scpo.data.demo",
    "prism": "scpo.data.prism",
    "globalopinionqa": "scpo.data.globalopinionqa",
    "survey": "scpo.data.survey",
    "file": "scpo.data.userfile",
}
SHOWN = 30  # countries in the table of a refusal


def load(config: DataConfig) -> Preferences:
    """The preference pairs of a data set, checked, with the countries that were asked for.

    Raises `DataFaults` with every fault of the files, `SourceMissing` if the data is not here, and
    `InputError` for countries that are unknown or have too few pairs, all at once and with the table of counts.
    """
    data, choice = look(config)
    if choice.problems:
        with speaking_of(config.group):
            raise InputError(refusal(choice.problems, data))
    return data


def load_unchanged(config: DataConfig, of_run: str) -> Preferences:
    """The data that a run was made of; of_run: the content hash that its data card has. Raises as `load` and
    `check_unchanged` do."""
    data = load(config)
    check_unchanged(data, of_run)
    return data


def check_unchanged(data: Preferences, of_run: str) -> None:
    """Raise `RunFolderError` unless the data read now is the data of a run, by the content hash of its data card."""
    if content_hash(data) != of_run:
        raise RunFolderError(
            "The data set is not what it was when this run was made: its texts, pairs or splits differ. "
            "Put the old files back, or run it again on the new ones, to read the pairs here."
        )


def look(config: DataConfig) -> tuple[Preferences, Choice]:
    """What `load` returns, and the choice of countries, also where its problems forbid training.

    Raises `DataFaults` and `SourceMissing` as `load` does.
    """
    with speaking_of(config.group):
        return _look(config)


def _look(config: DataConfig) -> tuple[Preferences, Choice]:
    data = importlib.import_module(LOADERS[config.dataset]).load(config)
    if data.card.dataset != config.dataset:  # a file may be one of PRISM
        config = dataclasses.replace(config, dataset=data.card.dataset, layout="", columns=())
    data = arranged(data, config)
    choice = chosen(data, config)
    on_map = of_countries(config.group) and not data.card.simulated
    unmapped = [c for c in data.pairs["country"].unique() if iso3(c) is None] if on_map else []
    told = (f"kept, but not on the map, for want of a country code: {listed(sorted(unmapped))}",) if unmapped else ()
    notes = (*data.card.notes, *one_person(data), *choice.notes, *told)
    card = dataclasses.replace(
        named(data.card, config),
        countries=choice.countries,
        reference=choice.reference,
        notes=notes,
        split_by=data.card.split_by or data.card.unit,
        leaks=leaks(data),
    )
    return dataclasses.replace(data, card=card), choice


def chosen(data: Preferences, config: DataConfig) -> Choice:
    """The countries that a configuration means in these pairs, and why they cannot be used."""
    known = usual(data.card.dataset) if of_countries(config.group) else Usual()
    return choose(counts(data), known, config)


def check_global(config: ExperimentConfig, data: Preferences) -> None:
    """Raises `InputError`, with what can be done, if the pairs leave nothing to train the global model on."""
    card = data.card
    missing = without_global(config, list(data.pairs["country"].unique()), card.reference)
    if missing:
        with speaking_of(config.data.group):
            raise InputError(refusal((missing,), data))


def usual(dataset: str) -> Usual:
    """The countries that a published data set is usually asked for, by its loader; none for a survey of one's own."""
    if dataset == "survey":
        return Usual()
    loader = importlib.import_module(LOADERS[dataset])
    countries, reference = (getattr(loader, name, ()) for name in ("COUNTRIES", "REFERENCE"))
    return Usual(tuple(countries), (reference,) if isinstance(reference, str) else tuple(reference))


def refusal(problems: Iterable[str], data: Preferences) -> str:
    """Why data cannot be used as asked, with the counts per country that show it, and what was left out: plain text."""
    table, lines = counts(data), ["The data cannot be used as asked:", *(f"  {problem}." for problem in problems)]
    if len(table):
        columns = ["country", "units", "pairs", *PARTS]
        shown = table[columns].head(SHOWN).rename(columns=worded)
        lines += ["", *shown.to_string(index=False).splitlines()]
    if len(table) > SHOWN:
        lines.append(f"and {len(table) - SHOWN:,} {worded('more countries, with fewer pairs')}")
    lines += [f"left out: {n:,} ({reason})" for reason, n in data.card.dropped.items() if n]
    return "\n".join([*lines, *(f"note: {note}" for note in data.card.notes)])


def counts(data: Preferences) -> pd.DataFrame:
    """Per country: `units` (people or questions) and pairs per split, most pairs first.

    With folds all pairs are test pairs; train and validation are those of the fold that has the fewest.
    """
    country, split = data.pairs["country"].cat, data.units["split"].cat.codes.to_numpy()
    code, unit = country.codes.to_numpy(np.int64), data.pairs["unit"].to_numpy()
    names = pd.Index(country.categories.astype(str), name="country")
    place = np.array([PARTS.index(part) for part in data.units["split"].cat.categories])
    each = [place[split]] if data.folds is None else list(data.folds[1:])
    parts = np.stack([np.bincount(3 * code + part[unit], minlength=3 * len(names)).reshape(-1, 3) for part in each])
    pairs, total = parts.min(axis=0), parts[0].sum(axis=1)
    pairs[:, PARTS.index(TEST)] = parts[..., PARTS.index(TEST)].sum(axis=0)
    people = np.bincount(np.unique(code * len(split) + unit) // max(len(split), 1), minlength=len(names))
    result = pd.DataFrame(pairs, index=names, columns=list(PARTS))
    result.insert(0, "pairs", total)
    result.insert(0, "units", people)
    result = result[result["pairs"] > 0]
    roles = {**dict.fromkeys(data.card.reference, "reference"), **dict.fromkeys(data.card.countries, "steered to")}
    result.insert(0, "role", [roles.get(c, "") for c in result.index])
    return result.reset_index().sort_values(["pairs", "country"], ascending=[False, True], ignore_index=True)


def content_hash(data: Preferences) -> str:
    """sha256 over texts, pairs and splits: equal for equal content."""
    digest = hashlib.sha256()
    units = data.units[["name", "split", *(["fold"] if data.folds is not None else [])]]
    for table in (data.texts, data.pairs, units):
        for column in table.columns:
            values = table[column]
            numbers = values.dtype.kind in "iuf"
            # No text holds a NUL, so that joining by it keeps apart what is apart.
            content = values.to_numpy().tobytes() if numbers else "\0".join(values.astype(object)).encode()
            digest.update(f"{column} {len(values)} {len(content)}\n".encode() + content)
    return digest.hexdigest()
