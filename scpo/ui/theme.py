"""Charts in the theme in force, also when the reader's system goes from light to dark while a page is shown.

Streamlit 1.67 puts the colours of the theme into a figure once, when it is first drawn: after a change of theme, marks
and labels of the former one stay on the new background. So a figure is a new one for each theme, and the page runs
again when the browser says that the theme has changed; Streamlit alone would wait for the next click.

The same component brings the few lines of style that Streamlit has no setting for.
"""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from scpo.charts.style import labelled

WATCH = """export default ({ parentElement, setTriggerValue }) => {
    if (parentElement.watched) return;
    parentElement.watched = true;
    const tell = () => setTimeout(() => setTriggerValue('changed', true), 100);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', tell);
    // The menu is a list with headings that are no items of it: a screen reader is to find links within a landmark.
    const menu = '[data-testid=stSidebarNavItems], [data-testid=stSidebarNavItems] li';
    const tidy = () => document.querySelectorAll(menu).forEach(item => item.setAttribute('role', 'presentation'));
    new MutationObserver(tidy).observe(document.body, { childList: true, subtree: true });
    tidy();
}"""


LOOK = """
.stApp [data-testid="stMainBlockContainer"] { padding-top: 1.5rem; }
.stApp [data-testid="stMainBlockContainer"] h1 { padding: 0.25rem 0; }
@media (max-width: 767px) {
    .stApp [data-testid="stMainBlockContainer"] { padding-top: 3.75rem; }
    [data-testid="stExpandSidebarButton"] { width: auto; }
    [data-testid="stExpandSidebarButton"]::after { content: "Menu"; padding-inline: 0.25rem; }
    .st-key-head { min-height: 8.5rem; }
}
.stApp:has(.st-key-presenting) [data-testid="stSidebar"] { display: none; }
"""  # little air above and around a page's title; on a phone, the button of the menu has a word and a bar of its own,
# and what stands below the head line keeps its place when a run is chosen; presenter mode has the screen to itself


def draw(figure: go.Figure, key: str, alt: str, config: dict, **more: Any) -> None:
    """A figure with its words for those who cannot see it."""
    st.plotly_chart(labelled(figure), key=drawn_as(key), config=config, alt=alt, **more)


def drawn_as(key: str) -> str:
    """The key that a figure has in the theme in force."""
    return f"{key}-{st.context.theme.type or 'light'}"


def watch() -> None:
    """Run the page again when the reader's system changes its theme; shows nothing."""
    component = st.components.v2.component("theme", js=WATCH, css=LOOK, isolate_styles=False)
    component(key="theme", height=1, on_changed_change=lambda: None)
