"""Study folders: what a study measured, world by world, kept so that it can be gone on with and shown.

    study.json     settings, data card, number of worlds; written first
    world-3.csv    every point of one world, or packed as world-3.csv.gz; written whole or not at all
    done.json      written last: a folder without it is unfinished, and what it has so far is shown as that

An interval here is over worlds: the demo world with other tastes, texts and people. A real survey cannot be drawn
again; there, differences are averaged over splits, and the interval is over countries. Knows nothing of torch.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout
from scipy.special import stdtrit

from scpo.config import ExperimentConfig
from scpo.errors import RunFolderError
from scpo.metrics.accuracy import MEAN
from scpo.metrics.intervals import LEVEL
from scpo.metrics.outcomes import SUBSETS
from scpo.runs import workspace
from scpo.runs.files import write_bytes, write_json
from scpo.study.design import ALONG_PAIRS, ALONG_STEPS, BASE, PAIRS_STEPS

SHIPPED = Path(__file__).parent / "finished"
PATIENCE = 1.0  # seconds that a study waits for its lock
CHOSEN, END = "chosen", "end"  # the step that validation pairs chose; the last step
NUMBERS = (*SUBSETS, "step", "kept", "trained", "disagree")
COLUMNS = ["factor", "value", "second", "country", "method", "pairs", "when", *NUMBERS]
FEWEST = 5  # worlds or countries, with fewer of which no interval is given
ALL = 0  # in the column `pairs`: all pairs of a country


@dataclass(frozen=True)
class Study:
    """A study as far as it has come. table: COLUMNS and `world`; unit: what intervals are over."""

    folder: Path
    config: ExperimentConfig
    card: Mapping
    worlds: int
    done: bool
    table: pd.DataFrame

    @property
    def unit(self) -> str:
        return "world" if self.card["simulated"] else "country"

    @property
    def finished_worlds(self) -> int:
        return int(self.table["world"].nunique())

    @property
    def methods(self) -> list[str]:
        """The methods compared, without `global`."""
        return [m for m in self.table["method"].unique() if m != "global"]


def home() -> Path:
    """The folder of studies in the workspace."""
    return workspace() / "studies"


def place_of(config: ExperimentConfig) -> Path:
    """The folder of the workspace in which a study of these settings lies."""
    return home() / f"when-{config.data.dataset}-{config.digest()[:8]}"


def begin(folder: Path, config: ExperimentConfig, card: Mapping, worlds: int, quick: bool) -> None:
    """Make a study folder, or take up one of the same settings that has fewer worlds so far.

    Raises `RunFolderError` for one that has as many already, and for any other folder: nothing is overwritten.
    """
    about = {"config": config.as_dict(), "worlds": worlds, "quick": quick, "card": dict(card)}
    if (folder / "study.json").exists():
        known, done = _json(folder / "study.json"), folder / "done.json"
        if {**known, "worlds": worlds} != json.loads(json.dumps(about)):
            raise RunFolderError(f"{folder} holds a study of other settings or data. Give another --out.")
        if done.exists() and known["worlds"] >= worlds:
            raise RunFolderError(
                f"{folder} holds this study already, of {known['worlds']} worlds. Ask for more worlds."
            )
        done.unlink(missing_ok=True)
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunFolderError(f"{folder} is not empty and is not a study folder. Give another --out.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "study.json", about)
    except OSError as error:
        raise RunFolderError(f"{folder} cannot be written: {error.strerror}. Give another --out.") from error


def has_world(folder: Path, world: int) -> bool:
    """True if a world was measured to its end."""
    return (folder / f"world-{world}.csv").is_file()


def has_begun(folder: Path) -> bool:
    """True for a study folder, finished or not."""
    return (folder / "study.json").is_file()


def worlds_in(folder: Path) -> int:
    """How many worlds are measured."""
    return len(list(folder.glob("world-*.csv*")))


def add_world(folder: Path, world: int, table: pd.DataFrame) -> None:
    """Keep the points of one world."""
    write_bytes(folder / f"world-{world}.csv", table[COLUMNS].to_csv(index=False, float_format="%.7g").encode())


def finish(folder: Path, seconds: float) -> None:
    """Write `done.json`, the last file."""
    write_json(folder / "done.json", {"finished": time.time(), "seconds": seconds})


def studies() -> list[Path]:
    """Study folders of the workspace, the newest first; unfinished ones too."""
    return sorted(_folders(home()), key=lambda p: ((p / "study.json").stat().st_mtime, p.name), reverse=True)


def shipped() -> list[Path]:
    """Finished studies that come with the project."""
    return sorted(_folders(SHIPPED))


def _folders(place: Path) -> list[Path]:
    return [p for p in place.iterdir() if has_begun(p)] if place.is_dir() else []


@contextlib.contextmanager
def measured_here(folder: Path) -> Iterator[None]:
    """Nobody else measures this study meanwhile.

    Waits a moment first, since whoever asks `being_measured` holds the lock too, very shortly.
    Raises `RunFolderError` if somebody does already, or if the place cannot be written to.
    """
    try:
        with _lock(folder, PATIENCE):
            yield
    except Timeout as error:
        raise RunFolderError(f"{folder} is being measured by another process. Wait for it.") from error


def being_measured(folder: Path) -> bool:
    """True while a process measures this study; its end, also by a kill, ends that."""
    try:
        with _lock(folder):
            return False
    except Timeout:
        return True


def _lock(folder: Path, patience: float = 0) -> FileLock:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(str(folder.parent / f".{folder.name}.lock"), timeout=patience)
    except OSError as error:
        raise RunFolderError(f"{folder} cannot be written: {error.strerror}. Give another --out.") from error


def read(folder: Path) -> Study:
    """A study as far as it has come. Raises `RunFolderError` where there is none, or a damaged one."""
    about = _json(folder / "study.json")
    files = sorted(folder.glob("world-*.csv*"))  # those of a shipped study are packed
    try:
        parts = [
            pd.read_csv(p, keep_default_na=False, na_values=[""]).assign(
                world=int(p.name.partition(".")[0].removeprefix("world-"))
            )
            for p in files
        ]
        parts = [part.astype(dict.fromkeys(NUMBERS, float))[[*COLUMNS, "world"]] for part in parts]
        empty = pd.DataFrame(columns=[*COLUMNS, "world"])
        table = pd.concat(parts, ignore_index=True) if parts else empty
        return Study(
            folder,
            ExperimentConfig.from_dict(about["config"]),
            about["card"],
            int(about["worlds"]),
            (folder / "done.json").is_file(),
            table,
        )
    except (KeyError, ValueError, TypeError, OSError) as error:
        raise RunFolderError(f"the study in {folder} is damaged: {error}. Run it again in another folder.") from error


def _json(path: Path) -> dict:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{path} cannot be read: {error}; this is not a study folder.") from error


def compare(study: Study, factor: str, subset: str, when: str, against: str | None = None) -> pd.DataFrame:
    """Accuracy of each method over the values of one factor, or its paired difference from another method.

    subset   full, distinct or consensus, or another of NUMBERS
    against  a method; None = the accuracies themselves

    Columns method, pairs, value, second, estimate, low, high, n: shares, a 95 % t interval over the study's unit
    (worlds, or countries after averaging over splits), and the number of those. NaN below 5 of them.
    """
    rows = study.table[(study.table["factor"] == factor) & (study.table["when"] == when)]
    unit, keys = study.unit, ["pairs", "value", "second"]
    by = rows.groupby(["method", *keys, unit], sort=False, dropna=False)[subset].mean().unstack(unit)
    if against is not None:
        assert isinstance(by.index, pd.MultiIndex)
        base = by.xs(against)
        by = by.sub(base.reindex(by.index.droplevel(0)).to_numpy()).drop(index=against)
    values = by.to_numpy(np.float64)
    low, high = t_interval(values)
    found = by.index.to_frame(index=False)
    return found.assign(estimate=_mean(values), low=low, high=high, n=(~np.isnan(values)).sum(1))


def along(
    study: Study, what: str, subset: str, when: str, pairs: int = ALL, against: str | None = None
) -> pd.DataFrame:
    """`compare` over one axis of `design.ALONG`, with a column `at` of its values as text, in their order.

    pairs   with how many the models were trained; of no meaning over pairs themselves
    """
    inner = what in (ALONG_PAIRS, ALONG_STEPS)
    table = compare(study, PAIRS_STEPS if inner else what, subset, when, against)
    if what == ALONG_PAIRS:
        table = table[table["value"] == study.config.steps]
        order = table["pairs"].replace(ALL, table["pairs"].max() + 1)
        table = table.assign(at=[shown_pairs(n) for n in table["pairs"]], order=order)
    else:
        table = table[table["pairs"] == pairs].assign(at=lambda t: [f"{v:g}" for v in t["value"]], order=table["value"])
    return table.sort_values("order", kind="stable").drop(columns="order").reset_index(drop=True)


def shown_pairs(pairs: int) -> str:
    """A number of pairs in words."""
    return "all" if pairs == ALL else f"{pairs:g}"


def by_country(study: Study, method: str, against: str, when: str, pairs: int = ALL) -> pd.DataFrame:
    """Each country of the first point: columns country, world, disagree, difference (of accuracies).

    disagree    share of its training pairs that the global model gets wrong
    A real survey has one row per country, the mean over splits, and world is -1.
    """
    rows = study.table[(study.table["factor"] == BASE) & (study.table["when"] == when)]
    rows = rows[(rows["pairs"] == pairs) & (rows["country"] != MEAN)]
    keys = ["country", "world"] if study.card["simulated"] else ["country"]
    wide = rows.pivot_table(index=keys, columns="method", values="full", sort=False)
    found = (wide[method] - wide[against]).rename("difference").to_frame()
    found["disagree"] = rows.groupby(keys, sort=False)["disagree"].mean()
    return found.reset_index().assign(**({} if study.card["simulated"] else {"world": -1}))


def _mean(values: np.ndarray) -> np.ndarray:
    known = ~np.isnan(values)
    return np.divide(
        np.where(known, values, 0).sum(1), known.sum(1), out=np.full(len(values), np.nan), where=known.any(1)
    )


def t_interval(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """95 % t interval of the mean over the last axis, NaN left out: (k, n) -> low (k,), high (k,)."""
    n = (~np.isnan(values)).sum(1)
    mean = _mean(values)
    spread = np.sqrt(np.nansum((values - mean[:, None]) ** 2, axis=1) / np.maximum(n - 1, 1) / np.maximum(n, 1))
    half = np.where(n >= FEWEST, stdtrit(np.maximum(n - 1, 1), (1 + LEVEL) / 2) * spread, np.nan)
    return mean - half, mean + half
