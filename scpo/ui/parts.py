"""Pieces that several pages show: a chart with its table and download, a run's label, a live run."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from scpo import runs
from scpo.config import ExperimentConfig
from scpo.jobs import launch
from scpo.ui import state
from scpo.ui.words import inert

CHART_OPTIONS = {"topojsonURL": "./app/static/", "displaylogo": False, "toImageButtonOptions": {"format": "svg"}}
STAGES = {
    "data": "reading the data", "embed": "encoding the texts", "global": "training the global model",
    "train": "steering to the countries", "measure": "measuring",
}  # fmt: skip


def chart(figure: go.Figure, key: str, alt: str, table: pd.DataFrame, simulated: bool) -> None:
    """A figure, its text alternative, and its numbers as a table and a csv."""
    st.plotly_chart(figure, key=f"{key}-chart", config=CHART_OPTIONS, alt=alt)
    with st.expander("The numbers behind this chart"):
        st.dataframe(table, hide_index=True, key=f"{key}-table")
        noted = table.assign(note="simulated data") if simulated else table
        st.download_button(
            "Download these numbers", lambda: safe_csv(noted), file_name=f"{key}.csv", mime="text/csv",
            key=f"{key}-csv", on_click="ignore",
        )  # fmt: skip


def safe_csv(table: pd.DataFrame) -> str:
    """A csv in which no text can be run as a formula by a spreadsheet."""
    texts = table.select_dtypes(exclude="number").columns
    guarded = table[texts].astype(str).map(lambda v: "'" + v if v[:1] in ("=", "+", "-", "@", "\t", "\r") else v)
    return table.assign(**{c: guarded[c] for c in texts}).to_csv(index=False)


def run_label(folder: Path) -> str:
    """A run in words: data set, countries, methods, seeds, state."""
    try:
        config = runs.read_config(folder)
    except runs.RunFolderError:
        return f"{folder.name} (unreadable)"
    countries = len(config.data.countries)
    which = f"{countries} countries" if countries else "all countries"
    return (
        f"{config.data.dataset}: {which}, {len(config.methods)} methods, {config.seeds} seeds ({launch.state(folder)})"
    )


def shows_progress(folder: Path) -> None:
    """The state of an unfinished run, drawn anew each second while its process lives."""
    every = 1.0 if launch.state(folder) == "running" else None

    @st.fragment(run_every=every)
    def live() -> None:
        now = launch.state(folder)
        if every and now != "running":
            st.rerun()
        entries = [entry for entry in runs.progress(folder, 40) if "fraction" in entry]
        last = entries[-1] if entries else {"stage": "data", "fraction": 0.0, "seconds_left": None}
        if now == "running":
            left = last.get("seconds_left")
            words = f", about {left:.0f} s left" if left is not None else ""
            st.progress(min(last["fraction"], 1.0), text=f"{STAGES.get(last['stage'], last['stage'])}{words}")
        else:
            _explain_stop(folder, now)
        current = next((entry["accuracy"] for entry in reversed(entries) if "accuracy" in entry), None)
        if current:
            st.caption(f"Test accuracy in % so far (step {last['done']} of {last['total']})")
            st.dataframe(100 * pd.DataFrame(current).T.rename_axis("country"), column_config={
                method: st.column_config.NumberColumn(format="%.1f") for method in next(iter(current.values()))
            })  # fmt: skip

    live()


def _explain_stop(folder: Path, state: str) -> None:
    """Why a run is neither done nor running, and a button to take it up again."""
    last = runs.progress(folder, 1)
    message = last[-1].get("message", "") if last else ""
    if state == "failed":
        st.error(f"This run has stopped. {inert(message)}")
    else:
        st.warning("The process of this run is gone, so it stopped before its end. Nothing of it is shown as a result.")
        log = launch.log_file(folder)
        if log.is_file():
            with st.expander("Last lines of its log"):
                st.text(log.read_text(errors="replace")[-3000:])
    if st.button("Run it again", key="again"):
        launch.start(runs.read_config(folder), folder.parent.parent)
        st.rerun()


def choose_run(first: ExperimentConfig, words: str) -> Path | None:
    """The run to show: the one the link names, else the newest; None in an empty workspace.

    first   the experiment that the button starts; words: what it is called
    """
    found = {folder.name: folder for folder in runs.list_runs(runs.workspace())}
    asked = st.query_params.get(state.RUN)
    if asked and asked not in found:
        st.warning(f"The run {inert(repr(asked[:80]))} of this link is not in the workspace; it may have been deleted.")
        st.query_params.pop(state.RUN)
    names = list(found)
    start, pick = st.columns([1, 2], gap="large", vertical_alignment="bottom")
    with start:
        done = launch.state(launch.folder_for(first, runs.workspace())) if names else "new"
        label = f"Show {words}" if done in ("done", "running") else f"Run {words}"
        if st.button(label, icon=":material/play_arrow:", width="stretch"):
            st.query_params[state.RUN] = launch.start(first, runs.workspace()).name
            st.rerun()
        st.caption("Simulated world, 7 countries, every method, 3 seeds: about half a minute.")
    if not names:
        return None
    with pick:
        at = names.index(asked) if asked in found else 0
        name = st.selectbox("Run shown below", names, index=at, format_func=lambda n: run_label(found[n]))
    if name != asked:
        st.query_params[state.RUN] = name
    return found[name]
