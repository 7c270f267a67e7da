"""A finished run's model of a country, whichever back end trained it: put to any text, or loaded to be given away."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from scpo import runs
from scpo.errors import ConfigError
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
    if result.config.finetune.model:
        pairs = list(zip(texts["prompt"], texts["response"], strict=True))
        places = [fine_tuned.start_of(result)], fine_tuned.model_folders(result, country, method)
        base, own = (fine_tuned.reward_texts(result, folders, pairs) for folders in places)
        return base, own
    countries = result.card["countries"]
    models = heads.load_models(result.folder, result.config, countries)
    rewards, place = heads.reward_texts(models, texts.astype({"prompt": "category"}), method), countries.index(country)
    return rewards.base[place], rewards.own[place].mean(0)


def country_model(
    result: runs.Result, country: str, method: str, seed: int
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, str]:
    """One sequence-classification model of a country with its tokenizer, and the precision that it was trained in.

    Heads are averaged over seeds; of fine-tuned models it is that of one seed, with adapters merged.
    Raises `ConfigError` for a seed that the run has not, `RunFolderError` as `country_rewards`.
    """
    if result.config.finetune.model:
        places = fine_tuned.model_folders(result, country, method)
        if not 0 <= seed < len(places):
            raise ConfigError(f"The run has no seed {seed}; it has 0 to {len(places) - 1}.")
        tokenizer = load_tokenizer(places[seed])
        return load_model(places[seed], tokenizer), tokenizer, "fp32"
    models = heads.load_models(result.folder, result.config, result.card["countries"])
    own = models.of(method)[models.countries.index(country)]  # (S, p)
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
