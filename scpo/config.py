"""Every setting of an experiment: its meaning, unit, default and bounds, in one place.

The command line, the forms of the app and the saved `config.json` are all made from these
frozen classes, so a default is written once. Nothing here knows about data, torch or pages.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scpo.errors import ConfigError
from scpo.methods import METHODS, UNTRAINED

DATASETS = ("demo", "prism", "globalopinionqa", "survey", "file")
SURVEYS = ("globalopinionqa", "survey")  # of one form, read by one loader

SPLITS = ("auto", "user", "prompt", "both")  # what a split goes by


PARTS = ("data", "finetune")  # settings that are groups of settings
REPEATED = ("data_files", "data_names")  # given once per file on the command line

ENCODERS_NOTE = "`minilm` (inside a package, works offline), a hub name, or a local folder"


def setting(default: Any, help: str, *, unit: str = "", low=None, high=None, open_low=False, rare=False):
    """A dataclass field that carries its help text, unit and bounds.

    rare  True: saved only where it differs from its default, so that experiments without it stay what they were
    """
    bounds = {"help": help, "unit": unit, "low": low, "high": high, "open_low": open_low, "rare": rare}
    return field(default=default, metadata=bounds)


KINDS = {"str": str, "bool": bool, "int": int, "float": (int, float)}
NAME_LENGTH = 120  # of a file where it is shown
LARGEST = 1e300  # beyond it, arithmetic would overflow


def _check_kinds(config) -> None:
    """Every value is of its setting's kind: no text for a number, no half steps. Raises `ConfigError`."""
    for spec in dataclasses.fields(config):
        values, several = getattr(config, spec.name), spec.type.startswith("tuple")
        name = spec.type.removeprefix("tuple[").removesuffix(", ...]")
        if name not in KINDS:
            continue  # a group of settings, which checks itself
        good = not several or isinstance(values, tuple)
        for value in values if several and good else (values,):
            good = good and isinstance(value, KINDS[name]) and (name == "bool" or not isinstance(value, bool))
        if not good:
            needed = f"a list, each {name}" if several else name
            raise ConfigError(f"{spec.name} is {values!r:.80}; it must be {needed}: {spec.metadata['help']}.")


def _check_bounds(config) -> None:
    for spec in dataclasses.fields(config):
        check_bounds(spec, getattr(config, spec.name))


def check_bounds(spec: dataclasses.Field, values) -> None:
    """A setting's value, or each of its values, lies within the setting's bounds. Raises `ConfigError`."""
    low, high = spec.metadata.get("low"), spec.metadata.get("high")
    for value in values if isinstance(values, tuple) else (values,):
        if low is None and high is None:
            continue
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        below = low is not None and number and (value < low or (spec.metadata["open_low"] and value == low))
        above = high is not None and number and value > high
        if not number or not abs(value) < LARGEST or below or above:
            left = "(" if spec.metadata["open_low"] or low is None else "["
            span = f"{left}{'-inf' if low is None else low}, {'inf)' if high is None else f'{high}]'}"
            raise ConfigError(
                f"{spec.name} is {value!r:.80}; it must be a number in {span}: {spec.metadata['help']}.", spec.name
            )


def _check_names(names: tuple[str, ...], files: int) -> None:
    """Names that are shown: one per file, a line of plain characters each. Raises `ConfigError`."""
    if names and len(names) != files:
        raise ConfigError(f"data_names has {len(names)}, data_files {files}; name each file once, or none.")
    bad = [name for name in names if not name.strip() or len(name) > NAME_LENGTH or not name.isprintable()]
    if bad:
        raise ConfigError(f"data_names has {bad[0]!r:.80}; it takes up to {NAME_LENGTH} printable characters a name.")


@dataclass(frozen=True)
class DataConfig:
    """Which preference pairs, and how they are split."""

    dataset: str = setting("demo", "which data: " + ", ".join(DATASETS))
    data_files: tuple[str, ...] = setting(
        (), "local files of the data set, or folders of its parts (csv, tsv, jsonl, json or parquet)"
    )
    countries: tuple[str, ...] = setting((), "countries to steer to; none = the data set's default")
    reference: tuple[str, ...] = setting(
        (), "countries whose pooled pairs train the global model; none = the data set's default"
    )
    data_names: tuple[str, ...] = setting(
        (),
        "what each data file is called where it is shown, such as an upload; none = as it lies on the disk",
        rare=True,
    )
    min_gap: float = setting(
        0.02,
        "survey: two options pair when their shares differ by at least this",
        unit="share",
        low=0,
        high=1,
        open_low=True,
    )
    merge_samples: bool = setting(
        False, "survey: merge several samples of a country, such as 'Brazil (Non-national sample)'"
    )
    demo_seed: int = setting(0, "demo: the seed of the simulated world", low=0)
    demo_shift: float = setting(
        1.0,
        "demo: how far countries' tastes lie from the global one; 1 = by 0.8 to 1.7 times its length, 0 = not at all",
        low=0,
        high=100,
        rare=True,
    )
    demo_user_noise: float = setting(
        0.25,
        "demo: standard deviation of a person's taste around their country's, per axis",
        unit="reward",
        low=0,
        high=100,
        rare=True,
    )
    demo_score_noise: float = setting(
        0.8, "demo: standard deviation of the noise in each score", unit="reward", low=0, high=100, rare=True
    )
    demo_extreme_raters: float = setting(
        0.12, "demo: share of people who only give extreme scores", unit="share", low=0, high=1, rare=True
    )
    demo_people: float = setting(
        1.0, "demo: people of each country to steer to, as a multiple of 54 to 86", low=0.5, high=100, rare=True
    )
    demo_reference_people: int = setting(
        320,
        "demo: people of the reference population, whose pairs train the global model",
        unit="people",
        low=10,
        high=100_000,
        rare=True,
    )
    split_seed: int = setting(0, "the seed of the split into train and test", low=0)
    split_by: str = setting(
        "auto",
        "what is never in two parts of the split: auto (a file's own column `split`; else users; else prompts or "
        "questions), user, prompt, or both (pairs of a test user on a training prompt are lost)",
        rare=True,
    )
    test_share: float = setting(
        0.15, "share of users or questions held out for the test", unit="share", low=0, high=0.5, open_low=True
    )
    validation_share: float = setting(
        0.10,
        "share of the training users or questions used for early stopping only",
        unit="share",
        low=0,
        high=0.5,
        open_low=True,
    )
    strict: bool = setting(
        False,
        "files: stop at rows that say nothing, such as an empty answer, and name each; otherwise they are left out and "
        "counted",
        rare=True,
    )
    pairs_per_group: int = setting(
        1000,
        "files: at most so many pairs are made of the answers that one person scored to one prompt, or of a question's "
        "options; of more, so many are drawn",
        unit="pairs",
        low=1,
        high=100_000_000,
        rare=True,
    )
    title: str = setting("", "files: the name of the data, shown wherever its results are", rare=True)
    licence: str = setting("", "files: the licence of the data, such as CC BY-SA 4.0", rare=True)
    citation: str = setting("", "files: how the data is cited", rare=True)
    url: str = setting("", "files: where the data is from", rare=True)

    def __post_init__(self):
        _check_kinds(self)
        if self.dataset not in DATASETS:
            raise ConfigError(f"dataset is {self.dataset!r}; it must be one of {', '.join(DATASETS)}.")
        if self.split_by not in SPLITS:
            raise ConfigError(f"split_by is {self.split_by!r}; it must be one of {', '.join(SPLITS)}.")
        if self.dataset == "demo" and self.data_files:
            raise ConfigError(
                "dataset 'demo' is simulated and takes no data files; drop data_files or name another dataset."
            )
        if self.dataset == "demo" and (self.title or self.licence or self.citation or self.url):
            raise ConfigError("dataset 'demo' is simulated and keeps its name; drop title, licence, citation and url.")
        if self.dataset in ("file", "survey") and not self.data_files:
            raise ConfigError(
                f"dataset {self.dataset!r} needs at least one data file: on the command line --data-file PATH."
            )
        _check_names(self.data_names, len(self.data_files))
        _check_bounds(self)

    @property
    def shown_files(self) -> tuple[str, ...]:
        """The data files by name, for cards and charts; where they lie is nobody else's business."""
        return self.data_names or tuple(Path(name).name for name in self.data_files)


@dataclass(frozen=True)
class FinetuneConfig:
    """Whole reward models instead of heads on a frozen encoder: which model, and how it is trained."""

    model: str = setting(
        "",
        "fine-tune this whole reward model instead of heads: a hub name (owner/model or owner/model@revision), a "
        "local folder, or `minilm` (gets a fresh head); none = heads",
    )
    model_lr: float = setting(1e-5, "fine-tuning: learning rate of AdamW", low=0, high=1, open_low=True)
    epochs: int = setting(
        0, "fine-tuning: stop after so many passes over the pairs; 0 = only after the steps", low=0, high=1000
    )
    max_length: int = setting(
        512,
        "fine-tuning: longest input; what is over is cut from the front of the prompt",
        unit="tokens",
        low=8,
        high=131_072,
    )
    lora: int = setting(0, "fine-tuning: rank of LoRA adapters; 0 = all weights are trained", low=0, high=1024)
    as_published: bool = setting(
        False,
        "fine-tuning: as the authors' code does, to compare with their numbers: train on 'prompt [SEP] response' and "
        "on the validation split too, keep the last step, score trained models with dropout on",
    )

    def __post_init__(self):
        _check_kinds(self)
        _check_bounds(self)

    @property
    def shown(self) -> str:
        """The model's name, without where on this machine a folder of it lies."""
        return Path(self.model).name if Path(self.model).is_absolute() else self.model


@dataclass(frozen=True)
class ExperimentConfig:
    """One experiment: data, methods, and how the reward models are trained."""

    data: DataConfig = DataConfig()
    methods: tuple[str, ...] = setting(tuple(METHODS), "methods to compare: " + ", ".join(METHODS))
    seeds: int = setting(3, "number of seeds; each draws its own nested subsets and batches", low=1, high=1000)
    budgets: tuple[int, ...] = setting(
        (),
        "numbers of training pairs for the efficiency curves; none = spaced automatically; all pairs is always added",
        unit="pairs",
        low=1,
    )
    tau: float = setting(
        0.7,
        "filter threshold: keep a pair if the global model's probability of the choice is below it",
        unit="probability",
        low=0,
        high=1,
        open_low=True,
    )
    beta: float = setting(
        1.10,
        "weight temperature: a pair with margin m < 0 weighs exp(m / beta)",
        unit="reward",
        low=0,
        open_low=True,
    )
    steps: int = setting(300, "training steps of every head", unit="steps", low=1, high=1_000_000)
    batch_size: int = setting(16, "pairs in a batch", unit="pairs", low=1, high=65536)
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
    encoder: str = setting("minilm", "text encoder: " + ENCODERS_NOTE)
    precision: str = setting(
        "auto", "arithmetic of the encoder or model: auto (bf16 where the processor has it), bf16 or fp32"
    )
    hidden: int = setting(0, "width of an MLP head's hidden layer; 0 = a linear head", low=0, high=4096)
    finetune: FinetuneConfig = FinetuneConfig()

    def __post_init__(self):
        _check_kinds(self)
        unknown = [m for m in self.methods if m not in METHODS]
        if unknown or not self.methods:
            raise ConfigError(f"methods has {unknown or 'no entry'}; it takes any of {', '.join(METHODS)}.", "methods")
        if self.precision not in ("auto", "bf16", "fp32"):
            raise ConfigError(f"precision is {self.precision!r}; it must be auto, bf16 or fp32.", "precision")
        if len(set(self.methods)) < len(self.methods):
            raise ConfigError(f"methods names one twice: {', '.join(self.methods)}; name each once.")
        _check_bounds(self)
        if self.finetune.model and self.global_scale != 1:
            raise ConfigError(
                f"global_scale is {self.global_scale}; only heads can be scaled. Leave it at 1 for whole models.",
                "global_scale",
            )
        if self.finetune.model and self.global_model == "others":
            raise ConfigError(
                "global_model 'others' is one global model per country; fine-tuning starts from one for all. Use "
                "'reference', which a model with a reward head of its own does not need.",
                "global_model",
            )

    def as_dict(self) -> dict:
        """Plain values, as written to `config.json`; rare settings, and those of fine-tuning, only where asked for."""
        settings = _without_rare(self) | {"data": _without_rare(self.data)}
        if not self.finetune.model:
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
            data, finetune = (_tuples(saved.get(part, {})) for part in ("data", "finetune"))
            settings = _tuples({k: v for k, v in saved.items() if k not in ("data", "finetune")})
            return cls(data=DataConfig(**data), finetune=FinetuneConfig(**finetune), **settings)
        except TypeError as error:
            raise ConfigError(f"the configuration has a setting this version does not know: {error}") from error

    @property
    def trained(self) -> list[str]:
        """The methods of which models are trained."""
        return [m for m in self.methods if m not in UNTRAINED]

    def located(self) -> ExperimentConfig:
        """The same with local paths made absolute, so that a process of another folder finds them."""
        files = tuple(str(local_path(name).absolute()) for name in self.data.data_files)
        found = {name: _absolute(getattr(self, name)) for name in ("encoder", "global_model")}
        return dataclasses.replace(
            self,
            data=dataclasses.replace(self.data, data_files=files),
            finetune=dataclasses.replace(self.finetune, model=_absolute(self.finetune.model)),
            **found,
        )

    def command(self) -> str:
        """The command line that runs this experiment; settings that have their default are left out."""
        words = ["python", "-m", "scpo", "run"]
        for part in (self.data, self, self.finetune):
            for spec in dataclasses.fields(part):
                value = getattr(part, spec.name)
                if spec.name in PARTS or value == spec.default:
                    continue
                if spec.name in REPEATED:
                    for word in value:
                        words += [f"{flag(spec)}={word}"] if word.startswith("-") else [flag(spec), word]
                elif value is True:
                    words.append(flag(spec))
                else:
                    words += [flag(spec), ",".join(map(_listed, value)) if isinstance(value, tuple) else str(value)]
        return shlex.join(words)

    def digest(self) -> str:
        """A hash of every setting: equal for equal experiments."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()[:16]


def flag(field: dataclasses.Field) -> str:
    """The name of a setting on the command line."""
    name = field.name.removesuffix("s") if field.name in REPEATED else field.name
    return "--" + name.replace("_", "-")


def _listed(value: object) -> str:
    """One of several values on the command line; a name with a comma is in quotes, as in a csv."""
    text = str(value)
    plain = text == text.strip() and not set(text) & set(',"\n\r')
    return text if plain else '"' + text.replace('"', '""') + '"'


def _without_rare(config) -> dict:
    """Settings as plain values, those left out that are rare and have their default."""
    usual = {
        f.name for f in dataclasses.fields(config) if f.metadata.get("rare") and getattr(config, f.name) == f.default
    }
    return {name: value for name, value in dataclasses.asdict(config).items() if name not in usual}


def _tuples(saved: dict) -> dict:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in saved.items()}


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
