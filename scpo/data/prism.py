"""PRISM: people of many countries scoring answers in their own conversations.

Source: https://huggingface.co/datasets/HannahRoseKirk/prism-alignment (arXiv 2404.16019); human
text CC BY 4.0, model responses CC BY-NC 4.0. Within one interaction of one user, every two
responses with different scores make a pair. Users are split as the authors split the survey:
15 % of its rows, seed 0, whether or not a user has conversations.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping

import numpy as np
import pandas as pd

from scpo.config import DataConfig
from scpo.data.checks import as_text, check_numbers, check_texts, check_unique, has_columns, is_valid_text
from scpo.data.countries import read_countries
from scpo.data.faults import Faults
from scpo.data.group_values import read_groups
from scpo.data.pairing import beyond, scored_pairs, split_units
from scpo.data.preferences import DataCard, Preferences
from scpo.data.reading import file_names, numbered, read_tables
from scpo.data.steered_groups import with_groups
from scpo.errors import SourceMissing
from scpo.grouping import of_countries, worded
from scpo.hub import stay_offline_if_unreachable

HUB_NAME = "HannahRoseKirk/prism-alignment"
SOURCE = f"https://huggingface.co/datasets/{HUB_NAME} (arXiv 2404.16019)"
LICENCE = "human text CC BY 4.0, model responses CC BY-NC 4.0"
COUNTRIES = ("Chile", "South Africa", "New Zealand", "Australia", "Mexico", "Israel", "Canada")
REFERENCE = ("United States", "United Kingdom")
UTTERANCES = ["user_id", "interaction_id", "user_prompt", "model_response", "score"]
PEOPLE_ARE, OF_RESPONSES = "survey rows", "responses"
PEOPLE = (
    "age",
    "gender",
    "education",
    "employment_status",
    "marital_status",
    "english_proficiency",
    "religion",
    "ethnicity",
)


def load(config: DataConfig) -> Preferences:
    """Pairs from local `survey` and `utterances` files, told apart by their columns, or from the hub.

    Raises `DataFaults` with every fault of both files, `SourceMissing` if the hub is out of reach.
    """
    faults = Faults(*(config.data_files or (HUB_NAME,)), names=config.data_names, strict=config.strict)
    if config.data_files:
        tables = read_tables(config.data_files, faults)
    else:
        tables = [_from_hub(part, faults) for part in ("survey", "utterances")]
    # A folder of the whole data set also has its conversations and metadata, which name no country and no answer.
    survey = [t for t in tables if not {"model_response", "conversation_id"} & {*t.columns} and len(t.columns)]
    utterances = [t for t in tables if "model_response" in t.columns]
    whole = not faults  # if rows could not be read, the other file is not blamed for lacking them
    for found, name, column in ((survey, "survey", "user_id"), (utterances, "utterances", "model_response")):
        if not found and whole:
            faults.add(None, f"no {name} file", f"both files: the {name} one has a column {column}")
    people = _people(pd.concat(survey), faults, config) if survey else None
    responses = _responses(pd.concat(utterances), people if whole else None, faults) if utterances else None
    people = None if people is None else _grouped(people, config, faults)
    faults.raise_any()
    assert people is not None and responses is not None, "a missing file is a fault"
    return preferences(people, responses, config, faults.left_out)


def _grouped(people: pd.DataFrame, config: DataConfig, faults: Faults) -> pd.DataFrame:
    """People with the groups that the settings ask for, of a survey column, as their `country`."""
    if of_countries(config.group):
        return people
    grouped = with_groups(people, config, faults)
    if grouped.empty:
        return people
    said = read_groups(grouped["country"], config.group)
    grouped = grouped.assign(country=said.names)
    grouped.attrs["notes"] = said.notes
    return grouped


def _people(table: pd.DataFrame, faults: Faults, config: DataConfig) -> pd.DataFrame:
    """Survey rows in their order: `name`, `country` (None if not told), and columns about the person."""
    place = next((c for c in ("location.reside_country", "location_reside_country") if c in table.columns), None)
    if not has_columns(table, ["user_id", place or "location"], faults):
        return pd.DataFrame({"name": [], "country": []})
    table = table.assign(user_id=table["user_id"].map(as_text).astype(object))
    check_texts(table["user_id"], faults, PEOPLE_ARE)
    check_unique(table, ["user_id"], faults, PEOPLE_ARE)
    table = faults.kept(table)
    if place:
        country = table[place].tolist()
    else:
        places = [_parsed(value) for value in table["location"]]
        wrong = np.array([not isinstance(value, dict) for value in places], bool)
        faults.at(
            table.index[wrong],
            "location cannot be parsed",
            "location: a dict with reside_country",
            f"{PEOPLE_ARE} whose location cannot be parsed",
        )
        country = [p.get("reside_country") if isinstance(p, dict) else None for p in places]
    said = read_countries([c if isinstance(c, str) and is_valid_text(c) else None for c in country])
    about = {c: [_simple(v) for v in table[c]] for c in dict.fromkeys((*PEOPLE, *config.group)) if c in table.columns}
    people = pd.DataFrame({"name": table["user_id"].to_numpy(), "country": said.names, **about})
    people.attrs["notes"] = said.notes
    return people


def _responses(table: pd.DataFrame, people: pd.DataFrame | None, faults: Faults) -> pd.DataFrame:
    """Checked utterances: prompt, response, score, user, group. People None: whose they are is not checked."""
    if not has_columns(table, UTTERANCES, faults):
        return pd.DataFrame()
    texts = UTTERANCES[:-1]
    table = table.assign(**{name: table[name].map(as_text).astype(object) for name in texts})
    for name in texts:
        check_texts(table[name], faults, OF_RESPONSES)
    table = table.assign(score=check_numbers(table["score"], faults, OF_RESPONSES))
    outside = (table["score"].notna() & ~table["score"].between(0, 100)).to_numpy()
    faults.at(
        table.index[outside],
        [f"score is {s:g}" for s in table["score"][outside]],
        "score: 1 to 100",
        f"{OF_RESPONSES} with a score beyond 100 or below 0",
    )
    if "utterance_id" in table.columns:
        check_unique(table, ["utterance_id"], faults, OF_RESPONSES)
    if people is not None:
        unknown = ~table["user_id"].isin(people["name"]).to_numpy()
        faults.at(
            table.index[unknown],
            "user_id is not in the survey",
            "a user_id of the survey file",
            f"{OF_RESPONSES} of users who are not in the survey",
        )
    table = faults.kept(table)
    return pd.DataFrame(
        {
            "prompt": table["user_prompt"].to_numpy(),
            "response": table["model_response"].to_numpy(),
            "score": table["score"].to_numpy(),
            "user": table["user_id"].to_numpy(),
            "group": table["interaction_id"].to_numpy(),
        }
    )


def preferences(
    people: pd.DataFrame, responses: pd.DataFrame, config: DataConfig, left_out: Mapping[str, int]
) -> Preferences:
    """Pairs of checked people and responses; whoever told no country is counted and left out.

    left_out  reason -> rows of the files that are not in the tables
    """
    unit = pd.Index(people["name"]).get_indexer(responses["user"])
    country = people["country"].to_numpy(dtype=object)[unit]
    known = people["country"].notna().to_numpy()[unit]
    group = responses.assign(unit=unit).groupby(["unit", "group", "prompt"], sort=False).ngroup().to_numpy()
    rows = responses.assign(unit=unit, country=country, group=group)[known].reset_index(drop=True)
    texts, pairs = scored_pairs(rows, most=config.pairs_per_group, seed=config.split_seed)
    split = split_units(len(people), config.split_seed, config.test_share, config.validation_share)
    talked = np.isin(np.arange(len(people)), unit)
    silent = talked & people["country"].isna().to_numpy()
    dropped = {**left_out, **beyond(rows["group"].to_numpy(), config.pairs_per_group)} | {
        worded("responses of users who told no country"): int((~known).sum()),
        worded("users with conversations who told no country"): int(silent.sum()),
        "survey users without conversations": int((~talked).sum()),
    }
    source = f"{file_names(config)}, from {SOURCE}" if config.data_files else SOURCE
    card = DataCard(
        "prism", "PRISM", False, "user", source, LICENCE, REFERENCE, COUNTRIES, dropped, people.attrs.get("notes", ())
    )
    units = people.assign(split=split)
    return Preferences(texts, pairs, units[["name", "split", *[c for c in units if c not in ("name", "split")]]], card)


def _parsed(value: object) -> object:
    """A dict given as itself, as json, or as the text of a Python dict."""
    if not isinstance(value, str) or len(value) > 1 << 16:
        return value
    for parse in (json.loads, ast.literal_eval):
        try:
            parsed = parse(value)
            json.dumps(parsed, ensure_ascii=False, default=str).encode()  # refuses half a surrogate pair
            return parsed
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
    return None


def _simple(value: object) -> object:
    """A survey answer as one text: PRISM gives religion and ethnicity as dicts with `simplified`."""
    value = _parsed(value) if isinstance(value, str) and value.startswith("{") else value
    if isinstance(value, dict):
        value = value.get("simplified")
    return value if isinstance(value, str) else None


def _from_hub(part: str, faults: Faults) -> pd.DataFrame:
    stay_offline_if_unreachable()
    from datasets import load_dataset

    try:
        table = load_dataset(HUB_NAME, part, split="train").to_pandas()
    except Exception as error:  # the hub's client raises many kinds; all mean: not here
        raise SourceMissing(
            f"PRISM could not be fetched from the hub ({type(error).__name__}). Bring it as files: download "
            f"survey.jsonl and utterances.jsonl of {HUB_NAME}, and give both as data files (on the command line "
            "--data-file, once for each; csv and parquet of the same columns work too)."
        ) from error
    return numbered(table, part, faults)
