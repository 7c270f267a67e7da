"""Who or what a split goes by, and what it leaks."""

import json

import numpy as np
import pandas as pd
import pytest

from scpo.config import DataConfig, ExperimentConfig
from scpo.data import content_hash, counts, load, look
from scpo.data.choice import FEWEST
from scpo.data.leaks import sentences
from scpo.data.pairing import split_units
from scpo.data.splitting import rater_column
from scpo.errors import ConfigError, InputError


def pairs(countries=("Chile", "Kenya"), n=60, people=12, prompts=None, **more):
    """n pairs of each country by so many people; more: columns, each a function of country and number."""
    return [
        {
            "prompt": f"Ask {i % (prompts or n)}?",
            "chosen": f"yes {i}",
            "rejected": f"no {i}",
            "country": c,
            "user": f"{c}-{i % people}",
            **{k: v(c, i) for k, v in more.items()},
        }
        for c in countries
        for i in range(n)
    ]


def written(folder, rows):
    path = folder / "own.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return str(path)


def own(folder, rows, **settings):
    return load(DataConfig("file", (written(folder, rows),), **settings))


def parts_of(values, part):
    """For each value, the parts of the split that it is in."""
    return pd.Series(part).groupby(np.asarray(values)).agg(lambda found: frozenset(found))


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        (["prompt", "user_id"], "user_id"),
        (["user_id", "user"], "user"),
        (["Annotator ID"], "Annotator ID"),
        (["worker"], "worker"),
        (["rater-id", "age"], "rater-id"),
        (["participantId"], "participantId"),
        (["prompt", "usage", "judgement"], None),
        (["rater", "user_id"], "user_id"),
    ],
)
def test_the_column_that_names_the_rater_is_found(columns, found):
    assert rater_column(columns) == found


def test_a_rater_column_of_another_name_is_used_and_told(tmp_path):
    rows = [{"annotator_id" if k == "user" else k: v for k, v in row.items()} for row in pairs()]
    data = own(tmp_path, rows)
    assert data.card.unit == "user" and len(data.units) == 24
    assert sentences(vars(data.card))[0] == "The split goes by user (the column `annotator_id`)."


def test_a_split_of_ones_own_is_used_with_every_usual_word(tmp_path):
    words = {0: "Test", 1: "dev", 2: "TRAIN "}
    data = own(tmp_path, pairs(split=lambda c, i: words.get(i % 12 % 6, "training")))
    assert data.card.split_by == "the file's own column `split`"
    assert sorted(set(data.units["name"][data.units["split"] == "test"])) == [
        "Chile-0",
        "Chile-6",
        "Kenya-0",
        "Kenya-6",
    ]
    assert data.split_of_pairs().tolist().count("validation") == 20 and "split" not in data.card.notes


def test_a_part_that_the_own_split_lacks_is_cut_from_training_and_told(tmp_path):
    data = own(tmp_path, pairs(split=lambda c, i: "test" if i % 12 < 3 else "train"))
    assert (data.units["split"] == "validation").sum() == 2
    assert any("has no validation rows: 2 of its training units" in note for note in data.card.notes)


def test_a_person_in_two_parts_of_ones_own_split_is_counted_as_a_leak(tmp_path):
    data = own(tmp_path, pairs(split=lambda c, i: ["train", "train", "train", "valid", "test"][i % 5]))
    assert data.card.leaks["test_units"] == data.card.leaks["seen_units"] == 24
    assert "24 of 24 test users (100.0 %) are training users too" in sentences(vars(data.card))[1]
    assert len(data.units) == 24 * 3 and data.units["split"].value_counts().to_dict() == dict.fromkeys(FEWEST, 24)


def test_another_column_called_split_is_told_as_not_used(tmp_path):
    data = own(tmp_path, pairs(split=lambda c, i: f"fold{i % 3}"))
    assert any("is not used: 'fold0', 'fold1', 'fold2' name no part of a split" in note for note in data.card.notes)
    data = own(tmp_path, pairs(split=lambda c, i: "test" if i % 12 < 3 else "train"), split_by="user")
    assert any("is not used, as split_by is 'user'" in note for note in data.card.notes)


def test_by_prompt_no_prompt_is_in_two_parts(tmp_path):
    data = own(tmp_path, pairs(n=240, prompts=40), split_by="prompt")
    prompt = data.texts["prompt"].astype(str).to_numpy()[data.pairs["chosen"]]
    assert parts_of(prompt, data.split_of_pairs()).map(len).max() == 1 and data.card.unit == "prompt"
    assert data.card.leaks["seen_prompts"] == data.card.leaks["seen_pairs"] == 0
    told = ["The split goes by prompt.", "No test pair and no test prompt is in training."]
    assert sentences(vars(data.card)) == told


def test_by_both_no_test_pair_shares_a_user_or_a_prompt_with_training_and_the_lost_are_counted(tmp_path):
    rows = pairs(n=1500, people=60, prompts=70)
    data = own(tmp_path, rows, split_by="both")
    part, prompt = data.split_of_pairs(), data.texts["prompt"].astype(str).to_numpy()[data.pairs["chosen"]]
    for values in (prompt, data.pairs["unit"].to_numpy()):
        assert parts_of(values, part).map(len).max() == 1
    lost = data.card.dropped["pairs whose user and prompt are in different parts of the split"]
    assert lost == len(rows) - len(data.pairs) > 0 and data.card.leaks["seen_prompts"] == 0


def test_by_both_a_prompt_of_one_person_is_never_lost(tmp_path):
    data = own(tmp_path, [{**row, "prompt": f"{row['user']} {row['prompt']}"} for row in pairs()], split_by="both")
    assert len(data.pairs) == 120 and data.card.dropped == {}


def test_a_split_by_user_needs_users(tmp_path):
    rows = [{k: v for k, v in row.items() if k != "user"} for row in pairs()]
    for by in ("user", "both"):
        with pytest.raises(ConfigError, match="names no users"):
            own(tmp_path, rows, split_by=by)
    assert own(tmp_path, rows, split_by="prompt").card.unit == "prompt"
    with pytest.raises(ConfigError, match="split_by is 'people'"):
        DataConfig(split_by="people")


def test_the_demo_and_a_survey_can_be_split_by_prompt_too():
    data = load(DataConfig(split_by="prompt"))
    assert data.card.unit == "prompt" and data.card.leaks["seen_prompts"] == 0 and data.truth is not None


def test_settings_without_the_new_one_keep_their_digest():
    assert "split_by" not in ExperimentConfig().as_dict()["data"]
    assert ExperimentConfig(DataConfig(split_by="both")).digest() != ExperimentConfig().digest()


def test_no_country_lacks_a_part_of_the_split_where_people_suffice(tmp_path):
    for seed in range(40):
        data, choice = look(DataConfig("file", (written(tmp_path, pairs(("A", "B", "C"), 22, 4)),), split_seed=seed))
        table = counts(data).set_index("country")
        assert (table[list(FEWEST)] >= pd.Series(FEWEST)).all(axis=None), seed
        assert not choice.problems


def test_what_was_moved_is_told_and_nothing_moves_where_every_country_has_enough(tmp_path):
    path, moved = written(tmp_path, pairs(("A", "B", "C"), 22, 4)), 0
    for seed in range(10):
        data = load(DataConfig("file", (path,), split_seed=seed))
        note = [note for note in data.card.notes if note.startswith("users moved")]
        plain = np.asarray(split_units(12, seed, 0.15, 0.1))
        assert bool(note) == bool((plain != np.asarray(data.units["split"])).any())
        moved += bool(note)
    assert moved
    again = load(DataConfig("file", (path,), split_seed=9))
    assert content_hash(again) == content_hash(data)


def test_one_person_who_is_most_of_a_country_is_told_and_never_moved(tmp_path):
    rows = pairs(("Chile", "Kenya"), 400, 400)
    for row in rows:
        number = int(row["user"].partition("-")[2])
        row["user"] = f"{row['country']}-main" if number < 380 else row["user"]
    for seed in range(8):
        data, _ = look(DataConfig("file", (written(tmp_path, rows),), split_seed=seed))
        split = data.units.set_index("name")["split"]
        for country in ("Chile", "Kenya"):
            where = {"train": "training"}.get(split[f"{country}-main"], f"the {split[f'{country}-main']} part")
            assert f"95 % of {country}'s pairs are by one person, who is in {where}" in data.card.notes


def test_pairs_of_the_test_that_are_in_training_are_counted_whichever_answer_was_chosen(tmp_path):
    rows = pairs(("Chile", "Kenya"), 120, 60, prompts=8)
    for at, row in enumerate(rows):
        both = [f"yes {row['prompt']}", f"no {row['prompt']}"]
        row["chosen"], row["rejected"] = both[:: 1 if at % 3 else -1]
    card = own(tmp_path, rows).card
    assert card.leaks["seen_pairs"] == card.leaks["test_pairs"] > 20 and card.leaks["seen_prompts"] == 8
    told = sentences(vars(card))[1]
    assert "(100.0 %) are training pairs too; 8 of 8 test prompts" in told and "`split_by` prompt or both" in told


def test_leaks_of_a_million_pairs_are_counted_in_a_moment():
    from scpo.data.leaks import leaks
    from scpo.data.preferences import DataCard, Preferences

    rng, n = np.random.default_rng(0), 1_000_000
    texts = pd.DataFrame({"prompt": pd.Categorical([f"p{i // 4}" for i in range(40_000)]), "response": "r"})
    left = rng.integers(0, 10_000, n) * 4
    right, unit = left + rng.integers(1, 4, n), rng.integers(0, 5000, n)
    table = pd.DataFrame({"chosen": left, "rejected": right, "country": pd.Categorical(["A"] * n), "unit": unit})
    split = pd.Categorical(np.array(["train", "validation", "test"])[np.arange(5000) % 3])
    units = pd.DataFrame({"name": np.arange(5000).astype(str), "split": split})
    card = DataCard("file", "t", False, "user", "s", "l", ("A",), ())
    found = leaks(Preferences(texts, table, units, card))
    assert found["seen_prompts"] == found["test_prompts"] == 10_000 and found["seen_units"] == 0


def test_one_person_who_leaves_a_country_without_parts_is_named_in_the_refusal(tmp_path):
    rows = pairs(("Chile", "Kenya"), 100, 100)
    for row in rows:
        row["user"] = f"{row['country']}-{'main' if int(row['user'].partition('-')[2]) < 98 else row['user']}"
    with pytest.raises(InputError) as refused:
        own(tmp_path, rows)
    told = str(refused.value)
    assert "98 % of Kenya's pairs are by one person, who is in" in told and "no country has enough pairs" in told
