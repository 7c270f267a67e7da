"""What a class's votes say, in sentences; and how rooms are turned on."""

from __future__ import annotations

import pandas as pd

from scpo.format import counted, fixed, inert, known, noun, percent, points, signed, span
from scpo.metrics.intervals import FEWEST_UNITS
from scpo.table_rows import row_of
from scpo.text.steer import listed

TURN_ON = """# on this machine alone, to try it
SCPO_ROOMS=1 python3 scripts/project.py start
# for phones, by the address of this machine in the room's network
SCPO_ROOMS=http://192.168.1.20:8501 python3 scripts/project.py start --server.address=0.0.0.0 \\
    --server.allowedHosts=localhost --server.allowedHosts=192.168.1.20 \\
    --server.corsAllowedOrigins=http://192.168.1.20:8501
"""
ABOUT = (
    "Everybody in the room opens a link on a phone and chooses the better of two answers, 20 times. Nobody has an "
    "account or gives a name. Then the class is one more population beside the countries: how well the global model "
    "serves it, and which country's model it is nearest to."
)
LIMITS = (
    "The pairs are those on which the models disagree most, so that shares are lower here than on everyday pairs. "
    "Near a country means alike in these choices; it says nothing of where anybody comes from."
)
WAITING = "Nobody has voted yet. The results appear here as votes come in."


def served_sentence(served: pd.DataFrame) -> str:
    """How well the global model serves the class."""
    row = row_of(served.set_index("model"), "global")
    few = f"no interval: of {counted(row['units'], 'voter')}, needed {FEWEST_UNITS}"
    return (
        f"The global model is right about **{percent(row['accuracy'])}** of the class's {counted(row['n'], 'choice')} "
        f"({span(row['low'], row['high'], few)})."
    )


def nearest_sentence(country: str, served: pd.DataFrame, nearest: pd.DataFrame) -> str:
    """Which country the class is nearest to, and whether its model serves the class better than the global one."""
    row = row_of(served.set_index("model"), country)
    share = row_of(nearest.set_index("country"), country)["share"]
    same = served["model"].isin(nearest["country"]) & (served["accuracy"] == row["accuracy"])
    if same.sum() > 1:
        names = listed(list(served[same]["model"]))
        return (
            f"Of the countries' models, those of {names} are right about the most, equally: {percent(row['accuracy'])}."
        )
    said = (
        f"Of the countries' models, **{inert(country)}**'s is right about the most: {percent(row['accuracy'])}. "
        f"In {percent(share)} of resamples of the voters it is ahead of the others."
    )
    change = f"{points(row['difference'])} points"
    if not known(row["change_low"]):
        return f"{said} Against the global model that is {change}, of too few voters to tell it from chance."
    interval = f"{change}, 95 %: {points(row['change_low'])} to {points(row['change_high'])}"
    if row["change_low"] > 0:
        return f"{said} It serves the class better than the global model ({interval})."
    if row["change_high"] < 0:
        return f"{said} Yet the global model serves the class better ({interval})."
    return f"{said} It is not clearly better or worse for the class than the global model ({interval})."


def head_sentence(served: pd.DataFrame, path: pd.DataFrame) -> str:
    """How far the class's own head has moved, and what it is worth to voters that it has not seen."""
    rows = served[served["model"] == "class"]
    if not len(rows):
        return "From 5 voters on, the class has a head of its own."
    row, last = rows.iloc[0], path[path["voters"] == path["voters"].max()]
    worth = f"Asked about voters that it has not seen, it is right about {percent(row['accuracy'])}"
    worth += f" ({span(row['low'], row['high'])}), {points(row['difference'])} points against the global model."
    if last["similarity"].isna().all():
        return f"The votes give the class's own head no reason to leave the global model. {worth}"
    top = last.loc[last["similarity"].idxmax()]
    interval = f", 95 %: {signed(top['low'], 2)} to {signed(top['high'], 2)}" if known(top["low"]) else ""
    return (
        f"The class's own head has moved {fixed(top['length'], 1)} times as far from the global model as the "
        f"countries' do on average, most alike {inert(str(top['country']))}'s (cosine {signed(top['similarity'], 2)}"
        f"{interval}). {worth}"
    )


def halves_sentence(halves: pd.DataFrame, asked: int) -> str:
    """Whether the class is more like itself than like a model."""
    if not len(halves):
        return "From 4 voters on, the class can be split into halves."
    one, base, country = (halves.iloc[place] for place in range(3))
    return (
        f"Two random halves of the class prefer the same answer on **{fixed(one['mean'])} of {asked} "
        f"{noun('pair', asked)}** ({fixed(one['low'], 0)} to {fixed(one['high'], 0)} in 95 of 100 splits). Half the "
        f"class and the global model do on {fixed(base['mean'])}, half the class and {inert(country['with'])}'s on "
        f"{fixed(country['mean'])}."
    )
