"""A finished run as a report: one HTML file that needs no network, and a csv per figure.

Question, data with counts and licences, method, results with intervals, limits. It says what the pages say, in the
same words, and nothing of this machine. Fit to attach to a paper or to hand to a class.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
from markupsafe import Markup, escape

from scpo import runs
from scpo.charts.style import SIMULATED
from scpo.config import ExperimentConfig
from scpo.data.leaks import sentences
from scpo.data.naming import provenance
from scpo.errors import RunFolderError
from scpo.export.local_paths import Hidden
from scpo.export.report_figures import results_table
from scpo.export.report_models import every_part
from scpo.export.report_part import Part
from scpo.export.safe_csv import safe_csv
from scpo.export.templates import rendered
from scpo.format import counted
from scpo.grouping import speaking_of
from scpo.methods import METHODS
from scpo.metrics.intervals import FEWEST_FOR_PARTS, FEWEST_FOR_RATIOS, FEWEST_UNITS
from scpo.runs.files import write_bytes
from scpo.text import findings
from scpo.text.encoder_reading import LIMITS, percents
from scpo.text.results import headline
from scpo.training.encoder_reading import told

MARKS = re.compile(r"\\(.)|\*\*|`")
OPTIONS = {"displaylogo": False, "responsive": True, "toImageButtonOptions": {"format": "svg"}}
MOST_LINES = 4  # of words under a figure; more are there to be unfolded


def write_report(folder: Path, out: Path) -> Path:
    """Write `report.html` and one csv per figure of a finished run into a new folder; the path of the html.

    Raises `RunFolderError` if the run is unfinished or damaged, or if `out` is there and not empty.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RunFolderError(f"{out} is there already and is not empty; nothing is overwritten. Give another --out.")
    files = report(runs.read(folder), Path(folder).name)
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        write_bytes(out / name, content.encode())
    return out / "report.html"


def report(result: runs.Result, name: str, figures: tuple[list[Part], str] | None = None) -> dict[str, str]:
    """File name -> content. figures: what `every_part` gave, where it is known already."""
    with speaking_of(result.config.data.group):
        hide, (parts, missing) = Hidden(result), figures or every_part(result)
        files = {"report.html": _page(result, hide(name), parts, hide(missing), hide)}
    if "folds" in result.tables:
        files["folds.csv"] = safe_csv(result.tables["folds"], result.card["simulated"])
    return files | {f"{part.name}.csv": safe_csv(part.table, result.card["simulated"]) for part in parts}


def marked(text: str) -> Markup:
    """The markdown of `text/` as HTML: bold and escapes are all that it has; whatever else is there is text."""
    bold = False

    def turn(mark: re.Match) -> str:
        nonlocal bold
        if mark[0] != "**":
            return mark[1] or ""
        bold = not bold
        return "<strong>" if bold else "</strong>"

    return Markup(MARKS.sub(turn, str(escape(text))) + "</strong>" * bold)


def plotted(figure: go.Figure, first: bool) -> Markup:
    """A figure as HTML; plotly.js is in the first."""
    return Markup(figure.to_html(full_html=False, include_plotlyjs=first, config=OPTIONS))


def _page(result: runs.Result, name: str, parts: list[Part], missing: str, hide: Hidden) -> str:
    card, config = result.card, result.config
    counts, unused = _counts(card)
    left_out = [f"left out: {n:,} ({reason})" for reason, n in card["dropped"].items() if n]
    return rendered(
        "report.html.jinja",
        marked=marked,
        plotted=plotted,
        told=told,
        percents=percents,
        simulated=SIMULATED,
        limits=LIMITS,
        most_lines=MOST_LINES,
        fewest=(FEWEST_UNITS, FEWEST_FOR_PARTS, FEWEST_FOR_RATIOS),
        name=name,
        card=card,
        config=config,
        hide=hide,
        parts=parts,
        missing=missing,
        today=time.strftime("%Y-%m-%d", time.gmtime()),
        method=findings.main_method(result),
        headlines=headline(result.tables, config.methods, card["unit"]),
        about=provenance(card),
        counts=counts,
        unused=unused,
        notes=[hide(note) for note in (*sentences(card), *card["notes"], *left_out)],
        reading=result.tables.get("reading"),
        trained=_trained(config),
        seeds=counted(config.seeds, "seed"),
        compared=[row for name, row in METHODS.items() if name in config.methods],
        results=results_table(result),
        settings=json.dumps(hide(config.as_dict()), ensure_ascii=False),
    )


def _counts(card: dict) -> tuple[pd.DataFrame, int]:
    """Who is in the data, and how many countries are not used."""
    counts = pd.DataFrame(card["counts"])
    used = counts["role"] != ""
    rows = counts[used].rename(columns={"units": f"{card['unit']}s"})
    numbers = rows.select_dtypes("number").columns
    return rows.assign(**{name: rows[name].map("{:,}".format) for name in numbers}), int((~used).sum())


def _trained(config: ExperimentConfig) -> str:
    """What is trained, on top of what."""
    if config.finetune.model:
        return f"whole models fine-tuned from {Path(config.finetune.model).name}"
    return f"heads on the frozen encoder {Path(config.encoder).name}"
