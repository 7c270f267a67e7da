"""What a model and its data must have before `SCPOTrainer` trains them: refused early, with the remedy."""

from __future__ import annotations

from pathlib import Path

from datasets import IterableDataset

from scpo.errors import ConfigError, InputError


def template_of(path: str) -> str:
    """The chat template of a file. Raises `ConfigError` if it is not one."""
    if not Path(path).is_file():
        raise ConfigError(
            f"chat_template_path is {path!r}, which is no file here. Give a .jinja file; a template of another model "
            "has special tokens that this one does not know."
        )
    return Path(path).read_text(encoding="utf-8")


def check_labels(model) -> None:
    """Raise `ConfigError` for a model that does not give one reward."""
    labels = getattr(model.config, "num_labels", None)
    if labels != 1:
        raise ConfigError(
            f"the model has a head of {labels} labels; a reward model has one. Load it with num_labels=1, which gives "
            "it a new head, or start from a reward model."
        )


def check_padding(model, tokenizer) -> None:
    """Raise `ConfigError` for a padding token that the model has no weights for."""
    size, pad = vocabulary(model), tokenizer.pad_token_id
    if size is None or pad is None or pad < size:
        return
    usable = tokenizer.eos_token or tokenizer.unk_token or "one of the model's own tokens"
    raise ConfigError(
        f"the padding token {tokenizer.pad_token!r} is number {pad}, and the model has weights for {size} tokens, "
        f"numbered 0 to {size - 1}: the tokenizer was given more than the model. Set a token that the model knows "
        f'({{"pad_token": "{usable}"}} in tokenizer_config.json, or tokenizer.pad_token), or give the model the rows '
        f"that it lacks: model.resize_token_embeddings({len(tokenizer)}), then save it."
    )


def check_tokens(model, highest: int) -> None:
    """Raise `ConfigError` if texts have token numbers, the highest of them given, that the model has no weights for."""
    size = vocabulary(model)
    if size is not None and highest >= size:
        raise ConfigError(
            f"the texts have token number {highest}, and the model has weights for {size} tokens, numbered 0 to "
            f"{size - 1}: they do not belong together. Use the model's own tokenizer, or give the model the rows "
            "that it lacks: model.resize_token_embeddings(len(tokenizer)), then save it."
        )


def vocabulary(model) -> int | None:
    """How many tokens a model has weights for; None for one that keeps them otherwise than as a table."""
    try:
        return getattr(model.get_input_embeddings(), "num_embeddings", None)
    except (NotImplementedError, AttributeError):
        return None


def check_deepspeed(plugin, model) -> None:
    """Raise `ConfigError` where DeepSpeed would round the weights of a model, for judging too.

    plugin  accelerate's; None without DeepSpeed. Its bf16 and fp16 cast the model itself and not its computation alone.
    """
    settings = plugin.deepspeed_config if plugin else {}
    low = [kind for kind in ("bf16", "fp16") if str(settings.get(kind, {}).get("enabled")).lower() == "true"]
    weights = next(model.parameters()).dtype
    if low and weights.itemsize > 2:
        raise ConfigError(
            f"DeepSpeed with {low[0]} casts the weights themselves from {str(weights).removeprefix('torch.')} to "
            f"{low[0]}, so that rewards would be rounded. Train without {low[0]} ({low[0]}=False), use FSDP, or "
            "load the model in that precision."
        )


def check_head(model) -> None:
    """Raise `ConfigError` if adapters leave the head of a model as it was, or cannot hold it."""
    own = [name for name, _ in model.get_base_model().named_parameters(recurse=False)]
    if own:
        raise ConfigError(
            f"the model keeps its head in {', '.join(own)}, which is no module, so that adapters can neither train nor "
            "save it, and a reward model steers by its head. Train all weights of this model (without peft_config, or "
            "`lora` 0): it is small; or start from a reward model whose head is a layer."
        )
    heads = head_modules(model.get_base_model())
    trained = [name for name, weight in model.named_parameters() if weight.requires_grad]
    idle = [head for head in heads if not any(f".{head}." in name for name in trained)]
    if idle:
        raise ConfigError(
            f"the adapters leave {', '.join(idle)} untrained, and a reward model steers by its head. Give "
            f"LoraConfig(task_type='SEQ_CLS', modules_to_save={heads})."
        )


def check_here(model) -> None:
    """Raise `ConfigError` if the weights of a model are in another process alone."""
    if any(weight.is_meta for weight in model.parameters()):
        raise ConfigError(
            "this process has no weights to score the pairs with: FSDP loaded them in the first process alone. Set "
            "fsdp_cpu_ram_efficient_loading to false, or give the pairs a column reference_margin."
        )


def check_data(*datasets) -> None:
    """Raise `ConfigError` for data that comes as a stream."""
    parts = [part for one in datasets for part in (one.values() if isinstance(one, dict) else [one])]
    if any(isinstance(part, IterableDataset) for part in parts):
        raise ConfigError(
            "the pairs are an IterableDataset; all of them are scored before training, so they must be at hand. Load "
            "them without streaming=True, or take a part: Dataset.from_list(list(stream.take(n)))."
        )


def check_columns(dataset) -> None:
    """Raise `InputError` for pairs without answers."""
    lacking = [name for name in ("chosen", "rejected") if name not in dataset.column_names]
    if lacking:
        raise InputError(
            f"the pairs have no column {' and no column '.join(lacking)}; they have "
            f"{', '.join(dataset.column_names) or 'none'}. Needed: chosen and rejected, texts or messages, and prompt "
            "where they are the answers alone; or chosen_ids and rejected_ids."
        )


def head_modules(model) -> list[str]:
    """Names of the modules of a sequence-classification model that are not its body and have weights."""
    others = [(name, part) for name, part in model.named_children() if name != model.base_model_prefix]
    return [name for name, part in others if next(part.parameters(), None) is not None]
