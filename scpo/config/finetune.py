"""Settings of fine-tuning: which whole reward model, and how it is trained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scpo.config.setting import check_all_bounds, check_kinds, setting


@dataclass(frozen=True)
class FinetuneConfig:
    """Whole reward models instead of heads on a frozen encoder: which model, and how it is trained."""

    model: str = setting(
        "",
        "fine-tune this whole reward model instead of heads: a hub name (owner/model or owner/model@revision), a "
        "local folder, or `minilm` (gets a fresh head); none = heads",
    )
    model_lr: float = setting(1e-5, "fine-tuning: learning rate of AdamW", low=0, high=1, open_low=True)
    epochs: int = setting(
        0, "fine-tuning: stop after so many passes over the pairs; 0 = only after the steps", low=0, high=1000
    )
    max_length: int = setting(
        512,
        "fine-tuning: longest input; what is over is cut from the front of the prompt",
        measured_in="tokens",
        low=8,
        high=131_072,
    )
    lora: int = setting(0, "fine-tuning: rank of LoRA adapters; 0 = all weights are trained", low=0, high=1024)
    as_published: bool = setting(
        False,
        "fine-tuning: as the authors' code does, to compare with their numbers: train on 'prompt [SEP] response' and "
        "on the validation split too, keep the last step, score trained models with dropout on",
    )

    def __post_init__(self):
        check_kinds(self)
        check_all_bounds(self)

    @property
    def shown(self) -> str:
        """The model's name, without where on this machine a folder of it lies."""
        return Path(self.model).name if Path(self.model).is_absolute() else self.model
