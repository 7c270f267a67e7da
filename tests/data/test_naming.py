"""What a data set is called, licensed and cited as: the loader's word, or its user's."""

import dataclasses

from scpo.config import DataConfig
from scpo.data.naming import named, provenance
from scpo.data.preferences import DataCard

CARD = DataCard(
    "prism",
    "PRISM",
    False,
    "user",
    "a.csv, from https://example.org/prism",
    "CC BY 4.0",
    (),
    (),
    citation="Kirk 2024",
    url="https://example.org/prism",
)


def config(**settings):
    return DataConfig("file", ("folder/a.csv",), **settings)


def test_without_settings_the_card_stays():
    assert named(CARD, config()) == CARD == named(CARD, config(title="PRISM"))


def test_a_title_takes_nothing_of_the_other_sets_source_along():
    card = named(CARD, config(title="Mine"))
    told = (card.title, card.source, card.licence, card.citation, card.url)
    assert told == ("Mine", "a.csv", "the file's own", "", "")


def test_other_names_are_taken_one_by_one():
    card = named(CARD, config(licence="MIT", url="https://example.org/mine"))
    assert (card.title, card.licence, card.url, card.citation) == (
        "PRISM",
        "MIT",
        "https://example.org/mine",
        "Kirk 2024",
    )


def test_provenance_says_each_thing_once_and_reads_cards_of_older_runs():
    assert list(provenance(dataclasses.asdict(CARD))) == ["Source", "Licence", "Citation"]
    old = {"title": "a.csv", "source": "a.csv", "licence": "the file's own"}
    assert provenance(old) == {"Source": "a.csv", "Licence": "the file's own"}
    assert provenance(old | {"url": "https://example.org"})["Address"] == "https://example.org"
