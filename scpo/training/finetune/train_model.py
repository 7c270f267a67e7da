"""One model of the plan: trained by `SCPOTrainer`, its best validation step kept (the last, where that is asked for),
its rewards written down.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import PrinterCallback, TrainerCallback

from scpo.config import ExperimentConfig
from scpo.methods import METHODS
from scpo.metrics.outcomes import subset_metrics
from scpo.training.device import fast_bf16
from scpo.training.finetune.checks import head_modules
from scpo.training.finetune.dataset import Texts
from scpo.training.finetune.loading import StartingModel, load_model
from scpo.training.finetune.scoring import rewards_of
from scpo.training.finetune.trained_model import TrainedModel, read_model, write_model
from scpo.training.finetune.trainer import SCPOConfig, SCPOTrainer
from scpo.training.reward_model import RewardModel

LARGE = 1_000_000_000  # parameters from which activations are computed twice to save memory


@dataclass(frozen=True)
class Task:
    """What one model is trained on and asked for.

    train, validation, test  rows of the pair table; weight (n,) of the training pairs
    scored                   rows of the text table whose rewards are wanted
    keep                     keep the weights too, not the rewards alone
    """

    method: str
    seed: int
    train: np.ndarray
    weight: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    scored: np.ndarray
    keep: bool

    def steps(self, config: ExperimentConfig) -> int:
        """Steps that it trains: those asked for, or fewer if the passes over its pairs are limited."""
        return steps_of(config, len(self.train))


def steps_of(config: ExperimentConfig, pairs: int) -> int:
    """Steps on so many pairs: those asked for, or fewer if the passes over them are limited."""
    passes = config.finetune.epochs * -(-pairs // config.batch_size)
    return min(config.steps, passes) if config.finetune.epochs else config.steps


def train_one(
    start: StartingModel,
    config: ExperimentConfig,
    texts: Texts,
    task: Task,
    folder: Path,
    *,
    eval_steps: tuple[int, ...],
    margin: np.ndarray,
    reward: np.ndarray,
    key: str,
    report: Callable[..., None],
) -> TrainedModel:
    """Train one model, or read the one that is done.

    eval_steps  at which it is evaluated, 0 first
    margin      (pairs,) of the global model; reward (texts,) of the model to start from
    key         names the experiment: a folder of another key is not taken
    report      report(step) at every step, report(step, accuracy=...) after an evaluation
    """
    done = read_model(folder, key)
    if done:
        return done
    path = {0: _subsets(texts.margin(task.test, reward), margin[task.test])}
    if not len(task.train):
        return TrainedModel(0, _path(path, eval_steps), _placed(reward[task.scored], task.scored, len(reward)), None)
    work, fresh = folder.with_name(f"{folder.name}.part"), METHODS[task.method].start == "fresh"
    trainer = _trainer(start, config, texts, task, margin, work, EvaluateAtSteps(eval_steps, report))
    first = texts.margin(task.validation, reward)
    if fresh:
        first = trainer.margins(trainer.eval_dataset["validation"])
        path[0] = _subsets(trainer.margins(trainer.eval_dataset["test"]), margin[task.test])
    at_start = subset_metrics(first, None).get("score", 0.0)
    trainer.train(resume_from_checkpoint=True)
    for entry in trainer.state.log_history:
        if "eval_test_accuracy" in entry:
            path[entry["step"]] = [entry[f"eval_test_{part}accuracy"] for part in ("", "distinct_", "consensus_")]
    step = _kept_step(trainer.state, at_start, config.finetune.as_published)
    moved = bool(step) or fresh
    rewards = reward[task.scored]
    if moved:
        torch.manual_seed(task.seed)  # for dropout, where that is asked for
        inputs = [texts.encoded(int(text)) for text in task.scored]
        rewards = rewards_of(trainer.model, inputs, dropout=config.finetune.as_published)
    keep = trainer.model if task.keep and moved else None
    return write_model(
        folder, work, start, keep, key, step, _path(path, eval_steps), _placed(rewards, task.scored, len(reward))
    )


def _trainer(
    start: StartingModel,
    config: ExperimentConfig,
    texts: Texts,
    task: Task,
    margin: np.ndarray,
    work: Path,
    watch: EvaluateAtSteps,
) -> SCPOTrainer:
    """A trainer of its own copy of the starting model, with the checkpoints of a task in `work`."""
    model = load_model(start.folder, start.tokenizer)
    model.name_or_path = start.name  # what adapters say that they belong to
    if METHODS[task.method].start == "fresh":
        fresh_head(model, task.seed)
    trainer = SCPOTrainer(
        model,
        _settings(config, task, work, task.steps(config), model.num_parameters()),
        processing_class=start.tokenizer,
        train_dataset=texts.pairs(task.train, margin, task.weight),
        peft_config=_adapters(config, model),
        eval_dataset={"validation": texts.pairs(task.validation, margin), "test": texts.pairs(task.test, margin)},
        callbacks=[watch],
    )
    trainer.remove_callback(PrinterCallback)  # stdout is for results
    return trainer


def _kept_step(state, at_start: float, last: bool) -> int:
    """The step with the best validation score, 0 where none is above that of the start; or the last, as published."""
    if last:
        return state.global_step
    return state.best_global_step if state.best_metric is not None and state.best_metric > at_start else 0


def computes_in_bf16(config: ExperimentConfig) -> bool:
    """Whether training multiplies in bfloat16: as asked for, `auto` where the device is fast in it."""
    if config.precision != "auto":
        return config.precision == "bf16"
    return fast_bf16()


def fresh_head(model, seed: int) -> None:
    """Give a reward model a head that has learnt nothing."""
    if isinstance(model, RewardModel):
        with torch.no_grad():
            model.theta.copy_(model.shape.fresh(seed + 1))
        return
    with torch.random.fork_rng():
        torch.manual_seed(seed + 1)
        for name in head_modules(model):
            for part in getattr(model, name).modules():
                if hasattr(part, "reset_parameters"):
                    part.reset_parameters()


def _settings(config: ExperimentConfig, task: Task, work: Path, steps: int, parameters: int) -> SCPOConfig:
    whole = config.finetune
    return SCPOConfig(
        str(work),
        method="full",  # the plan has filtered and weighted already
        max_steps=steps,
        per_device_train_batch_size=config.batch_size,
        learning_rate=whole.model_lr,
        max_length=whole.max_length,
        as_published=whole.as_published,
        last_evaluation=False,
        seed=task.seed,
        data_seed=task.seed,
        use_cpu=not torch.cuda.is_available(),
        bf16=computes_in_bf16(config),
        activation_checkpointing=parameters > LARGE,
        eval_strategy="steps",
        eval_steps=steps,
        save_strategy="steps",
        save_steps=steps,
        save_total_limit=1,
        load_best_model_at_end=not whole.as_published,
        metric_for_best_model="eval_validation_score",
        greater_is_better=True,
        logging_steps=10,
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=torch.cuda.is_available(),
    )


def _adapters(config: ExperimentConfig, model):
    """LoRA of the rank asked for on every linear layer of the body, the head trained whole; None = all weights."""
    if not config.finetune.lora:
        return None
    from peft import LoraConfig

    rank = config.finetune.lora
    return LoraConfig(
        task_type="SEQ_CLS",
        r=rank,
        lora_alpha=2 * rank,
        target_modules="all-linear",
        modules_to_save=head_modules(model),
    )


class EvaluateAtSteps(TrainerCallback):
    """Tells of every step, and has the model evaluated and saved at the evaluation steps."""

    def __init__(self, eval_steps: tuple[int, ...], report: Callable[..., None]):
        self._eval_steps, self._report = set(eval_steps), report

    def on_step_end(self, args, state, control, **others):
        self._report(state.global_step)
        if state.global_step in self._eval_steps:
            control.should_evaluate = control.should_save = True
        return control

    def on_evaluate(self, args, state, control, metrics=None, **others):
        if "eval_test_accuracy" in (metrics or {}):
            self._report(state.global_step, accuracy=metrics["eval_test_accuracy"])


def _subsets(margins: np.ndarray, global_margin: np.ndarray) -> list[float]:
    metrics = subset_metrics(margins, global_margin)
    return [metrics[f"{part}accuracy"] for part in ("", "distinct_", "consensus_")]


def _path(values: dict[int, list[float]], eval_steps: tuple[int, ...]) -> np.ndarray:
    """Values at the evaluation steps, (steps, 3); a training that ended earlier stays at its last."""
    return np.array([values[max(step for step in values if step <= asked)] for asked in eval_steps])


def _placed(rewards: np.ndarray, rows: np.ndarray, texts: int) -> np.ndarray:
    placed = np.full(texts, np.nan, np.float32)
    placed[rows] = rewards
    return placed
