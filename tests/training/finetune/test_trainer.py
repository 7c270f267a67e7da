"""SCPOTrainer: what TRL's trainer drops or hides stays and is seen; equal to TRL where the weights are 1."""

import numpy as np
import pytest
import torch
from datasets import Dataset
from models import tiny_model
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from trl import RewardTrainer

from scpo.errors import ConfigError, InputError
from scpo.methods import select
from scpo.training.finetune.checks import check_here
from scpo.training.finetune.dataset import KEPT
from scpo.training.finetune.trainer import SCPOConfig, SCPOTrainer

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated.*:FutureWarning", "ignore:.*pin_memory.*:UserWarning")


def rows(n=24, seed=0):
    rng = np.random.default_rng(seed)

    def said(least, most):
        return " ".join(f"w{k}" for k in rng.integers(0, 40, rng.integers(least, most)))

    return [{"prompt": said(2, 8), "chosen": said(1, 8), "rejected": said(1, 8)} for _ in range(n)]


def config(folder, **settings):
    plain = {
        "per_device_train_batch_size": 4,
        "max_steps": 6,
        "logging_steps": 1,
        "report_to": [],
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "save_strategy": "no",
        "disable_tqdm": True,
        "learning_rate": 1e-3,
        "seed": 0,
    }
    return SCPOConfig(str(folder / "out"), **plain | settings)


@pytest.fixture
def folder(tmp_path):
    return tiny_model(tmp_path / "model")


def loaded(folder):
    return AutoModelForSequenceClassification.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)


def trained(folder, data=None, **settings):
    model, tokenizer = loaded(folder)
    trainer = SCPOTrainer(
        model, config(folder, **settings), processing_class=tokenizer, train_dataset=Dataset.from_list(data or rows())
    )
    trainer.train()
    return trainer


def losses(trainer):
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


def test_weights_of_one_give_trls_own_losses(tmp_path):
    folder = tiny_model(tmp_path / "deberta", "deberta")  # TRL's collator has no place for segments
    ours = trained(folder, method="full", train_sampling_strategy="random")
    model, tokenizer = loaded(folder)
    theirs = RewardTrainer(
        model,
        config(folder, train_sampling_strategy="random"),
        processing_class=tokenizer,
        train_dataset=ours.train_dataset.select_columns(["chosen_ids", "rejected_ids"]),
    )
    theirs.train()
    assert losses(ours) == pytest.approx(losses(theirs), abs=1e-6) and len(losses(ours)) == 6


def test_the_filter_and_weights_are_those_of_the_method(folder):
    trainer = trained(folder, method="scpo", tau=0.5)
    full = trained(folder, method="full")
    margin = np.array(full.train_dataset["reference_margin"])
    keep, weight = select("scpo", margin, 0.5, 1.1)
    assert trainer.selection["kept"] == keep.sum() < len(margin)
    assert trainer.train_dataset["weight"] == pytest.approx(weight[keep].tolist())


def test_the_weight_reaches_the_loss(folder):
    data = rows(8)
    plain = trained(folder, data, method="full", max_steps=1, per_device_train_batch_size=8)
    halved = trained(
        folder, [row | {"weight": 0.5} for row in data], method="full", max_steps=1, per_device_train_batch_size=8
    )
    assert losses(halved)[0] == pytest.approx(losses(plain)[0] / 2, rel=1e-5)


def test_margin_and_centring_go_on_working(folder):
    plain = losses(trained(folder, method="full", max_steps=1))[0]
    assert losses(trained(folder, [row | {"margin": 1.0} for row in rows()], method="full", max_steps=1))[0] > plain
    assert losses(trained(folder, method="full", max_steps=1, center_rewards_coefficient=0.5))[0] > plain


def test_every_declared_column_comes_through_the_collator(folder):
    trainer = trained(folder, [row | {"margin": 0.1} for row in rows()], method="full", max_steps=1)
    batch = next(iter(trainer.get_train_dataloader()))
    assert {"input_ids", "attention_mask", "token_type_ids", "weight", "margin"} <= set(batch)
    assert set(trainer._signature_columns) == set(KEPT) and len(batch["input_ids"]) == 8


def test_a_loss_that_is_not_finite_ends_the_training_with_a_message(folder):
    with pytest.raises(InputError, match="Lower the learning rate"):
        trained(folder, [row | {"margin": float("nan")} for row in rows()], method="full")


def test_a_filter_that_leaves_nothing_is_refused(folder):
    with pytest.raises(InputError, match="Raise tau"):
        trained(folder, method="filter", tau=1e-9)


@pytest.mark.parametrize(
    "settings, match", [({"tau": 0}, "tau is 0"), ({"beta": 0}, "beta is 0"), ({"method": "x"}, "method is 'x'")]
)
def test_settings_out_of_range_are_refused_by_name(folder, settings, match):
    with pytest.raises(ConfigError, match=match):
        config(folder, **settings)


def test_two_labels_are_refused(folder):
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=2, ignore_mismatched_sizes=True)
    with pytest.raises(ConfigError, match="2 labels"):
        SCPOTrainer(model, config(folder), processing_class=loaded(folder)[1], train_dataset=Dataset.from_list(rows()))


def test_a_training_that_is_resumed_ends_with_the_same_weights(folder, tmp_path):
    whole = trained(folder, method="scpo", save_strategy="steps", save_steps=3)
    model, tokenizer = loaded(folder)
    again = SCPOTrainer(
        model, config(folder, method="scpo"), processing_class=tokenizer, train_dataset=Dataset.from_list(rows())
    )
    again.train(resume_from_checkpoint=str(folder / "out" / "checkpoint-3"))
    for one, other in zip(whole.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(one, other)


def turns(*said):
    return [{"role": "user" if k % 2 == 0 else "assistant", "content": text} for k, text in enumerate(said)]


def test_conversations_of_several_turns_reach_a_chat_model_turn_by_turn(tmp_path):
    folder = tiny_model(tmp_path / "chat", "chat")
    data = [
        {"chosen": turns("w1", "w2", "w3", row["chosen"]), "rejected": turns("w1", "w2", "w3", row["rejected"])}
        for row in rows(8)
    ]
    trainer = trained(folder, data, method="full", max_steps=1)
    read = trainer.processing_class.decode(trainer.train_dataset[0]["chosen_ids"])
    answer = trainer.train_dataset[0]["chosen"][-1]["content"]
    assert read == f"<user> w1 <end> <assistant> w2 <end> <user> w3 <end> <assistant> {answer} <end>"


def test_pairs_that_are_token_ids_already_are_scored_and_trained_on(folder):
    known = trained(folder, method="scpo")
    ids = known.train_dataset.select_columns(["chosen_ids", "rejected_ids", "chosen_segments", "rejected_segments"])
    again = trained(folder, ids.to_list(), method="scpo", train_sampling_strategy="random", max_steps=1)
    assert again.train_dataset["weight"] == pytest.approx(known.train_dataset["weight"])


def test_a_model_named_by_its_folder_is_checked_before_it_is_loaded(folder, tmp_path):
    def start(name):
        return SCPOTrainer(str(name), config(folder, max_steps=1), train_dataset=Dataset.from_list(rows()))

    start(folder).train()
    loaded(folder)[0].bert.save_pretrained(tmp_path / "body")
    with pytest.raises(ConfigError, match="no reward head.*random"):
        start(tmp_path / "body")
    two = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=2, ignore_mismatched_sizes=True)
    two.save_pretrained(tmp_path / "two")
    with pytest.raises(ConfigError, match="2 labels"):
        start(tmp_path / "two")
    with pytest.raises(ConfigError, match="Bring the model as a local folder"):
        start("no-such-folder")


def test_padding_and_template_that_are_asked_for_are_used(tmp_path):
    folder, template = tiny_model(tmp_path / "chat", "chat"), tmp_path / "own.jinja"
    template.write_text("{% for m in messages %}<{{ m.role }}> {{ m.content }} {% endfor %}")
    trainer = trained(folder, max_steps=1, pad_to_multiple_of=16, chat_template_path=str(template), pad_token="[UNK]")
    row = trainer.train_dataset[0]
    assert trainer.processing_class.decode(row["chosen_ids"]) == f"<user> {row['prompt']} <assistant> {row['chosen']}"
    batch = next(iter(trainer.get_train_dataloader()))["input_ids"]
    assert batch.shape[1] % 16 == 0 and (batch == trainer.processing_class.unk_token_id).any()
    with pytest.raises(ConfigError, match="no file here"):
        trained(folder, chat_template_path="owner/model")


def test_streams_and_models_that_are_elsewhere_are_refused_with_the_remedy(folder):
    model, tokenizer = loaded(folder)
    with pytest.raises(ConfigError, match="streaming=True"):
        SCPOTrainer(
            model,
            config(folder),
            processing_class=tokenizer,
            train_dataset=Dataset.from_list(rows()).to_iterable_dataset(),
        )
    with pytest.raises(ConfigError, match="fsdp_cpu_ram_efficient_loading"):
        check_here(model.to("meta"))
