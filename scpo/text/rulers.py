"""Which model says what is distinct and what consensus, in words; that in force is set once for all that is shown."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import pandas as pd

from scpo.format import counted, inert, percent, span
from scpo.grouping import worded
from scpo.methods import named
from scpo.metrics.rulers import GLOBAL, MAJORITY, PEOPLE, POOLED, RULED, SECOND
from scpo.runs.judges import BROUGHT
from scpo.table_rows import row_of

NAMES = {  # in a sentence; and in the label of a kind of pairs
    GLOBAL: ("the global model", "global"),
    SECOND: ("a second global model", "a second global model"),
    PEOPLE: ("the average of the other countries' people", "the others' average"),
    MAJORITY: ("the majority of the other countries' models", "the others' majority"),
    POOLED: ("one model for all countries", "one model for all"),
}
MEANINGS = {
    GLOBAL: "the model that filters pairs and that training begins at; the usual ruler",
    SECOND: "trained on the half of the reference people (or questions) that the first one never saw; nothing starts "
    "from it",
    PEOPLE: "no model: what the people of all other countries answered to the same question, each country with one "
    "weight",
    MAJORITY: "a vote per other country, by its own model, fine-tuned on all its pairs",
    POOLED: "trained on the pairs of all countries steered to, these countries' own too",
}

_in_force: ContextVar[str] = ContextVar("ruler", default=GLOBAL)


def rule_by(ruler: str) -> None:
    """Set the ruler in force, for this thread."""
    _in_force.set(ruler)


@contextmanager
def ruled_by(ruler: str) -> Iterator[None]:
    """The same for a while."""
    before = _in_force.set(ruler)
    try:
        yield
    finally:
        _in_force.reset(before)


def ruler_in_force() -> str:
    return _in_force.get()


def who_rules(ruler: str = "") -> str:
    """A ruler in a sentence; that in force, unless one is named."""
    name = ruler or _in_force.get()
    return worded(NAMES[name][0]) if name in NAMES else inert(name.removeprefix(BROUGHT))


def in_a_label(ruler: str = "") -> str:
    """The same as short as a label has room for."""
    name = ruler or _in_force.get()
    return NAMES[name][1] if name in NAMES else name.removeprefix(BROUGHT)


def on_an_axis() -> str:
    """The ruler in force in the title of an axis, which a narrow screen cuts."""
    return who_rules() if _in_force.get() == GLOBAL else in_a_label()


def meanings(rulers: Collection[str]) -> str:
    """What each ruler is, one a line."""
    known = [f"- **{worded(NAMES[name][0])}** (`{name}`): {worded(MEANINGS[name])}" for name in rulers if name in NAMES]
    judges = [name for name in rulers if name not in NAMES]
    return "\n".join([*known, *(f"- **{inert(name)}**: scores that were brought beside the run" for name in judges)])


def with_ruler(table: pd.DataFrame) -> pd.DataFrame:
    """A table that says who rules, where that is not the global model."""
    return table if _in_force.get() == GLOBAL else table.assign(ruler=_in_force.get())


def ruler_line() -> str:
    """What another ruler means for all that is shown; "" under the usual one."""
    if _in_force.get() == GLOBAL:
        return ""
    return (
        f"Distinct and consensus by another ruler: consensus are the pairs that {who_rules()} gets right, distinct "
        "those that it gets wrong. The global model is no longer right on all of the one, nor wrong on all of the "
        "other. Which pairs the filter keeps, and what is of all test pairs, stays as it is."
    )


def ruler_lines(compared: pd.DataFrame, agree: Mapping[str, float], methods: Sequence[str]) -> list[str]:
    """Each ruler, how far it agrees with the global model, and what these methods keep and learn under it.

    compared  as of `scpo.rulers.compared`; agree: ruler -> share of the pairs on which it says the same
    """
    lines = []
    for ruler in dict.fromkeys(compared["ruler"]):
        rows = compared[compared["ruler"] == ruler].set_index(["method", "measure"])
        told = [_told(rows, method) for method in methods if (method, RULED[0]) in rows.index]
        same = f", which agrees with the global model on {percent(agree[ruler])} of the pairs"
        alike = "" if ruler == GLOBAL else same
        kept, distinct = (row_of(rows, (methods[0], name))["n"] for name in RULED)
        sizes = f"{counted(kept, 'pair')} of a consensus and {distinct:,} distinct"
        lines.append(f"**By {who_rules(ruler)}**{alike}: {sizes}; {'; '.join(told)}.")
    return lines


def _told(rows: pd.DataFrame, method: str) -> str:
    kept, learned = (row_of(rows, (method, name)) for name in RULED)
    return (
        f"{named(method)} keeps {percent(kept['value'])} ({span(kept['low'], kept['high'])}) and is right on "
        f"{percent(learned['value'])} of the distinct ({span(learned['low'], learned['high'])})"
    )
