"""Every setting of an experiment: its meaning, unit, default and bounds, in one place.

The command line, the forms of the app and the saved `config.json` are all made from these
frozen classes, so a default is written once. Nothing here knows about data, torch or pages.
"""

from scpo.config.data import DATASETS, DEMO_WORLDS, NAME_LENGTH, PLAIN, PRISM_SIZED, SPLITS, SURVEYS, DataConfig
from scpo.config.experiment import ENCODERS_NOTE, PARTS, ExperimentConfig, local_path
from scpo.config.finetune import FinetuneConfig
from scpo.config.setting import KINDS, LARGEST, REPEATED, check_bounds, flag, setting

__all__ = [
    "DATASETS",
    "DEMO_WORLDS",
    "ENCODERS_NOTE",
    "KINDS",
    "LARGEST",
    "NAME_LENGTH",
    "PARTS",
    "PLAIN",
    "PRISM_SIZED",
    "REPEATED",
    "SPLITS",
    "SURVEYS",
    "DataConfig",
    "ExperimentConfig",
    "FinetuneConfig",
    "check_bounds",
    "flag",
    "local_path",
    "setting",
]
