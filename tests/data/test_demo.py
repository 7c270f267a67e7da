"""The demo world: one seed, planted tastes, readable sentences, and nothing real."""

import re

import numpy as np
import pandas as pd
import pytest
import scipy.optimize

from scpo.config import DataConfig
from scpo.data import content_hash, counts, demo, load
from scpo.data.countries import iso3
from scpo.data.demo_answers import AXIS_NAMES, phrase_levels
from scpo.errors import InputError


@pytest.fixture(scope="module")
def world():
    return load(DataConfig())


def test_one_seed_gives_one_world_and_another_seed_another(world):
    again, other = load(DataConfig()), load(DataConfig(demo_seed=1))
    for part in ("texts", "pairs", "units", "truth"):
        pd.testing.assert_frame_equal(getattr(world, part), getattr(again, part))
    assert not world.truth.equals(other.truth) and len(other.pairs) != len(world.pairs)


@pytest.mark.parametrize(("name", "known"), [("prism", "6420c1084f059303"), ("plain", "88c2a39f25cac2f8")])
def test_each_world_is_this_one_and_no_other(name, known):
    """Runs of all versions can be compared: a change of a world changes its hash."""
    assert content_hash(load(DataConfig(demo_world=name))).startswith(known)


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
    scores = pd.concat(
        [world.pairs[["unit", side]].set_axis(["unit", "score"], axis=1) for side in ("score_chosen", "score_rejected")]
    )
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


def distances(world):
    """How far each country's planted taste lies from the reference's, in reward."""
    return np.linalg.norm(world.truth.drop(index=demo.REFERENCE) - world.truth.loc[demo.REFERENCE], axis=1)


def test_shift_moves_the_countries_away_from_the_global_taste_and_nothing_else(world):
    alike, twice = (load(DataConfig(demo_shift=shift)) for shift in (0.0, 2.0))
    assert (distances(alike) == 0).all() and np.allclose(distances(twice), 2 * distances(world))
    assert twice.truth.loc[demo.REFERENCE].equals(world.truth.loc[demo.REFERENCE])
    assert set(twice.texts["response"]) <= set(world.texts["response"]) | set(alike.texts["response"])


def test_extreme_raters_go_from_nobody_to_everybody():
    for share, kinds in ((0.0, {"graded"}), (1.0, {"extremes only"})):
        assert set(load(DataConfig(demo_extreme_raters=share)).units["ratings"]) == kinds


def agreement(config):
    """Share of pairs on which the chosen answer is the one that the country's planted taste prefers."""
    world = load(config)
    levels = world.texts[[f"axis_{a}" for a in world.truth.columns]].to_numpy()
    gap = levels[world.pairs["chosen"]] - levels[world.pairs["rejected"]]
    taste = world.truth.loc[world.pairs["country"].astype("str")].to_numpy()
    return ((gap * taste).sum(1) > 0).mean()


def test_noise_of_people_and_of_scores_makes_choices_less_like_the_planted_taste():
    quiet = DataConfig(demo_user_noise=0.0, demo_score_noise=0.0)
    usual, people = agreement(DataConfig()), agreement(DataConfig(demo_user_noise=1.0))
    assert agreement(quiet) > 0.9 > usual > people
    assert usual > agreement(DataConfig(demo_score_noise=3.2))


def test_people_can_be_more_or_fewer(world):
    units = world.units["country"].value_counts()
    more = load(DataConfig(demo_people=2.0, demo_reference_people=40)).units["country"].value_counts()
    assert more[demo.REFERENCE] == 40 + 60 and all(more[c] - 60 == 2 * (units[c] - 60) for c in demo.COUNTRIES)


def people(world, split):
    units = world.units
    return units["country"][units["split"] == split].value_counts()


def test_every_population_has_as_many_test_people_as_are_asked_for_and_training_people_as_in_prism(world):
    assert set(people(world, "test")) == {60} and len(people(world, "test")) == 8
    learned = people(world, "train") + people(world, "validation")
    assert learned.to_dict() == {demo.REFERENCE: 320, **demo.USERS} and people(world, "validation").min() >= 5
    few = load(DataConfig(demo_test_people=10))
    assert set(people(few, "test")) == {10}
    assert not (few.units["split"] == load(DataConfig(demo_test_people=10, split_seed=1)).units["split"]).all()


def test_without_test_people_of_its_own_a_share_of_all_people_is_the_test():
    by_share, prism = (load(c) for c in (DataConfig(demo_test_people=0), DataConfig(demo_world="prism")))
    assert by_share.units["split"].equals(prism.units["split"]) and by_share.truth.equals(prism.truth)


def test_the_two_worlds_have_the_same_tastes_and_planted_differences_that_only_one_can_show(world):
    prism = load(DataConfig(demo_world="prism"))
    assert world.truth.equals(prism.truth) and people(prism, "test").min() < 8
    assert world.card.title != prism.card.title and not any("Not the default" in note for note in prism.card.notes)


def test_an_answer_of_the_default_world_is_one_thought_in_two_or_three_styles(world):
    styles = (world.texts[[f"axis_{a}" for a in world.truth.columns if a != "helpfulness"]] != 0).to_numpy().sum(1)
    assert styles.max() == 3 and np.isin(styles, (2, 3)).mean() > 0.95
    sentences = world.texts["response"].str.count(r"[.!?:](?= |$)")
    assert (sentences <= 6).all() and world.texts["response"].str.len().median() < 200


def test_styles_of_short_answers_are_marked_by_the_phrases_that_are_in_them(world):
    texts = world.texts.sample(300, random_state=0)
    found = phrase_levels(texts["response"].tolist())
    planted = texts[[f"axis_{name}" for name in AXIS_NAMES]].to_numpy()
    with_phrases = [at for at, name in enumerate(AXIS_NAMES) if name not in ("length", "helpfulness")]
    assert (found[:, with_phrases] == planted[:, with_phrases]).all()


def test_a_world_that_is_not_the_default_one_says_what_differs(world):
    notes = load(DataConfig(demo_shift=0.5, demo_reference_people=40)).card.notes
    assert notes[-1] == "Not the default world: demo_shift 0.5 (default 1), demo_reference_people 40 (default 320)."
    assert not any("Not the default" in note for note in world.card.notes)
