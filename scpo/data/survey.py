"""Surveys: questions with the share of each country's people per option, from any source.

Every two substantive options of one question and country whose shares differ by at least `min_gap` make a pair; the
unit of split and bootstrap is the question.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scpo.config import DataConfig
from scpo.data.countries import names_country, text
from scpo.data.faults import Faults
from scpo.data.group_values import names_group, read_groups
from scpo.data.pairing import beyond, scored_pairs, split_units
from scpo.data.preferences import DataCard, Preferences
from scpo.data.reading import file_names, read_tables
from scpo.data.samples import labelled, merged, samples_of_one_country
from scpo.data.splitting import OWN_SPLIT, by_own_parts, own_parts
from scpo.data.steered_groups import with_groups
from scpo.data.survey_forms import COLUMNS, FORMS, answers, is_published, leave_out
from scpo.format import counted
from scpo.grouping import of_countries, worded

# Not opinions: the person gave none, or was not asked. 'None at all', 'Other', 'Depends' are opinions,
# and so are "Don't know anyone" and 'Missing persons'.
NO_OPINION = re.compile(
    r"\s*(\(do not read\)\s*)?(dk\b|(don.?t|do not) know\b(?! (any|some|him|her|them))|no answer|no response"
    r"|no opinion\b|(not sure|unsure)\s*($|[(/])|refused\s*($|[(/,;])|(other )?missing\s*($|[(;])|inap\b"
    r"|total\s+n\b|not asked|not applicable|not available|can.?t rate|haven.?t heard|never heard of)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Answers:
    """Checked answers of a survey.

    table      question, country, options (list of str), distribution (list of float), and split if a file has it
    left_out   reason -> rows of the file that say nothing
    published  True: in the columns in which GlobalOpinionQA is published
    """

    table: pd.DataFrame
    left_out: dict[str, int]
    published: bool


def load(config: DataConfig) -> Preferences:
    """Pairs of a survey's files, named after them. Raises `DataFaults` with every fault of the files."""
    return preferences(read_answers(config), config)


def opinions(config: DataConfig, fetch: Callable[[Faults], pd.DataFrame] | None = None) -> pd.DataFrame:
    """What a country answered: question, country, options (list), shares (options,) without those who gave no opinion,
    and split (train, validation, test), the same as that of the pairs. Raises what `read_answers` raises."""
    table, rows = _labelled(read_answers(config, fetch).table, config)[0], []
    unit, questions = pd.factorize(table["question"])
    split = _split(table, unit, questions, config)[0]
    for row, place in zip(table.to_dict("records"), unit, strict=True):
        kept = [at for at, option in enumerate(row["options"]) if not is_no_opinion(option)]
        shares = np.asarray(row["distribution"], np.float64)[kept]
        if len(kept) > 1 and shares.sum() > 0:
            rows.append(
                (
                    row["question"],
                    row["country"],
                    [row["options"][at] for at in kept],
                    shares / shares.sum(),
                    split[place],
                )
            )
    return pd.DataFrame(rows, columns=["question", "country", "options", "shares", "split"])


def read_answers(config: DataConfig, fetch: Callable[[Faults], pd.DataFrame] | None = None) -> Answers:
    """The answers of the files, or of the table that `fetch` gets where there are none.

    Raises `DataFaults` with every fault of the files, and what `fetch` raises.
    """
    faults = Faults(*config.data_files, names=config.data_names, strict=config.strict)
    found = [fetch(faults)] if fetch and not config.data_files else read_tables(config.data_files, faults)
    found = [with_groups(table, config, faults) for table in found]
    names = names_country if of_countries(config.group) else names_group
    read = [_with_own_split(answers(table, faults, names), table) for table in found]
    table = pd.concat([part for part in read if len(part)] or [pd.DataFrame(columns=COLUMNS)])
    table = table if of_countries(config.group) else _together(table, faults)
    again = (
        worded("a country's answer to a question that came before"),
        worded("each question once for a country"),
        "rows with a question that came before",
    )
    table = leave_out(table, [again if twice else None for twice in table.duplicated(["question", "country"])], faults)
    faults.raise_any()
    if table.empty:
        faults.add(None, worded("no question with answers of a country"), f"at least one row of {FORMS}")
        faults.raise_any()
    return Answers(table.reset_index(drop=True), faults.left_out, any(map(is_published, found)))


def preferences(read: Answers, config: DataConfig) -> Preferences:
    """Pairs of checked answers; the card is that of the files, whose names and licence are theirs."""
    table, unnamed, notes = _labelled(read.table, config)
    unit, questions = pd.factorize(table["question"])
    size = table["options"].map(len).to_numpy()
    rows = pd.DataFrame(
        {
            "prompt": np.repeat(table["question"].to_numpy(), size),
            "response": np.concatenate(table["options"].to_numpy()),
            "score": np.concatenate(table["distribution"].to_numpy()).astype(np.float64),
            "country": np.repeat(table["country"].to_numpy(), size),
            "unit": np.repeat(unit, size),
        }
    )
    opinion = ~rows["response"].map({r: is_no_opinion(r) for r in rows["response"].unique()}).to_numpy(bool)
    rows, none = rows[opinion], int((~opinion).sum())
    if not of_countries(config.group):
        pass  # samples are of countries
    elif config.merge_samples:
        rows = merged(rows)
    else:
        notes = (*notes, *samples_of_one_country(rows))
    rows = rows.assign(group=pd.factorize(rows["unit"].astype(str) + "\n" + rows["country"])[0]).reset_index(drop=True)
    texts, pairs = scored_pairs(rows, config.min_gap, config.pairs_per_group, config.split_seed)
    dropped = read.left_out | unnamed | {"options that are not opinions": none}
    dropped |= beyond(rows["group"].to_numpy(), config.pairs_per_group)
    split, by, split_notes = _split(table, unit, questions, config)
    card = DataCard(
        config.dataset,
        file_names(config),
        False,
        "question",
        file_names(config),
        "the file's own",
        (),
        (),
        dropped,
        (*notes, *split_notes),
        by,
    )
    return Preferences(texts, pairs, pd.DataFrame({"name": questions, "split": split}), card)


def _labelled(answers: pd.DataFrame, config: DataConfig) -> tuple[pd.DataFrame, dict[str, int], tuple[str, ...]]:
    """Answers with each country, or each group in place of one, under one spelling; rows left out; notes."""
    if of_countries(config.group):
        return labelled(answers)
    said = read_groups(answers["country"], config.group)
    return answers.assign(country=said.names), {}, said.notes


def _together(table: pd.DataFrame, faults: Faults) -> pd.DataFrame:
    """Several answers of a group to one question, such as those of two countries that speak a language, as one: the
    mean of their shares, each row alike, where their options are the same. They are counted."""
    spelled = table["country"].map(lambda said: text(said).casefold())
    keys = [table["question"], spelled, table["options"].map(tuple)]
    more = pd.concat(keys, axis=1).duplicated().to_numpy()
    if not more.any():
        return table
    shares = table.groupby(keys, sort=False)["distribution"].transform(
        lambda found: [np.mean([*found], axis=0).tolist()] * len(found)
    )
    for row in table.index[more]:
        faults.partly(row, "an answer that came before", "one", worded("rows averaged with others of their country"))
    return table.assign(distribution=shares)[~more]


def _with_own_split(read: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """The answers of a file with its column `split`, if it has one."""
    return read.assign(split=table["split"].reindex(read.index).to_numpy()) if "split" in table.columns else read


def _split(table: pd.DataFrame, unit: np.ndarray, questions: pd.Index, config: DataConfig):
    """The split of the questions, what it goes by ("" = by the question), and notes.

    It is that of the files' column `split`, if this names one part for each question.
    """
    parts, notes = own_parts(table, config)
    if parts is not None:
        of_each = pd.Series(parts).groupby(unit)
        several = int((of_each.nunique() > 1).sum())
        if not several:
            _, _, split, more = by_own_parts(unit, parts, config)
            return split, OWN_SPLIT, [*notes, *more]
        notes = [f"{OWN_SPLIT} is not used: it puts {counted(several, 'question')} into several parts"]
    return split_units(len(questions), config.split_seed, config.test_share, config.validation_share), "", notes


def is_no_opinion(option: str) -> bool:
    """True for options such as 'DK/Refused', 'No answer', 'Missing; Unknown', 'Total   N='."""
    return NO_OPINION.match(option) is not None
