"""GlobalOpinionQA: the survey that Anthropic publishes, with its name, licence and usual countries.

Source: https://huggingface.co/datasets/Anthropic/llm_global_opinions (arXiv 2306.16388), licence
CC BY-NC-SA 4.0. A file is shown under this name only if it is of it: in the published columns, or with the answers that
are no opinions ('DK/Refused', 'Missing; Unknown') as they are published. Any other survey has its file's name.
"""

from __future__ import annotations

import dataclasses

import pandas as pd

from scpo.config import DataConfig
from scpo.data import survey
from scpo.data.faults import Faults
from scpo.data.preferences import Preferences
from scpo.data.reading import file_names, numbered
from scpo.errors import SourceMissing
from scpo.hub import stay_offline_if_unreachable

HUB_NAME = "Anthropic/llm_global_opinions"
TITLE = "GlobalOpinionQA"
URL = f"https://huggingface.co/datasets/{HUB_NAME}"
SOURCE = f"{URL} (Pew and World Values Survey questions, arXiv 2306.16388)"
LICENCE = "CC BY-NC-SA 4.0"
CITATION = "Durmus et al. 2023, Towards Measuring the Representation of Subjective Global Opinions in Language Models, "
CITATION += "arXiv 2306.16388"
COUNTRIES = ("Mexico", "Japan", "Kenya", "Turkey", "Nigeria", "Pakistan", "Brazil", "Jordan", "Russia", "Israel")
REFERENCE = (
    "United States",
    "Britain",
    "Great Britain",
    "Germany",
    "France",
    "Spain",
    "Italy",
    "Canada",
    "Australia",
)
ANOTHER = (
    "by its columns and options this is another survey than GlobalOpinionQA, so it has its file's name; read as the "
    "dataset `survey`, it can be given its own title, licence and citation"
)


def load(config: DataConfig) -> Preferences:
    """Pairs of the published csv, of jsonl rows (question, country, options, distribution), or the hub.

    Raises `DataFaults` with every fault of the files, `SourceMissing` if the hub is out of reach.
    """
    read = survey.read_answers(config, _from_hub)
    data = survey.preferences(read, config)
    if not read.published and not _has_its_codes(read.table):
        return dataclasses.replace(data, card=dataclasses.replace(data.card, notes=(*data.card.notes, ANOTHER)))
    source = f"{file_names(config)}, from {SOURCE}" if config.data_files else SOURCE
    card = dataclasses.replace(data.card, title=TITLE, source=source, licence=LICENCE, citation=CITATION, url=URL)
    return dataclasses.replace(data, card=card)


def opinions(config: DataConfig) -> pd.DataFrame:
    """What a country answered, as `survey.opinions` says; without files from the hub."""
    return survey.opinions(config, _from_hub)


def _has_its_codes(table: pd.DataFrame) -> bool:
    return any(survey.is_no_opinion(option) for options in table["options"] for option in options)


def _from_hub(faults: Faults) -> pd.DataFrame:
    stay_offline_if_unreachable()
    from datasets import load_dataset

    try:
        table = load_dataset(HUB_NAME, split="train").to_pandas()
    except Exception as error:  # the hub's client raises many kinds; all mean: not here
        raise SourceMissing(
            f"GlobalOpinionQA could not be fetched from the hub ({type(error).__name__}). Bring it as a file: "
            f"download the csv of {HUB_NAME} (columns question, selections, options, source), or write jsonl rows "
            "of question, country, options, distribution, and give it as a data file (on the command line --data-file)."
        ) from error
    return numbered(table, HUB_NAME, faults)
