"""A finished run's reward models, put to any text.

Reads the weights that a run kept (safetensors only) and scores the texts of its data, or typed ones, through the
cache of vectors. What the rewards of several countries make together is worked out in `scpo.steering.mixing`,
what moves them in `scpo.steering.taste`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import safetensors
import torch

from scpo import runs
from scpo.config import ExperimentConfig
from scpo.errors import InputError, RunFolderError
from scpo.metrics.rewards import Rewards
from scpo.steering.mixing import check_typed
from scpo.training.encoders import Encoder, load_encoder
from scpo.training.heads.features import cache_folder, cached_vectors, embed_texts
from scpo.training.heads.stacked import HeadShape
from scpo.training.threads import one_thread

SLICE = 16_384  # texts at a time, to keep memory flat
SAMPLE, RARE = 1000, 0.01  # answers of the data that say what is usual, and the share of them that is below it


@dataclass(frozen=True)
class Models:
    """The reward models of a run, and all that is needed to put a text to them.

    start   (C, p) global head that each country started from
    heads   one row per head trained on all pairs: country, method, seed; theta (K, p) their weights
    """

    countries: tuple[str, ...]
    encoder: Encoder
    shape: HeadShape
    prompt_mean: np.ndarray
    start: torch.Tensor
    heads: pd.DataFrame
    theta: torch.Tensor

    def of(self, method: str) -> torch.Tensor:
        """Heads of one method, (C, S, p)."""
        rows = self.heads[self.heads["method"] == method]
        if not len(rows):
            raise InputError(
                f"This run has no models of {method!r}; it has: {', '.join(self.heads['method'].unique())}."
            )
        return torch.stack([self.theta[torch.tensor(rows.index[rows["country"] == c])] for c in self.countries])


def load_models(folder: Path, config: ExperimentConfig, countries: Sequence[str]) -> Models:
    """The models of a finished run, from its heads.safetensors.

    countries   those the run steered to, in its order, as its data card has them
    Raises `RunFolderError` if the weights are not what the run wrote, or its encoder is not here any more.
    """
    with safetensors.safe_open(runs.unchanged(folder, runs.HEADS), framework="pt") as file:
        about = json.loads(file.metadata()["about"])
        globals_, theta, mean = (file.get_tensor(name) for name in ("global", "heads", "prompt_mean"))
    table = pd.DataFrame(about["heads"], columns=["country", "method", "seed", "level"])
    top = np.flatnonzero(table["level"] == table["level"].max())
    start = torch.stack([globals_[min(place, len(globals_) - 1)] for place in range(len(countries))])
    return Models(
        tuple(countries),
        encoder_of(config, about["encoder_key"]),
        HeadShape(2 * len(mean), about["hidden"]),
        mean.numpy(),
        start,
        table.iloc[top].reset_index(drop=True),
        theta[torch.from_numpy(top)],
    )


def encoder_of(config: ExperimentConfig, key: str) -> Encoder:
    """The encoder that a run used; `auto` may have meant another arithmetic on the machine where it ran."""
    for precision in dict.fromkeys((config.precision, "bf16", "fp32")):
        encoder = load_encoder(config.encoder, precision)
        if encoder.key == key:
            return encoder
    raise RunFolderError(
        f"the encoder {config.encoder!r} on this machine is not the one that this run used: its files differ, so "
        f"that its vectors mean nothing to the run's models. Put the old files back, or run it again."
    )


@one_thread()
def reward_texts(
    models: Models, texts: pd.DataFrame, method: str, on_tokens: Callable | None = None, keep: bool = True
) -> Rewards:
    """Rewards of a table of texts; vectors come from the cache, what it lacks is encoded.

    texts   `prompt` (category), `response` (str), as `Preferences` holds them
    keep    False: nothing is read from the cache or added to it, as for texts that nobody asks for again
    """
    cache = cache_folder() if keep else None
    features = replace(embed_texts(texts, models.encoder, cache, on_tokens), prompt_mean=models.prompt_mean)
    heads = models.of(method)
    c, s, p = heads.shape
    theta = torch.cat([models.start, heads.reshape(c * s, p)])
    # An MLP's hidden values are heads x texts x h, so its heads go one by one.
    parts = theta.split(1) if models.shape.hidden else [theta]
    n = len(texts)
    found = np.empty((len(theta), n), np.float32)
    for first in range(0, n, SLICE):
        here = slice(first, first + SLICE)
        phi = torch.from_numpy(features.of(here))
        found[:, here] = torch.cat([models.shape.rewards(part, phi) for part in parts]).numpy()
    return Rewards(models.countries, found[:c], found[c:].reshape(c, s, n))


def encode_by(encoder: Encoder) -> Callable[[Sequence[str], int], np.ndarray]:
    """Vectors (n, d) of strings, of which the first so many are prompts; from the cache where it has them."""
    return lambda strings, prompts: cached_vectors(strings, encoder, cache_folder(), prompts=prompts)


def reward_typed(models: Models, prompt: str, answers: Sequence[str], method: str) -> Rewards:
    """Rewards of typed answers to a typed prompt; equal answers have one.

    Raises `InputError` on what is too long, too few or too many.
    """
    check_typed(prompt, answers)
    return reward_answers(models, prompt, answers, method)


def reward_answers(models: Models, prompt: str, answers: Sequence[str], method: str, keep: bool = True) -> Rewards:
    """Rewards of any number of answers to one prompt, encoded in one go; equal answers have one. keep as above."""
    each, distinct = pd.factorize(np.array(answers, dtype=object))
    texts = pd.DataFrame({"prompt": pd.Categorical([prompt] * len(distinct)), "response": list(distinct)})
    return reward_texts(models, texts, method, keep=keep).of(each)


@one_thread()
def pair_gram(models: Models, texts: pd.DataFrame, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Inner products of what pairs of texts differ by in the features of a linear head, (n, n) float64.

    left, right   (n,) rows of texts, `prompt` (category) and `response` (str)
    Raises `InputError` for heads with a hidden layer, which see no fixed features.
    """
    if models.shape.hidden:
        raise InputError("The heads of this run have a hidden layer; a room needs linear ones. Choose another run.")
    rows, place = np.unique(np.stack([left, right]), return_inverse=True)
    table = texts[["prompt", "response"]].iloc[rows].reset_index(drop=True)
    features = replace(embed_texts(table, models.encoder, cache_folder()), prompt_mean=models.prompt_mean)
    phi, (first, second) = features.of().astype(np.float64), place.reshape(2, -1)
    difference = phi[first] - phi[second]
    return difference @ difference.T


def nearness(models: Models, texts: pd.DataFrame, answers: Sequence[str]) -> tuple[np.ndarray, float]:
    """How like the data answers are: the cosine with the nearest answer of the data, (n,), and what is usual.

    texts   those of the run's data
    What is usual: 99 % of the data's own answers have a nearest other answer at least as near; of very many, those of
    a sample, always the same one.
    """
    own = texts["response"].unique()
    vectors = cached_vectors(list(own), models.encoder, cache_folder())
    sample = np.random.default_rng(0).permutation(len(own))[:SAMPLE]
    among = vectors[sample] @ vectors.T
    among[np.arange(len(sample)), sample] = -1
    return (models.encoder.encode(list(answers)) @ vectors.T).max(1), float(np.quantile(among.max(1), RARE))
