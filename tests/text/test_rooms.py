"""What is said of a class: clear where the votes are, and cautious where they are not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from scpo.rooms.population import class_population, nearest_country
from scpo.text import rooms

from fakes import demo_questions, planted_votes

DEMO = demo_questions()


def said(population, voters):
    found = class_population(DEMO, planted_votes(DEMO, population, voters))
    country = nearest_country(found.served, found.nearest)
    sentences = (
        rooms.served_sentence(found.served),
        rooms.nearest_sentence(country, found.served, found.nearest),
        rooms.head_sentence(found.served, found.path),
        rooms.halves_sentence(found.halves, len(DEMO)),
    )
    return " ".join(sentences)


@pytest.mark.parametrize("voters", [1, 4, 7, 40])
@pytest.mark.parametrize("population", ["global", "Cindara"])
def test_no_class_is_told_what_is_not_known(population, voters):
    assert not any(bad in said(population, voters) for bad in ("nan", "None", "inf", "  "))


def test_a_class_of_a_few_is_told_that_it_is_too_small():
    text = said("Cindara", 3)
    assert "no interval: of 3 voters, needed 8" in text and "too few voters to tell it from chance" in text
    assert "From 5 voters on" in text and "From 4 voters on" in text


def test_a_class_of_the_global_taste_is_told_that_no_country_serves_it_better():
    text = said("global", 40)
    assert "serves the class better (" in text and "It serves the class better" not in text


def test_countries_whose_models_say_the_same_are_named_together():
    same = replace(DEMO, own=np.repeat(DEMO.own[:1], len(DEMO.own), 0))
    found = class_population(same, planted_votes(DEMO, "Alvoria", 9))
    text = rooms.nearest_sentence("Alvoria", found.served, found.nearest)
    assert "those of Alvoria, Bresland" in text and "and Galune are right about the most, equally" in text


def test_models_that_all_are_the_global_one_end_in_sentences_too():
    same = replace(DEMO, own=np.repeat(DEMO.base[None], len(DEMO.own), 0))
    found = class_population(same, planted_votes(DEMO, "Alvoria", 9))
    assert "nan" not in rooms.head_sentence(found.served, found.path) and found.path["length"].isna().all()


def test_a_head_that_stays_with_the_global_model_is_told_so():
    served = pd.DataFrame([{"model": "class", "accuracy": 0.6, "low": 0.5, "high": 0.7, "difference": 0.0}])
    path = pd.DataFrame([{"voters": 9, "similarity": float("nan"), "low": 0.0, "high": 0.0, "length": 0.0}])
    assert "no reason to leave the global model" in rooms.head_sentence(served, path)
