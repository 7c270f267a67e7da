"""Another wording of the prompts: what stays, what is counted, and that the same wording changes nothing."""

import dataclasses
import json
from shutil import copytree

import numpy as np
import pandas as pd
import pytest

from scpo import data as sources
from scpo import run, runs
from scpo.cli import main
from scpo.config import DataConfig, ExperimentConfig
from scpo.errors import ConfigError
from scpo.metrics.accuracy import MEAN
from scpo.runs import read_config
from scpo.runs.files import file_hash, write_json
from scpo.study import wording
from scpo.text.wording import OTHER_SEED, wording_lines, wording_shown

from fakes import scored_rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory, tiny_encoder):
    """A run on two countries of 20 people."""
    home = tmp_path_factory.mktemp("wording")
    scored_rows(60).to_csv(home / "rows.csv", index=False)
    data = DataConfig("file", (str(home / "rows.csv"),), ("Borealis", "Cascadia"), ("Aland",), test_share=0.4)
    config = ExperimentConfig(
        data, ("global", "full", "shared"), 1, (), people=(5,), steps=60, encoder=str(tiny_encoder)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCPO_WORKSPACE", str(home))
        run(config, home / "run")
    return home / "run"


def test_the_same_words_change_nothing_and_other_words_are_counted(folder, monkeypatch):
    monkeypatch.setattr(wording, "TEMPLATES", {"same": "{}", "other": "w1 w2 w3 {} w4"})
    told = []
    table = wording.wording_table(folder, on_progress=lambda done, total: told.append((done, total)))
    assert told == [(done, 4) for done in range(5)]
    same = table[table["wording"] == "same"]
    assert list(same["method"]) == ["global", "full", "shared"]
    of_run = runs.read(folder).tables["accuracy"].query("subset == 'full'").set_index(["country", "method"])
    for method in ("global", "shared"):  # trained on all pairs alone, though the run has curves over people
        accuracy = same.set_index("method").loc[method, "accuracy"]
        assert accuracy == pytest.approx(of_run.loc[(MEAN, method), "accuracy"], abs=1e-6)
    assert (same[["changed", "difference", "low", "high"]] == 0).all(axis=None)
    seed = table[table["wording"] == OTHER_SEED].set_index("method")
    assert seed.loc["global", "changed"] == 0 and seed.loc["shared", "changed"] == 0
    other = table[table["wording"] == "other"]
    assert (other["changed"] > 0).any() and other["changed"].between(0, 1).all()
    shown, lines = wording_shown(table), wording_lines(table)
    assert list(shown.index) == [OTHER_SEED, "same", "other"] and len(lines) == 3 and "nan" not in " ".join(lines)


def test_only_prompts_are_said_otherwise(folder):
    data = sources.load(read_config(folder).data)
    other = wording.reworded(data, "In your opinion: {}")
    assert list(other.texts["prompt"].astype(str)) == [
        f"In your opinion: {p}" for p in data.texts["prompt"].astype(str)
    ]
    assert other.texts["response"].equals(data.texts["response"]) and other.pairs.equals(data.pairs)


def test_the_order_of_a_surveys_options_changes_no_pair(tmp_path):
    rng = np.random.default_rng(0)
    rows = [
        {
            "question": f"Question {q}?",
            "country": country,
            "options": ["Yes", "Maybe", "No"],
            "distribution": rng.dirichlet([2, 2, 2]).round(3).tolist(),
        }
        for q in range(20)
        for country in ("Japan", "Kenya", "United States")
    ]
    turned = [{**row, "options": row["options"][::-1], "distribution": row["distribution"][::-1]} for row in rows]
    pairs = []
    for name, of in (("a", rows), ("b", turned)):
        pd.DataFrame(of).to_json(tmp_path / f"{name}.jsonl", orient="records", lines=True)
        data = sources.load(DataConfig("survey", (str(tmp_path / f"{name}.jsonl"),)))
        said = data.texts["prompt"].astype(str) + "|" + data.texts["response"]
        columns = {side: said.to_numpy()[data.pairs[side]] for side in ("chosen", "rejected")}
        pairs.append(set(data.pairs[["country"]].astype(str).assign(**columns).itertuples(index=False, name=None)))
    assert pairs[0] == pairs[1] and len(pairs[0]) > 50


def test_a_method_that_the_run_lacks_and_fine_tuned_models_are_refused(folder, tmp_path, capsys):
    with pytest.raises(ConfigError, match="no trained method ridge; it has full, shared"):
        wording.wording_table(folder, ["ridge"])
    untrained = copytree(folder, tmp_path / "untrained")
    config = read_config(untrained).as_dict() | {"methods": ["global", "longer"]}
    write_json(untrained / "config.json", config)
    done = json.loads((untrained / "done.json").read_text())
    done["files"]["config.json"] = file_hash(untrained / "config.json")
    write_json(untrained / "done.json", done)
    with pytest.raises(ConfigError, match="the run has no trained method;"):
        wording.wording_table(untrained)
    assert main(["study", "wording", str(tmp_path / "nowhere")]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_countries_whose_texts_are_not_read_are_left_out_and_a_run_that_reads_none_is_refused(folder, monkeypatch):
    monkeypatch.setattr(wording, "TEMPLATES", {"same": "{}"})
    both = wording.wording_table(folder)
    reading = pd.DataFrame({"country": ["Borealis", "Cascadia"], "readable": [True, False]})
    real = wording.runs.read
    monkeypatch.setattr(wording.runs, "read", lambda path: _with_reading(real(path), reading))
    one = wording.wording_table(folder)
    assert 0 < one["pairs"].iloc[0] < both["pairs"].iloc[0]
    reading["readable"] = False
    with pytest.raises(ConfigError, match="reads no country's texts"):
        wording.wording_table(folder)


def _with_reading(result, reading):
    return dataclasses.replace(result, tables={**result.tables, "reading": reading})
