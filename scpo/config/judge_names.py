"""What a judge from outside may be called, and the names of the reward models that an experiment puts beside itself."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator

from scpo.errors import ConfigError, InputError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,58}[A-Za-z0-9._-]|[A-Za-z0-9]")
SETTING = "score_models"


def check_name(name: str, setting: str = "") -> str:
    """The name of a judge, which its file is called by. Raises `ConfigError` for one that no file may have."""
    if not NAME.fullmatch(name):
        raise ConfigError(
            f"the judge's name is {name!r}; it takes 1 to 60 letters, digits, spaces, dots, dashes and underscores, "
            "the first a letter or digit.",
            setting,
        )
    return name


def own_name(model: str) -> str:
    """What a reward model is called if nobody says: the last part of its folder or hub name, without a revision."""
    place = model if model.startswith(("/", ".", "~")) else model.partition("@")[0]
    return place.rstrip("/").rpartition("/")[2]


def named_models(given: Iterable[str]) -> dict[str, str]:
    """Name -> folder or hub name of reward models, each given so or as NAME=that.

    Raises `ConfigError` for a name that no file may have, and for two alike.
    """
    models: dict[str, str] = {}
    for one in given:
        said, equals, rest = one.partition("=")
        name, model = (said.strip(), rest.strip()) if equals and NAME.fullmatch(said.strip()) else (own_name(one), one)
        if not model:
            raise ConfigError(f"{SETTING} has {one!r}, which names no model: give NAME=FOLDER.", SETTING)
        if name in models:
            raise ConfigError(f"{SETTING} has two models called {name!r}; give each a name: NAME=FOLDER.", SETTING)
        try:
            models[check_name(name, SETTING)] = model
        except ConfigError as error:
            raise ConfigError(f"{SETTING} has {one!r}: {error} Give one: NAME=FOLDER.", SETTING) from None
    return models


@contextlib.contextmanager
def told_by_name(name: str) -> Iterator[None]:
    """What is wrong with a score model is told by the name that it has here: a `ConfigError` for an `InputError`."""
    try:
        yield
    except InputError as error:
        raise ConfigError(f"the score model {name!r} cannot be used: {error}", SETTING) from error
