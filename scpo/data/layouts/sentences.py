"""What was read by a layout, and why nothing came of it, in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from scpo.data.layouts.layout import JUDGEMENT, Layout
from scpo.format import counted

READ_AS = "read as "  # the notes of a card that say what its files were recognised as begin so


def read_as(tables: Sequence[pd.DataFrame], layouts: Sequence[Layout | None], pairs: int) -> list[str]:
    """What files were recognised as, such as "read as Community Alignment: 244 picks of one answer out of four = 732
    pairs", and what else was noted of them."""
    counts: Counter[tuple[str, str]] = Counter()
    for table, layout in zip(tables, layouts, strict=True):
        called = layout and (layout.title or layout.form)
        if called and "judged" in table.attrs:
            number, what = table.attrs["judged"]
            counts[called, what] += number
    told = [
        f"{READ_AS}{title}: {n:,} {what.replace('(s)', '' if n == 1 else 's')}" for (title, what), n in counts.items()
    ]
    if len(told) == 1 and not told[0].endswith((" pair", " pairs")):
        told[0] += f" = {counted(pairs, 'pair')}"
    notes = [note for table in tables for note in table.attrs.get("notes", ())]
    return [*told, *dict.fromkeys(notes)]


def no_pair(table: pd.DataFrame, layout: Layout | None) -> str:
    """Why a checked table makes no pair, naming the column that is the reason, and what can be done.

    table  the rows that are left, in their roles; layout: by which they were read
    """
    said = lambda role: _column(role, layout)  # noqa: E731
    way = "Name another column for it (`columns`), or bring more rows."
    if table.empty:
        return "No row is left of which a pair could be made. " + way
    if "chosen" in table.columns:
        return f"No pair: {said('chosen')} and {said('rejected')} hold the same text in every row. {way}"
    rows = counted(len(table), "row")
    keys = [key for key in ("user", "group", "prompt") if key in table.columns]
    if JUDGEMENT in table.columns or _several(table, keys):
        return f"No pair: all answers to one prompt have the same {said('score')}. {way}"
    if not _several(table, ["prompt"]):
        n = counted(table["prompt"].nunique(), "different prompt")
        return f"No pair: {said('prompt')} has {n} in {rows}, so that no two answers are to one prompt. {way}"
    for role in ("user", "group"):
        if role in keys and _several(table, [key for key in keys if key != role]):
            return (
                f"No pair: by {said(role)} no one scored two answers to one prompt ({rows}, "
                f"{table[role].nunique():,} different values). {way}"
            )
    return f"No pair: no two rows share {' and '.join(said(key) for key in keys)}. {way}"


def _several(table: pd.DataFrame, keys: list[str]) -> bool:
    return bool(table.astype({key: object for key in keys}).duplicated(keys).any())


def _column(role: str, layout: Layout | None) -> str:
    """A role with the column that it was read from, as a mapping has it."""
    name = layout.columns.get(role, role) if layout else role
    return f"`{role}={name}`" if isinstance(name, str) and name != role else f"the column `{role}`"
