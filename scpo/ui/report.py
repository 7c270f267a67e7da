"""A finished run as a report: one HTML file that needs no network, and a csv per figure.

Question, data with counts and licences, method, results with intervals, limits. It says what the pages say, in the
same words, and nothing of this machine. Fit to attach to a paper or to hand to a class.
"""

from __future__ import annotations

import html
import io
import json
import re
import time
import zipfile
from pathlib import Path

import pandas as pd

from scpo import runs
from scpo.config import METHODS
from scpo.errors import RunFolderError, ScpoError
from scpo.jobs.job import Job
from scpo.ui import charts, findings
from scpo.ui.export import POLICY, Hidden, csv_of
from scpo.ui.report_parts import Part, parts_of, recovered
from scpo.ui.words import headline

MARKS = re.compile(r"\\(.)|\*\*|`")
STYLE = """body { font-family: sans-serif; max-width: 72rem; margin: 1rem auto; padding: 0 1rem; line-height: 1.45 }
table { border-collapse: collapse } td, th { padding: .15rem .6rem; text-align: right; border-bottom: 1px solid #ddd }
td:first-child, th:first-child { text-align: left } .simulated { background: #fff3cd; padding: .5rem 1rem }
dt { font-weight: bold } dd { margin: 0 0 .5rem 0 } code { overflow-wrap: anywhere }"""


def write_report(folder: Path, out: Path) -> Path:
    """Write `report.html` and one csv per figure of a finished run into a new folder; the path of the html.

    Raises `RunFolderError` if the run is unfinished or damaged, or if `out` is there and not empty.
    """
    files = report(runs.read(folder), Path(folder).name)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RunFolderError(f"{out} is there already and is not empty; nothing is overwritten. Give another --out.")
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        runs.write_bytes(out / name, content.encode())
    return out / "report.html"


def zip_of_report(job: Job) -> bytes:
    """The same as a zip."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in report(runs.read(job.folder), job.name).items():
            archive.writestr(f"scpo-report-{job.id}/{name}", content)
    return memory.getvalue()


def report(result: runs.Result, name: str) -> dict[str, str]:
    """File name -> content."""
    hide, parts, missing = Hidden(result), [*parts_of(result)], []
    try:
        parts += recovered(result)
    except ScpoError as error:
        missing.append(f"The planted taste cannot be held against the learned one here: {error}")
    files = {"report.html": _page(result, hide(name), parts, [hide(text) for text in missing], hide)}
    return files | {f"{part.name}.csv": csv_of(result, part.table) for part in parts}


def _html(text: str) -> str:
    """The markdown of `words` as HTML: bold and escapes are all that it has; whatever else is there is text."""
    found, at, bold = [], 0, False
    for mark in MARKS.finditer(text):
        found.append(html.escape(text[at : mark.start()]))
        at = mark.end()
        if mark.group() == "**":
            bold = not bold
            found.append("<strong>" if bold else "</strong>")
        elif mark.group(1):
            found.append(html.escape(mark.group(1)))
    return "".join([*found, html.escape(text[at:]), "</strong>" if bold else ""])


def _table(rows: pd.DataFrame) -> str:
    head = "".join(f"<th>{html.escape(str(name))}</th>" for name in rows.columns)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(str(v))}</td>" for v in row) + "</tr>"
                   for row in rows.itertuples(index=False))  # fmt: skip
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _page(result: runs.Result, name: str, parts: list[Part], missing: list[str], hide: Hidden) -> str:
    card, config, unit = result.card, result.config, result.card["unit"]
    method = findings.main_method(result)
    said = f'<p class="simulated"><strong>{charts.SIMULATED}.</strong></p>' if card["simulated"] else ""
    figures = "".join(f"<dt>{html.escape(label)}: {html.escape(value)}</dt><dd>{_html(note)}</dd>"
                      for label, value, note in headline(result.tables, config.methods, unit))  # fmt: skip
    drawn = []
    for at, part in enumerate(parts):
        plot = part.figure.to_html(full_html=False, include_plotlyjs=at == 0, config={"displaylogo": False})
        words = "".join(f"<p>{_html(line)}</p>" for line in part.lines if line)
        drawn.append(f"<h3>{html.escape(part.title)}</h3><p>{_html(part.measure)}</p>{plot}{words}"
                     f"<p>Numbers: <code>{part.name}.csv</code></p>")  # fmt: skip
    counts = pd.DataFrame(card["counts"])
    used = counts["role"] != ""
    notes = [*card["notes"], *(f"left out: {n:,} ({reason})" for reason, n in card["dropped"].items())]
    compared = "".join(f"<li><code>{m}</code>: {html.escape(METHODS[m])}</li>" for m in METHODS if m in config.methods)
    whole = f"whole models fine-tuned from {Path(config.finetune.model).name}" if config.finetune.model else (
        f"heads on the frozen encoder {Path(config.encoder).name}")  # fmt: skip
    settings = html.escape(json.dumps(hide(config.as_dict()), ensure_ascii=False))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{html.escape(name)}</title>
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body>
<h1>{html.escape(name)}: {html.escape(hide(card["title"]))}</h1>{said}
<h2>Question</h2>
<p>Reward models learn one average taste. Does a model that is steered to one country learn that country's taste, what
does that cost everybody else, and how many preference pairs does it take? Main method: <code>{method}</code>.</p>
<dl>{figures}</dl>
<h2>Data</h2>
<p>Source: {html.escape(hide(card["source"]))}<br>Licence: {html.escape(hide(card["licence"]))}<br>
Split and intervals go by {unit}. Reference: {html.escape(", ".join(card["reference"]))}.</p>
{_table(counts[used])}<p>{(~used).sum()} more countries are in the data, and not used here.</p>
<ul>{"".join(f"<li>{_html(hide(note))}</li>" for note in notes)}</ul>
<h2>Method</h2>
<p>Steerable Cultural Preference Optimization (arXiv 2606.18606), with {html.escape(whole)}: a pair with margin m of the
global model is kept if sigmoid(m) &lt; τ = {config.tau:g} and weighs min(exp(m / β), 1), β = {config.beta:g}; the loss
is the mean of -w log sigmoid(r(chosen) - r(rejected)). {config.seeds} seed(s); the best step is chosen on validation
pairs. Compared:</p><ul>{compared}</ul>
<h2>Results</h2>
{"".join(drawn)}{"".join(f"<p>{html.escape(text)}</p>" for text in missing)}
<h2>Limits</h2>
<ul><li>Intervals are 95 % bootstrap intervals over {unit}s; seeds are averaged, and more seeds make no more of
them.</li>
<li>Countries with few {unit}s have wide intervals or none; "too few to tell" is not "no difference".</li>
<li>Several countries are compared at once; only p after Holm's correction counts as told apart.</li>
<li>A country is no person: people of one country differ, and pairs say what was preferred, not why.</li>
<li>What holds for these {html.escape(whole.split(" ")[0])} models and this data need not hold for others.</li></ul>
<h2>To make it again</h2>
<p><code>python -m scpo run --config config.json --out DIR</code> with this config.json:</p>
<p><code>{settings}</code></p>
<p>Report made {time.strftime("%Y-%m-%d", time.gmtime())}. Hash of the data: <code>{card["content_hash"]}</code>.</p>
</body></html>
"""
