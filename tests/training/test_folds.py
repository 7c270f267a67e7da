"""A run with folds: against one run per fold, killed and resumed, and what it says of itself."""

import dataclasses
import json

import numpy as np
import pytest
import safetensors.numpy

from scpo import data as sources
from scpo import runs
from scpo.config import DataConfig, ExperimentConfig
from scpo.data.folds import splits
from scpo.errors import Stopped
from scpo.export.report import report
from scpo.metrics.outcomes import ratio
from scpo.plan import budgets_for, rows_by_country
from scpo.progress import Progress
from scpo.training.checkpoint import Checkpoint
from scpo.training.encoders import load_encoder
from scpo.training.evaluate import Trained, measure
from scpo.training.experiment import run
from scpo.training.heads.backend import train_heads

from fakes import scored_rows

FOLDS = 3


@pytest.fixture(scope="module")
def config(tmp_path_factory, tiny_encoder):
    path = tmp_path_factory.mktemp("data") / "rows.csv"
    scored_rows(60).to_csv(path, index=False)
    data, methods = DataConfig("file", (str(path),), folds=FOLDS), ("global", "full", "scpo", "shared")
    return ExperimentConfig(data, methods, seeds=2, steps=20, lr=0.02, encoder=str(tiny_encoder))


@pytest.fixture(scope="module")
def result(config, tmp_path_factory):
    return run(config, tmp_path_factory.mktemp("run") / "out")


@pytest.fixture(scope="module")
def twins(config, tmp_path_factory):
    """Each fold trained and measured as a run of its own, by a data set that knows of no other fold."""
    data, found = sources.load(config.data), []
    alone = [rows_by_country(split, data.card.countries) for split in splits(data)]
    budgets = budgets_for(config, *alone, rows_by_country(sources.folds.split_of_fold(data, 0), data.card.countries))
    encoder = load_encoder(config.encoder)
    for split, rows in zip(splits(data), alone, strict=True):
        checkpoint = Checkpoint(tmp_path_factory.mktemp("twin"), "twin")
        trained = train_heads(encoder, config, split, rows, budgets, Progress(), checkpoint)
        part = Trained.of(split, rows, trained)
        found.append(measure(config, split, [part], part, Progress())[0])
    return found


def test_pooled_right_answers_are_those_of_every_fold_as_a_run_of_its_own(result, twins):
    metrics = result.metrics
    for country in result.card["countries"]:
        own = [twin.outcomes[country] for twin in twins]
        wins, counts = (sum(getattr(o, name).sum(-1) for o in own) for name in ("wins", "counts"))
        accuracy, ties = ratio(wins, counts), sum(o.ties for o in own)
        heads = own[0].heads
        for at, subset in enumerate(("full", "distinct", "consensus")):
            rows = metrics[(metrics["country"] == country) & (metrics["subset"] == subset)]
            assert (
                rows["method"].tolist() == heads["method"].tolist() and rows["seed"].tolist() == heads["seed"].tolist()
            )
            assert rows["accuracy"].tolist() == accuracy[:, at].astype(np.float64).tolist()
            assert rows["n"].unique().tolist() == [counts[at]] and rows["ties"].tolist() == ties[:, at].tolist()


def test_every_pair_has_what_its_folds_models_said_and_its_fold(result, twins):
    data = sources.load(result.config.data)
    tallies = safetensors.numpy.load_file(result.folder / "tallies.safetensors")
    for at, country in enumerate(result.card["countries"]):
        rows = data.of(country, "test")
        assert np.array_equal(tallies[f"{at}/fold"], data.units["fold"].to_numpy()[data.pairs["unit"].to_numpy()[rows]])
        for number, twin in enumerate(twins, start=1):
            here, o = tallies[f"{at}/fold"] == number, twin.outcomes[country]
            top = (o.heads["level"] == o.heads["method"].map(twin.top)).to_numpy()
            assert np.array_equal(tallies[f"{at}/signs"][:, here].astype(int) - 1, o.each.signs[top])


def test_the_models_that_are_kept_are_trained_on_all_pairs(result):
    with open(result.folder / runs.HEADS, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        about = json.loads(json.loads(file.read(size))["__metadata__"]["about"])
    whole = sources.folds.split_of_fold(sources.load(result.config.data), 0)
    rows = rows_by_country(whole, result.card["countries"])
    most = {c: max(h["pairs"] for h in about["heads"] if h["country"] == c) for c in rows}
    assert most == {c: len(part.train) for c, part in rows.items()} and not any(len(p.test) for p in rows.values())


def test_a_run_that_was_stopped_in_a_later_fold_keeps_the_earlier_ones_and_ends_with_the_same_bytes(
    config, result, tmp_path, monkeypatch
):
    finished = tmp_path / "run" / "folds"
    with pytest.raises(Stopped):
        run(config, tmp_path / "run", should_stop=lambda: any(finished.glob("2/checkpoint-*")))
    kept = sorted(path.name for path in finished.glob("1/*"))
    trained = []
    from scpo.training.heads import backend

    train = backend._train
    monkeypatch.setattr(backend, "_train", lambda problem, *rest: trained.append(1) or train(problem, *rest))
    again = run(config, tmp_path / "run")
    assert kept and len(trained) <= FOLDS and not finished.exists()  # the first fold is not trained again
    for name in ("metrics.json", "summary.json", "data.json", "tallies.safetensors", "margins.safetensors", runs.HEADS):
        assert (result.folder / name).read_bytes() == (again.folder / name).read_bytes(), name


def test_progress_of_folds_rises_and_is_told_as_one_training(result):
    from scpo.runs.progress_log import read_progress

    entries = [e for e in read_progress(result.folder, 10_000) if e["stage"] == "train"]
    done = [entry["done"] / entry["total"] for entry in entries]
    assert done == sorted(done) and done[-1] == 1 and not any("accuracy" in entry for entry in entries)


def test_the_table_of_folds_and_the_words_of_folds_are_there(result):
    assert set(result.tables["folds"]["fold"]) == {1, 2, 3} and result.card["folds"] == FOLDS
    files = report(result, "folds")
    assert files["folds.csv"].startswith("fold,country,method,accuracy,units,n")
    assert "3 folds by user: every pair is tested once" in files["report.html"]


def test_the_estimate_counts_every_folds_models(config):
    from scpo.estimate import Sizes, estimate

    one = dataclasses.replace(config, data=dataclasses.replace(config.data, folds=1), budgets=(20,))
    folds = dataclasses.replace(config, budgets=(20,))
    heads = [estimate(c, Sizes.of(sources.load(c.data)), True).heads for c in (one, folds)]
    assert heads[1] == (FOLDS + 1) * heads[0]
