"""The wheel needs what the app and the library need: the packages of requirements.txt, without those of the tests."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAME = re.compile(r"^([A-Za-z0-9._-]+(?:\[[a-z,]+\])?)\s*(==|>=)\s*([0-9][0-9.]*)$")


def named(lines):
    return {name: (sign, number) for name, sign, number in (NAME.match(line).groups() for line in lines)}


PINNED = named(
    line
    for line in (ROOT / "requirements.txt").read_text().partition("\n# its tests")[0].splitlines()
    if line and not line.startswith("#")
)
NEEDED = named(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"])


def test_the_wheel_needs_every_package_of_the_app_and_no_other():
    assert set(NEEDED) == set(PINNED) and len(PINNED) > 15
    assert "sentencepiece" in NEEDED and "pytest" not in NEEDED


@pytest.mark.parametrize("name", PINNED)
def test_the_pinned_version_is_one_that_the_wheel_takes_and_that_is_installed(name):
    sign, least = NEEDED[name]
    numbers = lambda text: [int(part) for part in text.split(".")]  # noqa: E731
    assert PINNED[name][0] == "==" and version(name).startswith(PINNED[name][1])
    assert numbers(least)[: len(numbers(PINNED[name][1]))] <= numbers(PINNED[name][1])
    if sign == "==":
        assert least == PINNED[name][1]
