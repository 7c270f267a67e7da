"""What models are steered to: countries, or the groups of a column of the data, or of two that are crossed."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from scpo import DataConfig
from scpo.data.layouts.columns import roles_of
from scpo.data.prism import PEOPLE
from scpo.data.steered_groups import offered_first
from scpo.format import inert
from scpo.ui import session
from scpo.ui.cache import first_rows
from scpo.ui.labels import LABELS

MOST = 2  # columns that are crossed
HELP = (
    "Models are steered to countries unless a column is named here, such as language or age; two are crossed. Without "
    "a choice it is the country of each person."
)


def choose_group(dataset: str, files: Sequence[str], columns: Sequence[str], place: str, start: DataConfig):
    """The setting `group` that the form asks for; () for countries.

    files  of the source, of which only the first rows are read; columns: the setting of that name; place tells apart
           the form's widgets
    """
    found = list(PEOPLE) if dataset == "prism" else []
    for frame in map(first_rows, () if found else files):
        found += offered_first(frame, roles_of(columns))
    options = list(dict.fromkeys([*found, *start.group]))
    if not options:
        return ()
    chosen = st.multiselect(
        f"{LABELS['group']}: what models are steered to",
        options,
        list(start.group),
        key=f"{session.GROUP}-{place}",
        placeholder="country",
        max_selections=MOST,
        format_func=inert,
        persist_state="session",
        help=HELP,
    )
    return tuple(chosen)
