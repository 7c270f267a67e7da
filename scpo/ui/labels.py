"""The form's labels of the settings, and messages with these labels for the names of settings. Knows no widgets."""

from __future__ import annotations

import dataclasses
import re

from scpo.config import PARTS, DataConfig, ExperimentConfig, FinetuneConfig
from scpo.grouping import worded
from scpo.methods import METHODS, named

SLOW = 4.0  # times the fit of `shared`, from which a method is called slow
LABELS = {
    "countries": "Countries to steer to",
    "group": "Groups",
    "reference": "Reference countries",
    "tau": "Filter: τ (tau)",
    "beta": "Weight: β (beta)",
    "lr": "Learning rate",
    "seeds": "Seeds",
    "folds": "Folds (1 = one split)",
    "hidden": "Hidden width",
    "budgets": "Budgets: numbers of training pairs",
    "people": "People: numbers of training people, or questions",
    "second_global": "Second global model, as a ruler",
    "methods": "Methods",
    "model": "Reward model",
    "model_lr": "Learning rate",
    "epochs": "Epochs at most (0 = no limit)",
    "lora": "LoRA rank (0 = all weights)",
    "as_published": "As the authors' code does",
    "score_models": "Reward models beside the methods",
    "max_length": "Longest input (tokens)",
}


def label(spec: dataclasses.Field) -> str:
    """A setting in words, with its unit."""
    words, unit = spec.name.replace("_", " ").capitalize(), spec.metadata["measured_in"]
    return worded(LABELS.get(spec.name, "")) or (words if not unit or unit in words.lower() else f"{words} ({unit})")


def in_labels(text: object) -> str:
    """A message with the form's labels for the names of settings: `reference` becomes \"Reference countries\"."""
    specs = {
        spec.name: spec for part in (ExperimentConfig, DataConfig, FinetuneConfig) for spec in dataclasses.fields(part)
    }
    labels = {name: label(spec) for name, spec in specs.items() if name not in PARTS}
    return re.sub(r"`(\w+)`", lambda found: f'"{labels.get(found[1], found[1])}"', str(text))


def with_cost(method: str) -> str:
    """A method's label, and whether it is free or slow to fit."""
    row = METHODS[method]
    slow = row.is_fitted and row.cost >= SLOW
    return named(method) + (" · free" if row.training == "none" else " · slow" if slow else "")
