"""A finished run as a report: one HTML file that needs no network, and a csv per figure.

Question, data with counts and licences, method, results with intervals, limits. It says what the pages say, in the
same words, and nothing of this machine. Fit to attach to a paper or to hand to a class.
"""

from __future__ import annotations

import html
import json
import re
import time
from pathlib import Path

import pandas as pd

from scpo import runs
from scpo.charts.style import SIMULATED
from scpo.config import ExperimentConfig
from scpo.data.leaks import sentences
from scpo.data.naming import provenance
from scpo.errors import RunFolderError
from scpo.export.local_paths import Hidden
from scpo.export.report_figures import Part, every_part, results_table
from scpo.export.safe_csv import safe_csv
from scpo.format import counted
from scpo.methods import METHODS
from scpo.metrics.intervals import FEWEST_FOR_PARTS, FEWEST_FOR_RATIOS, FEWEST_UNITS
from scpo.runs.files import write_bytes
from scpo.text import findings
from scpo.text.encoder_reading import LIMITS, percents
from scpo.text.results import headline
from scpo.training.encoder_reading import told

POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
MARKS = re.compile(r"\\(.)|\*\*|`")
STYLE = """
:root { --ink: #1b1f24; --quiet: #57606a; --line: #d8dee4; --tint: #f6f8fa }
body { font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; color: var(--ink); max-width: 66rem;
  margin: 0 auto; padding: 1.5rem 1rem 4rem }
h1 { font-size: 1.9rem; line-height: 1.2; margin: .5rem 0 }
h2 { margin-top: 3rem; border-bottom: 2px solid var(--line) }
h3 { margin: 3rem 0 .25rem; font-size: 1.2rem } a { color: #0550ae }
.quiet, figcaption { color: var(--quiet); font-size: .9rem } p, li, dd { max-width: 46rem; overflow-wrap: anywhere }
.simulated { background: #fff3cd; border-left: 4px solid #d4a72c; padding: .6rem 1rem; max-width: none }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem }
.figures div { background: var(--tint); border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem }
dt { color: var(--quiet); font-size: .9rem } dd { margin: 0 } dd.value { font-size: 1.6rem; font-weight: 600 }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums }
td, th { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap }
th { background: var(--tint) } td:first-child, th:first-child { text-align: left; position: sticky; left: 0;
  background: #fff } th:first-child { background: var(--tint) }
figure { margin: 0 } figure ul { padding-left: 1.2rem; font-size: .95rem }
nav ol { columns: 18rem; column-gap: 2.5rem; padding-left: 1.4rem }
code { overflow-wrap: anywhere; font-size: .85rem } summary { cursor: pointer }
@media print { figure, tr { break-inside: avoid } nav { display: none } }
"""
MOST_LINES = 4  # of words under a figure; more are there to be unfolded
OPTIONS = {"displaylogo": False, "responsive": True, "toImageButtonOptions": {"format": "svg"}}


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
    hide, (parts, missing) = Hidden(result), figures or every_part(result)
    files = {"report.html": _page(result, hide(name), parts, hide(missing), hide)}
    return files | {f"{part.name}.csv": safe_csv(part.table, result.card["simulated"]) for part in parts}


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
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(v))}</td>" for v in row) + "</tr>"
        for row in rows.itertuples(index=False)
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _counts(card: dict) -> str:
    """Who is in the data, and what was left out."""
    counts = pd.DataFrame(card["counts"])
    used = counts["role"] != ""
    rows = counts[used].rename(columns={"units": f"{card['unit']}s"})
    numbers = rows.select_dtypes("number").columns
    rows = rows.assign(**{name: rows[name].map("{:,}".format) for name in numbers})
    left = int((~used).sum())
    return _table(rows) + (
        f'<p class="quiet">{left} more countries are in the data, and not used here.</p>' * (left > 0)
    )


def _reading(table: pd.DataFrame | None) -> str:
    """What the encoder reads of the texts, and what follows from it."""
    if table is None or not len(table):
        return ""
    lines = "".join(f"<li>{html.escape(line)}</li>" for line in told(table))
    return f"<h3>What the encoder reads</h3>{_table(percents(table))}<ul>{lines}</ul><p class='quiet'>{LIMITS}</p>"


def _figure(part: Part, number: int) -> str:
    plot = part.figure.to_html(full_html=False, include_plotlyjs=number == 1, config=OPTIONS)
    lines = [f"<li>{_html(line)}</li>" for line in part.lines if line]
    said = f"<ul>{''.join(lines)}</ul>"
    if len(lines) > MOST_LINES:
        said = f"<details><summary>The same in words, row by row</summary>{said}</details>"
    title = part.title if part.title.endswith("?") else f"{part.title}."
    what = f"<p>{_html(part.measure)}</p>" if part.measure else ""
    return (
        f'<h3 id="{part.name}">{html.escape(part.title)}</h3>{what}<figure>{plot}<figcaption>Figure {number}. '
        f"{html.escape(title)} Numbers: <code>{part.name}.csv</code></figcaption>"
        + (said if lines else "")
        + "</figure>"
    )


def _headlines(result: runs.Result) -> str:
    rows = headline(result.tables, result.config.methods, result.card["unit"])
    return (
        '<dl class="figures">'
        + "".join(
            f'<div><dt>{html.escape(label)}</dt><dd class="value">{html.escape(value)}</dd>'
            f'<dd class="quiet">{_html(note)}</dd></div>'
            for label, value, note in rows
        )
        + "</dl>"
    )


def _page(result: runs.Result, name: str, parts: list[Part], missing: str, hide: Hidden) -> str:
    card, unit = result.card, result.card["unit"]
    method = findings.main_method(result)
    said = f'<p class="simulated"><strong>{SIMULATED}.</strong></p>' if card["simulated"] else ""
    contents = "".join(f'<li><a href="#{part.name}">{html.escape(part.title)}</a></li>' for part in parts)
    today = time.strftime("%Y-%m-%d", time.gmtime())
    figures = "".join(_figure(part, at + 1) for at, part in enumerate(parts))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{html.escape(name)}</title>
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body>
<p class="quiet">Reward models that follow one country's taste: report of a run, {today}</p>
<h1>{html.escape(name)}: {html.escape(hide(card["title"]))}</h1>{said}
<h2>Question</h2>
<p>Reward models learn one average taste. Does a model that is steered to one country learn that country's taste, what
does that cost everybody else, and how many preference pairs does it take? Main method: <code>{method}</code>.</p>
{_headlines(result)}
<nav><p class="quiet">Figures</p><ol>{contents}</ol></nav>
{_data(result, hide)}
{_method(result)}
<h2>Results</h2>
<p>Accuracy on all test pairs with 95 % intervals over {unit}s, in percent; gain: {method} minus global, paired.
Ties, which count as wrong: of {method}, in percent of the pairs.</p>
{_table(results_table(result))}
{figures}{f"<p>{html.escape(missing)}</p>" * bool(missing)}
{_limits(result)}
{_again(result, hide)}
</body></html>
"""


def _data(result: runs.Result, hide: Hidden) -> str:
    """Where the data is from, how many of whom, what was left out, and what is read of it."""
    card = result.card
    left_out = [f"left out: {n:,} ({reason})" for reason, n in card["dropped"].items() if n]
    notes = [*sentences(card), *card["notes"], *left_out]
    about = "".join(f"{label}: {html.escape(hide(text))}<br>" for label, text in provenance(card).items())
    return f"""<h2>Data</h2>
<p>{about}
Split and intervals go by {card["unit"]}. Reference: {html.escape(", ".join(card["reference"]))}.</p>
{_counts(card)}
<ul>{"".join(f"<li>{_html(hide(note))}</li>" for note in notes)}</ul>
{_reading(result.tables.get("reading"))}"""


def _trained(config: ExperimentConfig) -> str:
    """What is trained, on top of what."""
    if config.finetune.model:
        return f"whole models fine-tuned from {Path(config.finetune.model).name}"
    return f"heads on the frozen encoder {Path(config.encoder).name}"


def _method(result: runs.Result) -> str:
    config, trained = result.config, html.escape(_trained(result.config))
    rows = [row for name, row in METHODS.items() if name in config.methods]
    compared = "".join(f"<li><code>{row.name}</code>: {html.escape(row.meaning)}</li>" for row in rows)
    return f"""<h2>Method</h2>
<p>Steerable Cultural Preference Optimization (arXiv 2606.18606), with {trained}: a pair with margin m of the
global model is kept if sigmoid(m) &lt; τ = {config.tau:g} and weighs min(exp(m / β), 1), β = {config.beta:g}; the loss
is the mean of -w log sigmoid(r(chosen) - r(rejected)). {counted(config.seeds, "seed")}; the best step is chosen
on validation pairs. Compared:</p><ul>{compared}</ul>"""


def _limits(result: runs.Result) -> str:
    unit, trained = result.card["unit"], _trained(result.config).split(" ")[0]
    return f"""<h2>Limits</h2>
<ul><li>Intervals are 95 % bootstrap intervals over {unit}s; seeds are averaged, and more seeds make no more of
them. Those of the gap between countries or groups, and of the worst one, hold whichever these are, so that they are
wider than need be.</li>
<li>With fewer than {FEWEST_UNITS} {unit}s there is no interval, with fewer than {FEWEST_FOR_PARTS} none for a part of
the pairs, and with fewer than {FEWEST_FOR_RATIOS} no ratio; "too few to tell" is not "no difference".</li>
<li>Several countries are compared at once; only p after Holm's correction counts as told apart.</li>
<li>A country is no person: people of one country differ, and pairs say what was preferred, not why.</li>
<li>What holds for these {html.escape(trained)} models and this data need not hold for others.</li></ul>"""


def _again(result: runs.Result, hide: Hidden) -> str:
    """The settings that make the run again, and the hash that says whether the data is the same."""
    settings = html.escape(json.dumps(hide(result.config.as_dict()), ensure_ascii=False))
    return f"""<h2>To make it again</h2>
<p><code>python -m scpo run --config config.json --out DIR</code> with this config.json:</p>
<details><summary>config.json</summary><p><code>{settings}</code></p></details>
<p class="quiet">Hash of the data: <code>{result.card["content_hash"]}</code></p>"""
