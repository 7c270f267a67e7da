"""The figures of a report, each with its heading, its words and its numbers: those of the pages of results."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from scpo import runs
from scpo.charts.accuracy import accuracy_chart, difference_chart, variance_chart
from scpo.charts.alignment import alignment_chart
from scpo.charts.best_of_n import best_of_n_chart
from scpo.charts.bias import CHANGE, plane_chart, spread_chart, transfer_chart
from scpo.charts.efficiency import curve_chart, per_pair_chart, ratio_chart
from scpo.charts.falsifiers import falsifiers_chart
from scpo.charts.frontier import frontier_chart
from scpo.charts.groups import groups_chart
from scpo.charts.paper import beside_chart
from scpo.charts.style import MEAN, method_marks, on_paper
from scpo.export.report_part import Part, measured_part
from scpo.export.report_rulers import of_rulers
from scpo.format import fixed, percent, points
from scpo.format import people as people_of
from scpo.grouping import worded
from scpo.methods import METHODS, UNTRAINED, is_model, named, spoken
from scpo.metrics.groups import EVERYBODY
from scpo.runs.falsifiers import read_falsifiers
from scpo.runs.judges import read_judges
from scpo.table_rows import row_of
from scpo.text import findings, paper
from scpo.text.best_of_n import best_of_n_lines
from scpo.text.efficiency import ALL, efficiency_sentence, per_pair_sentence
from scpo.text.falsifiers import falsifier_lines
from scpo.text.frontier import edge_lines
from scpo.text.judges import judge_differences, judge_sentences, scores_told, with_judges
from scpo.text.people import needed_sentence, worth_sentence
from scpo.text.ranks import class_line, information_line, rank_line
from scpo.text.results import (
    alignment_sentence,
    bias_sentence,
    difference_sentence,
    group_sentence,
    runaway_sentence,
    told_apart,
    too_few,
)


def results_table(result: runs.Result) -> pd.DataFrame:
    """The main numbers as words: per country the accuracy of every method, and the gain of the main one."""
    result = with_judges(result, read_judges(result.folder))
    table = result.tables["accuracy"].query("subset == 'full'")
    method, unit = findings.main_method(result), result.card["unit"]
    shown, rows = [m for m in findings.methods_in(table) if m in ("global", "full", method) or m not in METHODS], []
    for country, part in table.groupby("country", sort=False):
        of = {m: row_of(part.set_index("method"), m) for m in shown}
        each = {named(m): f"{percent(row['accuracy'])} {_within(row, 'low', 'high')}" for m, row in of.items()}
        main = of[method]
        gain = f"{points(main['gain'])} {_within(main, 'gain_low', 'gain_high')}"
        size = {f"{unit}s": f"{main['units']:,}", "pairs": f"{main['n']:,}"}
        tied = main["n"] * main["seeds"]
        size["ties"] = percent(main["ties"] / tied) if tied else percent(None)
        rows.append({"country": country, **size, **each, f"gain of {named(method)}": gain})
    return pd.DataFrame(rows)


def _within(row: pd.Series, low: str, high: str) -> str:
    return "(too few)" if pd.isna(row[low]) else f"({fixed(100 * row[low])} to {fixed(100 * row[high])})"


def parts_of(result: runs.Result) -> Iterator[Part]:
    """The figures of the pages of results, in their order."""
    result = with_judges(result, read_judges(result.folder))
    methods = findings.methods_in(result.tables["accuracy"])
    subjects = (
        _of_accuracy,
        _of_differences,
        _of_picks,
        _of_altered_groups,
        _of_bias,
        _of_people,
        _of_transfer,
        _of_pairs_needed,
        _of_paper,
    )
    for of_subject in subjects:
        yield from of_subject(result, methods)


def _of_accuracy(result: runs.Result, methods: list[str]) -> Iterator[Part]:
    """Accuracy of every method in every country."""
    judges, unit, simulated = read_judges(result.folder), result.card["unit"], result.card["simulated"]
    accuracy = result.tables["accuracy"]
    figure = accuracy_chart(accuracy, methods, unit, simulated)
    sets = findings.ranks(result, "full")
    lines = [information_line(methods), rank_line(sets, "all test pairs"), class_line(sets)]
    yield measured_part("accuracy", "Is a country's taste learned?", "accuracy", figure, lines, accuracy)
    for at, judge in enumerate(judges):
        rows = judge_differences(judge, "full", unit)
        mean = rows[rows["country"] == MEAN]
        figure = difference_chart(
            mean, "against", method_marks(), f"accuracy of {judge.about['name']} minus the method's", unit, simulated
        )
        lines = [*judge_sentences(judge, unit, result.tables["paired"]), *scores_told(judge.about)]
        yield measured_part(f"judge-{at + 1}", f"{judge.method} against every method", "judge", figure, lines, rows)


def _of_differences(result: runs.Result, methods: list[str]) -> Iterator[Part]:
    """The main method against the global model and against all pairs, and whether it is more than chance."""
    method, simulated, unit = findings.main_method(result), result.card["simulated"], result.card["unit"]
    differences = findings.differences(result, "full")
    for against in [m for m in ("global", "full") if m in methods and m != method and method not in UNTRAINED]:
        rows = differences[(differences["method"] == method) & (differences["against"] == against)]
        each = rows[rows["country"] != MEAN]
        yield measured_part(
            f"{method}-against-{against}",
            f"{named(method)} against {spoken(against)}",
            "difference",
            difference_chart(
                rows, "country", {}, f"accuracy of {named(method)} minus {spoken(against)}", unit, simulated
            ),
            [told_apart(each, method, against, unit), too_few(each, unit)],
            rows,
        )
        if against == "global" and rows["unit_se"].notna().any():
            yield measured_part(
                "chance",
                f"{named(method)} against {spoken(against)}: is that more than chance?",
                "chance",
                variance_chart(rows, unit, simulated),
                [difference_sentence(row, unit) for row in rows.itertuples()],
                rows,
            )


def _of_picks(result: runs.Result, methods: list[str]) -> Iterator[Part]:
    """Best of n: how often people agree with what a model picks."""
    if result.has("best_of_n"):
        table = result.tables["best_of_n"]
        figure = best_of_n_chart(table, methods, result.card["simulated"])
        lines = best_of_n_lines(table, methods, MEAN)
        yield measured_part(
            "best-of-n", "Does it matter when a model picks an answer?", "best_of_n", figure, lines, table
        )


def _of_altered_groups(result: runs.Result, _methods: list[str]) -> Iterator[Part]:
    """Falsifiers, where somebody ran them."""
    table = read_falsifiers(result.folder)
    if len(table):
        figure = falsifiers_chart(table, result.card["unit"], result.card["simulated"])
        title = "Would it find a gain where there is none?"
        yield measured_part("falsifiers", title, "falsifiers", figure, falsifier_lines(table), table)


def _of_bias(result: runs.Result, methods: list[str]) -> Iterator[Part]:
    """What a steered model keeps of the common taste, and who is served worst."""
    tables, simulated = result.tables, result.card["simulated"]
    accuracy, path, bias = tables["accuracy"], tables["path"], tables["bias"]
    yield measured_part(
        "plane",
        "What is kept, what is learned?",
        "plane",
        plane_chart(accuracy, path, methods, simulated),
        [runaway_sentence(path, MEAN, methods)],
        accuracy[accuracy["country"] == MEAN],
    )
    if result.has("frontier"):
        frontier = tables["frontier"]
        figure = frontier_chart(frontier, methods, simulated, shares=tables.get("shares"))
        title, lines = "Could another strength do better in both?", edge_lines(frontier, tables["edge"])
        yield measured_part("frontier", title, "frontier", figure, lines, frontier)
    yield from of_rulers(result, methods)
    yield measured_part(
        "countries",
        worded("Which country is served worst?"),
        "gap",
        spread_chart(accuracy, methods, result.card["unit"], simulated),
        [bias_sentence(bias, m) for m in methods if is_model(m)],
        bias,
    )


def _of_people(result: runs.Result, methods: list[str]) -> Iterator[Part]:
    """Alignment with survey answers, and accuracy by survey column."""
    tables, simulated, unit = result.tables, result.card["simulated"], result.card["unit"]
    groups = tables["groups"]
    if result.has("alignment"):
        aligned = tables["alignment"]
        yield measured_part(
            "alignment",
            worded("How like the countries' answers is it?"),
            "alignment",
            alignment_chart(aligned, MEAN, findings.methods_in(aligned), simulated),
            [alignment_sentence(aligned, MEAN)],
            aligned,
        )
    for at, column in enumerate(groups["column"].unique() if len(groups) else []):
        rows, gaps = groups[groups["column"] == column], tables["group_gaps"]
        where = EVERYBODY if EVERYBODY in set(rows["country"]) else rows["country"].iloc[0]
        gaps = gaps[(gaps["column"] == column) & (gaps["country"] == where)]
        yield measured_part(
            f"groups-{at + 1}",
            f"People by {column}, {where}",
            "groups",
            groups_chart(rows, column, where, methods, unit, simulated),
            [group_sentence(row) for row in gaps.itertuples()],
            rows,
        )


def _of_transfer(result: runs.Result, _methods: list[str]) -> Iterator[Part]:
    """Each country's model on the pairs of the others."""
    transfer, method = findings.transfer_named(result), findings.main_method(result)
    known = findings.methods_in(transfer)
    if known:
        shown = method if method in known else known[0]
        figure = transfer_chart(transfer, shown, result.card["simulated"], CHANGE)
        title = f"Does a model by {named(shown)} serve other {worded('countries')}?"
        yield measured_part("transfer", title, "transfer", figure, [], transfer)


def _of_pairs_needed(result: runs.Result, methods: list[str]) -> Iterator[Part]:
    """How many pairs a method takes, against all of them and each for itself."""
    tables, simulated, method = result.tables, result.card["simulated"], findings.main_method(result)
    efficiency, each = tables["efficiency"], tables["per_pair"]
    trained = findings.methods_in(efficiency)
    yield measured_part(
        "curve",
        "How many pairs does it need?",
        "curve",
        curve_chart(tables["curve"], MEAN, methods, "labelled", simulated),
        [efficiency_sentence(efficiency, MEAN, m, r) for m in trained for r in ("labelled", "trained")],
        tables["curve"],
    )
    if result.has("people"):
        people, needed, unit = tables["people"], tables["people_needed"], result.card["unit"]
        figure = curve_chart(people, MEAN, methods, "people", simulated)
        told = [f(t, MEAN, m, unit) for m in methods for f, t in ((needed_sentence, needed), (worth_sentence, people))]
        title = f"How many {people_of(unit)} does it need?"
        yield measured_part("people", title, "people", figure, [line for line in told if line], people)
    if trained:
        shown = method if method in trained else trained[0]
        rows = efficiency.query("method == @shown and reading == 'trained'")
        yield measured_part(
            "ratio",
            f"How many times fewer pairs than {ALL} does {named(shown)} need?",
            "ratio",
            ratio_chart(rows, shown, simulated),
            [],
            efficiency,
        )
    if len(each):
        listed = findings.methods_in(each)
        yield measured_part(
            "per-pair",
            "Gain per training pair",
            "per_pair",
            per_pair_chart(each, MEAN, listed, simulated),
            [per_pair_sentence(each, MEAN, m) for m in listed],
            each,
        )


def _of_paper(result: runs.Result, methods: list[str]) -> Iterator[Part]:
    """What the paper publishes beside the same quantities here."""
    if "scpo" not in methods:
        return
    table, unit, simulated = paper.beside(result), result.card["unit"], result.card["simulated"]
    figure = on_paper(beside_chart(table, "full", unit, simulated))
    lines = [*paper.beside_lines(result), *paper.reading_lines(paper.readings(result))]
    yield Part("paper", "Does it come out as in the paper?", paper.source_line(), figure, lines, table)
