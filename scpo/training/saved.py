"""A finished run's model of a country, whichever back end trained it: put to any text, or loaded to be given away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from scpo import runs
from scpo.data.preferences import TRAIN, Preferences
from scpo.data.scores import texts_of
from scpo.errors import ConfigError, InputError
from scpo.metrics.rewards import Rewards
from scpo.training.finetune import saved as fine_tuned
from scpo.training.finetune.loading import load_model, load_tokenizer
from scpo.training.heads import saved as heads
from scpo.training.reward_model import assemble


def country_rewards(
    result: runs.Result, country: str, method: str, texts: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray]:
    """Rewards (n,) of texts, columns prompt and response: by the global model, and by the country's, mean over seeds.

    Raises `RunFolderError` if the weights are not what the run wrote, or what it started from is not here any more.
    """
    rewards = run_rewards(result, method, texts, [country])
    return rewards.base[0], rewards.own[0].mean(0)


def run_rewards(
    result: runs.Result,
    method: str,
    texts: pd.DataFrame,
    countries: Sequence[str] = (),
    on_model: Callable[[int, int], None] | None = None,
) -> Rewards:
    """Rewards of texts, columns prompt and response, by the models of some countries, none = all, and the global one.

    on_model   of whole models: on_model(done, total), before each is asked and at the end
    Raises `RunFolderError` as above.
    """
    countries = tuple(countries or result.card["countries"])
    if not result.config.finetune.model:
        every = result.card["countries"]
        models = heads.load_models(result.folder, result.config, every)
        rewards = heads.reward_texts(models, texts.astype({"prompt": "category"}), method)
        places = [every.index(country) for country in countries]
        return Rewards(countries, rewards.base[places], rewards.own[places])
    pairs = list(zip(texts["prompt"], texts["response"], strict=True))
    start, of_country = fine_tuned.start_of(result), [fine_tuned.model_folders(result, c, method) for c in countries]
    found: dict[Path, np.ndarray] = {}
    asked = list(dict.fromkeys([start, *(folder for folders in of_country for folder in folders)]))
    for done, folder in enumerate(asked):
        if on_model:
            on_model(done, len(asked))
        found[folder] = fine_tuned.reward_texts(result, [folder], pairs)
    if on_model:
        on_model(len(asked), len(asked))
    own = np.stack([[found[folder] for folder in folders] for folders in of_country])
    return Rewards(countries, np.tile(found[start], (len(countries), 1)), own)


def held_out_rewards(
    result: runs.Result, method: str, data: Preferences, on_model: Callable[[int, int], None] | None = None
) -> Rewards:
    """Rewards of the run's data by all models, of the texts of validation and test pairs; NaN of the others.

    Raises `InputError` for a run with folds, whose kept models were trained on every pair.
    """
    if data.folds is not None:
        raise InputError(
            f"This run tests by {data.card.folds} folds: its models are trained on all pairs, so that nobody is left "
            "who is new to them. Run it again without folds for what takes held-out people."
        )
    rows = texts_of(data, np.flatnonzero(data.split_of_pairs() != TRAIN))
    rewards = run_rewards(result, method, data.texts.iloc[rows], on_model=on_model)
    parts = []
    for values in (rewards.base, rewards.own):
        every = np.full((*values.shape[:-1], len(data.texts)), np.nan, np.float32)
        every[..., rows] = values
        parts.append(every)
    return Rewards(rewards.countries, *parts)


def country_model(
    result: runs.Result, country: str, method: str, seed: int, alpha: float = 1.0
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, str]:
    """One sequence-classification model of a country with its tokenizer, and the precision that it was trained in.

    Heads are averaged over seeds; of fine-tuned models it is that of one seed, with adapters merged.
    alpha   the step from the global model, 0, to the method's own, 1; another than 1 takes linear heads
    Raises `ConfigError` for a seed that the run has not, `RunFolderError` as `country_rewards`.
    """
    if result.config.finetune.model:
        places = fine_tuned.model_folders(result, country, method)
        if not 0 <= seed < len(places):
            raise ConfigError(f"The run has no seed {seed}; it has 0 to {len(places) - 1}.")
        tokenizer = load_tokenizer(places[seed])
        return load_model(places[seed], tokenizer), tokenizer, "fp32"
    models = heads.load_models(result.folder, result.config, result.card["countries"])
    place = models.countries.index(country)
    own = models.of(method)[place]  # (S, p)
    if alpha != 1:
        own = torch.lerp(models.start[place], own, alpha)
    theta, hidden = mean_head(own, models.shape.width, models.shape.hidden)
    mean = torch.from_numpy(models.prompt_mean.copy())
    return *assemble(models.encoder.folder, theta, hidden, mean), models.encoder.precision


def mean_head(heads: torch.Tensor, width: int, hidden: int) -> tuple[torch.Tensor, int]:
    """One head whose rewards are the mean of those of S heads (S, p): its parameters, and its hidden width.

    Linear heads are averaged; the hidden layers of MLPs are put side by side, their outputs divided by S.
    """
    if not hidden:
        return heads.mean(0), 0
    cut = hidden * width
    parts = heads[:, :cut], heads[:, cut : cut + hidden], heads[:, cut + hidden :] / len(heads)
    return torch.cat([part.reshape(-1) for part in parts]), hidden * len(heads)
