"""What judges from outside said on a run's test pairs: `judges/NAME.json` of its folder, written and read.

A judge is any reward model, or a language model that was asked for scores. Its file appears whole or not at all; no
other file of the run is touched.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from scpo.config.judge_names import NAME, check_name
from scpo.errors import ConfigError, RunFolderError
from scpo.runs import read_json, read_table
from scpo.runs.files import write_json

FOLDER = "judges"
TABLES = ("accuracy", "paired", "bias")
BROUGHT = "brought: "
SIGNS = "-0+?"  # what a judge said of a pair, as letters of its file: from -1 on, and that it has no score
UNSCORED = 2


@dataclass(frozen=True)
class Judge:
    """One judge beside a run.

    about   name, source, texts, matched, left_out, rows (of a file) or cut and longest (of a model), countries (country
            -> pairs with scores, all test pairs), unread (countries), content_hash; plain values
    tables  accuracy, paired, bias: as of a run, on the pairs that have scores, with the judge as a method of its own
    signs   country -> of each test pair 1 where it is right, -1 wrong, 0 a tie, UNSCORED (n,); none in older files
    """

    about: dict
    tables: dict[str, pd.DataFrame]
    signs: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """What it is called among the methods."""
        return brought(self.about["name"])


def brought(name: str) -> str:
    """What a judge is called among the methods."""
    return f"{BROUGHT}{name}"


def judge_file(folder: Path, name: str) -> Path:
    return folder / FOLDER / f"{check_name(name)}.json"


def write_judge(folder: Path, judge: Judge, replace: bool = False) -> Path:
    """Keep a judge beside a run. Raises `ConfigError` if one of its name is there already, unless `replace`."""
    path = judge_file(folder, judge.about["name"])
    if path.exists() and not replace:
        raise ConfigError(
            f"{folder.name} has scores of {judge.about['name']!r} already; give another name, or replace them."
        )
    path.parent.mkdir(exist_ok=True)
    signs = {country: "".join(SIGNS[sign + 1] for sign in said) for country, said in judge.signs.items()}
    write_json(path, {"about": judge.about, "tables": judge.tables, "signs": signs})
    return path


def remove_judge(folder: Path, name: str) -> None:
    """Take a judge away from a run; no error if it is gone already."""
    judge_file(folder, name).unlink(missing_ok=True)


def read_judges(folder: Path) -> list[Judge]:
    """Every judge beside a run, by name. Raises `RunFolderError` for a file that cannot be read."""
    return [_read(path) for path in sorted((folder / FOLDER).glob("*.json"))]


def _read(path: Path) -> Judge:
    said = read_json(path)
    about, tables = (said.get(part) if isinstance(said, dict) else None for part in ("about", "tables"))
    if isinstance(about, dict) and isinstance(tables, dict) and {*TABLES} <= {*tables}:
        # The name becomes a file's in an archive, and stands in charts: one that was altered is none of ours.
        name = about.get("name")
        if isinstance(name, str) and NAME.fullmatch(name):
            return Judge(about, {table: read_table(tables[table], path) for table in TABLES}, _signs(said))
    raise RunFolderError(f"{path} holds no judge of a run. Delete the file, and bring the scores again.")


def _signs(said: dict) -> dict[str, np.ndarray]:
    """What a judge said pair by pair; nothing of a file that an older version wrote, or that was altered."""
    signs = said.get("signs")
    if not isinstance(signs, dict) or any(not isinstance(of, str) or set(of) - set(SIGNS) for of in signs.values()):
        return {}
    return {str(country): np.array([SIGNS.index(sign) - 1 for sign in of], np.int8) for country, of in signs.items()}
