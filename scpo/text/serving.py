"""Whom the global model serves, whom steering to a country lifts and whom it costs: the frame and the sentences."""

from __future__ import annotations

import pandas as pd

from scpo import runs
from scpo.format import counted, fixed, inert, points, span
from scpo.methods import named
from scpo.metrics.bias import REFERENCE
from scpo.metrics.intervals import FEWEST_UNITS
from scpo.text.findings import reference_name


def served(result: runs.Result, method: str) -> pd.DataFrame:
    """How well the global model serves every population, best first, and each country's own model its own people.

    Columns on (a country, or the reference population), name (as a reader knows it), accuracy (of the global model),
    own (NaN for the reference), n, units. A population whose texts cannot be read has no row; none has where a run
    tried no model on other countries.
    """
    table = result.tables["transfer"]
    rows = table[table["method"] == "global"].drop_duplicates("on")[["on", "accuracy", "n", "units"]]
    mine = table[(table["method"] == method) & (table["model"] == table["on"])].set_index("on")["accuracy"]
    names = {REFERENCE: reference_name(result)}
    rows = rows.astype({"accuracy": float}).dropna(subset="accuracy")
    rows = rows.assign(own=rows["on"].map(mine), name=[names.get(on, on) for on in rows["on"]])
    return rows.sort_values("accuracy", ascending=False, kind="stable", ignore_index=True)


def steered_to(result: runs.Result, method: str, country: str) -> pd.Series:
    """Accuracy of one country's model on every population's test pairs, by population."""
    table = result.tables["transfer"]
    return table[(table["method"] == method) & (table["model"] == country)].set_index("on")["accuracy"]


def serving_sentence(table: pd.DataFrame, steered: pd.Series, country: str, method: str) -> str:
    """Who is served best and worst, what steering to a country gives it, and what that costs whom most.

    table   of `served`; steered: of `steered_to`
    Speaks only of those with so many people that their figures have an interval.
    """
    everybody, table = len(table), table[table["units"] >= FEWEST_UNITS]
    if len(table) < min(everybody, 2):
        return (
            f"Too few people to say whom the global model serves best: {len(table)} of {everybody} populations have "
            f"the {FEWEST_UNITS} people or questions in the test that an interval needs."
        )
    best, worst = table.iloc[0], table.iloc[-1]
    told = f"The global model serves {inert(best['name'])}{' best' * (len(table) > 1)} ({_whole(best['accuracy'])})"
    told += f" and {inert(worst['name'])} worst ({_whole(worst['accuracy'])})." if len(table) > 1 else "."
    rows = table.set_index("on").assign(change=lambda rows: steered - rows["accuracy"])
    if country not in rows.index:
        return told
    own = rows.loc[country]
    verb = "lifts it" if own["change"] > 0 else "leaves it" if own["change"] == 0 else "lowers it"
    told += f" Steering to {inert(country)} by {named(method)} {verb} {'at' if verb == 'leaves it' else 'to'} "
    told += _whole(steered[country])
    others = rows.drop(index=country)
    most = others.iloc[int(others["change"].argmin())] if len(others) else None
    if most is None or most["change"] >= 0:
        return told + " and costs nobody else."
    lost = round(100 * most["accuracy"]) - round(
        100 * (most["accuracy"] + most["change"])
    )  # as the marks of the chart say
    return told + f" and costs {inert(most['name'])} {counted(lost, 'point') if lost > 0 else 'less than a point'}."


def _whole(share: float) -> str:
    return f"{fixed(100 * share, 0)} %"


def gain_sentence(row: pd.Series | None, unit: str) -> str:
    """A country's gain with its interval; row: of `findings.gain_rows`, or None."""
    if row is None:
        return ""
    size = f"{counted(row['units'], unit)}, {counted(row['pairs'], 'pair')}"
    return f"Gain: **{points(row['difference'])} points** ({span(row['low'], row['high'])}; {size})."


def price_sentence(table: pd.DataFrame, steered: pd.Series, country: str, alpha: float) -> str:
    """What a strength gives the country, and what it costs all others on average."""
    change = (steered - table.set_index("on")["accuracy"]).dropna()
    others = change.drop(index=country, errors="ignore")
    lose = int((others.round(3) < 0).sum())
    return (
        f"At {alpha:.0%} of the way".replace("%", " %") + f": {inert(country)} {points(change.get(country))} points, "
        f"the others {points(others.mean())} on average; {counted(lose, 'population')} of {len(others)} "
        f"{'loses' if lose == 1 else 'lose'}."
    )
