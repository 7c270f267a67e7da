"""What the pages of results share: the finished run they show, where it comes from, and the glance.

Every control is in the link, so that each view is one. A link has an option as it is shown, so options are
plain words and no sentences.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from scpo import runs
from scpo.charts.comparison import gains_chart
from scpo.config import DataConfig
from scpo.format import inert
from scpo.grouping import worded
from scpo.jobs.job import Job
from scpo.text.findings import consensus_kept, gains, leading, main_method, ranks
from scpo.text.ranks import league_line
from scpo.text.results import headline
from scpo.ui import encoder_reading
from scpo.ui.cache import finished_run, job_store, ran_on
from scpo.ui.components import chart, figures
from scpo.ui.context import link
from scpo.ui.head import start_demo
from scpo.ui.run_status import watch

SUBSET, AGAINST, SEEDS, TRANSFERRED = "subset", "against", "seeds", "transferred"
ALIGNED, COLUMN, PEOPLE = "aligned", "column", "people"
JUDGE, JUDGED, PICKED = "judge", "judged", "picked"
NEEDS_MODELS = "This page asks the models of a run, so that it needs one."
SHOWN_INSTEAD = (
    "Below is the demo run that comes with the app, of a simulated world. A run of your own has more: models to ask, "
    "the pairs behind its numbers, other rulers, and judges from outside."
)
BUILT_IN = Path(runs.__file__).parents[1] / "demo_run"
PAGES = {
    "accuracy": "Accuracy, country by country",
    "bias": "Bias: what it costs whom",
    "efficiency": "Data efficiency: how many pairs",
}


def built_in() -> runs.Result:
    """The demo run that comes with the app: its tables, without its models and what they said pair by pair."""
    return finished_run(BUILT_IN)


def finished(job: Job | None, models: bool = False) -> runs.Result | None:
    """The results of the chosen run; None if there are none, after having shown what there is instead.

    models   the page asks the run's models. Where it does not, a workspace without a run has the built-in one.
    """
    if job is None:
        here = NEEDS_MODELS if models else SHOWN_INSTEAD
        st.info(f"This workspace has no run yet. {here}")
        start_demo("Run the demo experiment", "primary")
        st.caption("Simulated world, 7 countries, every method, 3 seeds: about half a minute.")
        return None if models else built_in()
    if job.state != "done":
        watch(job)
        return None
    result = finished_run(job.folder)
    encoder_reading.warn(result.tables.get("reading"))
    return result


def origin(result: runs.Result) -> None:
    """Where the data and the models of a run come from, at the foot of its pages."""
    if not result.card["simulated"]:
        st.caption(inert(f"Source: {result.card['source']}. Licence: {result.card['licence']}."))
    whole = result.config.finetune
    if whole.model:
        about = f"Whole reward models, fine-tuned from {whole.shown}; other runs train heads on a frozen encoder."
        st.caption(inert(about))


def newer(table: str, result: runs.Result, what: str) -> None:
    """Says of a run that was made before runs had a table that it can be made again; what: which is then shown."""
    if result.config.trained and table not in result.tables:
        st.caption(f"This run was made by an earlier version, which did not count {what}. Run it again to see it here.")


def newest_on(config: DataConfig) -> runs.Result | None:
    """The newest finished run on a data source as it is now; None if there is none."""
    job = next((job for job in job_store().jobs() if ran_on(job, config)), None)
    return finished_run(job.folder) if job else None


def at_a_glance(result: runs.Result) -> None:
    """A run in one look: gain per country, consensus kept, efficiency, and the pages that say more."""
    tables, unit, simulated = result.tables, result.card["unit"], result.card["simulated"]
    method, shown = main_method(result), [m for m in leading(result) if m != "global"]
    gain, _, ratio = headline(tables, result.config.methods, unit)
    rows = gains(result, shown, "full")
    if len(rows):
        chart(
            gains_chart(rows, shown, unit, simulated),
            "gains",
            worded("Gain of the methods compared first over the global model per country, with 95 % intervals."),
            rows,
            simulated,
        )
        st.markdown(league_line(rows, ranks(result, "full")))
    figures([gain, consensus_kept(result, method), ratio])
    with st.container(horizontal=True):
        for page, label in PAGES.items():
            link(page, worded(label))
