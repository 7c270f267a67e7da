"""What each process of `accelerate launch` or `torchrun` does in the tests; the first writes what came out.

arguments: model folder, pairs per process in a batch, and a folder for each training, whose name says how it goes:
`copied` (every process has the model) or `cut` (FSDP), with `-bf16` trained so. They follow each other in the same
processes, which take much longer to begin than to train.
"""

import json
import os
import sys
from pathlib import Path

import torch
from accelerate import PartialState
from accelerate.state import AcceleratorState, GradientState
from accelerate.utils import DistributedType
from datasets import Dataset
from test_trainer import config, loaded, rows

from scpo.training.finetune.checkpoints import last_whole
from scpo.training.finetune.trainer import SCPOConfig, SCPOTrainer


def settings_of(out: Path, batch: int) -> SCPOConfig:
    """As a process has them that has trained nothing before."""
    how, _, low = out.name.partition("-")
    for state in (AcceleratorState, GradientState, PartialState):
        state._reset_state()
    cut = {
        "ACCELERATE_USE_FSDP": "true",
        "FSDP_VERSION": "2",
        "FSDP_STATE_DICT_TYPE": "FULL_STATE_DICT",
        "ACCELERATE_MIXED_PRECISION": low or "no",
    }
    for name in cut:
        os.environ.pop(name, None)
    os.environ |= cut if how == "cut" else {}
    settings = config(
        out,
        method="scpo",
        per_device_train_batch_size=batch,
        max_steps=3,
        train_sampling_strategy="sequential",
        save_strategy="steps",
        save_steps=2,
        score_cache=str(out / "scores"),
        bf16=bool(low),
        use_cpu=torch.accelerator.is_available(),  # without one, that is found by the settings themselves
    )
    if how == "cut" and settings.device.type == "cpu":
        # torch cuts a model on processors too, accelerate asks for it on GPUs only
        PartialState._shared_state["distributed_type"] = DistributedType.MULTI_GPU
    return settings


def train(folder: str, batch: int, out: Path) -> None:
    """Train, save the model, and leave what came out in `found.json`."""
    model, tokenizer = loaded(folder)
    trainer = SCPOTrainer(
        model,
        settings_of(out, batch),
        processing_class=tokenizer,
        train_dataset=Dataset.from_list(rows()),
        eval_dataset=Dataset.from_list(rows(11, seed=1)),
    )
    trainer.train()
    found = {
        "metrics": trainer.evaluate(),
        "selection": trainer.selection,
        "margins": trainer.margins(trainer.eval_dataset).tolist(),
        "losses": [entry["loss"] for entry in trainer.state.log_history if "loss" in entry],
    }
    trainer.save_model(str(out / "final"))
    if trainer.accelerator.is_main_process:
        found |= {"processes": trainer.accelerator.num_processes, "way": str(trainer.accelerator.distributed_type)}
        found |= {"checkpoint": last_whole(out / "out").name, "weight": type(next(model.parameters())).__name__}
        (out / "found.json").write_text(json.dumps(found))
    torch.distributed.barrier()


for out in sys.argv[3:]:
    train(sys.argv[1], int(sys.argv[2]), Path(out))
# All is written. torch 2.13 now and then aborts while an interpreter ends that has had a process group (a thread of its
# own is destroyed before it is joined), which would be told as a failure of the training.
os._exit(0)
