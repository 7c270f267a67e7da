"""Altered groups: who moves, who stays, and that nothing of a split or of the reference changes."""

import numpy as np
import pandas as pd
import pytest

from scpo.data.altered_groups import equal_groups, flipped_group, shuffled_groups
from scpo.data.preferences import TEST

from fakes import tiny_preferences

KEYS = ["chosen", "rejected", "unit"]


@pytest.fixture(scope="module")
def data():
    return tiny_preferences(90)


def people(data, country, split):
    """Units of a country and split."""
    return set(data.pairs["unit"].to_numpy()[data.of(country, split)])


def test_shuffled_people_keep_their_pairs_and_split_and_groups_their_size(data):
    altered = shuffled_groups(data, 0)
    assert altered.pairs[KEYS].equals(data.pairs[KEYS]) and altered.units is data.units
    for split in ("train", "validation", "test"):
        for country in data.card.countries:
            assert len(people(altered, country, split)) == len(people(data, country, split))
        everybody = [people(altered, c, split) for c in data.card.countries]
        assert not set.intersection(*everybody) and people(altered, "Aland", split) == people(data, "Aland", split)
    moved = altered.pairs["country"].astype(str) != data.pairs["country"].astype(str)
    assert (
        0.2 < moved[data.pairs["country"] != "Aland"].mean() < 0.8 and not moved[data.pairs["country"] == "Aland"].any()
    )


def test_draws_differ_and_each_can_be_made_again(data):
    first, again, other = (shuffled_groups(data, seed).pairs["country"].astype(str) for seed in (0, 0, 1))
    assert first.equals(again) and not first.equals(other)


def test_equal_groups_learn_from_the_very_same_people_of_all_groups_and_are_tested_on_shuffled_ones(data):
    altered = equal_groups(data, 0)
    for split in ("train", "validation"):
        pairs = [altered.pairs.iloc[altered.of(c, split)][KEYS].reset_index(drop=True) for c in data.card.countries]
        assert pairs[0].equals(pairs[1]) and len(pairs[0])
        sizes = [len(people(data, c, split)) for c in data.card.countries]
        assert pairs[0]["unit"].nunique() == round(np.mean(sizes))
        assert all(people(altered, data.card.countries[0], split) & people(data, c, split) for c in data.card.countries)
    tests = [altered.pairs.iloc[altered.of(c, TEST)] for c in data.card.countries]
    shuffled = [shuffled_groups(data, 0).pairs.iloc[shuffled_groups(data, 0).of(c, TEST)] for c in data.card.countries]
    assert all(a[KEYS].to_numpy().tolist() == b[KEYS].to_numpy().tolist() for a, b in zip(tests, shuffled, strict=True))


def test_answers_to_one_question_go_to_countries_one_by_one(data):
    """A unit that several countries answered is moved country by country: none takes the others' answers along."""
    alike = data.pairs.assign(unit=data.pairs["unit"] // 3)
    altered = shuffled_groups(type(data)(data.texts, alike, data.units, data.card), 3)
    told = pd.DataFrame({"was": alike["country"].astype(str), "is": altered.pairs["country"].astype(str)})
    blocks = told.assign(unit=alike["unit"]).groupby(["unit", "was"])["is"].nunique()
    assert (blocks == 1).all() and (told["was"] != told["is"]).any()


def test_a_flipped_group_says_the_opposite_but_in_its_test_pairs(data):
    country, other = data.card.countries
    altered = flipped_group(data, country)
    turned = np.concatenate([data.of(country, split) for split in ("train", "validation")])
    was, now = (d.pairs.iloc[turned].reset_index(drop=True) for d in (data, altered))
    assert (
        now["chosen"].equals(was["rejected"].rename("chosen")) and (now["score_chosen"] < now["score_rejected"]).all()
    )
    stays = np.setdiff1d(np.arange(len(data.pairs)), turned)
    assert altered.pairs.iloc[stays].equals(data.pairs.iloc[stays])
    assert flipped_group(altered, country).pairs.equals(data.pairs)
