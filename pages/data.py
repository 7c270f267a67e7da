"""Data: pick a source, see who is in it, what is wrong with it, and read its pairs."""

from collections.abc import Callable
from dataclasses import asdict

import streamlit as st

from scpo import ScpoError, data, runs
from scpo.charts import data as data_charts
from scpo.charts.selection import disagreement_chart
from scpo.charts.style import SIMULATED
from scpo.charts.world_map import world_map
from scpo.config import DataConfig
from scpo.data.countries import iso3
from scpo.data.layouts.sentences import READ_AS
from scpo.data.leaks import mostly_leaked, sentences
from scpo.data.naming import provenance
from scpo.data.preferences import Preferences
from scpo.errors import DataFaults
from scpo.format import inert
from scpo.grouping import of_countries, speak_of, worded
from scpo.jobs.job import Job
from scpo.steering.serving import planted_tastes
from scpo.text.findings import main_method
from scpo.text.selection import MEASURES
from scpo.text.tastes import taste_table
from scpo.ui import encoder_reading, pairs_behind, run_picker, session
from scpo.ui.cache import finished_run, job_store, margins, preferences, ran_on, reading
from scpo.ui.components import chart, explain
from scpo.ui.context import data_of_run, link
from scpo.ui.data_judges import whom_it_serves
from scpo.ui.data_source import choose, show_faults
from scpo.ui.head import head
from scpo.ui.labels import in_labels
from scpo.ui.pair_reasons import why
from scpo.ui.pairs import browse
from scpo.ui.planner import what_it_can_tell


def who(pairs: Preferences, config: DataConfig) -> None:
    """Counts per country: a map for real countries, bars for invented ones and for groups, and the table."""
    card, counts = pairs.card, data.counts(pairs)
    if not of_countries(config.group):
        alt = worded("Preference pairs per country and split.")
        chart(data_charts.country_bars(counts, card.simulated), "counts", alt, counts, card.simulated)
        return
    if card.simulated:
        chart(
            data_charts.country_bars(counts, True),
            "counts",
            "Preference pairs per invented country and split.",
            counts,
            True,
        )
        planted_of(pairs)
        return
    counts.insert(1, "iso3", [iso3(name) for name in counts["country"]])
    alt = "World map of preference pairs per country; the table has the numbers."
    chart(world_map(counts, card.unit), "map", alt, counts, False)
    unknown = counts.loc[counts["iso3"].isna(), "country"]
    if len(unknown):
        st.caption(inert("Not on the map, but in the table: " + ", ".join(unknown) + "."))


def planted_of(pairs: Preferences) -> None:
    """What each population of the demo world likes, in words."""
    st.markdown("**What is planted**: the taste of each population; its strongest likes and dislikes.")
    st.dataframe(taste_table(planted_tastes(pairs)), hide_index=True)


def run_on(config: DataConfig, chosen: Job | None) -> runs.Result | None:
    """The chosen run, if it is on these pairs, else the newest that is."""
    own = chosen is not None and ran_on(chosen, config)
    return finished_run(chosen.folder) if own else run_picker.newest_on(config)


def what_is_read(config: DataConfig, chosen: Job | None) -> None:
    """Unknown tokens, cut texts, pairs that are alike, per country: of a run on these pairs, or on demand."""
    run = run_on(config, chosen)
    table = run.tables.get("reading") if run else None
    if table is not None and len(table):
        encoder_reading.section(table)
    elif st.toggle("Check what the default encoder can read of these texts", key=session.READ, bind="query-params"):
        encoder_reading.section(reading(config))


def split_and_notes(pairs: Preferences, config: DataConfig) -> None:
    """Who or what the split goes by and what it leaks, what was read how, and why nothing can be trained."""
    for line in sentences(asdict(pairs.card)):
        show = st.warning if mostly_leaked(pairs.card.leaks) and "training pairs" in line else st.caption
        show(inert(in_labels(line)))
    for note in (note for note in pairs.card.notes if not note.startswith(READ_AS)):
        st.caption(inert(in_labels(f"{note[:1].upper()}{note[1:].rstrip('.')}.")))
    for problem in data.chosen(pairs, config).problems:
        st.warning(inert(in_labels(f"Nothing can be trained on these pairs as they are: {problem}.")))


def disagreement(config: DataConfig, chosen: Job | None) -> None:
    """How often the global model disagrees with each country, which only a run can say: the chosen one, if it is on
    these pairs."""
    explain(*MEASURES["disagreement"])
    run = run_on(config, chosen)
    if run is None:
        st.info("Nobody has trained a global model on these pairs yet. A finished run on them shows it here.")
    else:
        disagreement_of(run)
    of_run = {session.LIKE: chosen.id} if chosen and chosen.config.data == config else {}
    link("train", "Train on these pairs", **of_run)


def disagreement_of(run: runs.Result) -> None:
    """The chart of a run's global model, under the run's name."""
    table, simulated = margins(run)[1], run.card["simulated"]
    alt = worded("Share of pairs on which the global model prefers the rejected answer, per country.")
    chart(disagreement_chart(table, run.card["unit"], simulated), "disagreement", alt, table, simulated)
    name = next((job.name for job in job_store().jobs() if job.folder == run.folder), run.folder.name)
    st.caption(inert(f"On the training pairs of the run {name}."))


def reasons_by(run: runs.Result | None, pairs: Preferences) -> Callable[[str, list[str], str], None] | None:
    """What says why a model prefers an answer: the main method of a run on these pairs; None where none is trained."""
    if run is None or not run.config.trained:
        return None
    method = main_method(run)
    return lambda prompt, answers, country: why(run, method, pairs, prompt, answers, country)


run = head("data")
st.title("Who is in the data?")
try:
    config = run.config.data if run and data_of_run() else choose()
    if config:
        shown = preferences(config)
        speak_of(config.group)
        if shown.card.simulated and not (run and run.config.data.dataset == "demo"):  # else the head says it
            st.caption(f"{SIMULATED}. Its countries are invented.")
        about = [f"{label}: {text}" for label, text in provenance(vars(shown.card)).items() if text != shown.card.title]
        st.caption(inert(". ".join([shown.card.title, *about]) + "."))
        for note in shown.card.notes:
            if note.startswith(READ_AS):
                st.markdown(inert(f"{note[:1].upper()}{note[1:]}."))
        behind = pairs_behind.asked()
        if behind and run and run.state == "done" and config == run.config.data:
            pairs_behind.show(finished_run(run.folder), behind)
        who(shown, config)
        left_out = [f"{n:,} ({reason})" for reason, n in shown.card.dropped.items() if n]
        if left_out:
            st.caption(inert("Left out: " + "; ".join(left_out) + "."))
        split_and_notes(shown, config)
        what_it_can_tell(config)
        what_is_read(config, run)
        disagreement(config, run)
        whom_it_serves(shown)
        browse(shown, reasons_by(run_on(config, run), shown))
except DataFaults as error:
    show_faults(error)
except ScpoError as error:
    st.error(inert(in_labels(error)))
