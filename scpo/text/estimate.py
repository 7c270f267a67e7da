"""What an experiment will cost, in words."""

from __future__ import annotations

import psutil

from scpo.config import ExperimentConfig
from scpo.estimate import Estimate, seconds_by_method
from scpo.format import duration
from scpo.hub import local_folder
from scpo.methods import UNTRAINED, named


def method_words(config: ExperimentConfig, cost: Estimate) -> str:
    """What each method costs: the seconds of its training, the longest first, and which are free."""
    each = sorted(seconds_by_method(config, cost).items(), key=lambda pair: -pair[1])
    told = [f"{named(method)} {duration(seconds) if seconds >= 1 else 'under 1 s'}" for method, seconds in each]
    free = [named(method) for method in config.methods if method in UNTRAINED]
    parts = [
        f"Training takes, by method: {', '.join(told)}" if told else "",
        f"free: {', '.join(free)}" if free else "",
    ]
    return f"{'; '.join(filter(None, parts))}." if told or free else ""


def time_words(config: ExperimentConfig, cost: Estimate) -> str:
    """Where the time goes, and of which machine that is said."""
    if not config.finetune.model:
        encode = cost.seconds["embed"]
        first = f"{duration(encode)} of it to encode the texts, once" if encode else "its texts are encoded already"
        return f"On two idle cores; {first}."
    if not cost.seconds:
        if local_folder(config.finetune.model):
            return "How long a model of this kind takes is told as soon as it trains."
        return "The model is not on this machine: it is fetched from the hub when the run starts, and told then."
    free = psutil.virtual_memory().available
    short = f" **Only {free / 2**30:.1f} GiB are free**: lower the batch size or the longest input."
    return (
        f"On two idle cores; a GPU is used if there is one. Memory: about {cost.bytes / 2**30:.1f} GiB at its height."
        f"{short if cost.bytes > free else ''}"
    )
