"""Samples of a survey: one country may have been asked by several surveys, or in several samples of one.

Two names of one country are two samples, which stay apart unless they are merged; that they asked the same question is
told, with how far their answers differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import pandas as pd

from scpo.data.countries import base_name, key, names_country, one_spelling, read_countries
from scpo.format import counted

LISTED = 12  # pairs of samples in a note


def labelled(answers: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int], tuple[str, ...]]:
    """Answers (question, country, ...) with each label under its one spelling; rows that name no country, by reason;
    notes of what was merged or read from a code."""
    named = answers["country"].map({c: names_country(c) for c in answers["country"].unique()}).to_numpy(bool)
    left_out = read_countries(answers.loc[~named, "country"]).left_out("rows") if not named.all() else {}
    answers = answers[named].reset_index(drop=True)
    labels = answers["country"].unique().tolist()
    spelling, notes = one_spelling(labels, _asked_together(answers, labels))
    return answers.assign(country=answers["country"].map(spelling)), left_out, notes


def merged(rows: pd.DataFrame) -> pd.DataFrame:
    """Samples of one country as one, under its most frequent name: the mean of their shares where both asked a
    question. rows: prompt, response, score, country, unit."""
    names = read_countries(rows["country"].map({c: base_name(c) for c in rows["country"].unique()})).names
    keys = ["prompt", "response", "country", "unit"]
    return rows.assign(country=names).groupby(keys, sort=False)["score"].mean().reset_index()


def samples_of_one_country(rows: pd.DataFrame) -> tuple[str, ...]:
    """A note of the samples that asked the same question of one country, with how far their answers differ.

    rows  prompt, response, score, country. Two measures of a question are told, each as its mean over the questions
          that both samples answered: the largest difference of one answer's share, and the sum over all its answers.
    """
    found = []
    for left, right in combinations(sorted(rows["country"].unique()), 2):
        if key(base_name(left)) != key(base_name(right)):
            continue
        pair = [rows.loc[rows["country"] == c].set_index(["prompt", "response"])["score"] for c in (left, right)]
        asked = pair[0].index.unique("prompt").intersection(pair[1].index.unique("prompt"))
        if len(asked):
            first, second = (shares[shares.index.get_level_values("prompt").isin(asked)] for shares in pair)
            differ = first.sub(second, fill_value=0).abs().groupby(level="prompt")
            largest, together = (100 * float(of.mean()) for of in (differ.max(), differ.sum()))
            questions = counted(len(asked), "question")
            found.append((largest, f"{left} and {right}, {questions}, {largest:.0f} and {together:.0f} points"))
    found.sort(key=lambda one: (-one[0], one[1]))
    more = f"; and {len(found) - LISTED} more" if len(found) > LISTED else ""
    what = (
        "samples of one country that asked the same questions stay apart (`merge_samples` merges them); how far their "
        "answers differ on average over the questions, first the answer whose share differs most, then all answers "
        "added up"
    )
    return (f"{what}: {'; '.join(line for _, line in found[:LISTED])}{more}",) if found else ()


def _asked_together(answers: pd.DataFrame, labels: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of labels of one country that are spellings of one another and answered one question."""
    asked: dict[str, set] = {}
    found = []
    for left, right in combinations(labels, 2):
        if key(left) == key(right):
            for label in (left, right):
                if label not in asked:
                    asked[label] = set(answers.loc[answers["country"] == label, "question"])
            if asked[left] & asked[right]:
                found.append((left, right))
    return found
