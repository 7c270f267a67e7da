"""Finished runs read under other rulers of distinct and consensus, each once for all sessions."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from scpo import runs
from scpo.errors import ScpoError
from scpo.rulers import agreement, compared, rulers_of, under
from scpo.runs.judges import Judge
from scpo.runs.outcomes import read_held_out
from scpo.training.encoder_reading import unreadable
from scpo.ui.cache import finished_run, judge_files, judges, outcomes


def _unread(result: runs.Result) -> list[str]:
    return unreadable(result.tables.get("reading"))


def rulers(result: runs.Result) -> dict[str, float]:
    """What may rule the test pairs of a finished run, and on which share of them it says what the global model says.

    The global model is the first; none of a run that did not keep what its models said pair by pair.
    """
    try:
        said = outcomes(result)
    except ScpoError:
        return {}
    return {name: agreement(said, signs) for name, signs in rulers_of(said, judges(result)).items()}


@st.cache_resource(max_entries=8, show_spinner=False)
def _ruled(folder: str, changed: tuple, ruler: str) -> tuple[runs.Result, list[Judge]]:
    result = finished_run(Path(folder))
    return under(result, outcomes(result), read_held_out(Path(folder)), ruler, judges(result), _unread(result))


def under_ruler(result: runs.Result, ruler: str) -> tuple[runs.Result, list[Judge]]:
    """A finished run and its judges with distinct and consensus by another ruler. Shared by all users."""
    return _ruled(str(result.folder), _changed_run(result), ruler)


@st.cache_resource(max_entries=8, show_spinner=False)
def _under_every(folder: str, changed: tuple) -> pd.DataFrame:
    result = finished_run(Path(folder))
    return compared(result, outcomes(result), judges(result), _unread(result))


def under_every_ruler(result: runs.Result) -> pd.DataFrame:
    """Consensus kept and own taste learned under every ruler of a finished run."""
    return _under_every(str(result.folder), _changed_run(result))


def _changed_run(result: runs.Result) -> tuple:
    """When a run and each judge beside it last changed."""
    return (result.folder / "done.json").stat().st_mtime_ns, *judge_files(result)
