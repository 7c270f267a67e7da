"""Folds: every pair is tested once, and nothing that learns or chooses sees the fold that is tested."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from scpo.config import DataConfig, ExperimentConfig, FinetuneConfig
from scpo.data import content_hash, counts, load
from scpo.data.folds import LEAST_VALIDATION, fold_of_pairs, splits, splits_to_train
from scpo.data.leaks import sentences
from scpo.data.preferences import TEST, TRAIN, VALIDATION
from scpo.errors import ConfigError

from fakes import scored_rows


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "rows.csv"
    scored_rows(60, prompts=12).to_csv(path, index=False)
    return str(path)


def folded(path, **settings):
    return load(DataConfig("file", (path,), **{"folds": 5} | settings))


def of_part(split, part):
    return set(split.units["name"][split.units["split"] == part])


@pytest.mark.parametrize("split_by", ["user", "prompt"])
def test_every_pair_is_tested_once_and_no_person_or_prompt_is_in_two_parts_of_a_fold(path, split_by):
    data = folded(path, split_by=split_by)
    tested = np.zeros(len(data.pairs), int)
    for number, split in enumerate(splits(data), start=1):
        here = split.split_of_pairs() == TEST
        tested += here
        assert set(fold_of_pairs(data)[here]) == {number}
        parts = [of_part(split, part) for part in (TRAIN, VALIDATION, TEST)]
        assert all(parts) and not parts[0] & parts[1] and not (parts[0] | parts[1]) & parts[2]
    assert (tested == 1).all() and data.card.unit == split_by


def test_validation_is_of_every_countrys_training_people_and_folds_are_of_one_size_in_every_country(path):
    data = folded(path)
    for split in splits(data):
        unit = split.pairs.drop_duplicates("unit").set_index("unit")
        people = pd.crosstab(unit["country"], split.units["split"].astype(str).loc[unit.index])
        assert (people[VALIDATION] >= LEAST_VALIDATION).all() and (people[TEST] == 4).all()


def test_the_last_split_has_no_test_and_all_people(path):
    whole = splits_to_train(folded(path))[-1]
    assert set(whole.units["split"]) == {TRAIN, VALIDATION}
    assert len(splits_to_train(load(DataConfig("file", (path,))))) == 1


def test_counts_are_all_pairs_in_the_test_and_what_the_poorest_fold_trains_on(path):
    data = folded(path)
    table, each = counts(data), [counts(split) for split in splits(data)]
    assert (table["test"] == table["pairs"]).all()
    for part in (TRAIN, VALIDATION):
        fewest = pd.concat(each).groupby("country")[part].min()
        assert table.set_index("country")[part].equals(fewest[table["country"]].rename(part))


def test_leaks_are_summed_over_folds_and_the_sentence_tells_of_folds_and_of_the_models_that_are_kept(path):
    data = folded(path)
    assert data.card.leaks["test_pairs"] == len(data.pairs) and data.card.leaks["seen_units"] == 0
    told = sentences(dataclasses.asdict(data.card))[0]
    assert told.startswith("5 folds by user") and "trained on all pairs" in told


def test_another_seed_deals_otherwise_and_the_same_seed_alike(path):
    data, again, other = folded(path), folded(path), folded(path, split_seed=1)
    assert content_hash(data) == content_hash(again) != content_hash(other)


def test_more_folds_than_people_are_refused_with_what_is_there(path):
    with pytest.raises(ConfigError, match="folds is 70, and there are 60 users") as refused:
        folded(path, folds=70)
    assert refused.value.setting == "folds"


def test_the_files_own_split_is_not_used_and_a_split_by_both_is_refused(path, tmp_path):
    own = scored_rows(60).assign(split="train")
    own.to_csv(tmp_path / "own.csv", index=False)
    assert any("as there are folds" in note for note in folded(str(tmp_path / "own.csv")).card.notes)
    with pytest.raises(ConfigError, match="loses pairs"):
        DataConfig("file", (path,), folds=5, split_by="both")


def test_whole_models_are_refused_and_a_run_without_folds_is_saved_as_before():
    with pytest.raises(ConfigError, match="only heads are trained anew for every fold"):
        ExperimentConfig(DataConfig(folds=5), ("full",), finetune=FinetuneConfig("minilm"))
    assert "folds" not in ExperimentConfig().as_dict()["data"]
    assert ExperimentConfig(DataConfig(folds=5)).digest() != ExperimentConfig().digest()
    assert "--folds 5" in ExperimentConfig(DataConfig(folds=5)).command()
