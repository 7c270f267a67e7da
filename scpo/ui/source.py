"""The choice of a data source: a name, and files by path or upload.

An uploaded file lies in a temporary folder of its session, so that one that is only looked at goes
with it. `kept` moves those that a job needs into the workspace.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import streamlit as st

from scpo import DataConfig, runs
from scpo.errors import InputError
from scpo.ui import state

SOURCES = {
    "demo": "Demo world (simulated)",
    "globalopinionqa": "GlobalOpinionQA",
    "prism": "PRISM",
    "file": "Your own file",
}
FORMS = {
    "globalopinionqa": "The published csv (`question, selections, options, source`) or jsonl rows of "
    "`question, country, options, distribution`. Without a file it is fetched from the Hugging Face hub.",
    "prism": "Both files of the data set, `survey` and `utterances`, as jsonl, csv or parquet. Without files it is "
    "fetched from the Hugging Face hub.",
    "file": "Pairs (`prompt, chosen, rejected, country[, user]`) or scored responses "
    "(`prompt, response, score, country, user[, group]`), as csv, jsonl or parquet.",
}
KINDS = ["csv", "jsonl", "parquet"]
MEGABYTE = 1 << 20


def choose(start: DataConfig | None = None, suffix: str = "") -> DataConfig | None:
    """The data source that the form asks for; None while a file is still missing.

    start   the source that is chosen at first; suffix tells apart the widgets of different starts
    """
    start = start or DataConfig()
    dataset = st.segmented_control(
        "Source", list(SOURCES), format_func=SOURCES.get, default=start.dataset, key=state.SOURCE + suffix,
        required=True, persist_state="session",
    )  # fmt: skip
    if dataset == "demo":
        return DataConfig()
    st.markdown(FORMS[dataset])
    uploads = st.file_uploader("Files", type=KINDS, accept_multiple_files=True)
    same = dataset == start.dataset
    typed = st.text_input(
        "or paths on this machine, separated by commas", ", ".join(start.data_files) if same else "",
        key=f"{state.TYPED}-{dataset}{suffix}", persist_state="session",
    )  # fmt: skip
    files = [part.strip() for part in typed.split(",") if part.strip()] + [keep(upload) for upload in uploads]
    fetched = st.session_state.setdefault(state.FETCHED, set())
    if same and not start.data_files:
        fetched.add(dataset)
    if not files and (dataset == "file" or not (dataset in fetched or st.button("Fetch from the hub"))):
        st.info("Give a file to go on.")
        return None
    if not files:
        fetched.add(dataset)
    return DataConfig(dataset, tuple(files))


def keep(upload) -> str:
    """An uploaded file in a temporary folder of this session, under a name of our own.

    Raises `InputError` for one above the server's limit, which the browser's check alone would not
    hold back, before it is read.
    """
    limit = st.get_option("server.maxUploadSize")
    if upload.size > limit * MEGABYTE:
        raise InputError(
            f"{upload.name} has {upload.size / MEGABYTE:,.0f} MB; an upload takes at most {limit} MB. Put the "
            "file on this machine and give its path."
        )
    if state.UPLOADS not in st.session_state:
        st.session_state[state.UPLOADS] = tempfile.TemporaryDirectory(prefix="scpo-upload-")
    kind = upload.name.lower().rpartition(".")[2]
    path = Path(st.session_state[state.UPLOADS].name) / f"{upload.file_id}.{kind if kind in KINDS else 'unknown'}"
    if not path.exists():
        path.write_bytes(upload.getbuffer())
    return str(path)


def kept(config: DataConfig) -> DataConfig:
    """The same source with this session's uploads kept in the workspace, where a job finds them later.

    A file is kept under its sha256, so that the same file uploaded twice is kept once.
    """
    if state.UPLOADS not in st.session_state:
        return config
    session = Path(st.session_state[state.UPLOADS].name)
    files = [str(_into_workspace(Path(name))) if Path(name).parent == session else name for name in config.data_files]
    return dataclasses.replace(config, data_files=tuple(files))


def _into_workspace(path: Path) -> Path:
    folder = runs.workspace().absolute() / "uploads"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(path, "rb") as file:
            place = folder / f"{hashlib.file_digest(file, 'sha256').hexdigest()}{path.suffix}"
        if not place.exists():
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".", delete=False) as part:
                with open(path, "rb") as file:
                    shutil.copyfileobj(file, part)
                part.flush()
                os.fsync(part.fileno())
            os.replace(part.name, place)
    except OSError as error:
        raise InputError(
            f"The uploaded file cannot be kept in {folder} ({error.strerror}). Make room there."
        ) from error
    return place
