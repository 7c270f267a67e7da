"""Judges from outside in words and as tables a reader would print. Knows nothing of Streamlit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from scpo.format import brackets, counted, fixed, inert, known, people, percent, points, span
from scpo.grouping import worded
from scpo.methods import is_model, named
from scpo.metrics.accuracy import MEAN
from scpo.metrics.outcomes import SUBSETS
from scpo.metrics.paired import decided
from scpo.metrics.ranks import rank_sets
from scpo.runs import Result
from scpo.runs.judges import TABLES, Judge
from scpo.table_rows import row_of
from scpo.text.results import bias_sentence, by_chance, with_findings
from scpo.text.rulers import who_rules

FULL, DISTINCT, CONSENSUS = SUBSETS


def with_judges(result: Result, judges: Sequence[Judge]) -> Result:
    """A run with its judges as more methods in its tables of accuracy, paired differences and bias.

    What stands there of a judge is of the pairs that it scored.
    """
    tables = dict(result.tables)
    for name in TABLES if judges else ():
        rows = [_of(judge.tables[name], method=judge.method) for judge in judges]
        tables[name] = pd.concat([tables[name], *rows], ignore_index=True)
    return replace(result, tables=tables)


def judge_differences(judge: Judge, subset: str, unit: str) -> pd.DataFrame:
    """A judge against every method of the run on the pairs that it scored, with what each difference tells."""
    numbers = ["difference", "low", "high", "p_holm", "detectable"]
    table = _of(judge.tables["paired"], subset=subset).astype(dict.fromkeys(numbers, float))
    return with_findings(table, unit).reset_index(drop=True)


def judge_table(judge: Judge, unit: str) -> pd.DataFrame:
    """Per country: accuracy on all, distinct and consensus pairs, and the difference from the global model."""
    of = judge.tables["accuracy"].set_index(["country", "method", "subset"])
    against = _of(judge.tables["paired"], against="global", subset=FULL).set_index("country")
    rows = []
    for country in dict.fromkeys(judge.tables["accuracy"]["country"]):
        mine = {subset: row_of(of, (country, judge.method, subset)) for subset in SUBSETS}
        full, gap = mine[FULL], row_of(against, country)
        rows.append(
            {
                "country": country,
                people(unit): f"{int(full['units']):,}",
                "pairs": f"{int(full['n']):,}",
                "accuracy": f"{percent(full['accuracy'])} {_ends(full)}",
                "global": percent(of.loc[(country, "global", FULL), "accuracy"]),
                "minus global": f"{points(gap['difference'])} {_brackets(gap, points)}",
                "distinct": percent(mine[DISTINCT]["accuracy"]),
                "consensus kept": percent(mine[CONSENSUS]["accuracy"]),
                "ties": percent(full["ties"] / full["n"] if full["n"] else None),
            }
        )
    return pd.DataFrame(rows)


def difference_table(judge: Judge, unit: str) -> pd.DataFrame:
    """The mean over countries: the judge against every method of the run, paired, and what that tells."""
    rows = _of(judge_differences(judge, FULL, unit), country=MEAN)
    return pd.DataFrame(
        {
            "against": rows["against"].map(named),
            "points": rows["difference"].map(points),
            "95 % interval": [brackets(low, high) for low, high in zip(rows["low"], rows["high"], strict=True)],
            "": rows["note"],
        }
    )


def judge_sentences(judge: Judge, unit: str, paired: pd.DataFrame) -> list[str]:
    """How well a judge does on average, its open ranks, what it keeps, and whom it serves worst.

    paired  the run's own paired differences, of which and of the judge's the ranks are taken
    """
    of = _of(judge.tables["accuracy"], country=MEAN).set_index(["method", "subset"])
    full, kept, distinct = (row_of(of, (judge.method, subset)) for subset in (FULL, CONSENSUS, DISTINCT))
    base = row_of(of, ("global", FULL))
    ties = f"; {percent(full['ties'] / full['n'])} of them tie, which counts as wrong" if full["ties"] else ""
    return [
        f"**{inert(judge.method)}** is right on {percent(full['accuracy'])} of the test pairs "
        f"({span(full['low'], full['high'])}; {counted(full['units'], unit)}, {counted(full['n'], 'pair')}{ties}); the "
        f"global model on {percent(base['accuracy'])} of the same.",
        f"It keeps {percent(kept['accuracy'])} of the consensus ({span(kept['low'], kept['high'])}), and is right on "
        f"{percent(distinct['accuracy'])} of the pairs that {who_rules()} gets wrong "
        f"({span(distinct['low'], distinct['high'])}).",
        _open_ranks(judge, paired),
        _served_worst(judge),
    ]


def _open_ranks(judge: Judge, paired: pd.DataFrame) -> str:
    rows = pd.concat([paired, judge.tables["paired"]], ignore_index=True)
    sets = rank_sets(rows[rows["method"].map(is_model) & rows["against"].map(is_model)]).set_index("method")
    best, worst = sets.loc[judge.method, ["best", "worst"]]
    has = f"it has rank {best}" if best == worst else f"it may have any rank from {best} to {worst}"
    return f"By the paired tests of every two models {has} of {len(sets)}, 1 being the highest accuracy."


def _served_worst(judge: Judge) -> str:
    rows = _of(judge.tables["bias"], method=judge.method).set_index("measure")
    gap = rows.loc["gap"]
    if gap["value"] == 0:
        worst = rows.loc["worst country"]
        return f"It was put to {inert(worst['country'])} alone, so that no two {worded('countries')} can be compared."
    return bias_sentence(judge.tables["bias"], judge.method)


def scores_told(about: Mapping) -> list[str]:
    """Which test pairs have scores, what of the source was of no use, and which countries are left out; counts only."""
    scored, total = (sum(pair[at] for pair in about["countries"].values()) for at in (0, 1))
    told = [f"{scored:,} of {total:,} test pairs have scores for both answers; the others count nowhere."]
    if scored == total:
        told = [f"All {total:,} test pairs have scores for both answers."]
    told += _partly(about["countries"]) + source_told(about)
    if about["unread"]:
        told.append(f"Not compared, as the run cannot read the texts: {', '.join(map(inert, about['unread']))}.")
    return told


def source_told(about: Mapping) -> list[str]:
    """What of a file was of no use, or what a model did not read."""
    strange = about["texts"] - about["matched"]
    are = "is" if strange == 1 else "are"
    told = [f"{strange:,} of {about['texts']:,} scored texts {are} not in the data."] if strange > 0 else []
    told += [f"Left out of the file: {n:,} ({inert(reason)})." for reason, n in about["left_out"].items()]
    if about.get("cut"):
        told.append(
            f"{about['cut']:,} of {about['texts']:,} texts are longer than {about['longest']:,} tokens and were cut at "
            "the front of the prompt."
        )
    return told


def _partly(countries: Mapping[str, Sequence[int]]) -> list[str]:
    """The countries of which only a part of the pairs has scores."""
    partly = [f"{inert(c)} ({n:,} of {of:,})" for c, (n, of) in countries.items() if n < of]
    return [f"Only a part of the pairs of {', '.join(partly)} has scores."] if partly else []


def unmarked(text: str) -> str:
    """A sentence for a terminal: without the marks of markdown."""
    return re.sub(r"\\(.)|\*\*", r"\1", text)


def served_table(tables: Mapping[str, pd.DataFrame], unit: str) -> pd.DataFrame:
    """Whom does each reward model serve? Per country the accuracy of every judge, and the second minus the first."""
    accuracy, paired = tables["accuracy"], tables["paired"]
    names = list(dict.fromkeys(accuracy["method"]))
    rows = []
    for name, part in accuracy.groupby("country", sort=False):
        country, of = str(name), part.set_index("method")
        row = {"country": country, people(unit): f"{of['units'].iloc[0]:,}", "pairs": f"{of['n'].iloc[0]:,}"}
        row |= {name: f"{percent(row_of(of, name)['accuracy'])} {_ends(row_of(of, name))}" for name in names}
        for name in names[1:]:
            gap = _of(paired, country=country, method=name, against=names[0]).iloc[0]
            star = "*" if decided(gap["difference"], gap["low"], gap["high"], gap["p_holm"]) else ""
            row[f"{name} minus {names[0]}"] = f"{points(gap['difference'])} {brackets(gap['low'], gap['high'])}{star}"
        rows.append(row)
    return pd.DataFrame(rows)


def served_sentences(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Of each judge: whom it serves worst, and how far countries are apart."""
    found = []
    for name in dict.fromkeys(tables["accuracy"]["method"]):
        rows = _of(tables["bias"], method=name).set_index("measure")
        worst, gap = row_of(rows, "worst country"), row_of(rows, "gap")
        found.append(
            f"{name} serves {worst['country']} worst, {percent(worst['value'])} ({span(worst['low'], worst['high'])}); "
            f"between best and worst lie {fixed(100 * gap['value'])} points ({span(gap['low'], gap['high'])}; "
            f"{by_chance(gap['low'])})."
        )
    return found


def served_notes(countries: Mapping[str, Sequence[int]], judges: Mapping[str, Mapping]) -> list[str]:
    """Which pairs have no score, and what of each source was of no use."""
    told = [f"{name}: {line}" for name, about in judges.items() for line in source_told(about)]
    if len(judges) > 1:
        told.append(worded("* told apart after Holm's correction over the countries."))
    return [unmarked(line) for line in [*_partly(countries), *told]]


def _of(table: pd.DataFrame, **wanted: str) -> pd.DataFrame:
    """The rows that have these values."""
    return table[np.logical_and.reduce([table[name] == value for name, value in wanted.items()])]


def _ends(row: pd.Series) -> str:
    return _brackets(row, lambda share: fixed(100 * share))


def _brackets(row: pd.Series, of: Callable[[float], str]) -> str:
    return brackets(row["low"], row["high"], of) if known(row["low"]) else "[too few]"
