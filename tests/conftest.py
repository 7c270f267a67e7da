"""Fixtures that every test may use; each test has a workspace of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("HF_HUB_OFFLINE", "1")  # the default suite never asks the network
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from fakes import tiny_encoder_folder  # noqa: E402


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    """A fresh workspace and cache folder, so that no test sees another's or the user's runs."""
    folder = tmp_path / "workspace"
    monkeypatch.setenv("SCPO_WORKSPACE", str(folder))
    monkeypatch.delenv("SCPO_CACHE_DIR", raising=False)
    return folder


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory):
    """Folder of a tiny random BERT."""
    return tiny_encoder_folder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="session")
def shared_data():
    """Folder of the real survey sample; the test is skipped where it is missing."""
    here = os.environ.get("SCPO_SHARED_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(here)
    if not folder.is_dir():
        pytest.skip("the survey sample is not beside the checkout (set SCPO_SHARED_DATA to its folder)")
    return folder


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory, tiny_encoder):
    """A finished small run on the demo world, made once; copy it into a workspace to show it."""
    from scpo import ExperimentConfig, run

    folder = tmp_path_factory.mktemp("run") / "demo"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCPO_WORKSPACE", str(folder.parent))
        run(ExperimentConfig(seeds=2, steps=12, tau=0.5, budgets=(50, 200), encoder=str(tiny_encoder)), folder)
    return folder
