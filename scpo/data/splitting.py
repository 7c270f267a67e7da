"""Who or what a split goes by, and what it leaks.

    user      all pairs of a person are in one part: the accuracy is that on people who were never asked in training
    prompt    all pairs of a prompt are: that on questions that were never asked in training
    both      neither a user nor a prompt of the test is in training; pairs of a test user on a training prompt (and the
              other way round) are lost, and counted
    own       the file's own column `split`, taken as it is, also where it puts a person into two parts

With folds every user or prompt is tested once (`scpo.data.folds`).

A split by user of a file of one's own never leaves a country without a part for which it has people enough: pairs
beyond those of one country's need stay where chance put them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
import pandas as pd

from scpo.config import DataConfig
from scpo.data.checks import is_missing
from scpo.data.choice import FEWEST, listed
from scpo.data.folds import dealt
from scpo.data.pairing import split_units
from scpo.data.preferences import PARTS, TEST, TRAIN, VALIDATION, Preferences
from scpo.errors import ConfigError
from scpo.grouping import worded

SYNONYMS = {
    TRAIN: ("train", "training"),
    VALIDATION: ("validation", "valid", "val", "dev", "development", "eval", "evaluation"),
    TEST: ("test", "testing", "held out", "heldout", "held-out"),
}
PART = {word: at for at, part in enumerate(PARTS) for word in SYNONYMS[part]}
OWN_SPLIT = "the file's own column `split`"
PERSON = (
    "user",
    "annotator",
    "rater",
    "worker",
    "participant",
    "respondent",
    "labeler",
    "labeller",
    "evaluator",
    "judge",
    "person",
    "crowdworker",
    "prolific",
    "coder",
)
RATERS = (*(who + end for who in PERSON for end in ("", "id", "name", "number")), "workerid", "uid", "pid", "subjectid")
HEAVY = 0.5  # of a country's pairs: a unit with more is never moved


def rater_column(columns: Iterable[object]) -> str | None:
    """The column that names who gave a row, where none is called `user`: `user_id`, `Annotator ID`, `rater`, ..."""
    names = [str(name) for name in columns]
    if "user" in names:
        return "user"
    plain = {"".join(c for c in name.casefold() if c.isalnum()): name for name in reversed(names)}
    return next((plain[name] for name in RATERS if name in plain), None)


def with_rater(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its rater column as `user`; what it is called in the file is in `attrs["rater"]`."""
    found = rater_column(table.columns)
    if found is None or found == "user":
        return table
    renamed = table.rename(columns={found: "user"})
    renamed.attrs = {**table.attrs, "rater": found}
    return renamed


def own_parts(table: pd.DataFrame, config: DataConfig) -> tuple[np.ndarray | None, list[str]]:
    """The part of each row by the file's own column `split`, (n,) of 0, 1, 2; None if there is none to use, and why."""
    if "split" not in table.columns or not len(table):
        return None, []
    said = table["split"].map(lambda v: "" if is_missing(v) else str(v).strip().casefold())
    if config.folds > 1:
        return None, [f"{OWN_SPLIT} is not used, as there are folds"]
    if config.split_by != "auto":
        return None, [f"{OWN_SPLIT} is not used, as split_by is {config.split_by!r}"]
    unknown = sorted(set(said) - set(PART))
    if unknown:
        shown = ", ".join(repr(word) if word else "an empty cell" for word in unknown[:5])
        verb = "names" if len(unknown) == 1 else "name"
        return None, [f"{OWN_SPLIT} is not used: {shown} {verb} no part of a split"]
    parts = said.map(PART).to_numpy(np.int64)
    if not (parts == 0).any():
        return None, [f"{OWN_SPLIT} is not used: it has no training rows"]
    return parts, []


def by_own_parts(unit: np.ndarray, parts: np.ndarray, config: DataConfig):
    """A split by the file's own column. A unit in two parts is two units of one name, which `leaks` counts.

    unit, parts  (n,) of each row
    Returns the new unit of each row, for each new unit the old one, the split of each new unit, and notes: parts that
    the file lacks are cut from its training units, by the seed.
    """
    found, new = np.unique(unit.astype(np.int64) * len(PARTS) + parts, return_inverse=True)
    old, code = np.divmod(found, len(PARTS))
    order, notes = np.random.default_rng(config.split_seed).permutation(np.flatnonzero(code == 0)), []
    for part, share in ((2, config.test_share), (1, config.validation_share)):
        if not (code == part).any():
            cut = int(np.ceil(len(order) * share))
            order, taken = order[cut:], order[:cut]
            code[taken] = part
            notes.append(f"{OWN_SPLIT} has no {PARTS[part]} rows: {cut:,} of its training units are taken for them")
    return new.astype(np.int32), old, _split(code), notes


def arranged(data: Preferences, config: DataConfig) -> Preferences:
    """The pairs under the split that is asked for. Raises `ConfigError` if it needs users, and there are none."""
    has_users = data.card.unit == "user"
    if config.split_by in ("user", "both") and not has_users:
        raise ConfigError(
            f"split_by is {config.split_by!r}, but the data names no users; it goes by {data.card.unit}. Leave it at "
            "auto, or bring a column `user`."
        )
    if config.split_by == "prompt" and has_users:
        data = _by_prompt(data, config)
    if config.folds > 1:
        return dealt(data, config)
    if config.split_by == "both":
        return _by_both(data, config)
    ours = config.dataset == "file" and data.card.split_by != OWN_SPLIT  # not a published split, nor the file's own
    return balanced(data, config.split_seed) if ours else data


def _by_prompt(data: Preferences, config: DataConfig) -> Preferences:
    prompt = data.texts["prompt"].cat.codes.to_numpy()[data.pairs["chosen"].to_numpy()]
    code, unit = np.unique(prompt, return_inverse=True)
    names = data.texts["prompt"].cat.categories.to_numpy()[code]
    split = split_units(len(names), config.split_seed, config.test_share, config.validation_share)
    notes, about = list(data.card.notes), [c for c in data.units.columns if c not in ("name", "split")]
    if about:
        notes.append(f"not used, as the split goes by prompt: {', '.join(map(str, about))}")
    card = dataclasses.replace(data.card, unit="prompt", split_by="prompt", notes=tuple(notes))
    pairs, units = data.pairs.assign(unit=unit.astype(np.int32)), pd.DataFrame({"name": names, "split": split})
    return dataclasses.replace(data, pairs=pairs, units=units, card=card)


def _by_both(data: Preferences, config: DataConfig) -> Preferences:
    """A prompt of users of one part only is in that part; the others are dealt out by the seed; pairs whose user and
    prompt are in different parts are left out."""
    prompt = data.texts["prompt"].cat.codes.to_numpy()[data.pairs["chosen"].to_numpy()]
    of_user = data.units["split"].cat.codes.to_numpy()[data.pairs["unit"].to_numpy()]
    least, most = np.full(prompt.max(initial=-1) + 1, 9), np.full(prompt.max(initial=-1) + 1, -1)
    np.minimum.at(least, prompt, of_user)
    np.maximum.at(most, prompt, of_user)
    shared, of_prompt = np.flatnonzero(least < most), least.copy()
    of_prompt[shared] = split_units(len(shared), config.split_seed, config.test_share, config.validation_share).codes
    kept = of_prompt[prompt] == of_user
    lost = int((~kept).sum())
    reason = {"pairs whose user and prompt are in different parts of the split": lost} if lost else {}
    card = dataclasses.replace(data.card, split_by="user and prompt", dropped=data.card.dropped | reason)
    return dataclasses.replace(data, pairs=data.pairs[kept].reset_index(drop=True), card=card)


def balanced(data: Preferences, seed: int) -> Preferences:
    """Units moved so that no country lacks a part of the split for which it has units enough; told in a note.

    Nothing is moved where every country that could be steered to has the pairs that it needs. Units move in the seed's
    order, each only if no country is worse off, and none that holds more than half of its country's pairs.
    """
    code, names = data.pairs["country"].cat.codes.to_numpy(), data.pairs["country"].cat.categories
    split = data.units["split"].cat.codes.to_numpy().copy()
    unit, need = data.pairs["unit"].to_numpy(), np.array(list(FEWEST.values()))
    table = np.bincount(code * 3 + split[unit], minlength=3 * len(names)).reshape(-1, 3)
    poor = [int(c) for c in np.flatnonzero(table.sum(1) >= need.sum()) if (table[c] < need).any()]
    if not poor:
        return data
    cells = pd.DataFrame({"unit": unit, "country": code}).groupby(["unit", "country"]).size()
    of_unit = {u: (part.index.get_level_values(1).to_numpy(), part.to_numpy()) for u, part in cells.groupby(level=0)}
    place, moved = np.argsort(np.random.default_rng(seed).permutation(len(split))), []
    for country in poor:
        mine = [u for u in np.unique(unit[code == country]) if not _is_heavy(of_unit[u], country, table)]
        tried = _moves(country, sorted(mine, key=lambda u: place[u]), of_unit, table.copy(), split.copy(), need)
        if tried is not None:
            count = int((tried[1] != split).sum())
            table, split = tried
            moved.append(f"{names[country]} ({count})")
    if not moved:
        return data
    moves = f"{data.card.unit}s moved to another part of the split, {worded('so that no part lacks a country')}"
    note = f"{moves}: {listed(moved)}"
    card = dataclasses.replace(data.card, notes=(*data.card.notes, note))
    return dataclasses.replace(data, units=data.units.assign(split=_split(split)), card=card)


def _is_heavy(cells: tuple[np.ndarray, np.ndarray], country: int, table: np.ndarray) -> bool:
    return cells[1][cells[0] == country][0] > HEAVY * table[country].sum()


def _moves(country: int, order: list[int], of_unit: dict, table: np.ndarray, split: np.ndarray, need: np.ndarray):
    """The table and split after the moves that give a country all parts; None if they cannot."""
    for part in (2, 1, 0):
        for u in order:
            if table[country, part] >= need[part]:
                break
            countries, n = of_unit[u]
            left = table[countries, split[u]] - n
            was_enough = table[countries, split[u]] >= need[split[u]]
            if split[u] == part or (was_enough & (left < need[split[u]])).any():
                continue
            table[countries, split[u]] -= n
            table[countries, part] += n
            split[u] = part
    return (table, split) if (table[country] >= need).all() else None


def _split(code: np.ndarray) -> pd.Categorical[str]:
    return pd.Categorical.from_codes(code.tolist(), categories=pd.Index(list(PARTS)))
