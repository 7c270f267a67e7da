"""Everything the pages cache: bounded, and keyed by plain values. Filtering comes after the cache."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from scpo import data, runs
from scpo.config import DataConfig
from scpo.data.preferences import Preferences
from scpo.jobs.store import Store, open_store


@st.cache_resource(max_entries=8, show_spinner=False)
def _run(folder: str, changed: int) -> runs.Result:
    return runs.read(folder)


def finished_run(folder: Path) -> runs.Result:
    """A finished run; read again only if its done.json changed. Shared by all users: never altered."""
    done = folder / "done.json"
    return _run(str(folder), done.stat().st_mtime_ns if done.exists() else 0)


@st.cache_resource(max_entries=3, show_spinner="Reading the data ...")
def _preferences(config: DataConfig, changed: tuple[int, ...]) -> Preferences:
    return data.load(config)


def preferences(config: DataConfig) -> Preferences:
    """The pairs of a data source; local files are read again when they change."""
    paths = [Path(name).expanduser() for name in config.data_files]
    return _preferences(config, tuple(p.stat().st_mtime_ns if p.exists() else 0 for p in paths))


@st.cache_resource(max_entries=4, show_spinner=False)
def _store(space: str, url: str | None) -> Store:
    return open_store(Path(space))


def job_store() -> Store:
    """The job store of the workspace, opened once for all sessions."""
    return _store(str(runs.workspace()), os.environ.get("SCPO_DATABASE_URL"))
