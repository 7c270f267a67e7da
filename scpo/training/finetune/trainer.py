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

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate.utils import is_peft_model
from datasets import Dataset
from transformers import AutoTokenizer
from trl import RewardConfig, RewardTrainer

from scpo.errors import ConfigError, InputError
from scpo.selection import select
from scpo.training.finetune.checkpoints import seal, to_resume
from scpo.training.finetune.formats import InputFormat
from scpo.training.finetune.pairs import KEPT, REFERENCE_MARGIN, SIDES, SCPOCollator, columns, encoded, split_prompt
from scpo.training.finetune.scoring import score, score_encoded
from scpo.training.finetune.subsets import subset_metrics

METHODS = ("full", "filter", "weight", "scpo", "inverse")


@dataclass
class SCPOConfig(RewardConfig):
    """TRL's `RewardConfig` with the settings of SCPO (arXiv 2606.18606, section 3).

    bf16 is on where a GPU has it, gradient checkpointing only where asked for.
    """

    method: str = field(default="scpo", metadata={"help": f"one of {', '.join(METHODS)}"})
    tau: float = field(default=0.7, metadata={"help": "keep a pair if the starting model's probability is below it"})
    beta: float = field(default=1.1, metadata={"help": "a pair with margin m < 0 weighs exp(m / beta)"})
    as_published: bool = field(
        default=False,
        metadata={"help": "train on 'prompt [SEP] response' and evaluate with dropout on, as the authors' code does"},
    )
    score_cache: str | None = field(default=None, metadata={"help": "folder of the starting model's rewards"})
    logging_nan_inf_filter: bool = field(default=False, metadata={"help": "a loss that is not finite must be seen"})
    gradient_checkpointing: bool = field(default=False, metadata={"help": "less memory, about a third slower"})
    train_sampling_strategy: str = field(
        default="group_by_length", metadata={"help": "batches of pairs of like length, which carry little padding"}
    )

    def __post_init__(self):
        if self.method not in METHODS:
            raise ConfigError(f"method is {self.method!r}; needed: one of {', '.join(METHODS)}.")
        if not 0 < self.tau <= 1:
            raise ConfigError(f"tau is {self.tau}; it is a probability above 0 and at most 1.")
        if not self.beta > 0:
            raise ConfigError(f"beta is {self.beta}; it must be above 0.")
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

    _tag_names = ["trl", "reward-trainer", "scpo"]

    def __init__(self, model, args: SCPOConfig | None = None, *, processing_class=None, **others):
        args = args or SCPOConfig("scpo-out")
        if not isinstance(model, str) and getattr(model.config, "num_labels", None) != 1:
            raise ConfigError(
                f"the model has {model.config.num_labels} labels; a reward model has one. Load it with num_labels=1."
            )
        if processing_class is None:
            name = model if isinstance(model, str) else model.config._name_or_path
            processing_class = AutoTokenizer.from_pretrained(name, trust_remote_code=False)
        if processing_class.pad_token is None and processing_class.eos_token is not None:
            processing_class.pad_token = processing_class.eos_token
        self._length = min(args.max_length or 512, getattr(processing_class, "model_max_length", None) or 512)
        self.inputs = InputFormat(processing_class, self._length, args.as_published)
        self._scored = InputFormat(processing_class, self._length)  # the authors, too, score pairs as pairs
        self.selection: dict[str, Any] = {}
        others.setdefault("data_collator", SCPOCollator(processing_class.pad_token_id))
        super().__init__(model, args, processing_class=processing_class, **others)
        if is_peft_model(self.model):
            _check_head(self.model)
        self.train_dataset = self._selected(self.train_dataset)
        if isinstance(self.eval_dataset, Dataset):
            self.eval_dataset = self._with_margins(self.eval_dataset)
        elif self.eval_dataset:
            self.eval_dataset = {name: self._with_margins(part) for name, part in self.eval_dataset.items()}

    def _prepare_dataset(self, dataset, processing_class, args, dataset_name):
        """Token ids in the model's own format; nothing is filtered by length, what is too long is cut."""
        if "chosen_ids" in dataset.column_names:
            return dataset
        return dataset.map(self._tokenized, desc=f"Tokenizing {dataset_name} dataset")

    def _tokenized(self, example: dict) -> dict:
        return columns(*(self.inputs.encode(*split_prompt(example, side)) for side in SIDES))

    def _set_signature_columns_if_needed(self):
        self._signature_columns = KEPT

    def _with_margins(self, dataset: Dataset) -> Dataset:
        """The pairs with the starting model's margin on each."""
        if REFERENCE_MARGIN in dataset.column_names:
            return dataset
        sides = [[split_prompt(row, side) for row in dataset] for side in SIDES]
        cache = Path(self.args.score_cache) if self.args.score_cache else None
        rewards = score(self.model, self._scored, sides[0] + sides[1], cache=cache, accelerator=self.accelerator)
        return dataset.add_column(REFERENCE_MARGIN, (rewards[: len(dataset)] - rewards[len(dataset) :]).tolist())

    def _selected(self, dataset: Dataset) -> Dataset:
        """The pairs that the filter keeps, with their weights; a `weight` column given multiplies them."""
        dataset = self._with_margins(dataset)
        margin = np.array(dataset[REFERENCE_MARGIN])
        keep, weight = select(self.args.method, margin, self.args.tau, self.args.beta)
        given = "weight" in dataset.column_names
        own = np.array(dataset["weight"], dtype=np.float64) if given else np.ones(len(margin))
        if not np.isfinite(own).all() or (own < 0).any():
            raise InputError("the column `weight` has values that are not finite and at least 0. Mend these rows.")
        weight = weight * own
        self.selection = {
            "pairs": len(margin), "kept": int(keep.sum()), "disagree": float((margin < 0).mean()),
            "weight_sum": float(weight[keep].sum()),
        }  # fmt: skip
        if not keep.any():
            raise InputError(
                f"of {len(margin)} pairs none has a probability below tau = {self.args.tau} under the starting model: "
                "it agrees with all of them already, and there is nothing to learn. Raise tau, or bring more pairs."
            )
        if self.args.method in ("filter", "scpo") and not (margin < 0).any():
            raise InputError(
                f"none of {len(margin)} pairs is distinct: the starting model prefers the chosen answer in all of "
                "them. Bring pairs on which it is wrong, or train with method='full'."
            )
        dataset = dataset.remove_columns("weight") if given else dataset
        return dataset.add_column("weight", weight.tolist()).select(np.flatnonzero(keep))

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """Mean over the batch of the weighted Bradley-Terry loss; TRL's own where every weight is 1."""
        weight = inputs.pop("weight", None)
        inputs.pop(REFERENCE_MARGIN, None)
        margin = inputs.pop("margin", None)
        base, outputs = super().compute_loss(model, inputs, return_outputs=True, num_items_in_batch=num_items_in_batch)
        chosen, rejected = torch.chunk(outputs.logits.squeeze(-1), chunks=2)
        difference = chosen - rejected if margin is None else chosen - rejected - margin
        losses = -torch.nn.functional.logsigmoid(difference)
        loss = (losses if weight is None else weight.to(losses) * losses).mean()
        if self.args.center_rewards_coefficient is not None:
            loss = loss + self.args.center_rewards_coefficient * torch.mean((chosen + rejected) ** 2)
        if not torch.isfinite(loss):
            raise InputError(
                f"the loss is {loss.item()} at step {self.state.global_step}: the training has diverged or an input is "
                "not finite. Lower the learning rate, or train in float32; checkpoints before this step are intact."
            )
        return (loss, outputs) if return_outputs else loss

    def margins(self, dataset: Dataset) -> np.ndarray:
        """r(chosen) - r(rejected) of pairs under the model as it is now, (n,) float32.

        With `as_published`, dropout is on, as in the authors' evaluation.
        """
        rows = list(self._prepare_dataset(dataset, self.processing_class, self.args, "eval"))
        both = [encoded(row, side) for side in SIDES for row in rows]
        first = {tuple(one.ids): one for one in both}  # a response meets several others
        found = score_encoded(self.model, [*first.values()], self.accelerator, dropout=self.args.as_published)
        reward = dict(zip(first, found, strict=True))
        rewards = np.array([reward[tuple(one.ids)] for one in both], np.float32)
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


def head_modules(model) -> list[str]:
    """Names of the modules of a sequence-classification model that are not its body and have weights."""
    others = [(name, part) for name, part in model.named_children() if name != model.base_model_prefix]
    return [name for name, part in others if next(part.parameters(), None) is not None]


def _check_head(model) -> None:
    """Raise `ConfigError` if adapters leave the head of a model as it was."""
    heads = head_modules(model.get_base_model())
    trained = [name for name, weight in model.named_parameters() if weight.requires_grad]
    idle = [head for head in heads if not any(f".{head}." in name for name in trained)]
    if idle:
        raise ConfigError(
            f"the adapters leave {', '.join(idle)} untrained, and a reward model steers by its head. Give "
            f"LoraConfig(task_type='SEQ_CLS', modules_to_save={heads})."
        )
