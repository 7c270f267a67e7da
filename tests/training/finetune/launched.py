"""What each process of `accelerate launch` or `torchrun` does in the tests; the first writes what came out.

arguments: `train` or `cut`, model folder, output folder, pairs per process in a batch
"""

import json
import sys
from pathlib import Path

import torch
from datasets import Dataset
from test_trainer import config, loaded, rows

from scpo.training.finetune.formats import InputFormat
from scpo.training.finetune.scoring import score
from scpo.training.finetune.trainer import SCPOTrainer

what, folder, out, batch = sys.argv[1:5]
model, tokenizer = loaded(folder)
pairs = Dataset.from_list(rows())
if what == "train":
    settings = config(
        Path(out), method="scpo", per_device_train_batch_size=int(batch), max_steps=3,
        train_sampling_strategy="sequential",
    )  # fmt: skip
    trainer = SCPOTrainer(
        model, settings, processing_class=tokenizer, train_dataset=pairs,
        eval_dataset=Dataset.from_list(rows(11, seed=1)),
    )  # fmt: skip
    trainer.train()
    found = {"metrics": trainer.evaluate(), "selection": trainer.selection,
             "losses": [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]}  # fmt: skip
    trainer.save_model(str(Path(out) / "final"))
    accelerator = trainer.accelerator
else:  # a model cut over the processes, as FSDP does; every call needs all of them
    from accelerate import Accelerator
    from torch.distributed.fsdp import fully_shard

    accelerator = Accelerator(cpu=True)
    model.to(torch.float32)
    fully_shard(model)
    texts = [(row["prompt"], row[side]) for row in rows() for side in ("chosen", "rejected")]
    rewards = score(model, InputFormat(tokenizer, 64), texts, accelerator=accelerator, tokens_per_batch=48)
    found = {"rewards": rewards.tolist()}
if accelerator.is_main_process:
    Path(out, "found.json").write_text(json.dumps(found | {"processes": accelerator.num_processes}))
if torch.distributed.is_initialized():
    torch.distributed.destroy_process_group()
