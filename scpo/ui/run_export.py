"""A finished run to take away: as a zip, and as a report of one HTML file. Made on the click, not before."""

from __future__ import annotations

import streamlit as st

from scpo.export.archive import file_name, zip_of, zip_of_report
from scpo.jobs.job import Job


def exports(job: Job, where: str = "run") -> None:
    """The buttons that make and save them; where: tells the buttons of two places on one page apart."""
    st.download_button(
        "Export as zip",
        lambda: zip_of(job),
        file_name=file_name(job),
        mime="application/zip",
        icon=":material/download:",
        on_click="ignore",
        key=f"zip-{where}-{job.id}",
        help="Settings, metrics as csv, the report, figures as svg, weights. It takes some seconds to be made.",
    )
    st.download_button(
        "Report",
        lambda: zip_of_report(job),
        file_name=f"scpo-report-{job.id}.zip",
        mime="application/zip",
        icon=":material/description:",
        on_click="ignore",
        key=f"report-{where}-{job.id}",
        help="Every figure in one HTML file that needs no network, and a csv per figure, to attach or hand out.",
    )
