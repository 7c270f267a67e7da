"""The figures of a finished model are in the run of its tracker, and nothing is logged to a second one."""

import pytest
from datasets import Dataset
from models import tiny_model
from test_trainer import config, loaded, rows
from transformers import TrainerCallback

from scpo.training.finetune.trainer import SCPOTrainer

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated.*:FutureWarning", "ignore:.*pin_memory.*:UserWarning")


class MLflowCallback(TrainerCallback):
    """As those of trackers that close their run when training ends: what is logged later opens another one."""

    def __init__(self):
        self.runs, self.open = [], False

    def on_train_begin(self, args, state, control, **others):
        self.runs.append({"parameters": args.learning_rate})
        self.open = True

    def on_log(self, args, state, control, logs=None, **others):
        if not self.open:
            self.runs.append({})
            self.open = True
        self.runs[-1].update(logs)

    def on_train_end(self, args, state, control, **others):
        self.open = False


@pytest.fixture
def folder(tmp_path):
    return tiny_model(tmp_path / "model")


def trainer_with(tracker, folder, data=None, **settings):
    model, tokenizer = loaded(folder)
    return SCPOTrainer(
        model,
        config(folder, **settings),
        processing_class=tokenizer,
        train_dataset=Dataset.from_list(rows()),
        eval_dataset=data or Dataset.from_list(rows(10, seed=1)),
        callbacks=[tracker],
    )


def judged(trainer):
    return sum("eval_accuracy" in entry for entry in trainer.state.log_history)


def test_the_last_figures_are_in_the_one_run_with_its_parameters(folder):
    tracker = MLflowCallback()
    trainer = trainer_with(tracker, folder)
    trainer.train()
    assert len(tracker.runs) == 1 and not tracker.open and tracker.runs[0]["parameters"] == 1e-3
    found = trainer.evaluate()
    assert len(tracker.runs) == 1 and {name: tracker.runs[0][name] for name in found} == found
    assert judged(trainer) == 2, "asked for again, they are given back and kept"


def test_parts_of_the_evaluation_pairs_are_there_by_name(folder):
    tracker = MLflowCallback()
    data = {name: Dataset.from_list(rows(10, seed=seed)) for seed, name in enumerate("ab", 1)}
    trainer = trainer_with(tracker, folder, data)
    trainer.train()
    trainer.evaluate("a")
    trainer.evaluate()
    assert len(tracker.runs) == 1 and {"eval_a_accuracy", "eval_b_accuracy"} <= set(tracker.runs[0])


def test_other_pairs_judged_afterwards_are_given_back_and_told(folder, caplog):
    tracker = MLflowCallback()
    trainer = trainer_with(tracker, folder)
    trainer.train()
    found = trainer.evaluate(Dataset.from_list(rows(7, seed=2)), metric_key_prefix="test")
    assert found["test_n"] == 7 and len(tracker.runs) == 1 and "Name the pairs in eval_dataset" in caplog.text
    assert tracker in trainer.callback_handler.callbacks, "a second training is told to it"
    trainer.train()
    assert len(tracker.runs) == 2 and "eval_accuracy" in tracker.runs[1]


def test_a_model_that_is_judged_at_its_last_step_is_not_judged_twice(folder):
    trainer = trainer_with(MLflowCallback(), folder, eval_strategy="steps", eval_steps=3)
    trainer.train()
    assert judged(trainer) == 2, "at steps 3 and 6"
    without = trainer_with(MLflowCallback(), folder, last_evaluation=False)
    without.train()
    assert judged(without) == 0


def test_the_best_model_is_judged_when_it_is_what_the_training_ends_with(folder):
    class Better(TrainerCallback):
        def on_step_end(self, args, state, control, **others):
            if state.global_step == 3:  # what comes after is worse
                for group in others["optimizer"].param_groups:
                    group["lr"] = 5.0

    tracker = MLflowCallback()
    trainer = trainer_with(
        tracker,
        folder,
        eval_strategy="steps",
        eval_steps=3,
        save_strategy="steps",
        save_steps=3,
        load_best_model_at_end=True,
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        lr_scheduler_type="constant",
    )
    trainer.add_callback(Better())
    trainer.train()
    assert trainer.state.best_global_step == 3
    assert tracker.runs[0]["eval_loss"] == trainer.state.best_metric and judged(trainer) == 3
