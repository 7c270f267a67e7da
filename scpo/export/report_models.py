"""The figures of a report for which a run's models are asked: reasons, phrases, questions, and planted tastes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from scpo import data as sources
from scpo import runs
from scpo.charts.phrases import phrases_chart, questions_chart
from scpo.charts.reasons import reasons_chart
from scpo.charts.style import on_paper
from scpo.charts.taste import PER_AXIS, axes_chart, cosine_chart, errors_chart
from scpo.data.preferences import Preferences
from scpo.errors import ScpoError
from scpo.export.report_figures import parts_of
from scpo.export.report_part import Part
from scpo.format import inert
from scpo.grouping import worded
from scpo.methods import UNTRAINED
from scpo.metrics.rewards import Rewards
from scpo.steering.phrase_effects import PHRASE, TOPIC, told_phrases
from scpo.steering.questions import ROUNDING, is_survey, question_table
from scpo.steering.reasons import explained, held_against_taste
from scpo.steering.serving import planted_tastes, reversed_pairs
from scpo.steering.taste import taste_table
from scpo.table_rows import rows_of
from scpo.text import findings
from scpo.text.phrases import MEASURES as PHRASE_MEASURES
from scpo.text.phrases import phrase_lines, question_lines, topic_lines
from scpo.text.reasons import MEASURES as REASON_MEASURES
from scpo.text.reasons import UNKNOWN, measured_line, planted_line, reason_lines
from scpo.text.steer import MEASURES as STEER_MEASURES
from scpo.text.steer import truth_lines
from scpo.text.tastes import taste_sentence

if TYPE_CHECKING:
    from scpo.training.heads.saved import Models

EXPLAINED = 3  # pairs whose reasons are shown
EACH, MOST_ROWS = 2, 24  # phrases, or questions, of a country, and of all


class Asked(NamedTuple):
    """A run's models, its data, and the rewards of its texts by the main method."""

    models: Models
    pairs: Preferences
    rewards: Rewards
    method: str


def every_part(result: runs.Result) -> tuple[list[Part], str]:
    """All figures of a report; and why those that ask the models are missing, "" if they are not."""
    parts = [*parts_of(result)]
    trained = [m for m in findings.methods_in(result.tables["accuracy"]) if m not in UNTRAINED]
    if result.config.finetune.model or not trained:
        return parts, ""
    if result.card.get("folds"):
        return parts, "No reasons, phrases and tastes: the models that are kept are trained on all pairs of the folds."
    try:
        asked = _asked(result)
        more: list[Callable[[runs.Result, Asked], list[Part]]] = [_reasons, _phrases, _questions, _recovered]
        found = [part for of_subject in more for part in of_subject(result, asked)]
    except ScpoError as error:
        return parts, f"The run's models cannot be asked here for reasons, phrases and tastes: {error}"
    return [*parts, *(replace(part, figure=on_paper(part.figure)) for part in found)], ""


def _asked(result: runs.Result) -> Asked:
    from scpo.training.heads.saved import load_models, reward_texts

    models, method = load_models(result.folder, result.config, result.card["countries"]), findings.main_method(result)
    pairs = sources.load_unchanged(result.config.data, result.card["content_hash"])
    return Asked(models, pairs, reward_texts(models, pairs.texts, method), method)


def _reasons(result: runs.Result, asked: Asked) -> list[Part]:
    """Why some countries' models turn an order of the global one round, sentence by sentence, and how true that is."""
    from scpo.training.heads.saved import reward_answers

    parts = []
    for at, row in enumerate(rows_of(reversed_pairs(asked.pairs, asked.rewards).head(EXPLAINED))):
        ask = partial(reward_answers, asked.models, row.prompt, method=asked.method, keep=False)
        _, shares, sums = explained((row.own, row.other), ask, row.country)
        shares = held_against_taste(shares, asked.pairs, row.country)
        known = asked.pairs.truth is not None
        measured = [measured_line(asked.method)] if at == 0 else []
        true = [planted_line(shares), *measured] if known else [worded(UNKNOWN)]
        texts = [f"{name}: {inert(text)}" for name, text in zip(("Prompt", "A", "B"), row[2:5], strict=True)]
        lines = [*reason_lines(shares, sums, row.country), *true, *texts]
        title = f"Why does {row.country}'s model prefer A?"
        measure = worded(REASON_MEASURES["reasons"][0]) if at == 0 else ""
        figure = reasons_chart(shares, row.country, result.card["simulated"])
        parts.append(Part(f"reasons-{at + 1}", title, measure, figure, lines, shares))
    return parts


def _phrases(result: runs.Result, asked: Asked) -> list[Part]:
    """What tells countries apart: their clearest phrases and topics, with examples."""
    from scpo.training.heads.saved import encode_by

    table, found = told_phrases(asked.pairs, asked.rewards, encode_by(asked.models.encoder))
    of_topics, unit = found["kind"] == TOPIC, result.card["unit"]
    lines = phrase_lines(table, found, unit) + ([] if of_topics.any() else topic_lines(table, found, unit))
    parts = [_part(result, "What tells countries apart?", PHRASE, lines, found[~of_topics])]
    if of_topics.any():
        lines = topic_lines(table, found, unit)
        parts += [_part(result, "On which topics does a country's model differ?", TOPIC, lines, found[of_topics])]
    return parts


def _part(result: runs.Result, title: str, kind: str, lines: list[str], found: pd.DataFrame) -> Part:
    """The clearest phrases, or topics, of every country, an example of each in words."""
    rows = _some_of_each(found)
    lines += [f"{inert(r.country)}, {inert(r.phrase)}: {inert(r.example_1)}" for r in rows_of(rows) if r.example_1]
    figure = phrases_chart(_by_country(rows, "phrase"), worded("the country"), result.card["simulated"], kind)
    return Part(f"{kind}s", worded(title), worded(PHRASE_MEASURES[f"{kind}s"][0]), figure, lines, found)


def _questions(result: runs.Result, asked: Asked) -> list[Part]:
    """Of a survey the questions on which the countries' models differ most."""
    if not is_survey(asked.pairs):
        return []
    table = question_table(asked.pairs, asked.rewards)
    rows = _by_country(_some_of_each(table[table["change"].abs() > ROUNDING]), "option")
    figure = questions_chart(rows, worded("the country"), result.card["simulated"])
    title = worded("On which questions does a country's model differ?")
    measure = worded(PHRASE_MEASURES["questions"][0])
    return [Part("questions", title, measure, figure, question_lines(table), table)]


def _some_of_each(table: pd.DataFrame) -> pd.DataFrame:
    """The first rows of every country, and no more than fit a page."""
    return table.groupby("country", sort=False).head(EACH).head(MOST_ROWS)


def _by_country(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """The rows with their country before what is shown of them."""
    return rows.assign(**{column: [f"{c}: {text}" for c, text in zip(rows["country"], rows[column], strict=True)]})


def _recovered(result: runs.Result, asked: Asked) -> list[Part]:
    """Planted against learned taste, of a run on the demo world."""
    if result.card["dataset"] != "demo":
        return []
    table = taste_table(asked.pairs, asked.rewards, 1.0)
    once = table.drop_duplicates(["country", "model"]).drop(columns=PER_AXIS)
    lines, sentence = truth_lines(table, 1.0), worded(STEER_MEASURES["truth"][0])
    tastes = planted_tastes(asked.pairs)
    each = [
        Part(
            f"taste-{at + 1}",
            f"Planted and learned taste of {country}",
            taste_sentence(tastes, str(country), result.card["reference"][0]),
            axes_chart(rows),
            [],
            rows,
        )
        for at, (country, rows) in enumerate(table.groupby("country", sort=False))
    ]
    parts = [
        Part("recovered", "Was the planted taste recovered?", sentence, cosine_chart(once), lines, once),
        Part(
            "errors",
            worded("Error per axis and country: learned minus planted"),
            "",
            errors_chart(table),
            [],
            table[table["model"] == "country"],
        ),
        *each,
    ]
    return parts
