"""The figures of a report under other rulers of distinct and consensus than the global model."""

from __future__ import annotations

from collections.abc import Iterator

from scpo import runs
from scpo.charts.rulers import rulers_chart
from scpo.errors import RunFolderError
from scpo.export.report_part import Part, measured_part
from scpo.metrics.rulers import RULED
from scpo.rulers import agreement, compared, rulers_of
from scpo.runs.judges import read_judges
from scpo.runs.outcomes import read_outcomes
from scpo.text import findings
from scpo.text.rulers import ruler_lines
from scpo.training.encoder_reading import unreadable

TITLES = dict(
    zip(
        RULED,
        ("Is the consensus kept, under another ruler?", "Is their own taste learned, under another ruler?"),
        strict=True,
    )
)


def of_rulers(result: runs.Result, methods: list[str]) -> Iterator[Part]:
    """What is kept and learned under every ruler, of a run that has another than the global model."""
    try:
        said, judges = read_outcomes(result.folder), read_judges(result.folder)
    except RunFolderError:  # of an older version
        return
    known = rulers_of(said, judges)
    if len(known) < 2:
        return
    table = compared(result, said, judges, unreadable(result.tables.get("reading")))
    agree = {name: agreement(said, signs) for name, signs in known.items()}
    shown = [m for m in dict.fromkeys(["global", findings.main_method(result), "full"]) if m in methods]
    for measure, title in TITLES.items():
        figure = rulers_chart(table, measure, methods, result.card["simulated"])
        name, rows = f"under-another-ruler-{measure.partition(' ')[0]}", table[table["measure"] == measure]
        yield measured_part(name, title, "rulers", figure, ruler_lines(table, agree, shown), rows)
