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
import weakref
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from scpo import DataConfig, runs
from scpo.config import DEMO_WORLDS, NAME_LENGTH, PLAIN, PRISM_SIZED
from scpo.data.reading import PACKERS, READERS, kind_of
from scpo.errors import DataFaults, InputError
from scpo.format import counted, inert
from scpo.grouping import speak_of
from scpo.ui import session
from scpo.ui.column_choice import choose_columns
from scpo.ui.group_choice import choose_group

SOURCES = {
    "demo": "Demo world (simulated)",
    "globalopinionqa": "GlobalOpinionQA",
    "survey": "Another survey",
    "prism": "PRISM",
    "file": "Your own file",
}
FORMS = {
    "globalopinionqa": "The published csv (`question, selections, options, source`) or jsonl rows of "
    "`question, country, options, distribution`. Without a file it is fetched from the Hugging Face hub.",
    "survey": "One row per question and country (`question, country, options, distribution`), lists as lists or as "
    "their text, or the columns in which GlobalOpinionQA is published. Give it a title and a licence below.",
    "prism": "Both files of the data set, `survey` and `utterances`, as jsonl, csv or parquet. Without files it is "
    "fetched from the Hugging Face hub.",
    "file": "Pairs or scored answers as csv, jsonl, json, parquet or Excel; prompts and answers are texts or messages. "
    "The columns of published data sets are recognised, such as those of Community Alignment, HelpSteer3, "
    "UltraFeedback or Arena; of any other file you say which column is what.",
}
WORLDS = {PLAIN: "Many test people, short answers", PRISM_SIZED: "PRISM's size"}
WORLD_IS = {
    PLAIN: "60 test people in every population: enough to see most of what is planted. An answer is one thought in "
    "two or three styles.",
    PRISM_SIZED: "The same planted tastes, but as few test people as in PRISM, 4 to 14 a country: mostly too few to "
    "tell. An answer has up to ten styles.",
}
KINDS = [suffix.removeprefix(".") for suffix in (*READERS, *PACKERS)]
NAMES = {"title": "Title", "licence": "Licence", "citation": "Citation", "url": "Address"}
MEGABYTE = 1 << 20
STAYS = "Uploads stay for this visit: a reload of the page in the browser drops them. A run keeps its own copy."


def choose(start: DataConfig | None = None, suffix: str = "") -> DataConfig | None:
    """The data source that the form asks for; None while a file is still missing.

    start   the source that is chosen at first; suffix tells apart the widgets of different starts: those of one
            suffix are the same on every page, so that a source chosen on one is chosen on all
    """
    start = start or _linked()
    dataset = st.segmented_control(
        "Source",
        list(SOURCES),
        format_func=SOURCES.get,
        default=start.dataset,
        key=session.SOURCE + suffix,
        required=True,
        persist_state="session",
    )
    if not suffix:
        _link(dataset)
    if dataset == "demo":
        return DataConfig(demo_world=_world(start.demo_world, suffix))
    same = dataset == start.dataset
    st.markdown(FORMS[dataset])
    uploads = _uploads(f"{dataset}{suffix}", start if same else DataConfig())
    typed = st.text_input(
        "or paths on this machine, separated by commas",
        ", ".join(start.data_files) if same and not start.data_names else "",
        key=f"{session.TYPED}-{dataset}{suffix}",
        persist_state="session",
    )
    paths = [typed.strip()] if os.path.exists(typed.strip()) else [p.strip() for p in typed.split(",") if p.strip()]
    fetched = st.session_state.setdefault(session.FETCHED, set())
    if same and not start.data_files:
        fetched.add(dataset)
    on_hub = dataset in ("globalopinionqa", "prism")
    if not (paths or uploads) and not (on_hub and (dataset in fetched or st.button("Fetch from the hub"))):
        st.info("Choose a file to go on.")
        return None
    if not (paths or uploads):
        fetched.add(dataset)
    names = (*(clean_name(Path(path).name) for path in paths), *uploads) if uploads else ()
    place, files, start = f"{dataset}{suffix}", (*paths, *uploads.values()), start if same else DataConfig()
    columns = choose_columns(files, place, start) if dataset == "file" else {}
    if columns is None:
        return None
    group = choose_group(dataset, files, columns.get("columns", ()), place, start)
    speak_of(group)
    about: dict[str, Any] = _about(place, start) if files else {}
    return DataConfig(dataset, files, data_names=names, group=group, **columns, **about)


def _world(first: str, suffix: str) -> str:
    """Which demo world, in the link too where it is not the usual one."""
    chosen = st.segmented_control(
        "Demo world",
        DEMO_WORLDS,
        format_func=WORLDS.get,
        default=first,
        key=session.WORLD + suffix,
        required=True,
        persist_state="session",
    )
    st.caption(WORLD_IS[chosen])
    if not suffix and chosen != PLAIN:
        st.query_params[session.WORLD] = chosen
    elif session.WORLD in st.query_params:
        del st.query_params[session.WORLD]
    return chosen


def _about(place: str, start: DataConfig) -> dict[str, str]:
    """What the data is called wherever it is shown, its licence and how it is cited; nothing where nothing is typed."""
    with st.expander("Title, licence and citation"):
        return {
            name: st.text_input(
                label,
                getattr(start, name),
                key=f"{session.ABOUT}-{name}-{place}",
                persist_state="session",
                max_chars=300,
            ).strip()
            for name, label in NAMES.items()
        }


def _linked() -> DataConfig:
    """The source that a link names, its files still to be chosen."""
    asked = st.query_params.get(session.SOURCE)
    world = st.query_params.get(session.WORLD)
    return (
        DataConfig(asked, ("",))
        if asked in SOURCES and asked != "demo"
        else DataConfig(demo_world=world if world in DEMO_WORLDS else PLAIN)
    )


def _link(dataset: str) -> None:
    """Keep the source in the link, so that a reload does not show another one in its place."""
    if dataset != "demo":
        st.query_params[session.SOURCE] = dataset
    elif session.SOURCE in st.query_params:
        del st.query_params[session.SOURCE]


def _uploads(place: str, start: DataConfig) -> dict[str, str]:
    """Uploaded files by the names that their owner gave them, with where they lie; they can be added and removed.

    The uploader is emptied as soon as its files are taken, and drawn anew: what it holds would not survive a change
    of page, and would keep a file beside the mended one of the same name.
    """
    held = st.session_state.setdefault(
        f"{session.UPLOADS}-{place}", dict(zip(start.data_names, start.data_files, strict=False))
    )
    turn = st.session_state.setdefault(f"{session.TURN}-{place}", 0)
    key = f"{session.TURN}-{place}-{turn}"
    st.file_uploader("Files", type=KINDS, accept_multiple_files=True, key=key, on_change=_take, args=(place, key))
    for said in st.session_state.pop(f"{session.SAID}-{place}", []):
        st.warning(inert(said))
    for at, name in enumerate(held):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/description: {inert(name)}", width="content")
            st.button(
                "Remove",
                key=f"{session.TURN}-{place}-remove-{at}",
                help=f"Remove {inert(name)}",
                on_click=held.pop,
                args=(name,),
            )
    st.markdown(f":small[{STAYS}]")
    return held


def _take(place: str, key: str) -> None:
    """Take the files of the uploader in: one of a name that is there already replaces it, and that is told."""
    held, said = st.session_state[f"{session.UPLOADS}-{place}"], []
    before = set(held)
    for upload in st.session_state[key]:
        try:
            name, path = clean_name(upload.name), keep(upload)
        except InputError as error:
            said.append(str(error))
            continue
        if name in before:
            before.discard(name)
            said.append(f"{name} replaces the file of the same name.")
        elif name in held:
            name = next(n for i in range(2, len(held) + 3) if (n := clean_name(f"({i}) {name}")) not in held)
        held[name] = path
    st.session_state[f"{session.SAID}-{place}"] = said
    st.session_state[f"{session.TURN}-{place}"] += 1


def show_faults(error: DataFaults) -> None:
    """Every fault of the files, and how to go on."""
    said = filter(None, [f"{counted(len(error.faults), 'fault')} in {error.path}.", error.why, error.remedy])
    st.error(inert(" ".join(said)) + " and load it again: it takes the place of the one of the same name.")
    table = pd.DataFrame([vars(fault) for fault in error.faults])
    if table["row"].isna().any():
        table["row"] = [fault.row and f"{fault.row:,}" or "the file" for fault in error.faults]
    st.dataframe(table, hide_index=True)


def clean_name(name: str) -> str:
    """A file's name as its owner gave it, on one line: what cannot be printed is left out, a long one is cut in its
    middle. It is shown as text and never used as a path."""
    name = "".join(c if c.isprintable() else " " if c.isspace() else "" for c in name).strip() or "unnamed"
    return name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 31]}\N{HORIZONTAL ELLIPSIS}{name[-30:]}"


class Folder:
    """A temporary folder that is gone when its session is."""

    def __init__(self):
        self.name = tempfile.mkdtemp(prefix="scpo-upload-")
        self.cleanup = weakref.finalize(self, shutil.rmtree, self.name, ignore_errors=True)


def keep(upload) -> str:
    """An uploaded file in a temporary folder of this session, under a name of our own.

    Raises `InputError` for one above the server's limit, which the browser's check alone would not
    hold back, before it is read.
    """
    limit = st.get_option("server.maxUploadSize")
    if upload.size > limit * MEGABYTE:
        raise InputError(
            f"{clean_name(upload.name)} has {upload.size / MEGABYTE:,.0f} MB; an upload takes at most {limit} MB. Put "
            "the file on this machine and give its path."
        )
    if session.UPLOADS not in st.session_state:
        st.session_state[session.UPLOADS] = Folder()
    path = Path(st.session_state[session.UPLOADS].name) / f"{upload.file_id}{kind_of(upload.name) or '.unknown'}"
    if not path.exists():
        path.write_bytes(upload.getbuffer())
    return str(path)


def kept(config: DataConfig) -> DataConfig:
    """The same source with this session's uploads kept in the workspace, where a job finds them later.

    A file is kept under its sha256, so that the same file uploaded twice is kept once.
    """
    if session.UPLOADS not in st.session_state:
        return config
    uploads = Path(st.session_state[session.UPLOADS].name)
    files = [str(_into_workspace(Path(name))) if Path(name).parent == uploads else name for name in config.data_files]
    return dataclasses.replace(config, data_files=tuple(files))


def _into_workspace(path: Path) -> Path:
    folder = runs.workspace().absolute() / "uploads"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(path, "rb") as file:
            place = folder / f"{hashlib.file_digest(file, 'sha256').hexdigest()}{''.join(path.suffixes)}"
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
