"""The global model sees the training pairs it should see, and no others."""

import dataclasses

import numpy as np
import pytest
import torch

from scpo.errors import ConfigError
from scpo.training.heads.features import embed_texts
from scpo.training.heads.global_model import halves, train_global
from scpo.training.heads.stacked import HeadShape

from fakes import CountingEncoder, tiny_preferences


@pytest.fixture(scope="module")
def world():
    data = tiny_preferences(60)
    return data, embed_texts(data.texts, CountingEncoder(), None)


def trained(data, features, mode="reference"):
    return train_global(data, features, HeadShape(features.width), mode)


def flipped(data, mask):
    """The same data with chosen and rejected exchanged in some rows."""
    pairs = data.pairs.copy()
    pairs.loc[mask, ["chosen", "rejected"]] = data.pairs.loc[mask, ["rejected", "chosen"]].to_numpy()
    return dataclasses.replace(data, pairs=pairs)


def test_neither_test_pairs_nor_other_countries_reach_the_reference_model(world):
    data, features = world
    unseen = (data.split_of_pairs() == "test") | (data.pairs["country"] != "Aland").to_numpy()
    assert torch.equal(trained(data, features), trained(flipped(data, unseen), features))
    seen = (data.split_of_pairs() == "train") & (data.pairs["country"] == "Aland").to_numpy()
    assert not torch.equal(trained(data, features), trained(flipped(data, seen), features))


def test_others_leaves_out_the_very_country_that_is_evaluated(world):
    data, features = world
    own = flipped(data, (data.pairs["country"] == "Borealis").to_numpy())
    before, after = trained(data, features, "others"), trained(own, features, "others")
    at = data.card.countries.index("Borealis")
    assert len(before) == 2 and torch.allclose(before[at], after[at], atol=1e-6)
    assert not torch.allclose(before[1 - at], after[1 - at], atol=1e-3)


def test_it_prefers_what_the_reference_country_chose(world):
    data, features = world
    theta = trained(data, features)[0].numpy()
    rows = data.of("Aland", "train")
    phi = features.of()
    margin = (phi[data.pairs["chosen"].to_numpy()[rows]] - phi[data.pairs["rejected"].to_numpy()[rows]]) @ theta
    assert (margin > 0).mean() > 0.6 and np.isfinite(theta).all()


def test_without_reference_pairs_it_says_what_to_do(world):
    data, features = world
    alone = dataclasses.replace(data, card=dataclasses.replace(data.card, reference=()))
    with pytest.raises(ConfigError, match="Name other reference countries"):
        trained(alone, features)


def test_halves_of_the_people_train_two_models_of_which_neither_sees_the_others_pairs(world):
    data, features = world
    half = halves(data)
    one, two = (train_global(data, features, HeadShape(features.width), "reference", half=h) for h in (0, 1))
    for mine, model in ((0, one), (1, two)):
        other = flipped(data, half != mine)
        assert torch.equal(model, train_global(other, features, HeadShape(features.width), "reference", half=mine))
    assert not torch.equal(one, two)


def test_halves_are_of_whole_people_and_alike_in_every_split(world):
    data, _ = world
    half, unit = halves(data), data.pairs["unit"].to_numpy()
    of_unit = dict(zip(unit, half, strict=True))
    assert all(of_unit[u] == h for u, h in zip(unit, half, strict=True))
    reference = (data.pairs["country"] == "Aland").to_numpy()
    for split in ("train", "validation", "test"):
        here = reference & (data.split_of_pairs() == split)
        sizes = [len(set(unit[here & (half == h)])) for h in (0, 1)]
        assert abs(sizes[0] - sizes[1]) <= 1 and min(sizes) > 0
