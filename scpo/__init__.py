"""Steerable Cultural Preference Optimization: reward models that follow one country's taste.

    from scpo import ExperimentConfig, run
    result = run(ExperimentConfig(), "out")

The method is in `scpo.selection`; data comes in through `scpo.data`; torch lives in
`scpo.training` alone and is imported only when `run` is first used.
"""

from scpo.config import DataConfig, ExperimentConfig
from scpo.errors import ScpoError

__version__ = "0.1.0"
__all__ = ["DataConfig", "ExperimentConfig", "ScpoError", "run"]


def __getattr__(name: str):
    if name == "run":
        from scpo.training.experiment import run

        return run
    raise AttributeError(f"module 'scpo' has no attribute {name!r}")
