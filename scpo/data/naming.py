"""What a data set is called, its licence and how it is cited: the loader's, or what the settings say."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from scpo.config import DataConfig
from scpo.data.preferences import DataCard
from scpo.data.reading import file_names

ABOUT = {"source": "Source", "licence": "Licence", "citation": "Citation", "url": "Address"}


def named(card: DataCard, config: DataConfig) -> DataCard:
    """The card under the names that the settings give.

    A title makes it another data set than the one it was read as: then nothing of that one's source stays.
    """
    given = {name: getattr(config, name) for name in ("title", "licence", "citation", "url") if getattr(config, name)}
    own = {"source": file_names(config), "licence": "the file's own", "citation": "", "url": ""}
    other = config.title and config.data_files and config.title != card.title
    return dataclasses.replace(card, **({**own, **given} if other else given))


def provenance(card: Mapping) -> dict[str, str]:
    """Label -> text of where the data is from and what it may be used for, of a card as it is saved in a run.

    An address that the source has is not said again.
    """
    found = {label: card[name] for name, label in ABOUT.items() if card.get(name)}
    if found.get("Address", "") in card["source"]:
        found.pop("Address", None)
    return found
