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
    // In presenter mode arrows turn the steps and Esc leaves, unless a control has the focus that needs them itself.
    const press = { ArrowLeft: 'Previous', ArrowRight: 'Next', PageUp: 'Previous', PageDown: 'Next', Escape: 'flip' };
    document.addEventListener('keydown', event => {
        const bar = document.querySelector('.st-key-presenting'), key = press[event.key];
        const own = event.key.startsWith('Arrow') ? '[role=slider], [role=radio], [role=combobox], input' : null;
        if (!bar || !key || event.defaultPrevented || event.target.closest('[role=dialog], [data-baseweb=popover]')
            || (own && event.target.closest(own))) return;
        event.preventDefault();
        bar.querySelector(`.st-key-${key} button:enabled`)?.click();
    });
}"""


ON_LIGHT = "#0A0E13"  # on a primary button of the dark theme, where Streamlit writes white on light blue
LOOK = (
    f"""
@media (prefers-color-scheme: dark) {{
    [data-testid="stBaseButton-primary"]:enabled :is(p, span) {{ color: {ON_LIGHT}; }}
}}
"""
    + """
.stApp [data-testid="stMainBlockContainer"] { padding-top: 1.5rem; }
.stApp [data-testid="stMainBlockContainer"] h1 { padding: 0.25rem 0; }
@media (max-width: 767px) {
    .stApp [data-testid="stMainBlockContainer"] { padding-top: 3.75rem; }
    [data-testid="stExpandSidebarButton"] { width: auto; }
    [data-testid="stExpandSidebarButton"]::after { content: "Menu"; padding-inline: 0.25rem; }
    .st-key-head { min-height: 8.5rem; }
}
@media (min-width: 768px) { [data-testid="stLayoutWrapper"]:has(> .st-key-beside) { position: sticky; top: 0.5rem; } }
@media (max-width: 767px) {
    :is(.stColumn, .stColumn > .stVerticalBlock, [data-testid="stLayoutWrapper"]):has(> * .st-key-beside),
    [data-testid="stLayoutWrapper"]:has(> .st-key-beside), .st-key-beside { display: contents; }
    .st-key-beside > * { width: 100%; }
    .stHorizontalBlock:has(.st-key-beside) { row-gap: 0.5rem; }
    .st-key-beside > :is(.st-key-tau, .st-key-beta) { position: sticky; top: 3.75rem; z-index: 9; background: Canvas; }
    .st-key-beside > .st-key-beta { top: 8rem; padding-top: 0.5rem; margin-top: -0.5rem; }
}
.stApp:has(.st-key-presenting) :is([data-testid="stSidebar"], [data-testid="stHeader"]) { display: none; }
.stApp:has(.st-key-presenting) [data-testid="stMainBlockContainer"] { padding: 0.5rem 2rem 0; }
.st-key-wall, .st-key-wall .stColumn > .stVerticalBlock { gap: 0.5rem; }
.st-key-wall h3 { font-size: 1.5rem; }
.st-key-wall p, .st-key-wall li, .st-key-wall button p { font-size: 1.25rem; line-height: 1.3; }
.st-key-wall [data-testid="stText"] { line-height: 1.25; }
.st-key-wall-controls :is(label p, [data-testid="stSliderThumbValue"], [data-testid="stSelectbox"] *, button p),
.st-key-presenting button p { font-size: 1.375rem; }
.st-key-wall-controls [data-testid="stSlider"] label { margin-bottom: 1.25rem; }
.stApp:has(.st-key-presenting) [data-testid="stBottomBlockContainer"] { padding: 0.25rem 2rem 0.5rem; }
@media (min-width: 768px) {
    .stApp .st-key-wall { flex: none; width: 100%; height: calc(100dvh - 5.5rem); }
    .st-key-wall > :last-child { flex: 1 1 0; min-height: 0; }
    .st-key-wall > :last-child :is(.stHorizontalBlock, .stColumn, .stColumn > .stVerticalBlock, .stPlotlyChart,
        [data-testid="stFullScreenFrame"]) { height: 100%; min-height: 0; }
    .st-key-wall > :last-child .stColumn { overflow-y: auto; }
    .st-key-wall .element-container:has(.stPlotlyChart) { flex: 1 1 0; min-height: 0; }
}
@media (max-width: 767px) { .st-key-wall > :last-child > .stHorizontalBlock { flex-direction: column-reverse; } }
.st-key-ballot [data-testid="stText"] { font-size: 1.125rem; }
.stApp:has(.st-key-ballot) [data-testid="stMainBlockContainer"] { padding-top: 1rem; }
.st-key-ballot .stButton button { min-height: 3.5rem; border: 2px solid currentColor; }
.st-key-ballot .stButton button p { font-size: 1.125rem; font-weight: 600; }
.st-key-projector p { font-size: 1.25rem; }
.st-key-projector [data-testid="stMetricValue"] p { font-size: 4rem; }
"""
)  # little air above and around a page's title; on a phone, the button of the menu has a word and a bar of its own,
# and what stands below the head line keeps its place when a run is chosen; controls beside charts stay in sight while
# these scroll; presenter mode has
# the screen to itself: a step is as high as the window, its chart what the rest of it leaves, its type large;
# what a class votes with is made for thumbs, and what a projector shows of it for the last row


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
