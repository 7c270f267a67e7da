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
from datasets import Dataset
from transformers import AutoTokenizer
from trl import RewardConfig, RewardTrainer

from scpo.errors import ConfigError, InputError
from scpo.selection import select
from scpo.training.finetune.formats import Encoded, InputFormat
from scpo.training.finetune.scoring import padded, score

METHODS = ("full", "filter", "weight", "scpo", "inverse")
REFERENCE_MARGIN = "reference_margin"  # column: margin of the starting model, which names the subsets
KEPT = ["chosen_ids", "rejected_ids", "chosen_segments", "rejected_segments", "margin", "weight", REFERENCE_MARGIN]


@dataclass
class SCPOConfig(RewardConfig):
    """TRL's `RewardConfig` with the settings of SCPO (arXiv 2606.18606, section 3)."""

    method: str = field(default="scpo", metadata={"help": f"one of {', '.join(METHODS)}"})
    tau: float = field(default=0.7, metadata={"help": "keep a pair if the starting model's probability is below it"})
    beta: float = field(default=1.1, metadata={"help": "a pair with margin m < 0 weighs exp(m / beta)"})
    as_published: bool = field(
        default=False, metadata={"help": "train on 'prompt [SEP] response' as the authors' code does, for comparison"}
    )
    score_cache: str | None = field(default=None, metadata={"help": "folder of the starting model's rewards"})
    logging_nan_inf_filter: bool = field(default=False, metadata={"help": "a loss that is not finite must be seen"})

    def __post_init__(self):
        if self.method not in METHODS:
            raise ConfigError(f"method is {self.method!r}; needed: one of {', '.join(METHODS)}.")
        if not 0 < self.tau <= 1:
            raise ConfigError(f"tau is {self.tau}; it is a probability above 0 and at most 1.")
        if not self.beta > 0:
            raise ConfigError(f"beta is {self.beta}; it must be above 0.")
        if not torch.cuda.is_available():
            self.bf16 = bool(self.bf16) and not self.use_cpu and torch.backends.mps.is_available()
        super().__post_init__()


class SCPOTrainer(RewardTrainer):
    """See the module. Takes what `RewardTrainer` takes; `args` is an `SCPOConfig`.

    Attributes: `selection` (dict of what filter and weight did). Raises `ConfigError` for a model with more
    than one label, without a padding token, or with a failing template, and `InputError` if no pair is left
    or a loss is not finite.
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
        self.selection: dict[str, Any] = {}
        others.setdefault("data_collator", SCPOCollator(processing_class.pad_token_id))
        super().__init__(model, args, processing_class=processing_class, **others)
        self.train_dataset = self._selected(self.train_dataset)
        if isinstance(self.eval_dataset, Dataset):
            self.eval_dataset = self._with_margins(self.eval_dataset)

    def _prepare_dataset(self, dataset, processing_class, args, dataset_name):
        """Token ids in the model's own format; nothing is filtered by length, what is too long is cut."""
        if "chosen_ids" in dataset.column_names:
            return dataset
        return dataset.map(self._tokenized, desc=f"Tokenizing {dataset_name} dataset")

    def _tokenized(self, example: dict) -> dict:
        found = {}
        for side in ("chosen", "rejected"):
            one = self.inputs.encode(*split_prompt(example, side))
            found[f"{side}_ids"] = one.ids
            if one.segments:
                found[f"{side}_segments"] = one.segments
        return found

    def _set_signature_columns_if_needed(self):
        self._signature_columns = KEPT

    def _with_margins(self, dataset: Dataset) -> Dataset:
        """The pairs with the starting model's margin on each."""
        if REFERENCE_MARGIN in dataset.column_names:
            return dataset
        sides = [[split_prompt(row, side) for row in dataset] for side in ("chosen", "rejected")]
        cache = Path(self.args.score_cache) if self.args.score_cache else None
        rewards = score(self.model, self.inputs, sides[0] + sides[1], cache=cache, accelerator=self.accelerator)
        return dataset.add_column(REFERENCE_MARGIN, (rewards[: len(dataset)] - rewards[len(dataset) :]).tolist())

    def _selected(self, dataset: Dataset) -> Dataset:
        """The pairs that the filter keeps, with their weights; a `weight` column given multiplies them."""
        dataset = self._with_margins(dataset)
        margin = np.array(dataset[REFERENCE_MARGIN])
        keep, weight = select(self.args.method, margin, self.args.tau, self.args.beta)
        own = (
            np.array(dataset["weight"], dtype=np.float64) if "weight" in dataset.column_names else np.ones(len(margin))
        )
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
        if "weight" in dataset.column_names:
            dataset = dataset.remove_columns("weight")
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


class SCPOCollator:
    """Chosen ids, then rejected ids, padded to the batch's longest, with weight and margin where given."""

    def __init__(self, pad_token_id: int):
        self._pad = pad_token_id

    def __call__(self, examples: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        both = [
            Encoded(example[f"{side}_ids"], example.get(f"{side}_segments"))
            for side in ("chosen", "rejected") for example in examples
        ]  # fmt: skip
        batch = padded(both, self._pad)
        for name in ("weight", "margin", REFERENCE_MARGIN):
            if name in examples[0]:
                batch[name] = torch.tensor([example[name] for example in examples], dtype=torch.float32)
        return batch


def split_prompt(example: dict, side: str) -> tuple[str, str]:
    """(prompt, response) of one side of a pair in any of TRL's preference formats.

    Explicit prompt: `prompt` with `chosen` and `rejected`, texts or messages. Implicit prompt: messages of
    which the last is the response; or a text that both sides begin with, cut after the last whole word.
    """
    said, prompt = example[side], example.get("prompt")
    if isinstance(said, str):
        if prompt is not None:
            return prompt if isinstance(prompt, str) else _turns(prompt), said
        common = _common_start(example["chosen"], example["rejected"])
        return said[:common], said[common:]
    earlier = [*(prompt or []), *said[:-1]]
    return _turns(earlier), said[-1]["content"]


def _turns(messages: list[dict]) -> str:
    """Earlier turns as one prompt: a single one is its text, several name their roles."""
    if len(messages) == 1:
        return messages[0]["content"]
    return "\n".join(f"{turn['role']}: {turn['content']}" for turn in messages)


def _common_start(one: str, other: str) -> int:
    at = next((k for k, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one[:at].rfind(" ") + 1 if at < max(len(one), len(other)) else at
