"""What every setting has, and what follows from it: checks of kind and bounds, plain values, a command line's words."""

from __future__ import annotations

import dataclasses
from dataclasses import field
from typing import Any

from scpo.errors import ConfigError

REPEATED = ("data_files", "data_names", "score_models")  # given once per file or model on the command line
KINDS: dict[str, tuple[type, ...]] = {"str": (str,), "bool": (bool,), "int": (int,), "float": (int, float)}
LARGEST = 1e300  # beyond it, arithmetic would overflow


def setting(default: Any, help: str, *, measured_in: str = "", low=None, high=None, open_low=False, rare=False):
    """A dataclass field that carries its help text, what it is measured in, and its bounds.

    rare  True: saved only where it differs from its default, so that experiments without it stay what they were
    """
    bounds = {"help": help, "measured_in": measured_in, "low": low, "high": high, "open_low": open_low, "rare": rare}
    return field(default=default, metadata=bounds)


def check_kinds(config) -> None:
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


def check_all_bounds(config) -> None:
    """Every value lies within its setting's bounds. Raises `ConfigError`."""
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


def without_rare(config) -> dict:
    """Settings as plain values, those left out that are rare and have their default."""
    usual = {
        f.name for f in dataclasses.fields(config) if f.metadata.get("rare") and getattr(config, f.name) == f.default
    }
    return {name: value for name, value in dataclasses.asdict(config).items() if name not in usual}


def as_tuples(saved: dict) -> dict:
    """Saved values as settings hold them: json knows lists only."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in saved.items()}


def flag(field: dataclasses.Field) -> str:
    """The name of a setting on the command line."""
    name = field.name.removesuffix("s") if field.name in REPEATED else field.name
    return "--" + name.replace("_", "-")


def listed(value: object) -> str:
    """One of several values on the command line; a name with a comma is in quotes, as in a csv."""
    text = str(value)
    plain = text == text.strip() and not set(text) & set(',"\n\r')
    return text if plain else '"' + text.replace('"', '""') + '"'


def words_of(config) -> list[str]:
    """A command line's words for the settings of a class that differ from their default; groups of settings aside."""
    words = []
    for spec in dataclasses.fields(config):
        value = getattr(config, spec.name)
        if dataclasses.is_dataclass(value) or value == spec.default:
            continue
        if spec.name in REPEATED:
            for word in value:
                words += [f"{flag(spec)}={word}"] if word.startswith("-") else [flag(spec), word]
        elif value is True:
            words.append(flag(spec))
        else:
            words += [flag(spec), ",".join(map(listed, value)) if isinstance(value, tuple) else str(value)]
    return words
