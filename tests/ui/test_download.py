"""A model of a finished run: what is said of it, how it is loaded, and the zip, which is what `scpo export` writes."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from scpo import runs
from scpo.errors import RunFolderError
from scpo.export.model_card import standing
from scpo.export.usage import load_lines
from scpo.ui import download

from fake_hub import TOKEN, FakeHub
from fakes import job_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def finished(workspace, demo_run):
    return job_of(demo_run, workspace, "a run")


def opened(page, job, **query):
    app = AppTest.from_file(str(ROOT / f"pages/{page}.py"), default_timeout=300)
    app.query_params.update({"run": job.id, **query})
    app.run()
    assert not app.exception
    return app


@pytest.mark.parametrize("page", ["train", "runs"])
def test_a_finished_run_offers_a_model_with_its_lines_its_command_and_whether_it_is_ahead(page, finished, demo_run):
    app = opened(page, finished, country="Galune", method="shared")
    assert "Download model" in [button.label for button in app.get("download_button")]
    result, (lines, command) = runs.read(demo_run), [code.value for code in app.code if "reward-model" in code.value]
    assert lines == load_lines(result, "reward-model-Galune-shared")
    assert command.startswith("python -m scpo export ") and "a run' --country=Galune --method=shared" in command
    told = standing(result, "Galune", "shared")
    shown = app.success if told.decided > 0 else app.warning
    assert f"{told.pairs:,} test pairs" in " ".join(box.value for box in shown)


def test_a_model_that_is_not_ahead_of_the_global_one_is_told_in_a_warning(finished):
    assert standing(runs.read(finished.folder), "Galune", "scpo").decided <= 0
    app = opened("train", finished, country="Galune", method="scpo")
    assert any("This model is not" in box.value and "95 % interval" in box.value for box in app.warning)


def test_a_finished_training_leads_to_its_charts(finished):
    said = [caption.value for caption in opened("train", finished).caption]
    assert {"All charts of this run", "Accuracy", "Bias", "Data efficiency", "Steer", "Data of this run"} <= set(said)


def test_the_zip_is_the_folder_that_export_writes(finished):
    archive = zipfile.ZipFile(io.BytesIO(download.zip_of_model(finished.folder, "Galune", "scpo")))
    names = {Path(name).name for name in archive.namelist()}
    assert {Path(name).parts[0] for name in archive.namelist()} == {"reward-model-Galune-scpo"}
    assert {"README.md", "config.json", "model.safetensors", "tokenizer.json"} <= names
    assert json.loads(archive.read("reward-model-Galune-scpo/config.json"))["model_type"] == "scpo-reward"


def test_what_the_command_refuses_is_refused_in_its_words(finished):
    with pytest.raises(RunFolderError, match="no model for '--help'"):
        download.zip_of_model(finished.folder, "--help", "scpo")


def test_the_name_of_a_country_never_leaves_the_folder():
    assert download.folder_name("../../etc/<b>", "scpo") == "reward-model-etc-b-scpo"
    assert len(download.folder_name("x" * 500, "scpo")) <= 80


def test_the_hub_gets_the_model_and_no_file_or_session_has_the_token(finished, workspace, monkeypatch, caplog):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with FakeHub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        app = opened("train", finished, country="Galune", method="scpo")
        pushed(app, "me/galune", TOKEN)
        assert any(f"{hub.address}/me/galune" in box.value.replace("\\", "") for box in app.success)
        assert {"README.md", "model.safetensors"} <= set(hub.repositories["me/galune"]) and hub.private["me/galune"]
    kinds = ("markdown", "error", "success", "text_input", "code", "caption")
    drawn = [str(element.value) for kind in kinds for element in app.get(kind)]
    assert "hub-token" in str(app.session_state) and TOKEN not in "".join([str(app.session_state), caplog.text, *drawn])
    files = [path for path in workspace.rglob("*") if path.is_file()]
    assert len(files) > 5 and not [path for path in files if TOKEN.encode() in path.read_bytes()]


def test_what_the_hub_refuses_is_told_as_text(finished, monkeypatch):
    def refuse(folder, options, token):
        raise RunFolderError(f"refused {options[-1]}, for {token == TOKEN}")

    monkeypatch.setattr("scpo.ui.hub_form.run_export", refuse)
    app = opened("train", finished, country="Galune", method="scpo")
    pushed(app, "me/**x**", TOKEN)
    (told,) = [box.value for box in app.error if "refused" in box.value]
    assert r"\*\*x" in told and "for True" in told and TOKEN not in str(app.session_state)


def pushed(app, repository, token):
    app.text_input(key="hub-repository").set_value(repository)
    app.text_input(key="hub-token").set_value(token)
    next(button for button in app.button if button.label == "Put it there").click().run()
    assert not app.exception


def test_a_model_too_large_for_a_browser_has_the_command_only(finished, monkeypatch):
    monkeypatch.setattr(download, "LARGEST", -1)
    app = opened("train", finished)
    assert not any(button.label == "Download model" for button in app.get("download_button"))
    assert any("too much for a browser" in box.value for box in app.info) and app.code


def test_the_section_is_drawn_without_torch():
    code = "import sys, scpo.ui.download; assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True).returncode == 0
