"""Steerable Cultural Preference Optimization: reward models that follow one country's taste.

    from scpo import ExperimentConfig, run
    result = run(ExperimentConfig(), "out")

The method is in `scpo.selection`; data comes in through `scpo.data`; torch lives in
`scpo.training` alone and is imported only when `run`, or the trainer for whole reward models
(`SCPOTrainer`, on top of TRL's), is first used.
"""

import importlib

from scpo.config import DataConfig, ExperimentConfig
from scpo.errors import ScpoError

__version__ = "0.1.0"
__all__ = ["DataConfig", "ExperimentConfig", "SCPOConfig", "SCPOTrainer", "ScpoError", "run"]
LAZY = {  # these load torch
    "run": "scpo.training.experiment",
    "SCPOConfig": "scpo.training.finetune.trainer",
    "SCPOTrainer": "scpo.training.finetune.trainer",
}


def __getattr__(name: str):
    if name in LAZY:
        return getattr(importlib.import_module(LAZY[name]), name)
    raise AttributeError(f"module 'scpo' has no attribute {name!r}")
