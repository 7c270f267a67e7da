"""`SCPOTrainer`: TRL's `RewardTrainer` that filters and weights its pairs by the model it starts from.

    from scpo import SCPOConfig, SCPOTrainer

    trainer = SCPOTrainer(model="OpenAssistant/reward-model-deberta-v3-base",
                          args=SCPOConfig("out", tau=0.7, beta=1.1), train_dataset=pairs)
    trainer.train()

Data in TRL's preference formats: `chosen`, `rejected` and optionally `prompt`, as texts or as messages;
`margin` and a `weight` of one's own are optional columns. Before training, every distinct (prompt, response)
is scored once by the starting model; pairs on which it clearly agrees are dropped, the others get
their weight. The loss is the mean over the batch of -w log sigmoid(r+ - r- - margin).
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from accelerate.utils import is_peft_model
from datasets import Dataset
from transformers import AutoConfig, AutoTokenizer, TrainerControl
from trl import RewardConfig, RewardTrainer

from scpo import methods
from scpo.errors import ConfigError, InputError
from scpo.hub import ADAPTER, reward_model_folder
from scpo.metrics.outcomes import subset_metrics
from scpo.training.finetune.checkpoints import seal, to_resume
from scpo.training.finetune.checks import (
    check_columns,
    check_data,
    check_deepspeed,
    check_head,
    check_here,
    check_labels,
    check_padding,
    template_of,
)
from scpo.training.finetune.dataset import (
    KEPT,
    REFERENCE_MARGIN,
    SCPOCollator,
    encode,
    encoded,
    kept_pairs,
    tokenized,
)
from scpo.training.finetune.formats import InputFormat, longest_input
from scpo.training.finetune.loading import load_model
from scpo.training.finetune.prompts import SIDES, answers_repeat, tell_boundary
from scpo.training.finetune.reporting import LastFigures
from scpo.training.finetune.scoring import rewards_of
from scpo.training.loss import weighted_bradley_terry

METHODS = tuple(
    name for name, row in methods.METHODS.items() if (row.training, row.start, row.sees) == ("steps", "global", "own")
)  # those that one data set of pairs is enough for


@dataclass
class SCPOConfig(RewardConfig):
    """TRL's `RewardConfig` with the settings of SCPO (arXiv 2606.18606, section 3).

    bf16 is on where a GPU has it, gradient checkpointing only where asked for; several processes on a machine without
    a GPU work together.
    """

    method: str = field(default="scpo", metadata={"help": f"one of {', '.join(METHODS)}"})
    tau: float = field(default=0.7, metadata={"help": "keep a pair if the starting model's probability is below it"})
    beta: float = field(default=1.1, metadata={"help": "a pair with margin m < 0 weighs exp(m / beta)"})
    as_published: bool = field(
        default=False,
        metadata={"help": "train on 'prompt [SEP] response' and evaluate with dropout on, as the authors' code does"},
    )
    last_evaluation: bool = field(
        default=True,
        metadata={"help": "judge eval_dataset by the model that a training ends with, while its trackers are open"},
    )
    score_cache: str | None = field(default=None, metadata={"help": "folder of the starting model's rewards"})
    logging_nan_inf_filter: bool = field(default=False, metadata={"help": "a loss that is not finite must be seen"})
    gradient_checkpointing: bool = field(default=False, metadata={"help": "less memory, about a third slower"})
    train_sampling_strategy: str = field(
        default="group_by_length", metadata={"help": "batches of pairs of like length, which carry little padding"}
    )

    if TYPE_CHECKING:  # settings of `RewardConfig`, whose types are not read
        bf16: bool | None = None
        activation_checkpointing: bool | None = None

    def __post_init__(self):
        if self.method not in METHODS:
            raise ConfigError(f"method is {self.method!r}; needed: one of {', '.join(METHODS)}.")
        if not 0 < self.tau <= 1:
            raise ConfigError(f"tau is {self.tau}; it is a probability above 0 and at most 1.")
        if not self.beta > 0:
            raise ConfigError(f"beta is {self.beta}; it must be above 0.")
        if int(os.environ.get("WORLD_SIZE", 1)) > 1 and not torch.accelerator.is_available():
            self.use_cpu = True  # else accelerate would take each process for the only one
        if self.bf16 is None:
            self.bf16 = not self.use_cpu and torch.cuda.is_available() and torch.cuda.is_bf16_supported()
        if self.activation_checkpointing is None:  # the name since transformers 5.23
            self.activation_checkpointing = bool(self.gradient_checkpointing)
        if self.as_published:
            self.disable_dropout = False
        super().__post_init__()


class SCPOTrainer(RewardTrainer):
    """See the module. Takes what `RewardTrainer` takes; `args` is an `SCPOConfig`.

    `evaluate` reports accuracy, log loss and n on all pairs, on distinct pairs (the starting model prefers the
    rejected answer) and on consensus pairs (it prefers the chosen one), each from the margins of all pairs.

    Attributes: `selection` (dict of what filter and weight did). Raises `ConfigError` for a model with more
    than one label, without a padding token, with a failing template or a head that adapters leave untrained, and
    `InputError` if no pair is left or a loss or weight is not finite.
    """

    if TYPE_CHECKING:  # attributes of `RewardTrainer`, whose types are not read
        train_dataset: Dataset
        eval_dataset: Any  # a data set, several by their names, or None
        control: TrainerControl
        _total_train_tokens: int

    _tag_names = ["trl", "reward-trainer", "scpo"]

    def __init__(self, model, args: SCPOConfig | None = None, *, processing_class=None, **others):
        args = args or SCPOConfig("scpo-out")
        check_data(others.get("train_dataset"), others.get("eval_dataset"))
        folder = reward_model_folder(model) if isinstance(model, str) else None
        if processing_class is None:
            processing_class = AutoTokenizer.from_pretrained(
                folder or model.config._name_or_path, trust_remote_code=False
            )
        processing_class.pad_token = args.pad_token or processing_class.pad_token or processing_class.eos_token
        if args.chat_template_path:
            processing_class.chat_template = template_of(args.chat_template_path)
        if folder and ((folder / ADAPTER).is_file() or "@" in model):
            model = load_model(folder, processing_class)
        elif folder is None:
            check_labels(model)
        config = AutoConfig.from_pretrained(folder) if isinstance(model, str) else model.config
        length = longest_input(args.max_length or sys.maxsize, processing_class, config)
        self.inputs = InputFormat(processing_class, length, args.as_published)
        self._scored = InputFormat(processing_class, length)  # the authors, too, score pairs as pairs
        others.setdefault("data_collator", SCPOCollator(processing_class.pad_token_id, args.pad_to_multiple_of))
        super().__init__(model, args, processing_class=processing_class, **others)
        check_padding(self.model, processing_class)
        check_deepspeed(getattr(self.accelerator.state, "deepspeed_plugin", None), self.model)
        plugin = getattr(self.accelerator.state, "fsdp_plugin", None)
        if plugin:  # FSDP would round the weights themselves, for judging too; autocast rounds in training alone
            plugin.mixed_precision_policy = None
        if is_peft_model(self.model):
            check_head(self.model)
        self.last_figures = LastFigures(self)
        self.train_dataset, self.selection = kept_pairs(self._with_margins(self.train_dataset), args)
        if isinstance(self.eval_dataset, Dataset):
            self.eval_dataset = self._with_margins(self.eval_dataset)
        elif self.eval_dataset:
            self.eval_dataset = {name: self._with_margins(part) for name, part in self.eval_dataset.items()}

    def _prepare_dataset(self, dataset, processing_class, args, dataset_name):
        """Token ids in the model's own format; nothing is filtered by length, what is too long is cut."""
        if "chosen_ids" in dataset.column_names:
            return dataset
        check_columns(dataset)
        tell_boundary(dataset)
        return dataset.map(
            tokenized,
            fn_kwargs={"inputs": self.inputs, "repeated": answers_repeat(dataset)},
            with_indices=True,
            num_proc=args.dataset_num_proc,
            desc=f"Tokenizing {dataset_name} dataset",
        )

    def _set_signature_columns_if_needed(self):
        self._signature_columns = KEPT

    def _with_margins(self, dataset: Dataset) -> Dataset:
        """The pairs with the starting model's margin on each."""
        if REFERENCE_MARGIN in dataset.column_names:
            return dataset
        check_here(self.model)
        rows = list(dataset)
        if self.args.as_published and "chosen" in dataset.column_names:
            twice = answers_repeat(dataset)
            both = [encode(row, at, side, self._scored, twice) for side in SIDES for at, row in enumerate(rows)]
        else:
            both = [encoded(row, side) for side in SIDES for row in rows]
        before, place, cache = next(self.model.parameters()).device, self.accelerator.device, self.args.score_cache
        moved = before.type != place.type  # FSDP leaves it on the processor until it trains
        model = self.model.to(place) if moved else self.model
        rewards = rewards_of(model, both, cache=Path(cache) if cache else None, accelerator=self.accelerator)
        if moved:
            self.model.to(before)
        return dataset.add_column(REFERENCE_MARGIN, (rewards[: len(rows)] - rewards[len(rows) :]).tolist())

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """Mean over the batch of the weighted Bradley-Terry loss; TRL's own where every weight is 1."""
        weight = inputs.pop("weight", None)
        inputs.pop(REFERENCE_MARGIN, None)
        margin = inputs.pop("margin", None)
        base, outputs = super().compute_loss(model, inputs, return_outputs=True, num_items_in_batch=num_items_in_batch)
        chosen, rejected = torch.chunk(outputs.logits.squeeze(-1).float(), chunks=2)
        ahead = rejected if margin is None else rejected + margin
        loss = weighted_bradley_terry(chosen, ahead, torch.ones_like(chosen) if weight is None else weight.to(chosen))
        if self.args.center_rewards_coefficient is not None:
            loss = loss + self.args.center_rewards_coefficient * torch.mean((chosen + rejected) ** 2)
        if not torch.isfinite(loss):
            raise InputError(
                f"the loss is {loss.item()} at step {self.state.global_step}: the training has diverged or an input is "
                "not finite. Lower the learning rate, or train in float32; checkpoints before this step are intact."
            )
        return (loss, outputs) if return_outputs else loss

    def autocast_smart_context_manager(self, cache_enabled: bool | None = True):
        """As transformers'; where accelerate leaves low precision to FSDP, autocast is put around training here."""
        low = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(self.accelerator.mixed_precision)
        if low is None or not self.is_fsdp_enabled:
            return super().autocast_smart_context_manager(cache_enabled)
        return torch.autocast(self.accelerator.device.type, dtype=low)

    def margins(self, dataset: Dataset) -> np.ndarray:
        """r(chosen) - r(rejected) of pairs under the model as it is now, (n,) float32.

        With `as_published`, dropout is on, as in the authors' evaluation.
        """
        rows = list(self._prepare_dataset(dataset, self.processing_class, self.args, "eval"))
        both = [encoded(row, side) for side in SIDES for row in rows]
        rewards = rewards_of(self.model, both, accelerator=self.accelerator, dropout=self.args.as_published)
        return rewards[: len(rows)] - rewards[len(rows) :]

    def evaluate(self, eval_dataset=None, ignore_keys=None, metric_key_prefix="eval"):
        """Metrics over all pairs, not the mean of batch means; several data sets are reported by name."""
        dataset = self.eval_dataset if eval_dataset is None else eval_dataset
        if isinstance(dataset, str):
            dataset, metric_key_prefix = self.eval_dataset[dataset], f"{metric_key_prefix}_{dataset}"
        if dataset is None:
            raise InputError("there are no pairs to evaluate on. Give eval_dataset to the trainer or to evaluate().")
        if isinstance(dataset, dict):
            parts = [self.evaluate(part, ignore_keys, f"{metric_key_prefix}_{name}") for name, part in dataset.items()]
            return {name: value for part in parts for name, value in part.items()}
        margins = self.margins(dataset)
        known = (
            np.array(self._with_margins(dataset)[REFERENCE_MARGIN])
            if REFERENCE_MARGIN in dataset.column_names
            else None
        )
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in subset_metrics(margins, known).items()}
        was_training = self.model.training
        self.model.eval()  # TRL's log takes a model in training for a training log
        parts = [*self.eval_dataset.values()] if isinstance(self.eval_dataset, dict) else [self.eval_dataset]
        own = metric_key_prefix.startswith("eval") and any(dataset is part for part in parts)
        with self.last_figures.telling(again=own):
            self.log(dict(metrics))
        self.model.train(was_training)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def train(self, resume_from_checkpoint=None, **others):
        """As TRL's; goes on from a checkpoint only if all its files are as they were written."""
        asked = resume_from_checkpoint if resume_from_checkpoint is not None else self.args.resume_from_checkpoint
        return super().train(resume_from_checkpoint=to_resume(asked, Path(self.args.output_dir)), **others)

    def training_step(self, *args, **kwargs):
        """As TRL's; the number of tokens goes on where a resumed training had stopped."""
        if not self._total_train_tokens:
            self._total_train_tokens = self.state.num_input_tokens_seen
        return super().training_step(*args, **kwargs)

    def _save_checkpoint(self, model, trial):
        self._check_finite()
        self.state.num_input_tokens_seen = self._total_train_tokens
        super()._save_checkpoint(model, trial)
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            seal(Path(self._get_output_dir(trial=trial)) / f"checkpoint-{self.state.global_step}")

    def save_model(self, output_dir=None, _internal_call=False):
        """As TRL's; weights that are not finite are never written."""
        self._check_finite()
        super().save_model(output_dir, _internal_call)

    def _check_finite(self) -> None:
        for name, weight in self.model.named_parameters():
            if weight.requires_grad and not torch.isfinite(weight).all():
                raise InputError(
                    f"the weight {name} is not finite after step {self.state.global_step}, so nothing is saved. Lower "
                    "the learning rate, or train in float32; checkpoints before this step are intact."
                )
