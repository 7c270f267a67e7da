"""The demo world: one seed, planted tastes, readable sentences, and nothing real."""

import re

import numpy as np
import pandas as pd
import pytest
import scipy.optimize

from scpo.config import DataConfig
from scpo.data import counts, demo, load
from scpo.data.countries import iso3
from scpo.errors import InputError


@pytest.fixture(scope="module")
def world():
    return load(DataConfig())


def test_one_seed_gives_one_world_and_another_seed_another(world):
    again, other = load(DataConfig()), load(DataConfig(demo_seed=1))
    for part in ("texts", "pairs", "units", "truth"):
        pd.testing.assert_frame_equal(getattr(world, part), getattr(again, part))
    assert not world.truth.equals(other.truth) and len(other.pairs) != len(world.pairs)


def test_numpys_global_generator_plays_no_part(world):
    np.random.seed(1)
    before = np.random.get_state()[1].tolist()
    pd.testing.assert_frame_equal(load(DataConfig()).pairs, world.pairs)
    assert np.random.get_state()[1].tolist() == before


def test_about_three_thousand_texts_along_at_least_eight_axes(world):
    assert 2800 <= len(world.texts) <= 3200
    assert world.truth.shape[1] >= 8 and {f"axis_{a}" for a in world.truth.columns} <= set(world.texts.columns)


def test_sizes_are_unequal_and_the_reference_is_the_largest(world):
    table = counts(world)
    assert table["country"][0] == demo.REFERENCE and table["role"][0] == "reference"
    assert table["units"].is_unique and list(world.card.reference) == [demo.REFERENCE]
    assert set(world.card.countries) == set(demo.COUNTRIES) and len(demo.COUNTRIES) == 7


def test_no_invented_country_exists(world):
    assert all(iso3(name) is None for name in world.truth.index)


def test_answers_read_as_sentences(world):
    for text in world.texts["response"]:
        assert not re.search(r"[{}]|  |^\s|\s$", text), text
        assert all(part[0].isupper() for part in re.split(r"(?<=[.!?]) ", text)), text


def test_the_planted_truth_can_be_recovered_from_the_axis_levels(world):
    levels = world.texts[[f"axis_{a}" for a in world.truth.columns]].to_numpy()
    for country in ("Alvoria", "Galune", demo.REFERENCE):
        pairs = world.pairs[world.pairs["country"] == country]
        x = levels[pairs["chosen"]] - levels[pairs["rejected"]]
        fit = scipy.optimize.minimize(
            lambda w, x=x: np.logaddexp(0, -x @ w).mean(), np.zeros(x.shape[1]), method="L-BFGS-B"
        ).x
        truth = world.truth.loc[country].to_numpy()
        assert fit @ truth / np.linalg.norm(fit) / np.linalg.norm(truth) > 0.9


def test_some_raters_give_only_extreme_scores(world):
    scores = pd.concat([
        world.pairs[["unit", side]].set_axis(["unit", "score"], axis=1) for side in ("score_chosen", "score_rejected")
    ])  # fmt: skip
    middle = scores["score"].between(15, 85).groupby(scores["unit"]).mean()
    share = (middle == 0).mean()
    assert 0.05 < share < 0.25


def test_every_view_can_know_that_it_is_simulated(world):
    assert world.card.simulated and "simulated" in world.card.title.lower()
    assert any("nothing here is measured from real people" in note for note in world.card.notes)
    assert world.card.source.startswith("simulated") and world.card.unit == "user"
    assert world.card.dropped["pairs of equal scores"] > 0


def test_no_user_is_in_two_splits_or_two_countries(world):
    assert world.units["name"].is_unique
    assert (world.pairs.groupby("unit")["country"].nunique() == 1).all()
    by_user = pd.DataFrame({"unit": world.pairs["unit"], "split": world.split_of_pairs()})
    assert (by_user.groupby("unit")["split"].nunique() == 1).all() and by_user["split"].nunique() == 3


def test_countries_can_be_chosen_and_unknown_ones_are_refused_with_what_is_near():
    assert load(DataConfig(countries=("Galune", "Alvoria"))).card.countries == ("Galune", "Alvoria")
    with pytest.raises(InputError, match="'Alvorja'.*Alvoria"):
        load(DataConfig(countries=("Alvorja",)))
