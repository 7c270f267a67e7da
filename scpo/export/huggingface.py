"""A country's reward model as a Hugging Face folder (`python -m scpo export`): encoder, head, tokenizer, model card."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from scpo import runs
from scpo.config import FinetuneConfig
from scpo.data.countries import find
from scpo.errors import ConfigError
from scpo.export.model_card import model_card
from scpo.export.usage import Asked

NO_LIMIT = 1_000_000  # tokens: the model itself cuts a prompt and an answer, each at its own end


def add_model(parser: argparse.ArgumentParser) -> None:
    """The options that name one model of a run."""
    parser.add_argument("run", metavar="RUN", help="the folder of a finished run, or its id in the workspace")
    parser.add_argument("--country", required=True, help="a country that the run steered to")
    parser.add_argument("--method", help="a trained method of the run (default: scpo, or the first)")


def known_country(result: runs.Result, asked: str) -> str:
    """A country of the run, by its name there or another spelling. Raises `ConfigError` for one that it has not."""
    countries = result.card["countries"]
    found = find(asked, countries)
    if len(found) != 1:
        raise ConfigError(f"The run has no model for {asked!r}; it has {', '.join(countries)}.")
    return found[0]


def trained_method(result: runs.Result, country: str, method: str) -> str:
    """The method asked for, "" for scpo or the first that trains. Raises `ConfigError` for what the run has not."""
    trained = result.config.trained
    method = method or ("scpo" if "scpo" in trained else next(iter(trained), ""))
    known_country(result, country)
    if method not in trained:
        raise ConfigError(f"The run has no models of {method!r}; it has {', '.join(trained) or 'none at all'}.")
    return method


def export(folder: Path, country: str, out: Path, method: str = "", seed: int = 0) -> Path:
    """Write the model of one country and method to a new folder; returns the folder.

    Heads are averaged over seeds; of fine-tuned models it is that of one seed, with adapters merged.

    The folder appears whole or not at all. Raises `ConfigError` for a country, method or folder that cannot be
    used, `RunFolderError` for a run that is not as it was written.
    """
    result, out = runs.read(folder), Path(out)
    country = known_country(result, country)
    method = trained_method(result, country, method)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"{out} exists and is not an empty folder; nothing is overwritten. Name another --out.")
    if not out.parent.is_dir():
        raise ConfigError(f"{out.parent} does not exist; make the folder first, or name another --out.")
    models, place = _of_run(result, country, method, seed)
    made = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        if place:
            asked = _write_whole(place, made, result.config.finetune)
        else:
            asked = _write_model(models, country, method, made)
        precision = "fp32" if place else models.encoder.precision
        (made / "README.md").write_text(model_card(result, country, method, precision, asked, out.name, seed))
        for path in (made, *made.iterdir()):
            path.chmod(0o755 if path.is_dir() else 0o644)
        if out.exists():
            out.rmdir()
        made.rename(out)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return out


def _of_run(result: runs.Result, country: str, method: str, seed: int):
    """The heads of a run, or the folder of the fine-tuned model that is asked for."""
    if not result.config.finetune.model:
        from scpo.training.heads import saved

        return saved.load_models(result.folder, result.config, result.card["countries"]), None
    from scpo.training.finetune import saved

    places = saved.model_folders(result, country, method)
    if not 0 <= seed < len(places):
        raise ConfigError(f"The run has no seed {seed}; it has 0 to {len(places) - 1}.")
    return None, places[seed]


def _write_whole(place: Path, folder: Path, whole: FinetuneConfig) -> Asked:
    """A fine-tuned model with its tokenizer, which reads texts as the run did; how it can be asked."""
    from transformers.utils import logging

    from scpo.training.asking import save_tokenizer, tell_reward
    from scpo.training.finetune.formats import longest_input
    from scpo.training.finetune.loading import load_model, load_tokenizer

    logging.disable_progress_bar()
    tokenizer = load_tokenizer(place)
    model = load_model(place, tokenizer)
    tell_reward(model.config)
    model.save_pretrained(folder)
    longest, chat = longest_input(whole.max_length, tokenizer, model.config), bool(tokenizer.chat_template)
    if whole.as_published and not chat:
        tokenizer.model_max_length = longest
        tokenizer.save_pretrained(folder)
        return Asked(longest, alike=False, joined=True)
    segments = "token_type_ids" in tokenizer.model_input_names and getattr(model.config, "type_vocab_size", 0) > 1
    return Asked(longest, save_tokenizer(tokenizer, longest, segments, folder), chat)


def _write_model(models, country: str, method: str, folder: Path) -> Asked:
    import torch
    from transformers.tokenization_utils_base import VERY_LARGE_INTEGER
    from transformers.utils import logging

    from scpo.training.asking import set_limits, tell_reward
    from scpo.training.reward_model import add_template, assemble

    logging.disable_progress_bar()
    heads = models.of(method)[models.countries.index(country)]  # (S, p)
    theta, hidden = mean_head(heads, models.shape.width, models.shape.hidden)
    model, tokenizer = assemble(models.encoder.folder, theta, hidden, torch.from_numpy(models.prompt_mean.copy()))
    tell_reward(model.config)
    model.save_pretrained(folder)
    tokenizer.model_max_length = NO_LIMIT
    add_template(tokenizer)
    set_limits(tokenizer, VERY_LARGE_INTEGER)  # the model cuts texts itself
    tokenizer.save_pretrained(folder)
    return Asked(model.config.longest, each=True)


def mean_head(heads, width: int, hidden: int):
    """One head whose rewards are the mean of those of S heads (S, p): its parameters, and its hidden width.

    Linear heads are averaged; the hidden layers of MLPs are put side by side, their outputs divided by S.
    """
    import torch

    if not hidden:
        return heads.mean(0), 0
    cut = hidden * width
    parts = heads[:, :cut], heads[:, cut : cut + hidden], heads[:, cut + hidden :] / len(heads)
    return torch.cat([part.reshape(-1) for part in parts]), hidden * len(heads)
