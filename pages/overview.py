"""Overview: what SCPO does, the demo experiment one click away, and what the newest run found."""

import streamlit as st

from scpo import ScpoError, runs
from scpo.config import METHODS, ExperimentConfig
from scpo.ui import charts, state
from scpo.ui.cache import finished_run
from scpo.ui.live import watch
from scpo.ui.parts import chart, choose_run
from scpo.ui.router import ensure_router
from scpo.ui.words import bias_sentence, efficiency_sentence, headline, inert

DEMO = ExperimentConfig()


def explain() -> None:
    st.title("Whose taste does a reward model have?")
    st.markdown(
        "Reward models learn one average taste, mostly that of a few rich countries. **Steerable Cultural Preference "
        "Optimization** (SCPO, [arXiv 2606.18606](https://arxiv.org/abs/2606.18606)) steers a global reward model to "
        "one country: pairs on which the global model already agrees are left out, and the more it disagrees, the "
        "lighter a pair weighs."
    )
    words, picture = st.columns([2, 3], gap="large")
    with words:
        st.markdown(f"**Filter.** Keep a pair if the global model does not clearly agree (τ = {DEMO.tau}):")
        st.latex(r"p_g = \sigma(m) < \tau, \qquad m = r_g(x, y^+) - r_g(x, y^-)")
        st.markdown(f"**Weight.** The stronger the disagreement, the lighter the pair (β = {DEMO.beta:.2f}):")
        st.latex(r"w = \min\left(e^{\,m / \beta},\ 1\right)")
        st.markdown("**Train** from the global model, on the mean over the batch of:")
        st.latex(r"-\,w \,\log \sigma\left(r(x, y^+) - r(x, y^-)\right)")
    with picture:
        st.plotly_chart(
            charts.method_picture(DEMO.tau, DEMO.beta), key="method-chart", config={"displayModeBar": False},
            alt="Weight of a pair over the margin of the global model: near 0 for strong disagreement, rising to 1 at "
            "margin 0, and nothing beyond the cut, where pairs are dropped.",
        )  # fmt: skip


def results(result: runs.Result) -> None:
    simulated, unit, tables = result.card["simulated"], result.card["unit"], result.tables
    if simulated:
        st.info(f"{charts.SIMULATED}. Its countries are invented.", icon=":material/science:")
    else:
        st.caption(inert(f"Source: {result.card['source']}. Licence: {result.card['licence']}."))
    for column, (label, value, note) in zip(st.columns(3), headline(tables, result.config.methods, unit), strict=True):
        column.metric(label, value, border=True)
        column.caption(note)
    known = [m for m in METHODS if m in set(tables["accuracy"]["method"])]
    usual = [m for m in ("global", "full", "filter", "weight", "scpo") if m in known]
    methods = st.pills("Methods shown", known, default=usual, selection_mode="multi", key=state.METHODS_SHOWN) or usual
    accuracy(tables, methods, unit, simulated)
    bias(tables, methods, simulated)
    efficiency(tables, methods, simulated)


def accuracy(tables, methods, unit, simulated) -> None:
    st.header("Is a country's taste learned?")
    st.markdown("Accuracy: the share of a country's held-out pairs on which the model prefers the answer people chose.")
    table = tables["accuracy"]
    chart(
        charts.accuracy_chart(table, methods, unit, simulated), "accuracy",
        "Accuracy per country and method with 95 % intervals; the numbers are in the table below.",
        table[table["subset"] == "full"].drop(columns="subset"), simulated,
    )  # fmt: skip


def bias(tables, methods, simulated) -> None:
    st.header("What does it do to everybody else?")
    st.markdown(
        "Consensus retention: of the pairs the global model gets right, the share a steered model still gets right. "
        "Distinct accuracy: of the pairs it gets wrong, the share a steered model now gets right."
    )
    left, right = st.columns(2, gap="large")
    with left:
        figure = charts.plane_chart(tables["accuracy"], tables["path"], methods, simulated)
        alt = "Consensus retention against distinct accuracy per method, with the path during training."
        chart(figure, "bias", alt, tables["bias"], simulated)
    with right:
        trained = [m for m in methods if m in set(tables["transfer"]["method"])] or ["global"]
        at = trained.index("scpo") if "scpo" in trained else 0
        method = st.selectbox("Transfer of", trained, index=at, key=state.TRANSFER)
        figure = charts.transfer_chart(tables["transfer"], method, simulated)
        chart(figure, "transfer", f"Accuracy of each country's {method} model on the test pairs of each country.",
              tables["transfer"], simulated)  # fmt: skip
    for method in [m for m in methods if m not in ("longer", "random")]:
        st.markdown(bias_sentence(tables["bias"], method))


def efficiency(tables, methods, simulated) -> None:
    st.header("How many pairs does it need?")
    left, right = st.columns(2)
    country = left.selectbox("Country", tables["curve"]["country"].unique(), key=state.COUNTRY)
    reading = right.segmented_control(
        "Count", ["labelled", "trained"], default="labelled", key=state.READING, required=True,
        help="labelled: pairs somebody had to label. trained: pairs left after the filter, the paper's reading.",
    )  # fmt: skip
    table = tables["curve"]
    chart(
        charts.curve_chart(table, country, methods, reading, simulated), "efficiency",
        f"Accuracy over the number of training pairs, {country}, per method with 95 % bands.",
        table[table["country"] == country], simulated,
    )  # fmt: skip
    for method in [m for m in methods if m not in ("global", "full")]:
        st.markdown(efficiency_sentence(tables["efficiency"], country, method, reading))


ensure_router()
explain()
st.divider()
try:
    shown = choose_run(DEMO, "the demo experiment")
    if shown is None:
        st.info("This workspace has no run yet. Start the demo experiment above; a reload will not stop it.")
    elif shown.state != "done":
        watch(shown)
    else:
        results(finished_run(shown.folder))
except ScpoError as error:
    st.error(inert(error))
