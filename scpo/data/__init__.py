"""Where data comes in: every source as one form, `Preferences`.

    demo              a simulated world (scpo.data.demo)
    prism             PRISM, from the hub or local files
    globalopinionqa   GlobalOpinionQA, from the hub or local files
    file              the user's own pairs or scored responses

numpy and pandas only; nothing here knows of models.
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import importlib

import pandas as pd

from scpo.config import DataConfig
from scpo.data.countries import iso3
from scpo.data.preferences import TEST, TRAIN, VALIDATION, Preferences
from scpo.errors import InputError

LOADERS = {
    "demo": "scpo.data.demo", "prism": "scpo.data.prism", "globalopinionqa": "scpo.data.globalopinionqa",
    "file": "scpo.data.userfile",
}  # fmt: skip
FEWEST = {TRAIN: 10, VALIDATION: 1, TEST: 5}  # pairs a country needs to be steered to and measured


def load(config: DataConfig) -> Preferences:
    """The preference pairs of a data set, checked, with the countries that were asked for.

    Raises `DataFaults` with every fault of the files, `SourceMissing` if the data is not here, and
    `InputError` for countries that are unknown or have too few pairs, all at once.
    """
    data = importlib.import_module(LOADERS[config.dataset]).load(config)
    return _with_countries(data, config)


def counts(data: Preferences) -> pd.DataFrame:
    """Per country: `units` (people or questions) and pairs per split, most pairs first."""
    table = pd.DataFrame({
        "country": data.pairs["country"].astype(str), "unit": data.pairs["unit"], "split": data.split_of_pairs(),
    })  # fmt: skip
    pairs = table.groupby(["country", "split"]).size().unstack(fill_value=0)
    result = pairs.reindex(columns=[TRAIN, VALIDATION, TEST], fill_value=0)
    result.insert(0, "pairs", result.sum(axis=1))
    result.insert(0, "units", table.groupby("country")["unit"].nunique())
    roles = {**dict.fromkeys(data.card.reference, "reference"), **dict.fromkeys(data.card.countries, "steered to")}
    result.insert(0, "role", [roles.get(c, "") for c in result.index])
    result.columns.name = None
    return result.reset_index().sort_values(["pairs", "country"], ascending=[False, True], ignore_index=True)


def content_hash(data: Preferences) -> str:
    """sha256 over texts, pairs and splits: equal for equal content."""
    digest = hashlib.sha256()
    for table in (data.texts, data.pairs, data.units[["name", "split"]]):
        for column in table.columns:
            values = table[column]
            numbers = values.dtype.kind in "iuf"
            # No text holds a NUL, so that joining by it keeps apart what is apart.
            content = values.to_numpy().tobytes() if numbers else "\0".join(values.astype(object)).encode()
            digest.update(f"{column} {len(values)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _with_countries(data: Preferences, config: DataConfig) -> Preferences:
    """The card with the countries asked for, or the data set's default ones that have enough pairs."""
    splits = pd.crosstab(data.pairs["country"].astype(str), data.split_of_pairs())
    splits = splits.reindex(columns=list(FEWEST), fill_value=0)
    enough = (splits >= pd.Series(FEWEST)).all(axis=1)
    card, problems = data.card, []
    asked = [(name, c) for name in ("countries", "reference") for c in getattr(config, name)]
    for name, country in asked:
        if country not in splits.index:
            near = difflib.get_close_matches(country, splits.index, n=3) or list(splits.index)
            known = ", ".join(map(str, near)) or "none, no two answers differ"
            problems.append(f"{name} has {country!r}, which has no pairs in the data; near: {known}")
        elif name == "countries" and not enough[country]:
            have = ", ".join(f"{splits.loc[country, s]} {s}" for s in FEWEST)
            need = ", ".join(f"{n} {s}" for s, n in FEWEST.items())
            problems.append(f"{country} has too few pairs ({have}; needed: at least {need}); leave it out")
    both = sorted(set(config.countries) & set(config.reference))
    if both:
        problems.append(f"{', '.join(both)} cannot be both steered to and reference; name it once")
    countries = config.countries or tuple(
        c for c in card.countries if enough.get(c, False) and c not in config.reference
    )
    if not countries and not problems:
        problems.append("no country has enough pairs; needed: " + ", ".join(f"{n} {s}" for s, n in FEWEST.items()))
    if problems:
        raise InputError("The data cannot be used as asked:\n" + "\n".join(f"  {p}" for p in problems))
    reference = config.reference or tuple(c for c in card.reference if c in splits.index and c not in countries)
    left_out = [c for c in card.countries if c not in countries and not config.countries]
    unmapped = [] if card.simulated else [c for c in splits.index if iso3(c) is None]
    told = {"too few pairs to steer to": left_out, "kept, but not on the map, for want of a country code": unmapped}
    notes = (*card.notes, *(f"{what}: {', '.join(which)}" for what, which in told.items() if which))
    card = dataclasses.replace(card, countries=tuple(dict.fromkeys(countries)), reference=reference, notes=notes)
    return dataclasses.replace(data, card=card)
