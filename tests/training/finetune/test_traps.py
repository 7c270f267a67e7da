"""Traps of training reward models with TRL, transformers and peft, each seen to be closed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from datasets import Dataset
from models import tiny_model
from peft import LoraConfig, PeftModel
from test_trainer import config, loaded, losses, rows, trained
from transformers import TrainerCallback

from scpo.errors import ConfigError, InputError
from scpo.training.finetune.checkpoints import is_whole, last_whole
from scpo.training.finetune.formats import InputFormat
from scpo.training.finetune.scoring import score
from scpo.training.finetune.trainer import SCPOConfig, SCPOTrainer
from scpo.training.reward_model import assemble

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated.*:FutureWarning", "ignore:.*pin_memory.*:UserWarning")
HERE = Path(__file__).parent


@pytest.fixture
def folder(tmp_path):
    return tiny_model(tmp_path / "model")


def trainer_of(folder, data=None, given=None, **settings):
    model, tokenizer = loaded(folder)
    return SCPOTrainer(
        model,
        given or config(folder, **settings),
        processing_class=tokenizer,
        train_dataset=Dataset.from_list(data or rows()),
        eval_dataset=Dataset.from_list(rows(10, seed=1)),
    )


def test_the_default_settings_work_on_a_machine_without_a_gpu(folder):
    """TRL's own ask for bfloat16 and checkpointing of activations, and raise."""
    given = SCPOConfig(str(folder / "out"), max_steps=1, report_to=[], disable_tqdm=True)
    assert given.logging_nan_inf_filter is False
    trainer_of(folder, given=given).train()


def test_an_input_longer_than_the_model_is_cut_and_not_dropped(folder):
    data = [row | {"chosen": " ".join(["w1"] * 300)} for row in rows()]  # the model has 64 positions
    trainer = trainer_of(folder, data, method="full", max_steps=2)
    assert len(trainer.train_dataset) == len(data)
    assert max(map(len, trainer.train_dataset["chosen_ids"])) == 64
    trainer.train()


def test_a_tokenizer_without_an_end_token_gets_no_doubled_separator(folder):
    trainer = trainer_of(folder)
    ids, sep = trainer.train_dataset[0]["chosen_ids"], trainer.processing_class.sep_token_id
    assert trainer.processing_class.eos_token is None and ids.count(sep) == 2 and ids[-2] != sep


def test_accuracy_is_over_pairs_and_not_a_mean_of_batch_means(folder):
    trainer = trainer_of(folder, per_device_eval_batch_size=4)
    found = trainer.evaluate()
    margins = trainer.margins(trainer.eval_dataset)
    known = np.array(trainer.eval_dataset["reference_margin"])
    assert found["eval_accuracy"] == (margins > 0).mean() and found["eval_n"] == 10
    assert found["eval_distinct_n"] + found["eval_consensus_n"] == 10
    assert found["eval_distinct_accuracy"] == (margins > 0)[known < 0].mean() == 0, "nothing is trained yet"
    assert found["eval_loss"] == pytest.approx(np.log1p(np.exp(-margins)).mean(), rel=1e-5)


def test_metrics_of_the_subsets_reach_callbacks_and_trackers(folder):
    class Tracker(TrainerCallback):
        seen, judged = [], []

        def on_log(self, args, state, control, logs=None, **others):
            self.seen.append(dict(logs))

        def on_evaluate(self, args, state, control, metrics=None, **others):
            self.judged.append(dict(metrics))

    trainer = trainer_of(folder, eval_strategy="steps", eval_steps=2, max_steps=4)
    trainer.add_callback(Tracker())
    trainer.train()
    logged = [entry for entry in Tracker.seen if "eval_distinct_accuracy" in entry]
    assert len(logged) == len(Tracker.judged) == 2 and {"eval_consensus_loss", "eval_n"} <= set(logged[0])
    assert any("loss" in entry for entry in Tracker.seen), "training losses are logged apart"


def test_weights_that_are_not_finite_are_never_saved(folder, tmp_path):
    trainer = trainer_of(folder)
    with torch.no_grad():
        trainer.model.classifier.weight[0, 0] = float("nan")
    with pytest.raises(InputError, match="classifier.weight is not finite"):
        trainer.save_model(str(tmp_path / "saved"))
    assert not (tmp_path / "saved").exists()


@pytest.fixture
def stopped(folder):
    """A training with checkpoints at steps 2 and 4 of 6, and its weights at the end."""
    whole = trained(folder, save_strategy="steps", save_steps=2, save_total_limit=5)
    shutil.rmtree(folder / "out" / "checkpoint-6")
    return whole


def test_a_resumed_training_goes_on_counting_tokens(folder, stopped):
    again = trainer_of(folder)
    again.train(resume_from_checkpoint=True)
    tokens = [entry["num_tokens"] for entry in again.state.log_history if "num_tokens" in entry]
    assert tokens == [entry["num_tokens"] for entry in stopped.state.log_history if "num_tokens" in entry]


@pytest.mark.parametrize("how", ["cut", "lost", "changed", "unsealed"])
@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.pt", "trainer_state.json"])
def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(folder, stopped, name, how):
    """transformers would raise, or go on with a fresh optimiser."""
    latest = folder / "out" / "checkpoint-4"
    path = latest / ("files.json" if how == "unsealed" else name)
    content = path.read_bytes()
    if how in ("lost", "unsealed"):
        path.unlink()
    else:
        path.write_bytes(content[: len(content) // 2] if how == "cut" else content[:-1] + bytes([content[-1] ^ 1]))
    assert not is_whole(latest) and last_whole(folder / "out").name == "checkpoint-2"
    again = trainer_of(folder)
    with pytest.raises(InputError, match="not a whole checkpoint"):
        again.train(resume_from_checkpoint=str(latest))
    again.train(resume_from_checkpoint=True)
    for one, other in zip(stopped.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(one, other)


def test_resuming_without_a_checkpoint_begins(folder):
    trainer = trainer_of(folder, max_steps=1)
    trainer.train(resume_from_checkpoint=True)
    assert trainer.state.global_step == 1


def test_adapters_that_leave_the_head_untrained_are_refused(folder):
    model, tokenizer = loaded(folder)
    with pytest.raises(ConfigError, match=r"leave classifier untrained.*SEQ_CLS"):
        SCPOTrainer(
            model,
            config(folder),
            processing_class=tokenizer,
            train_dataset=Dataset.from_list(rows()),
            peft_config=LoraConfig(target_modules=["query"], modules_to_save=["score"]),
        )


def test_adapters_are_refused_where_the_head_is_no_layer(folder, tmp_path):
    """An export of encoder and head keeps it in one parameter; modules_to_save takes that name and does nothing."""
    from transformers import AutoModel

    AutoModel.from_pretrained(folder, add_pooling_layer=False).save_pretrained(tmp_path / "encoder")
    loaded(folder)[1].save_pretrained(tmp_path / "encoder")
    for modules in (None, ["theta"]):
        model, tokenizer = assemble(tmp_path / "encoder", torch.ones(32), 0, torch.zeros(16))
        with pytest.raises(ConfigError, match="head in theta, which is no module.*`lora` 0"):
            SCPOTrainer(
                model,
                config(tmp_path),
                processing_class=tokenizer,
                train_dataset=Dataset.from_list(rows()),
                peft_config=LoraConfig(task_type="SEQ_CLS", target_modules=["query"], modules_to_save=modules),
            )


def test_adapters_with_their_head_survive_saving(folder, tmp_path):
    model, tokenizer = loaded(folder)
    trainer = SCPOTrainer(
        model,
        config(folder, learning_rate=1e-2),
        processing_class=tokenizer,
        train_dataset=Dataset.from_list(rows()),
        peft_config=LoraConfig(task_type="SEQ_CLS", target_modules=["query"], modules_to_save=["classifier"]),
    )
    trainer.train()
    trainer.save_model(str(tmp_path / "adapter"))
    again = PeftModel.from_pretrained(loaded(folder)[0], tmp_path / "adapter").eval()
    ids = torch.tensor([trainer.train_dataset[0]["chosen_ids"]])
    with torch.no_grad():
        old = loaded(folder)[0].eval()(ids).logits
        assert torch.equal(trainer.model.eval()(ids).logits, again(ids).logits)
        assert not torch.equal(again(ids).logits, old)


def test_checkpointing_of_activations_changes_no_loss(folder):
    plain = trained(folder, method="full", max_steps=3)
    spared = trained(folder, method="full", max_steps=3, gradient_checkpointing=True)
    assert spared.model.is_activation_checkpointing and losses(spared) == pytest.approx(losses(plain), abs=1e-6)


def test_bfloat16_trains_to_about_the_same_losses(folder):
    plain = trained(folder, method="full", max_steps=3)
    low = trained(folder, method="full", max_steps=3, bf16=True)
    assert low.args.bf16 and losses(low) == pytest.approx(losses(plain), abs=0.02) and losses(low) != losses(plain)


def test_what_trains_in_bfloat16_is_judged_in_float32_before_and_after(folder, tmp_path):
    """accelerate leaves autocast on the forward of the model; rewards of bfloat16 have 8 bits and tie."""
    trainer = trainer_of(folder, bf16=True, learning_rate=1e-2, eval_strategy="steps", eval_steps=3, max_steps=6)
    assert trainer.evaluate()["eval_distinct_accuracy"] == 0, (
        "as it starts, its margins are the ones it was filtered by"
    )
    trainer.train()
    assert "_original_forward" in vars(trainer.model), "accelerate trains it under autocast"
    trainer.save_model(str(tmp_path / "saved"))
    model, tokenizer = loaded(tmp_path / "saved")
    texts = [(row["prompt"], row[side]) for side in ("chosen", "rejected") for row in rows(10, seed=1)]
    chosen, rejected = np.split(score(model, InputFormat(tokenizer, 64), texts), 2)
    margins = trainer.margins(trainer.eval_dataset)
    assert margins == pytest.approx(chosen - rejected, abs=1e-6), "the saved model gives the margins that were judged"
    low = torch.tensor(margins).bfloat16().float().numpy()
    assert not np.isclose(margins, low, rtol=1e-5).all()
    last = [entry for entry in trainer.state.log_history if "eval_loss" in entry][-1]
    assert last["eval_loss"] == pytest.approx(np.log1p(np.exp(rejected - chosen)).mean(), rel=1e-5)


def test_batches_hold_pairs_of_like_length(folder):
    rng = np.random.default_rng(0)

    def said(n):
        return " ".join(f"w{k}" for k in rng.integers(0, 40, n))

    data = [{"prompt": "w1", "chosen": said(n), "rejected": said(n)} for n in rng.permutation([2] * 32 + [40] * 32)]
    grouped = trainer_of(folder, data, method="full", per_device_train_batch_size=8)
    mixed = trainer_of(folder, data, method="full", per_device_train_batch_size=8, train_sampling_strategy="random")
    filled = [
        np.mean([float(b["attention_mask"].float().mean()) for b in t.get_train_dataloader()]) for t in (grouped, mixed)
    ]
    assert filled[0] > 0.85 and filled[0] > filled[1] + 0.1


@pytest.fixture(scope="module")
def launched(tmp_path_factory):
    """Folder of the model, and how -> the folder of what `launched.py` leaves in two processes that train so."""
    base = tmp_path_factory.mktemp("launched")
    folder = tiny_model(base / "model")
    outs = {how: base / how for how in ("copied", "cut", "copied-bf16", "cut-bf16")}
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    root = HERE.parents[2]
    path = f"{root}:{HERE}:{os.environ.get('PYTHONPATH', '')}".rstrip(":")
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    command = [*run, str(HERE / "launched.py"), str(folder), "4", *map(str, outs.values())]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder, outs


def found(out):
    return json.loads((out / "found.json").read_text())


def margins_of_saved(out):
    """Margins of the evaluation's pairs by the model that was saved."""
    model, tokenizer = loaded(out / "final")
    texts = [(row["prompt"], row[side]) for side in ("chosen", "rejected") for row in rows(11, seed=1)]
    chosen, rejected = np.split(score(model, InputFormat(tokenizer, 64), texts), 2)
    return chosen - rejected


@pytest.mark.parametrize("how, way, weight", [("copied", "MULTI_CPU", "Parameter"), ("cut", "FSDP", "DTensor")])
def test_two_processes_train_as_one_with_batches_of_their_sum(how, way, weight, launched, tmp_path):
    """With a copy of the model in each, and with the model cut over both, where every call needs both of them."""
    folder, outs = launched
    out = outs[how]
    alone, both = trained_alone(folder, tmp_path / "one"), found(out)
    assert both["processes"] == 2 and both["way"].endswith(way) and both["weight"] == weight
    assert both["selection"] == alone["selection"] and both["checkpoint"] == "checkpoint-3"
    assert both["losses"] == pytest.approx(alone["losses"], abs=1e-6)
    assert both["metrics"] == pytest.approx(alone["metrics"], abs=1e-5)
    assert margins_of_saved(out) == pytest.approx(alone["margins"], abs=1e-4), "what is saved is the whole model"
    assert len(list((out / "scores").iterdir())) == 2, "scores of the training and evaluation pairs"


@pytest.mark.parametrize("how", ["copied-bf16", "cut-bf16"])
def test_two_processes_that_train_in_bfloat16_judge_in_float32(how, launched):
    """FSDP would give bfloat16 weights to every forward, also where pairs are judged."""
    _, outs = launched
    plain, low = found(outs[how.removesuffix("-bf16")]), found(outs[how])
    assert low["losses"] != plain["losses"] and low["losses"] == pytest.approx(plain["losses"], abs=0.02)
    assert low["margins"] == pytest.approx(margins_of_saved(outs[how]), abs=1e-5)


def trained_alone(folder, out):
    trainer = trainer_of(
        folder,
        given=config(
            out, method="scpo", per_device_train_batch_size=8, max_steps=3, train_sampling_strategy="sequential"
        ),
    )
    trainer.eval_dataset = trainer._with_margins(
        trainer._prepare_dataset(Dataset.from_list(rows(11, seed=1)), trainer.processing_class, trainer.args, "eval")
    )
    trainer.train()
    return {
        "losses": losses(trainer),
        "metrics": trainer.evaluate(),
        "selection": trainer.selection,
        "margins": trainer.margins(trainer.eval_dataset),
    }
