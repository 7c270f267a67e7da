"""Rewards of a data set's texts by any reward model of one label, as it is: nothing is trained."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from transformers.utils import logging

from scpo.data.preferences import Preferences
from scpo.data.scores import texts_of
from scpo.errors import ConfigError
from scpo.hub import reward_model_folder
from scpo.training.device import device
from scpo.training.finetune.formats import InputFormat, longest_input
from scpo.training.finetune.loading import load_model, load_tokenizer
from scpo.training.finetune.reading import ENDLESS
from scpo.training.finetune.scoring import rewards_of
from scpo.training.heads.features import cache_folder


def check_tokenizer(name: str) -> None:
    """Refuse what has no head of one label or no tokenizer, as `rewards_by_model` does, before weights are read."""
    load_tokenizer(reward_model_folder(name))


def rewards_by_model(
    name: str,
    data: Preferences,
    rows: np.ndarray,
    max_length: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[np.ndarray, dict]:
    """Rewards (texts,) of the texts of some pairs, NaN elsewhere, and what is kept about them.

    name         a folder or hub name
    rows         of the pair table
    max_length   tokens of one input at most; of a longer one the front of the prompt is cut, and that is counted
    on_progress  on_progress(done, total), in batches

    The rewards are kept on disk by weights and token ids, so that the same question costs nothing again. Raises
    `SourceMissing` or `ConfigError` for what is no reward model of one label, or has no tokenizer.
    """
    if max_length < 8:
        raise ConfigError(f"--max-length of the command line is {max_length}; it must be at least 8 tokens.")
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    folder = reward_model_folder(name)
    tokenizer = load_tokenizer(folder)
    model = load_model(folder, tokenizer).to(device())
    longest = longest_input(max_length, tokenizer, model.config)
    texts = texts_of(data, rows)
    table, whole = data.texts.iloc[texts], InputFormat(tokenizer, ENDLESS)
    asked = list(zip(table["prompt"].astype(object), table["response"], strict=True))
    encoded = [whole.encode(*text) for text in asked]
    cut, inputs = [at for at, one in enumerate(encoded) if len(one.ids) > longest], InputFormat(tokenizer, longest)
    for at in cut:
        encoded[at] = inputs.encode(*asked[at])
    rewards = np.full(len(data.texts), np.nan)
    rewards[texts] = rewards_of(model, encoded, cache=cache_folder() / "rewards", on_progress=on_progress)
    about = {
        "source": folder.name if folder.is_absolute() else name,
        "texts": len(texts),
        "matched": len(texts),
        "left_out": {},
        "cut": len(cut),
        "longest": longest,
    }
    return rewards, about
