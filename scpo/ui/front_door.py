"""The front door: whom does the global model serve, whom does steering lift, and what does that cost the others?

Everything that a press on a population or a move of the dial draws anew is in one fragment. A run of the workspace
has its prices at strength 1 in its tables; those at others take its models, which are asked on a click. The built-in
run has them in a file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pandas as pd
import streamlit as st

from scpo import runs
from scpo.charts.serving import serving_chart
from scpo.format import inert
from scpo.grouping import speak_of, worded
from scpo.metrics.bias import REFERENCE
from scpo.steering.serving import ALPHAS, planted_tastes
from scpo.table_rows import rows_of
from scpo.text import findings, serving
from scpo.text.reasons import measured_line, planted_line
from scpo.text.tastes import taste_sentence
from scpo.ui import session
from scpo.ui.cache import texts
from scpo.ui.components import chart
from scpo.ui.context import put, select
from scpo.ui.head import start_demo
from scpo.ui.pair_reasons import told, why
from scpo.ui.pairs import plain
from scpo.ui.run_picker import BUILT_IN, built_in
from scpo.ui.steer.inputs import wanted
from scpo.ui.steer.models import Models
from scpo.ui.theme import drawn_as

PRESS = "A press on a row of the chart chooses it too."
STRENGTH = "0: the global model, 1: the country's own."
SHOWN = {  # column -> its heading in the table behind the chart
    "country": "country",
    "accuracy": "global",
    "steered": "steered",
    "own": "steered to itself",
    "n": "n",
    "units": "units",
}


@dataclass(frozen=True)
class Prices:
    """What steering costs at every strength (`steering.serving.price_table`), the pairs that it turns round, the
    planted tastes (population -> axis -> taste); and of the built-in run, per country, why its pair is turned round
    (`steering.reasons.reasons_table`)."""

    table: pd.DataFrame
    reversed: pd.DataFrame
    tastes: dict[str, dict[str, float]]
    reasons: dict[str, tuple[pd.DataFrame, pd.DataFrame]] = field(default_factory=dict)


@st.cache_resource(max_entries=1, show_spinner=False)
def _built_in_prices(changed: int) -> Prices:
    kept = json.loads((BUILT_IN / "serving.json").read_text())
    reasons = {c: (pd.DataFrame(part["shares"]), pd.DataFrame(part["sums"])) for c, part in kept["reasons"].items()}
    return Prices(pd.DataFrame(kept["prices"]), pd.DataFrame(kept["reversed"]), kept["tastes"], reasons)


@st.fragment
def front_door(result: runs.Result, own: bool) -> None:
    """The chart, its sentence, and the card of one population; own: a run of the workspace, not the built-in one."""
    speak_of(result.config.data.group)
    method = findings.main_method(result)
    table = serving.served(result, method)
    countries = [on for on in table["on"] if on != REFERENCE]
    if not countries:
        st.info(
            worded("No country of this run has test pairs that the encoder can read, so nobody is known to be served.")
        )
        return
    sentence = st.container()
    left, right = st.columns([6, 5], gap="large")
    with right:
        where, dial = st.columns([2, 3])
        with where:
            country = select("Steer to", countries, session.COUNTRY, len(countries) - 1, help=PRESS)
        prices = _prices(result, method)
        steered = serving.steered_to(result, method, country)
        alpha = 1.0
        if prices:
            alpha = dial.select_slider(
                "Strength", ALPHAS, 1.0, key=session.ALPHA, bind="query-params", help=worded(STRENGTH)
            )
            rows = prices.table[(prices.table["country"] == country) & (prices.table["alpha"] == alpha)]
            steered = rows.set_index("on")["accuracy"]
            st.markdown(serving.price_sentence(table, steered, country, alpha))
        _card(result, method, country, prices)
    with sentence:
        told = serving.serving_sentence(table, serving.steered_to(result, method, country), country, method)
        st.markdown(f"##### {told}")
    with left:
        _chart(result, method, table, steered, country)
        if not own:
            start_demo("Run it yourself", "primary")


def _chart(result: runs.Result, method: str, table: pd.DataFrame, steered: pd.Series, country: str) -> None:
    """The chart; a press on a row chooses its population."""
    every = result.tables["transfer"].query("method in ['global', @method]")["accuracy"]
    simulated = result.card["simulated"]
    figure = serving_chart(table, steered, country, method, [every.min(), every.max()], result.card["unit"], simulated)

    def pressed() -> None:
        points = st.session_state[drawn_as("serving-chart")]["selection"]["points"]
        if points and points[0]["customdata"] != REFERENCE:
            put(session.COUNTRY, points[0]["customdata"])

    chart(
        figure,
        "serving",
        "Share of each population's test pairs that the global model and the steered model get right.",
        table.assign(country=table["name"], steered=table["on"].map(steered))[list(SHOWN)]
        .rename(columns=SHOWN)
        .rename(columns=worded),
        simulated,
        on_select=pressed,
        selection_mode="points",
    )


def _card(result: runs.Result, method: str, country: str, prices: Prices | None) -> None:
    """One country: its taste in words, its gain, and two answers that its model ranks otherwise."""
    if prices:
        st.markdown(taste_sentence(prices.tastes, country, result.card["reference"][0]))
    rows = findings.gain_rows(result, method)
    mine = rows[rows["country"] == country]
    st.markdown(serving.gain_sentence(mine.iloc[0] if len(mine) else None, result.card["unit"]))
    turned = prices.reversed[prices.reversed["country"] == country] if prices else pd.DataFrame()
    for row in rows_of(turned):
        plain(row.prompt)
        for column, badge, text in zip(st.columns(2), (country, "the global model"), (row.own, row.other), strict=True):
            with column.container(border=True):
                st.caption(inert(f"{badge} prefers"))
                plain(text)
        if prices and st.toggle("Why?", key=f"{session.WHY}-card"):
            _why(result, method, country, prices, row)


def _why(result: runs.Result, method: str, country: str, prices: Prices, row) -> None:
    """Why the two answers of a card are ranked otherwise: kept of the built-in run, else by the run's models."""
    if country in prices.reasons:
        shares, sums = prices.reasons[country]
        told(shares, sums, country, [planted_line(shares), measured_line(method)])
    else:
        why(result, method, texts(result), row.prompt, [row.own, row.other], country)


def _prices(result: runs.Result, method: str) -> Prices | None:
    """Those of a run of heads, once its models are asked; None until then, and for whole models.

    A run with the results of the built-in one has its prices too.
    """
    if result.metrics.equals(built_in().metrics):
        return _built_in_prices((BUILT_IN / "done.json").stat().st_mtime_ns)
    if result.card.get("folds"):
        st.caption("At strength 1 alone: the models that are kept know every pair of these folds.")
        return None
    if result.config.finetune.model or not wanted():
        return None
    models, pairs = Models.of(result, method), texts(result)
    return Prices(models.table("price"), models.table("reversed"), planted_tastes(pairs))
