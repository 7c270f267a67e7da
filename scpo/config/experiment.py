"""Settings of an experiment: data, methods, and how the reward models are trained; saved, read, said as a command."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from scpo.config.data import DataConfig
from scpo.config.finetune import FinetuneConfig
from scpo.config.judge_names import named_models
from scpo.config.setting import as_tuples, check_all_bounds, check_kinds, setting, without_rare, words_of
from scpo.errors import ConfigError
from scpo.methods import DEFAULTS, METHODS, UNTRAINED

PARTS = ("data", "finetune")  # settings that are groups of settings
ENCODERS_NOTE = "`minilm` (inside a package, works offline), a hub name, or a local folder"


@dataclass(frozen=True)
class ExperimentConfig:
    """One experiment: data, methods, and how the reward models are trained."""

    data: DataConfig = DataConfig()
    methods: tuple[str, ...] = setting(DEFAULTS, "methods to compare: " + ", ".join(METHODS))
    seeds: int = setting(3, "number of seeds; each draws its own nested subsets and batches", low=1, high=1000)
    budgets: tuple[int, ...] = setting(
        (),
        "numbers of training pairs for the efficiency curves; none = spaced automatically; all pairs is always added",
        measured_in="pairs",
        low=1,
    )
    tau: float = setting(
        0.7,
        "filter threshold: keep a pair if the global model's probability of the choice is below it",
        measured_in="probability",
        low=0,
        high=1,
        open_low=True,
    )
    beta: float = setting(
        1.10,
        "weight temperature: a pair with margin m < 0 weighs exp(m / beta)",
        measured_in="reward",
        low=0,
        open_low=True,
    )
    steps: int = setting(300, "training steps of every head", measured_in="steps", low=1, high=1_000_000)
    batch_size: int = setting(16, "pairs in a batch", measured_in="pairs", low=1, high=65536)
    lr: float = setting(0.001, "learning rate of Adam", low=0, high=10, open_low=True)
    global_model: str = setting(
        "reference",
        "the global model: `reference` (pooled reference countries), "
        "`others` (all countries but the one evaluated), or a weights file of an earlier run",
    )
    global_scale: float = setting(
        1.0,
        "the global model's rewards are multiplied by this before anything else: above 1 it is surer of itself, below "
        "1 less sure",
        low=0,
        high=1000,
        open_low=True,
        rare=True,
    )
    people: tuple[int, ...] = setting(
        (),
        "numbers of training people (surveys: questions), each with all their pairs, for curves over people, such as "
        "1, 2, 5, 10, 20; everybody is always there",
        measured_in="people",
        low=1,
        rare=True,
    )
    second_global: bool = setting(
        False,
        "train the global model on one half of its people, and a second one on the other half, as a ruler of distinct "
        "and consensus that nothing starts from; surveys: halves of the questions",
        rare=True,
    )
    encoder: str = setting("minilm", "text encoder: " + ENCODERS_NOTE)
    precision: str = setting(
        "auto", "arithmetic of the encoder or model: auto (bf16 where the processor has it), bf16 or fp32"
    )
    hidden: int = setting(0, "width of an MLP head's hidden layer; 0 = a linear head", low=0, high=4096)
    score_models: tuple[str, ...] = setting(
        (),
        "reward models of one label to put beside the methods without training, on the same test pairs: folders or "
        "hub names, or NAME=FOLDER",
        rare=True,
    )
    finetune: FinetuneConfig = FinetuneConfig()

    def __post_init__(self):
        check_kinds(self)
        named_models(self.score_models)
        unknown = [m for m in self.methods if m not in METHODS]
        if unknown or not self.methods:
            raise ConfigError(f"methods has {unknown or 'no entry'}; it takes any of {', '.join(METHODS)}.", "methods")
        if self.precision not in ("auto", "bf16", "fp32"):
            raise ConfigError(f"precision is {self.precision!r}; it must be auto, bf16 or fp32.", "precision")
        if len(set(self.methods)) < len(self.methods):
            raise ConfigError(f"methods names one twice: {', '.join(self.methods)}; name each once.")
        check_all_bounds(self)
        heads_only = [m for m in self.methods if METHODS[m].heads_only]
        if self.finetune.model and heads_only:
            raise ConfigError(
                f"methods has {heads_only}, which train heads on a frozen encoder alone. Leave them out to fine-tune "
                "whole models.",
                "methods",
            )
        if self.second_global and (self.finetune.model or self.global_model not in ("reference", "others")):
            raise ConfigError(
                "second_global trains the global model on one half of its people; it goes with heads whose "
                "global_model is 'reference' or 'others'. Leave it out.",
                "second_global",
            )
        if self.finetune.model and self.global_scale != 1:
            raise ConfigError(
                f"global_scale is {self.global_scale}; only heads can be scaled. Leave it at 1 for whole models.",
                "global_scale",
            )
        if self.finetune.model and self.data.folds > 1:
            raise ConfigError(
                f"folds is {self.data.folds}; only heads are trained anew for every fold. Leave it at 1 for whole "
                "models.",
                "folds",
            )
        if self.finetune.model and self.global_model == "others":
            raise ConfigError(
                "global_model 'others' is one global model per country; fine-tuning starts from one for all. Use "
                "'reference', which a model with a reward head of its own does not need.",
                "global_model",
            )

    def as_dict(self) -> dict:
        """Plain values, as written to `config.json`; rare settings, and those of fine-tuning, only where asked for."""
        settings = without_rare(self) | {"data": self.data.as_dict()}
        if not self.finetune.model and not self.score_models:  # a score model has its longest input there
            del settings["finetune"]
        return settings

    @classmethod
    def from_dict(cls, saved: dict) -> ExperimentConfig:
        """The inverse of `as_dict`. Raises `ConfigError` on a name that no setting has, or a value of another kind."""
        parts = [saved, *(saved.get(name, {}) for name in ("data", "finetune"))] if isinstance(saved, dict) else [saved]
        if not all(isinstance(part, dict) for part in parts):
            raise ConfigError(
                "the configuration is not a json object of settings, or a group of settings in it is not."
            )
        try:
            data, finetune = DataConfig.from_dict(saved.get("data", {})), as_tuples(saved.get("finetune", {}))
            settings = as_tuples({k: v for k, v in saved.items() if k not in ("data", "finetune")})
            return cls(data=data, finetune=FinetuneConfig(**finetune), **settings)
        except TypeError as error:
            raise ConfigError(f"the configuration has a setting this version does not know: {error}") from error

    @property
    def trained(self) -> list[str]:
        """The methods of which models are trained."""
        return [m for m in self.methods if m not in UNTRAINED]

    @property
    def fitted(self) -> list[str]:
        """The methods of which models are fitted at once, not trained step by step."""
        return [m for m in self.methods if METHODS[m].is_fitted]

    @property
    def has_linear_heads(self) -> bool:
        """Whether the models are heads whose weights can be mixed and whose features stay as they are."""
        return not self.finetune.model and not self.hidden

    def located(self) -> ExperimentConfig:
        """The same with local paths made absolute, so that a process of another folder finds them."""
        files = tuple(str(local_path(name).absolute()) for name in self.data.data_files)
        return dataclasses.replace(
            self,
            data=dataclasses.replace(self.data, data_files=files),
            finetune=dataclasses.replace(self.finetune, model=_absolute(self.finetune.model)),
            encoder=_absolute(self.encoder),
            global_model=_absolute(self.global_model),
            score_models=tuple(map(_located_model, self.score_models)),
        )

    def command(self) -> str:
        """The command line that runs this experiment; settings that have their default are left out."""
        words = [word for part in (self.data, self, self.finetune) for word in words_of(part)]
        return shlex.join(["python", "-m", "scpo", "run", *words])

    def digest(self) -> str:
        """A hash of every setting: equal for equal experiments."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()[:16]


def local_path(name: str) -> Path:
    """A path as a user writes it: `~` is the home folder, where there is one of that name."""
    try:
        return Path(name).expanduser()
    except RuntimeError:  # no such user
        return Path(name)


def _absolute(name: str) -> str:
    """A path made absolute if something is there, any other name as it is."""
    path = local_path(name)
    return str(path.absolute()) if name and os.path.exists(path) else name


def _located_model(given: str) -> str:
    """A score model with its folder made absolute; the name that it was given stays."""
    ((name, model),) = named_models([given]).items()
    return _absolute(model) if model == given else f"{name}={_absolute(model)}"
