"""When does SCPO help?: every point is an ordinary experiment; a study can be stopped, gone on with, and read."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from scpo import run
from scpo.cli import main
from scpo.config import DataConfig, ExperimentConfig
from scpo.errors import ConfigError
from scpo.study import design
from scpo.study import folder as study_folder
from scpo.study.when_it_helps import accuracies, prepare
from scpo.training.encoders import load_encoder

from fakes import scored_rows


@pytest.fixture(scope="module")
def own_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    scored_rows(150).to_csv(path, index=False)
    return str(path)


@pytest.fixture(scope="module")
def study(own_file, tiny_encoder, tmp_path_factory):
    """A quick study on a user's file: two splits."""
    folder = tmp_path_factory.mktemp("study")
    command = [
        "study",
        "when",
        "--dataset",
        "file",
        "--data-file",
        own_file,
        "--countries",
        "Borealis,Cascadia",
        "--encoder",
        str(tiny_encoder),
        "--quick",
        "--worlds",
        "2",
        "--out",
        str(folder / "when"),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCPO_WORKSPACE", str(folder))
        assert main(command) == 0
    return folder / "when", command


def test_every_point_is_an_experiment_with_the_same_accuracies(own_file, tiny_encoder, tmp_path):
    data = DataConfig("file", (own_file,), ("Borealis", "Cascadia"))
    config = ExperimentConfig(
        data, ("full", "scpo", "shared"), 2, (20,), tau=0.6, steps=20, global_scale=2.0, encoder=str(tiny_encoder)
    )
    found = accuracies(config, prepare(config, load_encoder(config.encoder)))
    found = found[found["when"] == study_folder.CHOSEN].set_index(["country", "method", "pairs"])
    metrics = run(config, tmp_path / "run").metrics
    metrics["pairs"] = metrics["pairs"].where(
        (metrics["pairs"] == 20) | (metrics["method"] == "global"), study_folder.ALL
    )
    wide = metrics.groupby(["country", "method", "pairs", "subset"])["accuracy"].mean().unstack()
    for place, row in wide.iterrows():
        assert np.allclose(
            found.loc[place, ["full", "distinct", "consensus"]].astype(float),
            row[["full", "distinct", "consensus"]],
            equal_nan=True,
        ), place
    assert len(wide) == 2 * (3 * 2 + 1)


def test_a_study_has_every_factor_method_and_country_of_each_world(study):
    shown = study_folder.read(study[0])
    factors = {f.name for f in design.FACTORS if not f.planted} | {design.BASE}
    assert shown.done and shown.finished_worlds == 2 and set(shown.table["factor"]) == factors
    assert shown.methods == list(design.METHODS) and set(shown.table["country"]) == {"Borealis", "Cascadia"}
    assert shown.unit == "country" and shown.table["full"].between(0, 1).all()


def test_tau_and_beta_that_go_with_the_scale_keep_the_same_pairs(study):
    table = study_folder.read(study[0]).table
    scpo = table[
        (table["method"] == "scpo") & (table["pairs"] == study_folder.ALL) & (table["when"] == study_folder.CHOSEN)
    ]
    kept_by = {
        name: part.set_index(["world", "country"])["kept"]
        for name, part in scpo[(scpo["factor"] == design.BASE) | (scpo["value"] == 0.25)].groupby("factor")
    }
    assert np.allclose(kept_by[design.FOLLOW], kept_by[design.BASE])
    assert not np.allclose(kept_by["global_scale"], kept_by[design.BASE])


def test_a_study_that_was_stopped_goes_on_to_the_same_content(study, capsys):
    folder, command = study
    lost = (folder / "world-1.csv").read_bytes()
    (folder / "world-1.csv").unlink()
    (folder / "done.json").unlink()
    assert not study_folder.read(folder).done and study_folder.read(folder).finished_worlds == 1
    assert main(command) == 0 and (folder / "world-1.csv").read_bytes() == lost and study_folder.read(folder).done
    assert "world 1 of 2" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "change, said",
    [
        ([], "holds this study already"),
        (["--methods", "full,scpo"], "other settings"),
        (["--methods", "scpo"], "compares with full"),
        (["--worlds", "0"], "at least 1"),
    ],
)
def test_a_finished_study_is_not_overwritten_and_unusable_options_are_refused(study, capsys, change, said):
    assert main([*study[1], *change]) == 2
    assert said in capsys.readouterr().err and study_folder.read(study[0]).done


def test_without_a_name_the_studies_are_listed(capsys):
    assert main(["study"]) == 0
    out = capsys.readouterr().out
    assert "coverage" in out and "when" in out


def differing(one, other):
    """The settings in which two configurations differ, the groups of settings aside."""
    names = [f.name for f in dataclasses.fields(one) if f.name != "data"]
    return {name for name in names if getattr(one, name) != getattr(other, name)}


def test_points_of_a_world_differ_from_the_first_in_their_factor_alone():
    start = design.first_point(ExperimentConfig(methods=design.METHODS), 3)
    points = design.points(start, fewest=700)
    assert start.data.demo_seed == 3 and points[0].config == start and len({p.config for p in points}) == 66
    allowed = {
        design.FOLLOW: {"tau", "beta", "global_scale"},
        design.TAU_SCALE: {"tau", "global_scale"},
        design.PAIRS_STEPS: {"budgets", "steps"},
        design.BASE: set(),
    }
    for point in points:
        changed = differing(start, point.config) | differing(start.data, point.config.data)
        assert changed <= allowed.get(point.factor, {point.factor}), point
    assert all(max(p.config.budgets) < 700 for p in points)


def test_whole_models_are_no_part_of_it():
    from scpo.config import FinetuneConfig

    with pytest.raises(ConfigError, match="trains heads"):
        prepare(ExperimentConfig(finetune=FinetuneConfig(model="minilm")), None)


def planted(simulated, worlds=6):
    """A study whose numbers are known: scpo minus full is 0.01 times the world, from 1, in country A, nothing in B."""
    rows = [
        {
            "factor": "tau",
            "value": 0.7,
            "second": np.nan,
            "country": c,
            "method": m,
            "pairs": 0,
            "when": study_folder.END,
            "full": 0.6 + (0.01 * (w + 1) if m == "scpo" and c == "A" else 0.0),
            "world": w,
        }
        for w in range(worlds)
        for c in ("A", "B")
        for m in ("global", "full", "scpo")
    ]
    return study_folder.Study(None, ExperimentConfig(), {"simulated": simulated}, worlds, True, pd.DataFrame(rows))


def test_an_interval_is_students_t_over_worlds_of_paired_differences():
    """Differences 0.005 x (1, ..., 6) once countries are averaged: mean 0.0175, sd 0.0093541, t(5) = 2.570582."""
    row = study_folder.compare(planted(True), "tau", "full", study_folder.END, "full").query("method == 'scpo'").iloc[0]
    assert row["n"] == 6 and row["estimate"] == pytest.approx(0.0175)
    assert row["high"] - row["estimate"] == pytest.approx(2.570582 * 0.0093541 / 6**0.5, rel=1e-4)
    assert row["estimate"] - row["low"] == pytest.approx(row["high"] - row["estimate"])


def test_of_a_survey_the_interval_is_over_countries_and_two_are_too_few():
    row = (
        study_folder.compare(planted(False), "tau", "full", study_folder.END, "full").query("method == 'scpo'").iloc[0]
    )
    assert row["n"] == 2 and row["estimate"] == pytest.approx(0.0175) and np.isnan(row["low"])


def test_a_damaged_study_is_said_to_be_damaged(study, tmp_path):
    (tmp_path / "study.json").write_bytes((study[0] / "study.json").read_bytes())
    (tmp_path / "world-0.csv").write_text("factor,value\nx,y\n")
    with pytest.raises(study_folder.RunFolderError, match="damaged"):
        study_folder.read(tmp_path)
    with pytest.raises(study_folder.RunFolderError, match="not a study folder"):
        study_folder.read(tmp_path / "nothing")
