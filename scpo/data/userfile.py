"""The user's own files: pairs (`prompt, chosen, rejected, country[, user]`), scored responses
(`prompt, response, score, country, user[, group]`), either with messages for texts, or a layout of `scpo.data.layouts`.

The unit of split and bootstrap is the user; pairs without a user go by their prompt. Further columns that say one
thing about each user (age, religion, ...) are survey columns, by which accuracy is compared within a country.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from scpo.config import DataConfig
from scpo.data import prism
from scpo.data.checks import as_texts_of, check_numbers, check_texts, each, has_columns, short
from scpo.data.countries import text
from scpo.data.faults import Faults
from scpo.data.group_values import read_groups
from scpo.data.layouts import OWN, Layout, layout_of, needed_columns, people_of, with_known_names
from scpo.data.layouts.layout import JUDGEMENT, OWN_NAMES
from scpo.data.layouts.reading import read
from scpo.data.layouts.sentences import no_pair, read_as
from scpo.data.messages import as_texts
from scpo.data.pairing import beyond, couples, distinct_texts, scored_pairs, split_units
from scpo.data.people import about, is_named, units, user_name
from scpo.data.preferences import DataCard, Preferences
from scpo.data.reading import file_names, read_tables
from scpo.data.splitting import OWN_SPLIT, by_own_parts, own_parts, with_rater
from scpo.data.steered_groups import with_columns_of, with_groups
from scpo.errors import InputError
from scpo.grouping import of_countries, worded

PAIRS = ["prompt", "chosen", "rejected", "country"]
SCORED = ["prompt", "response", "score", "country"]
RESERVED = ("name", "split", "unit")  # names that the table of users has itself
OF_PAIRS, OF_RESPONSES = "pairs", "responses"
MOST_JUDGEMENTS = 10**10  # of one file


def load(config: DataConfig) -> Preferences:
    """Pairs of one or more files of one form. Raises `DataFaults` with every fault of all files, `InputError` for files
    that fit several layouts or make no pair."""
    faults = Faults(*config.data_files, names=config.data_names, strict=config.strict)
    tables, layouts = _tables(config, faults)
    if any(layout and layout.dataset for layout in layouts):
        return prism.load(dataclasses.replace(config, dataset="prism", layout="", columns=()))
    raters = sorted({str(table.attrs["rater"]) for table in tables if "rater" in table.attrs})
    scored = all("response" in t.columns for t in tables if len(t.columns))
    rows_are = next((layout.rows_are for layout in layouts if layout), OF_RESPONSES if scored else OF_PAIRS)
    needed = SCORED if scored else PAIRS
    if scored and any("user" in table.columns and JUDGEMENT not in table.columns for table in tables):
        needed = [*SCORED, "user"]  # whose answers are compared with one another
    tables = [_checked(table, needed, rows_are, faults, config) for table in tables]
    table = pd.concat([t for t in tables if len(t)]) if any(map(len, tables)) else pd.DataFrame(columns=needed)
    table = faults.kept(table)
    said = read_groups(table["country"], config.group)
    table = table.assign(country=said.names)[said.named]
    by_prompt = config.split_by == "prompt" and not of_countries(config.group)  # a person may be in several
    if len(table) and "user" in table.columns and not by_prompt:
        _one_country_per_user(table, rows_are, faults)
        table = faults.kept(table)
    faults.raise_any()
    unit, names, users, split, by, split_notes = _units(table, config, raters)
    texts, pairs, dropped, notes = (_scored if scored else _paired)(table, unit, config)
    if not len(pairs) and layouts[0] not in (None, *OWN):  # a plain file's counts say it
        raise InputError(no_pair(table, layouts[0]))
    columns, more_notes = _people(table, names[:users], len(names) - users)
    left_out = faults.left_out | said.left_out(rows_are) | dropped
    notes = (*read_as(tables, layouts, len(pairs)), *said.notes, *notes, *more_notes, *split_notes)
    card = _card(config, "user" if users else "prompt", left_out, notes, by)
    of = layouts[0]
    if of and of.title and len({layout.name for layout in layouts if layout}) == 1:
        card = dataclasses.replace(card, title=of.title, licence=of.licence, citation=of.citation, url=of.url)
    return Preferences(texts, pairs, pd.DataFrame({"name": names, "split": split, **columns}), card)


def _tables(config: DataConfig, faults: Faults) -> tuple[list[pd.DataFrame], list[Layout | None]]:
    """The files' tables with their columns called by their roles, and the layout of each; None for one that fits none,
    whose columns are those of the file."""
    tables = read_tables(config.data_files, faults)
    people = [table for table in tables if people_of(table)]
    tables = [table for table in tables if not people_of(table)] or tables
    if not config.columns:  # those are the names of the file
        tables = [with_known_names(table) for table in tables]
    layouts = [layout_of(table, config) for table in tables]
    for at, (table, layout) in enumerate(zip(tables, layouts, strict=True)):
        form, whole = needed_columns(table), table
        if layout and not layout.dataset:
            table = read(table, layout, faults, pd.concat(people) if people and layout.people else None)
        if JUDGEMENT in table.columns:  # those of one file are not those of another
            table = table.assign(**{JUDGEMENT: table[JUDGEMENT] + at * MOST_JUDGEMENTS})
        table.attrs["form"] = form
        table = with_rater(table)
        sources = {**(layout.columns if layout else {}), "user": table.attrs.get("rater", "user")}
        tables[at] = with_groups(with_columns_of(whole, table, config), config, faults, sources)
    return tables, layouts


def _card(config: DataConfig, unit: str, left_out: dict[str, int], notes: tuple[str, ...], by: str) -> DataCard:
    files = file_names(config)
    return DataCard("file", files, False, unit, files, "the file's own", (), (), left_out, notes, by)


def _units(table: pd.DataFrame, config: DataConfig, raters: list[str]):
    """The unit of each row, names of the units, how many are users, their split, what it goes by, and notes."""
    unit, names, users = units(table)
    parts, notes = own_parts(table, config)
    if parts is not None:
        unit, old, split, notes = by_own_parts(unit, parts, config)
        return unit, names[old], int((old < users).sum()), split, OWN_SPLIT, notes
    by = "prompt" if not users else " ".join(["user", *(f"(the column `{name}`)" for name in raters)])
    split = split_units(len(names), config.split_seed, config.test_share, config.validation_share)
    return unit, names, users, split, by, notes


def _checked(table: pd.DataFrame, needed: list[str], rows_are: str, faults: Faults, config: DataConfig) -> pd.DataFrame:
    """The columns that are used, each checked; an unusable table is left out."""
    if not table.attrs.get("is_texts"):
        table = as_texts(table, ("response",) if "response" in needed else ("chosen", "rejected"), faults, rows_are)
    form = f"columns {worded(', '.join(needed))}, or {table.attrs.get('form', '')}"
    if {"question", "options"} <= {*table.columns}:
        form = f"columns {', '.join(needed)}; shares of answers by country are read as the dataset `survey`"
    if not has_columns(table, needed, faults, form):
        return pd.DataFrame()
    columns = needed + [c for c in ("user", "group") if c in table.columns and c not in needed]
    rest = [c for c in table.columns if c not in columns and (c not in RESERVED or c == "split")]
    table = table[columns + rest].copy()
    for name in columns:
        if name == "score":
            table[name] = check_numbers(table[name], faults, rows_are)
            continue
        table[name] = each(table[name], user_name) if name == "user" else as_texts_of(table[name])
        given = np.ones(len(table), bool)
        if name == "user" and name not in needed:  # a pair without one goes by its prompt
            given = is_named(table)
        elif name == "country":
            given = _country_is_told(table[name], rows_are, faults, config)
        check_texts(table[name][given], faults, rows_are)
    return table


def _country_is_told(column: pd.Series, rows_are: str, faults: Faults, config: DataConfig) -> np.ndarray:
    """(n,) bool: the rows that name a country. The others, also 'Prefer not to say', are of no use."""
    said, one = read_groups(column, config.group), worded("country")
    got = [f"{one} is {short(value) if text(value) else 'empty'}" for value in column[~said.named]]
    for reason in said.left_out(rows_are):
        faults.at(column.index[~said.named], got, worded("country: the name of a country"), reason, usual=True)
    return said.named


def _one_country_per_user(table: pd.DataFrame, rows_are: str, faults: Faults) -> None:
    """The rows of a user in several countries are of no use: the first of them in a second country is told."""
    known = table[is_named(table)]
    homes = known[["user", "country"]].drop_duplicates()["user"]
    reason, needed = f"{rows_are} {worded('of a user in several countries')}", worded("one country per user")
    for user in sorted(homes[homes.duplicated()].unique()):
        rows = known[known["user"] == user]
        got = f"user {user!r} in {', '.join(sorted(rows['country'].unique()))}"
        second = rows.index[rows["country"] != rows["country"].iloc[0]][0]
        faults.at(
            [second] if faults.strict else rows.index,
            got,
            needed + worded(", so that no user is in two countries' splits"),
            reason,
        )


def _people(table: pd.DataFrame, users: np.ndarray, more: int) -> tuple[dict, list[str]]:
    """Survey columns of the users, and notes: which columns are of no use, and how many pairs go by their prompt."""
    columns = [c for c in table.columns if c not in (*OWN_NAMES, JUDGEMENT)]
    if "user" not in table.columns or not len(users):
        unused = f"not used, as the file names no users: {', '.join(map(str, columns))}"
        return {}, [unused] if columns else []
    found, several = about(table, columns, users, more)
    notes = [f"not used, as a user has several values: {', '.join(several)}"] if several else []
    if more:
        nameless = int((~is_named(table)).sum())
        notes.append(
            f"{nameless:,} {'pair has' if nameless == 1 else 'pairs have'} no user; the split takes them by "
            "their prompt"
        )
    return found, notes


def _scored(table: pd.DataFrame, unit: np.ndarray, config: DataConfig):
    group, notes = _groups(table, unit)
    rows = table.assign(unit=unit, group=group).reset_index(drop=True)
    texts, pairs = scored_pairs(rows, most=config.pairs_per_group, seed=config.split_seed)
    large = beyond(group, config.pairs_per_group)
    tied = int(couples(np.bincount(group)).sum()) - len(pairs) - sum(large.values())
    picked = JUDGEMENT in table.columns and set(table["score"].unique()) <= {0.0, 1.0}  # it says nothing of the others
    dropped = large | ({"pairs of equal scores or equal texts": tied} if tied and not picked else {})
    return texts, pairs, dropped, notes


def _groups(table: pd.DataFrame, unit: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """(n,) int: the answers that are compared with one another have one number; and notes."""
    if JUDGEMENT in table.columns:
        return pd.factorize(table[JUDGEMENT])[0], []
    group = table["group"] if "group" in table.columns else table["prompt"]
    both = pd.DataFrame({"unit": unit, "group": group.to_numpy(), "prompt": table["prompt"].to_numpy()})
    several = int((both.groupby(["unit", "group"])["prompt"].nunique() > 1).sum())
    groups = "group has" if several == 1 else "groups have"
    note = f"{several:,} {groups} several prompts: only answers to the same prompt make a pair"
    numbers = both.groupby(["unit", "group", "prompt"], sort=False).ngroup().to_numpy()
    return numbers, [note] if several else []


def _paired(table: pd.DataFrame, unit: np.ndarray, config: DataConfig):
    same = (table["chosen"] == table["rejected"]).to_numpy()
    kept, unit = table[~same], unit[~same]
    both = pd.concat([kept["chosen"], kept["rejected"]], ignore_index=True)
    texts, code = distinct_texts(pd.concat([kept["prompt"]] * 2, ignore_index=True), both)
    chosen, rejected = code[: len(kept)], code[len(kept) :]
    none = np.full(len(kept), np.nan, np.float32)
    pairs = pd.DataFrame(
        {
            "chosen": chosen,
            "rejected": rejected,
            "country": pd.Categorical(kept["country"]),
            "unit": unit.astype(np.int32),
            "score_chosen": none,
            "score_rejected": none,
        }
    )
    return texts, pairs, {"pairs whose two answers are equal": int(same.sum())} if same.any() else {}, []
