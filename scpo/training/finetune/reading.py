"""What a whole reward model reads of a data set, by its own tokenizer and its longest input.

The same table as of an encoder (`scpo.training.encoder_reading`), but prompt and answer share one input here: a
text is cut if both together are too long, and two answers are alike if the model gets the same token ids for them.
"""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pandas as pd
from transformers import AutoConfig

from scpo.config import FinetuneConfig
from scpo.data.preferences import Preferences
from scpo.errors import ConfigError
from scpo.hub import ADAPTER, model_folder
from scpo.training.encoder_reading import Read, reading_table
from scpo.training.finetune.formats import InputFormat, longest_input
from scpo.training.finetune.loading import LOCAL, load_tokenizer

ENDLESS = 1_000_000_000  # tokens: nothing is cut


def reading_of(
    data: Preferences, tokenizer, longest: int, as_published: bool = False, countries: tuple[str, ...] = ()
) -> pd.DataFrame:
    """What is read of the texts, per country, as `scpo.training.encoder_reading.reading_table` has it.

    longest       tokens of one input at most, special ones included
    as_published  as in `InputFormat`
    countries     which, in order; none = those of the card
    """
    countries = countries or (*data.card.reference, *data.card.countries)
    here = data.pairs[data.pairs["country"].astype(str).isin(countries)]
    rows = np.unique(here[["chosen", "rejected"]].to_numpy())
    table, n = data.texts.iloc[rows], len(data.texts)
    texts = list(zip(table["prompt"].astype(object), table["response"], strict=True))
    read = Read(np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, bool), np.arange(n))
    read.tokens[rows], read.unknown[rows] = _counts(tokenizer, texts)
    whole, inputs = (InputFormat(tokenizer, most, as_published) for most in (ENDLESS, longest))
    for row, text in zip(rows, texts, strict=True):
        ids = whole.encode(*text).ids
        read.cut[row] = len(ids) > longest
        kept = inputs.encode(*text).ids if read.cut[row] else ids
        read.key[row] = int.from_bytes(hashlib.sha256(np.asarray(kept, np.int32).tobytes()).digest()[:8], signed=True)
    return reading_table(data, read, countries)


def reading_by_model(data: Preferences, settings: FinetuneConfig) -> pd.DataFrame:
    """The same before any run, without the weights. Raises `SourceMissing` or `ConfigError` for what is no model."""
    folder = model_folder(settings.model)
    tokenizer, base = load_tokenizer(folder), folder
    if (folder / ADAPTER).is_file():
        base = model_folder(json.loads((folder / ADAPTER).read_bytes()).get("base_model_name_or_path") or "")
    try:
        config = AutoConfig.from_pretrained(base, **LOCAL)
    except Exception as error:  # an unknown type, a damaged file: transformers raises many
        raise ConfigError(f"the config.json in {base} is of no model that transformers knows ({error}).") from error
    countries = () if data.card.countries else tuple(data.pairs["country"].astype(str).value_counts().index)
    longest = longest_input(settings.max_length, tokenizer, config)
    return reading_of(data, tokenizer, longest, settings.as_published, countries)


def _counts(tokenizer, texts: list[tuple[str, str]]) -> tuple[np.ndarray, np.ndarray]:
    """Tokens and unknown ones of each prompt with its answer, (n,) each, before anything is cut or put around them."""
    place, strings = pd.factorize(np.array([part for text in texts for part in text], dtype=object))
    ids = tokenizer(list(strings), add_special_tokens=False, truncation=False, verbose=False)["input_ids"]
    unknown = tokenizer.unk_token_id
    tokens = np.array([len(row) for row in ids], np.int64)
    lost = np.array([0 if unknown is None else row.count(unknown) for row in ids], np.int64)
    return tokens[place].reshape(-1, 2).sum(1), lost[place].reshape(-1, 2).sum(1)
