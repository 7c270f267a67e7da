"""Pages over a run of fine-tuned models: the results as those of heads, the rest in words."""

import dataclasses
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from streamlit.testing.v1 import AppTest

from scpo import runs
from scpo.config import ExperimentConfig, FinetuneConfig
from scpo.export import archive as export
from scpo.jobs.store import open_store
from scpo.runs.files import write_bytes
from scpo.ui import compare_runs

PAGES = Path(__file__).parents[2] / "pages"


@pytest.fixture
def job(demo_run, workspace):
    """A finished run with the results of the demo's heads, set down as one of whole models."""
    old = runs.read(demo_run)
    config = dataclasses.replace(old.config, finetune=FinetuneConfig("/home/somebody/models/deberta", lora=4))
    folder = workspace / "runs" / "whole"
    runs.create(folder, config)
    for name in runs.RESULT_FILES[1:]:
        write_bytes(folder / name, (demo_run / name).read_bytes())
    about = {"start": "/home/somebody/models/deberta", "models": []}
    content = {"global": np.zeros(3, np.float32), "models": np.zeros((2, 3), np.float32)}
    write_bytes(folder / runs.MODELS, safetensors.numpy.save(content, metadata={"about": json.dumps(about)}))
    runs.finish(folder, 1.0)
    store = open_store()
    yield next(job for job in store.jobs() if job.folder.name == "whole")
    store.close()


def said(app):
    kinds = (app.title, app.caption, app.info, app.error, app.markdown)
    return " ".join(str(e.value) for kind in kinds for e in kind)


@pytest.mark.parametrize("page", ["accuracy", "bias", "efficiency", "overview", "selection", "paper"])
def test_results_are_shown_and_told_to_be_of_whole_models(job, page):
    app = AppTest.from_file(str(PAGES / f"{page}.py"), default_timeout=300).run()
    assert not app.exception and not app.error
    if page in ("accuracy", "bias", "efficiency"):
        assert "fine-tuned from deberta" in said(app) and "/home/somebody" not in said(app)


def test_accuracy_and_bias_lead_to_a_comparison_with_a_run_of_heads_where_there_is_one(job, demo_run, workspace):
    offer = "Compare with a run of heads on the same data: heads"
    heads = workspace / "runs" / "heads"
    for page in ("accuracy", "bias"):
        assert offer not in said(AppTest.from_file(str(PAGES / f"{page}.py"), default_timeout=300).run())
    runs.create(heads, runs.read_config(demo_run))
    for name in [*runs.RESULT_FILES[1:], runs.HEADS]:
        write_bytes(heads / name, (demo_run / name).read_bytes())
    runs.finish(heads, 1.0)
    for page in ("accuracy", "bias"):
        app = AppTest.from_file(str(PAGES / f"{page}.py"), default_timeout=300)
        app.query_params["run"] = job.id
        app.run()
        assert not app.exception and not app.error and offer in said(app)
    compared = AppTest.from_file(str(PAGES / "runs.py"), default_timeout=300)
    compared.query_params["run"] = [job.id, next(j for j in open_store().jobs() if j.folder == heads).id]
    compared.run()
    assert not compared.exception and not compared.error
    assert {"Settings side by side", "Results side by side"} <= {h.value for h in compared.header}
    assert "paired" in said(compared)


def test_steering_says_what_to_do_instead(job):
    app = AppTest.from_file(str(PAGES / "steer.py"), default_timeout=300).run()
    assert not app.exception and "best-of-n" in said(app)


def test_a_run_of_heads_and_one_of_whole_models_are_compared(job):
    other = dataclasses.replace(job, id="000000000001", name="heads", config=ExperimentConfig())
    table = compare_runs.settings_table([job, other], {}).set_index("setting")
    assert table.loc["Reward model", job.name] == "deberta" and table.loc["Reward model", "heads"] == "-"
    assert table.loc["LoRA rank (0 = all weights)", "compared"] == compare_runs.DIFFERS


def test_the_zip_has_the_rewards_and_no_local_path(job, monkeypatch):
    monkeypatch.setattr(export, "svgs", lambda figures: ({}, "not asked for"))
    with zipfile.ZipFile(io.BytesIO(export.zip_of(job))) as archive:
        names = {name.partition("/")[2] for name in archive.namelist()}
        assert runs.MODELS in names and runs.HEADS not in names
        for name in archive.namelist():
            assert b"/home/somebody" not in archive.read(name)


def test_why_asks_whole_models_one_after_another(job, monkeypatch):
    from scpo.training.finetune import saved

    asked = []

    def rewards(result, folders, texts, dropout=False):
        asked.append(folders[0].name)
        return np.array([len(answer) * (1 + len(asked)) for _, answer in texts], np.float32)

    monkeypatch.setattr(saved, "start_of", lambda result: Path("start"))
    monkeypatch.setattr(saved, "model_folders", lambda result, country, method: [Path("seed-0"), Path("seed-1")])
    monkeypatch.setattr(saved, "reward_texts", rewards)
    app = AppTest.from_file(str(PAGES / "steer.py"), default_timeout=300)
    app.session_state["scoring"] = True
    app.run()
    assert not app.exception and not app.error and "only Why is here" in said(app)
    assert asked == ["start", "seed-0", "seed-1"] and "Alvoria's model prefers" in said(app)
