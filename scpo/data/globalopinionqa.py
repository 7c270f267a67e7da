"""GlobalOpinionQA: survey questions with the share of each country's people per option.

Source: https://huggingface.co/datasets/Anthropic/llm_global_opinions (arXiv 2306.16388), licence
CC BY-NC-SA 4.0. Every two substantive options of one question and country whose shares differ by
at least `min_gap` make a pair; the unit of split and bootstrap is the question.
"""

from __future__ import annotations

import ast
import re

import numpy as np
import pandas as pd

from scpo.config import DataConfig
from scpo.data.build import scored_pairs, split_units
from scpo.data.checks import check_texts, check_unique, has_columns, is_valid_text
from scpo.data.faults import Faults
from scpo.data.preferences import DataCard, Preferences
from scpo.data.reading import file_names, read_tables
from scpo.data.samples import labelled, merged, samples_of_one_country
from scpo.errors import SourceMissing
from scpo.hub import stay_offline_if_unreachable

HUB_NAME = "Anthropic/llm_global_opinions"
SOURCE = f"https://huggingface.co/datasets/{HUB_NAME} (Pew and World Values Survey questions, arXiv 2306.16388)"
LICENCE = "CC BY-NC-SA 4.0"
COUNTRIES = ("Mexico", "Japan", "Kenya", "Turkey", "Nigeria", "Pakistan", "Brazil", "Jordan", "Russia", "Israel")
REFERENCE = (
    "United States", "Britain", "Great Britain", "Germany", "France", "Spain", "Italy", "Canada", "Australia",
)  # fmt: skip
SUM_TOLERANCE = 0.02  # published shares are rounded; their sums run from 0.997 to 1.003
LONGEST_LITERAL = 1 << 20
# Not opinions: the person gave none, or was not asked. 'None at all', 'Other', 'Depends' are opinions,
# and so are "Don't know anyone" and 'Missing persons'.
NO_OPINION = re.compile(
    r"\s*(\(do not read\)\s*)?(dk\b|(don.?t|do not) know\b(?! (any|some|him|her|them))|no answer|no response"
    r"|no opinion\b|(not sure|unsure)\s*($|[(/])|refused\s*($|[(/,;])|(other )?missing\s*($|[(;])|inap\b"
    r"|total\s+n\b|not asked|not applicable|not available|can.?t rate|haven.?t heard|never heard of)",
    re.IGNORECASE,
)
DEFAULTDICT = re.compile(r"\s*defaultdict\(<class 'list'>,\s*(\{.*\})\)\s*", re.DOTALL)


def load(config: DataConfig) -> Preferences:
    """Pairs of the published csv, of jsonl rows (question, country, options, distribution), or the hub.

    Raises `DataFaults` with every fault of the files, `SourceMissing` if the hub is out of reach.
    """
    return preferences(read_answers(config), config)


def opinions(config: DataConfig) -> pd.DataFrame:
    """What a country answered: question, country, options (list), shares (options,) without those who gave no opinion,
    and split (train, validation, test), the same as that of the pairs. Raises what `load` raises."""
    answers, rows = labelled(read_answers(config))[0], []
    unit, questions = pd.factorize(answers["question"])
    split = split_units(len(questions), config.split_seed, config.test_share, config.validation_share)
    for row, place in zip(answers.to_dict("records"), unit, strict=True):
        kept = [at for at, option in enumerate(row["options"]) if not is_no_opinion(option)]
        shares = np.asarray(row["distribution"], np.float64)[kept]
        if len(kept) > 1 and shares.sum() > 0:
            rows.append((row["question"], row["country"], [row["options"][at] for at in kept], shares / shares.sum(),
                         split[place]))  # fmt: skip
    return pd.DataFrame(rows, columns=["question", "country", "options", "shares", "split"])


def read_answers(config: DataConfig) -> pd.DataFrame:
    """Checked answers: question, country, options, distribution. Raises what `load` raises."""
    faults = Faults(*config.data_files, names=config.data_names)
    tables = [_answers(table, faults) for table in read_tables(config.data_files, faults)]
    if not config.data_files:
        faults = Faults(HUB_NAME)
        tables = [_answers(_from_hub(), faults)]
    answers = pd.concat(tables)
    if not answers.empty:
        check_unique(answers, ["question", "country"], faults)
    elif not faults:
        faults.add(None, "no question with answers of a country", "at least one question, country, options, shares")
    faults.raise_any()
    return answers.reset_index(drop=True)


def preferences(answers: pd.DataFrame, config: DataConfig) -> Preferences:
    """Pairs from checked answers: question, country, options (lists), distribution (lists)."""
    answers, unnamed, notes = labelled(answers)
    unit, questions = pd.factorize(answers["question"])
    size = answers["options"].map(len).to_numpy()
    rows = pd.DataFrame({
        "prompt": np.repeat(answers["question"].to_numpy(), size),
        "response": np.concatenate(answers["options"].to_numpy()),
        "score": np.concatenate(answers["distribution"].to_numpy()).astype(np.float64),
        "country": np.repeat(answers["country"].to_numpy(), size), "unit": np.repeat(unit, size),
    })  # fmt: skip
    opinion = ~rows["response"].map({r: is_no_opinion(r) for r in rows["response"].unique()}).to_numpy(bool)
    rows, dropped = rows[opinion], unnamed | {"options that are not opinions": int((~opinion).sum())}
    if config.merge_samples:
        rows = merged(rows)
    else:
        notes = (*notes, *samples_of_one_country(rows))
    rows = rows.assign(group=pd.factorize(rows["unit"].astype(str) + "\n" + rows["country"])[0]).reset_index(drop=True)
    texts, pairs = scored_pairs(rows, config.min_gap)
    split = split_units(len(questions), config.split_seed, config.test_share, config.validation_share)
    card = DataCard(
        "globalopinionqa", "GlobalOpinionQA", False, "question",
        SOURCE if not config.data_files else f"{file_names(config)}, from {SOURCE}", LICENCE,
        REFERENCE, COUNTRIES, dropped, notes,
    )  # fmt: skip
    return Preferences(texts, pairs, pd.DataFrame({"name": questions, "split": split}), card)


def is_no_opinion(option: str) -> bool:
    """True for options such as 'DK/Refused', 'No answer', 'Missing; Unknown', 'Total   N='."""
    return NO_OPINION.match(option) is not None


def _answers(table: pd.DataFrame, faults: Faults) -> pd.DataFrame:
    """Rows of question, country, options, distribution, whatever the form; faults are gathered."""
    if "selections" in table.columns:
        table = _from_selections(table, faults)
    if not has_columns(table, ["question", "country", "options", "distribution"], faults):
        return pd.DataFrame(columns=["question", "country", "options", "distribution"])
    check_texts(table["question"], faults)
    check_texts(table["country"], faults)
    good = []
    for row, options, shares in zip(table.index, table["options"], table["distribution"], strict=True):
        problem = _problem(options, shares)
        good.append(problem is None)
        if problem:
            faults.add(row, *problem)
    return table.loc[np.array(good, bool), ["question", "country", "options", "distribution"]]


def _problem(options: object, shares: object) -> tuple[str, str] | None:
    options, shares = (list(v) if isinstance(v, (list, tuple, np.ndarray)) else v for v in (options, shares))
    if not isinstance(options, list) or not all(isinstance(o, str) and o.strip() for o in options) or not options:
        return "options are not a list of texts", "options: a list of texts, none empty"
    if len(set(options)) < len(options):
        return "an option twice", "each option once"
    if not all(map(is_valid_text, options)):
        return "an option has a broken character", "valid Unicode without NUL"
    if not isinstance(shares, list) or not all(isinstance(s, (int, float)) and not isinstance(s, bool) for s in shares):
        return "the distribution is not a list of numbers", "distribution: one share per option"
    if len(options) != len(shares):
        return f"{len(options)} options but {len(shares)} shares", "one share per option"
    if not all(0 <= s <= 1 for s in shares):
        return "a share outside [0, 1] or not a number", "shares in [0, 1]"
    if abs(sum(shares) - 1) > SUM_TOLERANCE:
        return f"shares that sum to {sum(shares):.3f}", f"a sum of 1 (within {SUM_TOLERANCE})"
    return None


def _from_selections(table: pd.DataFrame, faults: Faults) -> pd.DataFrame:
    """The published columns question, selections, options: one row per question and country."""
    if not has_columns(table, ["question", "selections", "options"], faults):
        return pd.DataFrame()
    rows, numbers = [], []
    for number, question, selections, options in zip(
        table.index, table["question"], table["selections"], table["options"], strict=True
    ):
        shares = _literal(selections, dict)
        options = _literal(options, list)
        if shares is None or options is None or not all(isinstance(c, str) and is_valid_text(c) for c in shares):
            which = "selections" if shares is None or options is not None else "options"
            form = "the text of a defaultdict of lists, by country" if which == "selections" else "the text of a list"
            faults.add(number, f"{which} cannot be parsed", f"{which}: {form}")
            continue
        for country, distribution in shares.items():
            rows.append((question, country, options, distribution))
            numbers.append(number)
    return pd.DataFrame(rows, columns=["question", "country", "options", "distribution"], index=numbers)


def _literal(value: object, kind: type):
    """A dict or list, given as itself or as its text; None if it is neither. Never evaluates code."""
    if isinstance(value, (list, tuple, np.ndarray)) and kind is list:
        return list(value)
    if isinstance(value, dict) and kind is dict:
        return {country: shares for country, shares in value.items() if shares is not None}
    if not isinstance(value, str) or len(value) > LONGEST_LITERAL:
        return None
    wrapped = DEFAULTDICT.fullmatch(value)
    try:
        parsed = ast.literal_eval(wrapped[1] if wrapped else value.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return parsed if isinstance(parsed, kind) else None


def _from_hub() -> pd.DataFrame:
    stay_offline_if_unreachable()
    from datasets import load_dataset

    try:
        return load_dataset(HUB_NAME, split="train").to_pandas()
    except Exception as error:  # the hub's client raises many kinds; all mean: not here
        raise SourceMissing(
            f"GlobalOpinionQA could not be fetched from the hub ({type(error).__name__}). Bring it as a file: "
            f"download the csv of {HUB_NAME} (columns question, selections, options, source), or write jsonl rows "
            "of question, country, options, distribution, and name it with --data-file."
        ) from error
