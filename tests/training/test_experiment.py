"""One experiment end to end on tiny data: the folder, the numbers, and what happens when it stops."""

import dataclasses
import json
import os

import numpy as np
import pytest
import safetensors.numpy

from scpo import data as data_source
from scpo import runs
from scpo.config import DataConfig, ExperimentConfig, FinetuneConfig
from scpo.errors import ConfigError, RunFolderError, Stopped
from scpo.estimate import Sizes, estimate
from scpo.methods import DEFAULTS
from scpo.rulers import agreement
from scpo.runs.outcomes import read_outcomes
from scpo.runs.progress_log import read_progress
from scpo.training.experiment import run

from fakes import scored_rows


@pytest.fixture(scope="module")
def own_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "rows.csv"
    scored_rows(120).to_csv(path, index=False)
    return str(path)


@pytest.fixture(scope="module")
def config(own_file, tiny_encoder):
    data = DataConfig("file", (own_file,), test_share=0.3)
    return ExperimentConfig(data, seeds=2, budgets=(10, 40), steps=20, lr=0.02, encoder=str(tiny_encoder))


@pytest.fixture(scope="module")
def result(config, tmp_path_factory):
    return run(config, tmp_path_factory.mktemp("run") / "out")


def test_the_folder_holds_exactly_the_documented_files(result):
    names = {path.name for path in result.folder.iterdir()}
    assert names == {*runs.RESULT_FILES, runs.HEADS, "progress.jsonl", "done.json"}


def test_metrics_have_the_documented_columns_and_every_method(result):
    records = json.loads((result.folder / "metrics.json").read_text())
    assert all(tuple(record) == runs.METRIC_COLUMNS for record in records)
    assert {record["method"] for record in records} == set(DEFAULTS)
    assert {record["subset"] for record in records} == {"full", "distinct", "consensus"}
    assert len(set(result.metrics.query("method == 'scpo' and country == 'Borealis'")["pairs"])) == 3


def test_the_global_model_is_right_on_consensus_and_wrong_on_distinct(result):
    table = result.metrics[result.metrics["method"] == "global"].pivot(
        index="country", columns="subset", values="accuracy"
    )
    assert (table["consensus"] == 1).all() and (table["distinct"] == 0).all()


def test_two_runs_of_one_configuration_give_identical_results_on_any_number_of_threads(
    result, config, tmp_path, monkeypatch
):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setattr("scpo.threads._cores", lambda: 3)
    monkeypatch.setattr("scpo.training.heads.stacked.BLOCK", 8)
    again = run(config, tmp_path / "again")
    for name in ("metrics.json", "summary.json", "data.json", "tallies.safetensors", "margins.safetensors", runs.HEADS):
        assert (result.folder / name).read_bytes() == (again.folder / name).read_bytes(), name


def test_a_run_of_heads_too_keeps_to_one_gpu(config, tmp_path, monkeypatch):
    """A GPU that was asked for stays in sight, and a run of whole models may follow in the same process."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    stages = []
    told = lambda entry: stages.append(entry["stage"])  # noqa: E731
    with pytest.raises(Stopped):
        run(config, tmp_path / "out", on_progress=told, should_stop=lambda: "embed" in stages)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "2"


def test_metrics_can_be_computed_again_from_the_saved_weights(result):
    """The slow way: rewards of one head on each test pair of one country, counted in a loop."""
    from scpo import data as sources
    from scpo.training.encoders import load_encoder
    from scpo.training.heads.features import embed_texts

    saved = safetensors.numpy.load_file(result.folder / "heads.safetensors")
    with open(result.folder / "heads.safetensors", "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        about = json.loads(json.loads(file.read(size))["__metadata__"]["about"])
    data = sources.load(result.config.data)
    phi = embed_texts(data.texts, load_encoder(result.config.encoder), None).of()
    for at, head in list(enumerate(about["heads"]))[::17]:
        test = data.of(head["country"], "test")
        right = 0
        for row in test:
            pair = data.pairs.iloc[row]
            right += float(saved["heads"][at] @ phi[pair["chosen"]]) > float(saved["heads"][at] @ phi[pair["rejected"]])
        rows = result.metrics[
            (result.metrics["country"] == head["country"])
            & (result.metrics["method"] == head["method"])
            & (result.metrics["seed"] == head["seed"])
            & (result.metrics["pairs"] == head["pairs"])
            & (result.metrics["subset"] == "full")
        ]
        assert rows["accuracy"].iloc[0] == pytest.approx(right / len(test)) and rows["n"].iloc[0] == len(test)


def test_training_on_a_countrys_own_pairs_beats_the_global_model_here(result):
    """The tiny countries have unrelated tastes, so anything else means that training does nothing."""
    table = result.tables["accuracy"].query("subset == 'full' and country == 'mean'").set_index("method")
    assert table.loc["full", "gain"] > 0.02


def test_every_summary_table_is_there_and_carries_n(result):
    assert set(result.tables) == {
        "accuracy",
        "paired",
        "bias",
        "transfer",
        "curve",
        "frontier",
        "edge",
        "best_of_n",
        "efficiency",
        "per_pair",
        "path",
        "selection",
        "shares",
        "groups",
        "reading",
        "group_gaps",
    }
    assert len(result.tables["paired"]) and result.tables["paired"][["units", "pairs"]].notna().all(axis=None)
    assert all("n" in result.tables[name] for name in ("accuracy", "bias", "transfer", "curve"))
    assert result.tables["selection"]["kept"].between(0, 1).all()


def test_progress_rises_to_the_end_and_tells_current_accuracy(result):
    entries = read_progress(result.folder, 10_000)
    fractions = [entry["fraction"] for entry in entries if "fraction" in entry]
    assert fractions == sorted(fractions) and entries[-1]["stage"] == "done"
    measuring = [entry["done"] / entry["total"] for entry in entries if entry["stage"] == "measure"]
    assert measuring == sorted(measuring) and measuring[0] == 0 and measuring[-1] == 1
    current = [entry["accuracy"] for entry in entries if "accuracy" in entry]
    assert set(current[-1]) == {"Borealis", "Cascadia"} or len(current[-1]) == 2


def test_a_stop_leaves_a_folder_that_is_visibly_unfinished_and_can_be_run_again(config, result, tmp_path):
    with pytest.raises(Stopped):
        run(config, tmp_path / "run", should_stop=lambda: (tmp_path / "run" / "data.json").exists())
    assert not runs.is_done(tmp_path / "run")
    assert read_progress(tmp_path / "run", 1)[-1]["stage"] == "stopped"
    with pytest.raises(RunFolderError, match="not finished"):
        runs.read(tmp_path / "run")
    again = run(config, tmp_path / "run")
    assert (again.folder / "metrics.json").read_bytes() == (result.folder / "metrics.json").read_bytes()


def test_a_refused_budget_does_not_block_the_folder(config, tmp_path):
    with pytest.raises(ConfigError, match="beyond the data"):
        run(dataclasses.replace(config, budgets=(10**6,)), tmp_path / "run")
    assert run(dataclasses.replace(config, methods=("full",), seeds=1), tmp_path / "run").config.seeds == 1


def test_the_global_model_of_an_earlier_run_can_be_loaded(config, result, tmp_path):
    loaded = dataclasses.replace(config, global_model=str(result.folder / "heads.safetensors"))
    again = run(loaded, tmp_path / "run")
    assert again.metrics.equals(result.metrics)


def test_a_global_model_of_another_shape_is_refused(config, result, tmp_path):
    other = dataclasses.replace(config, global_model=str(result.folder / "heads.safetensors"), hidden=4)
    with pytest.raises(ConfigError, match="needed: one head"):
        run(other, tmp_path / "run")
    with pytest.raises(ConfigError, match="must be 'reference'"):
        run(dataclasses.replace(config, global_model="nowhere.safetensors"), tmp_path / "other")


def test_a_global_model_may_be_trained_on_all_other_countries(config, tmp_path):
    result = run(dataclasses.replace(config, global_model="others", methods=("full", "scpo")), tmp_path / "run")
    assert len(safetensors.numpy.load_file(result.folder / "heads.safetensors")["global"]) == 2


def test_an_mlp_head_runs_through_the_same_code(config, tmp_path):
    result = run(dataclasses.replace(config, hidden=4, methods=("full", "scpo", "scratch")), tmp_path / "run")
    assert np.isfinite(result.metrics["accuracy"].dropna()).all()


def test_only_trivial_methods_need_no_training(config, tmp_path):
    result = run(dataclasses.replace(config, methods=("longer", "random")), tmp_path / "run")
    assert set(result.metrics["method"]) == {"global", "longer", "random"}


def test_tau_one_keeps_every_pair(config, tmp_path):
    result = run(dataclasses.replace(config, tau=1.0, methods=("full", "filter")), tmp_path / "run")
    assert (result.tables["selection"]["kept"] == 1).all()
    table = result.metrics.pivot_table(
        index=["country", "seed", "pairs", "subset"], columns="method", values="accuracy"
    )
    trained = table.dropna(subset=["full", "filter"])
    assert (trained["full"] == trained["filter"]).all()


def test_a_filter_that_keeps_nothing_leaves_the_global_model(config, tmp_path):
    """No pair lies below a tau of one in a billion; the heads stay as they started, with n and no failure."""
    result = run(dataclasses.replace(config, tau=1e-9, methods=("filter", "scpo"), seeds=1), tmp_path / "run")
    assert (result.tables["selection"]["kept"] == 0).all()
    table = result.metrics.query("subset == 'full'").groupby(["country", "method"])["accuracy"].agg(["min", "max"])
    for country in result.card["countries"]:
        part = table.loc[country]
        assert (part["min"] == part["max"]).all() and part["min"].nunique() == 1, "as accurate as the global model"


def test_the_order_of_the_rows_in_the_file_changes_no_pair_and_no_global_margin(own_file, tmp_path):
    import pandas as pd

    from scpo.data import load

    table = pd.read_csv(own_file)
    table.sort_values("score", kind="stable").to_csv(tmp_path / "sorted.csv", index=False)

    def texts_of(path):
        data = load(DataConfig("file", (path,)))
        side = data.texts["response"].to_numpy()
        return sorted(zip(side[data.pairs["chosen"]], side[data.pairs["rejected"]], data.pairs["country"], strict=True))

    assert texts_of(own_file) == texts_of(str(tmp_path / "sorted.csv"))


def test_a_second_global_model_of_the_other_half_rules_and_nothing_starts_from_it(config, tmp_path):
    """Both are right more often than by chance, and each is wrong where the other is not."""
    asked = dataclasses.replace(config, second_global=True, seeds=1, methods=("global", "full"), budgets=(), steps=4)
    done = run(asked, tmp_path / "halves")
    said = read_outcomes(done.folder)
    assert set(said.rulings) == {"second", "majority"}
    for country, o in said.outcomes.items():
        second = said.rulings["second"][country]
        assert second.shape == o.each.known.shape and set(np.unique(second)) <= {-1, 0, 1}
    assert 0.5 < agreement(said, said.rulings["second"]) < 1
    assert ExperimentConfig.from_dict(done.config.as_dict()) == asked and "second_global" not in config.as_dict()
    for more in ({"global_model": "heads.safetensors"}, {"finetune": FinetuneConfig(model="m")}):
        with pytest.raises(ConfigError, match="second_global trains the global model on one half"):
            dataclasses.replace(asked, **more)


def test_people_add_curves_and_change_no_other_number(result, config, tmp_path):
    asked = dataclasses.replace(config, people=(1, 4))
    assert "people" not in config.as_dict() and ExperimentConfig.from_dict(asked.as_dict()) == asked
    done = run(asked, tmp_path / "people")
    assert (done.folder / "metrics.json").read_bytes() == (result.folder / "metrics.json").read_bytes()
    for name in ("curve", "efficiency", "paired"):
        assert done.tables[name].equals(result.tables[name])
    curve = done.tables["people"]
    assert set(curve.loc[curve["method"] == "full", "people"]) >= {1.0, 4.0}
    needed = done.tables["people_needed"]
    assert set(needed["against"]) == {"global", "pooled"} and set(needed["country"]) == {"mean", "Borealis", "Cascadia"}
    assert estimate_heads(asked) - estimate_heads(config) == 2 * 2 * len(config.trained) * 2


def estimate_heads(config):
    return estimate(config, Sizes.of(data_source.look(config.data)[0]), True).heads
