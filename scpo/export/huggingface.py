"""A country's reward model as a Hugging Face folder (`python -m scpo export`): encoder, head, tokenizer, model card."""

from __future__ import annotations

from pathlib import Path

from scpo import runs
from scpo.config import FinetuneConfig
from scpo.data.group_values import find_group
from scpo.errors import ConfigError
from scpo.export.model_card import model_card
from scpo.export.usage import Asked
from scpo.grouping import speaking_of
from scpo.methods import main_of
from scpo.metrics.rewards import STEPS
from scpo.runs.files import new_folder

NO_LIMIT = 1_000_000  # tokens: the model itself cuts a prompt and an answer, each at its own end


def known_country(result: runs.Result, asked: str) -> str:
    """A country of the run, by its name there or another spelling. Raises `ConfigError` for one that it has not."""
    countries = result.card["countries"]
    found = find_group(asked, countries, result.config.data.group)
    if len(found) != 1:
        raise ConfigError(f"The run has no model for {asked!r}; it has {', '.join(countries)}.")
    return found[0]


def trained_method(result: runs.Result, country: str, method: str) -> str:
    """The method asked for, "" for scpo or the first that trains. Raises `ConfigError` for what the run has not."""
    trained = result.config.trained
    method = method or main_of(trained)
    known_country(result, country)
    if method not in trained:
        raise ConfigError(f"The run has no models of {method!r}; it has {', '.join(trained) or 'none at all'}.")
    return method


def export(
    folder: Path, country: str, out: Path, method: str = "", seed: int = 0, called: str = "", alpha: float = 1.0
) -> Path:
    """Write the model of one country and method to a new folder; returns the folder.

    called  what the model card loads it by; "" for the folder's name

    Heads are averaged over seeds; of fine-tuned models it is that of one seed, with adapters merged.
    alpha   the step from the global model, 0, to the one that the method chose, 1, and beyond; of linear heads, whose
            weights can be mixed

    The folder appears whole or not at all. Raises `ConfigError` for a country, method or folder that cannot be
    used, `RunFolderError` for a run that is not as it was written.
    """
    result, out = runs.read(folder), Path(out)
    country = known_country(result, country)
    method = trained_method(result, country, method)
    check_step(result, alpha)
    with new_folder(out) as made:
        model, tokenizer, precision = _loaded(result, country, method, seed, alpha)
        model.save_pretrained(made)
        if result.config.finetune.model:
            asked = _write_fine_tuned(model, tokenizer, result.config.finetune, made)
        else:
            asked = _write_encoder_and_head(model, tokenizer, made)
        with speaking_of(result.config.data.group):
            card = model_card(result, country, method, precision, asked, called or out.name, seed, alpha)
        (made / "README.md").write_text(card)
    return out


def check_step(result: runs.Result, alpha: float) -> None:
    """Raise `ConfigError` for a step that a run's models cannot be exported at."""
    if not 0 <= alpha <= STEPS[-1]:
        raise ConfigError(f"alpha is {alpha:g}; it takes a number from 0, the global model, to {STEPS[-1]:g}.")
    if alpha != 1 and not result.config.has_linear_heads:
        raise ConfigError(
            f"alpha is {alpha:g}; the weights of linear heads alone can be mixed with the global model's, and this run "
            "has other models. Leave alpha out; best-of-n mixes rewards, and takes --alpha for every model."
        )


def _loaded(result: runs.Result, country: str, method: str, seed: int, alpha: float):
    """`country_model`, ready to be written with what says that it is a reward model."""
    from transformers.utils import logging

    from scpo.training.asking import tell_reward
    from scpo.training.saved import country_model

    logging.disable_progress_bar()
    model, tokenizer, precision = country_model(result, country, method, seed, alpha)
    tell_reward(model.config)
    return model, tokenizer, precision


def _write_fine_tuned(model, tokenizer, whole: FinetuneConfig, folder: Path) -> Asked:
    """A fine-tuned model's tokenizer, which reads texts as the run did; how the model can be asked."""
    from scpo.training.asking import save_tokenizer
    from scpo.training.finetune.formats import longest_input

    longest, chat = longest_input(whole.max_length, tokenizer, model.config), bool(tokenizer.chat_template)
    if whole.as_published and not chat:
        tokenizer.model_max_length = longest
        tokenizer.save_pretrained(folder)
        return Asked(longest, alike=False, joined=True)
    segments = "token_type_ids" in tokenizer.model_input_names and getattr(model.config, "type_vocab_size", 0) > 1
    return Asked(longest, save_tokenizer(tokenizer, longest, segments, folder), chat)


def _write_encoder_and_head(model, tokenizer, folder: Path) -> Asked:
    """The tokenizer of an encoder and its head, with a template for messages; how the model can be asked."""
    from transformers.tokenization_utils_base import VERY_LARGE_INTEGER

    from scpo.training.asking import set_limits
    from scpo.training.reward_model import add_template

    tokenizer.model_max_length = NO_LIMIT
    add_template(tokenizer)
    set_limits(tokenizer, VERY_LARGE_INTEGER)  # the model cuts texts itself
    tokenizer.save_pretrained(folder)
    return Asked(model.config.longest, each=True)
