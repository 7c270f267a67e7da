"""Which countries are steered to and which are the reference: only those of the file, and a refusal says why."""

import json

import pandas as pd
import pytest

from scpo.config import DataConfig, ExperimentConfig, FinetuneConfig
from scpo.data import check_global, load
from scpo.data.choice import Usual, choose
from scpo.errors import InputError


def table(**pairs):
    """Counts of countries with so many training pairs, most first."""
    rows = [{"country": c, "pairs": n + 8, "train": n, "validation": 2, "test": 6} for c, n in pairs.items()]
    return pd.DataFrame(rows).sort_values(["pairs", "country"], ascending=[False, True], ignore_index=True)


USUAL = Usual(("Mexico", "Kenya"), ("Germany", "France"))


def test_only_usual_countries_that_are_in_the_file_are_taken():
    choice = choose(table(Kenya=50, Chad=60, France=40), USUAL, DataConfig())
    assert (choice.countries, choice.reference, choice.notes, choice.problems) == (("Kenya",), ("France",), (), ())


def test_without_a_usual_country_the_files_own_are_steered_to_and_said():
    choice = choose(table(Chad=60, Peru=50, France=40), USUAL, DataConfig())
    assert choice.countries == ("Chad", "Peru") and choice.reference == ("France",)
    assert any("its own are steered to" in note for note in choice.notes)


def test_without_a_usual_reference_the_largest_other_country_is_it_and_said():
    choice = choose(table(Kenya=90, Chad=60, Peru=50), USUAL, DataConfig())
    assert choice.countries == ("Kenya",) and choice.reference == ("Chad",)
    assert any("Chad has the most pairs (68) and is the reference" in note for note in choice.notes)


def test_of_countries_with_equally_many_pairs_the_first_by_name_is_the_reference():
    choice = choose(table(Mexico=102, Germany=102, Japan=102), Usual(), DataConfig())
    assert choice.reference == ("Germany",) and choice.countries == ("Japan", "Mexico")
    assert "Germany, Japan, Mexico have the most pairs (110 each)" in choice.notes[0]


def test_a_country_with_too_few_pairs_is_named_with_its_counts():
    few = table(Kenya=90, Chad=60).replace({"validation": {2: 0}})
    choice = choose(few, Usual(), DataConfig(reference=("Kenya",)))
    assert "no country but the reference has enough pairs" in choice.problems[0]
    assert "Chad (60 train, 0 validation, 6 test)" in choice.notes[0]


def rows(country, n, people=40):
    return [
        {
            "prompt": f"Ask {i}?",
            "chosen": f"yes {i}",
            "rejected": f"no {i}",
            "country": country,
            "user": f"{country}{i % people}",
        }
        for i in range(n)
    ]


def written(folder, *parts):
    path = folder / "own.jsonl"
    path.write_text("\n".join(map(json.dumps, sum(parts, []))))
    return str(path)


def test_a_refusal_has_the_counts_of_every_country(tmp_path):
    path = written(tmp_path, rows("Chile", 12, 12), rows("Kenya", 8, 8))
    with pytest.raises(InputError) as refused:
        load(DataConfig("file", (path,)))
    lines = str(refused.value).splitlines()
    assert "no country has enough pairs; needed: 10 train, 1 validation, 5 test" in lines[1]
    assert any(line.split()[:3] == ["Chile", "12", "12"] for line in lines)
    assert any(line.split()[:3] == ["Kenya", "8", "8"] for line in lines)


def test_the_only_country_is_the_reference_and_the_ways_on_are_told(tmp_path):
    path = written(tmp_path, rows("Chile", 300))
    with pytest.raises(InputError, match="the only country of the data and is taken as the reference"):
        load(DataConfig("file", (path,)))
    config = DataConfig("file", (path,), countries=("Chile",))
    data = load(config)
    assert data.card.countries == ("Chile",) and data.card.reference == ()
    for mode in ("reference", "others"):
        with pytest.raises(InputError, match="a reward model with a head of its own"):
            check_global(ExperimentConfig(config, global_model=mode), data)


def test_the_only_country_can_be_steered_to_with_a_global_model_of_ones_own(tmp_path):
    config = DataConfig("file", (written(tmp_path, rows("Chile", 300)),), countries=("Chile",))
    data = load(config)
    check_global(ExperimentConfig(config, global_model="heads.safetensors"), data)
    model = tmp_path / "model"
    model.mkdir()
    about = {"architectures": ["BertForSequenceClassification"], "id2label": {"0": "reward"}}
    (model / "config.json").write_text(json.dumps(about))
    check_global(ExperimentConfig(config, finetune=FinetuneConfig(str(model))), data)
    with pytest.raises(InputError, match="only country"):
        check_global(ExperimentConfig(config, finetune=FinetuneConfig("minilm")), data)
