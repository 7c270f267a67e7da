"""Options of the command line: those that commands share, those made from the settings, and settings made from them."""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from scpo.config import PARTS, REPEATED, DataConfig, ExperimentConfig, FinetuneConfig, flag
from scpo.data.countries import split_names
from scpo.errors import ConfigError
from scpo.grouping import crossed

NAMES = ("countries", "reference")  # settings of countries, whose names may hold a comma
SEVERAL_TIMES = (*NAMES, "group")


def add_settings(parser, config_class: type, only: Collection[str] = (), base: object = None) -> None:
    """One option per setting, or for these only; None means 'not given', so that --config keeps its values.

    base   settings whose values are the defaults; those of the class if None
    """
    for field in dataclasses.fields(config_class):
        if field.name in PARTS or (only and field.name not in only):
            continue
        default = getattr(base, field.name) if base else field.default
        unit = f" [{field.metadata['measured_in']}]" if field.metadata.get("measured_in") else ""
        shown = ",".join(map(str, default)) if isinstance(default, tuple) else default
        help_ = f"{field.metadata['help']}{unit}" + (f" (default: {shown})" if shown != "" else "")
        options: dict[str, Any] = {"dest": field.name, "default": None, "help": help_.replace("%", "%%")}
        if isinstance(default, bool):
            options["action"] = "store_true"
        elif field.name in REPEATED:
            options |= {"action": "append", "help": help_ + "; may be given again"}
            options["metavar"] = "FILE" if field.name == "data_files" else "NAME"
        elif field.name in SEVERAL_TIMES:
            options |= {"action": "append", "metavar": "A,B,...", "help": f"{help_}; may be given again, once for each"}
        elif isinstance(default, tuple):
            options |= {"metavar": "A,B,..."}
        else:
            options |= {"type": type(default), "metavar": type(default).__name__.upper()}
        parser.add_argument(flag(field), **options)


def add_run_folder(parser, which: str = "a finished run") -> None:
    """The argument that names a run; which: what it takes."""
    parser.add_argument("run", metavar="RUN", help=f"the folder of {which}, or its id in the workspace")


def add_model(parser) -> None:
    """The options that name one model of a finished run."""
    add_run_folder(parser)
    parser.add_argument("--country", required=True, help="a country, or group, that the run steered to")
    add_method(parser)


def add_method(parser) -> None:
    """The option that names one of a run's methods, as `scpo.export.huggingface.trained_method` reads it."""
    parser.add_argument("--method", help="a trained method of the run (default: scpo, or the first)")


def add_table_file(parser) -> None:
    """The option that names a file for the table that is shown."""
    parser.add_argument("--out", metavar="FILE", help="also write the table to this csv file")


def _given(args: argparse.Namespace, config_class: type) -> dict:
    """The settings of a class that were given on the command line, in their own types."""
    found = {}
    for field in dataclasses.fields(config_class):
        value = getattr(args, field.name, None)
        if field.name in PARTS or value is None:
            continue
        if field.name in NAMES:
            value = [name for said in value for name in split_names(said)]
        elif field.name == "group":
            value = [name for said in value for part in listed(said, field.name) for name in crossed(part)]
        elif isinstance(field.default, tuple) and field.name not in REPEATED:
            value = listed(value, field.name)
            if field.name in ("budgets", "people"):
                value = [_whole(part, field.name) for part in value]
        found[field.name] = tuple(value) if isinstance(value, list) else value
    return found


def listed(text: str, name: str) -> list[str]:
    """What commas part, without what is empty; a part with a comma or a line break of its own stands in quotes."""
    try:
        parts = next(csv.reader(text.splitlines(keepends=True), skipinitialspace=True), [])
    except csv.Error as error:
        raise ConfigError(
            f"{name} is {text!r}, which is no list ({error}); put a part with commas in quotes."
        ) from None
    return [part.strip() for part in parts if part.strip()]


def _whole(text: str, name: str) -> int:
    try:
        return int(text)
    except ValueError:
        what = "people, such as 1,5,20" if name == "people" else "pairs, such as 50,100,200"
        raise ConfigError(f"{name} has {text!r}; it takes whole numbers of {what}.") from None


def config_of(args: argparse.Namespace, base: ExperimentConfig | None = None) -> ExperimentConfig:
    """The settings given on the command line, over those of --config, or of `base`."""
    base = base or ExperimentConfig()
    if getattr(args, "config", None):
        try:
            base = ExperimentConfig.from_dict(json.loads(Path(args.config).read_bytes()))
        except (OSError, ValueError, AttributeError) as error:
            raise ConfigError(f"--config {args.config} cannot be read as json settings: {error}.") from error
    data = dataclasses.replace(base.data, **_given(args, DataConfig))
    finetune = dataclasses.replace(base.finetune, **_given(args, FinetuneConfig))
    return dataclasses.replace(base, data=data, finetune=finetune, **_given(args, ExperimentConfig))
