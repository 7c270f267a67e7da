"""The forms of a survey's file, read as one: question, country, options, distribution.

    published   one row per question: `question, selections, options`, where selections has the shares of each country
    by country  one row per question and country: `question, country, options, distribution`, or `selections` for the
                last; lists come as lists or as their text

A column `group` is one of countries where there is none of that name. A distribution is shares (a sum of about 1),
counts (whole numbers) or percents (a sum of about 100). An option that is a number is read by its text (1.0 is "1"). A
row that says nothing is left out (`Faults.at`); of a row with several countries, those of which it says something stay.
Never evaluates code.
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from scpo.data.checks import as_text, check_texts, has_columns, is_missing, is_valid_text, with_names
from scpo.data.countries import names_country, text
from scpo.data.faults import Faults
from scpo.grouping import worded

COLUMNS = ["question", "country", "options", "distribution"]
SUM_TOLERANCE = 0.02  # published shares are rounded; their sums run from 0.997 to 1.003
LONGEST_LITERAL = 1 << 20
BARE_NAN = re.compile(r"(?<=[\[,\s])nan(?=\s*[,\]])")  # what pandas and numpy write for a share that is missing
DEFAULTDICT = re.compile(r"\s*defaultdict\(<class 'list'>,\s*(\{.*\})\)\s*", re.DOTALL)
FORMS = "question, country, options, distribution (one row per question and country), or question, selections, options"

Problem = tuple[str, str, str]  # what was got, what is needed, what such rows are


def is_published(table: pd.DataFrame) -> bool:
    """True for columns with the names in which GlobalOpinionQA is published, or that with a row per country."""
    return {"question", "selections", "options"} <= {*table.columns}


def answers(table: pd.DataFrame, faults: Faults, names: Callable[[object], bool] = names_country) -> pd.DataFrame:
    """Rows of question, country, options (list of str), distribution (list of float), whatever the form.

    names  True for what names a country, or a group in place of one
    """
    nothing = pd.DataFrame(columns=COLUMNS)
    table = with_names(table, [*COLUMNS, "selections", "group"])
    if "group" in table.columns and "country" not in table.columns:
        table = table.rename(columns={"group": "country"})
    of_all_countries = "selections" in table.columns and "country" not in table.columns
    if "selections" in table.columns and not of_all_countries and "distribution" not in table.columns:
        table = table.rename(columns={"selections": "distribution"})
    needed = ["question", "selections", "options"] if of_all_countries else COLUMNS
    if not has_columns(table, needed, faults, f"columns {FORMS}"):
        return nothing
    table = table.assign(question=table["question"].map(as_text).astype(object))
    check_texts(table["question"], faults)
    table = table[[isinstance(q, str) and bool(q.strip()) and is_valid_text(q) for q in table["question"]]]
    if of_all_countries:
        table = _by_country(table, faults)
    table = table[COLUMNS].assign(
        country=table["country"].map(as_text).astype(object),
        options=table["options"].map(_options).astype(object),
        distribution=table["distribution"].map(lambda v: _shares(_literal(v, list))).astype(object),
    )
    cells = zip(table["country"], table["options"], table["distribution"], strict=True)
    return leave_out(table, [_problem(*row, names) for row in cells], faults)


def leave_out(table: pd.DataFrame, problems: Sequence[Problem | None], faults: Faults) -> pd.DataFrame:
    """The rows of a table without a problem. Those of one row of the file count once, whole or in part."""
    bad = np.array([problem is not None for problem in problems], bool)
    if not bad.any():
        return table
    whole = pd.Series(bad).groupby(table.index.to_flat_index()).transform("all").to_numpy(bool)
    told = set()
    for row, problem, all_of_it in zip(table.index, problems, whole, strict=True):
        if problem is None or (row, all_of_it or problem) in told:
            continue
        told.add((row, all_of_it or problem))
        got, needed, reason = problem
        if all_of_it:
            faults.at([row], got, needed, reason)
        else:
            faults.partly(row, got, needed, f"{reason}, for some countries")
    return table[~bad]


def _problem(country: object, options: object, shares: object, names: Callable[[object], bool]) -> Problem | None:
    """What keeps a country's answer to a question from being used; None if nothing does."""
    if not isinstance(country, str) or not names(country):
        said = repr(text(country)) if text(country) else "empty"
        got = f"{worded('country')} is {'missing' if is_missing(country) else said}"
        return got, worded("country: the name of a country"), f"rows {worded('that name no country')}: {said}"
    if not isinstance(options, list) or not all(isinstance(o, str) and o.strip() for o in options) or not options:
        needed = "options: a list of texts, none empty"
        return "options are not a list of texts", needed, "rows without a list of options"
    if not all(map(is_valid_text, [country, *options])):
        got = "a country or an option has a broken character"
        return got, "valid Unicode without NUL", "rows with a broken character"
    if len(set(options)) < len(options):
        return "an option twice", "each option once", "rows with an option twice"
    if not isinstance(shares, list) or not all(_is_number(s) or is_missing(s) for s in shares):
        needed = "distribution: one share per option"
        return "the distribution is not a list of numbers", needed, "rows without a list of shares"
    if len(options) != len(shares):
        got = f"{len(options)} options but {len(shares)} share" + "s" * (len(shares) != 1)
        return got, "one share per option", "rows with more or fewer shares than options"
    if any(map(is_missing, shares)):
        return "a share is missing", "one share per option", "rows in which a share is missing"
    if not all(0 <= s <= 1 for s in shares):
        needed = "shares in [0, 1]: percents divided by 100, counts by their sum"
        return "a share outside [0, 1]", needed, "rows with a share outside 0 to 1"
    if not any(shares):
        return "shares that are all 0", "a sum of 1", "rows whose shares are all 0"
    if abs(sum(shares) - 1) > SUM_TOLERANCE:
        needed = f"a sum of 1 (within {SUM_TOLERANCE})"
        return f"shares that sum to {sum(shares):.3f}", needed, "rows whose shares do not sum to 1"
    return None


def _shares(numbers: object) -> object:
    """Counts and percents as shares; anything else as it is."""
    if not isinstance(numbers, list) or not all(_is_number(n) and 0 <= n < math.inf for n in numbers):
        return numbers
    total = sum(numbers)
    if abs(total - 1) <= SUM_TOLERANCE or not total:
        return numbers
    counts, percents = all(float(n).is_integer() for n in numbers), abs(total - 100) <= 100 * SUM_TOLERANCE
    return [n / total if counts else n / 100 for n in numbers] if counts or percents else numbers


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _by_country(table: pd.DataFrame, faults: Faults) -> pd.DataFrame:
    """The published columns as one row per question and country, each with the number of its row in the file."""
    rows, numbers = [], []
    for number, question, selections, options in zip(
        table.index, table["question"], table["selections"], table["options"], strict=True
    ):
        shares = _literal(selections, dict)
        named = shares is not None and all(isinstance(c, str) and is_valid_text(c) for c in shares)
        if not named or _literal(options, list) is None:
            which, form = (
                ("options", "the text of a list")
                if named
                else ("selections", "the text of a defaultdict of lists, by country")
            )
            faults.at([number], f"{which} cannot be parsed", f"{which}: {form}", f"rows whose {which} cannot be parsed")
            continue
        if not shares:
            faults.at([number], "selections of no country", "shares of a country at least", "rows without a country")
        for country, distribution in shares.items():
            rows.append((question, country, options, distribution))
            numbers.append(number)
    index = pd.MultiIndex.from_tuples(numbers) if numbers else None
    return pd.DataFrame(rows, columns=COLUMNS, index=index, dtype=object)


def _options(value: object) -> object:
    """A list of options, numbers as their texts."""
    listed = _literal(value, list)
    return None if listed is None else [as_text(option) for option in listed]


def _literal(value: object, kind: type):
    """A dict or list, given as itself or as its text; None if it is neither."""
    if isinstance(value, (list, tuple, np.ndarray)) and kind is list:
        return [item.item() if isinstance(item, np.generic) else item for item in value]
    if isinstance(value, dict) and kind is dict:
        return {country: shares for country, shares in value.items() if shares is not None}
    if not isinstance(value, str) or len(value) > LONGEST_LITERAL:
        return None
    wrapped = DEFAULTDICT.fullmatch(value)
    said = wrapped[1] if wrapped else value.strip()
    ways = ((ast.literal_eval, said), (json.loads, said), (ast.literal_eval, BARE_NAN.sub("None", said)))
    for parse, literal in ways:
        try:
            parsed = parse(literal)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        return parsed if isinstance(parsed, kind) else None
    return None
