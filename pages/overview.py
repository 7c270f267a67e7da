"""Overview: whom the global model serves and whom steering does, a run at a glance, what SCPO does, what is next."""

import streamlit as st

from scpo import ScpoError
from scpo.charts.method_picture import method_picture
from scpo.config import ExperimentConfig
from scpo.format import counted, inert
from scpo.grouping import worded
from scpo.jobs.job import STATES
from scpo.ui import front_door, run_picker
from scpo.ui.cache import job_store
from scpo.ui.context import OF_A_RUN, link
from scpo.ui.head import head
from scpo.ui.theme import draw

USUAL = ExperimentConfig()
NEXT = {
    "learn": "Learn how it works, step by step",
    "room": "Open a room: your class votes and becomes a country",
    "train": "Train on your own data or other settings",
    "data": "Look at the data, and upload your own",
    "selection": "Move the filter and the weight",
    "steer": "Ask every country's model about answers of yours",
}


def method() -> None:
    """Filter, weight and loss in formulas, and what they do to a pair."""
    st.header("How SCPO steers a model to a country")
    st.markdown(
        "Reward models learn one average taste, mostly that of a few rich countries. **Steerable Cultural Preference "
        "Optimization** (SCPO, [arXiv 2606.18606](https://arxiv.org/abs/2606.18606)) steers a global reward model to "
        "one country: pairs on which the global model already agrees are left out, and the more it disagrees, the "
        "lighter a pair weighs."
    )
    words, picture = st.columns(2, gap="large")
    with words:
        st.markdown(f"**Filter.** Keep a pair if the global model does not clearly agree (τ = {USUAL.tau}):")
        st.latex(r"p_g = \sigma(m) < \tau, \qquad m = r_g(x, y^+) - r_g(x, y^-)")
        st.markdown(f"**Weight.** The stronger the disagreement, the lighter the pair (β = {USUAL.beta:.2f}):")
        st.latex(r"w = \min\left(e^{\,m / \beta},\ 1\right)")
        st.markdown("**Train** from the global model, on the mean over the batch of:")
        st.latex(r"-\,w \,\log \sigma\left(r(x, y^+) - r(x, y^-)\right)")
    with picture:
        alt = (
            "Weight of a pair over the margin of the global model: near 0 for strong disagreement, rising to 1 at "
            "margin 0, and nothing beyond the cut, where pairs are dropped."
        )
        draw(method_picture(USUAL.tau, USUAL.beta), "method-chart", alt, {"displayModeBar": False})


def stands() -> None:
    """How many runs the workspace has, by state."""
    counts = job_store().counts()
    total = sum(counts.values())
    if total:
        each = ", ".join(f"{counts[state]} {state}" for state in STATES if counts.get(state))
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"This workspace has {counted(total, 'run')}: {each}.", width="content")
            link("runs", "All runs")


job = head("overview")
st.title("Whom does it serve?")
try:
    result = run_picker.finished(job) if job else run_picker.built_in()
    if result:
        if len(result.tables["transfer"]):
            front_door.front_door(result, own=job is not None)
        if job:
            run_picker.at_a_glance(result)
            run_picker.origin(result)
    stands()
except ScpoError as error:
    st.error(inert(error))
method()
st.header("Next")
with st.container(horizontal=True):
    for page, label in NEXT.items():
        link(page, worded(label) if page in OF_A_RUN else label)
